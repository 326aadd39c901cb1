// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector types of fragments and accumulators, which say by their rank which
// MFMA holds them. docs/Layouts.md, "MFMA".

#include "moe/Dialect/MoE/IR/Fragments.h"

using namespace mlir;
using namespace moe;

layout::MfmaFragment moe::getAccumulatorFragment(VectorType acc) {
  return {acc.getRank() == 4 ? 32 : 16};
}

VectorType moe::getAccumulatorType(MLIRContext *ctx,
                                   layout::MfmaFragment fragment, int64_t rows,
                                   int64_t columns) {
  SmallVector<int64_t> shape = {rows / fragment.rows, columns / fragment.rows};
  if (fragment.quads() > 1)
    shape.push_back(fragment.quads());
  shape.push_back(4);
  return VectorType::get(shape, Float32Type::get(ctx));
}

VectorType moe::getScaleType(MLIRContext *ctx, layout::MfmaFragment fragment,
                             int64_t nBlocks, int64_t kBlocks) {
  SmallVector<int64_t> shape = {nBlocks, kBlocks};
  if (fragment.runs() > 1)
    shape.push_back(fragment.runs());
  return VectorType::get(shape, Float8E8M0FNUType::get(ctx));
}

VectorType moe::getWeightType(MLIRContext *ctx, layout::MfmaFragment fragment,
                              int64_t nBlocks, int64_t kBlocks) {
  SmallVector<int64_t> shape(
      getScaleType(ctx, fragment, nBlocks, kBlocks).getShape());
  shape.push_back(32);
  return VectorType::get(shape, Float4E2M1FNType::get(ctx));
}
