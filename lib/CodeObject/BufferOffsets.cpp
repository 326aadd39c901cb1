// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instruction selection finds the immediate offset of a buffer load only in the
// load's own block, but offsets of loads in a loop do not change and so stand
// ahead of it: each would take a register, or be computed anew in each
// iteration. This runs right ahead of instruction selection and undoes that for
// constants.
#include "BackEndPasses.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/Pass.h"

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {
/// One load whose vector offset (operand 1) is a base plus `constant`.
struct OffsetLoad {
  IntrinsicInst *load;
  int64_t constant;
};
/// Bits of an immediate offset.
constexpr int64_t kReach = 4096;
} // namespace

/// `offset` as a base and a constant; sums of constants wrap at 32 bits, as the
/// hardware's do.
static std::pair<Value *, int64_t> split(Value *offset) {
  uint32_t sum = 0;
  Value *base = offset;
  const APInt *constant;
  Value *rest;
  while (match(base, m_Add(m_Value(rest), m_APInt(constant))) ||
         match(base, m_DisjointOr(m_Value(rest), m_APInt(constant)))) {
    sum += static_cast<uint32_t>(constant->getZExtValue());
    base = rest;
  }
  return {base, static_cast<int32_t>(sum)};
}

/// Where `base + c` can stand for all users: behind the base.
static BasicBlock::iterator behind(Value *base, Function &function) {
  if (auto *instruction = dyn_cast<Instruction>(base))
    return *instruction->getInsertionPointAfterDef();
  return function.getEntryBlock().getFirstInsertionPt();
}

static bool shareBufferOffsets(Function &function) {
  MapVector<Value *, SmallVector<OffsetLoad>> bases;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block) {
      auto *call = dyn_cast<IntrinsicInst>(&instruction);
      if (!call ||
          call->getIntrinsicID() != Intrinsic::amdgcn_raw_ptr_buffer_load)
        continue;
      auto [base, constant] = split(call->getArgOperand(1));
      if (!isa<Constant>(base) &&
          (!isa<Instruction>(base) ||
           cast<Instruction>(base)->getInsertionPointAfterDef()))
        bases[base].push_back({call, constant});
    }
  bool changed = false;
  for (auto &[base, uses] : bases) {
    llvm::sort(uses, [](const OffsetLoad &a, const OffsetLoad &b) {
      return a.constant < b.constant;
    });
    Value *near = nullptr;
    int64_t first = 0;
    for (const OffsetLoad &use : uses) {
      if (!near || use.constant - first >= kReach) {
        first = use.constant;
        IRBuilder<> builder(function.getContext());
        builder.SetInsertPoint(behind(base, function));
        near = first ? builder.CreateAdd(base, builder.getInt32(first)) : base;
      }
      Value *offset = near;
      if (use.constant != first)
        offset = IRBuilder<>(use.load).CreateAdd(
            near, ConstantInt::get(near->getType(), use.constant - first));
      if (offset == use.load->getArgOperand(1))
        continue;
      use.load->setArgOperand(1, offset);
      changed = true;
    }
  }
  return changed;
}

namespace {
struct ShareBufferOffsets : FunctionPass {
  static char ID;
  ShareBufferOffsets() : FunctionPass(ID) {}
  bool runOnFunction(Function &function) override {
    return shareBufferOffsets(function);
  }
  void getAnalysisUsage(AnalysisUsage &usage) const override {
    usage.setPreservesCFG();
  }
  StringRef getPassName() const override {
    return "immediate offsets of buffer loads";
  }
};
} // namespace

char ShareBufferOffsets::ID;

FunctionPass *moe::codeobject::createShareBufferOffsetsPass() {
  return new ShareBufferOffsets();
}
