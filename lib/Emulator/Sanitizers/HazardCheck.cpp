//===- HazardCheck.cpp - required wait states -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Manually inserted wait states, from the chapter of that name in the CDNA3 and
// CDNA4 ISA manuals; where they give a range, the number that LLVM's back end
// keeps to. One issued instruction is one wait state, s_nop N is N+1. Rules are
// made once an instruction of the program, as "what wrote this register, and
// how long ago?", and asked whenever it executes.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/HazardCheck.h"

#include "Math/Mfma.h"
#include "Memory/MemRows.h"
#include "State/ChipFeatures.h"

#include <algorithm>

namespace moe::emulator {

namespace {
/// What a writer is to the rules.
enum Class : uint16_t {
  Vector = 1,      ///< a vector ALU instruction other than a matrix one
  Trans = 2,       ///< of the transcendental unit
  PartOfDst = 4,   ///< writes a part of its destination, which is forwarded
  Scalar = 8,      ///< scalar ALU
  HwRegWrite = 16, ///< s_setreg
  MatrixXdl = 32,  ///< matrix, all but f32 and f64
  MatrixF32 = 64,  ///< v_mfma_f32_*_f32
  MatrixF64 = 128, ///< v_mfma_f64
  Dot = 256,
  LateData = 512,  ///< reads more than 64 bits of data after issue
  Compares = 1024, ///< v_cmpx
  NotDot = 2048,   ///< Vector, but no dot product
  HalfDot = 4096,  ///< a dot product with op_sel
  Matrix = MatrixXdl | MatrixF32 | MatrixF64
};
} // namespace

/// Lane exchange counts as DsOther where LDS does it, as Valu where it does
/// not.
static bool isVector(const InstMeta &meta) {
  return meta.kind == InstClass::Valu || meta.kind == InstClass::Trans ||
         meta.kind == InstClass::Cvt;
}

/// Codes of the sources src_vccz and src_execz.
static constexpr unsigned srcVccz = 251, srcExecz = 252;

static unsigned hwRegOf(const Inst &inst) { return inst.imm & 63; }

HazardCheck::HazardCheck(const Program &program, const Sanitizers::Sink &sink)
    : program(program), sink(sink) {}

/// No rule asks for more.
static constexpr uint64_t longest = 20;

void HazardCheck::beginGroup(const ChipFeatures &features) {
  chip = &features;
  if (kinds.empty())
    prepare();
  for (WaveState &wave : waves)
    if (wave.now)
      wave = WaveState();
}

void HazardCheck::describe(uint32_t instIndex) {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  Kind &kind = kinds[instIndex];
  if (meta.kind == InstClass::Nop)
    kind.waits = uint8_t(inst.imm + 1);
  if (meta.kind == InstClass::Salu)
    kind.classes |= Scalar;
  if (meta.traits & SetsHwReg)
    kind.classes |= HwRegWrite;
  if (isVector(meta)) {
    kind.classes |= Vector;
    if (meta.kind == InstClass::Trans)
      kind.classes |= Trans;
    if (meta.traits & WritesPart)
      kind.classes |= PartOfDst;
    kind.classes |= meta.traits & DotProduct ? Dot : NotDot;
    if (meta.traits & DotOfHalves)
      kind.classes |= HalfDot;
    if (meta.traits & ComparesExec)
      kind.classes |= Compares;
  }
  if (meta.kind == InstClass::Mfma) {
    const auto &desc = *static_cast<const math::MfmaDesc *>(inst.op);
    kind.passes = uint8_t(mfmaPasses(desc, inst.ext, *chip));
    kind.classes |= desc.a == math::MatType::F64   ? MatrixF64
                    : desc.a == math::MatType::F32 ? MatrixF32
                                                   : MatrixXdl;
    if ((kind.classes & MatrixXdl) && !desc.sparse &&
        inst.src[2].kind == SrcKind::Vgpr) {
      kind.lateRead = uint16_t(inst.src[2].index + regVector);
      kind.lateCount = desc.dRegs;
    }
  }
  if (meta.traits & WideStore) {
    kind.classes |= LateData;
    kind.lateRead = uint16_t(inst.data + regVector);
    kind.lateCount = static_cast<const MemRow *>(inst.op)->dwords;
  }
}

void HazardCheck::add(unsigned first, unsigned count, uint16_t writers,
                      unsigned states, const char *what, MatrixUse matrix) {
  for (unsigned reg = first; reg < first + count; ++reg)
    if (reg < tracked)
      rules.push_back({uint16_t(reg), writers, uint8_t(states), matrix, what});
}

/// What scalar and memory instructions need.
void HazardCheck::addScalarRules(uint32_t instIndex) {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  if (isVectorMemory(meta.kind))
    for (const RegUse &use : meta.uses)
      if ((use.flags & 2) && use.first <= SgprVcc + 1)
        add(use.first, use.count, Vector, 5,
            "vector memory after a VALU write of an SGPR");
  if (meta.traits & M0Late)
    add(SgprM0, 1, Scalar, 1, "use of M0 after a scalar write of it");
  if (meta.traits & (SetsHwReg | ReadsHwReg))
    add(hwRegs + hwRegOf(inst), 1, HwRegWrite, 2,
        "access to a hardware register after s_setreg of it");
}

/// VCC, EXEC and what is derived from them as sources of a vector ALU
/// instruction. LLVM does not know the rule of VCCZ and EXECZ.
void HazardCheck::addMaskRules(const Inst &inst) {
  for (const Src &src : inst.src) {
    if (src.kind == SrcKind::Sgpr && src.index >= SgprExec)
      add(src.index, 1, Vector, 2, "VALU read after a VALU write of EXEC");
    if (src.kind != SrcKind::Special)
      continue;
    if (src.index == srcVccz)
      add(SgprVcc, 2, Vector, 5, "VALU read of VCCZ after a VALU write of VCC");
    if (src.index == srcExecz)
      add(SgprExec, 2, Vector, 5,
          "VALU read of EXECZ after a VALU write of EXEC");
  }
}

/// The mask that an addition or subtraction takes its carry from: the manuals
/// ask for no wait states, LLVM for the two of a constant.
static bool isCarryIn(const Inst &inst, const InstMeta &meta,
                      const RegUse &use) {
  return (meta.traits & LaneMask) && !(meta.traits & (Selects | ReadsVcc)) &&
         use.count == 2 && use.first == inst.data;
}

/// What vector ALU instructions need.
void HazardCheck::addValuRules(uint32_t instIndex) {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  bool select = meta.traits & SelectsLane, reads = meta.traits & ReadsLane;
  bool permutes = meta.traits & Permutes;
  for (const RegUse &use : meta.uses) {
    bool vector = use.first >= regVector;
    if (vector)
      add(use.first, use.count, PartOfDst, 1,
          "use of a result of which only a part was written");
    if (!(use.flags & 2))
      continue;
    if (vector && meta.kind != InstClass::Trans)
      add(use.first, use.count, Trans, 1, "use of a transcendental's result");
    if (vector && reads)
      add(use.first, use.count, Vector, 1,
          "readlane after a VALU write of its source");
    if (vector && permutes)
      add(use.first, use.count, Vector, 2,
          "permlane after a VALU write of its source");
    if (vector && (inst.mods & ModDpp) &&
        inst.src[0].index + regVector == use.first)
      add(use.first, use.count, Vector, 2,
          "DPP after a VALU write of its source");
    if (vector)
      continue;
    if (select && inst.src[1].kind == SrcKind::Sgpr &&
        inst.src[1].index == use.first)
      add(use.first, 1, Vector, 4, "lane select after a VALU write of an SGPR");
    else if (use.first <= SgprVcc + 1 && !isCarryIn(inst, meta, use))
      add(use.first, use.count, Vector, 2,
          "VALU read after a VALU write of an SGPR");
  }
  addMaskRules(inst);
  if (select || reads)
    add(SgprExec, 2, Vector, 4, "lane access after a VALU write of EXEC");
  if (permutes)
    add(SgprExec, 2, Vector, 4, "permlane after a VALU write of EXEC");
  if (inst.mods & ModDpp)
    add(SgprExec, 2, Vector, 5, "DPP after a VALU write of EXEC");
  if (meta.traits & ReadsVcc)
    add(SgprVcc, 2, Vector, 4, "v_div_fmas after a VALU write of VCC");
}

/// What a matrix instruction needs of its operands. A dot product's result
/// needs no wait states as one, but for one that LLVM leaves after v_dot2_*
/// (also before the result is overwritten): it takes the op_sel_hi of the first
/// source, the same bit, for an op_sel that says which half is written. The
/// manuals do not ask for it.
void HazardCheck::addMatrixSources(uint32_t instIndex) {
  const Inst &inst = program.code[instIndex];
  const auto &desc = *static_cast<const math::MfmaDesc *>(inst.op);
  auto needs = [&](unsigned row, unsigned count, MatrixUse use) {
    add(row + regVector, count, NotDot, 2, "matrix operand after a VALU write");
    add(row + regVector, count, Matrix, 0, "use of a matrix result", use);
  };
  bool mixed = desc.a == math::MatType::F8F6F4;
  unsigned formats[2] = {inst.ext & 7, inst.ext >> 7 & 7};
  const uint8_t counts[2] = {desc.aRegs, desc.bRegs};
  for (unsigned k = 0; k < 2; ++k)
    needs(inst.src[k].index,
          mixed ? math::f8f6f4Registers(formats[k]) : counts[k], AsFactor);
  if (desc.sparse) {
    needs(inst.src[2].index, 1, AsFactor);
    needs(inst.dst, desc.dRegs, AsAddend);
  } else if (inst.src[2].kind == SrcKind::Vgpr) {
    needs(inst.src[2].index, desc.dRegs, AsAddend);
  }
  // Scales, by the kinds of their operands.
  if (SrcKind(inst.flags & 15) == SrcKind::Vgpr)
    needs(inst.data, 1, AsFactor);
  if (SrcKind(inst.flags >> 4 & 15) == SrcKind::Vgpr)
    needs(inst.data1, 1, AsFactor);
  for (const RegUse &use : program.meta[instIndex].uses)
    if (use.first >= regVector) {
      add(use.first, use.count, PartOfDst, 1,
          "use of a result of which only a part was written");
      add(use.first, use.count, HalfDot, 1, "use of a dot product's result");
    }
}

/// What matrix instructions need, and users of their results.
void HazardCheck::addMatrixRules(uint32_t instIndex) {
  const InstMeta &meta = program.meta[instIndex];
  bool valu = kinds[instIndex].classes & Vector;
  bool memory = isVectorMemory(meta.kind) || isLds(meta.kind);
  if (meta.kind == InstClass::Mfma) {
    add(SgprExec, 2, Compares, 4, "matrix instruction after v_cmpx");
    return addMatrixSources(instIndex);
  }
  for (const RegUse &use : meta.uses) {
    if (use.first < regVector)
      continue;
    bool read = use.flags & 2;
    if ((valu || memory) && read)
      add(use.first, use.count, Matrix, 0, "use of a matrix result",
          valu ? ByValu : ByMemory);
    if ((valu || memory) && (use.flags & 1)) {
      add(use.first, use.count, Matrix, 0, "overwriting a matrix result",
          Overwritten);
      add(use.first, use.count, 0, 0, "overwriting what is still read",
          AddendOverwritten);
    }
    if (valu || memory)
      add(use.first, use.count, Dot, 3, "use of a dot product's result");
  }
}

void HazardCheck::addRules(uint32_t instIndex) {
  kinds[instIndex].firstRule = uint32_t(rules.size());
  addScalarRules(instIndex);
  if (kinds[instIndex].classes & Vector)
    addValuRules(instIndex);
  addMatrixRules(instIndex);
  kinds[instIndex].lastRule = uint32_t(rules.size());
}

/// Wait states after a matrix instruction, by what is done with its registers.
unsigned HazardCheck::matrixStates(const Kind &writer, const Rule &rule,
                                   const Kind &user, bool sameAddend) const {
  unsigned passes = writer.passes;
  unsigned late = chip->lateMatrixResults;
  unsigned later = passes != 2 ? late : 0;
  bool f64 = writer.classes & MatrixF64, f32 = writer.classes & MatrixF32;
  bool small = passes == 4;
  switch (rule.matrix) {
  case ByValu:
  case AsFactor:
  case Overwritten:
    if (f64) // the same on both chips when overwritten
      return small ? 6 : rule.matrix == Overwritten ? 11 : passes + 3;
    return f32 ? passes + 2 : passes + 3 + later;
  case ByMemory:
    if (f64)
      return small ? 9 : 18;
    return f32 ? passes + 2 : passes + 3 + later;
  case AsAddend:
    if (sameAddend && f64)
      return (user.classes & MatrixF64) && small && user.passes == 4 ? 4 : 0;
    if (sameAddend)
      return passes == 2 ? 2 : 0;
    if ((user.classes & MatrixXdl) && !(writer.classes & MatrixXdl))
      return 0;
    if (f64)
      return small ? 4 : passes + 1;
    if (f32)
      return passes;
    return passes + 1 + (user.classes & MatrixXdl ? late : later);
  case AddendOverwritten:
    if (writer.classes & LateData) // loads write late enough
      return user.classes & Vector ? 2 : 0;
    return passes - 1;
  default:
    return rule.states;
  }
}

/// Wait states that a rule asks for between two instructions.
unsigned HazardCheck::statesOf(const Rule &rule, uint32_t before,
                               uint32_t instIndex) const {
  const Inst &first = program.code[before], &second = program.code[instIndex];
  if (rule.matrix != NoMatrix) {
    bool same = false;
    if (rule.matrix == AsAddend) {
      // The very registers of the result, no more and no fewer.
      const auto &made = *static_cast<const math::MfmaDesc *>(first.op);
      const auto &used = *static_cast<const math::MfmaDesc *>(second.op);
      unsigned addend = used.sparse ? second.dst : second.src[2].index;
      same = first.dst == addend && made.dRegs == used.dRegs;
    }
    return matrixStates(kinds[before], rule, kinds[instIndex], same);
  }
  if (rule.writers == Dot && first.op == second.op) {
    // The same dot product, in a loop also the very instruction, forwards its
    // addend.
    bool factor = false;
    for (unsigned k = 0; k < 2; ++k)
      factor |= second.src[k].kind == SrcKind::Vgpr &&
                second.src[k].index + regVector == rule.reg;
    if (!factor)
      return 0;
  }
  return rule.states;
}

/// Notes a rule for which not enough wait states have passed since its register
/// was written, or read late.
void HazardCheck::check(const WaveState &wave, uint32_t instIndex,
                        const Rule &rule) {
  bool late = rule.matrix == AddendOverwritten;
  const Use &use = late ? wave.reads[rule.reg] : wave.writes[rule.reg];
  uint32_t before = use.instIndex - 1;
  if (!late && !(kinds[before].classes & rule.writers))
    return;
  unsigned states = statesOf(rule, before, instIndex);
  uint64_t passed = wave.now - use.at - 1;
  if (passed >= states)
    return;
  trialFailed = true;
  if (trial)
    return;
  for (Broken &other : broken)
    if (other.before == before) {
      if (other.states < states)
        other = {before, &rule, states, passed};
      return;
    }
  broken.push_back({before, &rule, states, passed});
}

void HazardCheck::report(uint32_t instIndex) {
  for (const Broken &found : broken) {
    const Rule &rule = *found.rule;
    bool late = rule.matrix == AddendOverwritten;
    sink(SanitizeHazard, instIndex, found.before,
         std::string("hazard: ") + rule.what + ": " +
             (rule.reg < hwRegs
                  ? registerName(program, rule.reg)
                  : "hwreg " + std::to_string(rule.reg - hwRegs)) +
             (late ? " is read at %2 and overwritten at %1, expected "
                   : " is written at %2 and used at %1, expected ") +
             std::to_string(found.states) + " wait states between, got " +
             std::to_string(found.passed));
  }
  broken.clear();
}

/// An instruction that executes: its rules, then what it writes. A matrix
/// instruction issues when the core has finished with the one before it.
void HazardCheck::observe(WaveState &wave, uint32_t instIndex) {
  const Kind &kind = kinds[instIndex];
  for (uint32_t r = kind.firstRule; r != kind.lastRule; ++r) {
    const Rule &rule = rules[r];
    const Use &use = rule.matrix == AddendOverwritten ? wave.reads[rule.reg]
                                                      : wave.writes[rule.reg];
    if (use.instIndex && wave.now - use.at <= longest)
      check(wave, instIndex, rule);
  }
  if (!broken.empty())
    report(instIndex);
  if (kind.passes) {
    wave.now = std::max(wave.now, wave.coreFree);
    wave.coreFree = wave.now + kind.passes;
  }
  wave.now += kind.waits;
  Use here = {instIndex + 1, wave.now - 1};
  for (uint32_t i = kind.firstWrite; i != kind.lastWrite; ++i)
    wave.writes[writesOf[i]] = here;
  for (unsigned i = 0; i < kind.lateCount; ++i)
    if (kind.lateRead + i < registerCount)
      wave.reads[kind.lateRead + i] = here;
}

void HazardCheck::before(Wave &w, uint32_t instIndex) {
  WaveState &wave = waves[w.id];
  // Those between were skippable.
  if (!starts[instIndex] && instIndex > wave.next) {
    wave.now += offsets[instIndex] - offsets[wave.next];
    wave.coreFree = std::max(wave.coreFree, wave.now + busyBefore[instIndex]);
  }
  wave.next = instIndex + 1;
  observe(wave, instIndex);
}

//===----------------------------------------------------------------------===//
// Instructions that need no check. A chain is a sequence of instructions each
// of which, except the first, is only reached from the one before it. A rule
// looks at most `longest` wait states back, so deeper in a chain its outcome is
// static and found by simulating the chain once.
//===----------------------------------------------------------------------===//

/// Which instructions start a chain: all of them if the program has indirect
/// jumps.
std::vector<uint8_t> HazardCheck::findChains() {
  size_t count = program.meta.size();
  std::vector<uint8_t> found(count, 0);
  found[program.entry] = found[0] = 1;
  for (size_t i = 0; i < count; ++i) {
    const InstMeta &meta = program.meta[i];
    if (meta.traits & (JumpsAnywhere | Rejoins))
      return std::vector<uint8_t>(count, 1);
    if (meta.kind == InstClass::Branch && program.code[i].imm < count)
      found[program.code[i].imm] = 1;
    bool leaves = meta.traits & EndsFlow;
    if (i + 1 < count &&
        (leaves || meta.address + meta.size != program.meta[i + 1].address))
      found[i + 1] = 1;
  }
  return found;
}

/// Drops the rules about registers that nothing in the program writes, or reads
/// late, in the way that they ask for: they can never report.
void HazardCheck::dropRules() {
  std::vector<uint16_t> writtenBy(tracked, 0);
  std::vector<uint8_t> late(tracked, 0);
  for (uint32_t i = 0; i < kinds.size(); ++i) {
    const Kind &kind = kinds[i];
    for (const RegUse &use : program.meta[i].uses)
      for (unsigned k = 0; (use.flags & 1) && k < use.count; ++k)
        if (use.first + k < tracked)
          writtenBy[use.first + k] |= kind.classes;
    if (kind.classes & HwRegWrite)
      writtenBy[hwRegs + hwRegOf(program.code[i])] |= HwRegWrite;
    for (unsigned k = 0; k < kind.lateCount; ++k)
      if (kind.lateRead + k < registerCount)
        late[kind.lateRead + k] = 1;
  }
  std::vector<Rule> kept;
  for (Kind &kind : kinds) {
    uint32_t first = uint32_t(kept.size());
    for (uint32_t r = kind.firstRule; r != kind.lastRule; ++r)
      if (rules[r].matrix == AddendOverwritten
              ? late[rules[r].reg]
              : writtenBy[rules[r].reg] & rules[r].writers)
        kept.push_back(rules[r]);
    kind.firstRule = first;
    kind.lastRule = uint32_t(kept.size());
  }
  rules = std::move(kept);
}

/// Keeps, of the registers that an instruction writes, those that some rule
/// asks about.
void HazardCheck::keepWrites() {
  std::vector<uint8_t> asked(tracked, 0);
  for (const Rule &rule : rules)
    asked[rule.reg] = 1;
  for (uint32_t i = 0; i < kinds.size(); ++i) {
    Kind &kind = kinds[i];
    kind.firstWrite = uint32_t(writesOf.size());
    auto keep = [&](unsigned reg) {
      if (reg < tracked && asked[reg])
        writesOf.push_back(uint16_t(reg));
    };
    for (const RegUse &use : program.meta[i].uses)
      for (unsigned k = 0; (use.flags & 1) && k < use.count; ++k)
        keep(use.first + k);
    if (kind.classes & HwRegWrite)
      keep(hwRegs + hwRegOf(program.code[i]));
    kind.lastWrite = uint32_t(writesOf.size());
  }
}

void HazardCheck::findSkippable(uint32_t first, uint32_t end) {
  WaveState wave;
  std::vector<uint8_t> checked(end - first);
  for (uint32_t i = first; i < end; ++i) {
    trialFailed = false;
    observe(wave, i);
    checked[i - first] = trialFailed || offsets[i] - offsets[first] <= longest;
  }
  // What a later check of the chain, or of where it leads, may ask about.
  uint64_t asked = ~uint64_t(0);
  for (uint32_t i = end; i-- > first;) {
    bool leaves = i + 1 == end || program.meta[i].kind == InstClass::Branch;
    bool remembered =
        asked != ~uint64_t(0) && asked - offsets[i + 1] <= longest;
    const Kind &kind = kinds[i];
    bool idle = kind.firstRule == kind.lastRule &&
                kind.firstWrite == kind.lastWrite && !kind.lateCount;
    skippable[i] =
        !leaves && i != first && (idle || (!checked[i - first] && !remembered));
    if (leaves || (checked[i - first] && kind.firstRule != kind.lastRule))
      asked = offsets[i];
  }
}

/// Earliest issue time of each instruction of a chain: the matrix core is free
/// at its start.
void HazardCheck::findOffsets() {
  uint32_t count = uint32_t(kinds.size());
  offsets.assign(count + 1, 0);
  busyBefore.assign(count + 1, 0);
  uint64_t coreFree = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t now = offsets[i];
    if (starts[i])
      coreFree = now;
    busyBefore[i] = uint8_t(std::max(coreFree, now) - now);
    if (kinds[i].passes) {
      now = std::max(now, coreFree);
      coreFree = now + kinds[i].passes;
    }
    offsets[i + 1] = now + kinds[i].waits;
  }
}

void HazardCheck::prepare() {
  uint32_t count = uint32_t(program.meta.size());
  kinds.resize(count);
  for (uint32_t i = 0; i < count; ++i)
    describe(i);
  for (uint32_t i = 0; i < count; ++i)
    addRules(i);
  dropRules();
  keepWrites();
  skippable.assign(count, 0);
  starts = findChains();
  findOffsets();
  trial = true;
  for (uint32_t first = 0; first < count;) {
    uint32_t end = first + 1;
    while (end < count && !starts[end])
      ++end;
    if (end - first > 1)
      findSkippable(first, end);
    first = end;
  }
  trial = false;
}

} // namespace moe::emulator
