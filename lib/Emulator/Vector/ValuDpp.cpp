//===- ValuDpp.cpp - DPP forms of plain vector instructions ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For rows without a handler of their own (directDpp). Source 0 with its lanes
// exchanged goes to a row beyond the wave's registers; then the row's lane
// kernel runs on all lanes, of which those are taken that are on and that DPP
// writes. Where a kernel alone does not do (masks, modes, neg and abs) the
// plain form of the instruction runs. Compiled once for each host instruction
// set.
//
//===----------------------------------------------------------------------===//

#include "Vector/DppLanes.h"
#include "Vector/ValuDirect.h"

namespace moe::emulator::MOE_EMU_VARIANT {
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
  uint64_t lanes = 0;
  for (unsigned r = 0; r < registers; ++r)
    lanes = fetchDpp(w, I, w.v[w.rows + r], w.v[I.src[0].index + r]);
  return lanes;
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
