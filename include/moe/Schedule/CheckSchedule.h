// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which schedules are possible: by themselves, for a product, on a chip. The
// verifiers of #moe.schedule and moe.grouped_gemm, -moe-check-target and the
// choice of a schedule all ask here. Not here: what only the IR knows (LDS that
// a function uses besides, types).

#ifndef MOE_SCHEDULE_CHECKSCHEDULE_H
#define MOE_SCHEDULE_CHECKSCHEDULE_H

#include "moe/Schedule/Schedule.h"
#include <string>

namespace moe {

struct Chip;

/// What is wrong with the schedule whatever it is for, "expected ..., got ...";
/// empty: nothing.
std::string refusalOf(const Schedule &schedule);

/// What is wrong with it for the product. The schedule by itself is possible.
std::string refusalFor(const Product &product, const Schedule &schedule);

/// What no pass lowers yet. The schedule by itself is possible.
std::string refusalOfLowering(const Schedule &schedule);

/// All of these, and that the LDS of the chip is enough.
std::string refusalOn(const Chip &chip, const Product &product,
                      const Schedule &schedule);

} // namespace moe

#endif // MOE_SCHEDULE_CHECKSCHEDULE_H
