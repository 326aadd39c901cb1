// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector types of fragments and accumulators of one lane. Their rank says
// which MFMA they belong to; docs/Layouts.md, "MFMA", has the elements.

#ifndef MOE_DIALECT_MOE_IR_FRAGMENTS_H
#define MOE_DIALECT_MOE_IR_FRAGMENTS_H

#include "moe/Layout/MfmaFragment.h"

#include "mlir/IR/BuiltinTypes.h"

namespace moe {

/// The MFMA that accumulators of this type belong to: MB x NB x 4 are blocks of
/// 16 x 16, MB x NB x 4 x 4 of 32 x 32.
layout::MfmaFragment getAccumulatorFragment(mlir::VectorType acc);

/// Accumulators of `rows` x `columns` of a wave.
mlir::VectorType getAccumulatorType(mlir::MLIRContext *ctx,
                                    layout::MfmaFragment fragment, int64_t rows,
                                    int64_t columns);

/// Packed weights of `nBlocks` column blocks and `kBlocks` blocks of 128 K.
mlir::VectorType getWeightType(mlir::MLIRContext *ctx,
                               layout::MfmaFragment fragment, int64_t nBlocks,
                               int64_t kBlocks);

/// Their scales.
mlir::VectorType getScaleType(mlir::MLIRContext *ctx,
                              layout::MfmaFragment fragment, int64_t nBlocks,
                              int64_t kBlocks);

} // namespace moe

#endif // MOE_DIALECT_MOE_IR_FRAGMENTS_H
