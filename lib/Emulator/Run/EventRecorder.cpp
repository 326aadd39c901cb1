//===- EventRecorder.cpp - telling a sink what a workgroup does -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lanes to lines of memory, LDS accesses to phases.
//
//===----------------------------------------------------------------------===//

#include "Run/EventRecorder.h"

#include "Math/Mfma.h"

#include <algorithm>

namespace moe::emulator {

static bool isPlainDs(InstClass kind) {
  return kind == InstClass::DsRead || kind == InstClass::DsWrite ||
         kind == InstClass::DsAtomic;
}

std::vector<EventInst> eventInsts(const Program &program,
                                  const ChipFeatures &chip) {
  std::vector<EventInst> insts(program.meta.size());
  for (size_t i = 0; i < insts.size(); ++i) {
    const InstMeta &meta = program.meta[i];
    const Inst &inst = program.code[i];
    EventInst &event = insts[i];
    event.pc = meta.address;
    event.mnemonic = meta.mnemonic;
    event.kind = meta.kind;
    event.bytes = meta.size;
    for (const RegUse &use : meta.uses)
      event.regs.push_back(
          {use.first, use.count, (use.flags & 1) != 0, (use.flags & 2) != 0});
    event.writesScc = meta.scc & 1;
    event.readsScc = meta.scc & 2;
    if (meta.kind == InstClass::Mfma)
      event.passes = uint8_t(mfmaPasses(
          *static_cast<const math::MfmaDesc *>(inst.op), inst.ext, chip));
    if (meta.kind == InstClass::Wait && meta.mnemonic == "s_waitcnt") {
      event.vmcnt = (inst.imm & 15) | ((inst.imm >> 14) & 3) << 4;
      event.lgkmcnt = (inst.imm >> 8) & 15;
    }
    if (meta.kind == InstClass::Nop)
      event.nops = uint16_t((inst.imm & 15) + 1);
    if (meta.kind == InstClass::Branch)
      event.target = inst.imm;
  }
  return insts;
}

void EventRecorder::before(const Wave &w, const Inst &I) {
  lines.clear();
  bytes = 0;
  phases = conflicts = 0;
  const InstMeta &meta = program.meta[size_t(&I - w.code)];
  if (!isPlainDs(meta.kind) || I.run != runDs || !w.exec())
    return;
  // The address register may be overwritten by the result.
  conflicts = uint16_t(ldsConflicts(w, I, *static_cast<const MemRow *>(I.op)));
}

bool EventRecorder::after(unsigned wave, uint32_t instIndex) {
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  MemoryEvent event;
  event.lines = lines;
  event.bytes = bytes;
  event.ldsConflicts = conflicts;
  event.ldsPhases = uint16_t(phases + conflicts);
  return events.executed(wave, instIndex, event);
}

/// The phases of an access without conflicts.
static uint16_t plainPhases(const ChipFeatures &chip, uint32_t laneBytes,
                            bool read) {
  if (read && (laneBytes == 4 || laneBytes == 8 || laneBytes == 16))
    return chip.ldsReads[laneBytes / 8].count;
  uint32_t all = std::max(4u, laneBytes) * 64, phase = 4 * chip.ldsBanks;
  return uint16_t((all + phase - 1) / phase);
}

void EventRecorder::ldsDma(Wave &w, const Inst &I, uint32_t address,
                           uint32_t size) {
  if (!phases)
    phases = plainPhases(*w.chip, size, false);
  if (next)
    next->ldsDma(w, I, address, size);
}

void EventRecorder::ldsAccess(Wave &w, const Inst &I, uint32_t address,
                              uint32_t size, LdsAccess kind) {
  if (!phases)
    phases = plainPhases(*w.chip, size, kind == LdsAccess::Read) *
             (I.flags & MemTwo && I.run == runDs ? 2 : 1);
  if (next)
    next->ldsAccess(w, I, address, size, kind);
}

void EventRecorder::ldsLanes(Wave &w, const Inst &I, const uint32_t *offsets,
                             uint32_t size, const StoredLanes *stored) {
  // Both halves of read2 and write2 come here.
  phases += plainPhases(*w.chip, size, !stored);
  if (next)
    next->ldsLanes(w, I, offsets, size, stored);
}

void EventRecorder::ldsDmaLanes(Wave &w, const Inst &I, uint32_t target,
                                uint32_t step, uint32_t size) {
  phases = plainPhases(*w.chip, size, false);
  if (next)
    next->ldsDmaLanes(w, I, target, step, size);
}

bool EventRecorder::isUnwritten(uint64_t address) const {
  return !next || next->isUnwritten(address);
}

void EventRecorder::addLines(uint64_t address, unsigned size) {
  bytes += size;
  for (uint64_t line = address >> 7; line <= (address + size - 1) >> 7; ++line)
    if (lines.empty() || lines.back() != line)
      lines.push_back(line);
}

void EventRecorder::unreportedLoads(uint64_t base, const uint32_t *offsets,
                                    uint32_t add, uint64_t lanes,
                                    unsigned size) {
  for (uint64_t m = lanes; m; m &= m - 1)
    addLines(base + offsets[laneOf(m)] + add, size);
}

void EventRecorder::global(Wave &w, uint64_t address, unsigned size,
                           GlobalAccess kind, const void *stored) {
  addLines(address, size);
  if (next)
    next->global(w, address, size, kind, stored);
}

} // namespace moe::emulator
