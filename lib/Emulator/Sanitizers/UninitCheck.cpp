//===- UninitCheck.cpp - reads of what was never written ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `uninit` sanitizer: a bit a vector register and lane, a bit a bit of a
// scalar register, a flag a byte of LDS. The rules for single bits are in
// ScalarBits.cpp.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/UninitCheck.h"

#include "Sanitizers/SourceLanes.h"
#include "Sanitizers/VectorBits.h"
#include "Vector/ValuTable.h"
#include "Vector/VectorModes.h"

#include <cstdio>

namespace moe::emulator {

void UninitCheck::beginGroup(Workgroup &group) {
  memset(vector, 0, sizeof(vector));
  if (hasHalves)
    memset(halves, 0, sizeof(halves));
  memset(undefined, 0xff, sizeof(undefined));
  memset(sccUndefined, 0, sizeof(sccUndefined));
  memset(origin, 0xff, sizeof(origin));
  for (RegSet &set : known)
    set = RegSet();
  lds.assign(group.ldsSize + 16, 0);
  for (Wave *w : group.waves) {
    started[w->id] = w->exec();
    setKnown(w->id, 0, ~uint64_t(0));
    for (unsigned i = 0; i < 128; ++i)
      if (i < w->filledSgprs || (i >= w->userSgprs && i < w->initialSgprs) ||
          (i >= 102 && i <= 105) || i >= SgprExec)
        setUndefined(w->id, i, 0);
  }
}

void UninitCheck::setUndefined(unsigned wave, unsigned reg, uint32_t bits,
                               uint16_t from) {
  undefined[wave][reg] = bits;
  origin[wave][reg] = from;
  if (bits)
    known[wave].erase(reg);
  else
    known[wave].insert(reg);
}

void UninitCheck::setKnown(unsigned wave, unsigned row, uint64_t lanes) {
  vector[wave][row] = lanes;
  if (started[wave] & ~lanes)
    known[wave].erase(regVector + row);
  else
    known[wave].insert(regVector + row);
}

/// An SGPR pair of which only the bits of active lanes are read.
static bool isLaneMask(const InstMeta &meta, const RegUse &use) {
  return (meta.traits & LaneMask) && use.first < 128 && use.count == 2 &&
         (!(meta.traits & ReadsVcc) || use.first == SgprVcc);
}

/// Reads that do not use the value: spills of callee-saved registers, and M0
/// where only part of it is replaced.
static bool onlyKeeps(const Inst &inst, const InstMeta &meta,
                      const RegUse &use) {
  if (meta.traits & Spills)
    return use.first >= regVector;
  if (meta.traits & WritesLane)
    return use.first < SgprM0 && inst.src[0].kind == SrcKind::Sgpr &&
           use.first == inst.src[0].index;
  return (meta.traits & Indexes) && use.first == SgprM0;
}

UninitCheck::UninitCheck(const Program &program, const Sanitizers::Sink &sink)
    : program(program), sink(sink), readsOf(program.meta.size()) {
  for (uint32_t i = 0; i < readsOf.size(); ++i) {
    const InstMeta &meta = program.meta[i];
    hasHalves |=
        program.sramEcc && (meta.traits & (LoadsLowHalf | LoadsHighHalf));
    readsOf[i].first = uint32_t(reads.size());
    for (const RegUse &use : meta.uses)
      if ((use.flags & 2) && !readsOldResult(i, use) &&
          !onlyKeeps(program.code[i], meta, use)) {
        reads.push_back(use);
        reads.back().flags = isLaneMask(meta, use) ? laneMask : 0;
      }
    readsOf[i].last = uint32_t(reads.size());
  }
}

bool UninitCheck::readsOldResult(uint32_t instIndex, const RegUse &use) const {
  if (!(program.meta[instIndex].traits & Merges))
    return false;
  for (const RegUse &other : program.meta[instIndex].uses)
    if ((other.flags & 1) && other.first == use.first)
      return true;
  return false;
}

void UninitCheck::report(const Wave &w, uint32_t instIndex, unsigned reg,
                         uint32_t bits, const char *note) {
  unsigned from = sourceOf(w.id, reg);
  char hex[32];
  snprintf(hex, sizeof(hex), "bits 0x%08x ", unsigned(bits));
  sink(SanitizeUninit, instIndex, -1,
       "uninit: wave " + std::to_string(w.id) + " reads " +
           registerName(program, reg) +
           (from == reg ? "" : " (from " + registerName(program, from) + ")") +
           ", " + (bits == ~0u ? "" : hex) + "never written" + note +
           ", at %1");
}

void UninitCheck::reportScc(const Wave &w, uint32_t instIndex) {
  sccUndefined[w.id] = false;
  sink(SanitizeUninit, instIndex, -1,
       "uninit: wave " + std::to_string(w.id) +
           " reads SCC, which depends on bits never written, at %1");
}

/// Reports what is read of a half that a D16 load left undefined.
void UninitCheck::readHalves(Wave &w, uint32_t instIndex, unsigned row,
                             uint64_t lanes) {
  if (program.meta[instIndex].traits & Copies)
    return;
  uint32_t open = (halves[0][w.id][row] & lanes ? 0xffffu : 0) |
                  (halves[1][w.id][row] & lanes ? 0xffff0000u : 0);
  if (open)
    open &= bitsRead(w, program.code[instIndex], program.meta[instIndex], row);
  if (!open)
    return;
  report(w, instIndex, regVector + row, open,
         " (zero on hardware with SRAM-ECC)");
  halves[0][w.id][row] = halves[1][w.id][row] = 0;
}

/// \p last: the row is the last one of the result.
void UninitCheck::writeHalves(const Wave &w, uint32_t instIndex, unsigned row,
                              uint64_t lanes, bool last) {
  uint64_t traits = program.meta[instIndex].traits;
  const Src &from = program.code[instIndex].src[0];
  bool copies = (traits & Copies) && from.kind == SrcKind::Vgpr;
  bool loadsHalf = last && (traits & (LoadsLowHalf | LoadsHighHalf));
  for (unsigned half = 0; half < 2; ++half) {
    uint64_t &open = halves[half][w.id][row], now = 0;
    if (loadsHalf)
      now = traits & (half ? LoadsHighHalf : LoadsLowHalf) ? 0 : lanes;
    else if (copies)
      now = halves[half][w.id][from.index] & lanes;
    if (now)
      origin[w.id][regVector + row] =
          copies ? sourceOf(w.id, regVector + from.index) : sameRegister;
    open = (open & ~lanes) | now;
  }
}

/// Lanes of a source: those that are read, and those of the result that get
/// something from an unwritten one.
struct UninitCheck::LaneUse {
  uint64_t read, open;
};

/// Of an instruction on pairs, bit h: half h of the result takes this register,
/// a row or the number of an SGPR.
static unsigned halvesFrom(const Inst &inst, SrcKind kind, unsigned reg) {
  const bool moves =
      static_cast<const ValuRow *>(inst.op)->d == ValueType::B64; // v_pk_mov
  unsigned halves = 0;
  for (unsigned k = 0; k < 3; ++k) {
    const Src &src = inst.src[k];
    if (src.kind != kind || reg < src.index || reg > src.index + 1u)
      continue;
    const unsigned half = reg - src.index;
    const bool low = (modOpSel(inst.mods) >> k & 1) == half;
    const bool high = (modOpSelHi(inst.mods) >> k & 1) == half;
    // A move has a source for each half of the result.
    halves |= (moves ? low && k == 0 : low) ? 1 : 0;
    halves |= (moves ? low && k == 1 : high) ? 2 : 0;
  }
  return halves;
}

/// \p given: the register that the instruction names, which an index may move.
UninitCheck::LaneUse UninitCheck::lanesOf(const Wave &w, uint32_t instIndex,
                                          unsigned given,
                                          uint64_t written) const {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  auto isSource = [&](unsigned k) {
    return inst.src[k].kind == SrcKind::Vgpr &&
           inst.src[k].index == given - regVector;
  };
  uint64_t lanes = execBefore;
  if (meta.kind == InstClass::Mfma)
    lanes = ~uint64_t(0);
  else if (meta.traits & ReadsLane)
    lanes = namedLane(w, inst, meta, execBefore);
  else if ((meta.traits & Selects) && !isDpp(inst, meta))
    lanes = (isSource(0) ? selectedLanes(w, inst, 0, execBefore) : 0) |
            (isSource(1) ? selectedLanes(w, inst, 1, execBefore) : 0);
  LaneUse use{lanes, lanes & ~written};
  if (!isDpp(inst, meta) || !isSource(0) || isSource(1) || isSource(2))
    return use;
  // Each lane gets what it fetches.
  use = {0, 0};
  for (uint64_t m = execBefore; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctzll(m));
    unsigned from = sourceLane(w, inst, meta, lane);
    if (from >= 64 || !(execBefore >> from & 1))
      continue; // a lane that is off gives nothing
    use.read |= uint64_t(1) << from;
    use.open |= (~written >> from & 1) << lane;
  }
  return use;
}

/// These halves of a pair get something undefined from a register.
void UninitCheck::openHalves(const Wave &w, unsigned reg, unsigned halves,
                             uint64_t lanes) {
  undefinedLow |= halves & 1 ? lanes : 0;
  undefinedHigh |= halves & 2 ? lanes : 0;
  copiedFrom = sourceOf(w.id, reg);
}

void UninitCheck::readVector(Wave &w, uint32_t instIndex, const RegUse &use,
                             unsigned reg, unsigned given) {
  const InstMeta &meta = program.meta[instIndex];
  uint64_t written = vector[w.id][reg - regVector];
  if (written == ~uint64_t(0) && !hasHalves)
    return;
  LaneUse lanes = lanesOf(w, instIndex, given, written);
  if (hasHalves)
    readHalves(w, instIndex, reg - regVector, lanes.read);
  if (!lanes.open)
    return;
  // A value that goes to EXEC must be defined; one in another SGPR may be
  // undefined until it is used.
  bool toScalar =
      (meta.traits & ReadsLane) && program.code[instIndex].dst < SgprExec;
  if ((meta.traits & HighToHigh) && use.count == 2 && reg == use.first + 1u) {
    undefinedHigh |= lanes.open;
  } else if (meta.traits & PicksHalves) {
    // An undefined half matters only where it is used.
    openHalves(
        w, reg,
        halvesFrom(program.code[instIndex], SrcKind::Vgpr, given - regVector),
        lanes.open);
  } else if ((meta.traits & (Copies | Selects)) || toScalar) {
    copiesUndefined |= lanes.open;
    copiedFrom = sourceOf(w.id, reg);
  } else {
    setKnown(w.id, reg - regVector, written | lanes.read);
    report(w, instIndex, reg, ~0u);
  }
}

void UninitCheck::readScalar(Wave &w, uint32_t instIndex, const RegUse &use,
                             unsigned reg) {
  uint64_t traits = program.meta[instIndex].traits;
  uint32_t bits = undefined[w.id][reg];
  if (use.flags & laneMask)
    bits &= uint32_t(execBefore >> 32 * (reg - use.first));
  if (!bits)
    return;
  if (traits & TestsVcc) {
    PartlyKnown vcc{w.vcc(), undefined[w.id][SgprVcc] |
                                 uint64_t(undefined[w.id][SgprVcc + 1]) << 32};
    if (!vcc.zeroIsOpen())
      return;
  }
  if ((traits & HighToHigh) && use.count == 2 && reg == use.first + 1u) {
    undefinedHigh = ~uint64_t(0);
  } else if (traits & PicksHalves) {
    openHalves(w, reg, halvesFrom(program.code[instIndex], SrcKind::Sgpr, reg),
               ~uint64_t(0));
  } else if (traits & Copies) {
    copiesUndefined = ~uint64_t(0);
    copiedFrom = sourceOf(w.id, reg);
  } else {
    report(w, instIndex, reg, bits);
    setUndefined(w.id, reg, 0);
  }
}

void UninitCheck::before(Wave &w, uint32_t instIndex) {
  execBefore = w.exec();
  if (program.meta[instIndex].bits.rule != BitOp::None)
    return beforeBits(w, instIndex);
  copiesUndefined = 0;
  undefinedLow = undefinedHigh = 0;
  if (sccUndefined[w.id] && (program.meta[instIndex].scc & 2))
    reportScc(w, instIndex);
  for (uint32_t r = readsOf[instIndex].first; r != readsOf[instIndex].last;
       ++r) {
    RegUse use = reads[r];
    use.first =
        movedUse(w, program.code[instIndex], program.meta[instIndex].kind,
                 {use.first, use.count, 2})
            .first;
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count); ++reg)
      if (reg >= regVector)
        readVector(w, instIndex, use, reg, reg - use.first + reads[r].first);
      else if (reg < 128)
        readScalar(w, instIndex, use, reg);
  }
}

PartlyKnown UninitCheck::operand(const Wave &w, const Src &src,
                                 bool wide) const {
  PartlyKnown x;
  x.value = wide ? w.scalar64(src) : w.scalar(src);
  if (src.kind == SrcKind::Sgpr) {
    x.undefined = undefined[w.id][src.index];
    if (wide)
      x.undefined |= uint64_t(undefined[w.id][src.index + 1]) << 32;
  } else if (src.kind == SrcKind::Special && src.index == 253) {
    x.undefined = sccUndefined[w.id];
  }
  return x;
}

/// Reports those of the given bits of an operand that are undefined.
void UninitCheck::needOperand(const Wave &w, uint32_t instIndex, const Src &src,
                              bool wide, uint64_t needed) {
  if (src.kind != SrcKind::Sgpr)
    return;
  for (unsigned reg = src.index; reg < src.index + (wide ? 2u : 1u); ++reg)
    if (uint32_t bits =
            undefined[w.id][reg] & uint32_t(needed >> 32 * (reg - src.index))) {
      report(w, instIndex, reg, bits);
      setUndefined(w.id, reg, 0);
    }
}

/// Which bits of a scalar result are undefined, before the instruction runs.
/// Of EXEC all must be defined.
void UninitCheck::beforeBits(Wave &w, uint32_t instIndex) {
  const Inst &inst = program.code[instIndex];
  const BitOp &op = program.meta[instIndex].bits;
  bool usesExec = op.savesExec || op.writesExec;
  bool extracts = op.rule == BitOp::Extract || op.rule == BitOp::ExtractSigned;
  bool shifts = extracts || (op.rule >= BitOp::ShiftLeft &&
                             op.rule <= BitOp::ShiftArithmetic);
  if (sccUndefined[w.id] && (program.meta[instIndex].scc & 2))
    reportScc(w, instIndex);
  Src exec, old;
  exec.kind = old.kind = SrcKind::Sgpr;
  exec.index = SgprExec;
  old.index = inst.dst;
  Src from[2] = {inst.src[0], usesExec ? exec : inst.src[1]};
  bool kept = !w.scc && op.rule == BitOp::CopyWhenScc;
  if (op.takesConstant)
    from[0] = Src();
  if (kept || (!w.scc && op.rule == BitOp::Select))
    from[0] = kept ? old : inst.src[1];
  PartlyKnown a = operand(w, from[0], op.wide);
  PartlyKnown b = operand(w, from[1], op.wide && !shifts);
  const uint32_t amount = (op.wide ? 63 : 31) | (extracts ? 0x7f0000 : 0);
  if (shifts && (b.undefined & amount))
    needOperand(w, instIndex, from[1], false, amount);
  result = applyBitOp(op, a, b);
  if (!result.undefined)
    return;
  if (usesExec || inst.dst >= SgprExec) {
    uint64_t needed = shifts ? ~uint64_t(0) : result.undefined;
    needOperand(w, instIndex, from[0], op.wide, needed);
    needOperand(w, instIndex, from[1], op.wide && !shifts, needed);
    result.undefined = 0;
    return;
  }
  bool second = result.undefined & b.undefined & ~a.undefined;
  const Src &source = second && !shifts ? from[1] : from[0];
  for (unsigned half = 0; half < 2; ++half) {
    unsigned reg = source.index + (op.wide ? half : 0u);
    resultFrom[half] = source.kind == SrcKind::Sgpr ? sourceOf(w.id, reg)
                                                    : uint16_t(sameRegister);
  }
}

void UninitCheck::afterBits(Wave &w, uint32_t instIndex) {
  const Inst &inst = program.code[instIndex];
  const BitOp &op = program.meta[instIndex].bits;
  for (unsigned half = 0; half < (op.wide ? 2u : 1u); ++half)
    if (inst.dst + half < SgprExec)
      setUndefined(w.id, inst.dst + half,
                   uint32_t(result.undefined >> 32 * half), resultFrom[half]);
  if (program.meta[instIndex].scc & 1)
    sccUndefined[w.id] = result.zeroIsOpen();
}

void UninitCheck::after(Wave &w, uint32_t instIndex) {
  if (program.meta[instIndex].bits.rule != BitOp::None)
    return afterBits(w, instIndex);
  uint64_t traits = program.meta[instIndex].traits;
  const Inst &inst = program.code[instIndex];
  uint64_t lanes = traits & AllLanes ? ~uint64_t(0) : execBefore;
  if (traits & WritesLane) {
    lanes = namedLane(w, inst, program.meta[instIndex], execBefore);
    const Src &from = inst.src[0];
    if (from.kind == SrcKind::Sgpr && undefined[w.id][from.index] == ~0u) {
      copiesUndefined = lanes;
      copiedFrom = sourceOf(w.id, from.index);
    }
  }
  for (const RegUse &given : program.meta[instIndex].uses) {
    if (!(given.flags & 1))
      continue;
    RegUse use =
        movedUse(w, program.code[instIndex], program.meta[instIndex].kind,
                 {given.first, given.count, 1});
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count); ++reg)
      if (reg >= regVector) {
        if (hasHalves)
          writeHalves(w, instIndex, reg - regVector, lanes,
                      reg + 1 == use.first + unsigned(use.count));
        uint64_t written = vector[w.id][reg - regVector] | lanes;
        written &= ~(lanes & copiesUndefined);
        if (use.count == 2)
          written &=
              ~(lanes & (reg == use.first ? undefinedLow : undefinedHigh));
        if (lanes & ~written)
          origin[w.id][reg] = copiesUndefined || (traits & PicksHalves)
                                  ? copiedFrom
                                  : uint16_t(sameRegister);
        if (written != vector[w.id][reg - regVector])
          setKnown(w.id, reg - regVector, written);
      } else if (reg < 128 && (traits & ReadsLane) && copiesUndefined) {
        setUndefined(w.id, reg, ~0u, copiedFrom);
      } else if (reg < 128 && undefined[w.id][reg]) {
        setUndefined(w.id, reg, 0);
      }
  }
  if (program.meta[instIndex].scc & 1)
    sccUndefined[w.id] = false;
}

bool UninitCheck::passRun(const Wave &w, const ArithmeticRun &run) {
  uint64_t exec = w.exec(), all = started[w.id];
  bool whole = all == ~uint64_t(0);
  if (hasHalves || sccUndefined[w.id] || (exec & ~all) ||
      (!whole && (run.usesAllLanes || run.writesExec)) ||
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
        setUndefined(w.id, reg, 0);
    }
  return true;
}

void UninitCheck::access(Wave &w, uint32_t instIndex, uint32_t address,
                         uint32_t bytes, bool write) {
  if (write) {
    memset(lds.data() + address, 1, bytes);
    return;
  }
  for (uint32_t b = address; b < address + bytes; ++b)
    if (!lds[b]) {
      sink(SanitizeUninit, instIndex, -1,
           "uninit: wave " + std::to_string(w.id) + " reads LDS byte " +
               std::to_string(b) + ", never written, at %1");
      memset(lds.data() + address, 1, bytes);
      return;
    }
}

} // namespace moe::emulator
