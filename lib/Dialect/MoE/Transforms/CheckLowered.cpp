// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-check-lowered: what a pipeline was to lower and did not is an error at
// the op, whatever the reason: a dialect or an interface that the program did
// not register, or an op that no pass knows.

#include "moe/Dialect/MoE/IR/RoutingOps.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace moe {
#define GEN_PASS_DEF_MOECHECKLOWEREDPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// Ops of the moe dialect: none of the kernel level is left, or none at all.
static LogicalResult checkMoE(Operation *op, bool allowTileOps) {
  if (!isa_and_nonnull<MoEDialect>(op->getDialect()))
    return success();
  // In host code it only gives bytes a type.
  if (isa<PreshuffledOp>(op) && !op->getParentOfType<gpu::GPUModuleOp>())
    return success();
  if (allowTileOps && !isKernelLevel(op) && !isa<PingpongOp>(op))
    return success();
  return op->emitOpError("was not lowered by the pipeline");
}

/// Ops of a gpu.module that can be translated to LLVM IR.
static LogicalResult checkTranslatable(Operation *op) {
  // A cast is left beside an op that was not lowered; that op is the cause.
  if (isa<UnrealizedConversionCastOp>(op))
    return success();
  if (isa_and_nonnull<LLVM::LLVMDialect, ROCDL::ROCDLDialect>(
          op->getDialect()) ||
      isa<gpu::GPUModuleOp>(op))
    return success();
  return op->emitOpError("was not lowered by the pipeline, which knows no "
                         "conversion of it to LLVM or ROCDL ops; lower it "
                         "before, or register what converts its dialect");
}

static LogicalResult checkCast(UnrealizedConversionCastOp op) {
  return op->emitOpError("was left by the pipeline: a type has no LLVM type, "
                         "got ")
         << op->getOperandTypes() << " to " << op->getResultTypes();
}

namespace {
struct MoECheckLoweredPass
    : moe::impl::MoECheckLoweredPassBase<MoECheckLoweredPass> {
  using MoECheckLoweredPassBase::MoECheckLoweredPassBase;

  void runOnOperation() override {
    WalkResult result = getOperation().walk(
        [&](Operation *op) { return WalkResult(checkMoE(op, !translatable)); });
    if (!result.wasInterrupted() && translatable)
      for (auto module : getOperation().getOps<gpu::GPUModuleOp>())
        if (!isForeign(module) && !result.wasInterrupted())
          result = checkModule(module);
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  static WalkResult checkModule(gpu::GPUModuleOp module) {
    // An op with regions comes before the ops in them.
    WalkResult result = module.walk<WalkOrder::PreOrder>(
        [](Operation *op) { return WalkResult(checkTranslatable(op)); });
    if (result.wasInterrupted())
      return result;
    return module.walk([](UnrealizedConversionCastOp op) {
      return WalkResult(checkCast(op));
    });
  }
};
} // namespace
