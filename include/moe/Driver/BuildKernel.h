// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel-level IR from a user's options: what `moe-compile --emit mlir` prints.

#ifndef MOE_DRIVER_BUILDKERNEL_H
#define MOE_DRIVER_BUILDKERNEL_H

#include "moe/Driver/KernelOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace moe::driver {

/// A module with one gpu.module and in it one kernel, a `gpu.func` with the
/// argument list of the kernel's stage around a `moe.grouped_gemm`. The chip is
/// not in it. Null after a diagnostic on `context` if the options do not make a
/// valid kernel. Loads the dialects it needs, which must be registered.
mlir::OwningOpRef<mlir::ModuleOp>
buildKernelModule(mlir::MLIRContext &context, const KernelOptions &options);

} // namespace moe::driver

#endif // MOE_DRIVER_BUILDKERNEL_H
