//===- ChooseConfig.h - a configuration for a shape -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of every axis of a kernel's configuration that the user left open:
// a pure function of shape, token count and chip, total, with a reason for each
// axis. docs/Configurations.md has the tables. Not here: whether a given
// configuration is possible, which the compiler says.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_DRIVER_CHOOSECONFIG_H
#define MOE_DRIVER_CHOOSECONFIG_H

#include "moe/Driver/KernelOptions.h"
#include <vector>

namespace moe {
struct Chip;
} // namespace moe

namespace moe::driver {

class FlagSet;

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

/// The axes, besides the tile, that a user has fixed.
struct FixedAxes {
  bool waves = false, kBatch = false, kWave = false, cache = false, xcd = false,
       groupM = false;
};
FixedAxes fixedAxes(const FlagSet &flags);

/// One axis of a configuration: "tile_m", "16", "at most 16 rows an expert".
struct AxisChoice {
  std::string axis, value, reason;
};

struct Configuration {
  KernelOptions options; ///< complete: it has a tile
  std::vector<AxisChoice> axes;
  double activeExperts = 0, rowsPerExpert = 0;
  int64_t ldsBytes = 0;
};

/// Chooses the tile and every axis not fixed. Options that have a tile already
/// stay as they are, and the reasons say so. If any configuration with the
/// fixed axes is possible for the shape, the result is.
Configuration chooseConfig(const KernelOptions &options,
                           const Workload &workload, const Chip &chip,
                           const FixedAxes &fixed = FixedAxes());

/// LDS of a workgroup: two buffers, each as large as the A tiles of all K
/// groups, half of the output tile, or the groups' sums.
int64_t ldsBytesOf(const KernelOptions &options);

/// The configuration and its reasons, a line each.
std::string explainConfig(const Configuration &configuration,
                          const Workload &workload, const Chip &chip);

} // namespace moe::driver

#endif // MOE_DRIVER_CHOOSECONFIG_H
