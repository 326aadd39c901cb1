//===- ValuDpp.cpp - DPP forms of plain vector instructions ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Source 0 with its lanes exchanged goes to a row beyond the wave's registers;
// then the row's lane kernel runs on all lanes, of which those are taken that
// are on and that DPP writes. Where a kernel alone does not do (masks, modes,
// neg and abs) the plain form of the instruction runs. Compiled once for each
// host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDpp.h"
#include "Vector/ValuDirect.h"

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

/// Lane l of the result is lane from[l] of the source, or zero where `valid`
/// lacks it.
inline void exchange(uint32_t *d, const uint32_t *s, const DppPattern &pattern,
                     uint64_t valid) {
  const uint8_t *from = pattern.from;
#if defined(__AVX512F__)
  const __m512i rows[4] = {_mm512_loadu_si512(s), _mm512_loadu_si512(s + 16),
                           _mm512_loadu_si512(s + 32),
                           _mm512_loadu_si512(s + 48)};
  for (int row = 0; row < 4; ++row) {
    const __m512i lanes = _mm512_cvtepu8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i *>(from + 16 * row)));
    const __mmask16 there = __mmask16(valid >> 16 * row);
    __m512i x;
    if (pattern.inRows) {
      x = _mm512_maskz_permutexvar_epi32(there, lanes, rows[row]);
    } else {
      x = _mm512_permutex2var_epi32(rows[0], lanes, rows[1]);
      x = _mm512_mask_mov_epi32(
          x, _mm512_test_epi32_mask(lanes, _mm512_set1_epi32(32)),
          _mm512_permutex2var_epi32(rows[2], lanes, rows[3]));
      x = _mm512_maskz_mov_epi32(there, x);
    }
    _mm512_storeu_si512(d + 16 * row, x);
  }
  return;
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
  } else {
    for (int lane = 0; lane < 64; ++lane)
      d[lane] = s[from[lane]];
  }
#else
  for (int lane = 0; lane < 64; ++lane)
    d[lane] = s[from[lane]];
#endif
  for (uint64_t m = ~valid; m; m &= m - 1)
    d[__builtin_ctzll(m)] = 0;
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

/// The plain form, where a kernel alone does not do: masks depend on EXEC, MODE
/// on the result, neg and abs on the source.
static void runPlain(Wave &w, const Inst &I, const ValuRow &row,
                     uint64_t lanes) {
  const uint64_t exec = w.exec();
  Inst plain = I;
  plain.mods &= ~uint32_t(ModDpp);
  plain.src[0].index = uint16_t(w.rows);
  ValuHandler run = plain.mods & 63 ? row.direct : row.directVgprs;
  if (lanes == exec)
    return run(w, plain);
  if (row.flags & (VCompare | VCarryOut)) {
    w.setS64(SgprExec, lanes);
    run(w, plain);
    w.setS64(SgprExec, exec);
    return;
  }
  // Into spare rows, of which the lanes that DPP writes are taken.
  plain.dst = uint16_t(w.rows + 2);
  for (unsigned r = 0; r < valueRows(row.d); ++r)
    memcpy(w.v[plain.dst + r], w.v[I.dst + r], sizeof(Row));
  run(w, plain);
  for (unsigned r = 0; r < valueRows(row.d); ++r)
    mergeBits(w.v[I.dst + r], w.v[plain.dst + r], lanes);
}

void dpp(Wave &w, const Inst &I);
void dpp(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  const DppPattern &pattern = dppPattern((I.ext >> 8) & 0x1ff);
  const uint64_t exec = w.exec();
  // Lanes that fetch from one that is there and on.
  uint64_t valid = pattern.valid;
  if (exec != ~uint64_t(0)) {
    alignas(64) uint32_t on[64];
    exchange(on, w.execMask, pattern, valid);
    valid = packMask(on);
  }
  const bool zero = I.ext >> 19 & 1; // bound_ctrl: others fetch zero
  const uint64_t lanes =
      exec & writtenLanes(I.ext) & (zero ? ~uint64_t(0) : valid);
  for (unsigned r = 0; r < valueRows(row.a); ++r)
    exchange(w.v[w.rows + r], w.v[I.src[0].index + r], pattern,
             zero ? valid : ~uint64_t(0));
  constexpr uint32_t masks = VCompare | VCarryIn | VCarryOut | VKeepHi;
  if ((row.flags & masks) || (I.mods & 63) ||
      ((row.flags & VF) && !plainMode(w.mode)))
    return runPlain(w, I, row, lanes);
  LaneIO io = makeIO(w, I);
  io.a = w.v[w.rows];
  io.b = w.v[I.src[1].index];
  io.c = w.v[I.src[2].index];
  const bool all = lanes == ~uint64_t(0) && valueRows(row.d) == 1;
  io.d = w.v[all ? I.dst : w.rows + 2];
  row.fn(io);
  for (unsigned r = 0; !all && r < valueRows(row.d); ++r)
    mergeBits(w.v[I.dst + r], w.v[w.rows + 2 + r], lanes);
}

} // namespace moe::emulator::MOE_EMU_VARIANT
