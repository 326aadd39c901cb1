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

void WaitCheck::beginGroup(uint32_t ldsSize, size_t waves) {
  alone = waves == 1;
  for (unsigned wave = 0; wave < maxWaves; ++wave) {
    if (!pendingCount[wave])
      continue;
    memset(registers[wave], 0, sizeof(registers[wave]));
    pendingCount[wave] = 0;
    pendingSet[wave] = RegSet();
  }
  if (dmas.size() != spareDmas.size() || lds.size() != (ldsSize + 3) / 4)
    lds.assign((ldsSize + 3) / 4, 0);
  arrived.clear();
  dmas.clear();
  spareDmas.clear();
}

void WaitCheck::arrive(unsigned wave, unsigned reg) {
  registers[wave][reg].instIndex = 0;
  --pendingCount[wave];
  pendingSet[wave].erase(reg);
}

/// The dwords that an operation accesses, joined where they follow each other.
template <typename F>
static void forDwords(const LdsAddresses &accessed, F f) {
  for (size_t i = 0; i < accessed.addresses.size();) {
    uint32_t first = accessed.addresses[i], end = first + accessed.bytes;
    for (++i; i < accessed.addresses.size() && accessed.addresses[i] == end;
         ++i)
      end += accessed.bytes;
    f(first / 4, first / 4 + (end - first + 3) / 4);
  }
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

void WaitCheck::issued(Wave &w, InFlight::Op &op) {
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
  if (op.kind == InFlight::Kind::LdsDma)
    issuedDma(w, op);
}

uint32_t WaitCheck::newDma() {
  if (spareDmas.empty()) {
    dmas.emplace_back();
    return uint32_t(dmas.size());
  }
  const uint32_t dma = spareDmas.back();
  spareDmas.pop_back();
  return dma;
}

void WaitCheck::issuedDma(Wave &w, InFlight::Op &op) {
  op.dma = newDma();
  dmas[op.dma - 1] = {op.instIndex, op.lds.low, op.lds.high + op.lds.bytes,
                      w.id,         true,       false};
  forDwords(op.lds, [&](uint32_t first, uint32_t end) {
    uint32_t any = 0;
    for (uint32_t dword = first; dword < end; ++dword)
      any |= lds[dword];
    for (uint32_t dword = first; any && dword < end; ++dword) {
      if (!lds[dword])
        continue;
      const Dma &other = dmas[lds[dword] - 1];
      if (!other.arrived && other.wave != w.id)
        sink(SanitizeWait, op.instIndex, other.instIndex,
             "wait: wave " + std::to_string(w.id) + " writes LDS byte " +
                 std::to_string(4 * dword) + " at %1 while wave " +
                 std::to_string(other.wave) +
                 "'s data of %2 is on its way there");
    }
    std::fill(lds.begin() + first, lds.begin() + end, op.dma);
  });
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
  dmas[op.dma - 1].arrived = true;
  forDwords(op.lds, [&](uint32_t first, uint32_t end) {
    arrived.push_back({first, end, op.dma});
  });
  if (alone)
    publish();
}

void WaitCheck::barrier() { publish(); }

/// What has arrived may be accessed by all waves.
void WaitCheck::publish() {
  for (const Arrived &range : arrived) {
    for (uint32_t dword = range.first; dword < range.end; ++dword)
      lds[dword] = lds[dword] == range.dma ? 0 : lds[dword];
    if (dmas[range.dma - 1].live)
      spareDmas.push_back(range.dma);
    dmas[range.dma - 1].live = false;
  }
  arrived.clear();
}

void WaitCheck::access(Wave &w, uint32_t instIndex, uint32_t address,
                       uint32_t bytes, bool write) {
  for (uint32_t dword = address / 4; dword <= (address + bytes - 1) / 4;
       ++dword) {
    if (dword >= lds.size() || !lds[dword])
      continue;
    const Dma &target = dmas[lds[dword] - 1];
    bool own = target.wave == w.id;
    if (own && target.arrived)
      continue;
    std::string wave = std::to_string(target.wave);
    std::string why = !target.arrived
                          ? (own ? "before it has waited for the data of %2"
                                 : "while wave " + wave +
                                       " has not waited for the data of %2")
                          : "without a barrier after wave " + wave +
                                "'s wait for the data of %2";
    sink(SanitizeWait, instIndex, target.instIndex,
         "wait: wave " + std::to_string(w.id) +
             (write ? " writes LDS byte " : " reads LDS byte ") +
             std::to_string(dword * 4) + " at %1 " + why);
    lds[dword] = 0;
  }
}

} // namespace moe::emulator
