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

#if defined(__AVX512F__)

/// Lanes of four registers by numbers from 0 to 63.
MOE_EMU_INLINE __m512i pick(const __m512i rows[4], __m512i lanes) {
  return _mm512_mask_mov_epi32(
      _mm512_permutex2var_epi32(rows[0], lanes, rows[1]),
      _mm512_test_epi32_mask(lanes, _mm512_set1_epi32(32)),
      _mm512_permutex2var_epi32(rows[2], lanes, rows[3]));
}

/// Lane l of the result is lane from[l] of the source. Returns the lanes that
/// fetch from one that is there and in `exec`; with `zero` the others are zero.
template <bool InRows, bool AllOn>
MOE_EMU_INLINE uint64_t exchange(uint32_t *d, const uint32_t *s,
                                 const DppPattern &pattern, uint64_t exec,
                                 bool zero) {
  __m512i rows[4], on[4];
  for (int row = 0; row < 4; ++row) {
    rows[row] = _mm512_loadu_si512(s + 16 * row);
    on[row] = _mm512_movm_epi32(__mmask16(exec >> 16 * row));
  }
  uint64_t valid = AllOn ? pattern.valid : 0;
  const __mmask16 keep = zero ? 0 : 0xffff;
  for (int row = 0; row < 4; ++row) {
    const __m512i lanes = _mm512_load_si512(pattern.from + 16 * row);
    __mmask16 mask = __mmask16(pattern.valid >> 16 * row);
    if (!AllOn) {
      mask &= _mm512_movepi32_mask(
          InRows ? _mm512_permutexvar_epi32(lanes, on[row]) : pick(on, lanes));
      valid |= uint64_t(mask) << 16 * row;
    }
    const __m512i x =
        InRows ? _mm512_permutexvar_epi32(lanes, rows[row]) : pick(rows, lanes);
    _mm512_storeu_si512(d + 16 * row, _mm512_maskz_mov_epi32(mask | keep, x));
  }
  return valid;
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
inline uint64_t exchange(const Wave &w, uint32_t *d, const uint32_t *s,
                         const DppPattern &pattern, bool zero) {
#if defined(__AVX512F__)
  const uint64_t exec = w.exec();
  if (exec == ~uint64_t(0))
    return pattern.inRows ? exchange<true, true>(d, s, pattern, exec, zero)
                          : exchange<false, true>(d, s, pattern, exec, zero);
  return pattern.inRows ? exchange<true, false>(d, s, pattern, exec, zero)
                        : exchange<false, false>(d, s, pattern, exec, zero);
#else
  uint64_t valid = pattern.valid;
  if (w.exec() != ~uint64_t(0)) {
    alignas(64) uint32_t on[64];
    permute(on, w.execMask, pattern);
    valid &= packMask(on);
  }
  permute(d, s, pattern);
  for (uint64_t m = zero ? ~valid : 0; m; m &= m - 1)
    d[__builtin_ctzll(m)] = 0;
  return valid;
#endif
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
  const DppPattern &pattern = dppPatterns[(I.ext >> 8) & 0x1ff];
  const bool zero = I.ext >> 19 & 1; // bound_ctrl: others fetch zero
  uint32_t *source = w.v[w.rows], *result = w.v[w.rows + 2];
  uint64_t valid = exchange(w, source, w.v[I.src[0].index], pattern, zero);
  if (row.a >= ValueType::B64)
    exchange(w, source + 64, w.v[I.src[0].index + 1], pattern, zero);
  const uint64_t lanes =
      w.exec() & writtenLanes(I.ext) & (zero ? ~uint64_t(0) : valid);
  constexpr uint32_t masks = VCompare | VCarryIn | VCarryOut | VKeepHi;
  if ((row.flags & masks) || (I.mods & 63) ||
      ((row.flags & VF) && !plainMode(w.mode)))
    return runPlain(w, I, row, lanes);
  LaneIO io = makeIO(w, I);
  io.a = source;
  io.b = w.v[I.src[1].index];
  io.c = w.v[I.src[2].index];
  uint32_t *d = w.v[I.dst];
  if (row.d < ValueType::B64 && lanes == ~uint64_t(0)) {
    io.d = d;
    return row.fn(io);
  }
  io.d = result;
  row.fn(io);
  mergeBits(d, result, lanes);
  if (row.d >= ValueType::B64)
    mergeBits(d + 64, result + 64, lanes);
}

} // namespace moe::emulator::MOE_EMU_VARIANT
