//===- MetricsTest.cpp - bounds and verdicts ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bound's formula on numbers done by hand, and what the comparison must
// reject: each rule is tried with a value just inside and just outside.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Metrics.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace moe::reference;

/// A result of one row of one column.
static GoldenResult oneElement(double value, double sum, double magnitude,
                               int32_t routed = 1) {
  GoldenResult golden;
  golden.outCols = 1;
  golden.rowIds = golden.colIds = {0};
  golden.value = {value};
  golden.sum = {sum};
  golden.magnitude = {magnitude};
  golden.routed = {routed};
  return golden;
}

static ErrorModel makeModel(FloatType type, bool accumulate) {
  ErrorModel model;
  model.type = type;
  model.accumulate = accumulate;
  model.k = 64;
  model.contributions = accumulate ? 4 : 1;
  model.topk = 4;
  return model;
}

static bool accepts(const ErrorModel &model, const GoldenResult &golden,
                    double y, const void *initial = nullptr) {
  char bytes[4];
  storeFloat(model.type, bytes, 0, y);
  return compare(model, golden, bytes, initial).wrong == 0;
}

TEST(Metrics, BoundOfAStore) {
  // 2^-8*3 + 8*2^-24*100*8 + 2^-134
  double bound = errorBound(makeModel(FloatType::BF16, false), -3, 50, 100);
  EXPECT_DOUBLE_EQ(bound, 3 / 256. + 6400 / 16777216.);
}

TEST(Metrics, BoundOfAnAccumulation) {
  // 2^-11*5*50 + 8*2^-24*100*8 + 5*2^-25
  double bound = errorBound(makeModel(FloatType::F16, true), -3, 50, 100);
  EXPECT_DOUBLE_EQ(bound, 250 / 2048. + 6400 / 16777216. + 5 / 33554432.);
}

TEST(Metrics, LogitsDiff) {
  EXPECT_EQ(logitsDiff({0, 0}, {0, 0}), 0);
  EXPECT_EQ(logitsDiff({1, 2}, {1, 2}), 0);
  EXPECT_DOUBLE_EQ(logitsDiff({1, 0}, {0, 1}), 1);
  EXPECT_DOUBLE_EQ(logitsDiff({2}, {1}), 1 - 4 / 5.);
  EXPECT_DOUBLE_EQ(logitsLimit(1), 1e-5);
  EXPECT_DOUBLE_EQ(logitsLimit(8), 2e-5);
}

TEST(Metrics, OneRoundingIsWithinTheBoundTwoUlpsAreNot) {
  ErrorModel model = makeModel(FloatType::BF16, false);
  GoldenResult golden = oneElement(1.003, 1.003, 1.003);
  EXPECT_TRUE(accepts(model, golden, 1.003));
  EXPECT_FALSE(accepts(model, golden, 1.003 + 2 / 128.));
  EXPECT_FALSE(accepts(model, golden, -1.003));
  EXPECT_FALSE(accepts(model, golden, 0));
}

TEST(Metrics, ALostContributionIsOutsideTheBound) {
  ErrorModel model = makeModel(FloatType::BF16, true);
  // Four contributions of 1 each; one missing, one twice.
  GoldenResult golden = oneElement(4, 4, 4, 4);
  EXPECT_TRUE(accepts(model, golden, 4));
  EXPECT_FALSE(accepts(model, golden, 3));
  EXPECT_FALSE(accepts(model, golden, 5));
}

TEST(Metrics, NaNAndInfinityMustBeMet) {
  ErrorModel model = makeModel(FloatType::F32, false);
  EXPECT_TRUE(accepts(model, oneElement(NAN, NAN, NAN), NAN));
  EXPECT_FALSE(accepts(model, oneElement(NAN, NAN, NAN), 1));
  EXPECT_FALSE(accepts(model, oneElement(NAN, NAN, NAN), INFINITY));
  EXPECT_TRUE(accepts(model, oneElement(INFINITY, 1, 1), INFINITY));
  EXPECT_FALSE(accepts(model, oneElement(INFINITY, 1, 1), -INFINITY));
  EXPECT_FALSE(accepts(model, oneElement(INFINITY, 1, 1), 3e38));
  EXPECT_FALSE(accepts(model, oneElement(1, 1, 1), NAN));
  EXPECT_FALSE(accepts(model, oneElement(1, 1, 1), INFINITY));
}

TEST(Metrics, F16OverflowIsInfinity) {
  ErrorModel model = makeModel(FloatType::F16, false);
  EXPECT_TRUE(accepts(model, oneElement(1e6, 1e6, 1e6), INFINITY));
  EXPECT_FALSE(accepts(model, oneElement(1e6, 1e6, 1e6), 65504));
  EXPECT_FALSE(accepts(model, oneElement(1e6, 1e6, 1e6), -INFINITY));
  EXPECT_FALSE(accepts(model, oneElement(6e4, 6e4, 6e4), INFINITY));
  // At the edge either neighbour is right.
  EXPECT_TRUE(accepts(model, oneElement(65515, 65515, 65515), INFINITY));
  EXPECT_TRUE(accepts(model, oneElement(65515, 65515, 65515), 65504));
}

TEST(Metrics, RowsWithoutARouteKeepTheirBits) {
  ErrorModel model = makeModel(FloatType::BF16, true);
  uint16_t initial = encodeBF16(2.5), zero = 0;
  EXPECT_TRUE(accepts(model, oneElement(2.5, 2.5, 0, 0), 2.5, &initial));
  EXPECT_FALSE(accepts(model, oneElement(2.5, 2.5, 0, 0), 2.515625, &initial));
  EXPECT_TRUE(accepts(model, oneElement(0, 0, 0, 0), 0, &zero));
  EXPECT_FALSE(accepts(model, oneElement(0, 0, 0, 0), -0.0, &zero));
  EXPECT_FALSE(accepts(model, oneElement(0, 0, 0, 0), NAN));
}

TEST(Metrics, ReportNamesTheWorstElement) {
  GoldenResult golden;
  golden.outCols = 2;
  golden.rowIds = {3, 7};
  golden.colIds = {0, 1};
  golden.value = golden.sum = golden.magnitude = {1, 1, 1, 1};
  golden.routed = {1, 1};
  std::vector<float> out(16, 1);
  out[7 * 2 + 1] = 1.5;
  out[3 * 2] = 1.25;
  ErrorReport report =
      compare(makeModel(FloatType::F32, false), golden, out.data(), nullptr);
  EXPECT_FALSE(report.pass);
  EXPECT_EQ(report.compared, 4);
  EXPECT_EQ(report.wrong, 2);
  EXPECT_EQ(report.maxError, 0.5);
  EXPECT_EQ(report.worstRow, 7);
  EXPECT_EQ(report.worstCol, 1);
  EXPECT_EQ(report.worstValue, 1.5);
}

TEST(Metrics, LogitsDiffAloneCanFail) {
  // Each element within a wide bound, all off in the same direction.
  GoldenResult golden = oneElement(1, 1, 1e5);
  float out = 1.2f;
  ErrorReport report =
      compare(makeModel(FloatType::F32, false), golden, &out, nullptr);
  EXPECT_EQ(report.wrong, 0);
  EXPECT_FALSE(report.pass);
}

/// Both sides of a bound that is worked out here, in f32, whose own rounding
/// does not matter: a judge that is more lax or more strict fails.
static void expectBound(const ErrorModel &model, const GoldenResult &golden,
                        double bound, bool stage1 = false) {
  double ref = golden.value[0];
  for (double factor : {-1.05, -0.95, 0.95, 1.05}) {
    float y = static_cast<float>(ref + factor * bound);
    bool good = compare(model, golden, &y, nullptr, stage1).wrong == 0;
    EXPECT_EQ(good, std::fabs(factor) < 1) << factor << " of " << bound;
  }
}

TEST(Metrics, NothingJustPastTheBoundPasses) {
  const double u = 1 / 16777216.;
  GoldenResult golden = oneElement(3, 20, 100, 4);
  expectBound(makeModel(FloatType::F32, false), golden,
              u * (3 + 8 * 8 * 100)); // sqrt(64) = 8
  expectBound(makeModel(FloatType::F32, true), golden,
              u * (5 * 20 + 8 * 8 * 100));
  expectBound(makeModel(FloatType::F32, false), oneElement(3, 3, 1e-3),
              u * 3 + 1e-3, /*stage1=*/true);
  golden.inputError = {0.01};
  expectBound(makeModel(FloatType::F32, true), golden,
              u * (5 * 20.01 + 8 * 8 * 100.01) + 0.01);
}

TEST(Metrics, NothingJustPastTheChecksumsBoundPasses) {
  const double u = 1 / 16777216.;
  for (bool accumulate : {false, true}) {
    ErrorModel model = makeModel(FloatType::F32, accumulate);
    // 100 rows; of the sums of magnitudes 500.
    double bound = u * ((accumulate ? 5 : 1) * 400 + 8 * 8 * 500);
    for (double factor : {-1.05, -0.95, 0.95, 1.05}) {
      GoldenResult golden = oneElement(300, 400, 500, 300);
      std::vector<float> out(100, 3);
      golden.value[0] += factor * bound;
      EXPECT_EQ(compareChecksum(model, golden, out.data(), 100).pass,
                std::fabs(factor) < 1)
          << factor;
    }
  }
}

/// The bound of stage 1 by its formula in docs/Numerics.md: one token, one
/// expert, and so few weights that the sums are g and u themselves.
TEST(Metrics, TheBoundOfStage1IsTheFormulas) {
  const double step = 1 / 16777216.;
  const double g = -1.5, u = 3; // codes 3 with the sign, and 5
  std::vector<uint8_t> codes(32 * 16, 0), scales(32, 127);
  codes[0] = 0xB;
  codes[16 * 16] = 5;
  std::vector<uint16_t> x(32, 0);
  x[0] = encodeBF16(1);
  int32_t id = 0;
  MoEGemm gemm;
  gemm.tokens = gemm.topk = gemm.experts = 1;
  gemm.n = gemm.k = 32;
  gemm.codes = codes.data();
  gemm.scales = scales.data();
  gemm.ids = &id;
  gemm.x = x.data();
  gemm.xPerSlot = false;
  auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (Activation kind :
       {Activation::Silu, Activation::Swiglu, Activation::Situv2}) {
    bool swiglu = kind == Activation::Swiglu, silu = kind == Activation::Silu;
    double scaled = swiglu ? 1.702 * g : g;
    double gate = (silu || swiglu ? g : 4 * std::tanh(g / 4)) * sigmoid(scaled);
    double up = silu ? u : swiglu ? u + 1 : 25 * std::tanh(u / 25);
    double dg = 8 * step * std::sqrt(32.) * 1.5;
    double du = 8 * step * std::sqrt(32.) * 3;
    double ofGate =
        1.25 * dg + (16 + 2 * std::fabs(scaled) * sigmoid(-scaled)) * step *
                        std::fabs(gate);
    double ofUp = du + (silu ? 0 : 16 * step * up);
    double expected = ofGate * up + ofUp * std::fabs(gate) + ofGate * ofUp +
                      2 * step * std::fabs(gate * up);
    GoldenResult golden =
        goldenStage1(gemm, defaultActivation(kind), nullptr, FloatType::F32);
    EXPECT_NEAR(golden.value[0], gate * up, 1e-12);
    EXPECT_NEAR(golden.magnitude[0], expected, 1e-3 * expected);
  }
}

TEST(Metrics, WhatOverflowsOnTheWayMayDoSo) {
  // A product of 2^127 and its opposite in f32: 0, or what an order makes of
  // it. An infinite weight besides makes an infinity of all orders but those.
  ErrorModel model = makeModel(FloatType::F32, false);
  EXPECT_TRUE(accepts(model, oneElement(0, 0, 4e38), INFINITY));
  EXPECT_TRUE(accepts(model, oneElement(0, 0, 4e38), NAN));
  EXPECT_TRUE(accepts(model, oneElement(INFINITY, 0, 4e38), NAN));
  EXPECT_FALSE(accepts(model, oneElement(INFINITY, 0, 4e38), 1));
  EXPECT_FALSE(accepts(model, oneElement(INFINITY, 0, 3e38), NAN));
  EXPECT_FALSE(accepts(model, oneElement(NAN, 0, 4e38), INFINITY));
}

TEST(Metrics, ChecksumSeesAWrongRow) {
  GoldenResult golden = oneElement(300, 300, 300, 300);
  std::vector<float> out(100, 3);
  ErrorModel model = makeModel(FloatType::F32, false);
  EXPECT_TRUE(compareChecksum(model, golden, out.data(), 100).pass);
  out[50] = 3.01f;
  EXPECT_FALSE(compareChecksum(model, golden, out.data(), 100).pass);
}

namespace {
/// Stage 1 of one token and one expert, I = 16, computed in float like a
/// kernel would: sums in order of K, the activation in float.
struct FloatStage1 {
  static constexpr int k = 256, inter = 16;
  std::vector<uint8_t> codes, scales;
  std::vector<uint16_t> x;
  int32_t id = 0;
  MoEGemm gemm;

  explicit FloatStage1(unsigned seed) {
    std::mt19937 random(seed);
    codes.resize(2 * inter * k / 2);
    scales.resize(2 * inter * k / 32);
    for (uint8_t &code : codes)
      code = static_cast<uint8_t>(random());
    for (uint8_t &scale : scales)
      scale = static_cast<uint8_t>(118 + random() % 6);
    for (int i = 0; i < k; ++i)
      x.push_back(encodeBF16(int(random() % 512) / 256. - 1));
    gemm.tokens = gemm.topk = gemm.experts = 1;
    gemm.n = 2 * inter;
    gemm.k = k;
    gemm.codes = codes.data();
    gemm.scales = scales.data();
    gemm.ids = &id;
    gemm.x = x.data();
    gemm.xPerSlot = false;
  }

  float sum(int row) const {
    float total = 0;
    for (int i = 0; i < k; ++i) {
      uint8_t byte = codes[row * k / 2 + i / 2];
      double w = dequantize(i % 2 ? byte >> 4 : byte & 15,
                            scales[row * k / 32 + i / 32]);
      total += static_cast<float>(w) * static_cast<float>(decodeBF16(x[i]));
    }
    return total;
  }

  std::vector<float> output(const ActivationParams &params,
                            bool swapped) const {
    std::vector<float> out;
    float limit = static_cast<float>(params.limit);
    for (int i = 0; i < inter; ++i) {
      float g = sum(swapped ? inter + i : i), u = sum(swapped ? i : inter + i);
      g = std::min(g, limit);
      u = std::max(std::min(u, limit), -limit);
      float alpha =
          params.kind == Activation::Swiglu ? float(params.alpha) : 1.0f;
      float sigmoid = 1 / (1 + std::exp(-alpha * g));
      float beta = float(params.beta), linear = float(params.linearBeta);
      if (params.kind == Activation::Situv2)
        out.push_back(beta * std::tanh(g / beta) * sigmoid * linear *
                      std::tanh(u / linear));
      else
        out.push_back(g * sigmoid *
                      (params.kind == Activation::Swiglu ? u + 1 : u));
    }
    return out;
  }
};
} // namespace

TEST(Metrics, AFloatStage1IsWithinItsBoundASwappedOneIsNot) {
  ErrorModel model = makeModel(FloatType::F32, false);
  model.k = FloatStage1::k;
  for (Activation kind :
       {Activation::Silu, Activation::Swiglu, Activation::Situv2})
    for (unsigned seed = 0; seed < 50; ++seed) {
      FloatStage1 stage(seed);
      ActivationParams params = defaultActivation(kind);
      GoldenResult golden =
          goldenStage1(stage.gemm, params, nullptr, FloatType::F32);
      std::vector<float> right = stage.output(params, false);
      std::vector<float> swapped = stage.output(params, true);
      EXPECT_EQ(compare(model, golden, right.data(), nullptr, true).wrong, 0);
      EXPECT_GT(compare(model, golden, swapped.data(), nullptr, true).wrong, 8);
    }
}
