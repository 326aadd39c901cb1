//===- Polls.cpp - loads that a loop repeats ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop: the instructions from the target of a branch back to the branch. The
// registers that the load reads are those of its address.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/Polls.h"
#include "Sanitizers/Registers.h"

namespace moe::emulator {

bool isPoll(const Program &program, uint32_t instIndex) {
  RegSet address;
  for (const RegUse &use : program.meta[instIndex].uses)
    for (unsigned reg = use.first; reg < use.first + unsigned(use.count); ++reg)
      if ((use.flags & 2) && reg < registerCount)
        address.insert(reg);
  for (uint32_t last = instIndex; last < program.code.size(); ++last) {
    if (program.meta[last].kind != InstClass::Branch ||
        program.code[last].imm > instIndex)
      continue;
    bool changes = false;
    for (uint32_t i = program.code[last].imm; i <= last && !changes; ++i)
      for (const RegUse &use : program.meta[i].uses)
        for (unsigned reg = use.first;
             reg < use.first + unsigned(use.count) && (use.flags & 1); ++reg)
          changes |= reg < registerCount && reg != SgprExec &&
                     reg != SgprExec + 1 && address.has(reg);
    if (!changes)
      return true;
  }
  return false;
}

} // namespace moe::emulator
