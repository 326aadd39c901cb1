//===- ValuScaled.cpp - fast path of v_cvt_scalef32_pk_bf16_fp4 -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// v_cvt_scalef32_pk_bf16_fp4 without modifiers, over 64 lanes. The others, and
// this one with modifiers, are in LaneOps.cpp. Compiled once for each host
// instruction set.
//
//===----------------------------------------------------------------------===//

#include "Math/ScaledCvt.h"
#include "Vector/ValuDirect.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#if defined(__AVX2__)
/// 2^(e-127) of the exponent fields, as scaleValue() has it.
static MOE_EMU_INLINE __m256 scaleValues(__m256i bits) {
  const __m256i inf = _mm256_set1_epi32(0x7f800000);
  __m256i e = _mm256_and_si256(bits, inf);
  __m256i tiny = _mm256_cmpeq_epi32(e, _mm256_setzero_si256());
  __m256i nan = _mm256_cmpeq_epi32(e, inf);
  e = _mm256_or_si256(e, _mm256_and_si256(tiny, _mm256_set1_epi32(0x400000)));
  e = _mm256_or_si256(e, _mm256_and_si256(nan, _mm256_set1_epi32(0x400000)));
  return _mm256_castsi256_ps(e);
}
/// The product of the E2M1 code in the low bits and the scale.
static MOE_EMU_INLINE __m256i scaled(__m256i code, __m256 scale) {
  const __m256 values = _mm256_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6);
  __m256 magnitude = _mm256_permutevar8x32_ps(values, code);
  __m256i sign = _mm256_slli_epi32(_mm256_srli_epi32(code, 3), 31);
  __m256 value = _mm256_or_ps(magnitude, _mm256_castsi256_ps(sign));
  return _mm256_castps_si256(_mm256_mul_ps(value, scale));
}
static MOE_EMU_INLINE void unpackLanes(uint32_t *d, const uint32_t *a,
                                       const uint32_t *scale, unsigned select) {
  __m128i shift = _mm_cvtsi32_si128(int(8 * select));
  for (int j = 0; j < 16; j += 8) {
    auto load = [&](const uint32_t *p) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p + j));
    };
    __m256i codes = _mm256_srl_epi32(load(a), shift);
    __m256 s = scaleValues(load(scale));
    __m256i low = scaled(codes, s);
    __m256i high = scaled(_mm256_srli_epi32(codes, 4), s);
    _mm256_storeu_si256(
        reinterpret_cast<__m256i *>(d + j),
        _mm256_blend_epi16(_mm256_srli_epi32(low, 16), high, 0xaa));
  }
}
#else
static MOE_EMU_INLINE void unpackLanes(uint32_t *d, const uint32_t *a,
                                       const uint32_t *scale, unsigned select) {
  for (int j = 0; j < 16; ++j)
    d[j] = scalePkBf16Fp4(a[j], scale[j], select);
}
#endif

/// Source k as a row, or as repeated lanes.
static MOE_EMU_INLINE Source plainSource(const Wave &w, const Src &src,
                                         SourceRoom &room) {
  if (src.kind == SrcKind::Vgpr)
    return {w.v[src.index], 1};
  splat16(room.rows, w.scalar(src));
  return {room.rows, 0};
}

void unpackFp4(Wave &w, const Inst &I);
void unpackFp4(Wave &w, const Inst &I) {
  SourceRoom room[2];
  const Source a = plainSource(w, I.src[0], room[0]);
  const Source scale = plainSource(w, I.src[1], room[1]);
  const unsigned select = modOpSel(I.mods) & 3;
  uint32_t *d = w.v[I.dst];
  if (w.execFull) {
    for (int first = 0; first < 64; first += 16)
      unpackLanes(d + first, a.p + first * a.step, scale.p + first * scale.step,
                  select);
    return;
  }
  alignas(64) uint32_t out[64];
  for (int first = 0; first < 64; first += 16)
    unpackLanes(out + first, a.p + first * a.step, scale.p + first * scale.step,
                select);
  MOE_LANES d[i] = (out[i] & w.execMask[i]) | (d[i] & ~w.execMask[i]);
}

} // namespace moe::emulator::MOE_EMU_VARIANT
