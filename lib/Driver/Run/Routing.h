// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routing and sorting on the device, for the tools and libraries that run a
// whole block: the kernels as IR, their arguments (docs/KernelABI.md), and the
// launches. How a launch is done is the caller's; the stages behind it and any
// comparison are not here.

#ifndef MOE_LIB_DRIVER_RUN_ROUTING_H
#define MOE_LIB_DRIVER_RUN_ROUTING_H

#include "Driver/Run/RunProblem.h"
#include "moe/CodeObject/Grid.h"
#include "moe/Driver/KernelOptions.h"

namespace moe::driver {

enum class RouterScore { Softmax, Sigmoid };

/// What a router makes of its logits.
struct RouterOptions {
  RouterScore score = RouterScore::Softmax;
  bool renormalize = false;
  std::optional<float> scale;
  int64_t groups = 1, bestGroups = 1;
  bool bf16Logits = false;
  int64_t experts = 0; ///< columns of the logits: all that can be chosen
  int64_t topk = 0;    ///< experts of a token that are chosen
  /// Experts without logits, numbered behind the others, of every token.
  int64_t shared = 0;
  std::optional<float> sharedWeight;

  int64_t slots() const { return topk + shared; }
  int64_t allExperts() const { return experts + shared; }
  float getSharedWeight() const { return sharedWeight.value_or(1.0f); }
  float getScale() const { return scale.value_or(1.0f); }
};

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

/// The map in a vector of a map's entries or of a mask's: distinct numbers from
/// 0 on with negative ones elsewhere, or ones with zeros elsewhere, which get
/// numbers in order. Error: neither.
llvm::Expected<std::vector<int32_t>>
makeExpertMap(std::vector<int32_t> entries);
/// The experts of this device.
int64_t countLocal(const RouterOptions &options, const RouterTensors &tensors);

/// Compiles the only kernel of `ir` and runs it. The grid's tokens are
/// `tokens`.
using RunKernelIR = llvm::function_ref<llvm::Error(
    const std::string &ir, std::vector<executor::Argument> args,
    int64_t tokens)>;

/// ids of all experts, and weights, [tokens, slots].
llvm::Error routeOnDevice(const RouterOptions &options, RouterTensors &tensors,
                          RunKernelIR run, GivenRouting &result);

/// The same with the experts of this device by their own numbers, -1 for all
/// others and for tokens that are not sorted.
GivenRouting localRouting(const RouterOptions &options,
                          const RouterTensors &tensors,
                          const GivenRouting &routing);

/// Pairs above which a sort takes three kernels of several workgroups.
constexpr int64_t kOneWorkgroupPairs = 8192;

/// The lists for blocks of `blockRows` rows, of ids of all experts; `clear`,
/// [tokens, columns] of `clearType`, is filled with zeros where it has columns.
/// Returns the number of launches.
llvm::Expected<int64_t> sortOnDevice(const RouterOptions &options,
                                     RouterTensors &tensors,
                                     GivenRouting &routing, int64_t blockRows,
                                     OutType clearType, int64_t clearColumns,
                                     HostBuffer &clear, RunKernelIR run,
                                     SortedLists &result);

/// The kernel-level IR of the kernels. `phase`: all, count, scan or place.
std::string routeIR(const RouterOptions &options, bool correction);
std::string sortIR(const RouterOptions &options, int64_t localExperts,
                   bool mapped, bool limited, int64_t blockRows,
                   OutType clearType, int64_t clearColumns,
                   llvm::StringRef phase);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_ROUTING_H
