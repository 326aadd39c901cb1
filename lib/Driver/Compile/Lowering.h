// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the driver meets the dialect: making a kernel's IR and running the
// pipelines on it. Private to Driver/Compile.
#ifndef MOE_LIB_DRIVER_COMPILE_LOWERING_H
#define MOE_LIB_DRIVER_COMPILE_LOWERING_H

#include "moe/Driver/Compile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace moe::driver {

/// Every dialect an input may use, and the translations to LLVM IR.
void registerDialects(mlir::DialectRegistry &registry);

/// Kernel-level IR of the options; null after a diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> buildKernel(mlir::MLIRContext &context,
                                              const KernelOptions &options);

/// Lowers the module to tile ops (EmitStage::Tile) or, for the later stages, to
/// a gpu.module of LLVM and ROCDL ops.
mlir::LogicalResult lower(mlir::ModuleOp module, EmitStage stage,
                          llvm::StringRef chip, const DebugLines &lines);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_LOWERING_H
