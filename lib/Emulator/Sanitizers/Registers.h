//===- Registers.h - sets of registers, and their names ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All registers of a wave in the numbering of RegUse.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_REGISTERS_H
#define MOE_LIB_EMULATOR_SANITIZERS_REGISTERS_H

#include "State/Program.h"

namespace moe::emulator {

constexpr unsigned maxWaves = 16;
constexpr unsigned registerCount = regVector + 512;

/// A set of registers.
struct RegSet {
  static constexpr unsigned count = registerCount / 64;
  uint64_t words[count] = {};
  void insert(unsigned reg) { words[reg / 64] |= uint64_t(1) << reg % 64; }
  void erase(unsigned reg) { words[reg / 64] &= ~(uint64_t(1) << reg % 64); }
  bool has(unsigned reg) const { return words[reg / 64] >> reg % 64 & 1; }
  bool meets(const RegSet &other) const {
    uint64_t both = 0;
    for (unsigned i = 0; i < count; ++i)
      both |= words[i] & other.words[i];
    return both;
  }
  bool isWithin(const RegSet &other) const {
    uint64_t outside = 0;
    for (unsigned i = 0; i < count; ++i)
      outside |= words[i] & ~other.words[i];
    return !outside;
  }
};

/// "v12", "a3", "s7", "vcc", "exec", "m0".
std::string registerName(const Program &program, unsigned reg);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_REGISTERS_H
