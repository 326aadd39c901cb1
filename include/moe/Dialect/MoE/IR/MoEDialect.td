// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The moe dialect itself. What its attributes and ops mean stands in
// MoEAttrs.td and in the files of the ops; nothing here says how anything is
// lowered.

#ifndef MOE_DIALECT_MOE_IR_MOEDIALECT_TD
#define MOE_DIALECT_MOE_IR_MOEDIALECT_TD

include "mlir/IR/OpBase.td"

def MoE_Dialect : Dialect {
  let name = "moe";
  let cppNamespace = "::moe";
  let summary = "mixture-of-experts layers with MXFP4 weights";
  let description = [{
    The `moe` dialect describes mixture-of-experts layers, from the router's
    logits to the output, whose weights are MXFP4 (E2M1 values with one E8M0
    scale per 32 consecutive K) and whose activations are bf16.

    What belongs here: ideas that span a kernel, a tile or the ping-pong
    pipeline. What does not: anything that one upstream op already says. Single
    instructions are `amdgpu` and `rocdl` ops, scalars and vectors are
    `arith` and `vector`, and the element types are the builtin
    `f4E2M1FN`, `f8E8M0FNU` and `bf16`.

    There are two levels:

    * **Kernel level**: `moe.route` and `moe.sort`, what comes before the stages of a
      layer, `moe.grouped_gemm`, a stage, and `moe.activate_sums` and
      `moe.reduce_slots`, which finish one; in a kernel or in host code, on memrefs or on tensors in destination-passing style.
      `moe.preshuffled` gives bytes the type of weights or scales.
    * **Tile level**: ops that every lane of a workgroup executes together
      (SIMT). A tile-level value is what *one lane* holds; which element of the
      tile that is, is written in `docs/Layouts.md` and, shortly, at each op.

    **Fragments of 16 and of 32 rows.** A wave multiplies by MFMAs of 16 x 16 or
    of 32 x 32, and the rank of a fragment's type says which. The ops' texts
    describe 16 x 16: weights NB x KB x 32, scales NB x KB, accumulators
    MB x NB x 4, in blocks of 16 rows and columns, with lane group lane/16 along
    K. For 32 x 32, blocks are of 32, and each type has one dimension more:
    weights NB x KB x 2 x 32 and scales NB x KB x 2, the two runs of 32 K of a
    lane; accumulators MB x NB x 4 x 4, four groups of four rows. Which element
    is where is in `docs/Layouts.md`, "MFMA".

    **Memory operands** of every op have offsets and row strides of at most 2^47
    bytes, as far as they are static, so that no address wraps on the way to
    memory that exists.

    **Attributes that the dialect knows** and checks:

    * `moe.grid`, on a kernel: the workgroups in x, y and z as "x;y;z", with
      expressions of `+ - * / ceildiv() min()` over `tokens`, `n` (rows of an
      expert's weights), `k` (columns of x) and `num_blocks` (entries of
      `expert_ids`). `-moe-expand-kernel` derives it from the kernel's ops; where
      it is there already, it has to be the same text but for spaces. It ends up
      in a note of the code object.
    * `moe.expected_tokens`, on a `moe.grouped_gemm`: an integer, for how many
      tokens `-moe-choose-schedule` chooses where `tokens` is no constant.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

#endif // MOE_DIALECT_MOE_IR_MOEDIALECT_TD
