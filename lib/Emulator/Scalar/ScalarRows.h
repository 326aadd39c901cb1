//===- ScalarRows.h - opcode tables of scalar instructions ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of scalar arithmetic, of control flow and of scalar memory.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SCALAR_SCALARROWS_H
#define MOE_LIB_EMULATOR_SCALAR_SCALARROWS_H

#include "State/Machine.h"
#include "State/Traits.h"

#include <cstddef>

namespace moe::emulator {

/// How the operands of a scalar instruction are encoded and used.
enum ScalarShape : uint8_t {
  Narrow = 0,
  S0Wide = 1, ///< 64 bits
  S1Wide = 2,
  DWide = 4,
  Wide = S0Wide | S1Wide | DWide,
  SavesExec = 8,       ///< EXEC = a op EXEC, the result is the old EXEC
  WritesExec = 16,     ///< EXEC and the result = a op EXEC
  ConstantSource = 32, ///< the second operand of SOPC, the only one of SOPK, is
                       ///< a constant in Inst::imm
  NoSource = 64,
  DstIsSource = 128 ///< SOPK: the field of the destination is a source
};

/// SOP1, SOP2, SOPC, SOPK, SOPP.
struct ScalarRow {
  const char *name;
  Handler fn;
  uint8_t shape;
  InstClass kind;
  BitOp::Rule bits;
  uint64_t traits;
};

/// Scalar memory. Atomics have the rows of vector memory (Memory/MemRows.h).
struct ScalarMemRow {
  const char *name;
  Handler fn;
  uint8_t dwords; ///< of the data; 0: no address either
  uint8_t flags;  ///< of ScalarMemFlags
  uint64_t traits;
};

struct ScalarTable {
  const ScalarRow *rows;
  size_t count;
};
struct ScalarMemTable {
  const ScalarMemRow *rows;
  size_t count;
};
ScalarTable scalarRows();
ScalarTable controlRows();
ScalarMemTable scalarMemRows();

void runScalarAtomic(Wave &w, const Inst &I);
void beginIndexing(Wave &w, const Inst &I);
void endIndexing(Wave &w, const Inst &I);

/// Flags of scalar memory instructions in Inst::flags, beside MemReturn.
enum ScalarMemFlags : uint8_t {
  ScalarBuffer = 1,
  ScalarScratch = 2, ///< the offset in a register counts 64 bytes
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SCALAR_SCALARROWS_H
