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
    would silently leave ops elsewhere as they are. All threads of a workgroup
    must reach an op together, because they compute it together: a condition
    that is computed, through whatever ops and loads, from `gpu.thread_id`,
    `gpu.global_id`, `gpu.lane_id`, `gpu.subgroup_id` or the `rocdl` ops they
    become is refused. What `rocdl.ballot` returns may come from the lane, of which
    all waves have the same. What each lane does for itself (`moe.activate`,
    `moe.unpack`, `moe.load_weight`, `moe.load_scale`, `moe.route_rows`) may stand
    anywhere. What depends on the thread in
    other ways is the caller's to avoid.

    With `arguments`, functions of a `gpu.module` may only have memref arguments
    and results of static shape, strides and offset, since a plain pointer carries
    nothing else, and kernels only arguments that a launch can pass: no tensors,
    no memory of a workgroup or thread. Memory spaces must be those of the
    hardware, that of an alloca the private or the default one.

    In a `gpu.module` no op may read or write elements of fewer than 8 bits, or
    of a number of bits that is no power of two, as vectors, nor view bytes as
    such elements: a vector packs them by bits, while `memref.load` and
    `memref.store` give each element bytes of its own.

    No op may write to memory space 4, which is constant, and none may be one
    that LLVM's back end rounds otherwise than it says: `arith.truncf` with a
    rounding mode but `to_nearest_even`, `arith.sitofp` and `arith.uitofp` of
    more than 53 bits to bf16, `math.fma` of bf16. `gpu.subgroup_broadcast` is of
    a number or a vector of rank 1; the conversion crashes on others.

    The data layout around a `gpu.module` has an index of 64 bits, as addresses
    have, and what a kernel says of its launch in `gpu.known_block_size` or
    `gpu.known_grid_size` is what `known_block_size` or `known_grid_size` says,
    if present. A kernel with `known_block_size` or a moe op has none of the
    attributes that the conversion to ROCDL makes of it
    (`rocdl.reqd_work_group_size` and its like).

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
    before anything is lowered: LDS (that of a function without such an op at the
    function), the instructions an accumulating output
    needs, and values of configuration axes that are not lowered yet. Packed
    conversions of `amdgpu` to 8 bits must be to the chip's types, since their
    lowering crashes on others.

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

def MoEChooseSchedulePass : Pass<"moe-choose-schedule"> {
  let summary = "a schedule for each grouped GEMM that has none";
  let description = [{
    Gives each `moe.grouped_gemm` without a schedule one that suits its shape,
    its chip and the number of tokens that is expected: that of the table of
    schedules where it has the shape and the schedule is possible for the op,
    else what the rules choose (`docs/Configurations.md`). What the op computes
    does not change.

    A `moe.sort` on tensors whose lists only products read goes away where at
    most 8 tokens are expected: the products then work `unsorted`, from what it
    read, and the first of stage 1 takes over its `clear`. On memrefs a sort
    stays: what else reads its lists cannot be seen.

    The number of tokens is that of the op's attribute `moe.expected_tokens`,
    else its operand `tokens` where constant, else the option. The chip is that
    of the `#rocdl.target` of the op's `gpu.module`, else the option.

    Precondition: none. Postcondition: every `moe.grouped_gemm` has a schedule
    that its verifier accepts and that fits the chip's LDS.

    ```mlir
    moe.grouped_gemm down accumulate routing_weight outs(...) ... block_rows 16 schedule <tile_m = 16, tile_n = 32, tile_k = 256, waves = 8, k_wave = 4>
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", "", "gfx942 or gfx950">,
    Option<"tokens", "tokens", "int64_t", "16",
           "tokens expected where an op does not say">,
    Option<"globalExperts", "global-experts", "int64_t", "0",
           "experts that tokens choose from, 0: those of the op">,
    Option<"table", "table", "std::string", "",
           "file of schedules; none: the rules alone; empty: the built-in one "
           "of the chip">
  ];
}

def MoEDecomposePass : Pass<"moe-decompose"> {
  let summary = "ops of host code that take several kernels to those";
  let description = [{
    Slices of K meet by atomic additions, which an output that is stored or
    activated does not take. In host code, a `moe.grouped_gemm` on memrefs with
    such an output and `k_batch` above 1 becomes one that accumulates f32 sums
    into a workspace, and `moe.activate_sums`. The workspace is allocated on the
    device, filled with zeros and freed in place.

    A `moe.sort` with a workspace becomes its three phases.

    Precondition: none. Postcondition: no such op in host code; ops in a kernel
    and ops on tensors are left alone.

    ```mlir
    %sums, %t1 = gpu.alloc async [%t0] (%rows) : memref<?x5760xf32>
    %t2 = gpu.memset async [%t1] %sums, %zero : memref<?x5760xf32>, f32
    gpu.wait [%t2]
    moe.grouped_gemm gate_up accumulate outs(%sums : memref<?x5760xf32>) ...
    moe.activate_sums swiglu(%alpha, %limit) %sums to %out ...
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect"
  ];
}

def MoEPreshuffledToBytesPass
    : Pass<"moe-preshuffled-to-bytes", "::mlir::ModuleOp"> {
  let summary = "weights and scales of host code as the bytes they are";
  let description = [{
    Host code has no lowering for a memref in a `#moe.preshuffle` layout. Where
    one is an argument or result of a function, a block or region argument, or
    goes through `arith.select`, `scf`, `cf`, a call or a launch, it becomes the
    `memref<Nxi8>` of its bytes, without an offset; `moe.preshuffled` stands
    where a moe op needs the layout. `memref.dim` gives the logical sizes as
    before. A launch of a kernel that is still a `gpu.func` keeps the types of
    its signature, so that the pass is run once more when the kernels are
    compiled (`--moe-to-binary` does).

    Precondition: none; another use of such a memref is an error. Postcondition:
    in host code, such memrefs are results of `moe.preshuffled` and operands of
    moe ops or of launches of a `gpu.func`. A function's callers outside the
    module pass bytes from now on.

    ```mlir
    %p = arith.select %c, %w_bytes, %v_bytes : memref<65536xi8>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
}

def MoEShareBuffersPass : Pass<"moe-share-buffers", "::mlir::ModuleOp"> {
  let summary = "buffers of host code in memory that kernels reach";
  let description = [{
    Bufferization makes `memref.alloc` of a tensor between two ops, memory that
    no GPU knows. Each `memref.alloc` of host code becomes `gpu.alloc
    host_shared`, which host and kernels reach, and each `memref.dealloc` frees
    such memory; `gpu.host_register` of such a buffer goes away. Kernels' own code stays as it is. No pipeline runs it: whether
    a buffer is freed here or by a caller, in which way, only the program knows.

    Precondition: buffers that are freed in host code are allocated in it, and
    passes that place `memref.dealloc` have run, since a later one would free
    shared memory as if it came from the heap; `bufferization.dealloc`,
    `memref.realloc` and `bufferization.clone` (which
    `-convert-bufferization-to-memref` lowers) are refused, as are alignments
    above 256 and `memref.dealloc` of an unranked memref.
    Postcondition: no `memref.alloc` or `memref.dealloc` in host code, but for
    memory spaces of its own.

    ```mlir
    %h = gpu.alloc host_shared (%rows) : memref<?x2880xbf16>
    ```
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
}

def MoEOutlineKernelsPass : Pass<"moe-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "kernel ops of host code to kernels and launches";
  let description = [{
    Each `moe.route`, `moe.sort`, `moe.grouped_gemm`, `moe.activate_sums` and
    `moe.reduce_slots` of host code, on memrefs, becomes a kernel in a `gpu.module` for the chip and a
    `gpu.launch_func`; equal ops share a kernel. Grid and block are computed in
    the IR; where there is nothing to do, nothing is launched.

    A kernel's arguments are those of `docs/KernelABI.md`: plain pointers to the
    first element of each operand, which the host computes as base plus offset
    because the bare-pointer convention drops offsets, then the numbers, then as
    i64 the row strides, in elements, that are not known statically. What the
    types do not say and the op has as a precondition is asserted on the host:
    addresses at multiples of 16 bytes, row strides of whole 16 bytes and not
    below the columns, elements that follow each other, rows for all tokens (or
    tokens and slots). Weights and
    scales must come from `moe.preshuffled` (`-moe-preshuffled-to-bytes` sees to
    it). The op clears nothing, and all
    memory must be known to the GPU runtime (`gpu.alloc`, `gpu.host_register`).

    Precondition: ops on memrefs, with a schedule that one kernel can have
    (`-moe-choose-schedule`, `-moe-decompose`). Postcondition: kernel ops stand
    in `gpu.func` only. What is in a `gpu.module`, a `gpu.launch` or a nested
    module is left alone.

    ```mlir
    scf.if %any {
      ...
      cf.assert %aligned, "moe.grouped_gemm: expected all operands to start at multiples of 16 bytes"
      ...
      gpu.launch_func @moe_down_module::@moe_down blocks in (%groups, %c1, %c1) threads in (%c256, %c1, %c1) args(%out : memref<bf16, 1>, %x : memref<bf16, 1>, ...)
    }
    ```
  }];
  let options = [Option<"chip", "chip", "std::string", "", "gfx942 or gfx950">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::ROCDL::ROCDLDialect", "::mlir::scf::SCFDialect"
  ];
}

def MoEExpandKernelPass : Pass<"moe-expand-kernel", "::mlir::gpu::GPUModuleOp"> {
  let summary = "kernel-level ops to what one workgroup does";
  let description = [{
    Expands each `moe.grouped_gemm` to what one workgroup does: find its tile
    and expert, and, unless the block is out of use or the expert is not local,
    `moe.route_rows`, `moe.pingpong` and `moe.scatter`. Without sorted lists it
    first collects the pairs that go to the expert. The two LDS buffers and the
    lists of such rows become workgroup attributions of the surrounding `gpu.func`, which also gets
    its block size and the attribute `moe.grid`.

    `moe.activate_sums` and `moe.reduce_slots` become the loads, arithmetic and
    stores of one row, `moe.route` those of four tokens, and `moe.sort` counters
    in LDS and what a workgroup does with them.

    Precondition: each op stands in a `gpu.func`, whose `known_block_size`, if
    present, is the op's, and whose `known_grid_size`, if present, is 1 in y and z
    and in x what the op needs, if constant tokens or a list of static length say
    it. Postcondition: no op of the kernel level.

    ```mlir
    scf.if %has_work {
      %ping = memref.view %lds0[%c0][] : ...
      %pong = memref.view %lds1[%c0][] : ...
      %rows = moe.route_rows %ids[%m] tokens(%tokens) topk 4 per_slot tile 16 x 256 threads 256 : ...
      %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n_wave]) scales(%s) k(%c0) columns 2880 buffers(%ping, %pong) : ...
      moe.scatter %acc to %out[%n] routing(%ids, %weights) [%m] tokens(%tokens) topk 4 buffers(%lds0, %lds1) accumulate routing_weight ... : ...
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::ROCDL::ROCDLDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def MoEPipelinePass : Pass<"moe-pipeline", "::mlir::gpu::GPUModuleOp"> {
  let summary = "expand moe.pingpong to a software pipeline over two buffers";
  let description = [{
    Expands `moe.pingpong` to explicit steps. A step multiplies the tile in one
    buffer, after a `moe.sync`, and before it does so starts to gather the next
    tile into the other buffer and loads the next weights and scales; nothing is
    fetched past the last tile. The first tile is fetched ahead of an `scf.for`
    that makes a ping and a pong step each time; up to three steps remain after
    it, the last perhaps over fewer than tile_k columns. With 16 rows and
    at most 32 columns a wave the second tile is fetched with the first one, its
    weights behind a barrier, so that they come behind the rows of all waves,
    and the first step is ahead of the loop.

    Precondition: none. Postcondition: no `moe.pingpong`.

    Of more rows:

    ```mlir
    %w0 = moe.load_weight %w[%e, %n, %c0] : ...
    %s0 = moe.load_scale %s[%e, %n, %c0] : ...
    moe.gather %x[%rows, %c0] columns 256 to %ping : ...
    moe.sync
    %r:3 = scf.for %i = %c256_i32 to %c2816_i32 step %c512_i32 iter_args(%acc = %zero, %wk = %w0, %sk = %s0) -> (...) : i32 {
      moe.sync
      moe.gather %x[%rows, %k1] columns 256 to %pong : ...
      %w1 = moe.load_weight %w[%e, %n, %k1] : ...
      %s1 = moe.load_scale %s[%e, %n, %k1] : ...
      %b0 = moe.unpack %wk, %sk : ...
      %acc0 = moe.mfma %ping, %b0, %acc : ...
      moe.sync
      moe.gather %x[%rows, %k2] columns 256 to %ping : ...
      ...
      scf.yield %acc1, %w2, %s2 : ...
    }
      ...
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::ROCDL::ROCDLDialect",
    "::mlir::scf::SCFDialect"
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
    error: 'tensor.empty' op was not lowered by the pipeline, which knows no
    conversion of it to LLVM or ROCDL ops; lower it before, or register what
    converts its dialect
    ```
  }];
  let options = [Option<"translatable", "translatable", "bool", "false",
                        "only LLVM and ROCDL ops may be left">];
}

#endif // MOE_DIALECT_MOE_TRANSFORMS_PASSES_TD
