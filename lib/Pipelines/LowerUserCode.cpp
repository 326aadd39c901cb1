// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-lower-user-code: copies between memrefs that are not contiguous become
// loops, and allocas move into the private memory space.

#include "LowerUserCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

/// True of a memref that upstream copies by memcpy.
static bool isContiguous(MemRefType type) {
  return type.getLayout().isIdentity() ||
         (type.hasStaticShape() && type.getNumElements() > 0 &&
          memref::isStaticShapeAndContiguousRowMajor(type));
}

namespace {
/// Upstream makes a call of memrefCopy, a function of the host, of it.
struct CopyByLoops : OpRewritePattern<memref::CopyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::CopyOp op,
                                PatternRewriter &rewriter) const override {
    auto from = dyn_cast<MemRefType>(op.getSource().getType());
    auto to = dyn_cast<MemRefType>(op.getTarget().getType());
    if (!from || !to || !from.isStrided() || !to.isStrided() ||
        (isContiguous(from) && isContiguous(to)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, value);
    };
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < from.getRank(); ++dim)
      if (!from.isDynamicDim(dim))
        sizes.push_back(constant(from.getDimSize(dim)));
      else if (!to.isDynamicDim(dim))
        sizes.push_back(constant(to.getDimSize(dim)));
      else
        sizes.push_back(memref::DimOp::create(b, op.getSource(), dim));
    SmallVector<Value> lower(sizes.size(), constant(0));
    SmallVector<Value> steps(sizes.size(), constant(1));
    scf::buildLoopNest(
        b, op.getLoc(), lower, sizes, steps,
        [&](OpBuilder &builder, Location loc, ValueRange indices) {
          Value element =
              memref::LoadOp::create(builder, loc, op.getSource(), indices);
          memref::StoreOp::create(builder, loc, element, op.getTarget(),
                                  indices);
        });
    rewriter.eraseOp(op);
    return success();
  }
};

/// LLVM has allocas of this target in address space 5 only. Whoever uses the
/// memory has a generic pointer, as before.
struct PrivateAlloca : OpRewritePattern<memref::AllocaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::AllocaOp op,
                                PatternRewriter &rewriter) const override {
    MemRefType type = op.getType();
    auto space = dyn_cast_or_null<IntegerAttr>(type.getMemorySpace());
    if (type.getMemorySpace() && !(space && space.getInt() == 0))
      return failure();
    auto inPrivate = gpu::AddressSpaceAttr::get(rewriter.getContext(),
                                                gpu::AddressSpace::Private);
    auto own = memref::AllocaOp::create(
        rewriter, op.getLoc(),
        MemRefType::get(type.getShape(), type.getElementType(),
                        type.getLayout(), inPrivate),
        op.getDynamicSizes(), op.getSymbolOperands(), op.getAlignmentAttr());
    rewriter.replaceOpWithNewOp<memref::MemorySpaceCastOp>(op, type, own);
    return success();
  }
};

struct LowerUserCodePass
    : PassWrapper<LowerUserCodePass, OperationPass<gpu::GPUModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerUserCodePass)

  StringRef getArgument() const override { return "moe-lower-user-code"; }
  StringRef getDescription() const override {
    return "copies of rows to loops, allocas to the private memory space";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, gpu::GPUDialect, memref::MemRefDialect,
                    scf::SCFDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<CopyByLoops, PrivateAlloca>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> moe::createLowerUserCodePass() {
  return std::make_unique<LowerUserCodePass>();
}
