//===- ValuExp.h - v_exp_f32 with AVX-512 -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 2^x for 16 lanes at a time, with a table of 16 powers in registers and a
// shorter polynomial than exp2Of of ValuHelpers.h. The results are the same for
// all 2^32 arguments but for payloads of NaN. Included by ValuFloat.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_VALUEXP_H
#define MOE_LIB_EMULATOR_VECTOR_VALUEXP_H

#include "Vector/ValuDirect.h"

#if defined(__AVX512F__)

namespace moe::emulator::MOE_EMU_VARIANT {

/// 2^(i/16 + r) of eight lanes, |r| <= 1/32, i the low bits of `index`. The
/// numbers are those of scripts/polynomials.py.
static MOE_EMU_INLINE __m256 powers(__m256 rest, __m256i index) {
  const __m512d low = _mm512_setr_pd(
      0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0,
      0x1.2387a6e756238p+0, 0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0,
      0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0);
  const __m512d high = _mm512_setr_pd(
      0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0,
      0x1.9c49182a3f090p+0, 0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0,
      0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0);
  __m512d power =
      _mm512_permutex2var_pd(low, _mm512_cvtepi32_epi64(index), high);
  __m512d r = _mm512_cvtps_pd(rest);
  __m512d p = _mm512_set1_pd(0x1.430a1d08ec681p-13);
  p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0x1.5d897e525c216p-10));
  p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0x1.3b2ab6fb41213p-7));
  p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0x1.c6b08d6f2a289p-5));
  p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0x1.ebfbdff82c590p-3));
  p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(0x1.62e42fefa39f3p-1));
  return _mm512_cvtpd_ps(_mm512_fmadd_pd(_mm512_mul_pd(r, power), p, power));
}

/// 2^x of 16 lanes, denormal results flushed.
static MOE_EMU_INLINE void expLanes(uint32_t *d, const uint32_t *a) {
  // The low bits of x + 3 * 2^18 are x in sixteenths: a whole exponent and a
  // place in the table; the rest is exact.
  const __m512 magic = _mm512_set1_ps(0x1.8p19f);
  const __m512 x = _mm512_loadu_ps(a);
  const __m512 sum = _mm512_add_ps(x, magic);
  const __m512 rest = _mm512_sub_ps(x, _mm512_sub_ps(sum, magic));
  const __m512i sixteenths = _mm512_castps_si512(sum);
  const __m512 mantissas = _mm512_insertf32x8(
      _mm512_castps256_ps512(powers(_mm512_castps512_ps256(rest),
                                    _mm512_castsi512_si256(sixteenths))),
      powers(_mm512_extractf32x8_ps(rest, 1),
             _mm512_extracti64x4_epi64(sixteenths, 1)),
      1);
  const __m512i exponents =
      _mm512_slli_epi32(_mm512_srai_epi32(sixteenths, 4), 23);
  __m512i result = _mm512_maskz_add_epi32(
      _mm512_cmp_ps_mask(x, _mm512_set1_ps(-126.0f), _CMP_GE_OQ),
      _mm512_castps_si512(mantissas), exponents);
  // Infinity, or NaN as it is.
  const __mmask16 large =
      _mm512_cmp_ps_mask(x, _mm512_set1_ps(128.0f), _CMP_NLT_UQ);
  result = _mm512_mask_mov_epi32(
      result, large,
      _mm512_castps_si512(_mm512_add_ps(
          x, _mm512_castsi512_ps(_mm512_set1_epi32(0x7f800000)))));
  _mm512_storeu_si512(d, result);
}

} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // __AVX512F__

#endif // MOE_LIB_EMULATOR_VECTOR_VALUEXP_H
