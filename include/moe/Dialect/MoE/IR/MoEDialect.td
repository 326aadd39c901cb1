// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The moe dialect itself. What its attributes and ops mean stands in
// MoEAttrs.td and MoEOps.td; nothing here says how anything is lowered.

#ifndef MOE_DIALECT_MOE_IR_MOEDIALECT_TD
#define MOE_DIALECT_MOE_IR_MOEDIALECT_TD

include "mlir/IR/OpBase.td"

def MoE_Dialect : Dialect {
  let name = "moe";
  let cppNamespace = "::moe";
  let summary = "grouped matrix products of mixture-of-experts models";
  let description = [{
    The `moe` dialect describes the matrix products inside mixture-of-experts
    layers whose weights are MXFP4 (E2M1 values with one E8M0 scale per 32
    consecutive K) and whose activations are bf16.

    What belongs here: ideas that span a kernel, a tile or the ping-pong
    pipeline. What does not: anything that one upstream op already says. Single
    instructions are `amdgpu` and `rocdl` ops, scalars and vectors are
    `arith` and `vector`, and the element types are the builtin
    `f4E2M1FN`, `f8E8M0FNU` and `bf16`.

    There are two levels:

    * **Kernel level**: `moe.grouped_gemm`, a whole stage on memory operands.
    * **Tile level**: ops that every lane of a workgroup executes together
      (SIMT). A tile-level value is what *one lane* holds; which element of the
      tile that is, is written in `docs/Layouts.md` and, shortly, at each op.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

#endif // MOE_DIALECT_MOE_IR_MOEDIALECT_TD
