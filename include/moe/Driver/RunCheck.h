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

/// Up to this many tokens every element is compared.
constexpr int64_t kSampleAbove = 256;
constexpr int64_t kSampledRows = 64;

struct CheckResult {
  reference::ErrorReport elements;
  /// The column sums of the whole output, when rows were sampled.
  std::optional<reference::ErrorReport> checksum;
  int64_t rows = 0;    ///< of the output
  int64_t sampled = 0; ///< rows compared
  bool pass() const { return elements.pass && (!checksum || checksum->pass); }
};

/// Compares stage 2's `out` with the reference of `problem`.
CheckResult checkStage2(const Problem &problem, const void *out,
                        unsigned threads);

} // namespace moe::driver

#endif // MOE_DRIVER_RUNCHECK_H
