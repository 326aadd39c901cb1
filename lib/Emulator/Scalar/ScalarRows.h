//===- ScalarRows.h - opcode tables of scalar instructions ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of scalar instructions and the handlers that the decoder names.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SCALAR_SCALARROWS_H
#define MOE_LIB_EMULATOR_SCALAR_SCALARROWS_H

#include "State/Machine.h"

#include <cstddef>

namespace moe::emulator {

/// A scalar instruction: which operands are 64 bits wide.
enum ScalarShape : uint8_t { S0Wide = 1, S1Wide = 2, DWide = 4 };
struct ScalarRow {
  const char *name;
  Handler fn;
  uint8_t shape;
};

struct ScalarTable {
  const ScalarRow *rows;
  size_t count;
};
ScalarTable scalarRows();  ///< SOP1, SOP2, SOPC, SOPK
ScalarTable controlRows(); ///< SOPP, and branches of other formats

void runScalarLoad(Wave &w, const Inst &I);
void runScalarBufferLoad(Wave &w, const Inst &I);
void runScalarStore(Wave &w, const Inst &I);
void runScalarAtomic(Wave &w, const Inst &I);
void runScalarTime(Wave &w, const Inst &I);
void beginIndexing(Wave &w, const Inst &I);
void endIndexing(Wave &w, const Inst &I);
void setIndexMode(Wave &w, const Inst &I);

/// Flags of scalar memory instructions in Inst::flags, beside MemReturn.
enum ScalarMemFlags : uint16_t {
  ScalarBuffer = 1,
  ScalarScratch = 2, ///< the offset in a register counts 64 bytes
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SCALAR_SCALARROWS_H
