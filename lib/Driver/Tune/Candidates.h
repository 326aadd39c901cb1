// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which schedules a search looks at: what is possible, what differs by one step
// from a schedule, what cannot be better. No kernel is compiled for that.
#ifndef MOE_LIB_DRIVER_TUNE_CANDIDATES_H
#define MOE_LIB_DRIVER_TUNE_CANDIDATES_H

#include "moe/Schedule/ChooseSchedule.h"
#include <vector>

namespace moe {
struct Chip;
} // namespace moe

namespace moe::driver {

/// A product with the work that it has.
struct TunedProduct {
  Product product;
  Workload workload;
  const Chip &chip;
  ChosenSchedule byRule;

  TunedProduct(const Product &product, int64_t tokens, const Chip &chip);

  /// No launch with the schedule takes less, in microseconds: the weights of
  /// the active experts come from memory once, and again for each M block (for
  /// those that are walked together once) from the last-level cache; the matrix
  /// cores work on whole tiles.
  double leastMicroseconds(const Schedule &schedule) const;

  /// The schedules that differ by one step along one axis, or along two that
  /// belong together (waves and columns, waves and groups of K), as far as they
  /// are possible; in an order that is always the same.
  std::vector<Schedule> neighbours(const Schedule &schedule) const;
};

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_TUNE_CANDIDATES_H
