// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the conversion: which LDS buffer an epilogue may write without a
// barrier. Part of -convert-moe-to-amdgpu.

#ifndef MOE_LIB_CONVERSION_MOETOAMDGPU_FREEBUFFERS_H
#define MOE_LIB_CONVERSION_MOETOAMDGPU_FREEBUFFERS_H

#include "moe/Dialect/MoE/IR/MoE.h"

#include "llvm/ADT/DenseMap.h"

namespace moe {

/// For each moe.scatter the buffer of its two, if any, that no wave of the
/// workgroup can still access when one of them gets to the op: a moe.sync
/// stands ahead of the op in its block, and all accesses of LDS between the two
/// are of the other buffer.
class FreeBuffers {
public:
  /// None is known to be free.
  FreeBuffers() = default;
  /// Looks at the ops under `root`, which must not be lowered yet.
  explicit FreeBuffers(mlir::Operation *root);

  /// 0 or 1; nullopt where neither is known to be free.
  std::optional<unsigned> lookup(ScatterOp op) const;

private:
  llvm::DenseMap<mlir::Operation *, unsigned> numbers;
};

} // namespace moe

#endif // MOE_LIB_CONVERSION_MOETOAMDGPU_FREEBUFFERS_H
