//===- MXFP4Test.cpp - quantising blocks of 32 ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hand-computed blocks, and the properties the OCP formula promises.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Scalars.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace moe::reference;

static std::vector<float> blockWith(float first, float rest = 0) {
  std::vector<float> values(32, rest);
  values[0] = first;
  return values;
}

TEST(MXFP4, FloorScaleFollowsOCP) {
  // floor(log2 m) - 2 + 127.
  EXPECT_EQ(scaleOfBlock(blockWith(1).data(), ScaleRule::Floor), 125);
  EXPECT_EQ(scaleOfBlock(blockWith(-4).data(), ScaleRule::Floor), 127);
  EXPECT_EQ(scaleOfBlock(blockWith(7.99f).data(), ScaleRule::Floor), 127);
  EXPECT_EQ(scaleOfBlock(blockWith(8).data(), ScaleRule::Floor), 128);
  EXPECT_EQ(scaleOfBlock(blockWith(0).data(), ScaleRule::Floor), 0);
  EXPECT_EQ(scaleOfBlock(blockWith(1e-44f).data(), ScaleRule::Floor), 0);
  EXPECT_EQ(scaleOfBlock(blockWith(3.4e38f).data(), ScaleRule::Floor), 252);
}

TEST(MXFP4, CeilScaleRoundsUpUnlessAPowerOfTwo) {
  EXPECT_EQ(scaleOfBlock(blockWith(4).data(), ScaleRule::Ceil), 127);
  EXPECT_EQ(scaleOfBlock(blockWith(4.01f).data(), ScaleRule::Ceil), 128);
  EXPECT_EQ(scaleOfBlock(blockWith(7.99f).data(), ScaleRule::Ceil), 128);
  EXPECT_EQ(scaleOfBlock(blockWith(8).data(), ScaleRule::Ceil), 128);
}

TEST(MXFP4, NaNAndInfinityMakeTheScaleNaN) {
  EXPECT_EQ(scaleOfBlock(blockWith(NAN).data(), ScaleRule::Floor), 0xFF);
  EXPECT_EQ(scaleOfBlock(blockWith(-INFINITY).data(), ScaleRule::Ceil), 0xFF);
  std::vector<float> values = blockWith(NAN, 1);
  EXPECT_EQ(quantizeMXFP4(values.data(), 1, 32).codes[5], 0);
}

TEST(MXFP4, PacksEvenElementsLow) {
  std::vector<float> values = blockWith(4);
  values[1] = -1;
  values[31] = 6;
  MXFP4 q = quantizeMXFP4(values.data(), 1, 32);
  ASSERT_EQ(q.scales.size(), 1u);
  EXPECT_EQ(q.scales[0], 127);
  EXPECT_EQ(q.codes[0], 0xA6); // -1 is code 10, 4 is code 6
  EXPECT_EQ(q.codes[15], 0x70);
}

TEST(MXFP4, FloorSaturatesAtSixSteps) {
  MXFP4 q = quantizeMXFP4(blockWith(7.5f, 5.0f).data(), 1, 32);
  EXPECT_EQ(q.codes[0], 0x67); // 7.5 -> 6, 5 is a tie: 4
  MXFP4 c = quantizeMXFP4(blockWith(7.5f, 5.0f).data(), 1, 32, ScaleRule::Ceil);
  EXPECT_EQ(c.scales[0], 128);
  EXPECT_EQ(c.codes[0], 0x46); // 3.75 -> 4, 2.5 is a tie: 2
}

TEST(MXFP4, RepresentableBlocksSurvive) {
  std::mt19937 random(7);
  std::vector<float> values;
  for (int block = 0; block < 50; ++block) {
    float step = std::ldexp(1.0f, int(random() % 200) - 100);
    for (int i = 0; i < 32; ++i)
      values.push_back(static_cast<float>(decodeE2M1(random() & 15)) * step);
    values[block * 32 + 3] = 6 * step; // so that the floor rule finds `step`
  }
  MXFP4 q = quantizeMXFP4(values.data(), 5, 320);
  std::vector<double> back =
      dequantizeMXFP4(q.codes.data(), q.scales.data(), 5, 320);
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(back[i], values[i]);
}

TEST(MXFP4, ErrorIsAtMostHalfTheGapOfTheCode) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  std::vector<float> values(64 * 32);
  for (float &v : values)
    v = normal(random);
  for (ScaleRule rule : {ScaleRule::Floor, ScaleRule::Ceil}) {
    MXFP4 q = quantizeMXFP4(values.data(), 64, 32, rule);
    std::vector<double> back =
        dequantizeMXFP4(q.codes.data(), q.scales.data(), 64, 32);
    for (size_t i = 0; i < values.size(); ++i) {
      double step = std::ldexp(1.0, q.scales[i / 32] - 127);
      double magnitude = std::fabs(values[i]) / step;
      double gap = magnitude < 2 ? 0.5 : magnitude < 4 ? 1 : 2;
      double limit =
          rule == ScaleRule::Floor && magnitude > 6 ? magnitude - 6 : gap / 2;
      EXPECT_LE(std::fabs(back[i] - values[i]) / step, limit);
    }
  }
}
