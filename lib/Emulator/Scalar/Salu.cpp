//===- Salu.cpp - scalar ALU ----------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SOP1, SOP2, SOPC and SOPK. Branches, waits and messages are in Control.cpp.
// Fields of Inst: src[0], src[1], dst = SGPR, imm = the 16-bit constant of SOPK
// (sign-extended) or the literal of s_setreg_imm32.
//
//===----------------------------------------------------------------------===//

#include "Scalar/ScalarRows.h"
#include "State/Program.h"
#include "Vector/ValuTable.h"

#include <algorithm>

namespace moe::emulator {
namespace {

#define A32 w.scalar(I.src[0])
#define B32 w.scalar(I.src[1])
#define A64 w.scalar64(I.src[0])
#define B64 w.scalar64(I.src[1])

// Result in `d`; `scc` is set by the statement when the instruction sets it.
#define OP32(name, statement)                                                  \
  void name(Wave &w, const Inst &I) {                                          \
    uint32_t a = A32, b = B32, d = 0;                                          \
    (void)a, (void)b;                                                          \
    statement;                                                                 \
    w.setS(I.dst, d);                                                          \
  }
#define OP64(name, statement)                                                  \
  void name(Wave &w, const Inst &I) {                                          \
    uint64_t a = A64, b = B64, d = 0;                                          \
    (void)a, (void)b;                                                          \
    statement;                                                                 \
    w.setS64(I.dst, d);                                                        \
  }
#define CMP(name, type, wide, expr)                                            \
  void name(Wave &w, const Inst &I) {                                          \
    auto a = type(wide ? A64 : A32), b = type(wide ? B64 : B32);               \
    w.scc = (expr);                                                            \
  }
#define CMPK(name, type, expr)                                                 \
  void name(Wave &w, const Inst &I) {                                          \
    auto a = type(w.s[I.dst]), b = type(I.imm);                                \
    w.scc = (expr);                                                            \
  }

OP32(s_add_u32, d = a + b; w.scc = d < a)
OP32(s_sub_u32, d = a - b; w.scc = a < b)
OP32(s_add_i32, d = a + b; w.scc = ((~(a ^ b) & (a ^ d)) >> 31) != 0)
OP32(s_sub_i32, d = a - b; w.scc = (((a ^ b) & (a ^ d)) >> 31) != 0)
OP32(s_addc_u32, uint64_t t = uint64_t(a) + b + w.scc; d = uint32_t(t);
     w.scc = t >> 32)
OP32(s_subb_u32, uint64_t t = uint64_t(b) + w.scc; d = uint32_t(a - t);
     w.scc = a < t)
OP32(s_min_i32, w.scc = int32_t(a) < int32_t(b); d = w.scc ? a : b)
OP32(s_min_u32, w.scc = a < b; d = w.scc ? a : b)
OP32(s_max_i32, w.scc = int32_t(a) > int32_t(b); d = w.scc ? a : b)
OP32(s_max_u32, w.scc = a > b; d = w.scc ? a : b)
OP32(s_cselect_b32, d = w.scc ? a : b)
OP64(s_cselect_b64, d = w.scc ? a : b)
#define LOGIC(name, expr)                                                      \
  OP32(s_##name##_b32, d = (expr); w.scc = d != 0)                             \
  OP64(s_##name##_b64, d = (expr); w.scc = d != 0)
LOGIC(and, a &b)
LOGIC(or, a | b)
LOGIC(xor, a ^ b)
LOGIC(andn2, a & ~b)
LOGIC(orn2, a | ~b)
LOGIC(nand, ~(a &b))
LOGIC(nor, ~(a | b))
LOGIC(xnor, ~(a ^ b))
OP32(s_lshl_b32, d = a << (b & 31); w.scc = d != 0)
OP32(s_lshr_b32, d = a >> (b & 31); w.scc = d != 0)
OP32(s_ashr_i32, d = uint32_t(int32_t(a) >> (b & 31)); w.scc = d != 0)
OP64(s_lshl_b64, d = a << (b & 63); w.scc = d != 0)
OP64(s_lshr_b64, d = a >> (b & 63); w.scc = d != 0)
OP64(s_ashr_i64, d = uint64_t(int64_t(a) >> (b & 63)); w.scc = d != 0)
OP32(s_bfm_b32, d = ((1u << (a & 31)) - 1) << (b & 31))
OP64(s_bfm_b64, d = ((uint64_t(1) << (a & 63)) - 1) << (b & 63))
OP32(s_mul_i32, d = a * b)
OP32(s_mul_hi_u32, d = uint32_t((uint64_t(a) * b) >> 32))
OP32(s_mul_hi_i32, d = uint32_t((int64_t(int32_t(a)) * int32_t(b)) >> 32))

uint64_t bitField(uint64_t value, uint32_t control, unsigned size, bool sign) {
  unsigned offset = control & (size - 1), width = (control >> 16) & 0x7f;
  if (width == 0)
    return 0;
  int64_t wide = size == 32 ? (sign ? int64_t(int32_t(value))
                                    : int64_t(uint64_t(uint32_t(value))))
                            : int64_t(value);
  uint64_t moved = sign ? uint64_t(wide >> offset) : uint64_t(wide) >> offset;
  if (width >= size)
    return moved;
  uint64_t field = moved & ((uint64_t(1) << width) - 1);
  if (sign && (field >> (width - 1)))
    field |= ~uint64_t(0) << width;
  return field;
}
OP32(s_bfe_u32, d = uint32_t(bitField(a, b, 32, false)); w.scc = d != 0)
OP32(s_bfe_i32, d = uint32_t(bitField(a, b, 32, true)); w.scc = d != 0)
OP64(s_bfe_u64, d = bitField(a, uint32_t(b), 64, false); w.scc = d != 0)
OP64(s_bfe_i64, d = bitField(a, uint32_t(b), 64, true); w.scc = d != 0)
OP32(s_absdiff_i32, int32_t t = int32_t(a - b);
     d = uint32_t(t < 0 ? 0 - uint32_t(t) : uint32_t(t)); w.scc = d != 0)
#define SHIFT_ADD(n)                                                           \
  OP32(s_lshl##n##_add_u32, uint64_t t = (uint64_t(a) << n) + b;               \
       d = uint32_t(t); w.scc = t > 0xffffffffu)
SHIFT_ADD(1)
SHIFT_ADD(2)
SHIFT_ADD(3)
SHIFT_ADD(4)
OP32(s_pack_ll_b32_b16, d = (a & 0xffffu) | b << 16)
OP32(s_pack_lh_b32_b16, d = (a & 0xffffu) | (b & 0xffff0000u))
OP32(s_pack_hh_b32_b16, d = a >> 16 | (b & 0xffff0000u))

// SOP1
OP32(s_mov_b32, d = a)
OP64(s_mov_b64, d = a)
OP32(s_cmov_b32, d = w.scc ? a : w.s[I.dst])
OP64(s_cmov_b64, d = w.scc ? a : w.s64(I.dst))
OP32(s_not_b32, d = ~a; w.scc = d != 0)
OP64(s_not_b64, d = ~a; w.scc = d != 0)
uint64_t wholeQuads(uint64_t x) {
  uint64_t any = (x | x >> 1 | x >> 2 | x >> 3) & 0x1111111111111111ull;
  return any * 15;
}
OP32(s_wqm_b32, d = uint32_t(wholeQuads(a)); w.scc = d != 0)
OP64(s_wqm_b64, d = wholeQuads(a); w.scc = d != 0)
uint64_t quadMask(uint64_t x) {
  uint64_t result = 0;
  for (int i = 0; i < 16; ++i)
    result |= uint64_t(((x >> (4 * i)) & 15) != 0) << i;
  return result;
}
OP32(s_quadmask_b32, d = uint32_t(quadMask(a)); w.scc = d != 0)
OP64(s_quadmask_b64, d = quadMask(a); w.scc = d != 0)
OP32(s_brev_b32, d = __builtin_bitreverse32(a))
OP64(s_brev_b64, d = __builtin_bitreverse64(a))
OP32(s_bcnt0_i32_b32, d = 32 - __builtin_popcount(a); w.scc = d != 0)
OP32(s_bcnt1_i32_b32, d = __builtin_popcount(a); w.scc = d != 0)
#define FROM64(name, statement)                                                \
  void name(Wave &w, const Inst &I) {                                          \
    uint64_t a = A64;                                                          \
    uint32_t d = 0;                                                            \
    statement;                                                                 \
    w.setS(I.dst, d);                                                          \
  }
FROM64(s_bcnt0_i32_b64, d = 64 - __builtin_popcountll(a); w.scc = d != 0)
FROM64(s_bcnt1_i32_b64, d = __builtin_popcountll(a); w.scc = d != 0)
OP32(s_ff0_i32_b32, d = ~a ? __builtin_ctz(~a) : -1)
OP32(s_ff1_i32_b32, d = a ? __builtin_ctz(a) : -1)
FROM64(s_ff0_i32_b64, d = ~a ? __builtin_ctzll(~a) : -1)
FROM64(s_ff1_i32_b64, d = a ? __builtin_ctzll(a) : -1)
OP32(s_flbit_i32_b32, d = a ? __builtin_clz(a) : -1)
FROM64(s_flbit_i32_b64, d = a ? __builtin_clzll(a) : -1)
OP32(s_flbit_i32, uint32_t t = int32_t(a) < 0 ? ~a : a;
     d = t ? __builtin_clz(t) : -1)
FROM64(s_flbit_i32_i64, uint64_t t = int64_t(a) < 0 ? ~a : a;
       d = t ? __builtin_clzll(t) : -1)
OP32(s_sext_i32_i8, d = uint32_t(int32_t(int8_t(a))))
OP32(s_sext_i32_i16, d = uint32_t(int32_t(int16_t(a))))
OP32(s_bitset0_b32, d = w.s[I.dst] & ~(1u << (a & 31)))
OP32(s_bitset1_b32, d = w.s[I.dst] | 1u << (a & 31))
OP64(s_bitset0_b64, d = w.s64(I.dst) & ~(uint64_t(1) << (a & 63)))
OP64(s_bitset1_b64, d = w.s64(I.dst) | uint64_t(1) << (a & 63))
OP32(s_abs_i32, d = int32_t(a) < 0 ? 0 - a : a; w.scc = d != 0)
OP64(s_bitreplicate_b64_b32, for (int i = 0; i < 32; ++i) d |=
                             ((a >> i) & 1) * (uint64_t(3) << (2 * i)))

#define SAVEEXEC(name, expr)                                                   \
  void s_##name##_saveexec_b64(Wave &w, const Inst &I) {                       \
    uint64_t a = A64, e = w.exec(), r = (expr);                                \
    w.setS64(I.dst, e);                                                        \
    w.setS64(SgprExec, r);                                                     \
    w.scc = r != 0;                                                            \
  }
SAVEEXEC(and, a &e)
SAVEEXEC(or, a | e)
SAVEEXEC(xor, a ^ e)
SAVEEXEC(andn2, a & ~e)
SAVEEXEC(orn2, a | ~e)
SAVEEXEC(nand, ~(a &e))
SAVEEXEC(nor, ~(a | e))
SAVEEXEC(xnor, ~(a ^ e))
SAVEEXEC(andn1, ~a &e)
SAVEEXEC(orn1, ~a | e)
#define WREXEC(name, expr)                                                     \
  void s_##name##_wrexec_b64(Wave &w, const Inst &I) {                         \
    uint64_t a = A64, e = w.exec(), r = (expr);                                \
    w.setS64(SgprExec, r);                                                     \
    w.setS64(I.dst, r);                                                        \
    w.scc = r != 0;                                                            \
  }
WREXEC(andn1, ~a &e)
WREXEC(andn2, a & ~e)

// SOPC
#define COMPARES(cond, op)                                                     \
  CMP(s_cmp_##cond##_i32, int32_t, false, a op b)                              \
  CMP(s_cmp_##cond##_u32, uint32_t, false, a op b)                             \
  CMPK(s_cmpk_##cond##_i32, int32_t, a op b)                                   \
  void s_cmpk_##cond##_u32(Wave &w, const Inst &I) {                           \
    w.scc = w.s[I.dst] op(I.imm & 0xffffu);                                    \
  }
COMPARES(eq, ==)
COMPARES(lg, !=)
COMPARES(gt, >)
COMPARES(ge, >=)
COMPARES(lt, <)
COMPARES(le, <=)
CMP(s_cmp_eq_u64, uint64_t, true, a == b)
CMP(s_cmp_lg_u64, uint64_t, true, a != b)
CMP(s_bitcmp0_b32, uint32_t, false, !((a >> (b & 31)) & 1))
CMP(s_bitcmp1_b32, uint32_t, false, (a >> (b & 31)) & 1)
CMP(s_bitcmp0_b64, uint64_t, true, !((a >> (b & 63)) & 1))
CMP(s_bitcmp1_b64, uint64_t, true, (a >> (b & 63)) & 1)

// SOPK
void s_movk_i32(Wave &w, const Inst &I) { w.setS(I.dst, I.imm); }
void s_cmovk_i32(Wave &w, const Inst &I) {
  if (w.scc)
    w.setS(I.dst, I.imm);
}
void s_addk_i32(Wave &w, const Inst &I) {
  uint32_t a = w.s[I.dst], d = a + I.imm;
  w.scc = ((~(a ^ I.imm) & (a ^ d)) >> 31) != 0;
  w.setS(I.dst, d);
}
void s_mulk_i32(Wave &w, const Inst &I) { w.setS(I.dst, w.s[I.dst] * I.imm); }

/// Hardware registers: id [5:0], offset [10:6], width-1 [15:11].
uint32_t hardwareRegister(Wave &w, unsigned id) {
  switch (id) {
  case 1: // MODE
    return w.mode;
  case 2: // STATUS: SCC, EXECZ, VCCZ
    return uint32_t(w.scc) | uint32_t(w.exec() == 0) << 9 |
           uint32_t(w.vcc() == 0) << 10;
  case 3: // TRAPSTS: exceptions are not tracked
  case 4: // HW_ID, XCC_ID: the placement of a wave is all zero here
  case 20:
    return 0;
  default:
    w.fault("s_getreg of hardware register " + std::to_string(id) +
            " is not implemented");
    return 0;
  }
}
void s_getreg_b32(Wave &w, const Inst &I) {
  unsigned offset = (I.imm >> 6) & 31, width = ((I.imm >> 11) & 31) + 1;
  uint64_t mask = (uint64_t(1) << width) - 1;
  w.setS(I.dst, uint32_t((hardwareRegister(w, I.imm & 63) >> offset) & mask));
}
void setRegister(Wave &w, uint32_t control, uint32_t value) {
  unsigned id = control & 63;
  unsigned offset = (control >> 6) & 31, width = ((control >> 11) & 31) + 1;
  uint32_t mask = uint32_t(((uint64_t(1) << width) - 1) << offset);
  if (id == 1) {
    uint32_t old = w.mode;
    w.mode = (old & ~mask) | ((value << offset) & mask);
    if ((old ^ w.mode) & (1u << 27 | 1u << 28))
      w.fault("s_setreg of MODE.GPR_IDX_EN and VSKIP is not implemented");
  } else if (id != 3 && id != 2)
    w.fault("s_setreg of hardware register " + std::to_string(id) +
            " is not implemented");
}
void s_setreg_b32(Wave &w, const Inst &I) {
  setRegister(w, I.imm & 0xffffu, w.s[I.dst]);
}
void s_setreg_imm32_b32(Wave &w, const Inst &I) {
  setRegister(w, I.imm & 0xffffu, I.src[0].value);
}

// Relative moves: M0 is added to the register number.
bool relative(Wave &w, unsigned index, unsigned count) {
  if (index + count <= 128)
    return true;
  w.fault("relative scalar register s" + std::to_string(index) +
          " is out of range");
  return false;
}
void s_movrels_b32(Wave &w, const Inst &I) {
  uint64_t from = uint64_t(I.src[0].index) + w.s[SgprM0];
  if (relative(w, unsigned(from > 128 ? 128 : from), 1))
    w.setS(I.dst, w.s[from]);
}
void s_movrels_b64(Wave &w, const Inst &I) {
  uint64_t from = uint64_t(I.src[0].index) + w.s[SgprM0];
  if (relative(w, unsigned(from > 128 ? 128 : from), 2))
    w.setS64(I.dst, w.s64(unsigned(from)));
}
void s_movreld_b32(Wave &w, const Inst &I) {
  uint64_t to = uint64_t(I.dst) + w.s[SgprM0];
  if (relative(w, unsigned(to > 128 ? 128 : to), 1))
    w.setS(unsigned(to), A32);
}
void s_movreld_b64(Wave &w, const Inst &I) {
  uint64_t to = uint64_t(I.dst) + w.s[SgprM0];
  if (relative(w, unsigned(to > 128 ? 128 : to), 2))
    w.setS64(unsigned(to), A64);
}

constexpr uint32_t modeIndexing = 1u << 27; ///< MODE.GPR_IDX_EN

void startIndex(Wave &w, const Inst &I) {
  w.s[SgprM0] = (w.s[SgprM0] & ~0xf0ffu) | (A32 & 255) | I.imm << 12;
}
// Vector register indexing. M0[7:0] is the index, M0[15:12] says which operands
// it moves: sources 0 to 2, the destination.
void s_set_gpr_idx_idx(Wave &w, const Inst &I) {
  w.s[SgprM0] = (w.s[SgprM0] & ~255u) | (A32 & 255);
}

/// A vector instruction with the index added to its operands.
void runMoved(Wave &w, const Inst &next) {
  const ValuRow &row = *static_cast<const ValuRow *>(next.op);
  const ValueType types[3] = {row.a, row.b, row.c};
  unsigned index = w.s[SgprM0] & 255, which = (w.s[SgprM0] >> 12) & 15;
  unsigned limit = std::min(w.rows, w.group->program->accumOffset);
  Inst moved = next;
  bool fits = true;
  auto shift = [&](uint16_t &at, ValueType type) {
    at += index;
    fits &= at + std::max(1u, valueRows(type)) <= limit;
  };
  for (unsigned k = 0; k < 3; ++k)
    if (((which >> k) & 1) && moved.src[k].kind == SrcKind::Vgpr)
      shift(moved.src[k].index, types[k]);
  if ((which & 8) && !(row.flags & VCompare)) {
    shift(moved.dst, row.d);
    if (row.flags & VReadsDst)
      moved.src[2].index = moved.dst;
  }
  if (!fits)
    return w.fault("an indexed vector register is beyond those allocated");
  moved.run(w, moved);
}

/// Runs from s_set_gpr_idx_on to s_set_gpr_idx_off: the vector ALU with moved
/// operands, scalar instructions as they are.
void runIndexed(Wave &w) {
  while (w.stop == Stop::None) {
    const Inst &next = *w.pc;
    InstClass kind = w.group->program->meta[size_t(w.pc - w.code)].kind;
    w.inst = &next;
    w.pc = &next + 1;
    ++w.executed;
    if (next.run == endIndexing)
      return;
    if (next.run == beginIndexing)
      startIndex(w, next);
    else if (next.vector)
      runMoved(w, next);
    else if (kind == InstClass::Salu || kind == InstClass::Nop ||
             kind == InstClass::Wait)
      next.run(w, next);
    else
      w.fault("only vector and scalar ALU instructions are implemented between "
              "s_set_gpr_idx_on and s_set_gpr_idx_off");
  }
}
} // namespace

void beginIndexing(Wave &w, const Inst &I) {
  startIndex(w, I);
  w.mode |= modeIndexing;
  runIndexed(w);
  w.mode &= ~modeIndexing;
}
void setIndexMode(Wave &w, const Inst &I) {
  w.s[SgprM0] = (w.s[SgprM0] & ~0xf000u) | (I.imm & 15) << 12;
}
void endIndexing(Wave &w, const Inst &) { w.mode &= ~modeIndexing; }

#define R(name, shape) {#name, name, shape},
#define R32(name) R(name, 0)
#define R64(name) R(name, S0Wide | S1Wide | DWide)
#define BOTH(name) R32(s_##name##_b32) R64(s_##name##_b64)
#define SAVE(name) R(s_##name##_saveexec_b64, S0Wide | DWide)
#define CMPS(cond)                                                             \
  R32(s_cmp_##cond##_i32)                                                      \
  R32(s_cmp_##cond##_u32) R32(s_cmpk_##cond##_i32) R32(s_cmpk_##cond##_u32)
// clang-format off
static const ScalarRow rows[] = {
    R32(s_add_u32) R32(s_sub_u32) R32(s_add_i32) R32(s_sub_i32)
    R32(s_addc_u32) R32(s_subb_u32) R32(s_min_i32) R32(s_min_u32)
    R32(s_max_i32) R32(s_max_u32) BOTH(cselect) BOTH(and) BOTH(or) BOTH(xor)
    BOTH(andn2) BOTH(orn2) BOTH(nand) BOTH(nor) BOTH(xnor)
    R32(s_lshl_b32) R32(s_lshr_b32) R32(s_ashr_i32)
    R(s_lshl_b64, S0Wide | DWide) R(s_lshr_b64, S0Wide | DWide)
    R(s_ashr_i64, S0Wide | DWide) R32(s_bfm_b32) R(s_bfm_b64, DWide)
    R32(s_mul_i32) R32(s_mul_hi_u32) R32(s_mul_hi_i32) R32(s_bfe_u32)
    R32(s_bfe_i32) R(s_bfe_u64, S0Wide | DWide) R(s_bfe_i64, S0Wide | DWide)
    R32(s_absdiff_i32) R32(s_lshl1_add_u32) R32(s_lshl2_add_u32)
    R32(s_lshl3_add_u32) R32(s_lshl4_add_u32) R32(s_pack_ll_b32_b16)
    R32(s_pack_lh_b32_b16) R32(s_pack_hh_b32_b16)
    BOTH(mov) BOTH(cmov) BOTH(not) BOTH(wqm) BOTH(quadmask) BOTH(brev)
    R32(s_bcnt0_i32_b32) R32(s_bcnt1_i32_b32) R(s_bcnt0_i32_b64, S0Wide)
    R(s_bcnt1_i32_b64, S0Wide) R32(s_ff0_i32_b32) R32(s_ff1_i32_b32)
    R(s_ff0_i32_b64, S0Wide) R(s_ff1_i32_b64, S0Wide) R32(s_flbit_i32_b32)
    R(s_flbit_i32_b64, S0Wide) R32(s_flbit_i32) R(s_flbit_i32_i64, S0Wide)
    R32(s_sext_i32_i8) R32(s_sext_i32_i16) R32(s_bitset0_b32)
    R32(s_bitset1_b32) R(s_bitset0_b64, DWide) R(s_bitset1_b64, DWide)
    R32(s_abs_i32) R(s_bitreplicate_b64_b32, DWide)
    SAVE(and) SAVE(or) SAVE(xor) SAVE(andn2) SAVE(orn2) SAVE(nand) SAVE(nor)
    SAVE(xnor) SAVE(andn1) SAVE(orn1) R(s_andn1_wrexec_b64, S0Wide | DWide)
    R(s_andn2_wrexec_b64, S0Wide | DWide)
    CMPS(eq) CMPS(lg) CMPS(gt) CMPS(ge) CMPS(lt) CMPS(le)
    R(s_cmp_eq_u64, S0Wide | S1Wide) R(s_cmp_lg_u64, S0Wide | S1Wide)
    R32(s_bitcmp0_b32) R32(s_bitcmp1_b32) R(s_bitcmp0_b64, S0Wide)
    R(s_bitcmp1_b64, S0Wide)
    R32(s_movk_i32) R32(s_cmovk_i32) R32(s_addk_i32) R32(s_mulk_i32)
    R32(s_movrels_b32) R(s_movrels_b64, S0Wide | DWide) R32(s_movreld_b32)
    R(s_movreld_b64, S0Wide | DWide) {"s_set_gpr_idx_on", beginIndexing, 0},
    R32(s_set_gpr_idx_idx)
    R32(s_getreg_b32) R32(s_setreg_b32) R32(s_setreg_imm32_b32)
};
// clang-format on

ScalarTable scalarRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

} // namespace moe::emulator
