//===- Routing.h - which experts a token goes to, in double ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routing of a mixture-of-experts layer: scores of a router's logits, the best
// experts of each token and their weights; and the judgement of somebody's
// choice, which may differ where rounding decides. Not here: sorting the pairs
// (Sorting.h).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_ROUTING_H
#define MOE_REFERENCE_ROUTING_H

#include "moe/Reference/Scalars.h"
#include <cstdint>
#include <vector>

namespace moe::reference {

enum class Score { Softmax, Sigmoid };

struct RoutingInput {
  int64_t tokens = 0, experts = 0, topk = 0;
  FloatType type = FloatType::F32;   ///< of the logits: F32 or BF16
  const void *logits = nullptr;      ///< [tokens, experts]
  const float *correction = nullptr; ///< [experts], added for the choice; null
  Score score = Score::Softmax;
  bool renormalize = false; ///< weights of a token sum to `scale`
  double scale = 1;
  /// Experts come from the best `bestGroups` of `groups` equal runs.
  int64_t groups = 1, bestGroups = 1;
  /// Experts without logits, numbered behind the others, that every token goes
  /// to, each with that weight.
  int64_t shared = 0;
  double sharedWeight = 1;
  int64_t slots() const { return topk + shared; }
};

struct RoutingOutput {
  std::vector<int32_t> ids;    ///< [tokens, slots], best first; -1: none
  std::vector<double> weights; ///< [tokens, slots]
};

/// The choice value of an expert is its score plus its correction; what is not
/// finite in either cannot be chosen and counts as -inf, and as nothing in the
/// sum of softmax. Ties go to the lower expert, and among groups, whose score
/// is the sum of the two largest choices with a correction, else the largest,
/// to the lower group. A slot without an expert has id -1 and weight 0.
RoutingOutput routeTokens(const RoutingInput &input);

struct RoutingReport {
  bool pass = true;
  int64_t wrongTokens = 0; ///< a choice that no rounding explains
  int64_t firstWrong = -1;
  /// Tokens with another choice than the exact one, between values that are
  /// closer than the errors of f32; only with a correction.
  int64_t closeTokens = 0;
  int64_t wrongWeights = 0;
  double maxWeightError = 0; ///< largest |w - exact| / bound
};

/// Judges ids and f32 weights that were computed in f32. Without a correction
/// the ids are exact, since logits are compared. `weights` are compared with
/// the exact weights of `ids`.
RoutingReport checkRouting(const RoutingInput &input, const int32_t *ids,
                           const float *weights);

/// The exact weights of given ids, [tokens, slots].
std::vector<double> routingWeights(const RoutingInput &input,
                                   const int32_t *ids);

} // namespace moe::reference

#endif // MOE_REFERENCE_ROUTING_H
