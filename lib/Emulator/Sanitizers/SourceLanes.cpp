//===- SourceLanes.cpp - which lanes of a register are read ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The lanes follow from the traits and fields of an instruction and, of those
// that fetch, from the values in its registers.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/SourceLanes.h"

#include "Vector/ValuDpp.h"

namespace moe::emulator {

bool isArithmetic(const InstMeta &meta) {
  return meta.kind == InstClass::Valu || meta.kind == InstClass::Trans ||
         meta.kind == InstClass::Cvt;
}

bool isDpp(const Inst &inst, const InstMeta &meta) {
  return (inst.mods & ModDpp) && isArithmetic(meta);
}

unsigned sourceLane(const Wave &w, const Inst &inst, const InstMeta &meta,
                    unsigned lane) {
  if (meta.traits & FetchesLanes)
    return ((w.v[inst.sdst][lane] + inst.imm) / 4) & 63;
  unsigned rows = inst.ext >> 28, banks = (inst.ext >> 24) & 15;
  const DppPattern &pattern = dppPatterns[(inst.ext >> 8) & 0x1ff];
  bool writes = rows >> (lane / 16) & 1 && banks >> (lane / 4 % 4) & 1;
  return writes && pattern.valid >> lane & 1 ? pattern.from[lane] : 64;
}

uint64_t namedLane(const Wave &w, const Inst &inst, const InstMeta &meta,
                   uint64_t exec) {
  if (meta.traits & SelectsLane)
    return uint64_t(1) << (w.scalar(inst.src[1]) & 63);
  return exec ? exec & -exec : 1;
}

uint64_t selectedLanes(const Wave &w, const Inst &inst, unsigned k,
                       uint64_t exec) {
  const uint64_t mask = w.s64(inst.data);
  return exec & (k ? mask : ~mask);
}

} // namespace moe::emulator
