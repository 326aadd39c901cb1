//===- ChooseConfig.h - a configuration for a shape -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of every axis of a kernel's configuration that the user left open,
// on kernel options (moe/Schedule/ChooseSchedule.h makes it).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_DRIVER_CHOOSECONFIG_H
#define MOE_DRIVER_CHOOSECONFIG_H

#include "moe/Driver/KernelOptions.h"
#include "moe/Schedule/ChooseSchedule.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace moe {
struct Chip;
} // namespace moe

namespace moe::driver {

class FlagSet;

using moe::AxisChoice;
using moe::FixedAxes;
using moe::SortChoice;
using moe::Workload;

/// Which flags of a schedule a user has given.
FixedAxes fixedAxes(const FlagSet &flags);

struct Configuration {
  KernelOptions options; ///< complete: it has a tile
  std::vector<AxisChoice> axes;
  /// ChosenSchedule::source.
  std::string source;
  double activeExperts = 0, rowsPerExpert = 0;
  int64_t ldsBytes = 0;
};

/// Chooses the tile and every axis not fixed. Options that have a tile already
/// stay as they are, and the reasons say so. If any configuration with the
/// fixed axes is possible for the shape, the result is.
Configuration chooseConfig(const KernelOptions &options,
                           const Workload &workload, const Chip &chip,
                           const FixedAxes &fixed = FixedAxes(),
                           const ScheduleTable &table = ScheduleTable());
/// The options with that schedule.
KernelOptions withSchedule(const KernelOptions &options,
                           const Schedule &schedule);

/// Whether a block of this stage 1 and of `tokens` sorts, as given or chosen.
/// Error: it shall not, and stage 1 splits K.
llvm::Expected<SortChoice> chooseSort(const KernelOptions &gemm1,
                                      int64_t tokens);

/// The options as the choice of a schedule sees them.
Product productOf(const KernelOptions &options);
/// The schedule in the options; without a tile, a tile of zeros.
Schedule scheduleOf(const KernelOptions &options);
/// moe::ldsBytes() of the two.
int64_t ldsBytesOf(const KernelOptions &options);

/// The configuration and its reasons, a line each.
std::string explainConfig(const Configuration &configuration,
                          const Workload &workload, const Chip &chip);

} // namespace moe::driver

#endif // MOE_DRIVER_CHOOSECONFIG_H
