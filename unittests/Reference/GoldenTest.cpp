//===- GoldenTest.cpp - the layer's formulas on problems done by hand -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problems small enough to compute on paper, and a naive triple loop written
// for the test that shares no code with the golden products.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Golden.h"
#include "moe/Reference/MXFP4.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace moe::reference;

namespace {
/// A problem with its storage.
struct Problem {
  MoEGemm gemm;
  std::vector<uint8_t> codes, scales;
  std::vector<float> bias, weights;
  std::vector<int32_t> ids;
  std::vector<uint16_t> x;

  Problem(int tokens, int topk, int experts, int n, int k, bool xPerSlot) {
    gemm.tokens = tokens;
    gemm.topk = topk;
    gemm.experts = experts;
    gemm.n = n;
    gemm.k = k;
    gemm.xPerSlot = xPerSlot;
    codes.assign(experts * n * k / 2, 0);
    scales.assign(experts * n * k / 32, 127);
    bias.assign(experts * n, 0);
    weights.assign(tokens * topk, 1);
    ids.assign(tokens * topk, 0);
    x.assign((xPerSlot ? tokens * topk : tokens) * k, 0);
  }
  MoEGemm &get() {
    gemm.codes = codes.data();
    gemm.scales = scales.data();
    gemm.bias = bias.data();
    gemm.weights = weights.data();
    gemm.ids = ids.data();
    gemm.x = x.data();
    return gemm;
  }
  void randomize(unsigned seed) {
    std::mt19937 random(seed);
    for (uint8_t &c : codes)
      c = random();
    for (uint8_t &s : scales)
      s = 120 + random() % 12;
    for (float &b : bias)
      b = int(random() % 64) / 8.f - 4;
    for (float &w : weights)
      w = int(random() % 16) / 16.f;
    for (int32_t &id : ids)
      id = int(random() % (gemm.experts + 1)) - (random() % 8 == 0);
    for (uint16_t &v : x)
      v = encodeBF16(int(random() % 256) / 64. - 2);
  }
  /// x . w + bias for a pair, by the definition.
  double product(int pair, int column, double *magnitude = nullptr) const {
    const double fp4[8] = {0, .5, 1, 1.5, 2, 3, 4, 6};
    int e = ids[pair];
    int64_t row = e * gemm.n + column;
    double sum = 0, abs = 0;
    for (int k = 0; k < gemm.k; ++k) {
      int byte = codes[row * gemm.k / 2 + k / 2];
      int code = k % 2 ? byte >> 4 : byte & 15;
      double w = (code & 8 ? -1 : 1) * fp4[code & 7] *
                 std::pow(2., scales[row * gemm.k / 32 + k / 32] - 127);
      int64_t xRow = gemm.xPerSlot ? pair : pair / gemm.topk;
      double a = decodeBF16(x[xRow * gemm.k + k]);
      sum += a * w;
      abs += std::fabs(a * w);
    }
    double b = bias[row];
    if (magnitude)
      *magnitude = abs + std::fabs(b);
    return sum + b;
  }
  bool isRouted(int pair) const {
    return ids[pair] >= 0 && ids[pair] < gemm.experts;
  }
};
} // namespace

TEST(Golden, Stage2BiasComesBeforeTheWeight) {
  Problem p(1, 1, 1, 1, 32, true);
  p.codes[0] = 0x42; // w[0] = 1, w[1] = 2
  p.scales[0] = 128; // times 2
  p.x[0] = encodeBF16(3);
  p.x[1] = encodeBF16(-0.5);
  p.bias[0] = 0.25;
  p.weights[0] = 0.5;
  GoldenResult r = goldenStage2(p.get(), true, nullptr, FloatType::BF16);
  // (2*3 - 4*0.5 + 0.25) * 0.5 and (6 + 2 + 0.25) * 0.5.
  EXPECT_EQ(r.value[0], 2.125);
  EXPECT_EQ(r.sum[0], 2.125);
  EXPECT_EQ(r.magnitude[0], 4.125);
  EXPECT_EQ(r.routed[0], 1);
}

TEST(Golden, Stage2AccumulatesSlotsOntoTheInitialContents) {
  Problem p(2, 2, 2, 1, 32, true);
  p.codes[0] = 0x02;                // expert 0: w[0] = 1
  p.codes[16] = 0x0C;               // expert 1: w[0] = -2
  p.ids = {0, 1, /**/ -1, 7};       // token 1 goes nowhere
  p.x[0] = p.x[32] = encodeBF16(4); // both slots of token 0
  std::vector<float> initial = {10, -3};
  GoldenResult r = goldenStage2(p.get(), true, initial.data(), FloatType::F32);
  EXPECT_EQ(r.value, (std::vector<double>{10 + 4 - 8, -3}));
  EXPECT_EQ(r.sum, (std::vector<double>{22, 3}));
  EXPECT_EQ(r.routed, (std::vector<int32_t>{2, 0}));
  std::vector<float> stores = {1, 2, 3, 4};
  r = goldenStage2(p.get(), false, stores.data(), FloatType::F32);
  EXPECT_EQ(r.value, (std::vector<double>{4, -8, 3, 4}));
}

TEST(Golden, Stage2AgreesWithANaiveLoop) {
  Problem p(9, 3, 4, 24, 96, true);
  p.randomize(1);
  for (unsigned threads : {1u, 3u}) {
    p.gemm.threads = threads;
    GoldenResult acc = goldenStage2(p.get(), true, nullptr, FloatType::BF16);
    GoldenResult plain = goldenStage2(p.get(), false, nullptr, FloatType::BF16);
    for (int t = 0; t < 9; ++t)
      for (int n = 0; n < 24; ++n) {
        double sum = 0;
        for (int pair = 3 * t; pair < 3 * t + 3; ++pair) {
          double magnitude = 0;
          double v = p.isRouted(pair)
                         ? p.product(pair, n, &magnitude) * p.weights[pair]
                         : 0;
          sum += v;
          EXPECT_NEAR(plain.value[pair * 24 + n], v, 1e-9);
          EXPECT_NEAR(plain.magnitude[pair * 24 + n],
                      magnitude * p.weights[pair], 1e-9);
        }
        EXPECT_NEAR(acc.value[t * 24 + n], sum, 1e-9);
      }
  }
}

/// A mask renames the experts and hides some; a local token count hides the
/// last tokens: the same numbers as with ids that name the local experts
/// directly.
TEST(Golden, MaskedExpertsAndLocalTokens) {
  Problem p(9, 3, 4, 16, 64, true);
  p.randomize(11);
  const std::vector<int32_t> mask = {0, 1, 0, -5, 1, 0, 7};
  const int32_t local[] = {-1, 0, -1, 1, 2, -1, 3};
  std::vector<int32_t> global(p.ids);
  for (size_t i = 0; i < global.size(); ++i) {
    global[i] = int32_t(i * 5 % 9) - 1; // -1 and 7 are nobody's
    bool named = global[i] >= 0 && global[i] < 7 && i < 7 * 3;
    p.ids[i] = named ? local[global[i]] : -1;
  }
  for (bool accumulate : {true, false}) {
    GoldenResult direct =
        goldenStage2(p.get(), accumulate, nullptr, FloatType::F32);
    GoldenResult directSum =
        goldenStage2Checksum(p.get(), accumulate, nullptr, FloatType::F32);
    MoEGemm masked = p.get();
    masked.ids = global.data();
    masked.expertMask = mask.data();
    masked.globalExperts = 7;
    masked.localTokens = 7;
    GoldenResult result =
        goldenStage2(masked, accumulate, nullptr, FloatType::F32);
    EXPECT_EQ(result.value, direct.value);
    EXPECT_EQ(result.routed, direct.routed);
    EXPECT_EQ(
        goldenStage2Checksum(masked, accumulate, nullptr, FloatType::F32).value,
        directSum.value);
    EXPECT_EQ(result.routed.back(), 0); // a token that is not local
  }
}

// 32 products of 1 and 32 of -1: as one contribution their sum is 0, in two the
// partial sums are 32 and -32; the bias belongs to the first.
TEST(Golden, CutsOfKAddTheirOwnPartialSums) {
  Problem p(1, 1, 1, 1, 64, true);
  std::fill_n(p.codes.begin(), 16, 0x22);
  std::fill_n(p.codes.begin() + 16, 16, 0xAA);
  p.x.assign(64, encodeBF16(1));
  p.bias[0] = 4;
  GoldenResult whole = goldenStage2(p.get(), true, nullptr, FloatType::F32);
  p.gemm.cuts = {32};
  GoldenResult cut = goldenStage2(p.get(), true, nullptr, FloatType::F32);
  EXPECT_EQ(whole.value[0], 4);
  EXPECT_EQ(cut.value[0], 4);
  EXPECT_EQ(whole.sum[0], 4);
  EXPECT_EQ(cut.sum[0], 36 + 32);
}

TEST(Golden, WantedRowsAreTheSameRows) {
  Problem p(9, 3, 4, 8, 64, true);
  p.randomize(2);
  GoldenResult all = goldenStage2(p.get(), false, nullptr, FloatType::F16);
  std::vector<int64_t> wanted = {2, 5, 26};
  GoldenResult some = goldenStage2(p.get(), false, nullptr, FloatType::F16,
                                   Wanted{&wanted, nullptr});
  ASSERT_EQ(some.value.size(), 24u);
  for (int i = 0; i < 3; ++i)
    for (int n = 0; n < 8; ++n)
      EXPECT_EQ(some.value[i * 8 + n], all.value[wanted[i] * 8 + n]);
}

TEST(Golden, WantedColumnsAreTheSameColumns) {
  Problem p(9, 3, 4, 8, 64, true);
  p.randomize(2);
  std::vector<float> initial(9 * 8, 0.5f);
  GoldenResult all =
      goldenStage2(p.get(), true, initial.data(), FloatType::F32);
  std::vector<int64_t> cols = {1, 6};
  GoldenResult some = goldenStage2(p.get(), true, initial.data(),
                                   FloatType::F32, Wanted{nullptr, &cols});
  ASSERT_EQ(some.value.size(), 18u);
  EXPECT_EQ(some.outCols, 8);
  for (int t = 0; t < 9; ++t)
    for (int j = 0; j < 2; ++j)
      EXPECT_EQ(some.value[t * 2 + j], all.value[t * 8 + cols[j]]);
}

TEST(Golden, ChecksumIsTheSumOfTheRows) {
  for (bool accumulate : {true, false}) {
    Problem p(12, 2, 5, 16, 64, true);
    p.randomize(3);
    int64_t rows = accumulate ? 12 : 24;
    std::vector<float> initial(rows * 16);
    for (size_t i = 0; i < initial.size(); ++i)
      initial[i] = float(i % 7) - 3;
    GoldenResult all =
        goldenStage2(p.get(), accumulate, initial.data(), FloatType::F32);
    GoldenResult check = goldenStage2Checksum(p.get(), accumulate,
                                              initial.data(), FloatType::F32);
    for (int n = 0; n < 16; ++n) {
      double sum = 0, magnitude = 0;
      for (int64_t r = 0; r < rows; ++r) {
        sum += all.value[r * 16 + n];
        magnitude += all.magnitude[r * 16 + n];
      }
      EXPECT_NEAR(check.value[n], sum, 1e-9);
      EXPECT_NEAR(check.magnitude[n], magnitude, 1e-9);
    }
  }
}

TEST(Golden, NaNScaleAndInfinityReachTheOutput) {
  Problem p(1, 1, 1, 2, 32, true);
  p.scales = {255, 254};
  p.codes[16] = 0x07; // 6 * 2^127: infinity
  p.x[0] = encodeBF16(-1);
  GoldenResult r = goldenStage2(p.get(), true, nullptr, FloatType::BF16);
  EXPECT_TRUE(std::isnan(r.value[0]));
  EXPECT_EQ(r.value[1], -INFINITY);
}

TEST(Golden, ActivationsByHand) {
  ActivationParams silu = defaultActivation(Activation::Silu);
  EXPECT_EQ(activate(silu, 0, 5), 0);
  EXPECT_NEAR(activate(silu, 1, 2), 2 * 0.7310585786300049, 1e-15);
  EXPECT_NEAR(activate(silu, 100, -3), -300, 1e-12);
  silu.limit = 2;
  EXPECT_NEAR(activate(silu, 100, -3), -2 * 2 * 0.8807970779778823, 1e-14);

  ActivationParams swiglu = defaultActivation(Activation::Swiglu);
  // g = 7 (clamped), u = -7 (clamped): 7 * sigmoid(11.914) * -6.
  EXPECT_NEAR(activate(swiglu, 9, -20), -42 / (1 + std::exp(-11.914)), 1e-12);
  // No lower clamp of the gate: -20 * sigmoid(-34.04) * (0.5 + 1).
  EXPECT_NEAR(activate(swiglu, -20, 0.5), -30 / (1 + std::exp(34.04)), 1e-25);
  EXPECT_TRUE(std::isnan(activate(swiglu, NAN, 1)));
  EXPECT_TRUE(std::isnan(activate(swiglu, 1, NAN)));

  ActivationParams situ = defaultActivation(Activation::Situv2);
  // 4 tanh(1/4) / (1 + 1/e) * 25 tanh(2/25)
  EXPECT_NEAR(activate(situ, 1, 2),
              4 * 0.24491866240370913 * 0.7310585786300049 * 25 *
                  0.07982976911113136,
              1e-9);
}

TEST(Golden, Stage1TakesGateRowsThenUpRows) {
  Problem p(5, 2, 3, 32, 64, false);
  p.randomize(4);
  ActivationParams swiglu = defaultActivation(Activation::Swiglu);
  GoldenResult r = goldenStage1(p.get(), swiglu, nullptr, FloatType::BF16);
  for (int pair = 0; pair < 10; ++pair)
    for (int i = 0; i < 16; ++i) {
      double expected = 0;
      if (p.isRouted(pair)) {
        double g = std::fmin(p.product(pair, i), 7);
        double u = std::fmax(std::fmin(p.product(pair, 16 + i), 7), -7);
        expected = g / (1 + std::exp(-1.702 * g)) * (u + 1) * p.weights[pair];
      }
      EXPECT_NEAR(r.value[pair * 16 + i], expected, 1e-9);
      EXPECT_EQ(r.routed[pair], p.isRouted(pair));
    }
}

TEST(Golden, Stage1WantedPartIsThatPart) {
  Problem p(5, 2, 3, 32, 64, false);
  p.randomize(4);
  ActivationParams silu = defaultActivation(Activation::Silu);
  GoldenResult all = goldenStage1(p.get(), silu, nullptr, FloatType::BF16);
  std::vector<int64_t> rows = {0, 3, 9}, cols = {2, 5, 6, 11, 15};
  GoldenResult some = goldenStage1(p.get(), silu, nullptr, FloatType::BF16,
                                   Wanted{&rows, &cols});
  ASSERT_EQ(some.value.size(), 15u);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 5; ++j) {
      EXPECT_EQ(some.value[i * 5 + j], all.value[rows[i] * 16 + cols[j]]);
      EXPECT_EQ(some.magnitude[i * 5 + j],
                all.magnitude[rows[i] * 16 + cols[j]]);
    }
}

TEST(Golden, LayerIsStage2OnStage1) {
  Problem up(4, 2, 3, 64, 64, false), down(4, 2, 3, 16, 32, true);
  up.randomize(5);
  down.randomize(6);
  down.ids = up.ids;
  ActivationParams silu = defaultActivation(Activation::Silu);
  up.get().weights = nullptr;
  GoldenResult layer =
      goldenLayer(up.gemm, silu, down.get(), nullptr, FloatType::BF16);
  // By hand, on stage 1's exact values, and on what bfloat16 makes of them.
  Problem exact = down, rounded = down;
  std::vector<double> inter(8 * 32);
  for (int pair = 0; pair < 8; ++pair)
    for (int i = 0; i < 32; ++i) {
      double g = up.isRouted(pair) ? up.product(pair, i) : 0;
      double u = up.isRouted(pair) ? up.product(pair, 32 + i) : 0;
      inter[pair * 32 + i] = g / (1 + std::exp(-g)) * u;
      rounded.x[pair * 32 + i] = encodeBF16(inter[pair * 32 + i]);
    }
  double largest = 0;
  for (int t = 0; t < 4; ++t)
    for (int n = 0; n < 16; ++n) {
      double sum = 0, other = 0, most = 0;
      for (int pair = 2 * t; pair < 2 * t + 2; ++pair) {
        if (!down.isRouted(pair))
          continue;
        // One unit activation after the other gives the weights of column n.
        for (int i = 0; i < 32; ++i) {
          Problem unit = down;
          unit.bias.assign(unit.bias.size(), 0);
          std::fill(unit.x.begin(), unit.x.end(), uint16_t(0));
          unit.x[pair * 32 + i] = encodeBF16(1);
          double w = unit.product(pair, n) * down.weights[pair];
          sum += w * inter[pair * 32 + i];
          most += std::fabs(w * inter[pair * 32 + i]) / 256;
        }
        double bias = down.bias[down.ids[pair] * 16 + n] * down.weights[pair];
        sum += bias;
        other += rounded.product(pair, n) * down.weights[pair];
      }
      size_t at = t * 16 + n;
      EXPECT_NEAR(layer.value[at], sum, 1e-9 * (1 + std::fabs(sum)));
      EXPECT_LE(std::fabs(other - sum), layer.inputError[at]);
      // Half a unit in the last place of bfloat16, and a little of f32.
      EXPECT_GE(layer.inputError[at], most);
      EXPECT_LE(layer.inputError[at], 1.2 * most + 1e-6);
      largest = std::max(largest, layer.inputError[at]);
    }
  EXPECT_GT(largest, 0);
  // Some tokens are those tokens.
  std::vector<int64_t> tokens = {1, 3};
  GoldenResult some =
      goldenLayer(up.gemm, silu, down.get(), nullptr, FloatType::BF16, &tokens);
  ASSERT_EQ(some.value.size(), 32u);
  for (int n = 0; n < 16; ++n) {
    EXPECT_EQ(some.value[n], layer.value[16 + n]);
    EXPECT_EQ(some.inputError[16 + n], layer.inputError[48 + n]);
  }
}
