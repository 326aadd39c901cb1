// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows a value back to what it is computed from, as long as each op gives
// lanes with the same operands the same results.

#include "WaveUniformity.h"

#include "moe/Dialect/MoE/Transforms/RegionConditions.h"
#include "moe/Target/MemorySpace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace moe;

/// Ops whose regions all lanes enter that have the same operands.
static bool isStructured(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  return op->getNumRegions() > 0 && (dialect == "scf" || dialect == "affine");
}

/// Memory of which each lane may have its own, at the same address.
static bool isPrivate(Type type) {
  return getAddressSpace(type) == llvm::AMDGPUAS::PRIVATE_ADDRESS;
}

/// The same in all lanes whatever the operands are.
static bool isSameInWave(Operation *op) {
  if (auto reduce = dyn_cast<gpu::SubgroupReduceOp>(op))
    return !reduce.getClusterSize();
  return op->hasTrait<OpTrait::ConstantLike>() ||
         isa<gpu::BlockIdOp, gpu::GridDimOp, gpu::BlockDimOp,
             gpu::SubgroupSizeOp, gpu::NumSubgroupsOp, gpu::AllReduceOp,
             gpu::DynamicSharedMemoryOp, memref::GetGlobalOp, ROCDL::BallotOp,
             ROCDL::ReadfirstlaneOp, ROCDL::ReadlaneOp>(op);
}

/// The same in all lanes that have the same operands.
static bool isFunctionOfOperands(Operation *op) {
  if (op->getNumRegions() > 0 || llvm::any_of(op->getOperandTypes(), isPrivate))
    return false;
  if (isa<memref::LoadOp, vector::LoadOp, vector::TransferReadOp>(op))
    return true;
  return isPure(op) &&
         llvm::StringSwitch<bool>(op->getName().getDialectNamespace())
             .Cases({"affine", "arith", "complex", "index", "math", "memref",
                     "vector"},
                    true)
             .Default(false);
}

/// Adds what decides which path is taken through a region of several blocks.
bool WaveUniformity::addChoices(Region *region) {
  if (region->hasOneBlock())
    return true;
  for (Block &block : *region) {
    Operation *end = block.getTerminator();
    if (end->getNumSuccessors() < 2)
      continue;
    if (!isa<BranchOpInterface>(end) || end->getNumOperands() == 0)
      return false;
    work.insert(end->getOperand(0)); // of cond_br and switch
  }
  return true;
}

/// Adds the operands of an op with regions, and what its regions yield.
bool WaveUniformity::addResults(Operation *parent) {
  add(parent->getOperands());
  for (Region &region : parent->getRegions()) {
    if (!addChoices(&region))
      return false;
    for (Block &block : region)
      if (!block.empty() && block.back().hasTrait<OpTrait::IsTerminator>())
        add(block.back().getOperands());
  }
  return true;
}

bool WaveUniformity::addSources(BlockArgument argument) {
  Block *block = argument.getOwner();
  Operation *parent = block->getParentOp();
  if (block->isEntryBlock()) {
    if (auto func = dyn_cast<gpu::GPUFuncOp>(parent))
      return func.isKernel() && !isPrivate(argument.getType());
    return isStructured(parent) && addResults(parent);
  }
  if (!addChoices(block->getParent()))
    return false;
  for (auto it = block->pred_begin(); it != block->pred_end(); ++it) {
    auto branch = dyn_cast<BranchOpInterface>((*it)->getTerminator());
    Value passed = branch ? branch.getSuccessorOperands(
                                it.getSuccessorIndex())[argument.getArgNumber()]
                          : Value();
    if (!passed)
      return false;
    work.insert(passed);
  }
  return true;
}

bool WaveUniformity::addSources(Operation *op) {
  // Lanes that leave a loop of blocks at different times have different values
  // of what is computed in it.
  if (!addChoices(op->getParentRegion()))
    return false;
  if (isSameInWave(op))
    return true;
  if (isStructured(op))
    return addResults(op);
  add(op->getOperands());
  return isFunctionOfOperands(op);
}

/// Whether all values in `work` are the same in all lanes.
bool WaveUniformity::isAddedUniform() {
  for (unsigned i = 0; i < work.size(); ++i) {
    Value value = work[i];
    if (uniform.contains(value))
      continue;
    auto argument = dyn_cast<BlockArgument>(value);
    if (argument ? !addSources(argument) : !addSources(value.getDefiningOp()))
      return false;
  }
  uniform.insert_range(work);
  return true;
}

bool WaveUniformity::isReachedByAll(Operation *op) {
  work.clear();
  for (Operation *at = op; !isa<gpu::GPUFuncOp>(at); at = at->getParentOp()) {
    Operation *parent = at->getParentOp();
    if (!parent || !addChoices(at->getParentRegion()))
      return false;
    if (isStructured(parent))
      add(getConditions(parent));
    else if (!isa<gpu::GPUFuncOp>(parent))
      return false;
  }
  return isAddedUniform();
}
