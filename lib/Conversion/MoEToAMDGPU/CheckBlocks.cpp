// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The block of a kernel's launch against the threads that its tile ops name.

#include "CheckBlocks.h"

#include "moe/Dialect/MoE/IR/MoE.h"

using namespace mlir;
using namespace moe;

/// The threads that a tile op shares its work among; 0 where it says none.
static int64_t getThreadsOf(Operation *op) {
  if (auto tile = dyn_cast<RouteRowsOp>(op))
    return tile.getThreads();
  if (auto tile = dyn_cast<ReduceGroupsOp>(op))
    return tile.getThreads();
  auto tile = dyn_cast<ScatterOp>(op);
  return tile ? tile.getThreads() : 0;
}

/// Lanes and waves are numbered by the thread's x: the tile ops of a kernel
/// whose block is known expect whole waves along it, as many as they say.
static LogicalResult checkBlock(gpu::GPUFuncOp function) {
  std::optional<ArrayRef<int32_t>> block = function.getKnownBlockSize();
  if (!block)
    return success();
  ArrayRef<int32_t> size = *block;
  bool isLine = size[1] == 1 && size[2] == 1 && size[0] % 64 == 0;
  WalkResult result = function.walk([&](Operation *op) {
    if (!isa_and_nonnull<MoEDialect>(op->getDialect()) ||
        isa<PreshuffledOp, SyncOp>(op))
      return WalkResult::advance();
    if (!isLine) {
      op->emitOpError("expected a workgroup of N x 1 x 1 threads, N a multiple "
                      "of 64, got ")
          << size[0] << " x " << size[1] << " x " << size[2];
      return WalkResult::interrupt();
    }
    int64_t threads = getThreadsOf(op);
    // Groups of waves may gather for themselves.
    bool fits = isa<RouteRowsOp>(op) ? threads && size[0] % threads == 0
                                     : !threads || threads == size[0];
    if (fits)
      return WalkResult::advance();
    op->emitOpError("expected threads to be ")
        << (isa<RouteRowsOp>(op) ? "a divisor of " : "") << "the " << size[0]
        << " of the workgroup, got " << threads;
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult moe::checkBlocks(gpu::GPUModuleOp module) {
  WalkResult result = module->walk([](gpu::GPUFuncOp function) {
    return failed(checkBlock(function)) ? WalkResult::interrupt()
                                        : WalkResult::skip();
  });
  return failure(result.wasInterrupted());
}
