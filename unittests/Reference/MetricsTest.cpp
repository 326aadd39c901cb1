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
  EXPECT_TRUE(
      accepts(model, oneElement(INFINITY, INFINITY, INFINITY), INFINITY));
  EXPECT_FALSE(
      accepts(model, oneElement(INFINITY, INFINITY, INFINITY), -INFINITY));
  EXPECT_FALSE(accepts(model, oneElement(INFINITY, INFINITY, INFINITY), 3e38));
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
  float out = 1.02f;
  ErrorReport report =
      compare(makeModel(FloatType::F32, false), golden, &out, nullptr);
  EXPECT_EQ(report.wrong, 0);
  EXPECT_FALSE(report.pass);
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
