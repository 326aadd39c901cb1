//===- Registers.cpp - names of registers ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Register numbers to the names that people read in assembly.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/Registers.h"

namespace moe::emulator {

std::string registerName(const Program &program, unsigned reg) {
  if (reg >= regVector + program.accumOffset)
    return "a" + std::to_string(reg - regVector - program.accumOffset);
  if (reg >= regVector)
    return "v" + std::to_string(reg - regVector);
  switch (reg) {
  case 106:
  case 107:
    return "vcc";
  case 124:
    return "m0";
  case 126:
  case 127:
    return "exec";
  default:
    return "s" + std::to_string(reg);
  }
}

} // namespace moe::emulator
