// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the transforms: which accesses of LDS can precede an op that
// begins to overwrite it, and so need a barrier between.

#ifndef MOE_LIB_DIALECT_MOE_TRANSFORMS_LDSUSES_H
#define MOE_LIB_DIALECT_MOE_TRANSFORMS_LDSUSES_H

#include "moe/Dialect/MoE/IR/MoE.h"

#include "llvm/ADT/DenseMap.h"

namespace moe {

/// The ops under `root` that access an LDS buffer, through whatever views of
/// it.
class LdsUses {
public:
  explicit LdsUses(mlir::Operation *root);

  /// True if, on some path, an access of the buffers of `op` may precede it:
  /// one of another op, or its own in an earlier trip of a loop. True as well
  /// where the buffers have a source that is not known.
  bool mayPrecede(PingpongOp op) const;

private:
  bool mayPrecede(PingpongOp op, mlir::Value buffer) const;

  /// Buffer to the ops that access it, in the order of the program.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Operation *>> users;
  /// Number of each of these ops in that order.
  llvm::DenseMap<mlir::Operation *, unsigned> order;
};

} // namespace moe

#endif // MOE_LIB_DIALECT_MOE_TRANSFORMS_LDSUSES_H
