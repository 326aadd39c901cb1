//===- RoutingTest.cpp - choices and weights worked out by hand -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small routings whose result is written out: ties, logits that are not
// finite, corrections, groups, weights; and what the judgement lets pass.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Routing.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace moe::reference;

static const float kNaN = std::numeric_limits<float>::quiet_NaN();
static const float kInf = std::numeric_limits<float>::infinity();

static RoutingInput makeInput(const std::vector<float> &logits, int64_t tokens,
                              int64_t topk) {
  RoutingInput input;
  input.tokens = tokens;
  input.experts = int64_t(logits.size()) / tokens;
  input.topk = topk;
  input.logits = logits.data();
  return input;
}

using Ids = std::vector<int32_t>;

TEST(Routing, SoftmaxBestFirstTiesToTheLowerExpert) {
  std::vector<float> logits = {0, 2, 1, 2, /**/ 5, 5, 5, 5};
  RoutingOutput out = routeTokens(makeInput(logits, 2, 3));
  EXPECT_EQ(out.ids, (Ids{1, 3, 2, /**/ 0, 1, 2}));
  double sum = 1 + 2 * std::exp(2) + std::exp(1);
  EXPECT_NEAR(out.weights[0], std::exp(2) / sum, 1e-15);
  EXPECT_NEAR(out.weights[2], std::exp(1) / sum, 1e-15);
  EXPECT_NEAR(out.weights[5], 0.25, 1e-15);
}

TEST(Routing, WhatIsNotFiniteIsNotChosenAndAddsNothing) {
  std::vector<float> logits = {kNaN, 1,    -kInf, kInf,  1, /**/
                               kNaN, kNaN, -kInf, -kInf, kNaN};
  RoutingOutput out = routeTokens(makeInput(logits, 2, 3));
  EXPECT_EQ(out.ids, (Ids{1, 4, -1, /**/ -1, -1, -1}));
  EXPECT_EQ(out.weights, (std::vector<double>{.5, .5, 0, /**/ 0, 0, 0}));
}

TEST(Routing, SigmoidRenormalizedAndScaled) {
  std::vector<float> logits = {0, std::log(3.0f), -1000, -1001};
  RoutingInput input = makeInput(logits, 1, 2);
  input.score = Score::Sigmoid;
  EXPECT_NEAR(routeTokens(input).weights[0], .75, 1e-7);
  input.renormalize = true;
  input.scale = 2.5;
  RoutingOutput out = routeTokens(input);
  EXPECT_EQ(out.ids, (Ids{1, 0}));
  EXPECT_NEAR(out.weights[0], 2.5 * .75 / 1.25, 1e-6);
  EXPECT_NEAR(out.weights[0] + out.weights[1], 2.5, 1e-12);
  // Scores far below the smallest double still have a ratio.
  std::vector<float> tiny = {-2000, -2001};
  RoutingInput far = makeInput(tiny, 1, 2);
  far.score = Score::Sigmoid;
  far.renormalize = true;
  out = routeTokens(far);
  EXPECT_NEAR(out.weights[0] / out.weights[1], std::exp(1), 1e-9);
}

TEST(Routing, CorrectionsChooseAndDoNotWeigh) {
  std::vector<float> logits = {0, 1, 2, 3}, correction = {1, 0, kNaN, 0};
  RoutingInput input = makeInput(logits, 1, 4);
  input.score = Score::Sigmoid;
  input.correction = correction.data();
  RoutingOutput out = routeTokens(input);
  EXPECT_EQ(out.ids, (Ids{0, 3, 1, -1}));
  EXPECT_NEAR(out.weights[0], .5, 1e-15);
}

TEST(Routing, GroupsByTheirBestOrTheirBestTwo) {
  // Without a correction the best logit decides, with one the sum of two.
  std::vector<float> logits = {9, 0, 0, /**/ 8, 7, 7, /**/ 1, 1, 1};
  RoutingInput input = makeInput(logits, 1, 2);
  input.groups = 3;
  input.bestGroups = 1;
  EXPECT_EQ(routeTokens(input).ids, (Ids{0, 1}));
  input.score = Score::Sigmoid;
  std::vector<float> zeros(9, 0.0f);
  input.correction = zeros.data();
  EXPECT_EQ(routeTokens(input).ids, (Ids{3, 4}));
  input.bestGroups = 2;
  EXPECT_EQ(routeTokens(input).ids, (Ids{0, 3}));
}

TEST(Routing, AGroupWithOneExpertLeftRanksBelowAllWithTwo) {
  std::vector<float> logits = {9, -kInf, /**/ -5, -5};
  std::vector<float> zeros(4, 0.0f);
  RoutingInput input = makeInput(logits, 1, 2);
  input.score = Score::Sigmoid;
  input.correction = zeros.data();
  input.groups = 2;
  EXPECT_EQ(routeTokens(input).ids, (Ids{2, 3}));
  // Ties of groups go to the lower one, also where none has two.
  std::vector<float> few = {-kInf, kNaN, /**/ 3, -kInf};
  input.logits = few.data();
  EXPECT_EQ(routeTokens(input).ids, (Ids{-1, -1}));
}

TEST(Routing, JudgementAcceptsOnlyWhatRoundingExplains) {
  std::vector<float> logits = {1, 1 + 0x1p-23f, -3, 0};
  std::vector<float> zeros(4, 0.0f);
  RoutingInput input = makeInput(logits, 1, 2);
  auto judge = [&](Ids ids) {
    std::vector<float> weights;
    for (double weight : routingWeights(input, ids.data()))
      weights.push_back(float(weight));
    return checkRouting(input, ids.data(), weights.data());
  };
  EXPECT_TRUE(judge({1, 0}).pass);
  // Logits are compared exactly.
  EXPECT_FALSE(judge({0, 1}).pass);
  input.correction = zeros.data();
  RoutingReport close = judge({0, 1});
  EXPECT_TRUE(close.pass);
  EXPECT_EQ(close.closeTokens, 1);
  for (Ids wrong : {Ids{0, 3}, Ids{0, 0}, Ids{0, -1}, Ids{3, 0}, Ids{1, 4}})
    EXPECT_EQ(
        checkRouting(input, wrong.data(), std::vector<float>{.5f, .5f}.data())
            .wrongTokens,
        1);
  std::vector<float> weights = {.4f, .3f};
  Ids right = {1, 0};
  EXPECT_EQ(checkRouting(input, right.data(), weights.data()).wrongWeights, 2);
}

TEST(Routing, WeightsBelowTheNormalNumbersAreJudged) {
  std::vector<float> logits = {2, 1, 0};
  RoutingInput input = makeInput(logits, 1, 2);
  Ids ids = {0, 1};
  for (double scale : {0.0, -0.0, 0x1p-149, 0x1p-140, -0x1p-140}) {
    input.scale = scale;
    std::vector<float> weights;
    for (double weight : routingWeights(input, ids.data()))
      weights.push_back(float(weight));
    EXPECT_TRUE(checkRouting(input, ids.data(), weights.data()).pass) << scale;
    weights[0] += 0x1p-147f;
    EXPECT_EQ(checkRouting(input, ids.data(), weights.data()).wrongWeights, 1)
        << scale;
  }
  // What has no share in the scale is judged by itself.
  input.scale = 0;
  input.shared = 1;
  ids.push_back(3);
  std::vector<float> weights = {0, 0, .5f};
  EXPECT_EQ(checkRouting(input, ids.data(), weights.data()).wrongWeights, 1);
}

TEST(Routing, SharedExpertsTakeTheLastSlotsOfEveryToken) {
  std::vector<float> logits = {0, 2, 1, /**/ kNaN, kNaN, kNaN};
  RoutingInput input = makeInput(logits, 2, 1);
  input.renormalize = true;
  input.scale = 2;
  input.shared = 2;
  input.sharedWeight = .25;
  RoutingOutput out = routeTokens(input);
  EXPECT_EQ(out.ids, (Ids{1, 3, 4, /**/ -1, 3, 4}));
  EXPECT_EQ(out.weights, (std::vector<double>{2, .25, .25, /**/ 0, .25, .25}));
  std::vector<float> weights(out.weights.begin(), out.weights.end());
  EXPECT_TRUE(checkRouting(input, out.ids.data(), weights.data()).pass);
  weights[4] = .2f;
  EXPECT_EQ(checkRouting(input, out.ids.data(), weights.data()).wrongWeights,
            1);
  // No rounding explains another shared expert.
  std::vector<float> zeros(3, 0.0f);
  input.correction = zeros.data();
  out.ids[2] = 3;
  EXPECT_EQ(checkRouting(input, out.ids.data(), weights.data()).wrongTokens, 1);
}
