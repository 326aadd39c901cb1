// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-insert-waits counts the loads behind a gather that may stay in flight
// over a barrier. LLVM may remove one of them as unused, such as those of
// columns past a narrow N, or merge two: the count would then be too high, and
// the gather might still be in flight behind the wait. Here the loads are
// counted again, in the instructions that remain.
//
// The back end's headers are not public; its instructions are known by name.
#include "BackEndPasses.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/PointerIntPair.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
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
  bool isBeforeBarrier(MachineInstr &wait) const;
  bool isWait(const MachineInstr &instruction) const {
    return getName(instruction) == "S_WAITCNT" &&
           readLoads(instruction.getOperand(0).getImm()) < kMostLoads;
  }
  /// A barrier that LLVM omits for a workgroup of one wave counts as well: its
  /// wait is for what this wave gathered.
  bool isBarrier(const MachineInstr &instruction) const {
    StringRef name = getName(instruction);
    return name == "S_BARRIER" || name == "WAVE_BARRIER";
  }
  StringRef getName(const MachineInstr &instruction) const {
    return instructions->getName(instruction.getOpcode());
  }

  const TargetInstrInfo *instructions = nullptr;
  /// Waits for loads ahead of a barrier with a fence.
  SmallPtrSet<const MachineInstr *, 8> barrierWaits;
  /// The loads behind the last gather at the end of each block.
  DenseMap<const MachineBasicBlock *, unsigned> atEnd;
};
} // namespace

char GatherWaits::ID;

static bool isLoad(StringRef name) {
  return name.starts_with("BUFFER_LOAD_") || name.starts_with("GLOBAL_LOAD_");
}

/// Whether a fence and a barrier behind it follow `wait` on some path, with
/// nothing before that accesses memory but scalar loads, which LLVM puts
/// anywhere. A barrier without a fence is not known to order memory.
bool GatherWaits::isBeforeBarrier(MachineInstr &wait) const {
  using Head = PointerIntPair<MachineBasicBlock *, 1, bool>; // fenced
  SetVector<Head> heads;
  auto look = [&](MachineBasicBlock &block,
                  MachineBasicBlock::instr_iterator from, bool fenced) {
    for (auto it = from; it != block.instr_end(); ++it) {
      StringRef name = getName(*it);
      if (name == "ATOMIC_FENCE")
        fenced = true;
      else if (isBarrier(*it))
        return fenced;
      else if ((it->mayLoadOrStore() && !name.starts_with("S_LOAD")) ||
               it->isCall() || it->isInlineAsm() || isWait(*it))
        return false;
    }
    for (MachineBasicBlock *next : block.successors())
      heads.insert(Head(next, fenced));
    return false;
  };
  if (look(*wait.getParent(), std::next(wait.getIterator()), false))
    return true;
  for (size_t i = 0; i < heads.size(); ++i) {
    MachineBasicBlock *block = heads[i].getPointer();
    if (look(*block, block->instr_begin(), heads[i].getInt()))
      return true;
  }
  return false;
}

/// The loads behind the last gather at the end of `block`, of `loads` at its
/// head. Calls `atWait` with the count at each wait of a barrier. Only loads
/// are counted, since stores need not end in order with them.
unsigned GatherWaits::countThrough(MachineBasicBlock &block, unsigned loads,
                                   AtWait atWait) const {
  for (MachineInstr &instruction : block.instrs()) {
    StringRef name = getName(instruction);
    if (barrierWaits.contains(&instruction)) {
      atWait(instruction, loads);
      loads = kNone;
    } else if (instruction.isCall() || instruction.isInlineAsm()) {
      loads = 0; // may hold a gather
    } else if (isLoad(name)) {
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
  barrierWaits.clear();
  for (MachineBasicBlock &block : function)
    for (MachineInstr &instruction : block.instrs())
      if (isWait(instruction) && isBeforeBarrier(instruction))
        barrierWaits.insert(&instruction);
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
