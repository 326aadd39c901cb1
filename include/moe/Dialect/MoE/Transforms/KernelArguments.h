// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a kernel makes memrefs of the plain pointers it is called with
// (docs/KernelABI.md, "Arguments"). The bare-pointer convention passes a memref
// of rank 0 as a pointer; its shape comes from the kernel's numbers.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_KERNELARGUMENTS_H
#define MOE_DIALECT_MOE_TRANSFORMS_KERNELARGUMENTS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe {

/// The rank-0 memref `pointer` as a list of `length` elements, row-major.
mlir::Value reinterpretPointer(mlir::ImplicitLocOpBuilder &b,
                               mlir::Value pointer, mlir::OpFoldResult length);

/// The rank-0 memref `pointer` as rows x columns, rows `stride` elements apart.
mlir::Value reinterpretPointer(mlir::ImplicitLocOpBuilder &b,
                               mlir::Value pointer, mlir::OpFoldResult rows,
                               int64_t columns, mlir::OpFoldResult stride);

/// Place of an activation's parameter among the four floats of a stage 1
/// kernel: alpha, limit, beta, linear_beta.
int64_t getParamArgument(llvm::StringRef name);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_KERNELARGUMENTS_H
