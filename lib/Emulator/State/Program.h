//===- Program.h - the decoded program of a kernel --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instructions that control flow from the entry reaches, with their class,
// traits, registers and addresses. Standard library only. In State because
// handlers of branches look up addresses; decoding is in Decode.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_STATE_PROGRAM_H
#define MOE_LIB_EMULATOR_STATE_PROGRAM_H

#include "State/Machine.h"
#include "State/Traits.h"

#include <unordered_map>

namespace moe::emulator {

/// Registers that an instruction reads or writes, in one numbering: SGPRs
/// 0..127, then the rows of the unified vector file from 256 on.
struct RegUse {
  uint16_t first;
  uint8_t count;
  uint8_t flags; ///< 1: written, 2: read
};
constexpr unsigned regVector = 256;

struct InstMeta {
  uint64_t address = 0; ///< in the ELF
  uint8_t size = 4;
  InstClass kind = InstClass::Other;
  uint64_t traits = 0; ///< bits of Trait
  BitOp bits;
  std::string mnemonic; ///< for messages and traces only
  std::vector<RegUse> uses;
  uint8_t scc = 0; ///< SCC, by the flags of RegUse
};

struct Program {
  std::vector<Inst> code;
  std::vector<InstMeta> meta;
  std::unordered_map<uint64_t, uint32_t> byAddress;
  /// Handlers of the instructions by themselves, where Inst::run first looks at
  /// MODE (VectorModes.h); else empty.
  std::vector<Handler> plain;
  uint32_t entry = 0;
  uint64_t imageBase = 0; ///< emulated address of ELF address 0
  uint32_t rows = 0, accumOffset = 0;
  bool sramEcc = false; ///< D16 loads do not keep the other half

  uint64_t addressAfter(size_t index) const {
    return imageBase + meta[index].address + meta[index].size;
  }
  bool indexOf(uint64_t emulated, uint32_t &index) const {
    auto it = byAddress.find(emulated - imageBase);
    if (it == byAddress.end())
      return false;
    index = it->second;
    return true;
  }
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_STATE_PROGRAM_H
