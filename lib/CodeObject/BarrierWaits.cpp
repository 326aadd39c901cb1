// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM makes a wait of the release fence of a barrier and drops it where it
// sees nothing to wait for; at the head of a loop it looks ahead of the loop
// only, not at the trip before (llvm/llvm-project#220357, which LLVM 22 does
// not have). A wave would pass the barrier with reads of LDS in flight, and
// others overwrite what it reads. A wait that stands in the code is not
// dropped.
#include "BackEndPasses.h"

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Pass.h"

#include <optional>

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

/// A barrier with the release fence ahead of it.
struct FencedBarrier {
  IntrinsicInst *barrier;
  /// The wait right ahead of the fence, or null.
  IntrinsicInst *wait;
};
} // namespace

/// The barrier behind `fence`: only intrinsics stand between both.
static std::optional<FencedBarrier> findBarrier(FenceInst &fence) {
  if (!isReleaseOrStronger(fence.getOrdering()))
    return std::nullopt;
  Instruction *next = fence.getNextNode();
  while (next && isa<IntrinsicInst>(next) &&
         !asCall(next, Intrinsic::amdgcn_s_barrier))
    next = next->getNextNode();
  IntrinsicInst *barrier = asCall(next, Intrinsic::amdgcn_s_barrier);
  if (!barrier)
    return std::nullopt;
  return FencedBarrier{
      barrier, asCall(fence.getPrevNode(), Intrinsic::amdgcn_s_waitcnt)};
}

/// A barrier that no loop holds is fine as it is, and so is one whose wait is
/// for LDS as well.
static bool waitForLds(Function &function, LoopInfo &loops) {
  bool changed = false;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block) {
      auto *fence = dyn_cast<FenceInst>(&instruction);
      auto found = fence ? findBarrier(*fence) : std::nullopt;
      if (!found || !loops.getLoopFor(&block) || waitsForLds(found->wait))
        continue;
      IRBuilder<> builder(found->barrier);
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
                      getAnalysis<LoopInfoWrapperPass>().getLoopInfo());
  }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.addRequired<LoopInfoWrapperPass>();
    usage.setPreservesCFG();
  }
  StringRef getPassName() const override { return "waits at barriers"; }
};
} // namespace

char BarrierWaits::ID;

FunctionPass *moe::codeobject::createBarrierWaitsPass() {
  return new BarrierWaits();
}
