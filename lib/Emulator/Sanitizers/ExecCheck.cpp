//===- ExecCheck.cpp - exchange with lanes that are off -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `exec` sanitizer: DPP, ds_bpermute, transposing reads and lane swaps
// while some of the lanes that the wave started with are off.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/ExecCheck.h"

#include "Vector/ValuDpp.h"

namespace moe::emulator {

/// The first active lane that fetches from one that is off but was on when the
/// wave started, and that one.
static std::pair<unsigned, unsigned> fetchFromOff(const Wave &w,
                                                  const Inst &inst,
                                                  const InstMeta &meta,
                                                  uint64_t started) {
  bool bpermute = meta.traits & FetchesLanes;
  unsigned rows = inst.ext >> 28, banks = (inst.ext >> 24) & 15;
  const DppPattern &pattern = dppPattern((inst.ext >> 8) & 0x1ff);
  for (unsigned lane = 0; lane < 64; ++lane) {
    if (!w.execMask[lane])
      continue;
    unsigned from;
    if (bpermute)
      from = ((w.v[inst.sdst][lane] + inst.imm) / 4) & 63;
    else if (rows >> (lane / 16) & 1 && banks >> (lane / 4 % 4) & 1)
      from = pattern.valid >> lane & 1 ? pattern.from[lane] : 64;
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
