// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-insert-waits counts the loads behind a gather that may stay in flight
// over a barrier. LLVM may see that nobody uses one of them, as those of
// columns past a narrow N, and removes it, or makes one load of two: more
// would stay in flight than was counted. Here the loads are counted again, in
// the instructions that remain.
//
// The back end's headers are not public; its instructions are known by name.
#include "BackEndPasses.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/CodeGen/MachineBasicBlock.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/TargetInstrInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"

using namespace llvm;

namespace {
/// The operand of s_waitcnt of gfx9 has vmcnt in bits 3:0 and 15:14.
constexpr uint32_t kVmBits = 0xC00F;
/// The largest value of the counter; a wait for it waits for no load.
constexpr unsigned kMostLoads = 63;
/// No gather is in flight.
constexpr unsigned kNone = kMostLoads + 1;

unsigned readLoads(uint32_t wait) {
  return (wait & 15) | (wait >> 14 & 3) << 4;
}
uint32_t withLoads(uint32_t wait, unsigned loads) {
  return (wait & ~kVmBits) | (loads & 15) | (loads >> 4) << 14;
}

class GatherWaits : public MachineFunctionPass {
public:
  static char ID;
  GatherWaits() : MachineFunctionPass(ID) {}
  bool runOnMachineFunction(MachineFunction &function) override;
  StringRef getPassName() const override { return "waits for gathers"; }

private:
  using AtWait = function_ref<void(MachineInstr &wait, unsigned loads)>;
  unsigned countThrough(MachineBasicBlock &block, unsigned loads,
                        AtWait atWait) const;
  unsigned atHead(const MachineBasicBlock &block) const;
  MachineInstr *findWait(MachineInstr &barrier) const;
  /// One that is left away for a workgroup of one wave counts as well: its wait
  /// is for what this wave gathered.
  bool isBarrier(const MachineInstr &instruction) const {
    StringRef name = getName(instruction);
    return name == "S_BARRIER" || name == "WAVE_BARRIER";
  }
  StringRef getName(const MachineInstr &instruction) const {
    return instructions->getName(instruction.getOpcode());
  }

  const TargetInstrInfo *instructions = nullptr;
  /// The loads behind the last gather at the end of each block.
  DenseMap<const MachineBasicBlock *, unsigned> atEnd;
};
} // namespace

char GatherWaits::ID;

/// The wait for loads ahead of the fence of `barrier`, or null: of a barrier
/// without a fence nobody says that it is for memory.
MachineInstr *GatherWaits::findWait(MachineInstr &barrier) const {
  bool fenced = false;
  for (MachineInstr *before = barrier.getPrevNode(); before;
       before = before->getPrevNode()) {
    StringRef name = getName(*before);
    if (name == "ATOMIC_FENCE")
      fenced = true;
    else if (name == "S_WAITCNT" &&
             readLoads(before->getOperand(0).getImm()) < kMostLoads)
      return fenced ? before : nullptr;
    else if (before->mayLoadOrStore() || before->isCall() || isBarrier(*before))
      return nullptr;
  }
  return nullptr;
}

/// The loads behind the last gather at the end of `block`, of `loads` at its
/// head. Calls `atWait` with the count at each wait of a barrier. Only loads
/// are counted, since stores need not end in order with them.
unsigned GatherWaits::countThrough(MachineBasicBlock &block, unsigned loads,
                                   AtWait atWait) const {
  for (MachineInstr &instruction : block.instrs()) {
    StringRef name = getName(instruction);
    if (isBarrier(instruction)) {
      if (MachineInstr *wait = findWait(instruction)) {
        atWait(*wait, loads);
        loads = kNone;
      }
    } else if (instruction.isCall())
      loads = 0; // may hold a gather
    else if (name.starts_with("BUFFER_LOAD_") ||
             name.starts_with("GLOBAL_LOAD_")) {
      if (name.contains("_LDS"))
        loads = 0;
      else if (loads < kMostLoads)
        ++loads;
    }
  }
  return loads;
}

unsigned GatherWaits::atHead(const MachineBasicBlock &block) const {
  unsigned loads = kNone;
  for (const MachineBasicBlock *before : block.predecessors())
    if (auto found = atEnd.find(before); found != atEnd.end())
      loads = std::min(loads, found->second);
  return loads;
}

bool GatherWaits::runOnMachineFunction(MachineFunction &function) {
  instructions = function.getSubtarget().getInstrInfo();
  atEnd.clear();
  for (bool settled = false; !settled;) {
    settled = true;
    for (MachineBasicBlock &block : function) {
      unsigned loads =
          countThrough(block, atHead(block), [](MachineInstr &, unsigned) {});
      auto [known, isNew] = atEnd.try_emplace(&block, loads);
      settled &= !isNew && known->second == loads;
      known->second = loads;
    }
  }
  bool changed = false;
  for (MachineBasicBlock &block : function)
    countThrough(block, atHead(block), [&](MachineInstr &wait, unsigned loads) {
      MachineOperand &operand = wait.getOperand(0);
      if (loads >= readLoads(operand.getImm()))
        return;
      operand.setImm(withLoads(operand.getImm(), loads));
      changed = true;
    });
  return changed;
}

FunctionPass *moe::codeobject::createGatherWaitsPass() {
  return new GatherWaits();
}
