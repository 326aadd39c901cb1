// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of every axis of a schedule that is left open: a pure function of
// product, token count, chip and table of schedules, total, with a reason for
// each axis. docs/Configurations.md has the rules. Not here: whether a given
// schedule is possible (CheckSchedule.h), and how a table is made.

#ifndef MOE_SCHEDULE_CHOOSESCHEDULE_H
#define MOE_SCHEDULE_CHOOSESCHEDULE_H

#include "moe/Schedule/Schedule.h"
#include "moe/Schedule/ScheduleTable.h"
#include <string>
#include <vector>

namespace moe {

struct Chip;

/// What a batch asks of the experts.
struct Workload {
  int64_t tokens = 0;
  /// The experts that tokens choose from: all of a model whose local part the
  /// kernel has. 0 = the kernel's own.
  int64_t globalExperts = 0;
};

/// Routed rows an active expert has on average when tokens choose uniformly:
/// tokens*topk / (experts * (1 - (1 - topk/experts)^tokens)).
double expectedRowsPerExpert(int64_t tokens, int64_t topk, int64_t experts);

/// The axes, besides the tile, whose value in the given schedule stays.
struct FixedAxes {
  bool waves = false, kBatch = false, kWave = false, cache = false, xcd = false,
       groupM = false;
};

/// One axis of a schedule: "tile_m", "16", "at most 16 rows an expert".
struct AxisChoice {
  std::string axis, value, reason;
};

struct ChosenSchedule {
  Schedule schedule;
  std::vector<AxisChoice> axes;
  /// Which entry of the table it is, or why the rules have decided; empty where
  /// there was no table.
  std::string source;
  double activeExperts = 0, rowsPerExpert = 0;
};

/// Chooses the tile and every axis of `given` that is not fixed: by the rules,
/// or what the table has for the product where that is possible for it and has
/// the fixed axes. If any schedule with the fixed axes is possible for the
/// product, the result is; it never needs a second kernel unless k_batch is
/// fixed.
ChosenSchedule chooseSchedule(const Product &product, const Workload &workload,
                              const Chip &chip, const Schedule &given = {},
                              const FixedAxes &fixed = {},
                              const ScheduleTable &table = {});

/// Whether the pairs of a block are sorted by a launch of their own, or both
/// stages work straight from the ids of the tokens.
struct SortChoice {
  bool sort = true;
  std::string reason;
};

/// Tokens up to which a block does without sorting.
inline constexpr int64_t kUnsortedTokens = 8;

/// `splitsStage1`: k_batch of stage 1 is above 1, so that a kernel behind it
/// reads sorted lists.
SortChoice chooseSort(int64_t tokens, bool splitsStage1);

} // namespace moe

#endif // MOE_SCHEDULE_CHOOSESCHEDULE_H
