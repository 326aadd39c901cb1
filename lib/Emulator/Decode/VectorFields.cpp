//===- VectorFields.cpp - fields of the vector ALU formats ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// VOP1, VOP2, VOPC, VOP3 and VOP3P, with SDWA, DPP and the matrix instructions.
// The handler is the fastest one that does everything the form needs.
//
//===----------------------------------------------------------------------===//

#include "Decode/FieldDecoder.h"

#include <algorithm>

namespace moe::emulator {

static bool chipHas(const ValuRow &row, const ChipFeatures &chip) {
  return !(row.flags & VOnly950) || (chip.bit & On950);
}

void FieldDecoder::valuSources(const ValuRow &row, const unsigned codes[3]) {
  const ValueType types[3] = {row.a, row.b, row.c};
  for (int k = 0; k < 3; ++k)
    if (types[k] != ValueType::None)
      inst.src[k] = source(codes[k], types[k]);
  if (row.flags & VReadsDst) {
    inst.src[2].kind = SrcKind::Vgpr;
    inst.src[2].index = inst.dst;
  }
}

/// Whether the next instruction may not use the result: SDWA and op_sel write a
/// part of it, or pick the byte that is written.
static bool writesPart(const Inst &inst, const ValuRow &row) {
  if (inst.mods & ModSdwa)
    return !(row.flags & VCompare) && ((inst.ext >> 8) & 7) != 6;
  if (!(inst.mods & ModVop3))
    return false;
  return modOpSel(inst.mods) & (row.flags & VDstByte ? 12 : 8);
}

/// The traits of a vector row in the form of the instruction.
static uint64_t traitsOf(const ValuRow &row, const Inst &inst) {
  uint64_t traits = 0;
  traits |= row.flags & VCopy ? Copies : 0;
  traits |= row.flags & VHighToHigh ? HighToHigh : 0;
  traits |= row.flags & VDot ? DotProduct : 0;
  traits |= row.flags & VCarryIn ? LaneMask : 0;
  traits |= row.flags & VVcc ? ReadsVcc : 0;
  traits |= row.flags & VCmpx ? ComparesExec : 0;
  traits |= row.flags & (VCompare | VCarryOut) ? WritesMask : 0;
  bool selects = (row.flags & (VCarryIn | VCarryOut | VVcc)) == VCarryIn;
  traits |= selects ? Selects : 0;
  bool merges = (row.flags & VCvt) && (row.flags & VReadsDst);
  traits |= merges || inst.mods & (ModSdwa | ModDpp) ? Merges : 0;
  traits |= writesPart(inst, row) ? WritesPart : 0;
  return traits;
}

/// The fastest handler that does everything the instruction needs.
void FieldDecoder::valuHandler(const ValuRow &row) {
  bool modified = (inst.mods & ModClamp) || modOmod(inst.mods);
  if (modified && isFloatType(row.d) && !(row.flags & (VF | VCompare)))
    return refuse("clamp and omod of this instruction are not implemented");
  inst.op = &row;
  meta.traits = traitsOf(row, inst);
  kind = row.flags & VTrans ? InstClass::Trans
         : row.flags & VCvt ? InstClass::Cvt
                            : InstClass::Valu;
  inst.vector = true;
  inst.run = directHandler(row, inst);
  if (!inst.run && row.direct && isPlainDpp(inst))
    inst.run = row.dpp ? row.dpp : valuOps().dpp;
  if (!inst.run)
    inst.run = valuOps().full;
}

/// SDWA (249) or DPP (250) in place of source 0.
void FieldDecoder::sdwaOrDpp(const ValuRow &row, unsigned codes[3]) {
  bool sdwa = codes[0] == 249;
  bool compare = row.flags & VCompare;
  inst.ext = w1;
  inst.mods |= sdwa ? ModSdwa : ModDpp;
  codes[0] = 256 + (w1 & 255);
  if (sdwa) {
    if ((w1 >> 23) & 1)
      codes[0] -= 256;
    if ((w1 >> 31) & 1 && codes[1] >= 256)
      codes[1] -= 256;
    inst.mods |= ((w1 >> 20) & 1) | ((w1 >> 28) & 1) << 1;
    inst.mods |= (((w1 >> 21) & 1) | ((w1 >> 29) & 1) << 1) << 3;
    if (compare) {
      if ((w1 >> 15) & 1)
        inst.sdst = (w1 >> 8) & 127;
      return;
    }
    inst.mods |= ((w1 >> 13) & 1) * ModClamp | ((w1 >> 14) & 3) * ModOmod0;
    return;
  }
  inst.mods |= ((w1 >> 20) & 1) | ((w1 >> 22) & 1) << 1;
  inst.mods |= (((w1 >> 21) & 1) | ((w1 >> 23) & 1) << 1) << 3;
}

bool FieldDecoder::laneOp(unsigned codes[3], unsigned dst) {
  const LaneRow *row = lookUp(opcodeTables().lanes, c.mnemonic);
  if (!row || !(row->chips & c.chip->bit))
    return false;
  kind = InstClass::Valu;
  inst.run = row->fn;
  inst.op = row;
  meta.traits = row->traits;
  if (!row->sources)
    return true; // v_nop in any form
  for (unsigned k = 0; k < row->sources; ++k)
    inst.src[k] = source(codes[k], ValueType::B32, row->counts[k + 1]);
  if (row->acc & AccSource)
    inst.src[0].index = vgpr(codes[0] & 255, 1, true);
  if (row->traits & ReadsLane)
    inst.dst = dst & 127;
  else
    inst.dst = vgpr(dst & 255, row->counts[0], row->acc & AccResult);
  return true;
}

void FieldDecoder::vop12() {
  bool vop1 = (w0 >> 25) == 0x3f;
  unsigned codes[3] = {w0 & 511, 256 + ((w0 >> 9) & 255), 0};
  if (vop1)
    codes[1] = 0;
  unsigned dst = (w0 >> 17) & 255;
  literal = w1;
  if (laneOp(codes, dst))
    return;
  const ValuRow *row = lookUp(opcodeTables().valu, c.mnemonic);
  if (!row || !chipHas(*row, *c.chip))
    return refuse(kNotImplemented);
  inst.dst = vgpr(dst, std::max(1u, valueRows(row->d)), false);
  inst.sdst = inst.data = SgprVcc;
  if (codes[0] == 249 || codes[0] == 250)
    sdwaOrDpp(*row, codes);
  else if (row->flags & VPackedPlain)
    return packedFmac(codes);
  if (row->flags & VLitC)
    codes[2] = 255;
  if (row->flags & VLitB) {
    codes[2] = codes[1];
    codes[1] = 255;
  }
  if ((inst.mods & ModClamp) && !isFloatType(row->d)) {
    row = lookUp(opcodeTables().clamped, c.mnemonic);
    if (!row)
      return refuse("clamp of this instruction is not implemented");
  }
  valuSources(*row, codes);
  valuHandler(*row);
}

/// The plain form is handled by the VOP3P driver with default op_sel.
void FieldDecoder::packedFmac(const unsigned codes[3]) {
  const ValuRow *row = lookUp(opcodeTables().packed, c.mnemonic);
  kind = InstClass::Valu;
  inst.run = valuOps().packed;
  inst.op = row;
  inst.mods = ModVop3p | 7 * ModOpSelHi0;
  inst.src[0] = source(codes[0], row->a);
  inst.src[1] = source(codes[1], row->b);
  inst.src[2].kind = SrcKind::Vgpr;
  inst.src[2].index = inst.dst;
}

void FieldDecoder::vopc() {
  unsigned codes[3] = {w0 & 511, 256 + ((w0 >> 9) & 255), 0};
  const ValuRow *row = lookUp(opcodeTables().valu, c.mnemonic);
  if (!row || !(row->flags & VCompare))
    return refuse(kNotImplemented);
  literal = w1;
  inst.sdst = SgprVcc;
  if (codes[0] == 249 || codes[0] == 250)
    sdwaOrDpp(*row, codes);
  valuSources(*row, codes);
  valuHandler(*row);
}

void FieldDecoder::scaledCvt(const math::ScaledCvtDesc &desc) {
  kind = InstClass::Cvt;
  inst.op = &desc;
  inst.dst = vgpr(w0 & 255, desc.dstRegs, false);
  const unsigned counts[3] = {desc.src0Regs, desc.src1Regs, desc.src2Regs};
  const unsigned codes[3] = {w1 & 511, (w1 >> 9) & 511, (w1 >> 18) & 511};
  for (int k = 0; k < 3; ++k)
    if (counts[k])
      inst.src[k] = source(codes[k], ValueType::B32, counts[k]);
  inst.mods = (w1 >> 29) & 7;
  inst.mods |= ((w0 >> 8) & 7) << 3;
  inst.mods |= ((w0 >> 11) & 15) * ModOpSel0;
  inst.run = valuOps().scaledHandler(inst);
  if ((w0 >> 15) & 1 || (w1 >> 27) & 3)
    refuse("clamp and omod of this instruction are not implemented");
  using Select = math::CvtSelect;
  bool byte =
      desc.select == Select::DstByte || desc.select == Select::SrcHalfDstByte;
  bool half =
      desc.select == Select::DstHalf || desc.select == Select::SrcByteDstHalf;
  meta.traits = byte || half ? Merges : 0;
  if (modOpSel(inst.mods) & (byte ? 12 : 8))
    meta.traits |= WritesPart;
  if (desc.to == math::CvtType::FP4 && desc.randomSrc >= 0)
    meta.traits |= WritesPart;
}

void FieldDecoder::vop3() {
  if (startsWith(c.mcName, "V_CVT_SCALEF32")) {
    const auto *desc = math::findScaledCvt(c.mcName);
    if (!desc || !(c.chip->bit & On950))
      return refuse(kNotImplemented);
    return scaledCvt(*desc);
  }
  unsigned codes[3] = {w1 & 511, (w1 >> 9) & 511, (w1 >> 18) & 511};
  unsigned dst = w0 & 255;
  inst.mods = ((w0 >> 15) & 1) * ModClamp;
  if (laneOp(codes, dst))
    return;
  const ValuRow *row = lookUp(opcodeTables().valu, c.mnemonic);
  if (!row || !chipHas(*row, *c.chip))
    return refuse(kNotImplemented);
  bool compare = row->flags & VCompare;
  bool carries = row->flags & VCarryOut;
  inst.mods = ModVop3 | ((w1 >> 29) & 7) | ((w0 >> 15) & 1) * ModClamp;
  inst.mods |= ((w1 >> 27) & 3) * ModOmod0;
  if (row->flags & VTruthTable) { // in the bits of the modifiers
    inst.imm = ((w1 >> 29) & 7) | ((w0 >> 8) & 7) << 3 | ((w1 >> 27) & 3) << 6;
    inst.mods = ModVop3 | ((w0 >> 11) & 15) * ModOpSel0;
  } else if (!carries) {
    inst.mods |= ((w0 >> 8) & 7) << 3;
    inst.mods |= ((w0 >> 11) & 15) * ModOpSel0;
  }
  if (compare) {
    inst.sdst = dst & 127;
    inst.mods &= ~uint32_t(ModClamp);
  } else {
    inst.dst = vgpr(dst, std::max(1u, valueRows(row->d)), false);
  }
  if (carries)
    inst.sdst = (w0 >> 8) & 127;
  inst.data = SgprVcc;
  if ((row->flags & VCarryIn) && !(row->flags & VVcc)) {
    inst.data = codes[2];
    if (codes[2] >= 127)
      refuse("a mask that is no scalar register is not implemented");
  }
  if ((inst.mods & ModClamp) && !isFloatType(row->d) && !compare) {
    row = lookUp(opcodeTables().clamped, c.mnemonic);
    if (!row)
      return refuse("clamp of this instruction is not implemented");
  }
  valuSources(*row, codes);
  valuHandler(*row);
}

void FieldDecoder::matrix(const math::MfmaDesc &desc) {
  using namespace math;
  kind = InstClass::Mfma;
  meta.traits = AllLanes;
  inst.run = runMatrix;
  inst.op = &desc;
  bool scaled = c.size == 16;
  uint32_t m0 = scaled ? c.words[2] : w0, m1 = scaled ? c.words[3] : w1;
  bool accD = (m0 >> 15) & 1, accA = (m1 >> 27) & 1, accB = (m1 >> 28) & 1;
  MfmaModifiers mods;
  mods.cbsz = (m0 >> 8) & 7;
  mods.abid = (m0 >> 11) & 15;
  mods.blgp = (m1 >> 29) & 7;
  bool mixed = desc.a == MatType::F8F6F4;
  if (mixed && !scaled)
    mods.abid = 0;
  if (scaled) {
    mods.abid = 0;
    mods.scaleSelA = ((w0 >> 11) & 1) | ((w1 >> 27) & 1) << 1;
    mods.scaleSelB = ((w0 >> 12) & 1) | ((w1 >> 28) & 1) << 1;
    Src a = source(w1 & 511, ValueType::B32);
    Src b = source((w1 >> 9) & 511, ValueType::B32);
    inst.flags = uint16_t(a.kind) | uint16_t(b.kind) << 4;
    inst.data = a.index;
    inst.imm = a.value;
    inst.data1 = b.index;
    inst.mods = b.value;
  }
  MatChip chip = c.chip->bit;
  if (const char *reason = checkMfma(desc, chip, mods))
    return refuse(reason);
  unsigned aRegs = mixed ? f8f6f4Registers(mods.cbsz) : desc.aRegs;
  unsigned bRegs = mixed ? f8f6f4Registers(mods.blgp) : desc.bRegs;
  auto registers = [&](unsigned code, unsigned count, bool acc, Src &src) {
    if (code < 256)
      return refuse("a matrix operand must be a vector register");
    src.kind = SrcKind::Vgpr;
    src.index = vgpr(code - 256, count, acc);
  };
  registers(m1 & 511, aRegs, accA, inst.src[0]);
  registers((m1 >> 9) & 511, bRegs, accB, inst.src[1]);
  unsigned codeC = (m1 >> 18) & 511;
  if (desc.sparse)
    registers(codeC, 1, false, inst.src[2]);
  else if (codeC >= 256)
    registers(codeC, desc.dRegs, accD, inst.src[2]);
  else
    inst.src[2] =
        source(codeC, desc.d == MatType::F64 ? ValueType::F64 : ValueType::F32);
  inst.dst = vgpr(m0 & 255, desc.dRegs, accD);
  inst.ext = mods.cbsz | mods.abid << 3 | mods.blgp << 7 |
             mods.scaleSelA << 10 | mods.scaleSelB << 12;
}

void FieldDecoder::vop3p() {
  if (startsWith(c.mcName, "V_MFMA") || startsWith(c.mcName, "V_SMFMAC")) {
    const auto *desc = math::findMfma(c.mcName, c.chip->bit);
    return desc ? matrix(*desc) : refuse(kNotImplemented);
  }
  unsigned codes[3] = {w1 & 511, (w1 >> 9) & 511, (w1 >> 18) & 511};
  if (laneOp(codes, w0 & 255))
    return;
  const ValuOps &ops = valuOps();
  bool clamp = (w0 >> 15) & 1;
  const ValuRow *row = lookUp(opcodeTables().packed, c.mnemonic);
  inst.run = ops.packed;
  if (row && clamp && !isFloatType(row->d))
    row = lookUp(opcodeTables().packedClamped, c.mnemonic);
  if (!row) {
    row = lookUp(opcodeTables().packed32, c.mnemonic);
    inst.run = ops.packed32;
  }
  if (!row) {
    row = lookUp(opcodeTables().mix, c.mnemonic);
    inst.run = ops.mix;
  }
  if (!row || !chipHas(*row, *c.chip))
    return refuse(kNotImplemented);
  kind = InstClass::Valu;
  inst.op = row;
  inst.mods = ModVop3p | ((w1 >> 29) & 7) | ((w0 >> 11) & 7) * ModOpSel0 |
              ((w0 >> 8) & 7) * ModNegHi0 | clamp * ModClamp;
  unsigned high = ((w1 >> 27) & 3) | ((w0 >> 14) & 1) << 2;
  inst.mods |= high * ModOpSelHi0;
  inst.dst = vgpr(w0 & 255, std::max(1u, valueRows(row->d)), false);
  bool two = inst.run == ops.packed32, mixed = inst.run == ops.mix;
  meta.traits = (two ? PicksHalves : 0) | (row->flags & VDot ? DotProduct : 0) |
                (mixed ? MixesTypes : 0) |
                (mixed && row->d == ValueType::F16 ? Merges : 0);
  if (row->flags & VDot && row->a != ValueType::B32 && high & 1)
    meta.traits |= DotOfHalves;
  const ValueType types[3] = {row->a, row->b, row->c};
  for (int k = 0; k < 3; ++k) {
    if (types[k] == ValueType::None)
      continue;
    ValueType type =
        two && codes[k] >= 128 && codes[k] < 256 ? ValueType::F32 : types[k];
    inst.src[k] = source(codes[k], type);
    bool constant = codes[k] >= 128 && codes[k] < 256;
    // A move takes one half of each source. Both halves of 0 are 0, as LLVM's
    // GlobalISel assumes; other constants it puts into registers, and
    // SelectionDAG takes their lower half twice.
    bool move = row->d == ValueType::B64;
    unsigned picked = (modOpSel(inst.mods) | (move ? 0 : high)) >> k;
    if (two && constant && (picked & 1) && codes[k] != 128)
      refuse("the upper half of a constant in a packed f32 operation is "
             "undefined");
    if (mixed && constant && ((high >> k) & 1) && codes[k] != 128)
      refuse("a constant as f16 in a mixed operation is not implemented");
  }
  if (mixed)
    return;
  if (Handler direct = directPackedHandler(*row, inst, two))
    inst.run = direct;
}

} // namespace moe::emulator
