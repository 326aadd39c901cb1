// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM makes a wait of the release fence of a barrier and drops it where it
// sees nothing to wait for; at the head of a loop it looks ahead of the loop
// only, not at the trip before (llvm/llvm-project#220357, which LLVM 22 does
// not have). A wave would pass the barrier with reads of LDS in flight, and
// others overwrite what it reads. A wait that stands in the code is not
// dropped.
#include "BarrierWaits.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Pass.h"

using namespace llvm;

/// s_waitcnt of gfx9: lgkmcnt, bits 11:8, is 0; vmcnt, bits 3:0 and 15:14, and
/// expcnt, bits 6:4, have their largest values.
static constexpr uint32_t kWaitForLds = 0xC07F;

/// The barrier behind a release `fence`, or null: between both nothing but
/// other intrinsics without effect on memory may stand.
static IntrinsicInst *findBarrierBehind(FenceInst &fence) {
  for (Instruction *next = fence.getNextNode(); next;
       next = next->getNextNode()) {
    auto *call = dyn_cast<IntrinsicInst>(next);
    if (!call)
      return nullptr;
    if (call->getIntrinsicID() == Intrinsic::amdgcn_s_barrier)
      return call;
  }
  return nullptr;
}

static bool addBarrierWaits(Function &function) {
  bool changed = false;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block) {
      auto *fence = dyn_cast<FenceInst>(&instruction);
      if (!fence || !isReleaseOrStronger(fence->getOrdering()))
        continue;
      IntrinsicInst *barrier = findBarrierBehind(*fence);
      if (!barrier)
        continue;
      IRBuilder<> builder(barrier);
      builder.CreateIntrinsic(Intrinsic::amdgcn_s_waitcnt, {},
                              {builder.getInt32(kWaitForLds)});
      changed = true;
    }
  return changed;
}

namespace {
struct AddBarrierWaits : FunctionPass {
  static char ID;
  AddBarrierWaits() : FunctionPass(ID) {}
  bool runOnFunction(Function &function) override {
    return addBarrierWaits(function);
  }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.setPreservesCFG();
  }
  StringRef getPassName() const override { return "waits for LDS at barriers"; }
};
} // namespace

char AddBarrierWaits::ID;

FunctionPass *moe::codeobject::createAddBarrierWaitsPass() {
  return new AddBarrierWaits();
}
