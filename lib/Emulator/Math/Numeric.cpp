// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The conversions of Numeric.h that are not worth inlining: any rounding
// direction, stochastic rounding, and the formats of 8 bits and fewer.

#include "Math/Numeric.h"
#include <array>
#include <cmath>

namespace moe::emulator::math {

namespace {

/// A binary format by its numbers. `maxCode` is the largest finite magnitude.
struct Format {
  int mantissa;     ///< stored mantissa bits
  int minExp;       ///< exponent of the smallest normal
  uint32_t maxCode; ///< largest finite magnitude
  uint32_t sign;    ///< sign bit
};

constexpr Format f32Format = {23, -126, 0x7f7fffffu, 0x80000000u};
constexpr Format f16Format = {10, -14, 0x7bffu, 0x8000u};
constexpr Format bf16Format = {7, -126, 0x7f7fu, 0x8000u};
Format formatOf(SmallFormat format) {
  const NarrowFormat f = narrowFormat(format);
  return {int(f.mantissa), 1 - int(f.bias), f.maxCode, f.sign};
}

int exponentOf(double magnitude) {
  int field = int(f64ToBits(magnitude) >> 52) & 0x7ff;
  return field == 0 ? -1074 : field - 1023;
}

double powerOfTwo(int e) { return std::ldexp(1.0, e); }

/// The magnitude in units of the format's last place at that magnitude; exact.
/// The code of `q` such units is `(e - minExp) << mantissa` + q, carries and
/// denormals included.
struct Scaled {
  double q;
  double base;
};
Scaled scaleTo(const Format &f, double magnitude) {
  int e = exponentOf(magnitude);
  if (e < f.minExp)
    e = f.minExp;
  return {std::ldexp(magnitude, f.mantissa - e),
          std::ldexp(double(e - f.minExp), f.mantissa)};
}

double roundUnits(double q, bool negative, Round round) {
  switch (round) {
  case Round::NearestEven: {
    double down = std::floor(q), rest = q - down;
    bool odd = std::fmod(down, 2.0) != 0;
    return rest > 0.5 || (rest == 0.5 && odd) ? down + 1 : down;
  }
  case Round::Up:
    return negative ? std::floor(q) : std::ceil(q);
  case Round::Down:
    return negative ? std::ceil(q) : std::floor(q);
  case Round::Zero:
    return std::floor(q);
  }
  return q;
}

/// True when overflow in this direction stops at the largest finite value.
bool stopsAtMax(bool negative, Round round) {
  return round == Round::Zero || (round == Round::Up && negative) ||
         (round == Round::Down && !negative);
}

/// Finite value to an IEEE format (infinity is `maxCode + 1`).
uint32_t roundFinite(const Format &f, double value, Round round, bool ovfl) {
  bool negative = std::signbit(value);
  uint32_t sign = negative ? f.sign : 0;
  Scaled s = scaleTo(f, std::fabs(value));
  double code = s.base + roundUnits(s.q, negative, round);
  if (code > f.maxCode)
    return sign |
           (ovfl || stopsAtMax(negative, round) ? f.maxCode : f.maxCode + 1);
  return sign | uint32_t(code);
}

} // namespace

uint32_t f32ToF16(float f, Round round, bool ovfl) {
  if (!std::isfinite(f))
    return f32ToF16(f);
  return roundFinite(f16Format, f, round, ovfl);
}

uint32_t f32ToBf16(float f, Round round) {
  if (!std::isfinite(f))
    return f32ToBf16(f);
  return roundFinite(bf16Format, f, round, false);
}

float f64ToF32(double d, Round round) {
  if (std::isnan(d)) {
    uint64_t u = f64ToBits(d);
    return bitsToF32(uint32_t(u >> 32 & 0x80000000u) | 0x7fc00000u |
                     uint32_t(u >> 29 & 0x3fffffu));
  }
  if (std::isinf(d))
    return float(d);
  return bitsToF32(roundFinite(f32Format, d, round, false));
}

uint32_t f64ToF16(double d, Round round, bool ovfl) {
  if (!std::isfinite(d))
    return f32ToF16(f64ToF32(d, Round::NearestEven));
  return roundFinite(f16Format, d, round, ovfl);
}

double addToOdd(double p, double c) {
  double s = p + c;
  if (!std::isfinite(s))
    return s;
  double part = s - p, error = (p - (s - part)) + (c - part);
  if (error != 0 && !(f64ToBits(s) & 1))
    s = std::nextafter(s, error > 0 ? INFINITY : -INFINITY);
  return s;
}

float fmaScaled(float a, float b, float c, int exponent) {
  return float(std::ldexp(addToOdd(double(a) * b, c), exponent));
}

double fmaScaled(double a, double b, double c, int exponent) {
  double r = std::fma(a, b, c);
  if (!std::isfinite(r))
    return r;
  double scaled = std::ldexp(r, exponent);
  if (std::fabs(scaled) >= 0x1p-1022 || std::isinf(scaled))
    return scaled; // nothing was cut off by the scaling
  // A denormal result: r's own rounding error decides ties. The first multiple
  // below has no error, so its distance to the sum is exact enough to see a
  // sign.
  double unit = std::ldexp(0x1p-1074, -exponent);
  double down = std::floor(std::fabs(r) / unit) * unit;
  double rest = std::fma(r < 0 ? -a : a, b, r < 0 ? -c - down : c - down);
  double steps = std::floor(std::fabs(r) / unit);
  if (rest < 0) { // r was rounded up onto a multiple
    rest += unit;
    steps -= 1;
  }
  bool odd = std::fmod(steps, 2.0) != 0;
  if (rest > unit / 2 || (rest == unit / 2 && odd))
    steps += 1;
  return std::copysign(std::ldexp(steps, -1074), r);
}

namespace {
/// A sum of nonzero terms that cancels is -0 when rounding down.
double signZero(double sum, bool cancelled, Round round) {
  return sum == 0 && cancelled && round == Round::Down ? -0.0 : sum;
}
} // namespace

uint32_t addF16(uint32_t a, uint32_t b, Round round, bool ovfl) {
  double x = f16ToF32(a), y = f16ToF32(b);
  bool opposite = std::signbit(x) != std::signbit(y);
  return f64ToF16(signZero(x + y, opposite, round), round, ovfl);
}

uint32_t mulF16(uint32_t a, uint32_t b, Round round, bool ovfl) {
  return f64ToF16(double(f16ToF32(a)) * f16ToF32(b), round, ovfl);
}

uint32_t fmaF16(uint32_t a, uint32_t b, uint32_t c, Round round, bool ovfl) {
  double p = double(f16ToF32(a)) * f16ToF32(b), z = f16ToF32(c);
  bool opposite = std::signbit(p) != std::signbit(z);
  return f64ToF16(signZero(addToOdd(p, z), opposite, round), round, ovfl);
}

//===----------------------------------------------------------------------===//
// Small formats
//===----------------------------------------------------------------------===//

namespace {

float decodeSlow(SmallFormat format, uint32_t code) {
  const Format f = formatOf(format);
  bool negative = code & f.sign;
  uint32_t mag = code & (f.sign - 1);
  if (format == SmallFormat::FP8Fnuz || format == SmallFormat::BF8Fnuz) {
    if (code == 0x80)
      return bitsToF32(0x7fc00000u);
  } else if (format == SmallFormat::BF8 && mag >= 0x7c) {
    return bitsToF32((negative ? 0x80000000u : 0) |
                     (mag == 0x7c ? 0x7f800000u : 0x7fc00000u));
  } else if (format == SmallFormat::FP8 && mag == 0x7f) {
    return bitsToF32((negative ? 0x80000000u : 0) | 0x7fc00000u);
  }
  uint32_t field = mag >> f.mantissa;
  uint32_t fraction = mag & ((1u << f.mantissa) - 1);
  double units = field ? fraction + powerOfTwo(f.mantissa) : fraction;
  int e = f.minExp - f.mantissa + (field ? int(field) - 1 : 0);
  float value = float(std::ldexp(units, e));
  return negative ? -value : value;
}

using Table = std::array<float, 256>;

std::array<Table, 7> makeTables() {
  std::array<Table, 7> tables;
  for (unsigned f = 0; f != 7; ++f)
    for (unsigned c = 0; c != 256; ++c)
      tables[f][c] = decodeSlow(SmallFormat(f),
                                c & (2 * formatOf(SmallFormat(f)).sign - 1));
  return tables;
}

uint8_t nanCode(SmallFormat format, uint32_t sign) {
  const NarrowFormat f = narrowFormat(format);
  return uint8_t(f.fnuz ? f.nan : sign | f.nan);
}

uint8_t overflowCode(SmallFormat format, uint32_t sign, bool saturate) {
  const NarrowFormat f = narrowFormat(format);
  if (saturate)
    return uint8_t(sign | f.maxCode);
  return uint8_t(f.fnuz ? f.overflow : sign | f.overflow);
}

uint8_t finish(SmallFormat format, uint32_t sign, double code, bool saturate) {
  const Format f = formatOf(format);
  if (code > f.maxCode)
    return overflowCode(format, sign, saturate);
  if (code == 0 && narrowFormat(format).fnuz)
    return 0; // there is no -0
  return uint8_t(sign | uint32_t(code));
}

} // namespace

const float *smallTable(SmallFormat format) {
  static const std::array<Table, 7> tables = makeTables();
  return tables[unsigned(format)].data();
}

uint8_t encodeSmall(SmallFormat format, double value, bool saturate) {
  const Format f = formatOf(format);
  uint32_t sign = std::signbit(value) ? f.sign : 0;
  if (std::isnan(value))
    return nanCode(format, sign);
  if (std::isinf(value))
    return overflowCode(format, sign, saturate);
  Scaled s = scaleTo(f, std::fabs(value));
  if (s.q == 0)
    return finish(format, sign, 0, saturate);
  double units = roundUnits(s.q, false, Round::NearestEven);
  return finish(format, sign, s.base + units, saturate);
}

uint8_t encodeSmallSR(SmallFormat format, double value, uint32_t random,
                      bool saturate, unsigned sourceMantissa) {
  const Format f = formatOf(format);
  uint32_t sign = std::signbit(value) ? f.sign : 0;
  if (std::isnan(value))
    return nanCode(format, sign);
  if (std::isinf(value))
    return overflowCode(format, sign, saturate);
  Scaled s = scaleTo(f, std::fabs(value));
  int dropped = int(sourceMantissa) - f.mantissa;
  double units =
      std::floor(std::ldexp(s.q, dropped)) + double(random >> (32 - dropped));
  double code = s.base + std::floor(std::ldexp(units, -dropped));
  return finish(format, sign, s.q == 0 ? 0 : code, saturate);
}

} // namespace moe::emulator::math
