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
static __attribute__((noinline)) void
runPlain(Wave &w, const Inst &I, const ValuRow &row, uint64_t lanes) {
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

/// Source 0 with its lanes exchanged, of one or two registers, to the first
/// spare rows. Returns the lanes that the instruction writes.
static MOE_EMU_INLINE uint64_t fetch(Wave &w, const Inst &I,
                                     unsigned registers) {
  const DppPattern &pattern = dppPatterns[(I.ext >> 8) & 0x1ff];
  const bool zero = I.ext >> 19 & 1; // bound_ctrl: others fetch zero
  uint64_t valid = 0;
  for (unsigned r = 0; r < registers; ++r)
    valid =
        exchange(w, w.v[w.rows + r], w.v[I.src[0].index + r], pattern, zero);
  return w.exec() & writtenLanes(I.ext) & (zero ? ~uint64_t(0) : valid);
}

/// The row's kernel with the spare rows as source 0.
static MOE_EMU_INLINE void runKernel(Wave &w, const Inst &I, const ValuRow &row,
                                     uint32_t *d) {
  LaneIO io = makeIO(w, I);
  io.a = w.v[w.rows];
  io.b = w.v[I.src[1].index];
  io.c = w.v[I.src[2].index];
  io.d = d;
  row.fn(io);
}

/// Whether a row's kernel does all there is to do.
static MOE_EMU_INLINE bool kernelSuffices(const Wave &w, const Inst &I,
                                          const ValuRow &row) {
  constexpr uint32_t masks = VCompare | VCarryIn | VCarryOut | VKeepHi;
  return !(row.flags & masks) && !(I.mods & 63) &&
         (!(row.flags & VF) || plainMode(w.mode));
}

/// Rows of two registers, and those whose kernel does not suffice.
static __attribute__((noinline)) void dppOfAny(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  const uint64_t lanes = fetch(w, I, valueRows(row.a));
  if (!kernelSuffices(w, I, row))
    return runPlain(w, I, row, lanes);
  uint32_t *result = w.v[w.rows + 2];
  runKernel(w, I, row, result);
  for (unsigned r = 0; r < valueRows(row.d); ++r)
    mergeBits(w.v[I.dst + r], result + 64 * r, lanes);
}

void dpp(Wave &w, const Inst &I);
void dpp(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  if (row.a >= ValueType::B64 || row.d >= ValueType::B64 ||
      !kernelSuffices(w, I, row))
    return dppOfAny(w, I);
  const uint64_t lanes = fetch(w, I, 1);
  uint32_t *d = w.v[I.dst];
  if (lanes == ~uint64_t(0))
    return runKernel(w, I, row, d);
  uint32_t *result = w.v[w.rows + 2];
  runKernel(w, I, row, result);
  mergeBits(d, result, lanes);
}

} // namespace moe::emulator::MOE_EMU_VARIANT
