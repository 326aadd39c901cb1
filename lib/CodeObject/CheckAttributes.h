// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the pass from gpu.module to gpu.binary.
#ifndef MOE_LIB_CODEOBJECT_CHECKATTRIBUTES_H
#define MOE_LIB_CODEOBJECT_CHECKATTRIBUTES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace moe::codeobject {

/// Error, at the function: an attribute or a name with which its kernel would
/// compute other numbers than the ops say, or not be found in the code object.
/// Error, at the module: assembly.
mlir::LogicalResult checkAttributes(mlir::gpu::GPUModuleOp module);

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_CHECKATTRIBUTES_H
