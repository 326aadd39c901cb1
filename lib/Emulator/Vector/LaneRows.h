//===- LaneRows.h - opcode tables of lane exchange --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of vector instructions that need the whole wave, and the handlers
// of matrix instructions and scaled conversions, whose rows are in Math.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_LANEROWS_H
#define MOE_LIB_EMULATOR_VECTOR_LANEROWS_H

#include "State/ChipFeatures.h"
#include "State/Machine.h"
#include "State/Traits.h"

#include <cstddef>

namespace moe::emulator {

/// Instructions that need the whole wave: lane exchange and the like.
enum AccOperand : uint8_t { AccResult = 1, AccSource = 2 };
struct LaneRow {
  const char *name;
  Handler fn;
  uint8_t sources; ///< operands read as Src
  uint8_t chips;
  uint64_t traits = 0;
  uint8_t acc = 0;                  ///< AccResult, AccSource
  uint8_t counts[4] = {1, 1, 1, 1}; ///< registers of the result, the sources
};

struct LaneTable {
  const LaneRow *rows;
  size_t count;
};
LaneTable laneRows();

void runMatrix(Wave &w, const Inst &I);
void runScaledConvert(Wave &w, const Inst &I);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_VECTOR_LANEROWS_H
