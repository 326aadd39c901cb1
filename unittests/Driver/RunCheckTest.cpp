//===- RunCheckTest.cpp - a wrong output is found -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The comparison of a whole run accepts the rounded reference and rejects every
// kind of damage, with all elements compared and with samples.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/RunCheck.h"
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
        generateProblem(options, tokens, Routing::Uniform, /*seed=*/3, 1));
    problem.ids[10] = problem.ids[11] = -1; // token 5 goes nowhere
    reference::GoldenResult golden = reference::goldenStage2(
        problem.gemm(1), accumulate, problem.initial.data(), problem.outType());
    out.resize(size_t(problem.outBytes()));
    for (size_t i = 0; i < golden.value.size(); ++i)
      reference::storeFloat(problem.outType(), out.data(), int64_t(i),
                            golden.value[i]);
  }
  bool good() const { return checkStage(problem, out.data(), 2).pass(); }
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

TEST(RunCheck, ATouchedRowWithoutARouteIsFound) {
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
    CheckResult result = checkStage(solved.problem, solved.out.data(), 1);
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
    EXPECT_FALSE(solved.good());
  }
}
