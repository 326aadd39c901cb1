//===- VectorBits.cpp - which bits of a register are read -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forms with which kernels pick one half: 16-bit types, SDWA, op_sel,
// narrow stores; shifts, masks and byte permutations by a scalar.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/VectorBits.h"

#include "Vector/ValuTable.h"

namespace moe::emulator {

static constexpr uint32_t low = 0xffff, high = 0xffff0000, both = 0xffffffff;

static uint32_t ofSdwa(unsigned select) {
  static const uint32_t bits[] = {0xff, 0xff00, 0xff0000, 0xff000000,
                                  low,  high,   both,     both};
  return bits[select & 7];
}

/// The bytes of source k that v_perm_b32 copies, or whose sign it extends.
static uint32_t ofPermute(uint32_t selector, unsigned k) {
  uint32_t bits = 0;
  for (unsigned byte = 0; byte < 4; ++byte) {
    unsigned from = selector >> 8 * byte & 255;
    if (from < 8 && (from < 4) == (k == 1))
      bits |= 0xffu << 8 * (from & 3);
    else if (from >= 8 && from < 12)
      bits |= both;
  }
  return bits;
}

/// Source k of an operation with a rule, where the other operands that decide
/// are scalar.
static uint32_t ofRule(const Wave &w, const Inst &inst, uint32_t rule,
                       unsigned k) {
  auto isScalar = [&](unsigned i) {
    return inst.src[i].kind != SrcKind::Vgpr &&
           inst.src[i].kind != SrcKind::None;
  };
  auto value = [&](unsigned i) { return w.scalar(inst.src[i]); };
  switch (rule) {
  case VBitsShiftLeftBy0:
    return k == 1 && isScalar(0) ? both >> (value(0) & 31) : both;
  case VBitsShiftRightBy0:
    return k == 1 && isScalar(0) ? both << (value(0) & 31) : both;
  case VBitsShiftLeftBy1:
    return k == 0 && isScalar(1) ? both >> (value(1) & 31) : both;
  case VBitsAnd:
    return k < 2 && isScalar(1 - k) ? value(1 - k) : both;
  case VBitsInsert:
    return k == 0 || !isScalar(0) ? both : k == 1 ? value(0) : ~value(0);
  case VBitsExtract:
    return k == 0 && isScalar(1) && isScalar(2)
               ? ((1u << (value(2) & 31)) - 1) << (value(1) & 31)
               : both;
  case VBitsPermute:
    return k < 2 && isScalar(2) ? ofPermute(value(2), k) : both;
  default:
    return both;
  }
}

static uint32_t ofOperand(const Wave &w, const Inst &inst, const InstMeta &meta,
                          unsigned k) {
  if ((inst.mods & ModSdwa) && k < 2)
    return ofSdwa(inst.ext >> (k ? 24 : 16));
  unsigned select = modOpSel(inst.mods) >> k & 1;
  if (inst.mods & ModVop3p) {
    unsigned upper = modOpSelHi(inst.mods) >> k & 1;
    if (meta.traits & PicksHalves) // pairs of whole registers
      return both;
    if (meta.traits & MixesTypes) // f32, or a half as f16
      return !upper ? both : select ? high : low;
    return (select && upper) ? high : (!select && !upper) ? low : both;
  }
  if (!inst.vector)
    return both;
  const auto &row = *static_cast<const ValuRow *>(inst.op);
  const ValueType types[3] = {row.a, row.b, row.c};
  if (is16(types[k]))
    return (inst.mods & ModVop3) && select ? high : low;
  return ofRule(w, inst, row.flags & VBitsRule, k);
}

uint32_t bitsRead(const Wave &w, const Inst &inst, const InstMeta &meta,
                  unsigned row) {
  if ((meta.traits & (StoresLowHalf | StoresHighHalf)) && inst.data == row)
    return meta.traits & StoresHighHalf ? high : low;
  if (meta.kind != InstClass::Valu && meta.kind != InstClass::Trans &&
      meta.kind != InstClass::Cvt)
    return both;
  uint32_t bits = 0;
  bool found = false;
  for (unsigned k = 0; k < 3; ++k)
    if (inst.src[k].kind == SrcKind::Vgpr && inst.src[k].index == row) {
      bits |= ofOperand(w, inst, meta, k);
      found = true;
    }
  return found ? bits : both;
}

} // namespace moe::emulator
