//===- RunCheckTest.cpp - a wrong output is found -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The comparison of a whole run accepts the rounded reference and rejects every
// kind of damage, with all elements compared and with samples.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCheck.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

namespace {
/// A problem and the output that the reference itself would have rounded.
struct Solved {
  Problem problem;
  std::vector<uint8_t> out;

  Solved(int64_t tokens, bool accumulate, OutType type = OutType::BF16) {
    KernelOptions options;
    options.modelDim = 96;
    options.interDim = 64;
    options.experts = 6;
    options.topk = 2;
    options.accumulate = accumulate;
    options.outType = type;
    problem = cantFail(
        generateProblem(options, tokens, Routing::Uniform, /*seed=*/3));
    problem.ids[10] = problem.ids[11] = -1; // token 5 goes nowhere
    int64_t first = accumulate ? 5 : 10, last = accumulate ? 5 : 11;
    for (int64_t i = first * 96; i < (last + 1) * 96; ++i)
      reference::storeFloat(problem.outType(), problem.initial.data(), i, 0.5);
    reference::GoldenResult golden = reference::goldenStage2(
        problem.gemm(1), accumulate, problem.initial.data(), problem.outType());
    out.resize(size_t(problem.outBytes()));
    for (size_t i = 0; i < golden.value.size(); ++i)
      reference::storeFloat(problem.outType(), out.data(), int64_t(i),
                            golden.value[i]);
  }
  bool good() const {
    return checkStage(problem, out.data(), 2).pass() && sample().pass();
  }
  /// With few products, so that above 256 tokens rows are sampled.
  CheckResult sample() const {
    return checkStage(problem, out.data(), 1, CheckLimits{1, 1});
  }
  double get(int64_t row, int64_t col) const {
    return reference::loadFloat(problem.outType(), out.data(), row * 96 + col);
  }
  void set(int64_t row, int64_t col, double value) {
    reference::storeFloat(problem.outType(), out.data(), row * 96 + col, value);
  }
};
} // namespace

TEST(RunCheck, TheRoundedReferenceIsRight) {
  for (int64_t tokens : {9, 300})
    for (bool accumulate : {true, false})
      for (OutType type : {OutType::BF16, OutType::F16, OutType::F32})
        EXPECT_TRUE(Solved(tokens, accumulate, type).good());
}

TEST(RunCheck, OneWrongElementIsFound) {
  for (bool accumulate : {true, false}) {
    Solved solved(9, accumulate);
    double value = solved.get(3, 95);
    solved.set(3, 95, value + 0.1 * (std::fabs(value) + 1));
    CheckResult result = checkStage(solved.problem, solved.out.data(), 1);
    EXPECT_FALSE(result.pass());
    EXPECT_EQ(result.total().wrong, 1);
    EXPECT_EQ(result.total().worstRow, 3);
    EXPECT_EQ(result.total().worstCol, 95);
    solved.set(3, 95, NAN);
    EXPECT_FALSE(solved.good());
  }
}

TEST(RunCheck, AChangedRowWithoutARouteIsFound) {
  Solved solved(9, true);
  double value = solved.get(5, 0);
  solved.set(5, 0, value * (1 + 1.0 / 128)); // one unit in the last place
  EXPECT_FALSE(solved.good());
}

TEST(RunCheck, SamplesSeeEveryRow) {
  for (int64_t row : {0, 123, 298, 299}) {
    Solved solved(300, true);
    for (int64_t col = 0; col < 96; ++col)
      solved.set(row, col, solved.get(row, (col + 1) % 96));
    EXPECT_FALSE(checkStage(solved.problem, solved.out.data(), 1).pass());
    CheckResult result = solved.sample();
    EXPECT_FALSE(result.pass());
    EXPECT_EQ(result.sampledRows, 64);
    EXPECT_EQ(result.sampledCols, 32);
  }
}

TEST(RunCheck, SamplesSeeEveryColumn) {
  for (int64_t col : {0, 31, 50, 95}) {
    Solved solved(300, false);
    for (int64_t row = 0; row < 600; ++row)
      solved.set(row, col, solved.get((row + 1) % 600, col));
    EXPECT_FALSE(checkStage(solved.problem, solved.out.data(), 1).pass());
    EXPECT_FALSE(solved.sample().pass());
  }
}

TEST(RunCheck, FewProductsAreAllCompared) {
  Solved solved(300, true);
  CheckResult all = checkStage(solved.problem, solved.out.data(), 1);
  EXPECT_FALSE(all.sampled());
  EXPECT_EQ(all.total().compared, 299 * 96); // token 5 goes nowhere
  EXPECT_TRUE(solved.sample().sampled());
}

/// One element that no sample has: a NaN of a generated problem, and a change
/// where nothing is routed.
TEST(RunCheck, SamplesSeeEveryNaNAndEveryChangedElement) {
  for (bool accumulate : {true, false}) {
    Solved solved(300, accumulate);
    int seen = 0;
    int elements = 0;
    for (int64_t col = 0; col < 96; col += 5, ++elements) {
      double value = solved.get(150, col);
      solved.set(150, col, NAN);
      CheckResult result = solved.sample();
      EXPECT_FALSE(result.pass());
      EXPECT_EQ(result.unwritten, 1);
      seen += result.total().wrong;
      solved.set(150, col, value);
    }
    EXPECT_LT(seen, elements); // the sample alone would have missed some
    int64_t row = accumulate ? 5 : 10;
    for (int64_t col = 0; col < 96; col += 5) {
      double value = solved.get(row, col);
      solved.set(row, col, -value);
      EXPECT_EQ(solved.sample().changed, 1);
      solved.set(row, col, value);
    }
  }
}

/// Stage 1 has no sums that see every element: all are compared. One value of
/// 600 x 64 is wrong and finite, each time another.
TEST(RunCheck, AnyWrongValueOfStage1IsFound) {
  KernelOptions options;
  options.kernel = KernelKind::Gemm1;
  options.modelDim = 96;
  options.interDim = 64;
  options.experts = 6;
  options.topk = 2;
  Problem problem = cantFail(
      generateProblem(options, /*tokens=*/300, Routing::Skewed, /*seed=*/5));
  reference::GoldenResult golden =
      reference::goldenStage1(problem.gemm(1), activationOf(options),
                              problem.initial.data(), problem.outType());
  std::vector<uint8_t> out(size_t(problem.outBytes()));
  for (size_t i = 0; i < golden.value.size(); ++i)
    reference::storeFloat(problem.outType(), out.data(), int64_t(i),
                          golden.value[i]);
  CheckResult right = checkStage(problem, out.data(), 2);
  EXPECT_TRUE(right.pass());
  EXPECT_FALSE(right.sampled());
  EXPECT_EQ(right.total().compared, 600 * 64);
  for (int64_t at = 17; at < 600 * 64; at += 2399) {
    std::vector<uint8_t> wrong = out;
    double value = golden.value[size_t(at)];
    reference::storeFloat(problem.outType(), wrong.data(), at,
                          value + 0.02 * std::fabs(value) + 1);
    CheckResult found = checkStage(problem, wrong.data(), 2);
    EXPECT_EQ(found.total().wrong, 1);
    EXPECT_EQ(found.total().worstRow, at / 64);
    EXPECT_EQ(found.total().worstCol, at % 64);
  }
}

/// Nor is stage 2 sampled before 1e11 products: of 5e9, whose column sums are
/// those of 600 rows, one element is wrong by little more than its bound.
TEST(RunCheck, AWrongValueOfALargerStage2IsFound) {
  KernelOptions options;
  options.modelDim = 2048;
  options.interDim = 2048;
  options.experts = 2;
  options.topk = 2;
  options.accumulate = false;
  Problem problem = cantFail(
      generateProblem(options, /*tokens=*/600, Routing::Uniform, /*seed=*/6));
  reference::GoldenResult golden = reference::goldenStage2(
      problem.gemm(2), false, problem.initial.data(), problem.outType());
  std::vector<uint8_t> out(size_t(problem.outBytes()));
  for (size_t i = 0; i < golden.value.size(); ++i)
    reference::storeFloat(problem.outType(), out.data(), int64_t(i),
                          golden.value[i]);
  const int64_t at = 777 * 2048 + 1234;
  double value = golden.value[size_t(at)];
  reference::storeFloat(problem.outType(), out.data(), at,
                        value + 0.02 * std::fabs(value) + 0.01);
  CheckResult found = checkStage(problem, out.data(), 2);
  EXPECT_FALSE(found.sampled());
  EXPECT_FALSE(found.pass());
  EXPECT_EQ(found.total().wrong, 1);
  EXPECT_EQ(found.total().worstRow, 777);
  EXPECT_EQ(found.total().worstCol, 1234);
}

/// Rows that no local expert computes are compared as bytes and not sampled.
TEST(RunCheck, SparseOutputsAreSampledWhereSomethingIs) {
  KernelOptions options;
  options.modelDim = 96;
  options.interDim = 64;
  options.experts = 2;
  options.topk = 2;
  options.accumulate = false;
  Sharding sharding;
  sharding.mask = randomMask(2, 64, 1);
  Problem problem = cantFail(generateProblem(options, 3000, Routing::Uniform,
                                             /*seed=*/4, sharding));
  reference::GoldenResult golden = reference::goldenStage2(
      problem.gemm(1), false, problem.initial.data(), problem.outType());
  std::vector<uint8_t> out(size_t(problem.outBytes()));
  std::memcpy(out.data(), problem.initial.data(), out.size());
  int64_t routed = 0, firstOther = -1;
  for (size_t row = 0; row < golden.routed.size(); ++row) {
    if (!golden.routed[row] && firstOther < 0)
      firstOther = int64_t(row);
    routed += golden.routed[row] != 0;
    for (size_t i = row * 96; golden.routed[row] && i < (row + 1) * 96; ++i)
      reference::storeFloat(problem.outType(), out.data(), int64_t(i),
                            golden.value[i]);
  }
  CheckResult all = checkStage(problem, out.data(), 1);
  EXPECT_TRUE(all.pass());
  EXPECT_EQ(all.total().compared, routed * 96);
  CheckResult some = checkStage(problem, out.data(), 1, CheckLimits{1, 1});
  EXPECT_TRUE(some.pass());
  EXPECT_EQ(some.elements.compared, 64 * 96);
  out[size_t(firstOther * 96 * 2)] ^= 1;
  EXPECT_EQ(checkStage(problem, out.data(), 1).changed, 1);
  EXPECT_FALSE(checkStage(problem, out.data(), 1).pass());
}

/// What the flags of the activation mean to the reference, which does not ask
/// the driver what it tells the kernel: the kinds' defaults by the formats'
/// description, and each flag by itself.
TEST(RunCheck, TheActivationOfTheReferenceFollowsTheFlags) {
  KernelOptions options;
  options.kernel = KernelKind::Gemm1;
  options.act = Activation::Swiglu;
  reference::ActivationParams params = activationOf(options);
  EXPECT_EQ(params.kind, reference::Activation::Swiglu);
  EXPECT_EQ(params.alpha, double(1.702f));
  EXPECT_EQ(params.limit, 7);
  options.alpha = 0.5f;
  options.limit = 2.0f;
  EXPECT_EQ(activationOf(options).alpha, 0.5);
  EXPECT_EQ(activationOf(options).limit, 2);
  for (Activation act : {Activation::Silu, Activation::Situv2}) {
    KernelOptions other;
    other.act = act;
    EXPECT_TRUE(std::isinf(activationOf(other).limit));
  }
  options.act = Activation::Situv2;
  EXPECT_EQ(activationOf(options).beta, 4);
  EXPECT_EQ(activationOf(options).linearBeta, 25);
  options.beta = 3.0f;
  options.linearBeta = 9.0f;
  EXPECT_EQ(activationOf(options).beta, 3);
  EXPECT_EQ(activationOf(options).linearBeta, 9);
}

/// Both stages of a layer, and what the reference would have made of them.
struct SolvedLayer {
  Problem up, down;
  std::vector<uint8_t> out;

  explicit SolvedLayer(int64_t tokens) {
    KernelOptions options;
    options.modelDim = 96;
    options.interDim = 64;
    options.experts = 6;
    options.topk = 2;
    options.kernel = KernelKind::Gemm1;
    up = generate(options, tokens);
    options.kernel = KernelKind::Gemm2;
    down = generate(options, tokens);
    reference::GoldenResult first = reference::goldenStage1(
        up.gemm(1), activationOf(up.options), nullptr, up.outType());
    for (size_t i = 0; i < first.value.size(); ++i)
      reference::storeFloat(reference::FloatType::BF16, down.x.data(),
                            int64_t(i), first.value[i]);
    reference::GoldenResult golden = reference::goldenStage2(
        down.gemm(1), true, down.initial.data(), down.outType());
    out.resize(size_t(down.outBytes()));
    for (size_t i = 0; i < golden.value.size(); ++i)
      reference::storeFloat(down.outType(), out.data(), int64_t(i),
                            golden.value[i]);
  }
  static Problem generate(const KernelOptions &options, int64_t tokens) {
    return cantFail(
        generateProblem(options, tokens, Routing::Uniform, /*seed=*/3));
  }
  CheckResult check(CheckLimits limits = CheckLimits()) const {
    return checkLayer(up, down, out.data(), 2, limits);
  }
};

TEST(RunCheck, TheRoundedLayerIsRight) {
  for (int64_t tokens : {9, 300}) {
    SolvedLayer layer(tokens);
    CheckResult result = layer.check();
    EXPECT_TRUE(result.pass()) << result.elements.maxBoundRatio;
    EXPECT_EQ(result.sampledRows, tokens);
    // The bound is of use: what is left out of it is not far from it.
    EXPECT_GT(result.elements.maxBoundRatio, 0.01);
    EXPECT_EQ(layer.check({1, 1, 1}).sampledRows,
              std::min<int64_t>(tokens, 64));
  }
}

TEST(RunCheck, ALayerOnAnotherTokensRowsIsFound) {
  SolvedLayer layer(9);
  reference::storeFloat(layer.down.outType(), layer.out.data(), 3 * 96 + 7,
                        40 + reference::loadFloat(layer.down.outType(),
                                                  layer.out.data(),
                                                  3 * 96 + 7));
  EXPECT_EQ(layer.check().elements.wrong, 1);
  SolvedLayer swapped(9);
  size_t row = 96 * 2;
  for (size_t i = 0; i < row; ++i)
    std::swap(swapped.out[i], swapped.out[row + i]);
  EXPECT_FALSE(swapped.check().pass());
}
