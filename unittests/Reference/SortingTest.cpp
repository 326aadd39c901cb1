//===- SortingTest.cpp - routing examples sorted by hand ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small routings whose sorted form is written out, and the contract checked on
// random ones.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Sorting.h"
#include "gtest/gtest.h"
#include <limits>
#include <random>
#include <set>

using namespace moe::reference;

static SortingInput makeInput(int64_t tokens, int64_t topk, int64_t experts,
                              int64_t tileM, const std::vector<int32_t> &ids,
                              const std::vector<float> &weights) {
  SortingInput input;
  input.tokens = tokens;
  input.topk = topk;
  input.experts = experts;
  input.tileM = tileM;
  input.ids = ids.data();
  input.weights = weights.data();
  return input;
}

static int32_t packed(int slot, int token) { return slot << 24 | token; }

TEST(Sorting, ByExpertThenTokenWithPadding) {
  std::vector<int32_t> ids = {2, 0, /**/ 0, 3, /**/ 2, 0};
  std::vector<float> weights = {.1f, .2f, .3f, .4f, .5f, .6f};
  SortingOutput out = sortMoE(makeInput(3, 2, 4, 2, ids, weights));
  int32_t pad = packed(2, 3);
  // Expert 0: t0 s1, t1 s0, t2 s1; expert 2: t0 s0, t2 s0; expert 3: t1 s1.
  std::vector<int32_t> expected = {packed(1, 0), packed(0, 1), packed(1, 2),
                                   pad,          packed(0, 0), packed(0, 2),
                                   packed(1, 1), pad};
  ASSERT_EQ(out.numValid[0], 8);
  EXPECT_EQ(out.numValid[1], 3);
  EXPECT_EQ(int64_t(out.sortedIds.size()), 3 * 2 + 4 * 2 - 2);
  EXPECT_TRUE(
      std::equal(expected.begin(), expected.end(), out.sortedIds.begin()));
  std::vector<int32_t> experts = {0, 0, 2, 3, -1, -1};
  EXPECT_EQ(out.expertIds, experts);
  EXPECT_EQ(out.sortedWeights[0], .2f);
  EXPECT_EQ(out.sortedWeights[2], .6f);
  EXPECT_EQ(out.sortedWeights[6], .4f);
}

TEST(Sorting, MaskSkipsExpertsAndMakesIdsLocal) {
  std::vector<int32_t> ids = {0, 1, /**/ 2, 3, /**/ 1, 2};
  std::vector<float> weights = {1, 2, 3, 4, 5, 6};
  std::vector<int32_t> mask = {0, 1, 0, 1};
  SortingInput input = makeInput(3, 2, 4, 2, ids, weights);
  input.expertMask = mask.data();
  SortingOutput out = sortMoE(input);
  // Global expert 1 is local 0: t0 s1, t2 s0; global 3 is local 1: t1 s1.
  EXPECT_EQ(out.numValid[0], 4);
  EXPECT_EQ(out.sortedIds[0], packed(1, 0));
  EXPECT_EQ(out.sortedIds[1], packed(0, 2));
  EXPECT_EQ(out.sortedIds[2], packed(1, 1));
  EXPECT_EQ(out.sortedIds[3], packed(2, 3));
  EXPECT_EQ(out.expertIds[0], 0);
  EXPECT_EQ(out.expertIds[1], 1);
  EXPECT_EQ(int64_t(out.sortedIds.size()), 3 * 2 + 2 * 2 - 2);
}

TEST(Sorting, LocalTokenCountLimitsTheTokensNotThePadding) {
  std::vector<int32_t> ids = {0, 0, 0, 0};
  std::vector<float> weights(4, 1);
  SortingInput input = makeInput(4, 1, 1, 4, ids, weights);
  input.localTokens = 2;
  SortingOutput out = sortMoE(input);
  EXPECT_EQ(out.numValid[0], 4);
  EXPECT_EQ(out.numValid[1], 2);
  EXPECT_EQ(out.sortedIds[1], 1);
  EXPECT_EQ(out.sortedIds[2], packed(1, 4));
  input.localTokens = 0;
  out = sortMoE(input);
  EXPECT_EQ(out.numValid[0], 0);
  EXPECT_EQ(out.numValid[1], 0);
}

TEST(Sorting, IdsOutsideTheExpertsAreSkipped) {
  std::vector<int32_t> ids = {-1, 5, 1, 2};
  std::vector<float> weights(4, 1);
  SortingOutput out = sortMoE(makeInput(2, 2, 2, 1, ids, weights));
  EXPECT_EQ(out.numValid[0], 1);
  EXPECT_EQ(out.sortedIds[0], packed(0, 1));
  EXPECT_EQ(out.expertIds[0], 1);
}

TEST(Sorting, ExpertsFillWholeBlocks) {
  // One expert with exactly a block, one with a block and a row.
  std::vector<int32_t> ids(33, 1);
  for (int t = 0; t < 16; ++t)
    ids[t] = 0;
  std::vector<float> weights(33, 1);
  SortingOutput out = sortMoE(makeInput(33, 1, 3, 16, ids, weights));
  EXPECT_EQ(out.numValid[0], 48);
  EXPECT_EQ(out.expertIds, (std::vector<int32_t>{0, 1, 1, -1, -1}));
  // 33 + 3*16 - 1 = 80 rows, 5 blocks.
  EXPECT_EQ(out.sortedIds.size(), 80u);
}

TEST(Sorting, SlotsAbove127DoNotOverflowIntoTheSign) {
  std::vector<int32_t> ids(255, 0);
  std::vector<float> weights(255, 1);
  SortingOutput out = sortMoE(makeInput(1, 255, 1, 1, ids, weights));
  EXPECT_EQ(uint32_t(out.sortedIds[200]), 200u << 24);
  EXPECT_EQ(out.numValid[0], 255);
}

TEST(Sorting, FewTokensNeedABlockForEachPairAtMost) {
  // One token of Kimi-K2: 8 of 384 experts, not a block for each of the 384.
  EXPECT_EQ(maxSortedRows(1, 8, 384, 16), 8 * 16);
  EXPECT_EQ(maxSortedRows(0, 8, 384, 16), 0);
  std::vector<int32_t> ids = {5, 17, 33, 90, 130, 200, 300, 383};
  std::vector<float> weights(8, 1);
  SortingOutput out = sortMoE(makeInput(1, 8, 384, 16, ids, weights));
  EXPECT_EQ(out.expertIds, ids);
  EXPECT_EQ(out.numValid[0], 8 * 16);
}

TEST(Sorting, RowsThatDoNotFitIn64BitsAreTheLargestNumber) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(maxSortedRows(int64_t(1) << 60, 1, 4, 16), (int64_t(1) << 60) + 63);
  for (int64_t tokens : {int64_t(1) << 60, int64_t(1) << 62, most})
    EXPECT_EQ(maxSortedRows(tokens, 8, 4, 16), most);
}

TEST(Sorting, RandomRoutingsKeepTheContract) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    int tokens = 1 + random() % 40, experts = 1 + random() % 9;
    int topk = 1 + random() % std::min(experts, 4), tile = 1 << random() % 6;
    std::vector<int32_t> ids;
    std::vector<float> weights(tokens * topk, 1);
    for (int t = 0; t < tokens; ++t) {
      std::set<int32_t> chosen;
      while (int(chosen.size()) < topk)
        chosen.insert(random() % experts);
      ids.insert(ids.end(), chosen.begin(), chosen.end());
    }
    SortingOutput out =
        sortMoE(makeInput(tokens, topk, experts, tile, ids, weights));
    EXPECT_EQ(int64_t(out.sortedIds.size()),
              maxSortedRows(tokens, topk, experts, tile));
    EXPECT_LE(out.numValid[0], maxSortedRows(tokens, topk, experts, tile));
    EXPECT_EQ(out.numValid[0] % tile, 0);
    std::set<int32_t> seen;
    for (int i = 0; i < out.numValid[0]; ++i) {
      int token = out.sortedIds[i] & 0xFFFFFF, slot = out.sortedIds[i] >> 24;
      if (token == tokens && slot == topk)
        continue;
      EXPECT_TRUE(seen.insert(out.sortedIds[i]).second);
      EXPECT_EQ(ids[token * topk + slot], out.expertIds[i / tile]);
    }
    EXPECT_EQ(int(seen.size()), tokens * topk);
  }
}
