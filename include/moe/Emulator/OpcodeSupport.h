//===- OpcodeSupport.h - which instructions are executed --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction set of a chip, and how much of it the emulator executes.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_OPCODESUPPORT_H
#define MOE_EMULATOR_OPCODESUPPORT_H

#include "moe/Emulator/Chip.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace moe::emulator {

/// A mnemonic of a chip's instruction set, and whether it is executed.
struct OpcodeSupport {
  std::string mnemonic;
  bool executed = false;
  std::string reason; ///< why not, or why not in every form
};

/// The whole instruction set of a chip as LLVM's disassembler knows it, sorted.
llvm::Expected<std::vector<OpcodeSupport>> opcodeSupport(Chip chip);

/// Mnemonics that the emulator executes on that chip, sorted.
std::vector<std::string> implementedMnemonics(Chip chip);

} // namespace moe::emulator

#endif // MOE_EMULATOR_OPCODESUPPORT_H
