//===- UninitCheck.cpp - reads of what was never written ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `uninit` sanitizer (a bit a register and lane, a flag a byte of LDS) and
// the `exec` sanitizer.
//
//===----------------------------------------------------------------------===//

#include "SanitizerParts.h"

namespace moe::emulator {

void UninitCheck::beginGroup(Workgroup &group) {
  memset(vector, 0, sizeof(vector));
  memset(scalar, 0, sizeof(scalar));
  lds.assign(group.ldsSize + 16, 0);
  for (Wave *w : group.waves) {
    vector[w->id][0] = ~uint64_t(0);
    for (unsigned i = 0; i < w->initialSgprs; ++i)
      scalar[w->id][i] = true;
    for (unsigned i : {102, 103, 104, 105, 126, 127})
      scalar[w->id][i] = true;
  }
}

/// Forms that merge into their old result: the part that is kept may be
/// undefined.
bool UninitCheck::readsOldResult(uint32_t record, const RegUse &use) const {
  const InstMeta &meta = program.meta[record];
  const Inst &inst = program.code[record];
  const std::string &name = meta.mnemonic;
  bool merges = name.find("d16") != std::string::npos ||
                name == "v_writelane_b32" || (inst.mods & (ModSdwa | ModDpp)) ||
                meta.kind == InstClass::Cvt ||
                name.find("_mixlo_") != std::string::npos ||
                name.find("_mixhi_") != std::string::npos;
  if (!merges)
    return false;
  for (const RegUse &other : meta.uses)
    if ((other.flags & 1) && other.first == use.first)
      return true;
  return false;
}

/// In a 64-bit addition the upper half of an operand reaches the upper half of
/// the result only: compilers leave it undefined when they need the lower one.
static bool isWideAddition(const std::string &name) {
  return name == "v_mad_u64_u32" || name == "v_mad_i64_i32" ||
         name == "v_lshl_add_u64";
}

void UninitCheck::before(Wave &w, uint32_t record) {
  const InstMeta &meta = program.meta[record];
  execBefore = w.exec();
  uint64_t lanes = meta.kind == InstClass::Mfma ? ~uint64_t(0) : execBefore;
  bool wide = isWideAddition(meta.mnemonic);
  undefinedHigh = 0;
  for (const RegUse &use : meta.uses) {
    if (!(use.flags & 2) || readsOldResult(record, use))
      continue;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
         ++reg) {
      bool missing;
      if (reg >= regVector) {
        uint64_t &known = vector[w.id][reg - regVector];
        if (wide && use.count == 2 && reg == use.first + 1u) {
          undefinedHigh |= lanes & ~known;
          continue;
        }
        missing = lanes & ~known;
        known |= lanes;
      } else {
        missing = reg < 128 && !scalar[w.id][reg];
        if (reg < 128)
          scalar[w.id][reg] = true;
      }
      if (missing)
        sink(SanitizeUninit, record, -1,
             "uninit: wave " + std::to_string(w.id) + " reads " +
                 registerName(program, reg) + ", never written, at %1");
    }
  }
}

void UninitCheck::after(Wave &w, uint32_t record) {
  const InstMeta &meta = program.meta[record];
  uint64_t lanes =
      meta.kind == InstClass::Mfma || meta.mnemonic == "v_writelane_b32"
          ? ~uint64_t(0)
          : execBefore;
  for (const RegUse &use : meta.uses) {
    if (!(use.flags & 1))
      continue;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count); ++reg)
      if (reg >= regVector) {
        uint64_t &known = vector[w.id][reg - regVector];
        known |= lanes;
        if (use.count == 2 && reg == use.first + 1u)
          known &= ~undefinedHigh;
      } else if (reg < 128)
        scalar[w.id][reg] = true;
  }
}

void UninitCheck::access(Wave &w, uint32_t record, uint32_t address,
                         uint32_t bytes, bool write) {
  if (write) {
    memset(lds.data() + address, 1, bytes);
    return;
  }
  for (uint32_t b = address; b < address + bytes; ++b)
    if (!lds[b]) {
      sink(SanitizeUninit, record, -1,
           "uninit: wave " + std::to_string(w.id) + " reads LDS byte " +
               std::to_string(b) + ", never written, at %1");
      memset(lds.data() + address, 1, bytes);
      return;
    }
}

void checkExec(Wave &w, uint32_t record, const Program &program,
               const Sanitizers::Sink &sink) {
  if (w.execFull)
    return;
  const InstMeta &meta = program.meta[record];
  const std::string &name = meta.mnemonic;
  bool transposes = name.find("_tr_b") != std::string::npos;
  bool swaps =
      name == "v_permlane16_swap_b32" || name == "v_permlane32_swap_b32";
  if (transposes || swaps) {
    sink(SanitizeExec, record, -1,
         "exec: wave " + std::to_string(w.id) +
             " exchanges data between lanes while some are off, at %1");
    return;
  }
  if (name != "ds_bpermute_b32")
    return;
  const Inst &inst = program.code[record];
  for (unsigned lane = 0; lane < 64; ++lane) {
    unsigned from = ((w.v[inst.sdst][lane] + inst.imm) / 4) & 63;
    if (w.execMask[lane] && !w.execMask[from]) {
      sink(SanitizeExec, record, -1,
           "exec: wave " + std::to_string(w.id) + ", lane " +
               std::to_string(lane) + " fetches from lane " +
               std::to_string(from) + ", which is off, at %1");
      return;
    }
  }
}

} // namespace moe::emulator
