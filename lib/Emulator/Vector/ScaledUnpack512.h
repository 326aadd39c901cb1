//===- ScaledUnpack512.h - FP8 and BF8 to wide in AVX-512 -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// v_cvt_scalef32_* of one or two codes of 8 bits.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_SCALEDUNPACK512_H
#define MOE_LIB_EMULATOR_VECTOR_SCALEDUNPACK512_H

#include "Vector/Scaled512.h"

#include <array>

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

/// What is taken away from the sum of a magnitude and a scale's exponent field,
/// so that the sum of zero, which has no exponent, becomes zero.
constexpr uint32_t zeroSum = 192 << 7;

/// By the low bits of a code: the magnitudes of denormal numbers, to which
/// `zeroSum` is added but for 127 exponents, and of infinity and NaN.
template <CvtType From>
constexpr std::array<uint16_t, 32> unusualWords() {
  constexpr NarrowFormat f = narrowFormat(smallOf(From));
  std::array<uint16_t, 32> words{};
  for (uint32_t code = 1; code < 1u << f.mantissa; ++code) {
    uint32_t significand = code, exponent = 1;
    for (; significand >> f.mantissa == 0; significand *= 2)
      --exponent; // may wrap around: the sum does so again
    words[code] = uint16_t((exponent << 7) +
                           ((significand << (7 - f.mantissa)) - (1 << 7)) +
                           zeroSum - (f.bias << 7));
  }
  for (uint32_t code = f.maxCode + 1; code < 128; ++code)
    words[code % 32] =
        code == f.overflow && f.overflow != f.nan ? 0x7f80 : 0x7fc0;
  return words;
}

/// The low byte of each 16 bits, above which there is nothing, times the scale,
/// as bf16.
template <CvtType From>
struct ScaledWords {
  static constexpr NarrowFormat f = narrowFormat(smallOf(From));
  static constexpr auto unusual = unusualWords<From>();
  const __m512i table = _mm512_loadu_si512(unusual.data());

  MOE_EMU_INLINE __m512i operator()(__m512i code, __m512i scale) const {
    constexpr unsigned shift = 7 - f.mantissa;
    const __m512i normal =
        _mm512_and_si512(_mm512_slli_epi16(code, shift), words(0x7f << shift));
    const __m512i magnitude = _mm512_mask_permutexvar_epi16(
        _mm512_add_epi16(normal, words(zeroSum - (f.bias << 7))),
        _mm512_cmplt_epu16_mask(normal, words(1 << 7)), code, table);
    const __mmask32 special =
        _mm512_cmpgt_epu16_mask(normal, words(f.maxCode << shift));
    const __m512i x = _mm512_mask_permutexvar_epi16(
        _mm512_subs_epu16(_mm512_adds_epu16(magnitude, scale), words(zeroSum)),
        special, code, table);
    // NaN has no sign.
    const __mmask32 isSigned =
        f.overflow == f.nan
            ? ~special
            : _mm512_cmple_epu16_mask(normal, words(f.overflow << shift));
    const __m512i sign = _mm512_maskz_slli_epi16(isSigned, code, 8);
    return _mm512_ternarylogic_epi32(x, sign, words(0x8000),
                                     0xf8); // x | (sign & bit)
  }
};

/// Where each byte of a lane's 32 bits goes: two codes from `bit` on to the low
/// bytes of both halves, or one to that of the upper half.
template <bool Two>
MOE_EMU_INLINE __m512i codePlaces(unsigned bit) {
  constexpr int first = Two ? int(0x80018000) : int(0x80008080);
  constexpr int next = Two ? 0x00010001 : 0x00010000;
  const __m128i lanes = _mm_setr_epi32(first, first + 4 * next,
                                       first + 8 * next, first + 12 * next);
  return _mm512_add_epi32(_mm512_broadcast_i32x4(lanes),
                          dwords(bit / 8 * uint32_t(next)));
}

/// The instruction's result, from `resultBit` on; what is beside one f16 is
/// kept.
template <CvtType From, CvtType To, bool Two>
MOE_EMU_INLINE void unpackRows(const ScaledOperands &o) {
  const ScaledWords<From> scaled;
  // Read here: the loop's stores could change what `o` holds.
  const ScaledOperands own = o;
  const __m512i places = codePlaces<Two>(o.sourceBit);
  const __m512i twice =
      _mm512_set_epi16(15, 15, 14, 14, 13, 13, 12, 12, 11, 11, 10, 10, 9, 9, 8,
                       8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
  const __mmask32 half = o.resultBit ? 0xaaaaaaaa : 0x55555555;
  for (int lane = 0; lane < 64; lane += 16) {
    const __m512i x =
        scaled(_mm512_shuffle_epi8(sixteen(own.values[0], lane), places),
               scaleWords(own.scale, lane));
    uint32_t *d = own.d + lane;
    if constexpr (!Two && To == CvtType::F16) {
      _mm512_storeu_si512(d, _mm512_mask_permutexvar_epi16(
                                 sixteen(own.old, lane), half, twice,
                                 _mm512_castsi256_si512(halvesOf(x))));
    } else if constexpr (!Two || To == CvtType::BF16) {
      _mm512_storeu_si512(d, x);
    } else {
      const __m512i first = _mm512_slli_epi32(x, 16);
      const __m512i second = _mm512_and_si512(x, dwords(0xffff0000));
      _mm512_storeu_si512(d, To == CvtType::F16 ? halfPairs(first, second)
                                                : first);
      if constexpr (To == CvtType::F32)
        _mm512_storeu_si512(d + 64, second);
    }
  }
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_SCALEDUNPACK512_H
