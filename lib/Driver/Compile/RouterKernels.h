// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of routing and sorting: what can be asked of them, and their
// kernel-level IR. What they are launched with is in Routing.h.

#ifndef MOE_LIB_DRIVER_COMPILE_ROUTERKERNELS_H
#define MOE_LIB_DRIVER_COMPILE_ROUTERKERNELS_H

#include "moe/Driver/KernelOptions.h"

#include "llvm/Support/Error.h"

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

/// A kernel of moe.sort behind a router.
struct SortKernel {
  int64_t localExperts = 0;
  bool mapped = false;  ///< an expert map says which those are
  bool limited = false; ///< the number of tokens to sort is in memory
  int64_t blockRows = 0;
  /// [tokens, columns] of that type is filled with zeros; 0 columns: nothing.
  OutType clearType = OutType::BF16;
  int64_t clearColumns = 0;
  std::string phase = "all"; ///< or count, scan, place
};

/// An error for sizes that are not to be multiplied; what a kernel can have
/// besides is the ops' to say.
llvm::Error checkSizes(const RouterOptions &options, int64_t tokens = 0);

/// The kernel-level IR of the kernels.
std::string routeIR(const RouterOptions &options, bool correction);
std::string sortIR(const RouterOptions &options, const SortKernel &kernel);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_ROUTERKERNELS_H
