// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the transforms: what each kernel-level op needs of its launch, as
// data. How kernels and launches are made of it is in OutlineKernels.cpp.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_KERNELLAUNCH_H
#define MOE_DIALECT_MOE_TRANSFORMS_KERNELLAUNCH_H

#include "moe/Dialect/MoE/IR/MoE.h"

#include <string>

namespace moe {

/// The arguments, in the order of docs/KernelABI.md, and the grid of one
/// launch.
struct KernelLaunch {
  /// How the rows of a memory operand follow from the kernel's numbers.
  enum class Rows { Tokens, Slots, Sorted, Blocks, Static };

  /// A memory argument of the kernel's list; `value` is null where the op has
  /// no such operand and the kernel gets a null pointer.
  struct Memory {
    llvm::StringRef name;
    mlir::Value value;
    mlir::Type element;
    Rows rows;
    /// It is accessed 16 bytes at a time, so it starts at a multiple of them.
    bool wide = true;
  };

  std::string name;
  llvm::SmallVector<Memory> memory;
  /// Columns of the weights (or sums) and K, the kernel's n and k.
  int64_t n = 0, k = 0;
  /// The lists of stages and of sort have k and num_blocks, the others not.
  bool isStage = true;
  bool hasParams = false;
  int64_t topk = 1, blockRows = 1, threads = 256;
  mlir::Value tokens;
  llvm::StringRef tokensName = "tokens"; ///< as the op calls them
  /// Null: the list of a stage that has a block for each pair.
  mlir::Value expertIds;
  /// Workgroups: `groups` and, for each `perGroup` M blocks or, in place of
  /// blocks, tokens, `factor` more.
  bool countsBlocks = false;
  int64_t groups = 0, factor = 1, perGroup = 1;
  Activation activation = Activation::None;
  mlir::ValueRange params;
};

/// The launch of a kernel-level op on memrefs (isKernelLevel). A
/// moe.grouped_gemm has a schedule.
KernelLaunch describeLaunch(mlir::Operation *op);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_KERNELLAUNCH_H
