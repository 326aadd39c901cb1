// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-lower-user-code: copies between memrefs that are not contiguous become
// loops, allocas move into the private memory space, and math ops that the
// hardware has do not become calls of AMD's device libraries.

#include "LowerUserCode.h"

#include "moe/Target/MemorySpace.h"

#include "mlir/Conversion/ArithCommon/AttrToLLVMConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

/// True for a memref that upstream copies by memcpy.
static bool isContiguous(MemRefType type) {
  return type.getLayout().isIdentity() ||
         (type.hasStaticShape() && type.getNumElements() > 0 &&
          memref::isStaticShapeAndContiguousRowMajor(type));
}

namespace {
/// Upstream lowers it to a call of memrefCopy, a function of the host.
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

/// On this target LLVM has allocas in address space 5 only. Users of the memory
/// still get a generic pointer.
struct PrivateAlloca : OpRewritePattern<memref::AllocaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::AllocaOp op,
                                PatternRewriter &rewriter) const override {
    MemRefType type = op.getType();
    if (moe::getAddressSpace(type) != llvm::AMDGPUAS::FLAT_ADDRESS)
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

/// A math op to LLVM's intrinsic, which the back end has instructions for. It
/// is called by name: upstream's conversion to ROCDL refuses most of the ops of
/// the LLVM dialect that stand for such an intrinsic.
template <typename From>
struct NativeMath : OpRewritePattern<From> {
  NativeMath(MLIRContext *context, StringRef intrinsic, bool of32BitsOnly)
      : OpRewritePattern<From>(context), intrinsic(intrinsic),
        of32BitsOnly(of32BitsOnly) {}

  LogicalResult matchAndRewrite(From op,
                                PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op.getType());
    if (of32BitsOnly ? !element.isF32()
                     : !element.isF16() && !element.isBF16() &&
                           !element.isF32() && !element.isF64())
      return failure();
    Location loc = op.getLoc();
    auto flags = LLVM::FastmathFlagsAttr::get(
        op.getContext(),
        arith::convertArithFastMathFlagsToLLVM(op.getFastmath()));
    auto call = [&](Value in) -> Value {
      return LLVM::CallIntrinsicOp::create(
                 rewriter, loc, TypeRange(in.getType()),
                 rewriter.getStringAttr(intrinsic), ValueRange(in), flags)
          ->getResult(0);
    };
    auto vector = dyn_cast<VectorType>(op.getType());
    if (!vector || vector.getRank() == 1) {
      rewriter.replaceOp(op, call(op.getOperand()));
      return success();
    }
    // Rows: LLVM has vectors of one dimension.
    if (vector.isScalable() || vector.getRank() == 0)
      return failure();
    Value result = ub::PoisonOp::create(rewriter, loc, vector);
    SmallVector<int64_t> unit(vector.getRank() - 1, 1);
    for (SmallVector<int64_t> at :
         StaticTileOffsetRange(vector.getShape().drop_back(), unit)) {
      Value row = vector::ExtractOp::create(rewriter, loc, op.getOperand(), at);
      result = vector::InsertOp::create(rewriter, loc, call(row), result, at);
    }
    rewriter.replaceOp(op, result);
    return success();
  }

  StringRef intrinsic;
  bool of32BitsOnly;
};

/// Exponentials and the like of 16 bits: those of f32, rounded.
template <typename Op>
struct MathOf16Bits : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    if (!element.isF16() && !element.isBF16())
      return failure();
    Type wide = rewriter.getF32Type();
    if (auto shaped = dyn_cast<VectorType>(type))
      wide = shaped.clone(wide);
    Location loc = op.getLoc();
    Value in = arith::ExtFOp::create(rewriter, loc, wide, op.getOperand());
    Value out = Op::create(rewriter, loc, in, op.getFastmath());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, type, out);
    return success();
  }
};

/// Both steps round as IEEE says.
struct RsqrtByDivision : OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::RsqrtOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF64())
      return failure();
    Location loc = op.getLoc();
    Value root =
        math::SqrtOp::create(rewriter, loc, op.getOperand(), op.getFastmath());
    Value unit = createScalarOrSplatConstant(
        rewriter, loc, type,
        llvm::APFloat::getOne(cast<FloatType>(element).getFloatSemantics()));
    rewriter.replaceOpWithNewOp<arith::DivFOp>(op, unit, root,
                                               op.getFastmath());
    return success();
  }
};

struct LowerUserCodePass
    : PassWrapper<LowerUserCodePass, OperationPass<gpu::GPUModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerUserCodePass)

  StringRef getArgument() const override { return "moe-lower-user-code"; }
  StringRef getDescription() const override {
    return "copies to loops, allocas to private memory, math to instructions";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, gpu::GPUDialect, LLVM::LLVMDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    ub::UBDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    MLIRContext *context = &getContext();
    patterns.add<CopyByLoops, PrivateAlloca, RsqrtByDivision,
                 MathOf16Bits<math::ExpOp>, MathOf16Bits<math::Exp2Op>,
                 MathOf16Bits<math::LogOp>, MathOf16Bits<math::Log2Op>,
                 MathOf16Bits<math::Log10Op>, MathOf16Bits<math::RsqrtOp>>(
        context);
    patterns.add<NativeMath<math::FloorOp>>(context, "llvm.floor", false);
    patterns.add<NativeMath<math::CeilOp>>(context, "llvm.ceil", false);
    patterns.add<NativeMath<math::Exp2Op>>(context, "llvm.exp2", true);
    patterns.add<NativeMath<math::Log2Op>>(context, "llvm.log2", true);
    patterns.add<NativeMath<math::Log10Op>>(context, "llvm.log10", true);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> moe::createLowerUserCodePass() {
  return std::make_unique<LowerUserCodePass>();
}
