// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the memory of a kernel may be. Part of -moe-check-kernels.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_CHECKMEMORY_H
#define MOE_DIALECT_MOE_TRANSFORMS_CHECKMEMORY_H

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace moe {

/// Error: an op of a kernel, of another dialect than moe, that takes elements
/// of memory for bit-packed which memref.load and memref.store put in bytes of
/// their own.
mlir::LogicalResult checkElements(mlir::Operation *op);

/// Error: a result, or an argument of a region, is in a memory space that these
/// GPUs do not have; or an alloca is not in the private one.
mlir::LogicalResult checkSpaces(mlir::Operation *op);

/// Error: an op writes to constant memory, where LLVM drops stores.
mlir::LogicalResult checkConstant(mlir::Operation *op);

/// Error: an argument or a result of a function of a gpu.module is a memref
/// that a plain pointer does not describe, or of a type that no caller can
/// pass.
mlir::LogicalResult checkSignature(mlir::FunctionOpInterface func);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_CHECKMEMORY_H
