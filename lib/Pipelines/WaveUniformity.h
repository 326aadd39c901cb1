// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private: which ops all lanes of a wave are known to reach together.

#ifndef MOE_LIB_PIPELINES_WAVEUNIFORMITY_H
#define MOE_LIB_PIPELINES_WAVEUNIFORMITY_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace moe {

/// Finds what is the same in all lanes of a wave, conservatively: what is not
/// known to be is not. -moe-check-kernels is the opposite: it refuses only what
/// is computed from the thread's number.
class WaveUniformity {
public:
  /// Whether the lanes that start the kernel reach `op`, in a kernel, together.
  bool isReachedByAll(mlir::Operation *op);

private:
  bool isAddedUniform();
  bool addSources(mlir::BlockArgument argument);
  bool addSources(mlir::Operation *op);
  bool addChoices(mlir::Region *region);
  bool addResults(mlir::Operation *parent);
  template <typename Range>
  void add(Range &&values) {
    work.insert(values.begin(), values.end());
  }

  llvm::DenseSet<mlir::Value> uniform; ///< known to be
  llvm::SetVector<mlir::Value> work;
};

} // namespace moe

#endif // MOE_LIB_PIPELINES_WAVEUNIFORMITY_H
