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
  for (RegSet &set : known)
    set = RegSet();
  lds.assign(group.ldsSize + 16, 0);
  for (Wave *w : group.waves) {
    started[w->id] = w->exec();
    setKnown(w->id, 0, ~uint64_t(0));
    for (unsigned i = 0; i < 128; ++i)
      if (i < w->initialSgprs || (i >= 102 && i <= 105) || i >= SgprExec) {
        scalar[w->id][i] = true;
        known[w->id].insert(i);
      }
  }
}

void UninitCheck::setKnown(unsigned wave, unsigned row, uint64_t lanes) {
  vector[wave][row] = lanes;
  if (started[wave] & ~lanes)
    known[wave].erase(regVector + row);
  else
    known[wave].insert(regVector + row);
}

/// Forms that merge into their old result: the part that is kept may be
/// undefined.
static bool merges(const Inst &inst, const InstMeta &meta) {
  const std::string &name = meta.mnemonic;
  return name.find("d16") != std::string::npos || name == "v_writelane_b32" ||
         (inst.mods & (ModSdwa | ModDpp)) || meta.kind == InstClass::Cvt ||
         name.find("_mixlo_") != std::string::npos ||
         name.find("_mixhi_") != std::string::npos;
}

/// In a 64-bit addition the upper half of an operand reaches the upper half of
/// the result only: compilers leave it undefined when they need the lower one.
static bool isWideAddition(const std::string &name) {
  return name == "v_mad_u64_u32" || name == "v_mad_i64_i32" ||
         name == "v_lshl_add_u64";
}

/// A move only passes on what it finds: a function saves registers that its
/// caller may never have written.
static bool isCopy(const std::string &name) {
  return name == "s_mov_b32" || name == "s_mov_b64" ||
         name.compare(0, 9, "v_mov_b32") == 0 ||
         name.compare(0, 9, "v_accvgpr") == 0;
}

/// Reads that are no use of the value: of callee-saved registers when they are
/// put away, of the rest of a mask whose active lanes are cleared, of M0 where
/// only a part of it is replaced.
static bool onlyKeeps(const InstMeta &meta, const RegUse &use) {
  const std::string &name = meta.mnemonic;
  if (name.compare(0, 13, "scratch_store") == 0)
    return use.first >= regVector;
  if (name == "v_writelane_b32")
    return use.first < 124;
  if (name.compare(0, 13, "s_set_gpr_idx") == 0)
    return use.first == SgprM0;
  if (name != "s_andn2_b64" || use.first >= SgprExec)
    return false;
  bool same = false, exec = false;
  for (const RegUse &other : meta.uses) {
    same |= (other.flags & 1) && other.first == use.first;
    exec |= (other.flags & 2) && other.first == SgprExec;
  }
  return same && exec;
}

UninitCheck::UninitCheck(const Program &program, const Sanitizers::Sink &sink)
    : program(program), sink(sink), kinds(program.meta.size()),
      readsOf(program.meta.size()) {
  for (uint32_t i = 0; i < kinds.size(); ++i) {
    const InstMeta &meta = program.meta[i];
    bool matrix = meta.kind == InstClass::Mfma;
    kinds[i] = (merges(program.code[i], meta) ? Merges : 0) |
               (isWideAddition(meta.mnemonic) ? Wide : 0) |
               (matrix || meta.mnemonic == "v_writelane_b32" ? AllLanes : 0) |
               (isCopy(meta.mnemonic) ? Copy : 0) | (matrix ? Matrix : 0) |
               (meta.mnemonic == "s_set_gpr_idx_on" ? Indexes : 0);
    readsOf[i].first = uint32_t(reads.size());
    for (const RegUse &use : meta.uses)
      if ((use.flags & 2) && !readsOldResult(i, use) && !onlyKeeps(meta, use))
        reads.push_back(use);
    readsOf[i].last = uint32_t(reads.size());
  }
}

bool UninitCheck::readsOldResult(uint32_t record, const RegUse &use) const {
  if (!(kinds[record] & Merges))
    return false;
  for (const RegUse &other : program.meta[record].uses)
    if ((other.flags & 1) && other.first == use.first)
      return true;
  return false;
}

void UninitCheck::before(Wave &w, uint32_t record) {
  execBefore = w.exec();
  copiesUndefined = 0;
  bool copy = kinds[record] & Copy, wide = kinds[record] & Wide;
  uint64_t lanes = kinds[record] & Matrix ? ~uint64_t(0) : execBefore;
  undefinedHigh = 0;
  for (uint32_t r = readsOf[record].first; r != readsOf[record].last; ++r) {
    const RegUse &use = reads[r];
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count);
         ++reg) {
      bool missing;
      if (reg >= regVector) {
        uint64_t written = vector[w.id][reg - regVector];
        if (!(lanes & ~written))
          continue;
        if (wide && use.count == 2 && reg == use.first + 1u) {
          undefinedHigh |= lanes & ~written;
          continue;
        }
        missing = true;
        if (copy)
          copiesUndefined |= lanes & ~written;
        else
          setKnown(w.id, reg - regVector, written | lanes);
      } else {
        missing = reg < 128 && !scalar[w.id][reg];
        if (missing && wide && use.count == 2 && reg == use.first + 1u) {
          undefinedHigh = ~uint64_t(0);
          continue;
        }
        if (copy && missing)
          copiesUndefined = ~uint64_t(0);
        else if (missing)
          scalar[w.id][reg] = true, known[w.id].insert(reg);
      }
      if (missing && !copy)
        sink(SanitizeUninit, record, -1,
             "uninit: wave " + std::to_string(w.id) + " reads " +
                 registerName(program, reg) + ", never written, at %1");
    }
  }
}

/// s_set_gpr_idx_on runs the instructions up to `off` itself: what they wrote,
/// at the rows that M0 moved them to.
void UninitCheck::markIndexed(Wave &w, uint32_t record) {
  uint32_t m0 = w.s[SgprM0], offset = (m0 >> 15) & 1 ? m0 & 255 : 0;
  for (uint32_t r = record + 1; r < program.meta.size() &&
                                program.meta[r].mnemonic != "s_set_gpr_idx_off";
       ++r)
    for (const RegUse &use : program.meta[r].uses)
      for (unsigned i = 0; (use.flags & 1) && i != use.count; ++i) {
        unsigned row = use.first - regVector + offset + i;
        if (use.first >= regVector && row < 512)
          setKnown(w.id, row, vector[w.id][row] | execBefore);
      }
}

void UninitCheck::after(Wave &w, uint32_t record) {
  uint64_t lanes = kinds[record] & AllLanes ? ~uint64_t(0) : execBefore;
  if (kinds[record] & Indexes)
    markIndexed(w, record);
  for (const RegUse &use : program.meta[record].uses) {
    if (!(use.flags & 1))
      continue;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count); ++reg)
      if (reg >= regVector) {
        uint64_t written = vector[w.id][reg - regVector] | lanes;
        written &= ~(lanes & copiesUndefined);
        if (use.count == 2 && reg == use.first + 1u)
          written &= ~undefinedHigh;
        if (written != vector[w.id][reg - regVector])
          setKnown(w.id, reg - regVector, written);
      } else if (reg < 128) {
        scalar[w.id][reg] = !copiesUndefined;
        if (copiesUndefined)
          known[w.id].erase(reg);
        else
          known[w.id].insert(reg);
      }
  }
}

bool UninitCheck::passRun(const Wave &w, const QuietRun &run) {
  uint64_t exec = w.exec(), all = started[w.id];
  bool whole = all == ~uint64_t(0);
  if ((exec & ~all) || (!whole && (run.usesAllLanes || run.writesExec)) ||
      !run.read.isWithin(known[w.id]))
    return false;
  if (run.written.isWithin(known[w.id]))
    return true;
  if (exec != all || run.writesExec)
    return false;
  for (unsigned i = 0; i < RegSet::count; ++i)
    for (uint64_t m = run.written.words[i] & ~known[w.id].words[i]; m;
         m &= m - 1) {
      unsigned reg = 64 * i + unsigned(__builtin_ctzll(m));
      if (reg >= regVector)
        setKnown(w.id, reg - regVector, vector[w.id][reg - regVector] | exec);
      else if (reg < 128)
        scalar[w.id][reg] = true, known[w.id].insert(reg);
    }
  return true;
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
  bool bpermute = meta.mnemonic == "ds_bpermute_b32";
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
  const std::string &name = meta.mnemonic;
  bool dpp = (inst.mods & ModDpp) && name[0] == 'v' &&
             (meta.kind == InstClass::Valu || meta.kind == InstClass::Trans);
  bool transposes = name.find("_tr_b") != std::string::npos;
  bool swaps =
      name == "v_permlane16_swap_b32" || name == "v_permlane32_swap_b32";
  if (transposes || swaps) {
    sink(SanitizeExec, record, -1,
         "exec: wave " + std::to_string(w.id) +
             " exchanges data between lanes while some are off, at %1");
    return;
  }
  if (!dpp && name != "ds_bpermute_b32")
    return;
  auto [lane, from] = fetchFromOff(w, inst, meta, started);
  if (lane < 64)
    sink(SanitizeExec, record, -1,
         "exec: wave " + std::to_string(w.id) + ", lane " +
             std::to_string(lane) + " fetches from lane " +
             std::to_string(from) + ", which is off, at %1");
}

} // namespace moe::emulator
