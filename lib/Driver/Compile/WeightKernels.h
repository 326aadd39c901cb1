// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of an engine's load: weights to MXFP4 and to the order of kernels
// (moe.quantize), or MXFP4 to that order (moe.shuffle), as kernel-level IR.

#ifndef MOE_LIB_DRIVER_COMPILE_WEIGHTKERNELS_H
#define MOE_LIB_DRIVER_COMPILE_WEIGHTKERNELS_H

#include "moe/Driver/KernelOptions.h"

#include "llvm/Support/Error.h"

namespace moe::driver {

/// Rows of all experts, in logical order, and what becomes of them.
struct WeightKernel {
  int64_t experts = 0, rows = 0, k = 0;
  GateLayout gate = GateLayout::Separated;
  bool shuffleOnly = false; ///< from MXFP4; else from bf16
  bool logical = false;     ///< rows stay as they are

  int64_t allRows() const { return experts * rows; }
  /// What the kernel writes, in bytes.
  int64_t codeBytes() const;
  int64_t scaleBytes() const;
};

/// An error for sizes that no kernel has, before they are multiplied.
llvm::Error checkSizes(const WeightKernel &kernel);

/// The kernel-level IR: codes, scales, then x or logical codes and scales, then
/// the number of rows.
std::string weightIR(const WeightKernel &kernel);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_WEIGHTKERNELS_H
