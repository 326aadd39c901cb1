//===- Fields.cpp - microcode fields to operands --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The microcode formats of gfx9: where each has its operands, and how an
// operand code becomes a register, a constant or a literal. Handlers come from
// the opcode tables by mnemonic.
//
//===----------------------------------------------------------------------===//

#include "Decode/Fields.h"

#include "Math/Mfma.h"
#include "Math/ScaledCvt.h"
#include "Memory/MemRows.h"
#include "Scalar/ScalarRows.h"
#include "State/ChipFeatures.h"
#include "Vector/LaneRows.h"
#include "Vector/ValuTable.h"

#include <algorithm>

namespace moe::emulator {
namespace {

bool startsWith(const std::string &text, const char *prefix) {
  return text.compare(0, strlen(prefix), prefix) == 0;
}
bool endsWith(const std::string &text, const char *suffix) {
  size_t n = strlen(suffix);
  return text.size() >= n && text.compare(text.size() - n, n, suffix) == 0;
}

template <typename Row>
using Index = std::unordered_map<std::string, const Row *>;

template <typename Row>
void addRows(Index<Row> &index, const Row *rows, size_t count) {
  for (size_t i = 0; i < count; ++i)
    index[rows[i].name] = &rows[i];
}

/// All opcode tables by mnemonic, built once.
struct Tables {
  Index<ScalarRow> scalar;
  Index<ScalarMemRow> scalarMem;
  Index<LaneRow> lanes;
  Index<MemRow> vmem, ds;
  Index<DsRow> dsSpecial;
  Index<ValuRow> valu, clamped, packed, packedClamped, packed32, mix;
  Tables() {
    addRows(scalar, scalarRows().rows, scalarRows().count);
    addRows(scalar, controlRows().rows, controlRows().count);
    addRows(scalarMem, scalarMemRows().rows, scalarMemRows().count);
    addRows(lanes, laneRows().rows, laneRows().count);
    addRows(vmem, vmemRows().rows, vmemRows().count);
    addRows(ds, dsRows().rows, dsRows().count);
    addRows(dsSpecial, dsSpecialRows().rows, dsSpecialRows().count);
    const ValuOps &ops = valuOps();
    for (const auto &table : ops.tables)
      addRows(valu, table.rows, table.count);
    addRows(clamped, ops.clamped.rows, ops.clamped.count);
    addRows(packed, ops.packedRows.rows, ops.packedRows.count);
    addRows(packedClamped, ops.packedClamped.rows, ops.packedClamped.count);
    addRows(packed32, ops.packed32Rows.rows, ops.packed32Rows.count);
    addRows(mix, ops.mixRows.rows, ops.mixRows.count);
  }
};
const Tables &tables() {
  static const Tables made;
  return made;
}
template <typename Row>
const Row *lookUp(const Index<Row> &index, const std::string &name) {
  auto it = index.find(name);
  return it == index.end() ? nullptr : it->second;
}
bool chipHas(const ValuRow &row, const ChipFeatures &chip) {
  return !(row.flags & VOnly950) || (chip.bit & On950);
}

constexpr const char *notImplemented = "instruction not implemented";

/// Decodes the fields of one instruction. Each format has a member function; an
/// encoding that is not executed leaves its reason in `error`.
class FieldDecoder {
public:
  FieldDecoder(FieldContext &context, Inst &inst, InstMeta &meta)
      : c(context), inst(inst), meta(meta), kind(meta.kind),
        w0(context.words[0]), w1(context.words[1]) {}
  std::string decode();

private:
  void refuse(std::string reason) {
    if (error.empty())
      error = std::move(reason);
  }
  uint16_t vgpr(unsigned index, unsigned count, bool acc);
  Src source(unsigned code, ValueType type, unsigned count = 0);
  Src scalarSource(unsigned code, bool wide);
  void sop2();
  void sop1();
  void sopc();
  void sopk();
  void sopp();
  void smem();
  void vop12();
  void packedFmac(const unsigned codes[3]);
  void vopc();
  void vop3();
  void vop3p();
  void mai(const math::MfmaDesc &desc);
  void scaledCvt(const math::ScaledCvtDesc &desc);
  bool laneOp(unsigned codes[3], unsigned dst);
  void ds();
  void flat();
  void buffer();
  const ScalarRow *scalarRow();
  void branch(int16_t words);
  void valuSources(const ValuRow &row, const unsigned codes[3]);
  void valuHandler(const ValuRow &row);
  void extraWord(const ValuRow &row, unsigned codes[3]);
  const MemRow *memRow(std::string name);
  void wideStore(unsigned dwords);
  void memKind(const MemRow &row, InstClass load, InstClass store,
               InstClass atomic);

  FieldContext &c;
  Inst &inst;
  InstMeta &meta;
  InstClass &kind;
  uint32_t w0, w1;
  uint32_t literal = 0;
  std::string error;
};

uint16_t FieldDecoder::vgpr(unsigned index, unsigned count, bool acc) {
  // Above accum_offset a v register is an a register: one file holds both.
  unsigned limit = c.rows;
  unsigned row = acc ? index + c.accumOffset : index;
  if (row + count > limit) {
    refuse(std::string("register ") + (acc ? "a" : "v") +
           std::to_string(index + count - 1) + " is beyond the " +
           std::to_string(limit - (acc ? std::min(c.accumOffset, limit) : 0)) +
           " allocated");
    return 0;
  }
  return row;
}

uint32_t f32Constant(unsigned code) {
  static const uint32_t values[] = {0x3f000000, 0xbf000000, 0x3f800000,
                                    0xbf800000, 0x40000000, 0xc0000000,
                                    0x40800000, 0xc0800000, 0x3e22f983};
  return values[code - 240];
}
uint32_t f16Constant(unsigned code) {
  static const uint32_t values[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000,
                                    0xc000, 0x4400, 0xc400, 0x3118};
  return values[code - 240];
}
uint32_t f64ConstantHigh(unsigned code) {
  static const uint32_t values[] = {0x3fe00000, 0xbfe00000, 0x3ff00000,
                                    0xbff00000, 0x40000000, 0xc0000000,
                                    0x40100000, 0xc0100000};
  return values[code - 240];
}

/// The 9-bit operand code. `type` decides what constants mean; `count` is the
/// number of registers when the type does not say it.
Src FieldDecoder::source(unsigned code, ValueType type, unsigned count) {
  Src src;
  unsigned rows = count ? count : std::max(1u, valueRows(type));
  bool wide = valueRows(type) == 2;
  if (code >= 256) {
    src.kind = SrcKind::Vgpr;
    src.index = vgpr(code - 256, rows, false);
  } else if (code < 128) {
    src.kind = SrcKind::Sgpr;
    src.index = code;
    if (code + rows > 128)
      refuse("scalar register operand out of range");
  } else if (code <= 192) {
    src.kind = SrcKind::Const;
    src.value = code - 128;
  } else if (code <= 208) {
    src.kind = SrcKind::ConstNeg;
    src.value = uint32_t(192 - int(code));
  } else if (code >= 240 && code <= 248) {
    src.kind = SrcKind::Const;
    if (wide && code == 248) {
      src.kind = SrcKind::ConstPi64;
    } else if (wide) {
      src.kind = SrcKind::ConstHi;
      src.value = f64ConstantHigh(code);
    } else {
      src.value =
          type == ValueType::F16 ? f16Constant(code) : f32Constant(code);
    }
  } else if (code == 255) {
    src.kind = type == ValueType::F64   ? SrcKind::ConstHi
               : type == ValueType::I64 ? SrcKind::ConstNeg
                                        : SrcKind::Const;
    src.value = literal;
  } else if ((code >= 235 && code <= 238) || (code >= 251 && code <= 253)) {
    src.kind = SrcKind::Special;
    src.index = code;
  } else {
    refuse("operand code " + std::to_string(code) + " is not implemented");
  }
  return src;
}

Src FieldDecoder::scalarSource(unsigned code, bool wide) {
  return source(code, wide ? ValueType::B64 : ValueType::B32);
}

//===----------------------------------------------------------------------===//
// Scalar formats
//===----------------------------------------------------------------------===//

const ScalarRow *FieldDecoder::scalarRow() {
  const ScalarRow *row = lookUp(tables().scalar, c.mnemonic);
  if (!row) {
    refuse(notImplemented);
    return nullptr;
  }
  inst.run = row->fn;
  inst.op = row;
  kind = row->kind;
  meta.traits = row->traits;
  meta.bits.rule = row->bits;
  meta.bits.wide = row->shape & DWide;
  meta.bits.savesExec = row->shape & SavesExec;
  meta.bits.writesExec = row->shape & WritesExec;
  meta.bits.takesConstant = row->shape & ConstantSource;
  return row;
}

void FieldDecoder::branch(int16_t words) {
  c.isBranch = true;
  c.branchWords = words;
}

void FieldDecoder::sop2() {
  const ScalarRow *row = scalarRow();
  if (!row)
    return;
  inst.src[0] = scalarSource(w0 & 255, row->shape & S0Wide);
  inst.src[1] = scalarSource((w0 >> 8) & 255, row->shape & S1Wide);
  inst.dst = (w0 >> 16) & 127;
}

void FieldDecoder::sop1() {
  const ScalarRow *row = scalarRow();
  if (!row)
    return;
  if (!(row->shape & NoSource)) {
    inst.src[0] = scalarSource(w0 & 255, row->shape & S0Wide);
    inst.src[1].kind = SrcKind::Const;
  }
  inst.dst = (w0 >> 16) & 127;
}

void FieldDecoder::sopc() {
  const ScalarRow *row = scalarRow();
  if (!row)
    return;
  inst.src[0] = scalarSource(w0 & 255, row->shape & S0Wide);
  if (row->shape & ConstantSource)
    inst.imm = (w0 >> 8) & 15;
  else
    inst.src[1] = scalarSource((w0 >> 8) & 255, row->shape & S1Wide);
}

void FieldDecoder::sopk() {
  const ScalarRow *row = scalarRow();
  if (!row)
    return;
  inst.dst = (w0 >> 16) & 127;
  inst.imm = uint32_t(int32_t(int16_t(w0)));
  if (kind == InstClass::Branch) {
    if (row->shape & DstIsSource)
      inst.src[0] = scalarSource(inst.dst, row->shape & S0Wide);
    return branch(int16_t(w0));
  }
  inst.src[0].kind = SrcKind::Const;
  inst.src[0].value = w1; // s_setreg_imm32_b32
}

void FieldDecoder::sopp() {
  if (!scalarRow())
    return;
  inst.imm = w0 & 0xffffu;
  if (kind == InstClass::Branch)
    branch(int16_t(w0));
  if ((meta.traits & EndsFlowAtTwo) && inst.imm == 2)
    meta.traits |= EndsFlow;
}

/// Scalar memory: atomics are rows of vector memory with a prefix of their own.
void FieldDecoder::smem() {
  kind = InstClass::Smem;
  const std::string &name = c.mnemonic;
  if (const ScalarMemRow *row = lookUp(tables().scalarMem, name)) {
    inst.run = row->fn;
    inst.flags = row->flags;
    inst.data = row->dwords;
    meta.traits = row->traits;
    if (!row->dwords) {
      inst.dst = (w0 >> 6) & 127;
      return;
    }
  } else {
    size_t at = name.find("atomic_");
    if (at == std::string::npos || !memRow(name.substr(at)))
      return refuse(notImplemented);
    inst.run = runScalarAtomic;
    meta.traits = WritesMemory;
    inst.data = static_cast<const MemRow *>(inst.op)->dwords;
    inst.flags = startsWith(name, "s_buffer_") ? ScalarBuffer : 0;
    inst.flags |= (w0 >> 16) & 1 ? MemReturn : 0;
  }
  inst.src[0].kind = SrcKind::Sgpr;
  inst.src[0].index = (w0 & 63) * 2;
  inst.dst = (w0 >> 6) & 127;
  unsigned base = inst.flags & ScalarBuffer ? 4 : 2;
  if (inst.dst + inst.data > 128 || inst.src[0].index + base > 128)
    refuse("scalar register operand out of range");
  bool immediate = (w0 >> 17) & 1, extra = (w0 >> 14) & 1;
  if (immediate)
    inst.imm = uint32_t(int32_t(w1 << 11) >> 11);
  else
    inst.src[1] = source(w1 & 127, ValueType::B32);
  if (extra)
    inst.src[1] = source((w1 >> 25) & 127, ValueType::B32);
}

//===----------------------------------------------------------------------===//
// Vector ALU
//===----------------------------------------------------------------------===//

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
bool writesPart(const Inst &inst, const ValuRow &row) {
  if (inst.mods & ModSdwa)
    return !(row.flags & VCompare) && ((inst.ext >> 8) & 7) != 6;
  if (!(inst.mods & ModVop3))
    return false;
  return modOpSel(inst.mods) & (row.flags & VDstByte ? 12 : 8);
}

/// The traits of a vector row in the form of the instruction.
uint64_t traitsOf(const ValuRow &row, const Inst &inst) {
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
    inst.run = valuOps().dpp;
  if (!inst.run)
    inst.run = valuOps().full;
}

/// SDWA (249) or DPP (250) in place of source 0.
void FieldDecoder::extraWord(const ValuRow &row, unsigned codes[3]) {
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
  const LaneRow *row = lookUp(tables().lanes, c.mnemonic);
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
  const ValuRow *row = lookUp(tables().valu, c.mnemonic);
  if (!row || !chipHas(*row, *c.chip))
    return refuse(notImplemented);
  inst.dst = vgpr(dst, std::max(1u, valueRows(row->d)), false);
  inst.sdst = inst.data = SgprVcc;
  if (codes[0] == 249 || codes[0] == 250)
    extraWord(*row, codes);
  else if (row->flags & VPackedPlain)
    return packedFmac(codes);
  if (row->flags & VLitC)
    codes[2] = 255;
  if (row->flags & VLitB) {
    codes[2] = codes[1];
    codes[1] = 255;
  }
  if ((inst.mods & ModClamp) && !isFloatType(row->d)) {
    row = lookUp(tables().clamped, c.mnemonic);
    if (!row)
      return refuse("clamp of this instruction is not implemented");
  }
  valuSources(*row, codes);
  valuHandler(*row);
}

/// The plain form is handled by the VOP3P driver with default op_sel.
void FieldDecoder::packedFmac(const unsigned codes[3]) {
  const ValuRow *row = lookUp(tables().packed, c.mnemonic);
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
  const ValuRow *row = lookUp(tables().valu, c.mnemonic);
  if (!row || !(row->flags & VCompare))
    return refuse(notImplemented);
  literal = w1;
  inst.sdst = SgprVcc;
  if (codes[0] == 249 || codes[0] == 250)
    extraWord(*row, codes);
  valuSources(*row, codes);
  valuHandler(*row);
}

void FieldDecoder::scaledCvt(const math::ScaledCvtDesc &desc) {
  kind = InstClass::Cvt;
  inst.run = valuOps().scaledConvert;
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
  if (desc.from == math::CvtType::FP4 && desc.to == math::CvtType::BF16 &&
      desc.count == 2 && !(inst.mods & 63))
    inst.run = valuOps().unpackFp4;
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
      return refuse(notImplemented);
    return scaledCvt(*desc);
  }
  unsigned codes[3] = {w1 & 511, (w1 >> 9) & 511, (w1 >> 18) & 511};
  unsigned dst = w0 & 255;
  inst.mods = ((w0 >> 15) & 1) * ModClamp;
  if (laneOp(codes, dst))
    return;
  const ValuRow *row = lookUp(tables().valu, c.mnemonic);
  if (!row || !chipHas(*row, *c.chip))
    return refuse(notImplemented);
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
    row = lookUp(tables().clamped, c.mnemonic);
    if (!row)
      return refuse("clamp of this instruction is not implemented");
  }
  valuSources(*row, codes);
  valuHandler(*row);
}

void FieldDecoder::mai(const math::MfmaDesc &desc) {
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
    return desc ? mai(*desc) : refuse(notImplemented);
  }
  unsigned codes[3] = {w1 & 511, (w1 >> 9) & 511, (w1 >> 18) & 511};
  if (laneOp(codes, w0 & 255))
    return;
  const ValuOps &ops = valuOps();
  bool clamp = (w0 >> 15) & 1;
  const ValuRow *row = lookUp(tables().packed, c.mnemonic);
  inst.run = ops.packed;
  if (row && clamp && !isFloatType(row->d))
    row = lookUp(tables().packedClamped, c.mnemonic);
  if (!row) {
    row = lookUp(tables().packed32, c.mnemonic);
    inst.run = ops.packed32;
  }
  if (!row) {
    row = lookUp(tables().mix, c.mnemonic);
    inst.run = ops.mix;
  }
  if (!row || !chipHas(*row, *c.chip))
    return refuse(notImplemented);
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

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// What an access does with one half of a register, and whether it compares.
uint64_t traitsOf(const MemRow &row) {
  bool narrow = row.op == MemOp::Store && row.bytes <= 2;
  if (row.atomic == AtomicKind::CmpSwap || row.atomic == AtomicKind::FCmpSwap)
    return ComparesMemory;
  switch (row.op) {
  case MemOp::FormatLoadD16: // a register holds two channels
    return Merges | (row.dwords == 1 ? LoadsLowHalf : 0);
  case MemOp::LoadD16:
    return Merges | LoadsLowHalf;
  case MemOp::LoadD16Hi:
  case MemOp::FormatLoadD16Hi:
    return Merges | LoadsHighHalf;
  case MemOp::StoreD16Hi:
  case MemOp::FormatStoreD16Hi:
    return Merges | StoresHighHalf;
  default:
    return (isD16(row.op) ? Merges : 0) | (narrow ? StoresLowHalf : 0);
  }
}

void FieldDecoder::memKind(const MemRow &row, InstClass load, InstClass store,
                           InstClass atomic) {
  if (row.atomic != AtomicKind::None)
    kind = atomic;
  else if (isStore(row.op))
    kind = store;
  else
    kind = load;
}

void FieldDecoder::ds() {
  const std::string &name = c.mnemonic;
  bool acc = (w0 >> 25) & 1;
  unsigned address = w1 & 255, data0 = (w1 >> 8) & 255,
           data1 = (w1 >> 16) & 255;
  unsigned vdst = w1 >> 24;
  inst.imm = w0 & 0xffffu;
  if ((w0 >> 16) & 1)
    return refuse("global data share is not implemented");
  if (const DsRow *row = lookUp(tables().dsSpecial, name)) {
    if (!(row->chips & c.chip->bit))
      return refuse(notImplemented);
    kind = row->kind;
    inst.run = row->fn;
    meta.traits = row->traits;
    if (row->address)
      inst.sdst = vgpr(address, 1, false);
    if (row->data)
      inst.data = vgpr(data0, row->data, acc);
    if (row->results)
      inst.dst = vgpr(vdst, row->results, acc);
    return;
  }
  std::string key = name.substr(3);
  size_t rtn = key.find("_rtn");
  bool returns = rtn != std::string::npos;
  if (returns)
    key.erase(rtn, 4);
  bool two = startsWith(key, "read2") || startsWith(key, "write2") ||
             startsWith(key, "wrxchg2");
  bool stride64 = false;
  if (two) {
    size_t digit = key.find('2');
    stride64 = key.compare(digit, 5, "2st64") == 0;
    key.erase(digit, stride64 ? 5 : 1);
  }
  const MemRow *row = lookUp(tables().ds, key);
  if (!row || !(row->chips & c.chip->bit))
    return refuse(notImplemented);
  inst.run = runDs;
  inst.op = row;
  meta.traits = traitsOf(*row);
  memKind(*row, InstClass::DsRead, InstClass::DsWrite, InstClass::DsAtomic);
  inst.flags = (two ? MemTwo : 0) | (stride64 ? MemStride64 : 0) |
               (returns ? MemReturn : 0);
  inst.sdst = vgpr(address, 1, false);
  unsigned words = row->dwords;
  bool load = kind == InstClass::DsRead;
  if (load || returns)
    inst.dst = vgpr(vdst, two ? 2 * words : words, acc);
  if (load || returns || two)
    kind = load ? kind : InstClass::DsAtomic;
  if (two && !load && !returns)
    kind = InstClass::DsWrite;
  if (!load)
    inst.data = vgpr(data0, words, acc);
  if ((two && !load) || row->atomic == AtomicKind::CmpSwap ||
      row->atomic == AtomicKind::FCmpSwap || row->atomic == AtomicKind::Wrap ||
      row->atomic == AtomicKind::MSkOr)
    inst.data1 = vgpr(data1, words, acc);
}

const MemRow *FieldDecoder::memRow(std::string name) {
  if (startsWith(name, "load_lds_")) {
    name.erase(5, 4);
    inst.flags |= MemLds;
  }
  const MemRow *row = lookUp(tables().vmem, name);
  if (!row || !(row->chips & c.chip->bit)) {
    refuse(notImplemented);
    return nullptr;
  }
  inst.op = row;
  meta.traits = traitsOf(*row) | (inst.flags & MemLds ? M0Late : 0);
  return row;
}

/// Stores of more than 64 bits read their data after issue.
void FieldDecoder::wideStore(unsigned dwords) {
  if ((kind == InstClass::VmemStore || kind == InstClass::FlatStore) &&
      dwords > 2)
    meta.traits |= WideStore;
}

void FieldDecoder::flat() {
  const std::string &name = c.mnemonic;
  unsigned segment = (w0 >> 14) & 3;
  const char *prefixes[] = {"flat_", "scratch_", "global_"};
  if (segment == 3 || !startsWith(name, prefixes[segment]))
    return refuse(notImplemented);
  const MemRow *row = memRow(name.substr(strlen(prefixes[segment])));
  if (!row)
    return;
  bool acc = (w1 >> 23) & 1;
  unsigned address = w1 & 255, data = (w1 >> 8) & 255, vdst = w1 >> 24;
  unsigned saddr = (w1 >> 16) & 127;
  if ((w0 >> 25) & 1)
    inst.flags |= MemScoped;
  inst.imm = segment == 0 ? w0 & 0xfffu : uint32_t(int32_t(w0 << 19) >> 19);
  bool hasSaddr = segment != 0 && saddr != 0x7f;
  if (hasSaddr) {
    inst.flags |= MemSaddr;
    inst.src[0].kind = SrcKind::Sgpr;
    inst.src[0].index = saddr;
    if (saddr + (segment == 2 ? 2 : 1) > 128)
      refuse("scalar register operand out of range");
  }
  if (segment == 1) {
    inst.run = runScratch;
    if ((w0 >> 13) & 1) {
      inst.flags |= MemVaddr;
      inst.dst = vgpr(address, 1, false);
    }
    memKind(*row, InstClass::VmemLoad, InstClass::VmemStore,
            InstClass::VmemAtomic);
    meta.traits |= kind == InstClass::VmemStore ? Spills : 0;
  } else {
    inst.run = segment == 0 ? runFlat : runGlobal;
    inst.dst = vgpr(address, hasSaddr ? 1 : 2, false);
    if (segment == 0)
      memKind(*row, InstClass::FlatLoad, InstClass::FlatStore,
              InstClass::FlatAtomic);
    else
      memKind(*row, InstClass::VmemLoad, InstClass::VmemStore,
              InstClass::VmemAtomic);
  }
  if (inst.flags & MemLds) {
    kind = InstClass::LdsDma;
    return;
  }
  bool load = kind == InstClass::VmemLoad || kind == InstClass::FlatLoad;
  bool atomic = row->atomic != AtomicKind::None;
  unsigned words = row->dwords;
  inst.data = vgpr(load ? vdst : data, words, acc);
  wideStore(words);
  if (atomic && ((w0 >> 16) & 1)) {
    inst.flags |= MemReturn;
    inst.data1 = vgpr(vdst, row->bytes / 4, acc);
  }
}

void FieldDecoder::buffer() {
  const std::string &name = c.mnemonic;
  bool own = startsWith(name, "tbuffer_"); // formats in the instruction
  const MemRow *row = memRow(name.substr(own ? 8 : 7));
  if (!row)
    return;
  if (row->op == MemOp::Control) {
    kind = InstClass::Other;
    inst.run = runNothing;
    return;
  }
  bool typed = isFormat(row->op);
  inst.run = typed ? runTypedBuffer : runBuffer;
  if (own)
    inst.ext = ((w0 >> 19) & 15) | ((w0 >> 23) & 7) << 4 | 0x80;
  bool offen = (w0 >> 12) & 1, idxen = (w0 >> 13) & 1;
  bool lds = !own && ((w0 >> 16) & 1);
  bool acc = (w1 >> 23) & 1;
  inst.imm = w0 & 0xfffu;
  inst.flags |= (offen ? MemOffen : 0) | (idxen ? MemIdxen : 0) |
                (lds ? MemLds : 0) | (!own && ((w0 >> 17) & 1) ? MemNt : 0) |
                (!own && ((w0 >> 15) & 1) ? MemScoped : 0);
  if (offen || idxen)
    inst.dst = vgpr(w1 & 255, offen && idxen ? 2 : 1, false);
  inst.src[0].kind = SrcKind::Sgpr;
  inst.src[0].index = ((w1 >> 16) & 31) * 4;
  if (inst.src[0].index + 4 > 128)
    refuse("scalar register operand out of range");
  inst.src[1] = source(w1 >> 24, ValueType::B32);
  memKind(*row, InstClass::VmemLoad, InstClass::VmemStore,
          InstClass::VmemAtomic);
  if (lds && typed)
    return refuse("a typed load to LDS is not implemented");
  if (lds) {
    kind = InstClass::LdsDma;
    meta.traits |= M0Late;
    return;
  }
  unsigned words = row->dwords;
  if (typed && row->op != MemOp::FormatLoad && row->op != MemOp::FormatStore)
    words = (words + 1) / 2;
  inst.data = vgpr((w1 >> 8) & 255, words, acc);
  // With an offset in a register they read it before.
  if (inst.src[1].kind != SrcKind::Sgpr)
    wideStore(words);
  inst.data1 = inst.data;
  if (row->atomic != AtomicKind::None && ((w0 >> 14) & 1))
    inst.flags |= MemReturn;
}

std::string FieldDecoder::decode() {
  inst.run = runUnimplemented;
  std::string &name = c.mnemonic;
  for (const char *suffix : {"_e64_dpp", "_e32", "_e64", "_sdwa", "_dpp"})
    if (endsWith(name, suffix)) {
      name.erase(name.size() - strlen(suffix));
      break;
    }
  literal = w1;
  if ((w0 >> 31) == 0) {
    if ((w0 >> 25) == 0x3e)
      vopc();
    else
      vop12();
    return error;
  }
  if ((w0 >> 30) == 2) {
    unsigned top = w0 >> 23;
    if (top == 0x17d)
      sop1();
    else if (top == 0x17e)
      sopc();
    else if (top == 0x17f)
      sopp();
    else if ((w0 >> 28) == 0xb)
      sopk();
    else
      sop2();
    return error;
  }
  switch (w0 >> 26) {
  case 0x30:
    smem();
    break;
  case 0x34:
    if ((w0 >> 23) == 0x1a7)
      vop3p();
    else
      vop3();
    break;
  case 0x36:
    ds();
    break;
  case 0x37:
    flat();
    break;
  case 0x38:
  case 0x3a:
    buffer();
    break;
  default:
    refuse(notImplemented);
  }
  return error;
}

} // namespace

std::string decodeFields(FieldContext &context, Inst &inst, InstMeta &meta) {
  return FieldDecoder(context, inst, meta).decode();
}

} // namespace moe::emulator
