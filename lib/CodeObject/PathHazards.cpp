// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's hazard recognizer looks back from an instruction through the blocks
// ahead of it, and enters each block once, on the path that it meets first.
// Where two paths lead from a block to the instruction, one of them through a
// third block, it may see the longer one only, and insert too few wait states
// for the shorter one.
//
// Here the shortest path from each branch is examined alone: the recognizer is
// asked again about the instructions behind the branch while every block on the
// path has one successor. Hazards from a block on a longer path are found from
// that block.

#include "BackEndPasses.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/CodeGen/MachineBasicBlock.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/ScheduleHazardRecognizer.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

#include <memory>
#include <utility>

using namespace llvm;

namespace {
/// No rule asks for more wait states than this behind an MFMA (the longest is
/// that of a read behind one of 16 passes) or another instruction (five: an
/// SGPR or EXEC that the vector ALU writes).
constexpr unsigned kProductReach = 20, kReach = 6;

/// While it lives, a block has one successor only. Behind that the block is the
/// last one in the lists of predecessors, whose order says nothing.
class OnlySuccessor {
public:
  OnlySuccessor(MachineBasicBlock &block, MachineBasicBlock &only)
      : block(block), hadProbabilities(block.hasSuccessorProbabilities()) {
    for (auto it = block.succ_begin(); it != block.succ_end(); ++it)
      all.emplace_back(*it, hadProbabilities ? block.getSuccProbability(it)
                                             : BranchProbability());
    for (auto [successor, probability] : all)
      if (successor != &only)
        block.removeSuccessor(successor);
  }
  ~OnlySuccessor() {
    while (!block.succ_empty())
      block.removeSuccessor(block.succ_begin());
    for (auto [successor, probability] : all)
      if (hadProbabilities)
        block.addSuccessor(successor, probability);
      else
        block.addSuccessorWithoutProb(successor);
  }
  OnlySuccessor(const OnlySuccessor &) = delete;
  OnlySuccessor &operator=(const OnlySuccessor &) = delete;

private:
  MachineBasicBlock &block;
  bool hadProbabilities;
  SmallVector<std::pair<MachineBasicBlock *, BranchProbability>, 2> all;
};

class PathHazards : public MachineFunctionPass {
public:
  static char ID;
  PathHazards() : MachineFunctionPass(ID) {}
  bool runOnMachineFunction(MachineFunction &function) override;
  StringRef getPassName() const override { return "hazards on each path"; }

private:
  unsigned passBlock(MachineBasicBlock &block, unsigned reach);
  void walkFrom(MachineBasicBlock &block, unsigned reach);
  unsigned reachBehind(const MachineBasicBlock &block, unsigned atHead) const;
  void findReaches(const MachineFunction &function);

  const TargetInstrInfo *instructions = nullptr;
  std::unique_ptr<ScheduleHazardRecognizer> recognizer;
  /// How far behind the end of a block an MFMA in it or ahead of it matters; at
  /// least kReach.
  DenseMap<const MachineBasicBlock *, unsigned> reaches;
  /// The most of the reach that was left at the head of each block behind the
  /// branch under examination.
  DenseMap<const MachineBasicBlock *, unsigned> seen;
  bool changed = false;
};
} // namespace

char PathHazards::ID;

/// What the recognizer does not count as a wait state.
static bool isFree(const MachineInstr &instruction) {
  return instruction.isBundle() || instruction.isMetaInstruction() ||
         instruction.isInlineAsm();
}

/// Puts wait states ahead of instructions among the first `reach` ones of
/// `block`. Returns how many of `reach` are left at its end.
unsigned PathHazards::passBlock(MachineBasicBlock &block, unsigned reach) {
  for (MachineInstr &instruction : block.instrs()) {
    if (reach == 0)
      break;
    if (instruction.isBundle() || instruction.isMetaInstruction())
      continue;
    if (unsigned states = recognizer->PreEmitNoops(&instruction)) {
      instructions->insertNoops(
          block, getBundleStart(instruction.getIterator()), states);
      changed = true;
    }
    if (!isFree(instruction))
      --reach;
  }
  return reach;
}

/// Follows all paths out of `block`, but none that reaches a block later than
/// another path did, and so never around a loop.
void PathHazards::walkFrom(MachineBasicBlock &block, unsigned reach) {
  SmallVector<MachineBasicBlock *> successors(block.successors());
  for (MachineBasicBlock *next : successors) {
    unsigned &before = seen[next];
    if (before >= reach)
      continue;
    before = reach;
    OnlySuccessor one(block, *next);
    if (unsigned left = passBlock(*next, reach))
      walkFrom(*next, left);
  }
}

/// What is left of `atHead`, or of the reach of an MFMA in `block`, at its end.
unsigned PathHazards::reachBehind(const MachineBasicBlock &block,
                                  unsigned atHead) const {
  unsigned reach = atHead;
  for (const MachineInstr &instruction : block.instrs()) {
    StringRef name = instructions->getName(instruction.getOpcode());
    if (name.starts_with("V_MFMA") || name.starts_with("V_SMFMAC"))
      reach = kProductReach + 1;
    if (reach > kReach && !isFree(instruction))
      --reach;
  }
  return reach;
}

void PathHazards::findReaches(const MachineFunction &function) {
  reaches.clear();
  for (bool settled = false; !settled;) {
    settled = true;
    for (const MachineBasicBlock &block : function) {
      unsigned atHead = kReach;
      for (const MachineBasicBlock *before : block.predecessors())
        atHead = std::max(atHead, reaches.lookup(before));
      unsigned reach = reachBehind(block, atHead);
      settled &= reaches.lookup(&block) == reach;
      reaches[&block] = reach;
    }
  }
}

bool PathHazards::runOnMachineFunction(MachineFunction &function) {
  instructions = function.getSubtarget().getInstrInfo();
  recognizer.reset(instructions->CreateTargetPostRAHazardRecognizer(function));
  if (!recognizer)
    return false;
  changed = false;
  findReaches(function);
  for (MachineBasicBlock &block : function) {
    seen.clear();
    if (block.succ_size() > 1)
      walkFrom(block, reaches.lookup(&block));
  }
  recognizer.reset();
  return changed;
}

FunctionPass *moe::codeobject::createPathHazardsPass() {
  return new PathHazards();
}
