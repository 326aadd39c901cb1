//===- RunCheck.h - a kernel's output against the reference ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the reference for a problem, whole or on sampled rows, and compares.
// The bounds are those of Reference/Metrics.h.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_DRIVER_RUNCHECK_H
#define MOE_DRIVER_RUNCHECK_H

#include "moe/Driver/RunProblem.h"
#include "moe/Reference/Metrics.h"
#include <optional>

namespace moe::driver {

/// Up to this many tokens every element is compared. Above: so many rows with
/// all their columns and, in stage 2, so many columns (one in each equal part
/// of the width) with all their rows, and the column sums.
constexpr int64_t kSampleAbove = 256;
constexpr int64_t kSampledRows = 64;
constexpr int64_t kSampledCols = 32;

struct CheckResult {
  reference::ErrorReport elements;
  /// When rows were sampled: the sampled columns, and the column sums.
  std::optional<reference::ErrorReport> columns, checksum;
  int64_t rows = 0; ///< of the output
  int64_t sampledRows = 0, sampledCols = 0;
  bool pass() const {
    return elements.pass && (!columns || columns->pass) &&
           (!checksum || checksum->pass);
  }
  /// The figures of all comparisons of elements together.
  reference::ErrorReport total() const;
};

/// The activation of stage 1 as the reference takes it.
reference::ActivationParams activationOf(const KernelOptions &options);

/// Compares the `out` of the problem's stage with its reference.
CheckResult checkStage(const Problem &problem, const void *out,
                       unsigned threads);

} // namespace moe::driver

#endif // MOE_DRIVER_RUNCHECK_H
