// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's hazard recognizer looks back from an instruction through the blocks
// ahead of it, and enters each block once, on the path that it meets first. Of
// a block with two ways to the instruction, one through a third block, it may
// so see the long way only, and idle too little for the short one.
//
// Here each way is looked at alone: the recognizer is asked again about the
// instructions behind a branch, while the branch has one successor.
#include "BackEndPasses.h"

#include "llvm/ADT/STLExtras.h"
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
/// No rule asks for more wait states than this between two instructions (the
/// longest is that of a read behind an MFMA of 16 passes).
constexpr unsigned kReach = 20;

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
  unsigned idleAhead(MachineBasicBlock &block, unsigned reach);
  void walkFrom(MachineBasicBlock &block, unsigned reach);

  const TargetInstrInfo *instructions = nullptr;
  std::unique_ptr<ScheduleHazardRecognizer> recognizer;
  /// Blocks from the first branch of the path to where it is.
  SmallVector<MachineBasicBlock *> path;
  bool changed = false;
};
} // namespace

char PathHazards::ID;

/// Puts wait states ahead of instructions among the first `reach` ones of
/// `block`. Returns how many of `reach` are left at its end.
unsigned PathHazards::idleAhead(MachineBasicBlock &block, unsigned reach) {
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
    --reach;
  }
  return reach;
}

/// Looks at all ways out of `block`. Behind a block that is on the path already
/// nothing is nearer than it was the first time.
void PathHazards::walkFrom(MachineBasicBlock &block, unsigned reach) {
  path.push_back(&block);
  SmallVector<MachineBasicBlock *> successors(block.successors());
  for (MachineBasicBlock *next : successors) {
    OnlySuccessor one(block, *next);
    if (unsigned left = idleAhead(*next, reach);
        left && !is_contained(path, next))
      walkFrom(*next, left);
  }
  path.pop_back();
}

bool PathHazards::runOnMachineFunction(MachineFunction &function) {
  instructions = function.getSubtarget().getInstrInfo();
  recognizer.reset(instructions->CreateTargetPostRAHazardRecognizer(function));
  if (!recognizer)
    return false;
  changed = false;
  for (MachineBasicBlock &block : function)
    if (block.succ_size() > 1)
      walkFrom(block, kReach);
  recognizer.reset();
  return changed;
}

FunctionPass *moe::codeobject::createPathHazardsPass() {
  return new PathHazards();
}
