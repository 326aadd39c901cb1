// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables and conversions of BufferFormat.h.

#include "Math/BufferFormat.h"
#include "Math/Numeric.h"

#include <cmath>

namespace moe::emulator::math {

const ElementLayout &elementLayout(unsigned dataFormat) {
  // The names of formats give the highest bits first: 2_10_10_10 has X, Y and Z
  // of 10 bits and W of 2 at the top.
  static const ElementLayout layouts[16] = {
      {0, 0, {0, 0, 0, 0}},      // invalid
      {1, 1, {8, 0, 0, 0}},      // 8
      {1, 2, {16, 0, 0, 0}},     // 16
      {2, 2, {8, 8, 0, 0}},      // 8_8
      {1, 4, {32, 0, 0, 0}},     // 32
      {2, 4, {16, 16, 0, 0}},    // 16_16
      {3, 4, {11, 11, 10, 0}},   // 10_11_11
      {3, 4, {10, 11, 11, 0}},   // 11_11_10
      {4, 4, {2, 10, 10, 10}},   // 10_10_10_2
      {4, 4, {10, 10, 10, 2}},   // 2_10_10_10
      {4, 4, {8, 8, 8, 8}},      // 8_8_8_8
      {2, 8, {32, 32, 0, 0}},    // 32_32
      {4, 8, {16, 16, 16, 16}},  // 16_16_16_16
      {3, 12, {32, 32, 32, 0}},  // 32_32_32
      {4, 16, {32, 32, 32, 32}}, // 32_32_32_32
      {0, 0, {0, 0, 0, 0}}};
  return layouts[dataFormat & 15];
}

bool hasNumberFormat(unsigned bits, NumberFormat format) {
  if (format == NumberFormat::Reserved)
    return false;
  if (format == NumberFormat::Float)
    return bits == 32 || bits == 16 || bits == 11 || bits == 10;
  return bits != 32 || isIntegerFormat(format);
}

/// Unsigned floats: 5 bits of exponent, the rest mantissa.
static float smallUnsigned(uint32_t raw, unsigned bits) {
  return f16ToF32(raw << (15 - bits));
}

static int32_t signExtend(uint32_t raw, unsigned bits) {
  return int32_t(raw << (32 - bits)) >> (32 - bits);
}

uint32_t fromChannel(uint32_t raw, unsigned bits, NumberFormat format) {
  double top = std::ldexp(1.0, int(bits)) - 1;
  double topSigned = std::ldexp(1.0, int(bits) - 1) - 1;
  switch (format) {
  case NumberFormat::Unorm:
    return f32ToBits(float(raw / top));
  case NumberFormat::Snorm: {
    double value = signExtend(raw, bits) / topSigned;
    return f32ToBits(float(value < -1 ? -1 : value));
  }
  case NumberFormat::Uscaled:
    return f32ToBits(float(raw));
  case NumberFormat::Sscaled:
    return f32ToBits(float(signExtend(raw, bits)));
  case NumberFormat::Sint:
    return uint32_t(signExtend(raw, bits));
  case NumberFormat::Float:
    return bits == 32   ? raw
           : bits == 16 ? f32ToBits(f16ToF32(raw))
                        : f32ToBits(smallUnsigned(raw, bits));
  case NumberFormat::Uint:
  case NumberFormat::Reserved:
    break;
  }
  return raw;
}

/// A float as an integer of the range; NaN is 0.
static uint32_t toRange(double value, double low, double high, unsigned bits) {
  double x = std::isnan(value) ? 0 : std::fmin(std::fmax(value, low), high);
  int64_t n = int64_t(std::nearbyint(x));
  return uint32_t(n) & uint32_t((uint64_t(1) << bits) - 1);
}

bool toChannel(uint32_t value, unsigned bits, NumberFormat format,
               uint32_t &raw) {
  double top = std::ldexp(1.0, int(bits)) - 1;
  double topSigned = std::ldexp(1.0, int(bits) - 1) - 1;
  double x = bitsToF32(value);
  auto clamped = [&](double low) { return x < low ? low : x > 1 ? 1 : x; };
  switch (format) {
  case NumberFormat::Unorm:
    raw = toRange(clamped(0) * top, 0, top, bits);
    return true;
  case NumberFormat::Snorm:
    raw = toRange(clamped(-1) * topSigned, -topSigned, topSigned, bits);
    return true;
  case NumberFormat::Uscaled:
    raw = toRange(x, 0, top, bits);
    return true;
  case NumberFormat::Sscaled:
    raw = toRange(x, -topSigned - 1, topSigned, bits);
    return true;
  case NumberFormat::Uint:
    raw = value;
    return bits == 32 || value >> bits == 0;
  case NumberFormat::Sint:
    raw = bits == 32 ? value : value & ((1u << bits) - 1);
    return bits == 32 || signExtend(raw, bits) == int32_t(value);
  case NumberFormat::Float:
    if (bits == 32) {
      raw = value;
      return true;
    }
    raw = f32ToF16(bitsToF32(value));
    if (bits == 16)
      return true;
    raw >>= 15 - bits;
    return f32ToBits(smallUnsigned(raw, bits)) == value;
  case NumberFormat::Reserved:
    break;
  }
  return false;
}

} // namespace moe::emulator::math
