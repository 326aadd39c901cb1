//===- ScaledPack512.h - f32, f16, bf16 to narrow in AVX-512 ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// v_cvt_scalef32_pk_* and _sr_* of one or two numbers to FP8, BF8 and FP4.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_SCALEDPACK512_H
#define MOE_LIB_EMULATOR_VECTOR_SCALEDPACK512_H

#include "Vector/Scaled512.h"

#include <array>

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

//===----------------------------------------------------------------------===//
// To nearest even, in 16 bits
//===----------------------------------------------------------------------===//

/// The 16 f16 of eight lanes.
MOE_EMU_INLINE __m512i wideHalves(const uint32_t *row) {
  return _mm512_castps_si512(_mm512_cvtph_ps(
      _mm256_loadu_si256(reinterpret_cast<const __m256i *>(row))));
}

/// Two numbers of each lane as bf16 rounded to odd, whose 8 bits are enough to
/// round again: a format's 4 and two more.
template <CvtType From>
MOE_EMU_INLINE __m512i oddWords(const ScaledOperands &o, int lane) {
  const __m512i x = sixteen(o.values[0], lane);
  if constexpr (From == CvtType::BF16)
    return x;
  const __m512i rest = dwords(0xffff), odd = dwords(0x10000);
  const auto toOdd = [&](__m512i a) {
    return _mm512_mask_or_epi32(a, _mm512_test_epi32_mask(a, rest), a, odd);
  };
  if constexpr (From == CvtType::F32) {
    const __m512i y = toOdd(sixteen(o.values[1], lane));
    return _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(toOdd(x), 16),
                                   y);
  }
  const __m512i upper = _mm512_set_epi16(
      63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29,
      27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  const uint32_t *halves = o.values[0] + lane;
  return _mm512_permutex2var_epi16(toOdd(wideHalves(halves)), upper,
                                   toOdd(wideHalves(halves + 8)));
}

/// Codes by magnitude, to nearest even. The upper bits of an index are the
/// exponent, from half of the smallest code on, and the first `kept` mantissa
/// bits; its lowest says whether others are set.
template <CvtType To, unsigned kept, unsigned position>
constexpr std::array<uint16_t, 64> nearestCodes() {
  constexpr NarrowFormat f = narrowFormat(smallOf(To));
  // In units of the smallest code.
  constexpr auto magnitude = [](uint32_t code) {
    const uint32_t exponent = code >> f.mantissa, one = 1u << f.mantissa;
    return exponent ? (code % one + one) << (exponent - 1) : code;
  };
  std::array<uint16_t, 64> codes{};
  for (uint32_t i = 0; i < 64; ++i) {
    // In units of a quarter of the last bit that is kept.
    const uint32_t bits = i / 2, one = 1u << kept;
    const uint64_t value =
        (uint64_t(one + bits % one) << (bits / one)) * 2 + i % 2;
    uint32_t code = 0;
    for (; code < f.maxCode; ++code) {
      const uint64_t middle = uint64_t(magnitude(code) + magnitude(code + 1))
                              << (kept + 1);
      if (value < middle || (value == middle && code % 2 == 0))
        break;
    }
    codes[i] = uint16_t(code << position);
  }
  return codes;
}

/// Two numbers of each lane, as bf16, divided by their scales.
template <CvtType To>
struct NearestCodes {
  static constexpr NarrowFormat f = narrowFormat(smallOf(To));
  static constexpr bool small = To == CvtType::FP4; ///< all by the table
  /// Mantissa bits that tell where a number lies between two codes: one more
  /// than a normal code has, or as many as the largest denormal one's.
  static constexpr unsigned kept = small ? f.mantissa + 1 : f.mantissa;
  /// FP4 in the low bits, the others in the upper 8, below the sign.
  static constexpr unsigned position = small ? 0 : 8;
  static constexpr auto codes = nearestCodes<To, kept, position>();
  const Table64 table{codes.data()};

  /// What is below a code in the upper 8 bits has no meaning.
  MOE_EMU_INLINE __m512i operator()(__m512i u, __m512i scale) const {
    constexpr unsigned shift = 7 - kept;
    // From half of the smallest code on; what is smaller becomes zero as it is.
    const __m512i base =
        _mm512_sub_epi16(scale, words((f.bias + f.mantissa) << 7));
    const __m512i magnitude = _mm512_and_si512(u, words(0x7fff));
    // Up to what overflows: a normal code's place, less its exponents.
    constexpr uint32_t most =
        small ? (5 << 7) - 1 : (f.overflow << shift) + (f.mantissa << 7);
    const __m512i t =
        _mm512_min_epu16(_mm512_subs_epu16(magnitude, base), words(most));
    const __m512i down = _mm512_srli_epi16(t, shift);
    const __m512i up =
        _mm512_srli_epi16(_mm512_add_epi16(t, words((1 << shift) - 1)), shift);
    __m512i code = table[_mm512_add_epi16(down, up)];
    if constexpr (small)
      return _mm512_ternarylogic_epi32(code, _mm512_srli_epi16(u, 12), words(8),
                                       0xf8); // code | (sign & bit)
    const __m512i rounded = _mm512_add_epi16(
        _mm512_add_epi16(t, words((1u << (shift - 1)) - 1 - (f.mantissa << 7))),
        _mm512_and_si512(down, words(1)));
    const __mmask32 normal =
        _mm512_cmpge_epu16_mask(t, words((f.mantissa + 1) << 7));
    code = _mm512_mask_slli_epi16(code, normal, rounded, position - shift);
    if constexpr (f.nan != f.overflow)
      code = _mm512_mask_mov_epi16(
          code, _mm512_cmpgt_epu16_mask(magnitude, words(0x7f80)),
          words(f.nan << position));
    return _mm512_ternarylogic_epi32(code, u, words(0x8000), 0xf8);
  }
};

//===----------------------------------------------------------------------===//
// By random bits
//===----------------------------------------------------------------------===//

/// Two bf16 of each lane divided by their scales, to FP4 in the low bits.
MOE_EMU_INLINE __m512i fp4WordsByBits(__m512i u, __m512i scale,
                                      __m512i random) {
  // From seven exponents below the smallest normal number on, that is 1. What
  // is smaller has no bit left.
  constexpr unsigned below = 7;
  const __m512i base = _mm512_sub_epi16(scale, words((below + 1) << 7));
  const __m512i magnitude = _mm512_and_si512(u, words(0x7fff));
  const __m512i v = _mm512_subs_epu16(magnitude, base);
  const __m512i significand = _mm512_ternarylogic_epi32(
      u, words(0x7f), words(0x80), 0xea); // (u & 0x7f) | 0x80
  const __m512i denormal = _mm512_srlv_epi16(
      significand, _mm512_sub_epi16(words(below + 1), _mm512_srli_epi16(v, 7)));
  const __m512i units = _mm512_mask_sub_epi16(
      denormal, _mm512_cmpge_epu16_mask(v, words((below + 1) << 7)), v,
      words(below << 7));
  // The generator's step between the numbers is a shift, but for 8 low bits.
  const __m512i bits = _mm512_ternarylogic_epi32(
      _mm512_srli_epi32(random, 26), _mm512_srli_epi32(random, 9),
      dwords(0x3f0000), 0xf8); // a | (b & mask)
  __m512i code = _mm512_srli_epi16(_mm512_add_epi16(units, bits), 6);
  code = _mm512_min_epu16(code, words(7));
  return _mm512_ternarylogic_epi32(code, _mm512_srli_epi16(u, 12), words(8),
                                   0xf8);
}

/// A number of each lane, as f32, divided by its scale: encodeNarrowSR. The
/// codes are the upper bits; what is below has no meaning.
template <CvtType From, CvtType To>
MOE_EMU_INLINE __m512i codesByBits(__m512i u, __m512i scale, __m512i random) {
  constexpr NarrowFormat f = narrowFormat(smallOf(To));
  constexpr unsigned mantissa = cvtMantissa(From);
  // Where the smallest normal number has its exponent.
  const __m512i least = _mm512_sub_epi32(
      _mm512_and_si512(scale, dwords(0x7f800000)), dwords((f.bias - 1) << 23));
  const __m512i magnitude = _mm512_and_si512(u, dwords(0x7fffffff));
  const __m512i significand = _mm512_ternarylogic_epi32(
      u, dwords(0x7fffff), dwords(0x800000), 0xea); // (u & mask) | one
  // Exponents below it, rounded up; very many above it.
  const __m512i below = _mm512_srli_epi32(
      _mm512_sub_epi32(_mm512_add_epi32(least, dwords(0x7fffff)), magnitude),
      23);
  // A normal number's exponents above it, as the code has them. Of those below
  // what is shifted is the larger one.
  const __m512i normal =
      _mm512_sub_epi32(magnitude, _mm512_sub_epi32(least, dwords(1 << 23)));
  const __m512i units =
      _mm512_max_epi32(_mm512_srlv_epi32(significand, below), normal);
  // As many as there are bits between the mantissas, where these end.
  constexpr unsigned shift = 23 - f.mantissa;
  __m512i bits = _mm512_srli_epi32(random, 32 - shift);
  if constexpr (mantissa < 23)
    bits = _mm512_and_si512(bits, dwords(~0u << (23 - mantissa)));
  __m512i sum = _mm512_add_epi32(units, bits);
  sum = _mm512_min_epu32(sum, dwords(f.overflow << shift | ~(~0u << shift)));
  __m512i code =
      _mm512_slli_epi32(sum, 32 - shift - (To == CvtType::FP4 ? 4 : 8));
  if constexpr (f.nan != f.overflow)
    code = _mm512_mask_mov_epi32(
        code, _mm512_cmpgt_epu32_mask(magnitude, dwords(0x7f800000)),
        dwords(f.nan << 24));
  return _mm512_ternarylogic_epi32(code, u, dwords(0x80000000), 0xf8);
}

/// A number of each lane as f32, from `bit` on.
template <CvtType From>
MOE_EMU_INLINE __m512i wideLanes(const uint32_t *row, int lane, unsigned bit) {
  const __m512i x = sixteen(row, lane);
  if constexpr (From == CvtType::F32)
    return x;
  if constexpr (From == CvtType::BF16)
    return _mm512_and_si512(_mm512_sllv_epi32(x, dwords(16 - bit)),
                            dwords(0xffff0000));
  // Every other one.
  const __m512i places =
      _mm512_add_epi32(_mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
                                         22, 24, 26, 28, 30),
                       dwords(bit / 16));
  return _mm512_permutex2var_epi32(wideHalves(row + lane), places,
                                   wideHalves(row + lane + 8));
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// Two codes of each lane to one byte.
MOE_EMU_INLINE __m512i joinFp4(__m512i codes) {
  return _mm512_madd_epi16(codes, dwords(1 | 16 << 16));
}

/// The conversion's codes of 16 lanes, and which bytes of a lane they are: its
/// two numbers of 8 bits lie in the upper bytes of the halves.
template <CvtType From, CvtType To, bool Random, bool Two>
struct PackedCodes {
  static constexpr unsigned bytes =
      To == CvtType::FP4 ? 0x00000000 : 0x03010301;
  NearestCodes<To> nearest;
  MOE_EMU_INLINE __m512i operator()(const ScaledOperands &o, int lane) const {
    const __m512i x =
        nearest(oddWords<From>(o, lane), scaleWords(o.scale, lane));
    return To == CvtType::FP4 ? joinFp4(x) : x;
  }
};
template <CvtType From, CvtType To>
struct PackedCodes<From, To, true, false> {
  static constexpr unsigned bytes = 0x03030303;
  MOE_EMU_INLINE __m512i operator()(const ScaledOperands &o, int lane) const {
    return codesByBits<From, To>(
        wideLanes<From>(o.values[0], lane, o.sourceBit), sixteen(o.scale, lane),
        sixteen(o.random, lane));
  }
};
template <CvtType From>
struct PackedCodes<From, CvtType::FP4, true, true> {
  static constexpr unsigned bytes = 0x03030303;
  MOE_EMU_INLINE __m512i operator()(const ScaledOperands &o, int lane) const {
    constexpr bool rows = From == CvtType::F32;
    const __m512i scale = sixteen(o.scale, lane);
    const __m512i random = sixteen(o.random, lane);
    const __m512i x = codesByBits<From, CvtType::FP4>(
        wideLanes<From>(o.values[0], lane, 0), scale, random);
    // The generator's step is a shift, but for 8 low bits.
    const __m512i y = codesByBits<From, CvtType::FP4>(
        wideLanes<From>(o.values[0] + (rows ? 64 : 0), lane, rows ? 0 : 16),
        scale, _mm512_slli_epi32(random, 1));
    return _mm512_ternarylogic_epi32(dwords(0xf0000000), y,
                                     _mm512_srli_epi32(x, 4),
                                     0xca); // mask ? y : x >> 4
  }
};
template <>
struct PackedCodes<CvtType::BF16, CvtType::FP4, true, true> {
  static constexpr unsigned bytes = 0x00000000;
  MOE_EMU_INLINE __m512i operator()(const ScaledOperands &o, int lane) const {
    return joinFp4(fp4WordsByBits(sixteen(o.values[0], lane),
                                  scaleWords(o.scale, lane),
                                  sixteen(o.random, lane)));
  }
};

/// The instruction's result, from `resultBit` on; the other bytes are kept.
template <CvtType From, CvtType To, bool Random, bool Two>
MOE_EMU_INLINE void packRows(const ScaledOperands &o) {
  const PackedCodes<From, To, Random, Two> codes;
  // Read here: the loop's stores could change what `o` holds.
  const ScaledOperands own = o;
  constexpr uint64_t lanes = 0x1111111111111111;
  const __mmask64 written = lanes * (cvtBits(To) * (1 + Two) == 16 ? 3 : 1)
                            << own.resultBit / 8;
  constexpr uint32_t next = 0x04040404;
  const __m512i bytes = _mm512_broadcast_i32x4(
      _mm_setr_epi32(int(codes.bytes), int(codes.bytes + next),
                     int(codes.bytes + 2 * next), int(codes.bytes + 3 * next)));
  for (int lane = 0; lane < 64; lane += 16)
    _mm512_storeu_si512(
        own.d + lane, _mm512_mask_shuffle_epi8(sixteen(own.old, lane), written,
                                               codes(own, lane), bytes));
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_SCALEDPACK512_H
