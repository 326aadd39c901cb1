//===- RunCheck.h - a kernel's output against the reference ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the reference for a problem, whole or on sampled rows, and compares.
// The bounds are those of Reference/Metrics.h.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNCHECK_H
#define MOE_LIB_DRIVER_RUN_RUNCHECK_H

#include "Driver/Run/RunProblem.h"
#include "moe/Reference/Metrics.h"
#include <optional>

namespace moe::driver {

/// Up to this many tokens every element is compared, and above as well while
/// that takes no more products than these, of which a core does some 4e9 a
/// second: stage 2 stops earlier, since it has its column sums. The layer as a
/// whole takes both stages for each of its rows. Else a sample: so many rows
/// with all their columns; columns with all their rows, one in each of at least
/// so many equal parts of the width, none wider than kPartCols and more while
/// the products last; in stage 2 the column sums; and of every element whether
/// it is a NaN that cannot be. Rows that nothing is routed to are compared byte
/// by byte, whatever else is, and cost nothing more.
struct CheckLimits {
  int64_t stage1 = 1000000000000, stage2 = 100000000000, layer = 4000000000;
};
constexpr int64_t kSampleAbove = 256;
constexpr int64_t kSampledRows = 64;
constexpr int64_t kSampledCols = 32, kPartCols = 64;

struct CheckResult {
  reference::ErrorReport elements;
  /// When rows were sampled: the sampled columns, and the column sums.
  std::optional<reference::ErrorReport> columns, checksum;
  int64_t rows = 0; ///< of the output
  int64_t sampledRows = 0, sampledCols = 0;
  /// NaN in a routed row of a generated problem, which has no such value,
  /// looked for when rows were sampled; changed elements of rows without a
  /// route.
  int64_t unwritten = 0, changed = 0;
  bool sampled() const { return sampledRows < rows; }
  bool pass() const {
    return elements.pass && (!columns || columns->pass) &&
           (!checksum || checksum->pass) && !unwritten && !changed;
  }
  /// The figures of all comparisons of elements together.
  reference::ErrorReport total() const;
};

/// The activation of stage 1 as the reference takes it.
reference::ActivationParams activationOf(const KernelOptions &options);

/// Compares the `out` of the problem's stage with its reference.
CheckResult checkStage(const Problem &problem, const void *out,
                       unsigned threads, CheckLimits limits = CheckLimits());

/// Compares stage 2's `out` with both stages in double, in all rows or in
/// kSampledRows of them.
CheckResult checkLayer(const Problem &up, const Problem &down, const void *out,
                       unsigned threads, CheckLimits limits = CheckLimits());

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNCHECK_H
