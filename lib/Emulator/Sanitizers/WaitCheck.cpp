//===- WaitCheck.cpp - use of data before it has arrived ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `wait` sanitizer. A register with a load in flight is poison until an
// s_waitcnt of its wave proves the load finished. LDS that LDS-DMA writes is
// poison for its own wave until that wave's vmcnt wait, and for the other waves
// until a barrier after that wait.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/WaitCheck.h"

#include "Vector/VectorModes.h"

namespace moe::emulator {

void WaitCheck::beginGroup(uint32_t ldsSize) {
  memset(registers, 0, sizeof(registers));
  memset(pendingCount, 0, sizeof(pendingCount));
  for (RegSet &set : pendingSet)
    set = RegSet();
  if (dmaTargets || lds.size() != (ldsSize + 3) / 4)
    lds.assign((ldsSize + 3) / 4, DmaTarget());
  dmaTargets = 0;
  arrivedDwords.clear();
  live.clear();
}

void WaitCheck::arrive(unsigned wave, unsigned reg) {
  registers[wave][reg].instIndex = 0;
  --pendingCount[wave];
  pendingSet[wave].erase(reg);
}

void WaitCheck::forget(DmaTarget &target) {
  dmaTargets -= target.instIndex != 0;
  target.instIndex = 0;
}

static bool isVmemLoad(InstClass kind) {
  return kind == InstClass::VmemLoad || kind == InstClass::VmemAtomic;
}

void WaitCheck::before(Wave &w, uint32_t instIndex) {
  if (pendingCount[w.id] == 0)
    return;
  const InstMeta &meta = program.meta[instIndex];
  for (const RegUse &given : meta.uses) {
    RegUse use = movedUse(w, program.code[instIndex], meta.kind, given);
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
         ++reg) {
      if (reg >= registerCount || !pendingSet[w.id].has(reg))
        continue;
      Pending &pending = registers[w.id][reg];
      // A load writes the lanes that were on when it was issued, no others.
      if (reg >= regVector && !(pending.lanes & w.exec()) &&
          !(meta.traits & AllLanes))
        continue;
      const InstMeta &issuer = program.meta[pending.instIndex - 1];
      // Loads of one kind write their registers in order: one may overwrite
      // the other, and the old half of a d16 load is such a write too. What a
      // load takes its address from must have arrived.
      bool isResult = false, merges = meta.traits & Merges;
      for (const RegUse &other : meta.uses)
        isResult |= (other.flags & 1) && reg >= other.first &&
                    reg < unsigned(other.first) + other.count;
      bool inOrder =
          (isVmemLoad(meta.kind) && isVmemLoad(issuer.kind)) ||
          (meta.kind == InstClass::DsRead && issuer.kind == InstClass::DsRead);
      if (inOrder && isResult && (merges || !(use.flags & 2)))
        continue;
      sink(SanitizeWait, instIndex, pending.instIndex - 1,
           "wait: wave " + std::to_string(w.id) +
               (use.flags & 1 ? " overwrites " : " reads ") +
               registerName(program, reg) +
               " at %1 before the data of %2 is known to have arrived");
      arrive(w.id, reg);
    }
  }
}

void WaitCheck::issued(Wave &w, const InFlight::Op &op) {
  for (const RegUse &use : program.meta[op.instIndex].uses) {
    if (!(use.flags & 1))
      continue;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
         ++reg) {
      if (reg >= registerCount)
        continue;
      uint64_t lanes = reg < regVector ? ~uint64_t(0) : w.exec();
      if (!lanes)
        continue;
      Pending &pending = registers[w.id][reg];
      if (pending.instIndex)
        lanes |= pending.lanes;
      pendingCount[w.id] += pending.instIndex == 0;
      pendingSet[w.id].insert(reg);
      pending.instIndex = op.instIndex + 1;
      pending.lanes = lanes;
    }
  }
  if (op.kind != InFlight::Kind::LdsDma)
    return;
  live.push_back(
      {op.instIndex, op.lds.low, op.lds.high + op.lds.bytes, w.id, false});
  for (uint32_t address : op.lds.addresses)
    for (uint32_t b = 0; b < op.lds.bytes; b += 4) {
      DmaTarget &target = lds[(address + b) / 4];
      if (target.instIndex && target.wave != w.id && !target.arrived)
        sink(SanitizeWait, op.instIndex, target.instIndex - 1,
             "wait: wave " + std::to_string(w.id) + " writes LDS byte " +
                 std::to_string(address + b) + " at %1 while wave " +
                 std::to_string(target.wave) +
                 "'s data of %2 is on its way there");
      dmaTargets += target.instIndex == 0;
      target.instIndex = op.instIndex + 1;
      target.wave = w.id;
      target.arrived = false;
    }
}

void WaitCheck::finished(Wave &w, const InFlight::Op &op) {
  for (const RegUse &use : program.meta[op.instIndex].uses) {
    if (!(use.flags & 1))
      continue;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count); ++reg)
      if (reg < registerCount &&
          registers[w.id][reg].instIndex == op.instIndex + 1)
        arrive(w.id, reg);
  }
  if (op.kind != InFlight::Kind::LdsDma)
    return;
  for (Dma &dma : live)
    if (dma.instIndex == op.instIndex && dma.wave == w.id && !dma.arrived) {
      dma.arrived = true;
      break;
    }
  for (uint32_t address : op.lds.addresses)
    for (uint32_t b = 0; b < op.lds.bytes; b += 4) {
      DmaTarget &target = lds[(address + b) / 4];
      if (target.instIndex == op.instIndex + 1 && target.wave == w.id) {
        target.arrived = true;
        arrivedDwords.push_back((address + b) / 4);
      }
    }
}

void WaitCheck::barrier() {
  for (uint32_t dword : arrivedDwords)
    if (lds[dword].arrived)
      forget(lds[dword]);
  arrivedDwords.clear();
  live.erase(std::remove_if(live.begin(), live.end(),
                            [](const Dma &dma) { return dma.arrived; }),
             live.end());
}

void WaitCheck::access(Wave &w, uint32_t instIndex, uint32_t address,
                       uint32_t bytes, bool write) {
  for (uint32_t dword = address / 4; dword <= (address + bytes - 1) / 4;
       ++dword) {
    if (dword >= lds.size() || !lds[dword].instIndex)
      continue;
    DmaTarget &target = lds[dword];
    bool own = target.wave == w.id;
    if (own && target.arrived)
      continue;
    std::string why = !target.arrived
                          ? (own ? "before it has waited for the data of %2"
                                 : "while wave " + std::to_string(target.wave) +
                                       " has not waited for the data of %2")
                          : "without a barrier after wave " +
                                std::to_string(target.wave) +
                                "'s wait for the data of %2";
    sink(SanitizeWait, instIndex, target.instIndex - 1,
         "wait: wave " + std::to_string(w.id) +
             (write ? " writes LDS byte " : " reads LDS byte ") +
             std::to_string(dword * 4) + " at %1 " + why);
    forget(target);
  }
}

} // namespace moe::emulator
