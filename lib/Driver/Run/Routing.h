// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routing and sorting on the device, for the tools and libraries that run a
// whole block: the arguments of the kernels (docs/KernelABI.md) and the
// launches. How a launch is done is the caller's; the kernels themselves
// (RouterKernels.h), the stages behind them and any comparison are not here.

#ifndef MOE_LIB_DRIVER_RUN_ROUTING_H
#define MOE_LIB_DRIVER_RUN_ROUTING_H

#include "Driver/Compile/RouterKernels.h"
#include "Driver/Run/RunProblem.h"

namespace moe::driver {

/// A router's tensors.
struct RouterTensors {
  int64_t tokens = 0;
  HostBuffer logits;             ///< [tokens, experts]
  std::vector<float> correction; ///< [experts] or empty
  /// [allExperts], the number of an expert on this device, negative where it is
  /// on another; empty: all are here, by their own numbers.
  std::vector<int32_t> expertMap;
  /// How many tokens, the first ones, are sorted, in a buffer of the device;
  /// empty: all.
  std::vector<int32_t> localTokens;
};

/// The nonzero entries of a mask numbered in order, -1 elsewhere.
std::vector<int32_t> mapOfMask(std::vector<int32_t> mask);
/// The map in a vector of a map's entries or of a mask's: distinct numbers from
/// 0 on with negative ones elsewhere, or ones with zeros elsewhere. `experts`
/// of this device, where they are known, say which of the two a one and a zero
/// are; without them they are a map. Error: neither.
llvm::Expected<std::vector<int32_t>> makeExpertMap(std::vector<int32_t> entries,
                                                   int64_t experts = 0);
/// The experts of this device.
int64_t countLocal(const RouterOptions &options, const RouterTensors &tensors);

/// Compiles the only kernel of `ir` and runs it. The grid's tokens are
/// `tokens`.
using RunKernelIR = llvm::function_ref<llvm::Error(
    const std::string &ir, std::vector<executor::Argument> args,
    int64_t tokens)>;

/// ids of all experts, and weights, [tokens, slots].
llvm::Error routeOnDevice(const RouterOptions &options,
                          const RouterTensors &tensors, RunKernelIR run,
                          GivenRouting &result);

/// The same with the experts of this device by their own numbers, -1 for all
/// others and for tokens that are not sorted.
GivenRouting localRouting(const RouterOptions &options,
                          const RouterTensors &tensors,
                          const GivenRouting &routing);

/// What stages read without sorted lists.
PairLists pairsOf(const RouterTensors &tensors, const GivenRouting &routing);

/// Pairs above which a sort takes three kernels of several workgroups. Modelled
/// on gfx950 with 128 and 256 experts: 1024 pairs take 10 us by one and 14 to
/// 16 by three, 2048 pairs 19 to 20 and 16.
constexpr int64_t kOneWorkgroupPairs = 1536;

/// The lists for blocks of `blockRows` rows, of ids of all experts; `clear`,
/// [tokens, columns] of `clearType`, is filled with zeros where it has columns.
/// Returns the number of launches.
llvm::Expected<int64_t> sortOnDevice(const RouterOptions &options,
                                     const RouterTensors &tensors,
                                     const GivenRouting &routing,
                                     int64_t blockRows, OutType clearType,
                                     int64_t clearColumns, HostBuffer &clear,
                                     RunKernelIR run, SortedLists &result);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_ROUTING_H
