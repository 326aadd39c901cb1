//===- Salu.cpp - scalar ALU ----------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handlers and rows of Salu.def, and what its lines call. Branches, waits
// and messages are in Control.cpp. Fields of Inst: src[0], src[1], dst = SGPR,
// imm = the 16-bit constant of SOPK (sign-extended) or the literal of
// s_setreg_imm32.
//
//===----------------------------------------------------------------------===//

#include "Scalar/ScalarRows.h"
#include "State/Program.h"
#include "Vector/VectorModes.h"

#include <algorithm>
#include <type_traits>

namespace moe::emulator {
namespace {

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
uint32_t shiftAdd(Wave &w, uint32_t a, unsigned n, uint32_t b) {
  uint64_t sum = (uint64_t(a) << n) + b;
  w.scc = sum > 0xffffffffu;
  return uint32_t(sum);
}
uint64_t wholeQuads(uint64_t x) {
  uint64_t any = (x | x >> 1 | x >> 2 | x >> 3) & 0x1111111111111111ull;
  return any * 15;
}
uint64_t quadMask(uint64_t x) {
  uint64_t result = 0;
  for (int i = 0; i < 16; ++i)
    result |= uint64_t(((x >> (4 * i)) & 15) != 0) << i;
  return result;
}
void saveExec(Wave &w, const Inst &I, uint64_t exec) {
  w.setS64(I.dst, w.exec());
  w.setS64(SgprExec, exec);
  w.scc = exec != 0;
}
void writeExec(Wave &w, const Inst &I, uint64_t exec) {
  w.setS64(SgprExec, exec);
  w.setS64(I.dst, exec);
  w.scc = exec != 0;
}

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
void getRegister(Wave &w, const Inst &I) {
  unsigned offset = (I.imm >> 6) & 31, width = ((I.imm >> 11) & 31) + 1;
  uint64_t mask = (uint64_t(1) << width) - 1;
  w.setS(I.dst, uint32_t((hardwareRegister(w, I.imm & 63) >> offset) & mask));
}
void setRegister(Wave &w, uint32_t control, uint32_t value) {
  unsigned id = control & 63;
  unsigned offset = (control >> 6) & 31, width = ((control >> 11) & 31) + 1;
  uint32_t mask = uint32_t(((uint64_t(1) << width) - 1) << offset);
  if (id == 1) {
    w.mode = (w.mode & ~mask) | ((value << offset) & mask);
  } else if (id != 3 && id != 2)
    w.fault("s_setreg of hardware register " + std::to_string(id) +
            " is not implemented");
}

/// A register number with M0 added; 128 after a fault.
unsigned relativeRegister(Wave &w, unsigned index, unsigned count) {
  uint64_t moved = uint64_t(index) + w.s[SgprM0];
  if (moved + count <= 128)
    return unsigned(moved);
  w.fault("relative scalar register s" + std::to_string(moved) +
          " is out of range");
  return 128;
}
void moveFrom(Wave &w, const Inst &I, unsigned count) {
  unsigned from = relativeRegister(w, I.src[0].index, count);
  if (from == 128)
    return;
  if (count == 2)
    w.setS64(I.dst, w.s64(from));
  else
    w.setS(I.dst, w.s[from]);
}
void moveTo(Wave &w, const Inst &I, unsigned count) {
  unsigned to = relativeRegister(w, I.dst, count);
  if (to == 128)
    return;
  if (count == 2)
    w.setS64(to, w.scalar64(I.src[0]));
  else
    w.setS(to, w.scalar(I.src[0]));
}

} // namespace

// Vector register indexing, see VectorModes.cpp: M0 holds the index and which
// operands it moves.
void beginIndexing(Wave &w, const Inst &I) {
  w.s[SgprM0] =
      (w.s[SgprM0] & ~0xf0ffu) | (w.scalar(I.src[0]) & 255) | I.imm << 12;
  w.mode |= modeIndexing;
}
void endIndexing(Wave &w, const Inst &) { w.mode &= ~modeIndexing; }

namespace {

/// A source of 64 or 32 bits.
template <bool wide>
MOE_EMU_INLINE auto operand(const Wave &w, const Src &src) {
  if constexpr (wide)
    return w.scalar64(src);
  else
    return w.scalar(src);
}

#define A32 w.scalar(I.src[0])
#define A64 w.scalar64(I.src[0])

#define OP(name, shape, rule, traits, ...)                                     \
  void name(Wave &w, const Inst &I) {                                          \
    auto a = operand<((shape) & S0Wide) != 0>(w, I.src[0]);                    \
    auto b = operand<((shape) & S1Wide) != 0>(w, I.src[1]);                    \
    std::conditional_t<((shape) & DWide) != 0, uint64_t, uint32_t> d = 0;      \
    (void)a, (void)b;                                                          \
    __VA_ARGS__;                                                               \
    if constexpr (((shape) & DWide) != 0)                                      \
      w.setS64(I.dst, d);                                                      \
    else                                                                       \
      w.setS(I.dst, uint32_t(d));                                              \
  }
#define TEST(name, shape, type, value)                                         \
  void name(Wave &w, const Inst &I) {                                          \
    auto a = type(operand<((shape) & S0Wide) != 0>(w, I.src[0]));              \
    auto b = type(operand<((shape) & S1Wide) != 0>(w, I.src[1]));              \
    w.scc = (value);                                                           \
  }
#define TESTK(name, type, result)                                              \
  void name(Wave &w, const Inst &I) {                                          \
    using T =                                                                  \
        std::conditional_t<std::is_signed<type>::value, int32_t, uint32_t>;    \
    T a = T(w.s[I.dst]), b = type(I.imm);                                      \
    w.scc = (result);                                                          \
  }
#define CODE(name, shape, rule, traits, ...)                                   \
  void name(Wave &w, const Inst &I) { __VA_ARGS__; }
#define FN(name, shape, rule, traits, function)
#include "Scalar/Salu.def"
#undef OP
#undef TEST
#undef TESTK
#undef CODE
#undef FN

const ScalarRow rows[] = {
#define OP(name, shape, rule, traits, ...)                                     \
  {#name, name, shape, InstClass::Salu, BitOp::rule, traits},
#define TEST(name, shape, type, value)                                         \
  {#name, name, shape, InstClass::Salu, BitOp::None, 0},
#define TESTK(name, type, result)                                              \
  {#name, name, Narrow, InstClass::Salu, BitOp::None, 0},
#define CODE OP
#define FN(name, shape, rule, traits, function)                                \
  {#name, function, shape, InstClass::Salu, BitOp::rule, traits},
#include "Scalar/Salu.def"
};

} // namespace

ScalarTable scalarRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

} // namespace moe::emulator
