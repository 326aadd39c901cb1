//===- ValuTable.h - rows of the vector opcode tables -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row a vector ALU mnemonic: types of the operands, what kind of operation
// it is, and its lane kernel. The tables exist once for each host instruction
// set; `valuOps()` says which one this host runs. No decoding here.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_VALUTABLE_H
#define MOE_LIB_EMULATOR_VECTOR_VALUTABLE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::emulator {

struct Wave;
struct Inst;

enum class ValueType : uint8_t {
  None,
  B32,
  U32,
  I32,
  F32,
  U16,
  I16,
  F16,
  B64,
  U64,
  I64,
  F64,
};
constexpr unsigned valueRows(ValueType type) {
  return type >= ValueType::B64 ? 2 : type == ValueType::None ? 0 : 1;
}
constexpr bool isFloatType(ValueType type) {
  return type == ValueType::F32 || type == ValueType::F16 ||
         type == ValueType::F64;
}
constexpr bool is16(ValueType type) {
  return type == ValueType::U16 || type == ValueType::I16 ||
         type == ValueType::F16;
}

/// What a kernel works on. Rows of 64 lanes; 64-bit values are two rows.
struct LaneIO {
  uint32_t *d;
  const uint32_t *a, *b, *c;
  const uint32_t *m; ///< mask in (carry, select), all ones or zero a lane
  uint32_t mode;     ///< MODE register
  uint32_t imm;      ///< bitop3 table, DPP-free immediates
  uint32_t opSel;
  bool ocpFloats; ///< of the chip
  bool ieee;
};
using LaneFn = void (*)(LaneIO &);
using ValuHandler = void (*)(Wave &, const Inst &);

/// Bits of ValuRow::flags.
enum ValuFlags : uint32_t {
  VF = 1 << 0,        ///< float arithmetic: MODE's denormals and rounding apply
  VTrans = 1 << 1,    ///< transcendental: to nearest in any MODE
  VCvt = 1 << 2,      ///< conversion, for counting
  VCarryIn = 1 << 3,  ///< reads a mask
  VCarryOut = 1 << 4, ///< writes a mask: third row(s) after the result
  VCompare = 1 << 5,  ///< result is a mask only
  VReadsDst = 1 << 6, ///< c is the old destination (fmac)
  VKeepHi = 1 << 7,   ///< a 16-bit result keeps the register's upper half
  VCmpx = 1 << 8,     ///< also writes EXEC
  VLitC = 1 << 9,     ///< fmaak: c is the literal
  VLitB = 1 << 10,    ///< fmamk: b is the literal
  VOnly950 = 1 << 11,
  VOpSel = 1 << 12,  ///< the kernel handles op_sel itself
  VShift4 = 1 << 13, ///< a shift (b) above 4 is undefined: refused
  VCopy = 1 << 14,
  VHighToHigh = 1 << 15,
  VDot = 1 << 16,
  VDstByte = 1 << 17,     ///< op_sel[3:2] picks the byte that is written
  VTruthTable = 1 << 18,  ///< the modifier bits are a table: v_bitop3
  VVcc = 1 << 19,         ///< the mask is VCC, in VOP3 as well: v_div_fmas
  VHighHalf = 1 << 20,    ///< writes the upper half: v_fma_mixhi
  VPackedPlain = 1 << 21, ///< its plain form is one of VOP3P: v_pk_fmac_f16
  VPacked = 1 << 22,      ///< two halves
  VPairs = 1 << 23,       ///< two f32 in what the types call an f64
  // How a result of f16 is rounded in another direction than to nearest even;
  // 0: exactly representable, or by itself.
  VHalfOp = 15 << 24,
  VHalfAdd = 1 << 24,
  VHalfSub = 2 << 24,
  VHalfSubRev = 3 << 24,
  VHalfMul = 4 << 24,
  VHalfFma = 5 << 24,
  VHalfMad = 6 << 24,
  VHalfLdexp = 7 << 24,
  VHalfFromU16 = 8 << 24,
  VHalfFromI16 = 9 << 24,
  // Which bits of a source reach the result, where another source, named by its
  // index, is a known scalar.
  VBitsRule = 7 << 28,
  VBitsShiftLeftBy0 = 1 << 28,
  VBitsShiftRightBy0 = 2 << 28,
  VBitsShiftLeftBy1 = 3 << 28,
  VBitsAnd = 4 << 28,
  VBitsInsert = 5 << 28,
  VBitsExtract = 6 << 28,
  VBitsPermute = 7 << 28,
  VChipFloats = 1u << 31, ///< FP8 or BF8 as the chip has it
};

struct ValuRow {
  const char *name;
  LaneFn fn;
  ValueType d, a, b, c;
  uint32_t flags;
  /// Handlers of the forms with neg and abs at most, and of those that read
  /// whole VGPRs only; null: the drivers below.
  ValuHandler direct = nullptr, directVgprs = nullptr;
  /// Of those that read VGPRs but for the sources in bits (index + 1).
  ValuHandler directScalars[6] = {};
  ValuHandler dpp = nullptr; ///< of plain DPP
};

/// Drivers and tables of one host instruction set.
struct ValuOps {
  const char *name;
  void (*full)(Wave &, const Inst &);     ///< everything
  void (*packed)(Wave &, const Inst &);   ///< VOP3P, 16-bit halves
  void (*packed32)(Wave &, const Inst &); ///< v_pk_*_f32, v_pk_mov_b32
  void (*mix)(Wave &, const Inst &);      ///< v_fma_mix*
  /// The handler of a v_cvt_scalef32, whose operands and modifiers it has.
  ValuHandler (*scaledHandler)(const Inst &);
  /// Plain DPP of rows that have `direct` and no `dpp`.
  void (*dpp)(Wave &, const Inst &);
  struct Table {
    const ValuRow *rows;
    size_t count;
  };
  Table tables[5]; ///< VOP1, VOP2, VOPC, VOP3
  Table clamped;   ///< integer forms with clamp
  Table packedRows, packedClamped, packed32Rows, mixRows;
};

/// The set for this host, chosen once.
const ValuOps &valuOps();
/// All sets that this host can run, the baseline first, for tests.
std::vector<const ValuOps *> allValuOps();

/// The row's own handler for a decoded instruction, the faster one where all
/// sources are VGPRs; null when a driver must do it.
ValuHandler directHandler(const ValuRow &row, const Inst &inst);
/// DPP with no other change than neg and abs.
bool isPlainDpp(const Inst &inst);
/// The same for a row of packedRows or packed32Rows.
ValuHandler directPackedHandler(const ValuRow &row, const Inst &inst,
                                bool pairs);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_VECTOR_VALUTABLE_H
