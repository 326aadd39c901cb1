//===- LdsConflicts.cpp - bank conflicts of LDS accesses ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the cycles that an access takes beyond one for each of its phases. In
// a phase, lanes that need different dwords of one bank wait for each other;
// lanes that need the same dword do not. Banks and the phases of ds_read_b32,
// b64 and b128 come from ChipFeatures. Those of other accesses are not
// published: an element of up to four bytes counts as a b32 read, a larger one
// in phases of consecutive lanes, as many as fill the banks once.
//
//===----------------------------------------------------------------------===//

#include "Memory/Access.h"

#include <algorithm>

namespace moe::emulator {

/// Whether no two lanes need a bank, as is usual: one bit a bank.
static bool allApart(const Wave &w, uint64_t lanes, const uint32_t *row,
                     uint32_t offset, unsigned words) {
  unsigned banks = w.chip->ldsBanks;
  uint64_t used = 0, needed = (uint64_t(1) << words) - 1;
  for (uint64_t m = lanes & w.exec(); m; m &= m - 1) {
    unsigned bank = (row[laneOf(m)] + offset) / 4 % banks;
    uint64_t mask = needed << bank;
    if (bank + words > banks)
      mask = banks == 64
                 ? mask | needed >> (banks - bank)
                 : (mask | mask >> banks) & ((uint64_t(1) << banks) - 1);
    if (used & mask)
      return false;
    used |= mask;
  }
  return true;
}

/// The largest number of different dwords that lanes need of one bank.
static unsigned worstBank(const Wave &w, uint64_t lanes, const uint32_t *row,
                          uint32_t offset, unsigned words) {
  if (allApart(w, lanes, row, offset, words))
    return 1;
  unsigned banks = w.chip->ldsBanks, worst = 1;
  uint32_t seen[64][64]; // of each bank, the dwords that are needed
  uint8_t count[64] = {};
  for (uint64_t m = lanes & w.exec(); m; m &= m - 1) {
    uint32_t first = (row[laneOf(m)] + offset) / 4;
    for (uint32_t word = first; word != first + words; ++word) {
      unsigned bank = word % banks;
      uint32_t *end = seen[bank] + count[bank];
      if (std::find(seen[bank], end, word) != end)
        continue;
      *end = word;
      worst = std::max<unsigned>(worst, ++count[bank]);
    }
  }
  return worst;
}

/// One element a lane at row + offset.
static uint64_t elementConflicts(const Wave &w, const uint32_t *row,
                                 uint32_t offset, unsigned bytes,
                                 bool published) {
  unsigned words = std::max(1u, bytes / 4);
  const ChipFeatures &chip = *w.chip;
  uint64_t extra = 0;
  if (words == 1 || (published && words != 3)) {
    const LdsPhases &phases = chip.ldsReads[words / 2];
    for (unsigned i = 0; i < phases.count; ++i)
      extra += worstBank(w, phases.lanes[i], row, offset, words) - 1;
    return extra;
  }
  unsigned group = chip.ldsBanks / (words == 3 ? 4 : words);
  for (unsigned first = 0; first < 64; first += group) {
    uint64_t lanes = (~uint64_t(0) >> (64 - group)) << first;
    extra += worstBank(w, lanes, row, offset, words) - 1;
  }
  return extra;
}

uint64_t ldsConflicts(const Wave &w, const Inst &I, const MemRow &row) {
  const uint32_t *address = w.v[I.sdst];
  if (!(I.flags & MemTwo))
    return elementConflicts(w, address, I.imm, row.bytes,
                            row.op == MemOp::Load);
  unsigned unit = row.bytes * (I.flags & MemStride64 ? 64 : 1);
  return elementConflicts(w, address, (I.imm & 255) * unit, row.bytes, false) +
         elementConflicts(w, address, ((I.imm >> 8) & 255) * unit, row.bytes,
                          false);
}

} // namespace moe::emulator
