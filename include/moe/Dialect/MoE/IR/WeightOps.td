// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an engine does to weights once, when it loads them: quantise and put into
// the order of kernels.

#ifndef MOE_DIALECT_MOE_IR_WEIGHTOPS_TD
#define MOE_DIALECT_MOE_IR_WEIGHTOPS_TD

include "moe/Dialect/MoE/IR/MoEOpBase.td"

def MoE_AnyByteRows : MoE_Shaped<[I8], 2, "2D memref or tensor of i8 values">;

class MoE_WeightOp<string mnemonic> : MoE_KernelOp<mnemonic> {
  code weightDeclaration = [{
    /// Threads of a workgroup; a thread has a scale block, 32 values of a row.
    static constexpr int64_t kThreads = 256;
    /// The scale blocks of a row in the order of kernels, padding included.
    int64_t getRowBlocks() { return ::llvm::divideCeil(getK(), 256) * 8; }
    /// Rows of all experts that `codes` has the bytes of.
    int64_t getAllRows();
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(*this, /*start=*/0, /*length=*/2);
    }
  }];
}

def MoE_QuantizeOp : MoE_WeightOp<"quantize"> {
  let summary = "bf16 weights to MXFP4, in the order of kernels or as they are";
  let description = [{
    Rounds each block of 32 consecutive K of a row to MXFP4 as OCP Microscaling
    Formats v1.0 says: the scale is the power of two of the largest magnitude's
    exponent less 2, at least 2^-127, and an element is x divided by the scale,
    rounded to the nearest E2M1 value, ties to the even code, magnitudes above 6
    to 6. A block of zeros has the scale byte 0, a block with a NaN or an
    infinity has 0xFF, and codes 0.

    `x` has the rows of all experts in logical order, of stage 1 all gate rows of
    an expert, then its up rows; `rows` of them are quantised. Without `logical`,
    `codes` and `scales` get the bytes of the layouts `#moe.preshuffle<weight>`
    and `#moe.preshuffle<scale>` with `gate`, for experts of `expert_rows` rows;
    padding of K is code 0 and scale byte 0x7F. With `logical` they get the rows
    as they are, K/2 and K/32 bytes each.

    In a kernel, the op stands in a `gpu.func` of 256 x 1 x 1 threads, launched on
    a grid of `ceildiv(rows, 256) * blocks` workgroups in x, with 8 * ceil(K/256)
    blocks a row. In host code it has the same forms as `moe.grouped_gemm`;
    `codes` and `scales` are overwritten.

    Constraints:
    * (C1) `x` is ?xK, K static and a multiple of 32, at most 65536;
    * (C2) `expert_rows` is a multiple of 32 and at most 2^24; `rows`, where
      constant, is at most that of all experts of `codes`, and without `logical`
      a multiple of it; more rows are not looked at;
    * (C3) `codes` and `scales` are static and have the bytes of the same number
      of experts, one at least;
    * (C4) the memory operands are in the default or the global memory space, the
      elements of a row follow each other and rows do not overlap; offsets and
      row strides of `x` and `codes` are multiples of 16 bytes;
    * (C5) the operands are all memrefs, without results, or all tensors, with a
      result for each of `codes` and `scales`;
    * (C6) with `logical`, `gate` is none.

    *Lowers to* (`-moe-expand-kernel`): `vector` and `arith` ops, and one
    `memref.store` of a scale for each thread.

    ```mlir
    moe.quantize outs(%codes, %scales : memref<8478720xi8>, memref<552960xi8>)
        ins(%x : memref<?x2880xbf16>) rows(%rows) expert_rows 5760 gate interleaved
    ```
  }];
  let arguments = (ins MoE_AnyBytes:$codes, MoE_AnyBytes:$scales,
      MoE_AnyActivations:$x, I32:$rows, I64Attr:$expert_rows,
      DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_GateLayout, "gate_layout">,
                        "GateLayout::None">:$gate,
      UnitAttr:$logical);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `outs` `(` $codes `,` $scales `:` type($codes) `,` type($scales) `)`
    `ins` `(` $x `:` type($x) `)` `rows` `(` $rows `)` `expert_rows` $expert_rows
    (`gate` $gate^)? (`logical` $logical^)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = weightDeclaration # [{
    int64_t getK() { return getX().getType().getDimSize(1); }
  }];
}

def MoE_ShuffleOp : MoE_WeightOp<"shuffle"> {
  let summary = "MXFP4 weights and scales to the order of kernels";
  let description = [{
    Copies codes and scales of logical order, rows of K/2 and K/32 bytes, to the
    places of the layouts `#moe.preshuffle<weight>` and `#moe.preshuffle<scale>`
    with `gate`. Rows, padding, grid and forms are those of `moe.quantize` without
    `logical`.

    Constraints:
    * (C1) `logical_codes` is ?x(K/2) and `logical_scales` is ?x(K/32), static,
      for one K that is a multiple of 32, at most 65536;
    * (C2) `expert_rows` is a multiple of 32 and at most 2^24; `rows`, where
      constant, is a multiple of it and at most that of all experts of `codes`;
      more rows are not looked at;
    * (C3) `codes` and `scales` are static and have the bytes of the same number
      of experts, one at least;
    * (C4) the memory operands are in the default or the global memory space, the
      elements of a row follow each other and rows do not overlap; offsets and
      row strides of `logical_codes` and `codes` are multiples of 16 bytes;
    * (C5) the operands are all memrefs, without results, or all tensors, with a
      result for each of `codes` and `scales`.

    *Lowers to* (`-moe-expand-kernel`): `vector`, `arith` and `memref` ops.

    ```mlir
    moe.shuffle outs(%codes, %scales : memref<4239360xi8>, memref<276480xi8>)
        ins(%logical_codes, %logical_scales : memref<?x1440xi8>, memref<?x90xi8>)
        rows(%rows) expert_rows 2880
    ```
  }];
  let arguments = (ins MoE_AnyBytes:$codes, MoE_AnyBytes:$scales,
      MoE_AnyByteRows:$logical_codes, MoE_AnyByteRows:$logical_scales, I32:$rows,
      I64Attr:$expert_rows,
      DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_GateLayout, "gate_layout">,
                        "GateLayout::None">:$gate);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `outs` `(` $codes `,` $scales `:` type($codes) `,` type($scales) `)`
    `ins` `(` $logical_codes `,` $logical_scales `:` type($logical_codes) `,`
    type($logical_scales) `)` `rows` `(` $rows `)` `expert_rows` $expert_rows
    (`gate` $gate^)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = weightDeclaration # [{
    int64_t getK() { return 2 * getLogicalCodes().getType().getDimSize(1); }
    bool getLogical() { return false; }
  }];
}

#endif // MOE_DIALECT_MOE_IR_WEIGHTOPS_TD
