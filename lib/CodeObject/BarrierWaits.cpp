// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two things that optimizations and LLVM's own waits do not see to.
//
// LLVM makes a wait of the release fence of a barrier and drops it where it
// sees nothing to wait for; at the head of a loop it looks ahead of the loop
// only, not at the trip before (llvm/llvm-project#220357, which LLVM 22 does
// not have). A wave would pass the barrier with reads of LDS in flight, and
// others overwrite what it reads. A wait that stands in the code is not
// dropped.
//
// -moe-insert-waits counts the loads behind a gather that may stay in flight.
// LLVM may see that nobody uses one of them, as those of columns past a narrow
// N, and removes it: one more would stay in flight than was counted.
#include "BarrierWaits.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Pass.h"

#include <optional>

using namespace llvm;

namespace {
/// The operand of s_waitcnt of gfx9: vmcnt in bits 3:0 and 15:14, expcnt in
/// bits 6:4, lgkmcnt, which counts accesses to LDS, in bits 11:8. The largest
/// value of a counter waits for nothing.
constexpr uint32_t kVmBits = 0xC00F;
constexpr uint32_t kLdsBits = 0x0F00;
constexpr uint32_t kWaitForLds = 0xC07F;
constexpr unsigned kMostLoads = 63;
/// No gather is in flight.
constexpr unsigned kNone = kMostLoads + 1;

unsigned readLoads(uint32_t wait) {
  return (wait & 15) | (wait >> 14 & 3) << 4;
}
uint32_t withLoads(uint32_t wait, unsigned loads) {
  return (wait & ~kVmBits) | (loads & 15) | (loads >> 4) << 14;
}
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

static bool isGather(const IntrinsicInst &call) {
  switch (call.getIntrinsicID()) {
  case Intrinsic::amdgcn_raw_ptr_buffer_load_lds:
  case Intrinsic::amdgcn_raw_buffer_load_lds:
  case Intrinsic::amdgcn_struct_ptr_buffer_load_lds:
  case Intrinsic::amdgcn_struct_buffer_load_lds:
  case Intrinsic::amdgcn_global_load_lds:
  case Intrinsic::amdgcn_load_to_lds:
    return true;
  default:
    return false;
  }
}

/// The buffer loads behind the last gather at the end of `block`, of `loads` at
/// its head. Calls `atWait` with the count at each wait of a barrier.
static unsigned
countThrough(BasicBlock &block, unsigned loads,
             function_ref<void(IntrinsicInst &wait, unsigned loads)> atWait) {
  for (Instruction &instruction : block) {
    if (auto *fence = dyn_cast<FenceInst>(&instruction)) {
      auto found = findBarrier(*fence);
      if (found && found->wait) {
        atWait(*found->wait, loads);
        loads = kNone;
      }
    } else if (auto *call = dyn_cast<IntrinsicInst>(&instruction)) {
      if (isGather(*call))
        loads = 0;
      else if (call->getIntrinsicID() ==
                   Intrinsic::amdgcn_raw_ptr_buffer_load &&
               loads < kMostLoads)
        ++loads;
    } else if (isa<CallBase>(instruction))
      loads = 0; // may hold a gather
  }
  return loads;
}

/// Lowers counted waits to what is there. A gather of a caller needs no look:
/// -moe-insert-waits lets nothing stay in flight where there may be one.
static bool lowerCounts(Function &function) {
  DenseMap<BasicBlock *, unsigned> atEnd;
  auto atHead = [&](BasicBlock &block) {
    unsigned loads = kNone;
    for (BasicBlock *before : predecessors(&block))
      if (auto found = atEnd.find(before); found != atEnd.end())
        loads = std::min(loads, found->second);
    return loads;
  };
  bool settled = false;
  while (!settled) {
    settled = true;
    for (BasicBlock &block : function) {
      unsigned loads =
          countThrough(block, atHead(block), [](IntrinsicInst &, unsigned) {});
      auto [known, isNew] = atEnd.try_emplace(&block, loads);
      settled &= !isNew && known->second == loads;
      known->second = loads;
    }
  }
  bool changed = false;
  for (BasicBlock &block : function)
    countThrough(block, atHead(block),
                 [&](IntrinsicInst &wait, unsigned loads) {
                   uint32_t operand = readOperand(wait);
                   if (loads >= readLoads(operand))
                     return;
                   wait.setArgOperand(
                       0, ConstantInt::get(wait.getArgOperand(0)->getType(),
                                           withLoads(operand, loads)));
                   changed = true;
                 });
  return changed;
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
    bool lowered = lowerCounts(function);
    LoopInfo &loops = getAnalysis<LoopInfoWrapperPass>().getLoopInfo();
    return waitForLds(function, loops) || lowered;
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
