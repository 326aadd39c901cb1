// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What upstream computes as other numbers, or not at all. Part of
// -moe-check-kernels and -moe-check-target.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_CHECKNUMBERS_H
#define MOE_DIALECT_MOE_TRANSFORMS_CHECKNUMBERS_H

#include "mlir/IR/Operation.h"
#include "moe/Target/Chip.h"

namespace moe {

/// Error: an op of a kernel, of another dialect than moe, that LLVM's back end
/// rounds otherwise than the op says, or that conversions of MLIR crash on.
mlir::LogicalResult checkNumbers(mlir::Operation *op);

/// The same of what depends on the chip.
mlir::LogicalResult checkNumbers(mlir::Operation *op, const Chip &chip);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_CHECKNUMBERS_H
