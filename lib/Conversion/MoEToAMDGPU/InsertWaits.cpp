// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-insert-waits: moe.sync to a counted wait and a barrier. It counts the
// instructions that the conversion really emitted, after it emitted them.
// docs/Rationale.md, "Waits", says why the count holds in machine code.

#include "LaneBuilder.h"
#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"
#include <optional>

namespace moe {
#define GEN_PASS_DEF_MOEINSERTWAITSPASS
#include "moe/Conversion/MoEToAMDGPU/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// vmcnt of gfx9 counts to 63.
static constexpr unsigned kMaxLoadsInFlight = 63;

namespace {
/// Finds, walking backwards, how many register loads are surely issued after
/// the last gather.
class LoadCounter {
public:
  /// The count at `op`, or nothing if no gather precedes it on any path.
  std::optional<unsigned> countBefore(Operation *op) {
    return countFrom(op->getBlock(), Block::iterator(op));
  }

private:
  /// The smaller of two paths' counts; a path without a gather does not matter.
  static std::optional<unsigned> join(std::optional<unsigned> a,
                                      std::optional<unsigned> b) {
    if (!a || !b)
      return a ? a : b;
    return std::min(*a, *b);
  }

  std::optional<unsigned> countEnd(Block *block) {
    return countFrom(block, block->end());
  }

  /// Counts backwards from `it`. `loads` is what follows `it` already.
  std::optional<unsigned> countFrom(Block *block, Block::iterator it) {
    unsigned loads = 0;
    while (it != block->begin()) {
      Operation *op = &*--it;
      if (isa<ROCDL::RawPtrBufferLoadLdsOp>(op))
        return loads;
      if (isa<ROCDL::RawPtrBufferLoadOp>(op)) {
        ++loads;
        continue;
      }
      if (op->getNumRegions() == 0)
        continue;
      if (std::optional<unsigned> inside = countInside(op))
        // Only a loop's last trip is sure to be the last gather; behind any
        // other region the path around it counts as well.
        return join(*inside + loads, addTo(countFrom(block, it), loads));
    }
    return addTo(countAbove(block), loads);
  }

  static std::optional<unsigned> addTo(std::optional<unsigned> count,
                                       unsigned loads) {
    if (count)
      *count += loads;
    return count;
  }

  std::optional<unsigned> countInside(Operation *op) {
    std::optional<unsigned> result;
    for (Region &region : op->getRegions())
      for (Block &block : region)
        if (visiting.insert(&block).second) {
          result = join(result, countEnd(&block));
          visiting.erase(&block);
        }
    return result;
  }

  /// What precedes the first op of `block`: what stands before the op that
  /// holds it and, in a loop, the block's own end.
  std::optional<unsigned> countAbove(Block *block) {
    Operation *parent = block->getParentOp();
    if (isa<gpu::GPUFuncOp>(parent))
      return std::nullopt;
    std::optional<unsigned> result;
    if (!isa<scf::IfOp>(parent) && visiting.insert(block).second) {
      result = countEnd(block);
      visiting.erase(block);
    }
    return join(result, countBefore(parent));
  }

  llvm::SmallPtrSet<Block *, 8> visiting;
};

/// Pins the register loads of a loop's step ahead of its arithmetic: to save
/// registers the back end would move them behind it, and leave them no time to
/// arrive. Not without LDS DMA, where the gather's stores to LDS, which do have
/// to wait, stand ahead of the loads. Not where the accumulators alone are half
/// of the registers that arithmetic can name: there it would copy them to and
/// fro.
void pinLoads(scf::ForOp loop) {
  int64_t accumulators = 0;
  for (Type type : loop.getResultTypes())
    if (auto vector = dyn_cast<VectorType>(type))
      if (vector.getElementType().isF32())
        accumulators += vector.getNumElements();
  if (accumulators >= 128 ||
      loop.getBody()->getOps<ROCDL::RawPtrBufferLoadLdsOp>().empty())
    return;
  Operation *last = nullptr;
  SmallVector<Operation *> lasts;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (isa<ROCDL::RawPtrBufferLoadOp>(op))
      last = &op;
    if ((isa<SyncOp>(op) ||
         op.getNextNode() == loop.getBody()->getTerminator()) &&
        last)
      lasts.push_back(std::exchange(last, nullptr));
  }
  OpBuilder b(loop.getContext());
  for (Operation *op : lasts) {
    b.setInsertionPointAfter(op);
    pinOrder(b, op->getLoc());
  }
}

struct MoEInsertWaitsPass
    : moe::impl::MoEInsertWaitsPassBase<MoEInsertWaitsPass> {
  void runOnOperation() override {
    SmallVector<std::pair<SyncOp, std::optional<unsigned>>> syncs;
    llvm::SetVector<scf::ForOp> loops;
    getOperation().walk([&](SyncOp op) {
      syncs.emplace_back(op, LoadCounter().countBefore(op));
      if (auto loop = dyn_cast<scf::ForOp>(op->getParentOp()))
        loops.insert(loop);
    });
    for (scf::ForOp loop : loops)
      pinLoads(loop);
    for (auto [op, loads] : syncs) {
      ImplicitLocOpBuilder b(op.getLoc(), op);
      pinOrder(b, op.getLoc());
      if (loads)
        amdgpu::MemoryCounterWaitOp::create(
            b, /*load=*/
            b.getI32IntegerAttr(std::min(*loads, kMaxLoadsInFlight)),
            /*store=*/nullptr, /*ds=*/nullptr, /*exp=*/nullptr,
            /*tensor=*/nullptr);
      amdgpu::LDSBarrierOp::create(b);
      pinOrder(b, op.getLoc());
      op.erase();
    }
  }
};
} // namespace
