//===- ValuDpp.cpp - DPP forms of plain vector instructions ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Source 0 with its lanes exchanged goes to a row beyond the wave's registers;
// then the instruction runs as one without DPP, with the lanes turned off that
// DPP does not write. What a plain form does not do is left to the general
// driver. Compiled once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDpp.h"
#include "Vector/ValuDirect.h"

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

/// Lane l of the result is lane from[l] of the source.
inline void exchange(uint32_t *d, const uint32_t *s,
                     const DppPattern &pattern) {
  const uint8_t *from = pattern.from;
#if defined(__AVX512F__)
  if (pattern.inRows) {
    for (int row = 0; row < 64; row += 16) {
      __m512i lanes = _mm512_cvtepu8_epi32(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(from + row)));
      _mm512_storeu_si512(d + row, _mm512_permutexvar_epi32(
                                       lanes, _mm512_loadu_si512(s + row)));
    }
    return;
  }
#elif defined(__AVX2__)
  if (pattern.inRows) {
    for (int row = 0; row < 64; row += 16) {
      auto at = reinterpret_cast<const __m256i *>(s + row);
      __m256i low = _mm256_loadu_si256(at), high = _mm256_loadu_si256(at + 1);
      for (int half = 0; half < 16; half += 8) {
        __m256i lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(
            reinterpret_cast<const __m128i *>(from + row + half)));
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

/// Lanes as all ones or zero.
inline void expandMask(uint32_t *row, uint64_t lanes) {
  for (int first = 0; first < 64; first += 32) {
    const uint32_t bits = uint32_t(lanes >> first);
    for (int lane = 0; lane < 32; ++lane)
      row[first + lane] = -((bits >> lane) & 1);
  }
}

/// The masks of banks and rows of the DPP word, as lanes.
inline uint64_t writtenLanes(uint32_t word) {
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

} // namespace

void dpp(Wave &w, const Inst &I);
void dpp(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  const DppPattern &pattern = dppPattern((I.ext >> 8) & 0x1ff);
  const uint64_t exec = w.exec();
  // Lanes that fetch from one that is there and on.
  uint64_t valid = pattern.valid;
  if (exec != ~uint64_t(0)) {
    alignas(64) uint32_t on[64];
    exchange(on, w.execMask, pattern);
    valid &= packMask(on);
  }
  bool zero = I.ext >> 19 & 1; // bound_ctrl: others fetch zero
  uint64_t lanes = exec & writtenLanes(I.ext) & (zero ? ~uint64_t(0) : valid);
  Inst plain = I;
  plain.mods &= ~uint32_t(ModDpp);
  plain.src[0].index = uint16_t(w.rows);
  for (unsigned r = 0; r < valueRows(row.a); ++r) {
    uint32_t *d = w.v[w.rows + r];
    exchange(d, w.v[I.src[0].index + r], pattern);
    if (zero && ~valid) {
      alignas(64) uint32_t mask[64];
      expandMask(mask, valid);
      MOE_LANES d[i] &= mask[i];
    }
  }
  ValuHandler run = plain.mods & 63 ? row.direct : row.directVgprs;
  if (lanes == exec)
    return run(w, plain);
  if (row.flags & (VCompare | VCarryOut)) { // masks depend on EXEC
    w.setS64(SgprExec, lanes);
    run(w, plain);
    w.setS64(SgprExec, exec);
    return;
  }
  // Into spare rows, of which the lanes that DPP writes are taken.
  alignas(64) uint32_t mask[64];
  expandMask(mask, lanes);
  plain.dst = uint16_t(w.rows + 2);
  for (unsigned r = 0; r < valueRows(row.d); ++r)
    memcpy(w.v[plain.dst + r], w.v[I.dst + r], sizeof(Row));
  run(w, plain);
  for (unsigned r = 0; r < valueRows(row.d); ++r)
    mergeLanes(w.v[I.dst + r], w.v[plain.dst + r], mask);
}

} // namespace moe::emulator::MOE_EMU_VARIANT
