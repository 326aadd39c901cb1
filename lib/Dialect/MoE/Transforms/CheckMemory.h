// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the memory of a kernel may be. Part of -moe-check-kernels.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_CHECKMEMORY_H
#define MOE_DIALECT_MOE_TRANSFORMS_CHECKMEMORY_H

#include "mlir/IR/Operation.h"

namespace moe {

/// Error: an op of a kernel, of another dialect than moe, that takes elements
/// of memory for bit-packed which memref.load and memref.store put in bytes of
/// their own.
mlir::LogicalResult checkElements(mlir::Operation *op);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_CHECKMEMORY_H
