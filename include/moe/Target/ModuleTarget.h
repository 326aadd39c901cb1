// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chip of a gpu.module: its #rocdl.target, and how a pass's option and the
// target agree. Facts about a chip are in Chip.h.

#ifndef MOE_TARGET_MODULETARGET_H
#define MOE_TARGET_MODULETARGET_H

#include "moe/Target/Chip.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"

namespace moe {

/// True if all targets of the module are of other kinds than #rocdl.target: no
/// pass of this project has anything to do with it.
bool isForeign(mlir::gpu::GPUModuleOp module);

/// The only #rocdl.target of the module, or null if it has no target. Error,
/// after a diagnostic: several targets, or a #rocdl.target among others.
mlir::FailureOr<mlir::ROCDL::ROCDLTargetAttr>
findTarget(mlir::gpu::GPUModuleOp module);

/// The chip of the module: that of its target, else the one named `option`,
/// which may be empty where there is a target. Error, after a diagnostic: what
/// findTarget refuses, a target and an option that contradict each other,
/// neither of both, or a chip that is no target of this compiler.
mlir::FailureOr<const Chip *> getChip(mlir::gpu::GPUModuleOp module,
                                      llvm::StringRef option);

} // namespace moe

#endif // MOE_TARGET_MODULETARGET_H
