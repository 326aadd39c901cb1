//===- Liveness.cpp - vector registers that hold something ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Backward data flow over the instructions until nothing changes.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Liveness.h"

#include <bitset>

using namespace moe::emulator;

/// Rows of the unified file, which EventRegs numbers from 256 on.
static constexpr unsigned firstRow = 256, rowCount = 512;
using Rows = std::bitset<rowCount>;

/// The instructions that may come after one.
static void addSuccessors(const EventProgram &program, size_t index,
                          std::vector<size_t> &next) {
  next.clear();
  const EventInst &inst = program.insts[index];
  if (inst.kind == InstClass::End)
    return;
  if (inst.kind == InstClass::Branch && inst.target < program.insts.size())
    next.push_back(inst.target);
  if (inst.mnemonic != "s_branch" && index + 1 < program.insts.size())
    next.push_back(index + 1);
}

std::vector<unsigned> moe::timing::liveVgprs(const EventProgram &program) {
  size_t count = program.insts.size();
  std::vector<Rows> live(count), reads(count), writes(count);
  for (size_t i = 0; i < count; ++i)
    for (const EventRegs &regs : program.insts[i].regs)
      for (unsigned r = regs.first; r < unsigned(regs.first) + regs.count;
           ++r) {
        if (r < firstRow || r >= firstRow + rowCount)
          continue;
        if (regs.read)
          reads[i].set(r - firstRow);
        if (regs.written)
          writes[i].set(r - firstRow);
      }
  std::vector<size_t> next;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = count; i-- > 0;) {
      addSuccessors(program, i, next);
      Rows after;
      for (size_t successor : next)
        after |= live[successor];
      Rows before = reads[i] | (after & ~writes[i]);
      changed |= before != live[i];
      live[i] = before;
    }
  }
  std::vector<unsigned> counts;
  for (const Rows &rows : live)
    counts.push_back(unsigned(rows.count()));
  return counts;
}
