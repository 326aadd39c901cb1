//===- Fields.h - microcode fields to operands ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decodes the words of one instruction, given its mnemonic, into an Inst. Uses
// the formats of the ISA manual and the opcode tables, not LLVM.
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

/// Fills \p inst and the class, traits and bit rule of \p meta. Returns why the
/// instruction cannot be executed ("instruction not implemented", "register
/// v200 is beyond ..."), or an empty string.
std::string decodeFields(FieldContext &context, Inst &inst, InstMeta &meta);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_FIELDS_H
