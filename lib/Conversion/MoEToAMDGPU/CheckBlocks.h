// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the conversion: does the block of a kernel have the threads that
// its tile ops are made for? Part of -convert-moe-to-amdgpu.

#ifndef MOE_LIB_CONVERSION_MOETOAMDGPU_CHECKBLOCKS_H
#define MOE_LIB_CONVERSION_MOETOAMDGPU_CHECKBLOCKS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace moe {

/// Error, after a diagnostic at the op: a tile op in a function whose block
/// size is known and not N x 1 x 1 threads with N a multiple of 64, or with
/// other than the threads that the op names. Functions whose block size is not
/// known are not checked.
mlir::LogicalResult checkBlocks(mlir::gpu::GPUModuleOp module);

} // namespace moe

#endif // MOE_LIB_CONVERSION_MOETOAMDGPU_CHECKBLOCKS_H
