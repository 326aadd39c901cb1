// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-share-buffers: the heap of host code as memory that kernels reach.

#include "moe/Dialect/MoE/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe {
#define GEN_PASS_DEF_MOESHAREBUFFERSPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;

static LogicalResult share(memref::AllocOp op) {
  MemRefType type = op.getType();
  if (type.getMemorySpace())
    return success();
  if (!type.getLayout().isIdentity())
    return op.emitOpError("expected an allocation of contiguous rows to share "
                          "with kernels, got ")
           << type;
  // What allocators of device memory give.
  constexpr int64_t most = 256;
  if (op.getAlignment().value_or(0) > most)
    return op.emitOpError("expected an alignment of at most ")
           << most << " bytes of memory to share with kernels, got "
           << *op.getAlignment();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto shared = gpu::AllocOp::create(
      b, type, /*asyncToken=*/Type(), /*asyncDependencies=*/ValueRange(),
      op.getDynamicSizes(), /*symbolOperands=*/ValueRange(),
      /*hostShared=*/true);
  op.getResult().replaceAllUsesWith(shared.getMemref());
  op.erase();
  return success();
}

/// Memory that is shared already is not registered as well.
template <typename RegisterOp>
static void dropIfShared(RegisterOp op) {
  Value memory = op.getValue();
  while (auto cast = memory.getDefiningOp<memref::CastOp>())
    memory = cast.getSource();
  auto alloc = memory.getDefiningOp<gpu::AllocOp>();
  if (alloc && alloc.getHostShared())
    op.erase();
}

/// There is no gpu.dealloc that waits for itself.
static void release(memref::DeallocOp op) {
  if (cast<BaseMemRefType>(op.getMemref().getType()).getMemorySpace())
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Type token = gpu::AsyncTokenType::get(b.getContext());
  Value start = gpu::WaitOp::create(b, token, ValueRange()).getAsyncToken();
  auto dealloc = gpu::DeallocOp::create(b, token, start, op.getMemref());
  gpu::WaitOp::create(b, Type(), dealloc.getAsyncToken());
  op.erase();
}

namespace {
struct MoEShareBuffersPass
    : moe::impl::MoEShareBuffersPassBase<MoEShareBuffersPass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk<WalkOrder::PreOrder>([](Operation
                                                                        *op) {
      if (isa<gpu::GPUModuleOp, gpu::LaunchOp>(op))
        return WalkResult::skip();
      if (auto alloc = dyn_cast<memref::AllocOp>(op))
        return WalkResult(share(alloc));
      // They would end in free() of memory that is not malloc()'s.
      if (isa<bufferization::DeallocOp, memref::ReallocOp>(op))
        return WalkResult(op->emitOpError(
            "expected to be lowered before -moe-share-buffers, by "
            "-buffer-deallocation-pipeline or -expand-realloc"));
      if (isa<bufferization::CloneOp>(op))
        return WalkResult(op->emitOpError(
            "expected to be lowered before -moe-share-buffers, by "
            "-convert-bufferization-to-memref"));
      if (auto dealloc = dyn_cast<memref::DeallocOp>(op)) {
        if (isa<UnrankedMemRefType>(dealloc.getMemref().getType()))
          return WalkResult(
              op->emitOpError(
                  "expected memory of a known rank to share with kernels, got ")
              << dealloc.getMemref().getType());
        release(dealloc);
      } else if (auto reg = dyn_cast<gpu::HostRegisterOp>(op))
        dropIfShared(reg);
      else if (auto unreg = dyn_cast<gpu::HostUnregisterOp>(op))
        dropIfShared(unreg);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
