// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions against the test's own formats: every code of every format, every
// midpoint between neighbours and the values just beside it.

#include "Math/Numeric.h"
#include "Formats.h"
#include "gtest/gtest.h"

using namespace moe::emulator::math;
namespace fmt = moe::test;

namespace {

const std::pair<SmallFormat, fmt::Format> smallFormats[] = {
    {SmallFormat::FP8, fmt::fp8},         {SmallFormat::BF8, fmt::bf8},
    {SmallFormat::FP8Fnuz, fmt::fp8Fnuz}, {SmallFormat::BF8Fnuz, fmt::bf8Fnuz},
    {SmallFormat::FP6, fmt::fp6},         {SmallFormat::BF6, fmt::bf6},
    {SmallFormat::FP4, fmt::fp4}};

void expectSame(double expected, float got, uint32_t code) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(got)) << "code " << code;
    return;
  }
  EXPECT_EQ(expected, double(got)) << "code " << code;
  EXPECT_EQ(std::signbit(expected), std::signbit(got)) << "code " << code;
}

TEST(Numeric, EveryF16Decodes) {
  for (uint32_t h = 0; h != 65536; ++h)
    expectSame(fmt::decode(fmt::f16, h), f16ToF32(h), h);
}

TEST(Numeric, EveryBf16Decodes) {
  for (uint32_t h = 0; h != 65536; ++h)
    expectSame(fmt::decode(fmt::bf16, h), bf16ToF32(h), h);
}

TEST(Numeric, EverySmallCodeDecodes) {
  for (auto [format, f] : smallFormats)
    for (uint32_t c = 0; c != 2 * f.signBit(); ++c)
      expectSame(fmt::decode(f, c), decodeSmall(format, c), c);
}

TEST(Numeric, LandmarksOfSmallFormats) {
  EXPECT_EQ(448.0f, decodeSmall(SmallFormat::FP8, 0x7e));
  EXPECT_EQ(240.0f, decodeSmall(SmallFormat::FP8Fnuz, 0x7f));
  EXPECT_EQ(57344.0f, decodeSmall(SmallFormat::BF8, 0x7b));
  EXPECT_EQ(57344.0f, decodeSmall(SmallFormat::BF8Fnuz, 0x7f));
  EXPECT_EQ(7.5f, decodeSmall(SmallFormat::FP6, 0x1f));
  EXPECT_EQ(28.0f, decodeSmall(SmallFormat::BF6, 0x1f));
  const float fp4[] = {0, .5f, 1, 1.5f, 2, 3, 4, 6};
  for (uint32_t c = 0; c != 8; ++c) {
    EXPECT_EQ(fp4[c], decodeSmall(SmallFormat::FP4, c));
    EXPECT_EQ(-fp4[c], decodeSmall(SmallFormat::FP4, c + 8));
  }
}

TEST(Numeric, EveryCodeSurvivesARoundTrip) {
  for (uint32_t h = 0; h != 65536; ++h) {
    EXPECT_EQ(quiet16(h), f32ToF16(f16ToF32(h)));
    bool nan = (h & 0x7fffu) > 0x7f80u;
    EXPECT_EQ(nan ? h | 0x40u : h, f32ToBf16(bf16ToF32(h)));
    for (Round r : {Round::Up, Round::Down, Round::Zero})
      EXPECT_EQ(quiet16(h), f32ToF16(f16ToF32(h), r));
  }
  for (auto [format, f] : smallFormats)
    for (uint32_t c = 0; c != 2 * f.signBit(); ++c) {
      double value = fmt::decode(f, c);
      if (!std::isnan(value))
        EXPECT_EQ(c, encodeSmall(format, value, false)) << f.bits() << " " << c;
    }
}

/// A midpoint and its two neighbours in f32, in both signs.
template <typename Encode>
void checkMidpoints(const fmt::Format &f, Encode encode) {
  const std::vector<double> &values = fmt::magnitudes(f);
  for (size_t i = 0; i + 1 != values.size(); ++i) {
    float mid = float((values[i] + values[i + 1]) / 2);
    ASSERT_EQ(double(mid), (values[i] + values[i + 1]) / 2);
    for (float x :
         {std::nextafter(mid, 0.0f), mid, std::nextafter(mid, 1e38f)}) {
      uint32_t expected = fmt::nearest(values, x);
      ASSERT_EQ(expected, encode(x)) << x;
      bool noMinusZero = f.special == fmt::Special::Fnuz && expected == 0;
      ASSERT_EQ(noMinusZero ? 0 : expected | f.signBit(), encode(-x)) << x;
    }
  }
}

TEST(Numeric, MidpointsRoundToEven) {
  checkMidpoints(fmt::f16, [](float x) { return f32ToF16(x); });
  checkMidpoints(fmt::f16,
                 [](float x) { return f32ToF16(x, Round::NearestEven); });
  checkMidpoints(fmt::bf16, [](float x) { return f32ToBf16(x); });
  checkMidpoints(fmt::bf16,
                 [](float x) { return f32ToBf16(x, Round::NearestEven); });
  for (auto [format, f] : smallFormats) {
    SmallFormat chosen = format;
    checkMidpoints(
        f, [=](float x) { return uint32_t(encodeSmall(chosen, x, true)); });
  }
}

TEST(Numeric, DirectedRoundingOfF16) {
  const std::vector<double> &values = fmt::magnitudes(fmt::f16);
  for (size_t i = 0; i + 1 != values.size(); ++i) {
    float x = float(values[i] + (values[i + 1] - values[i]) / 4);
    uint32_t lo = uint32_t(i), hi = lo + 1;
    ASSERT_EQ(hi, f32ToF16(x, Round::Up));
    ASSERT_EQ(lo, f32ToF16(x, Round::Down));
    ASSERT_EQ(lo, f32ToF16(x, Round::Zero));
    ASSERT_EQ(lo | 0x8000u, f32ToF16(-x, Round::Up));
    ASSERT_EQ(hi | 0x8000u, f32ToF16(-x, Round::Down));
    ASSERT_EQ(lo | 0x8000u, f32ToF16(-x, Round::Zero));
  }
}

TEST(Numeric, OverflowOfF16) {
  EXPECT_EQ(0x7bffu, f32ToF16(65519.996f));
  EXPECT_EQ(0x7c00u, f32ToF16(65520.0f));
  EXPECT_EQ(0x7c00u, f32ToF16(65520.0f, Round::NearestEven));
  EXPECT_EQ(0x7bffu, f32ToF16(65520.0f, Round::NearestEven, true));
  EXPECT_EQ(0x7bffu, f32ToF16(1e30f, Round::Zero));
  EXPECT_EQ(0x7bffu, f32ToF16(1e30f, Round::Down));
  EXPECT_EQ(0x7c00u, f32ToF16(1e30f, Round::Up));
  EXPECT_EQ(0xfbffu, f32ToF16(-1e30f, Round::Up));
  EXPECT_EQ(0xfc00u, f32ToF16(-1e30f, Round::Down));
  EXPECT_EQ(0x7c00u, f32ToF16(INFINITY, Round::Zero, true));
}

TEST(Numeric, OverflowAndNaNOfSmallFormats) {
  struct Case {
    SmallFormat format;
    double value;
    uint32_t plain, saturated;
  };
  const Case cases[] = {
      // 464 lies half-way to the next step above 448 and goes to even.
      {SmallFormat::FP8, 464, 0x7e, 0x7e},
      {SmallFormat::FP8, 465, 0x7f, 0x7e},
      {SmallFormat::FP8, -1e9, 0xff, 0xfe},
      {SmallFormat::FP8, INFINITY, 0x7f, 0x7e},
      {SmallFormat::BF8, 61439, 0x7b, 0x7b},
      {SmallFormat::BF8, 61440, 0x7c, 0x7b},
      {SmallFormat::BF8, -INFINITY, 0xfc, 0xfb},
      {SmallFormat::FP8Fnuz, 247, 0x7f, 0x7f},
      {SmallFormat::FP8Fnuz, 248, 0x80, 0x7f},
      {SmallFormat::FP8Fnuz, -1e9, 0x80, 0xff},
      {SmallFormat::BF8Fnuz, 1e9, 0x80, 0x7f},
      {SmallFormat::FP6, 100, 0x1f, 0x1f},
      {SmallFormat::BF6, -100, 0x3f, 0x3f},
      {SmallFormat::FP4, 1e9, 0x7, 0x7},
      {SmallFormat::FP4, -INFINITY, 0xf, 0xf},
  };
  for (const Case &c : cases) {
    EXPECT_EQ(c.plain, encodeSmall(c.format, c.value, false)) << c.value;
    EXPECT_EQ(c.saturated, encodeSmall(c.format, c.value, true)) << c.value;
  }
  EXPECT_EQ(0x7f, encodeSmall(SmallFormat::FP8, NAN, true));
  EXPECT_EQ(0x7e, encodeSmall(SmallFormat::BF8, NAN, true));
  EXPECT_EQ(0x80, encodeSmall(SmallFormat::FP8Fnuz, NAN, true));
  EXPECT_EQ(0x80, encodeSmall(SmallFormat::BF8Fnuz, NAN, true));
}

TEST(Numeric, StochasticRoundingIsAsOftenUpAsTheFractionSays) {
  for (auto [format, f] : smallFormats) {
    // A normal at 5/8 of the way, and a denormal at 3/8.
    double normal = 1 + std::ldexp(5, -f.mantissaBits - 3);
    double denormal = std::ldexp(3, 1 - f.bias - f.mantissaBits - 3);
    unsigned ups = 0, denormalUps = 0;
    uint32_t down = fmt::encodeExact(f, 1);
    for (uint32_t r = 0; r != 256; ++r) {
      uint32_t random = r << 24 | 0x5a5a5au;
      uint32_t code = encodeSmallSR(format, normal, random, false);
      ASSERT_TRUE(code == down || code == down + 1);
      ups += code == down + 1;
      code = encodeSmallSR(format, denormal, random, false);
      ASSERT_LE(code, 1u);
      denormalUps += code;
    }
    EXPECT_EQ(160u, ups);
    EXPECT_EQ(96u, denormalUps);
    EXPECT_EQ(down, encodeSmallSR(format, normal, 0, false));
  }
}

TEST(Numeric, StochasticRoundingUsesTheTopBits) {
  // f32 to E4M3 drops 20 bits: random[31:12] decides, random[11:0] does not.
  float x = bitsToF32(0x3f800001); // 1 + 2^-23
  EXPECT_EQ(0x38, encodeSmallSR(SmallFormat::FP8, x, 0xffffefff, false));
  EXPECT_EQ(0x39, encodeSmallSR(SmallFormat::FP8, x, 0xfffff000, false));
  EXPECT_EQ(0x3f80u, f32ToBf16SR(x, 0xfffe0000));
  EXPECT_EQ(0x3f81u, f32ToBf16SR(x, 0xffff0000));
}

TEST(Numeric, PackedAddsAreTwoRoundedAdditions) {
  const std::vector<double> &bf = fmt::magnitudes(fmt::bf16);
  const std::vector<double> &half = fmt::magnitudes(fmt::f16);
  fmt::Random random(1);
  auto check = [](const fmt::Format &f, const std::vector<double> &values,
                  uint32_t a, uint32_t b, uint32_t got) {
    double sum = fmt::decode(f, a) + fmt::decode(f, b); // exact: see callers
    uint32_t expected = fmt::nearest(values, std::fabs(sum));
    if (sum < 0 || (sum == 0 && (a & b & f.signBit())))
      expected |= f.signBit();
    EXPECT_EQ(expected, got) << a << " + " << b;
  };
  for (unsigned n = 0; n != 20000; ++n) {
    uint32_t a = uint32_t(random.next()), b = uint32_t(random.next());
    // Exponents within 32 of one another, denormals among them.
    uint32_t ba = (a & 0x8fff8fffu), bb = (b & 0x8fff8fffu);
    if (n % 4 == 0)
      ba &= 0x807f807fu, bb &= 0x80ff80ffu;
    uint32_t sum = pkAddBf16(ba, bb);
    check(fmt::bf16, bf, ba & 0xffff, bb & 0xffff, sum & 0xffff);
    check(fmt::bf16, bf, ba >> 16, bb >> 16, sum >> 16);
    uint32_t ha = a & 0xbbffbbffu, hb = b & 0xbbffbbffu;
    sum = pkAddF16(ha, hb);
    check(fmt::f16, half, ha & 0xffff, hb & 0xffff, sum & 0xffff);
    check(fmt::f16, half, ha >> 16, hb >> 16, sum >> 16);
  }
  EXPECT_EQ(0x7c003c00u, pkAddF16(0x7bff0000u, 0x7bff3c00u));
  EXPECT_EQ(0x7fc17f80u, pkAddBf16(0x7f817f80u, 0x00003f80u));
}

TEST(Numeric, DoubleToFloatRounds) {
  double x = 1 + 0x1p-24;
  EXPECT_EQ(1.0f, f64ToF32(x, Round::NearestEven));
  EXPECT_EQ(1.0f + 0x1p-23f, f64ToF32(x, Round::Up));
  EXPECT_EQ(1.0f + 0x1p-23f, f64ToF32(x + 0x1p-50, Round::NearestEven));
  EXPECT_EQ(-1.0f, f64ToF32(-x, Round::Up));
  EXPECT_EQ(0x1p-149f, f64ToF32(0x1p-1000, Round::Up));
  EXPECT_EQ(0.0f, f64ToF32(0x1p-150, Round::NearestEven));
  EXPECT_EQ(3.4028234663852886e38f, f64ToF32(1e300, Round::Zero));
  EXPECT_TRUE(std::isinf(f64ToF32(1e300, Round::NearestEven)));
  fmt::Random random(2);
  for (unsigned n = 0; n != 100000; ++n) {
    double d = bitsToF64((random.next() >> 1 & 0x07ffffffffffffffull) |
                         0x3800000000000000ull);
    EXPECT_EQ(float(d), f64ToF32(d, Round::NearestEven));
  }
}

TEST(Numeric, TiesOfScaledDenormalsRoundToEven) {
  const double least = 0x1p-1074;
  EXPECT_EQ(fmaScaled(2.5, 1.0, 0.0, -1074), 2 * least);
  EXPECT_EQ(fmaScaled(3.5, 1.0, 0.0, -1074), 4 * least);
  EXPECT_EQ(fmaScaled(-2.5, 1.0, 0.0, -1074), -2 * least);
  EXPECT_EQ(fmaScaled(2.5, 1.0, 0x1p-50, -1074), 3 * least);
}

TEST(Numeric, E8m0) {
  for (uint32_t b = 0; b != 255; ++b)
    EXPECT_EQ(std::ldexp(1.0, int(b) - 127), e8m0ToF32(b));
  EXPECT_TRUE(std::isnan(e8m0ToF32(255)));
}

} // namespace
