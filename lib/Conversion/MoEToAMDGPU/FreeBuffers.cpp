// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The accesses of LDS between the last sync and an epilogue. Done ahead of the
// conversion, while each op says what it accesses.

#include "FreeBuffers.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace moe;

/// The workgroup memory of a kernel that `memref` is a view of, which nothing
/// else can name; null where it is something else.
static Value findOwnMemory(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  auto argument = dyn_cast<BlockArgument>(memref);
  bool isOwn = argument && argument.getOwner()->isEntryBlock() &&
               isa<gpu::GPUFuncOp>(argument.getOwner()->getParentOp());
  return isOwn ? memref : Value();
}

/// Adds the LDS memory that `op` accesses to `accessed`; false if it may access
/// LDS that is not known.
static bool addAccessed(Operation *op, SmallVectorImpl<Value> &accessed) {
  if (isMemoryEffectFree(op))
    return true;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface || op->getNumRegions() > 0)
    return false;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  for (const MemoryEffects::EffectInstance &effect : effects) {
    Value memref = effect.getValue();
    auto type = memref ? dyn_cast<MemRefType>(memref.getType()) : MemRefType();
    if (!type)
      return false;
    if (!gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type))
      continue;
    Value memory = findOwnMemory(memref);
    if (!memory)
      return false;
    accessed.push_back(memory);
  }
  return true;
}

/// The number of `op`'s free buffer.
static std::optional<unsigned> findFreeBuffer(ScatterOp op) {
  Value memories[] = {findOwnMemory(op.getBuffer0()),
                      findOwnMemory(op.getBuffer1())};
  if (!memories[0] || !memories[1] || memories[0] == memories[1])
    return std::nullopt;
  SmallVector<Value> accessed;
  Operation *at = op->getPrevNode();
  for (; at && !isa<SyncOp>(at); at = at->getPrevNode())
    if (!addAccessed(at, accessed))
      return std::nullopt;
  if (!at)
    return std::nullopt;
  for (unsigned number : {0, 1})
    if (!llvm::is_contained(accessed, memories[number]))
      return number;
  return std::nullopt;
}

FreeBuffers::FreeBuffers(Operation *root) {
  root->walk([&](ScatterOp op) {
    if (std::optional<unsigned> number = findFreeBuffer(op))
      numbers[op] = *number;
  });
}

std::optional<unsigned> FreeBuffers::lookup(ScatterOp op) const {
  auto found = numbers.find(op);
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}
