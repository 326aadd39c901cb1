//===- HazardCheck.cpp - required wait states -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Manually inserted wait states, from the chapter of that name in the CDNA3 and
// CDNA4 ISA manuals. One issued instruction is one wait state, s_nop N is N+1.
// Where the manuals give a range over shapes, the smallest number is taken, so
// that a report is never a false one; not every hazard is covered.
//
//===----------------------------------------------------------------------===//

#include "HazardCheck.h"

#include "moe/Emulator/Math/Mfma.h"

namespace moe::emulator {

static bool isValu(InstClass kind) {
  return kind == InstClass::Valu || kind == InstClass::Trans ||
         kind == InstClass::Cvt;
}
static bool isTrans(InstClass kind) { return kind == InstClass::Trans; }
static bool isSalu(InstClass kind) { return kind == InstClass::Salu; }
static bool isMatrix(InstClass kind) { return kind == InstClass::Mfma; }
static bool isVmem(InstClass kind) {
  switch (kind) {
  case InstClass::VmemLoad:
  case InstClass::VmemStore:
  case InstClass::VmemAtomic:
  case InstClass::LdsDma:
  case InstClass::FlatLoad:
  case InstClass::FlatStore:
  case InstClass::FlatAtomic:
    return true;
  default:
    return false;
  }
}

/// Passes of four cycles that a matrix instruction occupies, at least.
static unsigned passes(const math::MfmaDesc &desc) {
  using math::MatType;
  unsigned macs = unsigned(desc.m) * desc.n * desc.k * desc.blocks;
  switch (desc.a) {
  case MatType::F64:
    return desc.m == 4 ? 2 : 4;
  case MatType::F32:
    return std::max(2u, macs / 128);
  case MatType::XF32:
    return std::max(2u, macs / 512);
  case MatType::F16:
  case MatType::BF16:
    return std::max(2u, macs / 2048);
  case MatType::I8:
    return std::max(2u, macs / 4096);
  default:
    return std::max(2u, macs / 8192);
  }
}

void HazardCheck::beginGroup() {
  for (WaveState &wave : waves)
    wave = WaveState();
}

/// Reports unless `states` wait states have passed since a write of `reg` by an
/// instruction of the class that `writer` accepts.
void HazardCheck::need(Wave &w, uint32_t record, unsigned reg, unsigned states,
                       const char *rule, bool (*writer)(InstClass)) {
  WaveState &wave = waves[w.id];
  const Write &write = wave.writes[reg];
  if (!write.record || !writer(program.meta[write.record - 1].kind))
    return;
  uint64_t passed = wave.now - write.at - 1;
  if (passed >= states)
    return;
  sink(SanitizeHazard, record, write.record - 1,
       std::string("hazard: ") + rule + ": " + registerName(program, reg) +
           " is written at %2 and used at %1, expected " +
           std::to_string(states) + " wait states between, got " +
           std::to_string(passed));
}

void HazardCheck::before(Wave &w, uint32_t record) {
  const InstMeta &meta = program.meta[record];
  const Inst &inst = program.code[record];
  WaveState &wave = waves[w.id];
  bool lane =
      meta.mnemonic == "v_readlane_b32" || meta.mnemonic == "v_writelane_b32";
  bool reads = meta.mnemonic == "v_readlane_b32" ||
               meta.mnemonic == "v_readfirstlane_b32";
  bool dpp = inst.mods & ModDpp && isValu(meta.kind);
  for (const RegUse &use : meta.uses) {
    if (!(use.flags & 2))
      continue;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
         ++reg) {
      bool scalar = reg < regVector;
      if (scalar && isVmem(meta.kind) && reg < 106)
        need(w, record, reg, 5, "vector memory after a VALU write of an SGPR",
             isValu);
      // Masks and constants: v_cmp, v_readlane and carries write SGPRs late.
      if (scalar && reg < 108 && isValu(meta.kind))
        need(w, record, reg, 2, "VALU read after a VALU write of an SGPR",
             isValu);
      if (!scalar && reads)
        need(w, record, reg, 1, "readlane after a VALU write of its source",
             isValu);
      if ((lane || reads) && reg == 126)
        need(w, record, reg, 4, "lane access after a VALU write of EXEC",
             isValu);
      if (lane && scalar && inst.src[1].kind == SrcKind::Sgpr &&
          reg == inst.src[1].index)
        need(w, record, reg, 4, "lane select after a VALU write of an SGPR",
             isValu);
      if (dpp && reg == 126)
        need(w, record, reg, 5, "DPP after a VALU write of EXEC", isValu);
      if (dpp && !scalar && inst.src[0].index + regVector == reg)
        need(w, record, reg, 2, "DPP after a VALU write of its source", isValu);
      if (meta.kind == InstClass::LdsDma && reg == 124)
        need(w, record, reg, 1, "LDS-DMA after a write of M0", isSalu);
      if (!scalar && isMatrix(meta.kind))
        need(w, record, reg, 2, "matrix operand after a VALU write", isValu);
      if (!scalar &&
          (meta.kind == InstClass::Valu || meta.kind == InstClass::Cvt))
        need(w, record, reg, 1, "use of a transcendental's result", isTrans);
    }
  }
  if (meta.mnemonic.compare(0, 10, "v_div_fmas") == 0)
    need(w, record, 106, 4, "v_div_fmas after a VALU write of VCC", isValu);
  // Results of matrix instructions.
  if (isValu(meta.kind) || isVmem(meta.kind) || isMatrix(meta.kind) ||
      meta.kind == InstClass::DsWrite)
    for (const RegUse &use : meta.uses)
      for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
           ++reg) {
        if (reg < regVector || !wave.writes[reg].record)
          continue;
        uint32_t writer = wave.writes[reg].record - 1;
        if (!isMatrix(program.meta[writer].kind))
          continue;
        // The accumulator of the next matrix instruction is forwarded.
        unsigned c = inst.src[2].index + regVector;
        if (isMatrix(meta.kind) && ((use.flags & 1) || use.first == c))
          continue;
        const auto &desc =
            *static_cast<const math::MfmaDesc *>(program.code[writer].op);
        need(w, record, reg, passes(desc) + 2, "use of a matrix result",
             isMatrix);
      }
  wave.now += meta.kind == InstClass::Nop ? inst.imm + 1 : 1;
  for (const RegUse &use : meta.uses)
    if (use.flags & 1)
      for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
           ++reg)
        wave.writes[reg] = {record + 1, wave.now - 1};
}

} // namespace moe::emulator
