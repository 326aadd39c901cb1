// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unsigned divisions of 24 bits. LLVM 22 divides numbers of up to 24 bits by
// way of f32 (expandDivRem24 of its AMDGPUCodeGenPrepare) and corrects a
// quotient that is one too small; with 24 bits it may be one too large, as of
// 16376714 by 3. Signed ones have 23 bits and a sign. Where LLVM does not know
// how large the dividend is, it divides integers.

#include "BackEndPasses.h"

#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Support/KnownBits.h"

using namespace llvm;

/// Whether the larger operand in these lanes may have 24 bits, but no more.
static bool has24Bits(const BinaryOperator &op, const APInt &lanes,
                      const SimplifyQuery &query) {
  unsigned bits = 0;
  for (const Value *operand : {op.getOperand(0), op.getOperand(1)})
    bits = std::max(
        bits, computeKnownBits(operand, lanes, query).countMaxActiveBits());
  return bits == 24;
}

/// A number in a register of which nothing is known.
static Value *createUnknown(IRBuilder<> &builder, Value *value) {
  auto *type = FunctionType::get(value->getType(), {value->getType()}, false);
  auto *nothing = InlineAsm::get(type, "", "=v,0", /*hasSideEffects=*/false);
  return builder.CreateCall(type, nothing, {value});
}

/// The quotient or remainder of numbers of at most 24 bits in 32.
static Value *divide(IRBuilder<> &builder, const BinaryOperator &op,
                     Value *dividend, Value *divisor) {
  Type *i32 = builder.getInt32Ty();
  Value *unknown =
      createUnknown(builder, builder.CreateZExtOrTrunc(dividend, i32));
  Value *result = builder.CreateBinOp(op.getOpcode(), unknown,
                                      builder.CreateZExtOrTrunc(divisor, i32));
  return builder.CreateZExtOrTrunc(result, dividend->getType());
}

static void expand(BinaryOperator &op, const SimplifyQuery &query) {
  IRBuilder<> builder(&op);
  auto *vector = dyn_cast<FixedVectorType>(op.getType());
  if (!vector) {
    if (has24Bits(op, APInt(1, 1), query)) {
      op.replaceAllUsesWith(
          divide(builder, op, op.getOperand(0), op.getOperand(1)));
      op.eraseFromParent();
    }
    return;
  }
  // Lane by lane, as LLVM does it.
  unsigned lanes = vector->getNumElements();
  auto isWrong = [&](unsigned lane) {
    return has24Bits(op, APInt::getOneBitSet(lanes, lane), query);
  };
  if (none_of(seq(lanes), isWrong))
    return;
  Value *result = PoisonValue::get(vector);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    Value *x = builder.CreateExtractElement(op.getOperand(0), lane);
    Value *y = builder.CreateExtractElement(op.getOperand(1), lane);
    Value *quotient = isWrong(lane) ? divide(builder, op, x, y)
                                    : builder.CreateBinOp(op.getOpcode(), x, y);
    result = builder.CreateInsertElement(result, quotient, lane);
  }
  op.replaceAllUsesWith(result);
  op.eraseFromParent();
}

void moe::codeobject::expandDivisionsOf24Bits(Function &function) {
  SmallVector<BinaryOperator *> divisions;
  for (Instruction &instruction : instructions(function))
    if (instruction.getOpcode() == Instruction::UDiv ||
        instruction.getOpcode() == Instruction::URem)
      divisions.push_back(cast<BinaryOperator>(&instruction));
  if (divisions.empty())
    return;
  AssumptionCache assumptions(function);
  DominatorTree dominators(function);
  for (BinaryOperator *division : divisions)
    expand(*division, SimplifyQuery(function.getDataLayout(), &dominators,
                                    &assumptions, division));
}
