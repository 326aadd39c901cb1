//===- ValuScaled.cpp - fast paths of v_cvt_scalef32_pk_*_fp4 -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// v_cvt_scalef32_pk_bf16_fp4, v_cvt_scalef32_pk_f32_fp4 and, with AVX-512,
// v_cvt_scalef32_pk_f16_fp4 without modifiers, over 64 lanes: codes are looked
// up. The others, and these with modifiers, are in ValuScaledAny.cpp. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Math/ScaledCvt.h"
#include "Vector/ValuDirect.h"
#if defined(__AVX512BW__)
#include "Vector/Scaled512.h"
#endif

namespace moe::emulator::MOE_EMU_VARIANT {

#if defined(__AVX512BW__)
constexpr int unpackedLanes = 16;
using Scales = __m512;
/// 2^(e-127) of the exponent fields, as scaleValue() has it.
static MOE_EMU_INLINE Scales scalesOf(__m512i scale) {
  const __m512i inf = _mm512_set1_epi32(0x7f800000);
  __m512i e = _mm512_and_si512(scale, inf);
  __mmask16 special =
      _mm512_testn_epi32_mask(e, e) | _mm512_cmpeq_epi32_mask(e, inf);
  return _mm512_castsi512_ps(
      _mm512_mask_or_epi32(e, special, e, _mm512_set1_epi32(0x400000)));
}
static MOE_EMU_INLINE Scales scalesAt(const uint32_t *scale) {
  return scalesOf(_mm512_loadu_si512(scale));
}
static MOE_EMU_INLINE Scales repeated(uint32_t scale, uint32_t *) {
  return scalesOf(_mm512_set1_epi32(int(scale)));
}
/// The products of the E2M1 codes in the low bits and the scales.
static MOE_EMU_INLINE __m512i scaled(__m512i codes, Scales scales) {
  const __m512 values = _mm512_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f,
                                       -0.5f, -1, -1.5f, -2, -3, -4, -6);
  return _mm512_castps_si512(
      _mm512_mul_ps(_mm512_permutexvar_ps(codes, values), scales));
}
template <CvtType To>
static MOE_EMU_INLINE void unpackLanes(uint32_t *d, const uint32_t *a,
                                       Scales scales, unsigned select,
                                       bool fp16Overflow) {
  __m512i codes = _mm512_srl_epi32(_mm512_loadu_si512(a),
                                   _mm_cvtsi32_si128(int(8 * select)));
  __m512i low = scaled(codes, scales);
  __m512i high = scaled(_mm512_srli_epi32(codes, 4), scales);
  if constexpr (To == CvtType::F32) {
    _mm512_storeu_si512(d, low);
    _mm512_storeu_si512(d + 64, high);
  } else if constexpr (To == CvtType::F16) {
    __m512i pair = halfPairs(low, high);
    // No product is infinite but one that is too large.
    if (fp16Overflow)
      pair = _mm512_mask_sub_epi16(
          pair,
          _mm512_cmpeq_epi16_mask(_mm512_and_si512(pair, words(0x7fff)),
                                  words(0x7c00)),
          pair, words(1));
    _mm512_storeu_si512(d, pair);
  } else {
    _mm512_storeu_si512(d, _mm512_mask_blend_epi16(
                               0xaaaaaaaa, _mm512_srli_epi32(low, 16), high));
  }
}
#elif defined(__AVX2__)
constexpr int unpackedLanes = 8;
using Scales = __m256;
/// 2^(e-127) of the exponent fields, as scaleValue() has it.
static MOE_EMU_INLINE Scales scalesOf(__m256i scale) {
  const __m256i inf = _mm256_set1_epi32(0x7f800000);
  __m256i e = _mm256_and_si256(scale, inf);
  __m256i special =
      _mm256_or_si256(_mm256_cmpeq_epi32(e, _mm256_setzero_si256()),
                      _mm256_cmpeq_epi32(e, inf));
  e = _mm256_or_si256(e,
                      _mm256_and_si256(special, _mm256_set1_epi32(0x400000)));
  return _mm256_castsi256_ps(e);
}
static MOE_EMU_INLINE Scales scalesAt(const uint32_t *scale) {
  return scalesOf(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(scale)));
}
static MOE_EMU_INLINE Scales repeated(uint32_t scale, uint32_t *) {
  return scalesOf(_mm256_set1_epi32(int(scale)));
}
/// The products of the E2M1 codes in the low bits and the scales.
static MOE_EMU_INLINE __m256i scaled(__m256i codes, Scales scales) {
  const __m256 values = _mm256_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6);
  __m256 magnitude = _mm256_permutevar8x32_ps(values, codes);
  __m256i sign = _mm256_slli_epi32(_mm256_srli_epi32(codes, 3), 31);
  __m256 value = _mm256_or_ps(magnitude, _mm256_castsi256_ps(sign));
  return _mm256_castps_si256(_mm256_mul_ps(value, scales));
}
template <CvtType To>
static MOE_EMU_INLINE void unpackLanes(uint32_t *d, const uint32_t *a,
                                       Scales scales, unsigned select, bool) {
  __m256i codes =
      _mm256_srl_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(a)),
                       _mm_cvtsi32_si128(int(8 * select)));
  __m256i low = scaled(codes, scales);
  __m256i high = scaled(_mm256_srli_epi32(codes, 4), scales);
  auto *out = reinterpret_cast<__m256i *>(d);
  if constexpr (To == CvtType::F32) {
    _mm256_storeu_si256(out, low);
    _mm256_storeu_si256(out + 8, high);
  } else {
    _mm256_storeu_si256(
        out, _mm256_blend_epi16(_mm256_srli_epi32(low, 16), high, 0xaa));
  }
}
#else
constexpr int unpackedLanes = 16;
using Scales = const uint32_t *;
static MOE_EMU_INLINE Scales scalesAt(const uint32_t *scale) { return scale; }
static MOE_EMU_INLINE Scales repeated(uint32_t scale, uint32_t *own) {
  splat16(own, scale);
  return own;
}
template <CvtType To>
static MOE_EMU_INLINE void unpackLanes(uint32_t *d, const uint32_t *a,
                                       Scales scales, unsigned select, bool) {
  for (int j = 0; j < unpackedLanes; ++j) {
    const uint32_t byte = a[j] >> (8 * select);
    const float scale = scaleValue(scales[j]);
    const uint32_t low = f32ToBits(fp4ToF32(byte) * scale);
    const uint32_t high = f32ToBits(fp4ToF32(byte >> 4) * scale);
    if constexpr (To == CvtType::F32) {
      d[j] = low;
      d[64 + j] = high;
    } else {
      d[j] = (low >> 16) | (high & 0xffff0000u);
    }
  }
}
#endif

/// Source k as a row, or as repeated lanes.
static MOE_EMU_INLINE Source plainSource(const Wave &w, const Src &src,
                                         SourceRows &own) {
  if (src.kind == SrcKind::Vgpr)
    return {w.v[src.index], 1};
  splat16(own.rows, w.scalar(src));
  return {own.rows, 0};
}

template <CvtType To>
static void unpackRows(Wave &w, const Inst &I) {
  SourceRows own;
  const Source a = plainSource(w, I.src[0], own);
  const Src &scale = I.src[1];
  const unsigned select = modOpSel(I.mods) & 3;
  const bool fp16Overflow = FpMode{w.mode}.fp16Overflow();
  constexpr unsigned rows = To == CvtType::F32 ? 2 : 1;
  alignas(64) uint32_t out[rows * 64];
  uint32_t *d = w.execFull ? w.v[I.dst] : out;
  if (scale.kind == SrcKind::Vgpr) {
    for (int lane = 0; lane < 64; lane += unpackedLanes)
      unpackLanes<To>(d + lane, a.p + lane * a.step,
                      scalesAt(w.v[scale.index] + lane), select, fp16Overflow);
  } else {
    // One scale for all lanes, made once.
    const Scales all = repeated(w.scalar(scale), own.rows + 64);
    for (int lane = 0; lane < 64; lane += unpackedLanes)
      unpackLanes<To>(d + lane, a.p + lane * a.step, all, select, fp16Overflow);
  }
  if (!w.execFull)
    for (unsigned r = 0; r < rows; ++r)
      mergeLanes(w.v[I.dst + r], out + 64 * r, w);
}

/// The handler of a conversion of two numbers without neg and abs, or null.
ValuHandler unpackFp4Handler(CvtType to);
ValuHandler unpackFp4Handler(CvtType to) {
#if defined(__AVX512BW__)
  if (to == CvtType::F16)
    return unpackRows<CvtType::F16>;
#endif
  return to == CvtType::BF16  ? unpackRows<CvtType::BF16>
         : to == CvtType::F32 ? unpackRows<CvtType::F32>
                              : nullptr;
}

} // namespace moe::emulator::MOE_EMU_VARIANT
