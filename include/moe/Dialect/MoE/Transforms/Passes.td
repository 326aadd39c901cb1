// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from moe to moe: what each requires, what it leaves, and an example.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_PASSES_TD
#define MOE_DIALECT_MOE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def MoECheckKernelsPass : Pass<"moe-check-kernels", "::mlir::ModuleOp"> {
  let summary = "refuse ops where no pass would lower them";
  let description = [{
    Checks, at the op and before anything is lowered, that each moe op stands in
    a kernel, a `gpu.func` with `kernel`, of a `gpu.module` directly in the
    module and for a `#rocdl.target` or no target; and that no branch to it
    plainly depends on the thread. Passes of a pipeline run on such modules, and
    would leave ops elsewhere as they are without a word. The ops hold barriers,
    so all threads of a workgroup must reach them together: a condition that is
    computed, through whatever ops and loads, from `gpu.thread_id`,
    `gpu.lane_id` or `gpu.subgroup_id` is refused. What depends on the thread in
    other ways is the caller's to avoid.

    With `arguments`, kernels may only have memref arguments of static shape,
    strides and offset, since a plain pointer carries nothing else.

    Precondition: none. Postcondition: the IR is unchanged.

    ```
    error: 'moe.grouped_gemm' op expected to stand in a gpu.func, got a
    gpu.launch; run -gpu-kernel-outlining first
    ```
  }];
  let options = [Option<"arguments", "arguments", "bool", "false",
                        "check the arguments of kernels too">];
}

def MoECheckTargetPass : Pass<"moe-check-target", "::mlir::gpu::GPUModuleOp"> {
  let summary = "refuse kernels that the chip or this compiler cannot do";
  let description = [{
    Checks each `moe.grouped_gemm` against the chip, at the op's location and
    before anything is lowered: LDS, the instructions an accumulating output
    needs, and values of configuration axes that are not lowered yet.

    Precondition: none. Postcondition: the IR is unchanged; every
    `moe.grouped_gemm` in it can be lowered for the chip.

    ```
    error: 'moe.grouped_gemm' op expected at most 65536 bytes of LDS on gfx942,
    got 131072 (the largest of 2 A tiles of 128 x 256 x 2 bytes, the output tile
    and the sums of 1 K groups)
    ```
  }];
  let options = [Option<"chip", "chip", "std::string", "",
                        "gfx942 or gfx950; may be left out where the module "
                        "has a target">];
}

def MoEExpandKernelPass : Pass<"moe-expand-kernel", "::mlir::gpu::GPUModuleOp"> {
  let summary = "kernel-level ops to what one workgroup does";
  let description = [{
    Expands each `moe.grouped_gemm` to what one workgroup does: find its tile
    and expert, and, unless the block is out of use or the expert is not local,
    `moe.route_rows`, `moe.pingpong` and `moe.scatter`. The two LDS buffers
    become workgroup attributions of the surrounding `gpu.func`, which also gets
    its block size and the attribute `moe.grid`.

    `moe.activate_sums` and `moe.reduce_slots` become the loads, arithmetic and
    stores of one row.

    Precondition: each op stands in a `gpu.func`, whose `known_block_size`, if
    present, is the op's. Postcondition: no op of the kernel level.

    ```mlir
    scf.if %has_work {
      %rows = moe.route_rows %ids[%m] tokens(%tokens) topk 4 per_slot tile 16 x 256 threads 256 : ...
      %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n_wave]) scales(%s) buffers(%ping, %pong) : ...
      moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4
          buffers(%lds0, %lds1) accumulate routing_weight tile_n 128 threads 256 : ...
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def MoEPipelinePass : Pass<"moe-pipeline", "::mlir::gpu::GPUModuleOp"> {
  let summary = "moe.pingpong to a software pipeline over two buffers";
  let description = [{
    Expands `moe.pingpong` to explicit steps. A step multiplies the tile in one
    buffer, after a `moe.sync`, and before it does so starts to gather the next
    tile into the other buffer and loads the next weights and scales; nothing is
    fetched past the last tile. The first tile is fetched ahead of an `scf.for`
    that makes a ping and a pong step each time; up to three steps remain after
    it, the last perhaps over fewer than tile_k columns.

    Precondition: none. Postcondition: no `moe.pingpong`.

    ```mlir
    moe.gather %x[%rows, %c0] columns 256 to %ping : ...
    %w0 = moe.load_weight %w[%e, %n, %c0] : ...
    %s0 = moe.load_scale %s[%e, %n, %c0] : ...
    %r:3 = scf.for %i = %c0_i32 to %c2560_i32 step %c512_i32
        iter_args(%acc = %zero, %wk = %w0, %sk = %s0) -> (...) {
      moe.sync
      moe.gather %x[%rows, %k1] columns 256 to %pong : ...
      %w1 = moe.load_weight %w[%e, %n, %k1] : ...
      %s1 = moe.load_scale %s[%e, %n, %k1] : ...
      %b0 = moe.unpack %wk, %sk : ...
      %acc0 = moe.mfma %ping, %b0, %acc : ...
      moe.sync
      moe.gather %x[%rows, %k2] columns 256 to %ping : ...
      ...
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"
  ];
}

def MoECheckLoweredPass : Pass<"moe-check-lowered", "::mlir::ModuleOp"> {
  let summary = "refuse what a pipeline did not lower";
  let description = [{
    The last pass of each pipeline. What is left of the kernel level, or, with
    `translatable`, of anything but LLVM and ROCDL ops in a `gpu.module` that is
    not for another target, is an error at the op.

    Precondition: none. Postcondition: the IR is unchanged.

    ```
    error: 'linalg.fill' op was not lowered by the pipeline, which knows no
    conversion of it to LLVM or ROCDL ops; lower it before, or register what
    converts its dialect
    ```
  }];
  let options = [Option<"translatable", "translatable", "bool", "false",
                        "only LLVM and ROCDL ops may be left">];
}

#endif // MOE_DIALECT_MOE_TRANSFORMS_PASSES_TD
