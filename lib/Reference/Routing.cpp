//===- Routing.cpp - which experts a token goes to, in double -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scores as logarithms, so that none vanishes; choices by sorting. The bounds
// of what f32 may change stand at checkRouting.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Routing.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace moe::reference;

static constexpr double kLowest = -std::numeric_limits<double>::infinity();

namespace {
/// One token's numbers.
struct Token {
  std::vector<double> logits;   ///< -inf where not finite
  std::vector<double> logScore; ///< logarithm of the score
  std::vector<double> choice;   ///< -inf: cannot be chosen
};
} // namespace

static Token scoreToken(const RoutingInput &input, int64_t t) {
  Token token;
  for (int64_t e = 0; e < input.experts; ++e) {
    double logit = loadFloat(input.type, input.logits, t * input.experts + e);
    token.logits.push_back(std::isfinite(logit) ? logit : kLowest);
  }
  double most = *std::max_element(token.logits.begin(), token.logits.end());
  double sum = 0;
  for (double logit : token.logits)
    if (logit > kLowest)
      sum += std::exp(logit - most);
  for (int64_t e = 0; e < input.experts; ++e) {
    double logit = token.logits[e], score = kLowest;
    if (logit > kLowest && input.score == Score::Softmax)
      score = logit - most - std::log(sum);
    else if (logit > kLowest)
      score = std::min(logit, 0.0) - std::log1p(std::exp(-std::fabs(logit)));
    token.logScore.push_back(score);
    // Scores grow with their logits, which are exact.
    double choice = logit;
    if (input.correction) {
      double correction = input.correction[e];
      choice = logit > kLowest && std::isfinite(correction)
                   ? std::exp(score) + correction
                   : kLowest;
    }
    token.choice.push_back(choice);
  }
  return token;
}

/// Indices of the values from the largest to the smallest, ties in order.
static std::vector<int64_t> rank(const std::vector<double> &values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  return order;
}

static std::vector<double> scoreGroups(const RoutingInput &input,
                                       const Token &token) {
  int64_t each = input.experts / input.groups;
  std::vector<double> scores;
  for (int64_t g = 0; g < input.groups; ++g) {
    std::vector<double> own(token.choice.begin() + g * each,
                            token.choice.begin() + (g + 1) * each);
    std::sort(own.rbegin(), own.rend());
    scores.push_back(input.correction && each > 1 ? own[0] + own[1] : own[0]);
  }
  return scores;
}

/// The weights of a token's slots, of which the first `topk` have ids to look
/// at.
static std::vector<double> weigh(const RoutingInput &input, const Token &token,
                                 const int32_t *ids) {
  std::vector<double> logs;
  for (int64_t s = 0; s < input.topk; ++s)
    logs.push_back(ids[s] >= 0 ? token.logScore[ids[s]] : kLowest);
  double most = *std::max_element(logs.begin(), logs.end()), sum = 0;
  for (double log : logs)
    if (log > kLowest)
      sum += std::exp(log - most);
  double divisor = input.renormalize ? most + std::log(sum) : 0;
  std::vector<double> weights;
  for (double log : logs)
    weights.push_back(log > kLowest ? input.scale * std::exp(log - divisor)
                                    : 0);
  weights.insert(weights.end(), size_t(input.shared), input.sharedWeight);
  return weights;
}

RoutingOutput moe::reference::routeTokens(const RoutingInput &input) {
  RoutingOutput out;
  int64_t each = input.experts / input.groups;
  for (int64_t t = 0; t < input.tokens; ++t) {
    Token token = scoreToken(input, t);
    std::vector<double> choice = token.choice;
    if (input.groups > 1) {
      std::vector<int64_t> order = rank(scoreGroups(input, token));
      for (int64_t i = input.bestGroups; i < input.groups; ++i)
        std::fill_n(choice.begin() + order[i] * each, each, kLowest);
    }
    std::vector<int64_t> order = rank(choice);
    std::vector<int32_t> ids;
    for (int64_t s = 0; s < input.topk; ++s) {
      bool exists = s < input.experts && choice[order[s]] > kLowest;
      ids.push_back(exists ? static_cast<int32_t>(order[s]) : -1);
    }
    for (int64_t i = 0; i < input.shared; ++i)
      ids.push_back(static_cast<int32_t>(input.experts + i));
    std::vector<double> weights = weigh(input, token, ids.data());
    out.ids.insert(out.ids.end(), ids.begin(), ids.end());
    out.weights.insert(out.weights.end(), weights.begin(), weights.end());
  }
  return out;
}

std::vector<double> moe::reference::routingWeights(const RoutingInput &input,
                                                   const int32_t *ids) {
  std::vector<double> all;
  for (int64_t t = 0; t < input.tokens; ++t) {
    std::vector<double> weights =
        weigh(input, scoreToken(input, t), ids + t * input.slots());
    all.insert(all.end(), weights.begin(), weights.end());
  }
  return all;
}

/// Whether a token's ids are the exact ones but for choices within `slack` of
/// each other: a score of at most 1 and its sum with the correction, rounded.
static bool isClose(const RoutingInput &input, const Token &token,
                    const int32_t *ids) {
  double largest = 1;
  for (int64_t e = 0; e < input.experts; ++e)
    if (token.choice[e] > kLowest)
      largest = std::max(largest, std::fabs(token.choice[e]));
  double slack = largest * 0x1p-19;
  int64_t each = input.experts / input.groups;
  std::vector<double> groups = scoreGroups(input, token);
  std::vector<int64_t> order = rank(groups);
  auto groupOf = [&](int64_t e) { return groups[e / each]; };
  // Groups below the first bound are out, those above the second are in.
  double out = groups[order[input.bestGroups - 1]] - 2 * slack;
  double in = input.bestGroups < input.groups
                  ? groups[order[input.bestGroups]] + 2 * slack
                  : kLowest;
  std::vector<char> chosen(static_cast<size_t>(input.experts), 0);
  double last = std::numeric_limits<double>::infinity();
  for (int64_t s = 0; s < input.topk; ++s) {
    int32_t id = ids[s];
    if (id < 0) {
      last = kLowest;
      continue;
    }
    bool good = id < input.experts && !chosen[id] && last > kLowest &&
                token.choice[id] > kLowest &&
                token.choice[id] <= last + slack && !(groupOf(id) < out);
    if (!good)
      return false;
    chosen[id] = 1;
    last = std::min(last, token.choice[id]);
  }
  for (int64_t e = 0; e < input.experts; ++e) {
    bool candidate = !chosen[e] && token.choice[e] > kLowest &&
                     (input.groups == 1 || groupOf(e) > in);
    if (candidate && token.choice[e] > last + slack)
      return false;
  }
  return true;
}

/// Of a weight in f32: some roundings, and the exponent's argument, which is
/// rounded relative to its size. Below the normal numbers each of the two last
/// roundings may be half of the smallest one.
static double weightBound(const RoutingInput &input, double weight) {
  double ratio = input.scale != 0 ? std::fabs(weight / input.scale) : 0;
  double argument = ratio != 0 ? std::fabs(std::log(ratio)) : 0;
  return std::fabs(weight) * 0x1p-24 * (96 + 4 * argument) +
         std::fabs(input.scale) * 0x1p-125 + 0x1p-149;
}

RoutingReport moe::reference::checkRouting(const RoutingInput &input,
                                           const int32_t *ids,
                                           const float *weights) {
  RoutingReport report;
  RoutingOutput exact = routeTokens(input);
  for (int64_t t = 0; t < input.tokens; ++t) {
    int64_t slots = input.slots();
    const int32_t *own = ids + t * slots;
    auto expectedIds = exact.ids.begin() + t * slots;
    bool equal = std::equal(own, own + input.topk, expectedIds);
    bool sharedEqual =
        std::equal(own + input.topk, own + slots, expectedIds + input.topk);
    if (!equal || !sharedEqual) {
      Token token = scoreToken(input, t);
      if (!input.correction || !sharedEqual || !isClose(input, token, own)) {
        if (report.wrongTokens++ == 0)
          report.firstWrong = t;
        continue;
      }
      ++report.closeTokens;
    }
    std::vector<double> expected = weigh(input, scoreToken(input, t), own);
    for (int64_t s = 0; s < slots; ++s) {
      double error = std::fabs(double(weights[t * slots + s]) - expected[s]);
      double ratio = error / weightBound(input, expected[s]);
      report.wrongWeights += !(ratio <= 1);
      report.maxWeightError = std::max(report.maxWeightError, ratio);
    }
  }
  report.pass = !report.wrongTokens && !report.wrongWeights;
  return report;
}
