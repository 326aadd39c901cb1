// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Order of LDS accesses along the control flow. Uses are looked at from the
// nearest one back, so that a function of many ops takes linear time.

#include "LdsUses.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace moe;

/// What `memref` is a view of, and whether that is the function's own buffer,
/// which nothing else can name.
static std::pair<Value, bool> getBuffer(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  auto argument = dyn_cast<BlockArgument>(memref);
  bool own = argument && argument.getOwner()->isEntryBlock() &&
             isa<gpu::GPUFuncOp>(argument.getOwner()->getParentOp());
  return {memref, own};
}

/// True if a block is reachable from the end of `from`.
static bool isReachable(Block *from, Block *to) {
  SmallVector<Block *> work(from->getSuccessors());
  llvm::SmallPtrSet<Block *, 8> seen;
  while (!work.empty()) {
    Block *block = work.pop_back_val();
    if (block == to)
      return true;
    if (seen.insert(block).second)
      llvm::append_range(work, block->getSuccessors());
  }
  return false;
}

/// True if `first` may be executed before `second`, which may be the same op.
static bool mayPrecede(Operation *first, Operation *second) {
  for (Operation *op = second;;) {
    Block *block = op->getBlock();
    Region *region = block->getParent();
    Operation *before = region->findAncestorOpInRegion(*first);
    if (before) {
      if (before->getBlock() == block ? before->isBeforeInBlock(op)
                                      : isReachable(before->getBlock(), block))
        return true;
      if (isReachable(block, block))
        return true;
    }
    Operation *parent = region->getParentOp();
    if (!parent || isa<FunctionOpInterface>(parent))
      return false;
    // Anything but a branch may execute its region again.
    if (before &&
        !isa<scf::IfOp, scf::IndexSwitchOp, scf::ExecuteRegionOp>(parent))
      return true;
    op = parent;
  }
}

LdsUses::LdsUses(Operation *root) {
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ViewLikeOpInterface>(op))
      return;
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<MemRefType>(operand.getType());
      if (!type || !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type))
        continue;
      auto &ops = users[getBuffer(operand).first];
      if (ops.empty() || ops.back() != op)
        ops.push_back(op);
      order.try_emplace(op, order.size());
    }
  });
}

bool LdsUses::mayPrecede(PingpongOp op, Value buffer) const {
  auto [source, own] = getBuffer(buffer);
  if (!own || ::mayPrecede(op, op))
    return true;
  ArrayRef<Operation *> ops = users.find(source)->second;
  unsigned number = order.lookup(op);
  const auto *self = llvm::partition_point(
      ops, [&](Operation *other) { return order.lookup(other) < number; });
  for (Operation *other : llvm::reverse(ArrayRef(ops.begin(), self)))
    if (::mayPrecede(other, op))
      return true;
  // An op further down precedes this one only along unstructured branches.
  if (op->getParentOfType<FunctionOpInterface>()
          .getFunctionBody()
          .hasOneBlock())
    return false;
  return llvm::any_of(ArrayRef(self, ops.end()), [&](Operation *other) {
    return ::mayPrecede(other, op);
  });
}

bool LdsUses::mayPrecede(PingpongOp op) const {
  return mayPrecede(op, op.getPing()) || mayPrecede(op, op.getPong());
}
