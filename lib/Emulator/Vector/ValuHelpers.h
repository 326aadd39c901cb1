//===- ValuHelpers.h - arithmetic of single lanes ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions that the opcode tables call for one lane, from the pseudo code
// of the ISA manuals. Branch-free where it helps the vectoriser.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_VALUHELPERS_H
#define MOE_LIB_EMULATOR_VECTOR_VALUHELPERS_H

#include "Vector/Lanes.h"
#include "Vector/NarrowFloats.h"

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

template <typename T>
inline T least(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
inline T most(T a, T b) {
  return a > b ? a : b;
}
template <typename T>
inline T middle(T a, T b, T c) {
  return most(least(a, b), least(most(a, b), c));
}
inline int32_t clampTo(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : x;
}
inline int32_t saturate32(int64_t x) {
  return x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : int32_t(x);
}
inline uint32_t saturateU32(uint64_t x) {
  return x > 0xffffffffu ? 0xffffffffu : uint32_t(x);
}
inline uint32_t saturateU16(uint64_t x) {
  return x > 0xffffu ? 0xffffu : uint32_t(x);
}
inline int32_t sext24(uint32_t x) { return int32_t(x << 8) >> 8; }
inline uint32_t distance(uint32_t a, uint32_t b) {
  return a > b ? a - b : b - a;
}
inline int32_t bfeSigned(int32_t a, uint32_t offset, uint32_t width) {
  width &= 31;
  uint32_t shift = (32 - width) & 31;
  int32_t moved = a >> (offset & 31);
  return width == 0 ? 0 : int32_t(uint32_t(moved) << shift) >> shift;
}
inline uint32_t laneBelowLo(int lane) {
  return lane >= 32 ? ~0u : (1u << lane) - 1;
}
inline uint32_t laneBelowHi(int lane) {
  return lane < 32 ? 0u : (1u << (lane - 32)) - 1;
}
inline uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t both = uint64_t(a) << 32 | b;
  uint32_t result = 0;
  for (int byte = 0; byte < 4; ++byte) {
    uint32_t select = (selector >> (8 * byte)) & 255;
    uint32_t picked = uint32_t(both >> (8 * (select & 7))) & 255;
    uint32_t sign = (both >> (16 * (select & 3) + 15)) & 1 ? 255 : 0;
    uint32_t value = select < 8     ? picked
                     : select < 12  ? sign
                     : select == 12 ? 0u
                                    : 255u;
    result |= value << (8 * byte);
  }
  return result;
}
inline uint32_t lerp8(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t result = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    uint32_t sum =
        ((a >> shift) & 255) + ((b >> shift) & 255) + ((c >> shift) & 1);
    result |= (sum >> 1) << shift;
  }
  return result;
}
inline uint32_t sad8(uint32_t a, uint32_t b, bool masked) {
  uint32_t sum = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    uint32_t x = (a >> shift) & 255, y = (b >> shift) & 255;
    sum += masked && y == 0 ? 0 : distance(x, y);
  }
  return sum;
}
/// Four sums of absolute differences: of the bytes k..k+3 of `a` and those of
/// `b`, added to the 16 bits k of `c`.
inline uint64_t quadSad(uint64_t a, uint32_t b, uint64_t c, bool masked,
                        bool saturate = false) {
  uint64_t result = 0;
  for (int k = 0; k < 4; ++k) {
    uint32_t sum = sad8(uint32_t(a >> (8 * k)), b, masked) +
                   uint32_t((c >> (16 * k)) & 0xffffu);
    sum = saturate ? saturateU16(sum) : sum & 0xffffu;
    result |= uint64_t(sum) << (16 * k);
  }
  return result;
}
/// Bit (a<<2 | b<<1 | c) of the table.
inline uint32_t bitop3(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (int k = 0; k < 8; ++k) {
    uint32_t term = (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
    result |= (table >> k) & 1 ? term : 0;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// min, max, med: NaN loses against a number; IEEE mode quiets signalling NaN
// and lets it through; -0 is below +0.
//===----------------------------------------------------------------------===//

inline uint32_t min32(uint32_t a, uint32_t b, bool ieee) {
  float x = bitsToF32(a), y = bitsToF32(b);
  uint32_t r = x < y || (x == y && (a >> 31)) ? a : b;
  r = isNaN32(b) ? a : r;
  r = isNaN32(a) ? b : r;
  r = ieee && isSNaN32(b) ? quiet32(b) : r;
  return ieee && isSNaN32(a) ? quiet32(a) : r;
}
inline uint32_t max32(uint32_t a, uint32_t b, bool ieee) {
  float x = bitsToF32(a), y = bitsToF32(b);
  uint32_t r = x > y || (x == y && !(a >> 31)) ? a : b;
  r = isNaN32(b) ? a : r;
  r = isNaN32(a) ? b : r;
  r = ieee && isSNaN32(b) ? quiet32(b) : r;
  return ieee && isSNaN32(a) ? quiet32(a) : r;
}
/// The two of three numbers that are left without the largest, the first of
/// equals.
struct Pair {
  uint32_t first, second;
};
inline Pair withoutLargest(uint32_t a, uint32_t b, uint32_t c, float x, float y,
                           float z) {
  const float larger = x > y ? x : y, most = z > larger ? z : larger;
  return {most == x ? b : a, most == x || most == y ? c : b};
}
inline uint32_t med32(uint32_t a, uint32_t b, uint32_t c, bool ieee) {
  const Pair left =
      withoutLargest(a, b, c, bitsToF32(a), bitsToF32(b), bitsToF32(c));
  const uint32_t r = max32(left.first, left.second, ieee);
  const bool nan = isNaN32(a) || isNaN32(b) || isNaN32(c);
  return nan ? min32(min32(a, b, ieee), c, ieee) : r;
}
inline uint32_t minimum32(uint32_t a, uint32_t b) {
  if (isNaN32(a) || isNaN32(b))
    return quiet32(isNaN32(a) ? a : b);
  return min32(a, b, false);
}
inline uint32_t maximum32(uint32_t a, uint32_t b) {
  if (isNaN32(a) || isNaN32(b))
    return quiet32(isNaN32(a) ? a : b);
  return max32(a, b, false);
}
inline uint32_t min16(uint32_t a, uint32_t b, bool ieee) {
  float x = f16ToF32(a), y = f16ToF32(b);
  uint32_t r = x < y || (x == y && (a >> 15)) ? a : b;
  r = isNaN16(b) ? a : r;
  r = isNaN16(a) ? b : r;
  r = ieee && isSNaN16(b) ? quiet16(b) : r;
  return ieee && isSNaN16(a) ? quiet16(a) : r;
}
inline uint32_t max16(uint32_t a, uint32_t b, bool ieee) {
  float x = f16ToF32(a), y = f16ToF32(b);
  uint32_t r = x > y || (x == y && !(a >> 15)) ? a : b;
  r = isNaN16(b) ? a : r;
  r = isNaN16(a) ? b : r;
  r = ieee && isSNaN16(b) ? quiet16(b) : r;
  return ieee && isSNaN16(a) ? quiet16(a) : r;
}
inline uint32_t med16(uint32_t a, uint32_t b, uint32_t c, bool ieee) {
  const Pair left =
      withoutLargest(a, b, c, f16ToF32(a), f16ToF32(b), f16ToF32(c));
  const uint32_t r = max16(left.first, left.second, ieee);
  const bool nan = isNaN16(a) || isNaN16(b) || isNaN16(c);
  return nan ? min16(min16(a, b, ieee), c, ieee) : r;
}
inline uint32_t minimum16(uint32_t a, uint32_t b) {
  if (isNaN16(a) || isNaN16(b))
    return quiet16(isNaN16(a) ? a : b);
  return min16(a, b, false);
}
inline uint32_t maximum16(uint32_t a, uint32_t b) {
  if (isNaN16(a) || isNaN16(b))
    return quiet16(isNaN16(a) ? a : b);
  return max16(a, b, false);
}
inline uint64_t min64(uint64_t a, uint64_t b, bool ieee) {
  double x = bitsToF64(a), y = bitsToF64(b);
  uint64_t r = x < y || (x == y && (a >> 63)) ? a : b;
  r = isNaN64(b) ? a : r;
  r = isNaN64(a) ? b : r;
  r = ieee && isSNaN64(b) ? quiet64(b) : r;
  return ieee && isSNaN64(a) ? quiet64(a) : r;
}
inline uint64_t max64(uint64_t a, uint64_t b, bool ieee) {
  double x = bitsToF64(a), y = bitsToF64(b);
  uint64_t r = x > y || (x == y && !(a >> 63)) ? a : b;
  r = isNaN64(b) ? a : r;
  r = isNaN64(a) ? b : r;
  r = ieee && isSNaN64(b) ? quiet64(b) : r;
  return ieee && isSNaN64(a) ? quiet64(a) : r;
}

//===----------------------------------------------------------------------===//
// f32 and f64 functions
//===----------------------------------------------------------------------===//

inline float flushed(float x) {
  uint32_t u = f32ToBits(x);
  return bitsToF32((u & 0x7f800000u) ? u : u & 0x80000000u);
}
inline float fract32(float x) {
  float f = x - __builtin_floorf(x);
  return f >= 1.0f ? 0x1.fffffep-1f : f;
}
inline double fract64(double x) {
  double f = x - __builtin_floor(x);
  return f >= 1.0 ? 0x1.fffffffffffffp-1 : f;
}
inline float fract16(float x) {
  float f = x - __builtin_floorf(x);
  return f > 0x1.ffcp-1f ? 0x1.ffcp-1f : f;
}
/// To the nearest integer, ties to even, whatever the host's rounding mode.
inline float rint32(float x) { return __builtin_roundevenf(x); }
inline double rint64(double x) { return __builtin_roundeven(x); }
/// x * 2^n, rounded once: the product with a power of two in f64 is exact.
inline float scale32(float x, int32_t n) {
  n = clampTo(n, -400, 400);
  double power = bitsToF64(uint64_t(n + 1023) << 52);
  return float(double(x) * power);
}
// frexp: x = m * 2^e with 1/2 <= |m| < 1; zeros, infinities and NaN are their
// own mantissa, with the exponent 0.

inline int32_t frexpExponent(double x) {
  int exponent = 0;
  if (std::isfinite(x))
    std::frexp(x, &exponent);
  return exponent;
}
inline double frexpMantissa(double x) {
  int exponent = 0;
  return std::isfinite(x) ? std::frexp(x, &exponent) : x;
}
inline bool hasExponent(float x) {
  return (f32ToBits(x) & 0x7fffffffu) - 1 < 0x7f7fffffu;
}
/// The magnitude of x with an exponent of its own: of a denormal, that of its
/// integer, which is 2^149 times as much.
inline uint32_t normalMagnitude(float x) {
  const uint32_t magnitude = f32ToBits(x) & 0x7fffffffu;
  const uint32_t integer = f32ToBits(static_cast<float>(int32_t(magnitude)));
  return magnitude < 0x00800000u ? integer : magnitude;
}
inline int32_t frexpExponent(float x) {
  const bool denormal = (f32ToBits(x) & 0x7f800000u) == 0;
  const int32_t e =
      int32_t(normalMagnitude(x) >> 23) - 126 - (denormal ? 149 : 0);
  return hasExponent(x) ? e : 0;
}
inline float frexpMantissa(float x) {
  const uint32_t u = f32ToBits(x), fraction = normalMagnitude(x) & 0x007fffffu;
  return bitsToF32(hasExponent(x) ? (u & 0x80000000u) | 0x3f000000u | fraction
                                  : u);
}
// Polynomials in f32 with the coefficients of scripts/polynomials.py, all of
// whose multiply-adds are fused, so that all hosts have the same bits. They
// expect the host to round to nearest. Their errors: ValuTranscendentals in
// ValuVariantTest.cpp.

inline float fused(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
/// 2^x: 2^(n+f), |f| <= 1/2; no denormal results.
inline float exp2Of(float x) {
  // The low bits of x + 3 * 2^22 are the nearest integer, which is added to the
  // exponent.
  const float n = x + 0x1.8p23f, f = x - (n - 0x1.8p23f);
  float p = 0x1.44138ap-13f;
  p = fused(p, f, 0x1.5f0890p-10f);
  p = fused(p, f, 0x1.3b2a54p-7f);
  p = fused(p, f, 0x1.c6af6cp-5f);
  p = fused(p, f, 0x1.ebfbe0p-3f);
  p = fused(p, f, 0x1.62e430p-1f);
  float r = bitsToF32(f32ToBits(fused(f, p, 1.0f)) + (f32ToBits(n) << 23));
  r = x < -126.0f ? 0.0f : r;
  return x < 128.0f ? r : x + __builtin_inff();
}
/// Whether a number is above zero and neither denormal nor infinite.
inline bool isUsual(uint32_t x) {
  return x - 0x00800000u < 0x7f800000u - 0x00800000u;
}
/// log2(x) of a usual number: e + log2(m) with m in [sqrt(1/2), sqrt(2)).
inline float log2OfUsual(float x) {
  const uint32_t u = f32ToBits(x), beyond = u - 0x3f3504f3u; // sqrt(1/2)
  const float e = float(int32_t(beyond) >> 23);
  const float m = bitsToF32(u - (beyond & 0xff800000u));
  const float r = m - 1.0f, z = r * r, zz = z * z;
  // The small terms in pairs: the chain of dependent operations is shorter.
  const float p1 = fused(r, 0x1.277c3ep-2f, -0x1.715480p-2f);
  const float p2 = fused(r, 0x1.a48380p-3f, -0x1.ec7732p-3f);
  const float p3 = fused(r, 0x1.5d018cp-3f, -0x1.6efd84p-3f);
  const float p4 = fused(r, 0x1.900022p-4f, -0x1.5579e8p-3f);
  float p = fused(zz, fused(z, p4, p3), fused(z, p2, p1));
  p = fused(p, r, 0x1.ec7094p-2f);
  p = fused(p, r, -0x1.715476p-1f);
  p = fused(r, 0x1.4ae0c0p-26f, z * p); // what 1 / ln(2) has beyond f32
  return e + fused(r, 0x1.715476p+0f, p);
}
/// log2(x); denormals are zeros.
inline float log2Of(float x) {
  float y = log2OfUsual(x);
  y = x < 0x1p-126f ? -__builtin_inff() : y;
  y = x <= -0x1p-126f ? bitsToF32(0x7fc00000u) : y;
  return x < __builtin_inff() ? y : x;
}
/// sin(2 * pi * (x + quarters / 4)): the angle is reduced exactly to an eighth
/// of a turn around a multiple of a quarter.
inline float sineOf(float x, uint32_t quarters) {
  const float turn = x - rint32(x), n = fused(turn, 4.0f, 0x1.8p23f);
  const float r = fused(n - 0x1.8p23f, -0.25f, turn), z = r * r;
  float s = 0x1.4cb762p+5f;
  s = fused(s, z, -0x1.32ce1ep+6f);
  s = fused(s, z, 0x1.466bc2p+6f);
  s = fused(s, z, -0x1.4abbcep+5f);
  s = fused(s, z, -0x1.777a5cp-23f); // what 2 * pi has beyond f32
  s = fused(r, 0x1.921fb6p+2f, r * s);
  float c = 0x1.c932e8p+5f;
  c = fused(c, z, -0x1.559114p+6f);
  c = fused(c, z, 0x1.03c184p+6f);
  c = fused(c, z, -0x1.3bd3ccp+4f);
  c = fused(c, z, 1.0f);
  const uint32_t q = f32ToBits(n) + quarters;
  const uint32_t y = f32ToBits(q & 1 ? c : s) ^ (q << 30 & 0x80000000u);
  return bitsToF32(y) + 0.0f; // no -0
}
inline float sinTurns(float x) { return x == 0.0f ? x : sineOf(x, 0); }
inline float cosTurns(float x) { return sineOf(x, 1); }
/// 1 / sqrt(x) of a usual number from a first guess by its bits: two cubic
/// steps, the second one with the whole error of x * y.
inline float rsqOfUsual(float x) {
  float y = bitsToF32(0x5f375a86u - (f32ToBits(x) >> 1));
  const float h = x * y * y;
  y = y * fused(h, fused(h, 0.375f, -1.25f), 1.875f);
  const float p = x * y, rest = fused(x, y, -p);
  const float error = fused(-rest, y, fused(-p, y, 1.0f));
  return fused(y, error * fused(error, 0.375f, 0.5f), y);
}
/// 1 / sqrt(x); denormals are zeros.
inline float rsqOf(float x) {
  float y = rsqOfUsual(x);
  y = x < 0x1p-126f ? bitsToF32((f32ToBits(x) & 0x80000000u) | 0x7f800000u) : y;
  y = x <= -0x1p-126f ? bitsToF32(0x7fc00000u) : y;
  return x < __builtin_inff() ? y : x == __builtin_inff() ? 0.0f : x;
}
/// Cube maps: the major axis is z when no other is longer, else y before x.
inline bool cubeIsZ(float x, float y, float z) {
  float m = std::fabs(z);
  return m >= std::fabs(x) && m >= std::fabs(y);
}
inline float cubeAxis(float x, float y, float z) {
  float xy = std::fabs(y) >= std::fabs(x) ? y : x;
  return cubeIsZ(x, y, z) ? z : xy;
}
inline float cubeFace(float x, float y, float z) {
  float face = std::fabs(y) >= std::fabs(x) ? 2.0f : 0.0f;
  face = cubeIsZ(x, y, z) ? 4.0f : face;
  return cubeAxis(x, y, z) < 0.0f ? face + 1.0f : face;
}
inline float cubeS(float x, float y, float z) {
  float xy = std::fabs(y) >= std::fabs(x) ? x : x < 0.0f ? z : -z;
  return cubeIsZ(x, y, z) ? (z < 0.0f ? -x : x) : xy;
}
inline float cubeT(float x, float y, float z) {
  float xy = std::fabs(y) >= std::fabs(x) ? (y < 0.0f ? -z : z) : -y;
  return cubeIsZ(x, y, z) ? -y : xy;
}
/// V_TRIG_PREOP_F64: 53 bits of 2/pi from bit 53 * segment after the point on,
/// further right for an argument of a large exponent, in place.
inline double trigSegment(uint64_t argument, uint32_t segment) {
  // The first 1201 bits of the fraction of 2/pi, the first bit first.
  static const uint64_t bits[] = {
      0xa2f9836e4e441529ull, 0xfc2757d1f534ddc0ull, 0xdb6295993c439041ull,
      0xfe5163abdebbc561ull, 0xb7246e3a424dd2e0ull, 0x06492eea09d1921cull,
      0xfe1deb1cb129a73eull, 0xe88235f52ebb4484ull, 0xe99c7026b45f7e41ull,
      0x3991d639835339f4ull, 0x9c845f8bbdf9283bull, 0x1ff897ffde05980full,
      0xef2f118b5a0a6d1full, 0x6d367ecf27cb09b7ull, 0x4f463f669e5fea2dull,
      0x7527bac7ebe5f17bull, 0x3d0739f78a5292eaull, 0x6bfb5fb11f8d5d08ull,
      0x56033046fc7b0000ull};
  int exponent = int((argument >> 52) & 2047);
  int shift = int(segment & 31) * 53 + (exponent > 1077 ? exponent - 1077 : 0);
  auto word = [](int k) { return k < 19 ? bits[k] : 0; };
  int at = shift / 64, in = shift % 64;
  uint64_t piece = word(at) << in | (in ? word(at + 1) >> (64 - in) : 0);
  return std::ldexp(double(piece >> 11),
                    -53 - shift + (exponent >= 1968 ? 128 : 0));
}
/// Of f16 values: the product is exact in f32. The sum is rounded to odd by its
/// error, which is exact (Knuth's two-sum), and then once to f16.
inline uint32_t fma16(float a, float b, float c) {
  const float product = a * b, sum = product + c;
  const float other = sum - product;
  const float error = (product - (sum - other)) + (c - other);
  uint32_t u = f32ToBits(sum);
  const bool inexact = (error < 0.0f) | (error > 0.0f); // neither for a NaN
  const bool beyond = (error < 0.0f) == (sum > 0.0f);
  u -= (inexact & beyond) ? 1u : 0u;
  u |= inexact ? 1u : 0u;
  return f32ToF16(bitsToF32(u));
}
/// f32 to f16 towards zero, without branches.
inline uint32_t towardsZeroHalf(float f) {
  uint32_t u = f32ToBits(f), a = u & 0x7fffffffu;
  uint32_t normal = (a - (112u << 23)) >> 13;
  float units = a < 0x38800000u ? bitsToF32(a) * 0x1p24f : 0.0f;
  uint32_t r = a < 0x38800000u ? uint32_t(int32_t(units)) : normal;
  r = a >= 0x47800000u ? 0x7bffu : r;
  r = a == 0x7f800000u ? 0x7c00u : r;
  r = a > 0x7f800000u ? 0x7e00u | ((a >> 13) & 0x3ffu) : r;
  return r | ((u >> 16) & 0x8000u);
}

//===----------------------------------------------------------------------===//
// Division sequence
//===----------------------------------------------------------------------===//

/// V_DIV_FMAS: undoes what V_DIV_SCALE did to the quotient, rounding once.
inline float divFmas(float a, float b, float c, uint32_t mask) {
  if (!mask)
    return __builtin_fmaf(a, b, c);
  bool big = ((f32ToBits(c) >> 23) & 255) > 127;
  return fmaScaled(a, b, c, big ? 64 : -64);
}
inline double divFmas64(double a, double b, double c, uint32_t mask) {
  if (!mask)
    return __builtin_fma(a, b, c);
  bool big = ((f64ToBits(c) >> 52) & 2047) > 1023;
  return fmaScaled(a, b, c, big ? 128 : -128);
}
/// V_DIV_FIXUP. Quotients that overflow whatever the mantissas are (exponents
/// 129 or more apart) are infinite here: the refinement before made NaN of
/// them.
inline uint32_t divFixup32(uint32_t q, uint32_t den, uint32_t num) {
  uint32_t sign = (den ^ num) & 0x80000000u;
  uint32_t d = den & 0x7fffffffu, n = num & 0x7fffffffu;
  const uint32_t inf = 0x7f800000u;
  if (n > inf)
    return quiet32(num);
  if (d > inf)
    return quiet32(den);
  if ((d == 0 && n == 0) || (d == inf && n == inf))
    return 0xffc00000u;
  if (d == 0 || n == inf)
    return sign | inf;
  if (d == inf || n == 0)
    return sign;
  if (int(n >> 23) - int(d >> 23) < -150)
    return sign;
  if (int(n >> 23) - int(d >> 23) >= 129)
    return sign | inf;
  return (q & 0x7fffffffu) | sign;
}
inline uint64_t divFixup64(uint64_t q, uint64_t den, uint64_t num) {
  const uint64_t top = 0x8000000000000000ull, inf = 0x7ff0000000000000ull;
  uint64_t sign = (den ^ num) & top;
  uint64_t d = den & ~top, n = num & ~top;
  if (n > inf)
    return quiet64(num);
  if (d > inf)
    return quiet64(den);
  if ((d == 0 && n == 0) || (d == inf && n == inf))
    return 0xfff8000000000000ull;
  if (d == 0 || n == inf)
    return sign | inf;
  if (d == inf || n == 0)
    return sign;
  if (int(n >> 52) - int(d >> 52) < -1075)
    return sign;
  if (int(n >> 52) - int(d >> 52) >= 1025)
    return sign | inf;
  return (q & ~top) | sign;
}
inline uint32_t divFixup16(uint32_t q, uint32_t den, uint32_t num) {
  uint32_t sign = (den ^ num) & 0x8000u;
  uint32_t d = den & 0x7fffu, n = num & 0x7fffu;
  if (n > 0x7c00u)
    return quiet16(num);
  if (d > 0x7c00u)
    return quiet16(den);
  if ((d == 0 && n == 0) || (d == 0x7c00u && n == 0x7c00u))
    return 0xfe00u;
  if (d == 0 || n == 0x7c00u)
    return sign | 0x7c00u;
  if (d == 0x7c00u || n == 0)
    return sign;
  return (q & 0x7fffu) | sign;
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// By way of signed conversions: what compilers make of an unsigned one for
/// SSE2 and AVX2 gives -0 for 0 when the host rounds down, as does the sum
/// here.
inline double unsignedToDouble(uint32_t x) {
  return __builtin_fabs(double(int32_t(x ^ 0x80000000u)) + 2147483648.0);
}
inline float unsignedToFloat(uint32_t x) { return float(unsignedToDouble(x)); }
inline int32_t toSigned(float x) {
  float t = x != x ? 0.0f : x;
  t = t < -0x1p31f ? -0x1p31f : t;
  bool over = t >= 0x1p31f;
  int32_t r = int32_t(over ? 0.0f : t);
  return over ? INT32_MAX : r;
}
inline uint32_t toUnsigned(float x) {
  float t = x > 0.0f ? x : 0.0f; // NaN too
  bool over = t >= 0x1p32f;
  uint32_t r = uint32_t(over ? 0.0f : t);
  return over ? ~0u : r;
}
inline int32_t toSigned(double x) {
  double t = x != x ? 0.0 : x;
  t = t < -2147483648.0 ? -2147483648.0 : t > 2147483647.0 ? 2147483647.0 : t;
  return int32_t(t);
}
inline uint32_t toUnsigned(double x) {
  double t = x > 0.0 ? x : 0.0;
  return uint32_t(int64_t(t > 4294967295.0 ? 4294967295.0 : t));
}
inline int32_t normSigned(float x) {
  float t = x != x ? 0.0f : x < -1.0f ? -1.0f : x > 1.0f ? 1.0f : x;
  return int32_t(rint32(t * 32767.0f));
}
inline uint32_t normUnsigned(float x) {
  float t = x > 0.0f ? x : 0.0f;
  t = t > 1.0f ? 1.0f : t;
  return uint32_t(int32_t(rint32(t * 65535.0f)));
}
inline uint32_t toHalf(float x, uint32_t mode) {
  FpMode fp{mode};
  if (fp.round64() == Round::NearestEven && !fp.fp16Overflow())
    return f32ToF16(x);
  return f32ToF16(x, fp.round64(), fp.fp16Overflow());
}
/// Two halves as one result, of which MODE may flush denormal ones.
inline uint32_t packHalves(uint32_t low, uint32_t high, uint32_t mode) {
  const bool flush = !FpMode{mode}.denormOut64();
  return flush16(low, flush) | flush16(high, flush) << 16;
}
inline uint32_t packByte(float a, uint32_t b, uint32_t c) {
  float t = a > 0.0f ? a : 0.0f;
  uint32_t byte = uint32_t(int32_t(rint32(t > 255.0f ? 255.0f : t)));
  unsigned shift = 8 * (b & 3);
  return (c & ~(255u << shift)) | byte << shift;
}
// FP8 and BF8 as the chip has them: OCP's on gfx950, FNUZ on gfx942.
inline NarrowFormat fp8Of(const LaneIO &io) {
  return io.ocpFloats ? narrowFormat(SmallFormat::FP8)
                      : narrowFormat(SmallFormat::FP8Fnuz);
}
inline NarrowFormat bf8Of(const LaneIO &io) {
  return io.ocpFloats ? narrowFormat(SmallFormat::BF8)
                      : narrowFormat(SmallFormat::BF8Fnuz);
}
inline bool saturates(const LaneIO &io) {
  return FpMode{io.mode}.fp16Overflow();
}
/// Two codes of two f32.
inline uint32_t encodePair(const NarrowFormat &format, float a, float b,
                           const LaneIO &io) {
  return encodeNarrow(format, f32ToBits(a), saturates(io)) |
         encodeNarrow(format, f32ToBits(b), saturates(io)) << 8;
}
inline uint32_t encodeRandom(const NarrowFormat &format, float x,
                             uint32_t random, const LaneIO &io) {
  return encodeNarrowSR(format, f32ToBits(x), random, saturates(io), 23);
}
/// An f32 as f16, its 13 dropped bits rounded by the top ones of `random`.
inline uint32_t randomHalf(float x, uint32_t random, bool saturate) {
  constexpr NarrowFormat f16 = {10, 15, 0x7bff, 0x8000, 0x7c00, 0x7e00, false};
  const uint32_t u = f32ToBits(x);
  const bool finite = (u & 0x7f800000u) != 0x7f800000u;
  return finite ? encodeNarrowSR(f16, u, random, saturate, 23) : f32ToF16(x);
}
/// The values of the two lowest codes.
inline uint64_t decodePair(const NarrowFormat &format, uint32_t codes) {
  return f32ToBits(decodeNarrow(format, codes)) |
         uint64_t(f32ToBits(decodeNarrow(format, codes >> 8))) << 32;
}
inline uint32_t insertHalf(uint32_t old, uint32_t half, const LaneIO &io) {
  const unsigned shift = io.opSel & 8 ? 16 : 0;
  return (old & ~(0xffffu << shift)) | (half & 0xffffu) << shift;
}
inline uint32_t insertByte(uint32_t old, uint32_t byte, const LaneIO &io) {
  unsigned shift = 8 * ((io.opSel >> 2) & 3);
  return (old & ~(255u << shift)) | (byte & 255u) << shift;
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_VALUHELPERS_H
