// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Number formats of CDNA: f16, bf16, OCP and FNUZ fp8, fp6, fp4, e8m0, their
// conversions with the hardware's rounding and saturation, and the MODE
// register's floating-point fields. Everything works on bit patterns and never
// touches the host's rounding or flush-to-zero state. Arithmetic is in Vector.

#ifndef MOE_LIB_EMULATOR_MATH_NUMERIC_H
#define MOE_LIB_EMULATOR_MATH_NUMERIC_H

#include <cstdint>
#include <cstring>

namespace moe::emulator::math {

inline float bitsToF32(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
inline uint32_t f32ToBits(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
inline double bitsToF64(uint64_t u) {
  double d;
  std::memcpy(&d, &u, 8);
  return d;
}
inline uint64_t f64ToBits(double d) {
  uint64_t u;
  std::memcpy(&u, &d, 8);
  return u;
}

/// Rounding directions, numbered as in MODE.FP_ROUND.
enum class Round : uint8_t { NearestEven = 0, Up = 1, Down = 2, Zero = 3 };

/// The floating-point fields of the MODE register.
struct FpMode {
  uint32_t bits = 0xf0; ///< round to nearest even, denormals kept
  Round round32() const { return Round(bits & 3); }
  Round round64() const { return Round((bits >> 2) & 3); } ///< f64 and f16
  bool denormIn32() const { return bits & 0x10; }
  bool denormOut32() const { return bits & 0x20; }
  bool denormIn64() const { return bits & 0x40; } ///< f64 and f16
  bool denormOut64() const { return bits & 0x80; }
  bool dx10Clamp() const { return bits & 0x100; } ///< clamp turns NaN into 0
  bool ieee() const { return bits & 0x200; }
  bool fp16Overflow() const { return bits & (1u << 23); }
};

inline bool isNaN32(uint32_t u) { return (u & 0x7fffffffu) > 0x7f800000u; }
inline bool isSNaN32(uint32_t u) { return isNaN32(u) && !(u & 0x00400000u); }
inline bool isNaN16(uint32_t h) { return (h & 0x7fffu) > 0x7c00u; }
inline bool isSNaN16(uint32_t h) { return isNaN16(h) && !(h & 0x0200u); }
inline bool isNaN64(uint64_t u) {
  return (u & 0x7fffffffffffffffull) > 0x7ff0000000000000ull;
}
inline bool isSNaN64(uint64_t u) {
  return isNaN64(u) && !(u & 0x0008000000000000ull);
}
/// NaN with its quiet bit set, everything else unchanged.
inline uint32_t quiet32(uint32_t u) { return isNaN32(u) ? u | 0x00400000u : u; }
inline uint32_t quiet16(uint32_t h) { return isNaN16(h) ? h | 0x0200u : h; }
inline uint64_t quiet64(uint64_t u) {
  return isNaN64(u) ? u | 0x0008000000000000ull : u;
}
/// A denormal becomes a zero of its sign when `flush`.
inline uint32_t flush32(uint32_t u, bool flush) {
  return flush && !(u & 0x7f800000u) ? u & 0x80000000u : u;
}
inline uint32_t flush16(uint32_t h, bool flush) {
  return flush && !(h & 0x7c00u) ? h & 0x8000u : h;
}
inline uint64_t flush64(uint64_t u, bool flush) {
  return flush && !(u & 0x7ff0000000000000ull) ? u & 0x8000000000000000ull : u;
}

//===----------------------------------------------------------------------===//
// bf16, f16: branch-free, so that lane loops vectorise
//===----------------------------------------------------------------------===//

/// Magnitude bits of a narrow format with that many mantissa bits and that
/// exponent bias to f32, as if it had no infinities and NaNs. It avoids f32
/// denormals, which are slow on some hosts.
inline float narrowMagnitude(unsigned mantissa, unsigned bias, uint32_t mag) {
  const uint32_t one = (128u - bias) << 23; // 2^(1-bias)
  uint32_t u = mag << (23 - mantissa);
  float normal = bitsToF32(u + ((127u - bias) << 23));
  float denormal = bitsToF32(u + one) - bitsToF32(one);
  return mag < (1u << mantissa) ? denormal : normal;
}
template <unsigned Mant, unsigned Bias>
inline float narrowMagnitude(uint32_t mag) {
  return narrowMagnitude(Mant, Bias, mag);
}

inline float bf16ToF32(uint32_t h) { return bitsToF32((h & 0xffffu) << 16); }

/// Nearest even, denormals kept, NaN quieted: what v_cvt_pk_bf16_f32 does.
inline uint32_t f32ToBf16(float f) {
  uint32_t u = f32ToBits(f);
  uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return f != f ? (u >> 16) | 0x40u : rounded;
}

/// Exact; signalling NaN is quieted. The host's conversion, here and below,
/// does as much of denormals and NaN.
inline float f16ToF32(uint32_t h) {
#ifdef __F16C__
  _Float16 half;
  const auto bits = static_cast<uint16_t>(h);
  std::memcpy(&half, &bits, 2);
  return static_cast<float>(half);
#else
  uint32_t mag = h & 0x7fffu;
  uint32_t finite = f32ToBits(narrowMagnitude<10, 15>(mag));
  uint32_t special = 0x7f800000u | ((mag & 0x3ffu) << 13) |
                     ((mag & 0x3ffu) ? 0x00400000u : 0u);
  uint32_t u = mag >= 0x7c00u ? special : finite;
  return bitsToF32(u | ((h & 0x8000u) << 16));
#endif
}

/// Nearest even, denormals kept, NaN quieted, overflow to infinity. The host
/// has to round to nearest.
inline uint32_t f32ToF16(float f) {
#ifdef __F16C__
  const auto half = static_cast<_Float16>(f);
  uint16_t bits;
  std::memcpy(&bits, &half, 2);
  return bits;
#else
  uint32_t u = f32ToBits(f), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
  uint32_t normal = (a + 0xfffu + ((a >> 13) & 1u) - (112u << 23)) >> 13;
  // Adding 0.5 puts the f16 denormal's last bit at the f32's last bit.
  uint32_t denormal = f32ToBits(bitsToF32(a) + 0.5f) - 0x3f000000u;
  uint32_t nan = 0x7e00u | ((a >> 13) & 0x3ffu);
  uint32_t r = a < 0x38800000u ? denormal : normal;
  r = a >= 0x47800000u ? 0x7c00u : r;
  r = a > 0x7f800000u ? nan : r;
  return r | sign;
#endif
}

/// The f32/f64 -> f16/bf16/f32 conversions in any rounding direction. `ovfl`
/// (MODE.FP16_OVFL): overflow of a finite value gives the largest finite one.
uint32_t f32ToF16(float f, Round round, bool ovfl = false);
uint32_t f32ToBf16(float f, Round round);
float f64ToF32(double d, Round round);
uint32_t f64ToF16(double d, Round round, bool ovfl = false);

/// v_cvt_sr_bf16_f32 (gfx950): the top bits of `random` are added below the
/// last kept mantissa bit, the rest is cut off.
inline uint32_t f32ToBf16SR(float f, uint32_t random) {
  const uint32_t u = f32ToBits(f);
  const bool finite = (u & 0x7f800000u) != 0x7f800000u;
  return finite ? (u + (random >> 16)) >> 16 : f32ToBf16(f);
}

/// v_cvt_pk_bf16_f32 (gfx950).
inline uint32_t cvtPkBf16F32(float a, float b) {
  return f32ToBf16(a) | f32ToBf16(b) << 16;
}

//===----------------------------------------------------------------------===//
// Packed additions of the memory atomics: two independent additions, each
// rounded to nearest even, denormals kept.
//===----------------------------------------------------------------------===//

inline uint32_t pkAddBf16(uint32_t a, uint32_t b) {
  uint32_t lo = f32ToBf16(bf16ToF32(a) + bf16ToF32(b));
  uint32_t hi = f32ToBf16(bf16ToF32(a >> 16) + bf16ToF32(b >> 16));
  return lo | hi << 16;
}
/// The f32 sum of two f16 rounds to the same f16 as the exact sum does, since
/// 24 >= 2*11 + 2.
inline uint32_t pkAddF16(uint32_t a, uint32_t b) {
  uint32_t lo = f32ToF16(f16ToF32(a) + f16ToF32(b));
  uint32_t hi = f32ToF16(f16ToF32(a >> 16) + f16ToF32(b >> 16));
  return lo | hi << 16;
}

//===----------------------------------------------------------------------===//
// Scaled fused multiply-add
//===----------------------------------------------------------------------===//

/// p + c rounded to odd: rounding that to a narrower format, denormal or not,
/// gives what rounding the exact sum would give.
double addToOdd(double p, double c);

/// (a * b + c) * 2^exponent, rounded once to nearest even. The f64 one expects
/// c to be within a few units of the sum, as V_DIV_FMAS has it.
float fmaScaled(float a, float b, float c, int exponent);
double fmaScaled(double a, double b, double c, int exponent);

//===----------------------------------------------------------------------===//
// f16 arithmetic in any rounding direction, on patterns, denormals kept. `ovfl`
// as above.
//===----------------------------------------------------------------------===//

uint32_t addF16(uint32_t a, uint32_t b, Round round, bool ovfl = false);
uint32_t mulF16(uint32_t a, uint32_t b, Round round, bool ovfl = false);
uint32_t fmaF16(uint32_t a, uint32_t b, uint32_t c, Round round,
                bool ovfl = false);

//===----------------------------------------------------------------------===//
// 8, 6 and 4 bit formats
//===----------------------------------------------------------------------===//

enum class SmallFormat : uint8_t {
  FP8,     ///< OCP E4M3: no infinities, S.1111.111 is NaN, max 448 (gfx950)
  BF8,     ///< OCP E5M2: like f16 with 2 mantissa bits, max 57344 (gfx950)
  FP8Fnuz, ///< E4M3 bias 8: 0x80 is the only NaN, no -0, max 240 (gfx942)
  BF8Fnuz, ///< E5M2 bias 16: 0x80 is the only NaN, max 57344 (gfx942)
  FP6,     ///< E2M3: max 7.5, no NaN, no infinity
  BF6,     ///< E3M2: max 28, no NaN, no infinity
  FP4,     ///< E2M1: max 6, no NaN, no infinity
};

/// A format by its numbers.
struct NarrowFormat {
  unsigned mantissa; ///< stored mantissa bits
  unsigned bias;     ///< 1 - the exponent of the smallest normal
  uint32_t maxCode;  ///< largest finite magnitude
  uint32_t sign;     ///< sign bit
  uint32_t overflow; ///< magnitude of what is too large and not saturated
  uint32_t nan;      ///< magnitude of NaN
  bool fnuz;         ///< 0x80 is NaN and overflow, there is no -0
};
constexpr NarrowFormat narrowFormat(SmallFormat format) {
  switch (format) {
  case SmallFormat::FP8:
    return {3, 7, 0x7e, 0x80, 0x7f, 0x7f, false};
  case SmallFormat::BF8:
    return {2, 15, 0x7b, 0x80, 0x7c, 0x7e, false};
  case SmallFormat::FP8Fnuz:
    return {3, 8, 0x7f, 0x80, 0x80, 0x80, true};
  case SmallFormat::BF8Fnuz:
    return {2, 16, 0x7f, 0x80, 0x80, 0x80, true};
  // Without infinity and NaN: both become the largest number.
  case SmallFormat::FP6:
    return {3, 1, 0x1f, 0x20, 0x1f, 0x1f, false};
  case SmallFormat::BF6:
    return {2, 3, 0x1f, 0x20, 0x1f, 0x1f, false};
  case SmallFormat::FP4:
    break;
  }
  return {1, 1, 0x07, 0x08, 0x07, 0x07, false};
}

/// f32 values of all codes of a format (256, 64 or 16 entries).
const float *smallTable(SmallFormat format);

/// Code (its low bits) to f32; exact.
inline float decodeSmall(SmallFormat format, uint32_t code) {
  static constexpr uint8_t masks[] = {255, 255, 255, 255, 63, 63, 15};
  return smallTable(format)[code & masks[unsigned(format)]];
}

/// Value to code, nearest even, denormals kept. A finite value beyond the
/// largest one, or an infinity, gives NaN (FP8, FNUZ) or infinity (BF8), or
/// with `saturate` the largest finite code; FP6, BF6 and FP4 always saturate.
/// NaN gives the format's NaN; a format without one gives its largest value of
/// that sign.
uint8_t encodeSmall(SmallFormat format, double value, bool saturate);

/// As `encodeSmall`, rounded stochastically: with s = `sourceMantissa` (23 for
/// f32, 10 f16, 7 bf16) - the format's mantissa bits, the magnitude in units of
/// the result's last place keeps s fraction bits, the top s bits of `random`
/// are added to these, and the fraction is cut off.
uint8_t encodeSmallSR(SmallFormat format, double value, uint32_t random,
                      bool saturate, unsigned sourceMantissa = 23);

/// v_prng_b32 (gfx950): one step of the generator that the 32-element sr forms
/// apply between elements.
inline uint32_t prngStep(uint32_t x) {
  return (x << 1) ^ (x & 0x80000000u ? 0xc5u : 0u);
}

/// E8M0 byte to f32: 2^(byte-127), 0xff is NaN.
inline float e8m0ToF32(uint32_t byte) {
  byte &= 255u;
  uint32_t u = byte == 0 ? 0x00400000u : byte == 255 ? 0x7fc00000u : byte << 23;
  return bitsToF32(u);
}

} // namespace moe::emulator::math

#endif // MOE_LIB_EMULATOR_MATH_NUMERIC_H
