// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private: ops of the gpu dialect between the lanes of a wave.

#ifndef MOE_LIB_PIPELINES_LANEOPS_H
#define MOE_LIB_PIPELINES_LANEOPS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace moe {

/// Error, at the op: one that exchanges values between lanes in a form that is
/// not lowered.
mlir::LogicalResult checkLaneOps(mlir::gpu::GPUModuleOp module,
                                 unsigned waveLanes);

/// Makes each gpu.subgroup_reduce one of scalars of 16 (floats), 32 or 64 bits
/// and of whole waves: lanes that may not exist, or may not be active, get the
/// neutral element.
void prepareReductions(mlir::gpu::GPUModuleOp module, unsigned waveLanes);

/// Patterns for gpu.shuffle where upstream's conversion does not keep to groups
/// of `width` lanes, each a subgroup of its own, and for gpu.rotate.
void populateShufflePatterns(mlir::RewritePatternSet &patterns,
                             unsigned waveLanes);

} // namespace moe

#endif // MOE_LIB_PIPELINES_LANEOPS_H
