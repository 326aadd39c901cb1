//===- Scaled512.h - operands of scaled conversions in AVX-512 --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 16 lanes of the rows, whose two numbers lie in 16 bits each where they can:
// a bf16 times or divided by a power of two is a sum or a difference of bits.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_SCALED512_H
#define MOE_LIB_EMULATOR_VECTOR_SCALED512_H

#include "Math/ScaledCvt.h"
#include "Vector/Lanes.h"
#include "Vector/ScaledOperands.h"

#include <immintrin.h>

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

MOE_EMU_INLINE __m512i words(uint32_t x) {
  return _mm512_set1_epi16(int16_t(x));
}
MOE_EMU_INLINE __m512i dwords(uint32_t x) { return _mm512_set1_epi32(int(x)); }
MOE_EMU_INLINE __m512i sixteen(const uint32_t *row, int lane) {
  return _mm512_loadu_si512(row + lane);
}

/// Whether the exponent fields of all scales are from 64 to 191, so that no sum
/// or difference below leaves 16 bits, and no result is denormal in bf16.
MOE_EMU_INLINE bool areMiddling(const uint32_t *scales) {
  // The two upper bits of the field differ.
  __m512i differ = dwords(0x40000000);
  for (int lane = 0; lane < 64; lane += 16) {
    const __m512i s = sixteen(scales, lane);
    differ = _mm512_ternarylogic_epi32(differ, s, _mm512_slli_epi32(s, 1),
                                       0x60); // differ & (s ^ s << 1)
  }
  return _mm512_test_epi32_mask(differ, dwords(0x40000000)) == 0xffff;
}

/// The exponent field of each lane's scale, at that of a bf16 in both halves.
MOE_EMU_INLINE __m512i scaleWords(const uint32_t *scales, int lane) {
  const __m512i upper = _mm512_broadcast_i32x4(
      _mm_setr_epi32(0x03020302, 0x07060706, 0x0b0a0b0a, 0x0f0e0f0e));
  return _mm512_and_si512(_mm512_shuffle_epi8(sixteen(scales, lane), upper),
                          words(0x7f80));
}

/// 64 numbers of 16 bits in two registers.
struct Table64 {
  explicit Table64(const uint16_t *entries)
      : low(_mm512_loadu_si512(entries)),
        high(_mm512_loadu_si512(entries + 32)) {}
  /// By the low 6 bits of each index.
  MOE_EMU_INLINE __m512i operator[](__m512i index) const {
    return _mm512_permutex2var_epi16(low, index, high);
  }
  __m512i low, high;
};

/// 16 f32 to f16.
MOE_EMU_INLINE __m256i halvesOf(__m512i x) {
  return _mm512_cvtps_ph(_mm512_castsi512_ps(x), _MM_FROUND_TO_NEAREST_INT);
}

/// Two f32 of each lane to two f16.
MOE_EMU_INLINE __m512i halfPairs(__m512i x, __m512i y) {
  const __m512i alternate = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
      6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(
      alternate,
      _mm512_inserti64x4(_mm512_castsi256_si512(halvesOf(x)), halvesOf(y), 1));
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_SCALED512_H
