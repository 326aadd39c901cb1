//===- Fields.h - microcode fields to records -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instruction's words and mnemonic in, its record out. No LLVM: only the
// formats of the ISA manual and the opcode tables.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_DECODE_FIELDS_H
#define MOE_LIB_EMULATOR_DECODE_FIELDS_H

#include "State/Program.h"

namespace moe::emulator {

struct FieldContext {
  uint32_t words[5] = {0, 0, 0, 0, 0};
  unsigned size = 4;    ///< bytes of the instruction
  std::string mnemonic; ///< as printed; the encoding suffix is removed
  std::string mcName;   ///< MC's opcode name without suffix
  const ChipFeatures *chip = nullptr;
  unsigned rows = 0, accumOffset = 0;
  // out
  bool isBranch = false;
  int16_t branchWords = 0;
};

/// Fills a record, its class, traits and rule for bits; returns the reason when
/// it cannot ("instruction not implemented", "register v200 beyond ..."), else
/// an empty string.
std::string fillRecord(FieldContext &context, Inst &inst, InstMeta &meta);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_FIELDS_H
