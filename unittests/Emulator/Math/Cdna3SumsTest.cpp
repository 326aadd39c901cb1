// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sums of --mfma-arithmetic cdna3 on values for which each rule of the
// published model decides the result; the results are worked out by hand.

#include "Math/Cdna3Sums.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <vector>

using namespace moe::emulator::math;

namespace {

uint32_t bitsOf(float x) {
  uint32_t u;
  std::memcpy(&u, &x, 4);
  return u;
}

/// Element (0, 0) of a 16 x 16 product of K = a.size(), a multiple of 4 lane
/// groups, with the other elements zero.
float product(MatType type, std::vector<double> a, std::vector<double> b,
              double c) {
  std::vector<uint32_t> left(detail::maxItems * 64),
      right(detail::maxItems * 64), d(4 * 64);
  a.resize(type == MatType::FP8 ? 32 : 16);
  b.resize(a.size());
  detail::MfmaJob job = {};
  job.m = job.n = 16;
  job.blocks = 1;
  job.groups = 4;
  job.items = unsigned(a.size()) / 4;
  for (unsigned k = 0; k != a.size(); ++k) {
    unsigned at = k % job.items * 64 + 16 * (k / job.items);
    left[at] = bitsOf(float(a[k]));
    right[at] = bitsOf(float(b[k]));
  }
  job.a = reinterpret_cast<const detail::ItemRow *>(left.data());
  job.b = reinterpret_cast<const detail::ItemRow *>(right.data());
  job.cConstant = bitsOf(float(c));
  job.d = reinterpret_cast<RegRow *>(d.data());
  cdna3Product(job, type, type);
  float result;
  std::memcpy(&result, d.data(), 4);
  return result;
}

double two(int exponent) { return std::ldexp(1.0, exponent); }

TEST(Cdna3Sums, ProductsAreCutOffAt24BitsBelowTheLargest) {
  std::vector<double> a(8, 1.5 * two(-12)), b(8, two(-12));
  a[0] = b[0] = 1;
  // Seven times 2^-24 instead of 1.5 * 2^-24, rounded once.
  EXPECT_EQ(product(MatType::F16, a, b, 0), float(1 + 4 * two(-23)));
}

TEST(Cdna3Sums, GroupsAreRoundedOneAfterTheOther) {
  std::vector<double> a(16, 0), b(16, 1);
  a[0] = 1;
  a[1] = two(-14); // exact in its group
  a[8] = 1;
  EXPECT_EQ(product(MatType::F16, a, b, 0), float(2 + two(-14)));
  a[1] = 0;
  a[9] = two(-14);
  b[9] = two(-10); // half of the last place of 2, a tie, to even
  EXPECT_EQ(product(MatType::F16, a, b, 0), 2.0f);
}

TEST(Cdna3Sums, TheAddendIsFloored) {
  EXPECT_EQ(product(MatType::BF16, {1}, {1}, -1.5 * two(-25)),
            float(1 - two(-24)));
  EXPECT_EQ(product(MatType::BF16, {1}, {1}, 1.5 * two(-25)), 1.0f);
}

TEST(Cdna3Sums, AnAddendFarBelow8BitProductsIsZero) {
  // 25 exponents below it is floored, 26 below it is gone.
  EXPECT_EQ(product(MatType::FP8, {1}, {1}, -two(-25)), float(1 - two(-24)));
  EXPECT_EQ(product(MatType::FP8, {1}, {1}, -two(-26)), 1.0f);
}

TEST(Cdna3Sums, AZeroFactorCountsWithExponentMinus126) {
  double x = (1 + two(-7)) * two(-60);
  // 2^-120 * (1 + 2^-6 + 2^-14): all of it beside 0 * 1, of exponent -126; its
  // last bit is cut off beside 0 * 2^20, of exponent -106.
  EXPECT_EQ(product(MatType::BF16, {x, 0}, {x, 1}, 0), float(x * x));
  EXPECT_EQ(product(MatType::BF16, {x, 0}, {x, two(20)}, 0),
            float((1 + two(-6)) * two(-120)));
}

TEST(Cdna3Sums, EvenAndOddProductsOfEightBitTypesAreFlooredApart) {
  // The odd sum, -2^-20, becomes -2^-10 beside the even one of exponent 14.
  EXPECT_EQ(product(MatType::FP8, {240, -two(-10)}, {240, two(-10)}, -57600),
            float(-two(-10)));
}

TEST(Cdna3Sums, ProductsBeyondTheRangeAreInfinite) {
  EXPECT_EQ(product(MatType::BF16, {two(64)}, {two(64)}, 0), INFINITY);
  EXPECT_TRUE(std::isnan(
      product(MatType::BF16, {two(64), -two(64)}, {two(64), two(64)}, 0)));
}

} // namespace
