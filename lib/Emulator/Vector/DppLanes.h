//===- DppLanes.h - source 0 of a DPP form ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exchanges the lanes of a register by a DPP word. Compiled once for each host
// instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_DPPLANES_H
#define MOE_LIB_EMULATOR_VECTOR_DPPLANES_H

#include "State/Machine.h"
#include "Vector/LaneMasks.h"
#include "Vector/ValuDpp.h"

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

#if defined(__AVX512F__)

/// The lanes whose source is there and in `exec`.
MOE_EMU_INLINE uint64_t validLanes(const DppPattern &pattern, uint64_t exec) {
  if (pattern.inRows)
    return pattern.valid &
           _mm512_movepi8_mask(_mm512_shuffle_epi8(
               _mm512_movm_epi8(exec), _mm512_load_si512(pattern.places)));
  uint64_t valid = 0;
  for (int row = 0; row < 4; ++row) {
    const int other = pattern.other[row];
    const __m512i on = _mm512_permutex2var_epi32(
        _mm512_movm_epi32(__mmask16(exec >> 16 * row)),
        _mm512_load_si512(pattern.pick + 16 * row),
        _mm512_movm_epi32(__mmask16(exec >> 16 * other)));
    valid |= uint64_t(_mm512_movepi32_mask(on)) << 16 * row;
  }
  return valid & pattern.valid;
}

/// Lane l of the result is lane from[l] of the source; that of `zeros` is zero.
MOE_EMU_INLINE void permute(uint32_t *d, const uint32_t *s,
                            const DppPattern &pattern, uint64_t zeros) {
  for (int row = 0; row < 4; ++row) {
    const __m512i x = _mm512_permutex2var_epi32(
        _mm512_loadu_si512(s + 16 * row),
        _mm512_load_si512(pattern.pick + 16 * row),
        _mm512_loadu_si512(s + 16 * pattern.other[row]));
    _mm512_storeu_si512(
        d + 16 * row, _mm512_maskz_mov_epi32(__mmask16(~zeros >> 16 * row), x));
  }
}

#else

/// Lane l of the result is lane from[l] of the source.
inline void permute(uint32_t *d, const uint32_t *s, const DppPattern &pattern) {
  const uint32_t *from = pattern.from;
#if defined(__AVX2__)
  if (pattern.inRows) {
    for (int row = 0; row < 64; row += 16) {
      auto at = reinterpret_cast<const __m256i *>(s + row);
      __m256i low = _mm256_loadu_si256(at), high = _mm256_loadu_si256(at + 1);
      for (int half = 0; half < 16; half += 8) {
        __m256i lanes = _mm256_load_si256(
            reinterpret_cast<const __m256i *>(from + row + half));
        __m256i x = _mm256_permutevar8x32_epi32(low, lanes);
        __m256i y = _mm256_permutevar8x32_epi32(high, lanes);
        __m256 picked =
            _mm256_blendv_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(y),
                             _mm256_castsi256_ps(_mm256_slli_epi32(lanes, 28)));
        _mm256_storeu_ps(reinterpret_cast<float *>(d + row + half), picked);
      }
    }
    return;
  }
#endif
  for (int lane = 0; lane < 64; ++lane)
    d[lane] = s[from[lane]];
}

#endif

/// Source 0 of a DPP form to `d`. Returns the lanes that fetch from one that is
/// there and in EXEC; with `zero` the others are zero.
MOE_EMU_INLINE uint64_t exchange(const Wave &w, uint32_t *d, const uint32_t *s,
                                 const DppPattern &pattern, bool zero) {
  uint64_t valid = pattern.valid;
#if defined(__AVX512F__)
  if (!w.execFull)
    valid = validLanes(pattern, w.exec());
  permute(d, s, pattern, zero ? ~valid : 0);
#else
  if (!w.execFull) {
    alignas(64) uint32_t on[64];
    permute(on, w.execMask, pattern);
    valid &= packMask(on);
  }
  permute(d, s, pattern);
  for (uint64_t m = zero ? ~valid : 0; m; m &= m - 1)
    d[__builtin_ctzll(m)] = 0;
#endif
  return valid;
}

/// The masks of banks and rows of the DPP word, as lanes.
MOE_EMU_INLINE uint64_t writtenLanes(uint32_t word) {
  uint32_t banks = (word >> 24) & 15, rows = word >> 28;
  if ((banks & rows) == 15)
    return ~uint64_t(0);
  uint64_t row = 0, lanes = 0;
  for (int bank = 0; bank < 4; ++bank)
    row |= banks >> bank & 1 ? uint64_t(15) << 4 * bank : 0;
  for (int k = 0; k < 4; ++k)
    lanes |= rows >> k & 1 ? row << 16 * k : 0;
  return lanes;
}

/// Source 0 `s` of a DPP form with its lanes exchanged to `d`. Returns the
/// lanes that the instruction writes.
MOE_EMU_INLINE uint64_t fetchDpp(const Wave &w, const Inst &I, uint32_t *d,
                                 const uint32_t *s) {
  const DppPattern &pattern = dppPatterns[(I.ext >> 8) & 0x1ff];
  const bool zero = I.ext >> 19 & 1; // bound_ctrl: others fetch zero
  const uint64_t valid = exchange(w, d, s, pattern, zero);
  return w.exec() & writtenLanes(I.ext) & (zero ? ~uint64_t(0) : valid);
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_DPPLANES_H
