//===- ExecCheck.cpp - exchange with lanes that are off -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `exec` sanitizer: DPP, ds_bpermute, transposing reads and lane swaps
// while some of the lanes that the wave started with are off.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/ExecCheck.h"

namespace moe::emulator {

/// The lane that a DPP control fetches from, or 64 when the pattern itself
/// leaves its row or the wave.
static unsigned dppSource(unsigned control, unsigned lane) {
  unsigned row = lane & ~15u, i = lane & 15, n = control & 15;
  if (control < 0x100)
    return (lane & ~3u) | (control >> 2 * (lane & 3) & 3);
  switch (control & ~15u) {
  case 0x100: // row_shl
    return i + n < 16 ? lane + n : 64;
  case 0x110: // row_shr
    return i >= n ? lane - n : 64;
  case 0x120: // row_ror
    return row | ((i - n) & 15);
  case 0x150: // row_newbcast
    return row | n;
  }
  switch (control) {
  case 0x130: // wave_shl
    return lane + 1;
  case 0x134: // wave_rol
    return (lane + 1) & 63;
  case 0x138: // wave_shr
    return lane ? lane - 1 : 64;
  case 0x13c: // wave_ror
    return (lane - 1) & 63;
  case 0x140: // row_mirror
    return row | (15 - i);
  case 0x141: // row_half_mirror
    return (lane & ~7u) | (7 - (lane & 7));
  case 0x142: // row_bcast:15
    return lane >= 16 ? row - 1 : 64;
  case 0x143: // row_bcast:31
    return lane >= 32 ? 31 : 64;
  default:
    return 64;
  }
}

/// The first active lane that fetches from one that is off but was on when the
/// wave started, and that one.
static std::pair<unsigned, unsigned> fetchFromOff(const Wave &w,
                                                  const Inst &inst,
                                                  const InstMeta &meta,
                                                  uint64_t started) {
  bool bpermute = meta.traits & FetchesLanes;
  unsigned rows = inst.ext >> 28, banks = (inst.ext >> 24) & 15;
  for (unsigned lane = 0; lane < 64; ++lane) {
    if (!w.execMask[lane])
      continue;
    unsigned from;
    if (bpermute)
      from = ((w.v[inst.sdst][lane] + inst.imm) / 4) & 63;
    else if (rows >> (lane / 16) & 1 && banks >> (lane / 4 % 4) & 1)
      from = dppSource((inst.ext >> 8) & 0x1ff, lane);
    else
      continue;
    if (from < 64 && !w.execMask[from] && (started >> from & 1))
      return {lane, from};
  }
  return {64, 64};
}

void checkExec(Wave &w, uint32_t record, const Program &program,
               uint64_t started, const Sanitizers::Sink &sink) {
  if (w.execFull)
    return;
  const InstMeta &meta = program.meta[record];
  const Inst &inst = program.code[record];
  bool dpp = (inst.mods & ModDpp) &&
             (meta.kind == InstClass::Valu || meta.kind == InstClass::Trans);
  if (meta.traits & NeedsAllLanes) {
    sink(SanitizeExec, record, -1,
         "exec: wave " + std::to_string(w.id) +
             " exchanges data between lanes while some are off, at %1");
    return;
  }
  if (!dpp && !(meta.traits & FetchesLanes))
    return;
  auto [lane, from] = fetchFromOff(w, inst, meta, started);
  if (lane < 64)
    sink(SanitizeExec, record, -1,
         "exec: wave " + std::to_string(w.id) + ", lane " +
             std::to_string(lane) + " fetches from lane " +
             std::to_string(from) + ", which is off, at %1");
}

} // namespace moe::emulator
