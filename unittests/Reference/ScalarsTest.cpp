//===- ScalarsTest.cpp - number formats against the tables of the standards -=//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expected values are written out by hand or come from the compiler's own
// float arithmetic, never from the code under test.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Scalars.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace moe::reference;

static float floatOfBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

TEST(Scalars, E2M1CodesAreTheTable) {
  const double table[16] = {0,   0.5,  1,  1.5,  2,  3,  4,  6,
                            -0., -0.5, -1, -1.5, -2, -3, -4, -6};
  for (int code = 0; code < 16; ++code) {
    EXPECT_EQ(decodeE2M1(code), table[code]);
    EXPECT_EQ(std::signbit(decodeE2M1(code)), code >= 8);
    EXPECT_EQ(encodeE2M1(table[code]), code);
  }
}

TEST(Scalars, E2M1RoundsTiesToTheEvenCodeAndSaturates) {
  EXPECT_EQ(encodeE2M1(0.25), 0);
  EXPECT_EQ(encodeE2M1(0.2500001), 1);
  EXPECT_EQ(encodeE2M1(0.75), 2);
  EXPECT_EQ(encodeE2M1(1.25), 2);
  EXPECT_EQ(encodeE2M1(1.75), 4);
  EXPECT_EQ(encodeE2M1(2.5), 4);
  EXPECT_EQ(encodeE2M1(3.5), 6);
  EXPECT_EQ(encodeE2M1(5.0), 6);
  EXPECT_EQ(encodeE2M1(5.01), 7);
  EXPECT_EQ(encodeE2M1(1e30), 7);
  EXPECT_EQ(encodeE2M1(-3.49), 13);
  EXPECT_EQ(encodeE2M1(-0.1), 8);
}

TEST(Scalars, E8M0IsAPowerOfTwoAndFFIsNaN) {
  EXPECT_EQ(decodeE8M0(127), 1.0);
  EXPECT_EQ(decodeE8M0(128), 2.0);
  EXPECT_EQ(decodeE8M0(126), 0.5);
  EXPECT_EQ(decodeE8M0(0), floatOfBits(0x00400000)); // 2^-127, subnormal
  EXPECT_EQ(decodeE8M0(254), floatOfBits(0x7F000000));
  EXPECT_TRUE(std::isnan(decodeE8M0(255)));
}

TEST(Scalars, DequantizeOverflowsWhereBFloat16Does) {
  EXPECT_EQ(dequantize(5, 253), std::ldexp(3.0, 126)); // still finite
  EXPECT_EQ(dequantize(6, 253), INFINITY);
  EXPECT_EQ(dequantize(15, 253), -INFINITY);
  EXPECT_EQ(dequantize(3, 254), std::ldexp(1.5, 127));
  EXPECT_EQ(dequantize(4, 254), INFINITY);
  EXPECT_EQ(dequantize(7, 252), std::ldexp(6.0, 125));
  EXPECT_TRUE(std::isnan(dequantize(0, 255)));
  EXPECT_EQ(dequantize(0, 254), 0);
}

TEST(Scalars, BF16DecodesAsTheUpperHalfOfAFloat) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    float expected = floatOfBits(bits << 16);
    double got = decodeBF16(static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(got)) << bits;
      continue;
    }
    EXPECT_EQ(got, expected) << bits;
    EXPECT_EQ(encodeBF16(got), bits);
  }
}

TEST(Scalars, BF16RoundsToNearestEven) {
  EXPECT_EQ(encodeBF16(floatOfBits(0x3F808000)), 0x3F80); // tie, even below
  EXPECT_EQ(encodeBF16(floatOfBits(0x3F818000)), 0x3F82); // tie, even above
  EXPECT_EQ(encodeBF16(floatOfBits(0x3F808001)), 0x3F81);
  EXPECT_EQ(encodeBF16(floatOfBits(0x3FFFFFFF)), 0x4000); // carry to exponent
  EXPECT_EQ(encodeBF16(floatOfBits(0x7F7F8000)), 0x7F80); // overflow
  EXPECT_EQ(encodeBF16(floatOfBits(0x7F7F7FFF)), 0x7F7F);
  EXPECT_EQ(encodeBF16(std::ldexp(-1.0, 200)), 0xFF80);
  EXPECT_EQ(encodeBF16(-INFINITY), 0xFF80);
  EXPECT_EQ(encodeBF16(NAN) & 0x7FFF, 0x7FC0);
  EXPECT_EQ(encodeBF16(std::ldexp(1.0, -134)), 0); // tie at half a subnormal
  EXPECT_EQ(encodeBF16(std::ldexp(1.5, -134)), 1);
  EXPECT_EQ(encodeBF16(std::ldexp(-1.5, -133)), 0x8002);
  // From the double at once: through a float this would be a false tie.
  EXPECT_EQ(encodeBF16(1 + std::ldexp(1.0, -8) + std::ldexp(1.0, -40)), 0x3F81);
}

TEST(Scalars, F16AgreesWithTheCompilersHalf) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    _Float16 expected;
    std::memcpy(&expected, &half, 2);
    double got = decodeF16(half);
    if (got != got) {
      EXPECT_TRUE(static_cast<float>(expected) != static_cast<float>(expected));
      continue;
    }
    EXPECT_EQ(got, static_cast<double>(expected)) << bits;
    EXPECT_EQ(encodeF16(got), bits);
  }
  EXPECT_EQ(encodeF16(65519.99), 0x7BFF);
  EXPECT_EQ(encodeF16(65520), 0x7C00);
  EXPECT_EQ(encodeF16(std::ldexp(1.0, -25)), 0);
  EXPECT_EQ(encodeF16(std::ldexp(1.1, -25)), 1);
  EXPECT_EQ(encodeF16(2049), 0x6800); // between 2048 and 2050
  EXPECT_EQ(encodeF16(2051), 0x6802);
}

TEST(Scalars, LoadAndStoreKeepTheType) {
  unsigned char bytes[12] = {};
  storeFloat(FloatType::BF16, bytes, 1, 1.0);
  EXPECT_EQ(bytes[2], 0x80);
  EXPECT_EQ(bytes[3], 0x3F);
  storeFloat(FloatType::F16, bytes, 2, 1.0);
  EXPECT_EQ(bytes[5], 0x3C);
  storeFloat(FloatType::F32, bytes, 2, -2.0);
  EXPECT_EQ(bytes[11], 0xC0);
  EXPECT_EQ(loadFloat(FloatType::BF16, bytes, 1), 1.0);
  EXPECT_EQ(loadFloat(FloatType::F32, bytes, 2), -2.0);
}

TEST(Scalars, OverflowThresholdIsWhereEncodingGivesInfinity) {
  double bf16 = overflowThreshold(FloatType::BF16);
  EXPECT_EQ(encodeBF16(bf16), 0x7F80);
  EXPECT_EQ(encodeBF16(std::nextafter(bf16, 0)), 0x7F7F);
  double f16 = overflowThreshold(FloatType::F16);
  EXPECT_EQ(encodeF16(f16), 0x7C00);
  EXPECT_EQ(encodeF16(std::nextafter(f16, 0)), 0x7BFF);
  double f32 = overflowThreshold(FloatType::F32);
  EXPECT_TRUE(std::isfinite(static_cast<float>(std::nextafter(f32, 0))));
  EXPECT_TRUE(std::isinf(static_cast<float>(f32)));
}
