// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands of loops and branches by what they are for, from the interfaces that
// these ops have.

#include "moe/Dialect/MoE/Transforms/RegionConditions.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

SmallVector<Value> moe::getOperandsButInits(Operation *op) {
  SmallVector<Value> operands(op->getOperands());
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
    for (Value init : loop.getInits())
      if (auto *found = llvm::find(operands, init); found != operands.end())
        operands.erase(found);
  return operands;
}

SmallVector<Value> moe::getConditions(Operation *parent) {
  if (auto loop = dyn_cast<scf::WhileOp>(parent))
    return {loop.getConditionOp().getCondition()};
  return getOperandsButInits(parent);
}
