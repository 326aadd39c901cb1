// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM turns the release fence of a barrier into a wait, and drops the wait
// where it sees nothing to wait for. At the head of a loop it looks only at the
// code ahead of the loop, not at the previous iteration
// (llvm/llvm-project#220357, not in LLVM 22): a wave would pass the barrier
// with reads of LDS in flight, and other waves would overwrite what it reads.
// An explicit wait is not dropped.
#include "BackEndPasses.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Analysis/CycleAnalysis.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Pass.h"

using namespace llvm;

namespace {
/// The operand of s_waitcnt of gfx9: lgkmcnt, which counts accesses to LDS, in
/// bits 11:8. The largest value of a counter waits for nothing.
constexpr uint32_t kLdsBits = 0x0F00;
constexpr uint32_t kWaitForLds = 0xC07F;

uint32_t readOperand(const IntrinsicInst &wait) {
  return cast<ConstantInt>(wait.getArgOperand(0))->getZExtValue();
}
bool waitsForLds(const IntrinsicInst *wait) {
  return wait && (readOperand(*wait) & kLdsBits) == 0;
}

IntrinsicInst *asCall(Instruction *instruction, Intrinsic::ID id) {
  auto *call = dyn_cast_or_null<IntrinsicInst>(instruction);
  return call && call->getIntrinsicID() == id ? call : nullptr;
}

/// Whether a release fence stands ahead of an instruction, with no access to
/// memory but those of intrinsics between both, and whether each such fence has
/// a wait for LDS ahead of it.
struct Fences {
  bool any = false, allWait = true;
};
} // namespace

/// Looks into the blocks ahead as well: LLVM moves the fence of barriers in
/// both arms of a condition ahead of it.
static Fences findFences(Instruction &barrier) {
  Fences fences;
  SetVector<BasicBlock *> blocks;
  auto look = [&](Instruction *from, BasicBlock &block) {
    for (Instruction *at = from; at; at = at->getPrevNode()) {
      if (auto *fence = dyn_cast<FenceInst>(at);
          fence && isReleaseOrStronger(fence->getOrdering())) {
        fences.any = true;
        fences.allWait &= waitsForLds(
            asCall(fence->getPrevNode(), Intrinsic::amdgcn_s_waitcnt));
        return;
      }
      bool accesses = at->mayReadOrWriteMemory() && !isa<IntrinsicInst>(at);
      if (accesses || asCall(at, Intrinsic::amdgcn_s_barrier))
        return;
    }
    blocks.insert_range(predecessors(&block));
  };
  look(barrier.getPrevNode(), *barrier.getParent());
  for (size_t i = 0; i < blocks.size(); ++i)
    look(blocks[i]->getTerminator(), *blocks[i]);
  return fences;
}

/// Nothing is done for a barrier outside of cycles, or one whose wait covers
/// LDS.
static bool waitForLds(Function &function, CycleInfo &cycles) {
  SmallVector<Instruction *> barriers;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      if (asCall(&instruction, Intrinsic::amdgcn_s_barrier) &&
          cycles.getCycle(&block))
        barriers.push_back(&instruction);
  bool changed = false;
  for (Instruction *barrier : barriers) {
    Fences fences = findFences(*barrier);
    if (!fences.any || fences.allWait)
      continue;
    IRBuilder<> builder(barrier);
    builder.CreateIntrinsic(Intrinsic::amdgcn_s_waitcnt, {},
                            {builder.getInt32(kWaitForLds)});
    changed = true;
  }
  return changed;
}

namespace {
struct BarrierWaits : FunctionPass {
  static char ID;
  BarrierWaits() : FunctionPass(ID) {}
  bool runOnFunction(Function &function) override {
    return waitForLds(function,
                      getAnalysis<CycleInfoWrapperPass>().getResult());
  }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.addRequired<CycleInfoWrapperPass>();
    usage.setPreservesCFG();
  }
  StringRef getPassName() const override { return "waits at barriers"; }
};
} // namespace

char BarrierWaits::ID;

FunctionPass *moe::codeobject::createBarrierWaitsPass() {
  return new BarrierWaits();
}
