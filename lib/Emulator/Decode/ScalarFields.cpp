//===- ScalarFields.cpp - fields of the scalar formats --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SOP1, SOP2, SOPC, SOPK, SOPP and SMEM.
//
//===----------------------------------------------------------------------===//

#include "Decode/FieldDecoder.h"

namespace moe::emulator {

Src FieldDecoder::scalarSource(unsigned code, bool wide) {
  return source(code, wide ? ValueType::B64 : ValueType::B32);
}

const ScalarRow *FieldDecoder::scalarRow() {
  const ScalarRow *row = lookUp(opcodeTables().scalar, c.mnemonic);
  if (!row) {
    refuse(kNotImplemented);
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
  if (const ScalarMemRow *row = lookUp(opcodeTables().scalarMem, name)) {
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
      return refuse(kNotImplemented);
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

} // namespace moe::emulator
