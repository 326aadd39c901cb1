//===- Traits.h - what an instruction is and does ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The properties of instructions that the decoder and the sanitizers ask for.
// The rows of the opcode tables have them; the decoder adds those that depend
// on the form of an instruction. Nothing after it compares mnemonics.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_STATE_TRAITS_H
#define MOE_LIB_EMULATOR_STATE_TRAITS_H

#include "moe/Emulator/InstClass.h"

#include <cstdint>

namespace moe::emulator {

/// Bits of InstMeta::traits.
enum Trait : uint64_t {
  // Lanes
  AllLanes = 1 << 0,      ///< uses lanes that EXEC turns off as well
  NeedsAllLanes = 1 << 1, ///< is undefined when EXEC turns lanes off
  FetchesLanes = 1 << 2,  ///< every lane names the lane it reads: ds_bpermute
  Permutes = 1 << 3,      ///< v_permlane*
  ReadsLane = 1 << 4,     ///< the result is a scalar: readlane, readfirstlane
  WritesLane = 1 << 5,    ///< v_writelane
  SelectsLane = 1 << 6,   ///< src[1] is the number of a lane
  // Operands
  Merges = 1 << 7,        ///< keeps a part of its old result
  Copies = 1 << 8,        ///< the result is the source, whatever that is
  KeepsOldValue = 1 << 9, ///< the old result may be the new one: s_cmov
  LaneMask = 1 << 10,     ///< of a mask it reads the bits of active lanes only
  HighToHigh = 1 << 11, ///< upper halves of its 64-bit operands reach the upper
                        ///< half of the result only: additions, shifts left
  PicksHalves = 1 << 12, ///< op_sel says which registers of a pair are read
  ReadsVcc = 1 << 13,    ///< VCC is an operand that is not encoded
  TestsVcc = 1 << 14,    ///< of VCC only "is zero" counts
  ReadsM0 = 1 << 15,     ///< M0 is an operand that is not encoded
  Indexes = 1 << 16,     ///< s_set_gpr_idx_*, s_setvskip: changes what vector
                         ///< instructions do; may replace a part of M0
  Spills = 1 << 17,      ///< scratch_store
  // Flow
  EndsFlow = 1 << 18,      ///< the instruction after it is not reached from it
  JumpsAnywhere = 1 << 19, ///< the target is in registers
  EndsFlowAtTwo = 1 << 20, ///< as EndsFlow when the constant is 2: s_trap
  ReadsCounters = 1 << 22, ///< reads what the scheduler counts
  // Wait states
  SetsHwReg = 1 << 23,
  ReadsHwReg = 1 << 24,
  M0Late = 1 << 25, ///< M0 must not be written by the instruction before
  DotProduct = 1 << 26,
  DotOfHalves = 1 << 21,  ///< a dot product with op_sel: v_dot2_*
  WritesPart = 1 << 27,   ///< the next instruction may not use the result
  ComparesExec = 1 << 28, ///< v_cmpx
  WideStore = 1 << 29,    ///< reads more than 64 bits of data after issue
  // Registers that are known only when it executes
  RelativeRegisters = 1 << 30, ///< s_movrel
  Rejoins = 1u << 31,          ///< s_cbranch_join
  // Memory
  WritesMemory = 1ull << 32, ///< scalar stores and atomics
  LoadsLowHalf = 1ull << 33, ///< D16: only this half of the last register
  LoadsHighHalf = 1ull << 34,
  StoresLowHalf = 1ull << 35, ///< reads at most this half of its data
  StoresHighHalf = 1ull << 36,
  ComparesMemory = 1ull << 40, ///< an atomic that compares and swaps
  // Vector operands
  Selects = 1ull << 37,    ///< v_cndmask: a mask picks one of two sources
  WritesMask = 1ull << 38, ///< a result is a mask: comparisons, carries
  MixesTypes = 1ull << 39, ///< v_fma_mix: op_sel_hi says whether f32 or f16
};

/// What a scalar instruction does with the bits of its operands, for those that
/// do not need them all.
struct BitOp {
  enum Rule : uint8_t {
    None, ///< needs all of them
    Copy,
    Not,
    And,
    Or,
    Xor,
    Andn1, ///< ~a & b
    Andn2, ///< a & ~b
    Orn1,
    Orn2,
    Nand,
    Nor,
    Xnor,
    ShiftLeft,
    ShiftRight,
    ShiftArithmetic,
    Extract,       ///< a field of a, whose place and width are in b
    ExtractSigned, ///< the same, with its sign
    Extend8,       ///< the low byte of a, with its sign
    Extend16,
    PackLL,
    PackLH,
    PackHH,
    Select,      ///< SCC ? a : b
    CopyWhenScc, ///< else the old result
  };
  Rule rule = None;
  bool wide = false;          ///< 64 bits
  bool savesExec = false;     ///< EXEC = a op EXEC, the result is the old EXEC
  bool writesExec = false;    ///< EXEC and the result = a op EXEC
  bool takesConstant = false; ///< a is Inst::imm
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_STATE_TRAITS_H
