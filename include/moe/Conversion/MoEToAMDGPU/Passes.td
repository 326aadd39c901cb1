// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from moe tile ops to amdgpu, vector, memref and rocdl.

#ifndef MOE_CONVERSION_MOETOAMDGPU_PASSES_TD
#define MOE_CONVERSION_MOETOAMDGPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertMoEToAMDGPUPass
    : Pass<"convert-moe-to-amdgpu", "::mlir::gpu::GPUModuleOp"> {
  let summary = "moe tile ops to amdgpu, vector, memref and rocdl";
  let description = [{
    Converts every tile op but `moe.sync` to what one lane does. Fragments
    become vectors of 16 bytes: `vector<NBxKBx32xf4E2M1FN>` NB*KB
    `vector<4xi32>`, accumulators MB*NB `vector<4xf32>`, and so on. A memref in a
    preshuffled layout becomes the flat `memref<?xi8>` of its bytes, in function
    signatures, calls, branches, loops and `arith.select` too; `memref.dim` of it
    becomes a constant, and any other op that uses one is an error.

    The chip decides through its row in `moe/Target/Chips.def`: the scaled fp4
    convert or software decode, 16-byte LDS DMA or staging through registers,
    16x16x32 or two 16x16x16 MFMAs.

    Precondition: no `moe.grouped_gemm` and no `moe.pingpong`. Postcondition:
    `moe.sync` is the only moe op.

    ```mlir
    %v = rocdl.raw.ptr.buffer.load %rsrc, %offset, %soffset, %aux : vector<4xi32>
    ```
  }];
  let options = [Option<"chip", "chip", "std::string", "",
                        "gfx942 or gfx950; may be left out where the module "
                        "has a target">];
  let dependentDialects = [
    "::mlir::amdgpu::AMDGPUDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::ROCDL::ROCDLDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def MoEOverlapProductsPass
    : Pass<"moe-overlap-products", "::mlir::gpu::GPUModuleOp"> {
  let summary = "the last products of a step behind the barrier of the next";
  let description = [{
    In an `scf.for` that gathers by LDS DMA, moves the products that stand last
    ahead of a `moe.sync`, and their converts, behind the gather that follows
    it: they need no LDS any more, and keep the matrix core busy while the next
    step requests its loads and reads its first fragments of A. Those at the end
    of the body go to its head, where the first trip multiplies zeros, and a copy
    goes behind the loop. All sums are added up in the same order as before.

    It is for speed only. Loops stay as they are where the sums take fewer than
    64 registers, since the registers that are alive over the barrier could cost
    a wave, and where an op ahead of the new place uses a sum. A second run
    changes nothing.

    Precondition: none; what it moves is there once `-convert-moe-to-amdgpu` has
    run. Postcondition: the same ops.

    ```mlir
    moe.sync
    rocdl.raw.ptr.buffer.load.lds %rsrc, %ping, %size, %offset, %soffset, %c0, %aux
    amdgpu.sched_barrier allow = <none>
    %sum = amdgpu.mfma 32x32x16 %a * %b + %before blgp = none : vector<8xbf16>, vector<8xbf16>, vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def MoEInsertWaitsPass
    : Pass<"moe-insert-waits", "::mlir::gpu::GPUModuleOp"> {
  let summary = "moe.sync to counted waits and a barrier";
  let description = [{
    Replaces `moe.sync`. It waits for all accesses to LDS of this wave. Where a
    gather, a `rocdl.raw.ptr.buffer.load.lds`, may be in flight, counts the
    `rocdl.raw.ptr.buffer.load` that are surely issued after the last one on
    every path that reaches the sync; so many may stay in flight, because vmcnt
    counts down in the order of issue. A load that is not counted only makes the
    wait stricter. Scheduling barriers keep the back end
    from moving anything across.

    It is a forward data-flow analysis over structured and unstructured control
    flow; where paths meet, the smallest count holds. Calls and inline assembly
    may hold a gather, and a function that is not a kernel may begin with one in
    flight: the wait behind them is for all loads. A second run changes nothing.

    Precondition: `-convert-moe-to-amdgpu` has run, else an error at the op.
    Postcondition: no moe op.

    ```mlir
    amdgpu.sched_barrier allow = <none>
    amdgpu.memory_counter_wait load(3) ds(0)
    amdgpu.lds_barrier
    amdgpu.sched_barrier allow = <none>
    ```
  }];
  let dependentDialects = ["::mlir::amdgpu::AMDGPUDialect"];
}

#endif // MOE_CONVERSION_MOETOAMDGPU_PASSES_TD
