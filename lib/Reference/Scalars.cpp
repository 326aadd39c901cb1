//===- Scalars.cpp - the number formats of the kernels, in plain maths ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoding and encoding by arithmetic on the value (frexp, ldexp, nearbyint on
// exact quotients) rather than on bit patterns, so that this file shares no
// trick with an implementation it may have to judge.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Scalars.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace moe::reference;

static constexpr double kE2M1[8] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

double moe::reference::decodeE2M1(uint8_t code) {
  double magnitude = kE2M1[code & 7];
  return code & 8 ? -magnitude : magnitude;
}

uint8_t moe::reference::encodeE2M1(double value) {
  if (std::isnan(value))
    return 0;
  double magnitude = std::fabs(value);
  // Above the midpoint of two neighbours the larger one is nearer; on it the
  // even code wins.
  int code = 0;
  while (code < 7) {
    double middle = (kE2M1[code] + kE2M1[code + 1]) / 2;
    bool up = magnitude > middle || (magnitude == middle && code % 2 == 1);
    if (!up)
      break;
    ++code;
  }
  return static_cast<uint8_t>(code | (std::signbit(value) ? 8 : 0));
}

double moe::reference::decodeE8M0(uint8_t byte) {
  if (byte == 0xFF)
    return std::numeric_limits<double>::quiet_NaN();
  return std::ldexp(1.0, int(byte) - 127);
}

double moe::reference::dequantize(uint8_t code, uint8_t scale) {
  double product = decodeE2M1(code) * decodeE8M0(scale);
  if (std::fabs(product) >= std::ldexp(1.0, 128))
    return std::copysign(std::numeric_limits<double>::infinity(), product);
  return product;
}

//===----------------------------------------------------------------------===//
// Binary interchange formats: one sign bit, `expBits`, `fracBits`.
//===----------------------------------------------------------------------===//

namespace {
struct Format {
  int expBits, fracBits;
  int bias() const { return (1 << (expBits - 1)) - 1; }
  int minExponent() const { return 1 - bias(); }
};
} // namespace

static constexpr Format kBF16{8, 7};
static constexpr Format kF16{5, 10};

static double decode(Format format, uint16_t bits) {
  int fraction = bits & ((1 << format.fracBits) - 1);
  int exponent = (bits >> format.fracBits) & ((1 << format.expBits) - 1);
  double sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == (1 << format.expBits) - 1)
    return fraction ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0)
    return sign * std::ldexp(fraction, format.minExponent() - format.fracBits);
  return sign * std::ldexp(fraction + (1 << format.fracBits),
                           exponent - format.bias() - format.fracBits);
}

static uint16_t encode(Format format, double value) {
  unsigned sign = std::signbit(value) ? 0x8000u : 0;
  unsigned infinity = ((1u << format.expBits) - 1) << format.fracBits;
  if (std::isnan(value))
    return static_cast<uint16_t>(infinity | (1u << (format.fracBits - 1)));
  double magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return static_cast<uint16_t>(sign | infinity);
  int exponent;
  std::frexp(magnitude, &exponent); // magnitude in [2^(exponent-1), 2^exponent)
  exponent = magnitude == 0 ? format.minExponent() : exponent - 1;
  if (exponent < format.minExponent())
    exponent = format.minExponent();
  // In units of the last place; the quotient is exact, so it is rounded once.
  double units =
      std::nearbyint(std::ldexp(magnitude, format.fracBits - exponent));
  // The code of the format's non-negative numbers grows by one for each unit.
  uint64_t code = static_cast<uint64_t>(units) +
                  (static_cast<uint64_t>(exponent - format.minExponent())
                   << format.fracBits);
  if (code > infinity)
    code = infinity;
  return static_cast<uint16_t>(sign | code);
}

double moe::reference::decodeBF16(uint16_t bits) { return decode(kBF16, bits); }
uint16_t moe::reference::encodeBF16(double value) {
  return encode(kBF16, value);
}
double moe::reference::decodeF16(uint16_t bits) { return decode(kF16, bits); }
uint16_t moe::reference::encodeF16(double value) { return encode(kF16, value); }

double moe::reference::unitRoundoff(FloatType type) {
  switch (type) {
  case FloatType::BF16:
    return std::ldexp(1.0, -8);
  case FloatType::F16:
    return std::ldexp(1.0, -11);
  case FloatType::F32:
    break;
  }
  return std::ldexp(1.0, -24);
}

double moe::reference::smallestSubnormal(FloatType type) {
  switch (type) {
  case FloatType::BF16:
    return std::ldexp(1.0, -133);
  case FloatType::F16:
    return std::ldexp(1.0, -24);
  case FloatType::F32:
    break;
  }
  return std::ldexp(1.0, -149);
}

double moe::reference::overflowThreshold(FloatType type) {
  switch (type) {
  case FloatType::BF16:
    return std::ldexp(1.0, 128) - std::ldexp(1.0, 119);
  case FloatType::F16:
    return 65520.0;
  case FloatType::F32:
    break;
  }
  return std::ldexp(1.0, 128) - std::ldexp(1.0, 103);
}

int moe::reference::byteWidth(FloatType type) {
  return type == FloatType::F32 ? 4 : 2;
}

double moe::reference::loadFloat(FloatType type, const void *data,
                                 int64_t index) {
  const char *at = static_cast<const char *>(data) + index * byteWidth(type);
  if (type == FloatType::F32) {
    float value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, at, sizeof(bits));
  return type == FloatType::BF16 ? decodeBF16(bits) : decodeF16(bits);
}

void moe::reference::storeFloat(FloatType type, void *data, int64_t index,
                                double value) {
  char *at = static_cast<char *>(data) + index * byteWidth(type);
  if (type == FloatType::F32) {
    float rounded = static_cast<float>(value);
    std::memcpy(at, &rounded, sizeof(rounded));
    return;
  }
  uint16_t bits =
      type == FloatType::BF16 ? encodeBF16(value) : encodeF16(value);
  std::memcpy(at, &bits, sizeof(bits));
}
