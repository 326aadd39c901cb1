// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The progress bar of a run on a terminal. Not here: who counts.
#ifndef MOE_LIB_DRIVER_RUN_RUNPROGRESS_H
#define MOE_LIB_DRIVER_RUN_RUNPROGRESS_H

#include <cstdint>
#include <functional>
#include <string>

namespace moe::driver {

/// One line, without its end: bar, share, workgroups (or `what` is counted),
/// and after some time rate and remaining time. `done` of `all` > 0 after
/// `seconds`.
std::string progressLine(uint64_t done, uint64_t all, double seconds,
                         const char *what = "workgroups");

/// What is called with finished and all workgroups (`what`) and draws the bar
/// on standard error, which is a terminal: at once, or (`now` false) in runs of
/// more than two seconds. Empty where standard error is no terminal.
std::function<void(uint64_t, uint64_t)>
makeProgress(bool now, const char *what = "workgroups");

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNPROGRESS_H
