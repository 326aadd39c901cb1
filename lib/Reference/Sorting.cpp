//===- Sorting.cpp - routing: (token, slot) pairs sorted by expert --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bucket sort in token-major order: the contract of Sorting.h, read
// literally.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Sorting.h"
#include <algorithm>
#include <limits>

using namespace moe::reference;

int64_t moe::reference::countLocalExperts(const int32_t *expertMask,
                                          int64_t experts) {
  if (!expertMask)
    return experts;
  return experts - std::count(expertMask, expertMask + experts, 0);
}

int64_t moe::reference::maxSortedRows(int64_t tokens, int64_t topk,
                                      int64_t localExperts, int64_t tileM) {
  // No intermediate value overflows: the product of two of 64 bits has 128.
  auto limited = [](__int128 value) {
    return static_cast<int64_t>(
        std::clamp<__int128>(value, 0, std::numeric_limits<int64_t>::max()));
  };
  __int128 pairs = limited(static_cast<__int128>(tokens) * topk);
  __int128 padding = static_cast<__int128>(localExperts) * tileM - topk;
  return limited(std::min(pairs + padding, pairs * tileM));
}

SortingOutput moe::reference::sortMoE(const SortingInput &input) {
  int64_t tokens = input.tokens;
  if (input.localTokens >= 0)
    tokens = std::min(tokens, input.localTokens);
  auto isLocal = [&](int64_t expert) {
    return !input.expertMask || input.expertMask[expert] != 0;
  };

  std::vector<std::vector<int64_t>> pairs(static_cast<size_t>(input.experts));
  for (int64_t pair = 0; pair < tokens * input.topk; ++pair) {
    int64_t expert = input.ids[pair];
    if (expert >= 0 && expert < input.experts && isLocal(expert))
      pairs[expert].push_back(pair);
  }

  SortingOutput out;
  int32_t padding =
      static_cast<int32_t>(static_cast<uint32_t>(input.topk) << 24 |
                           static_cast<uint32_t>(input.tokens));
  int32_t local = 0;
  for (int64_t expert = 0; expert < input.experts; ++expert) {
    if (!isLocal(expert))
      continue;
    for (int64_t pair : pairs[expert]) {
      int64_t token = pair / input.topk, slot = pair % input.topk;
      out.sortedIds.push_back(static_cast<int32_t>(
          static_cast<uint32_t>(slot) << 24 | static_cast<uint32_t>(token)));
      out.sortedWeights.push_back(input.weights[pair]);
    }
    while (out.sortedIds.size() % static_cast<size_t>(input.tileM)) {
      out.sortedIds.push_back(padding);
      out.sortedWeights.push_back(0);
    }
    out.expertIds.resize(
        out.sortedIds.size() / static_cast<size_t>(input.tileM), local);
    ++local;
  }
  out.numValid[0] = static_cast<int32_t>(out.sortedIds.size());
  out.numValid[1] = static_cast<int32_t>(tokens);

  size_t length = static_cast<size_t>(
      maxSortedRows(input.tokens, input.topk, local, input.tileM));
  length = std::max(length, out.sortedIds.size());
  out.sortedIds.resize(length, padding);
  out.sortedWeights.resize(length, 0);
  size_t tile = static_cast<size_t>(input.tileM);
  out.expertIds.resize((length + tile - 1) / tile, -1);
  return out;
}
