// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-exact-user-code: what MLIR or LLVM 22 turn into other numbers. It runs
// ahead of the first CSE, which takes an op in a vector.mask for the same op
// without a mask.

#include "ExactUserCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;
using llvm::APFloat;
using llvm::APInt;

/// The neutral element of a reduction of floats: with nnan or ninf the next
/// best number, since the element itself would be undefined.
static APFloat getNeutral(vector::CombiningKind kind, FloatType type,
                          arith::FastMathFlags flags) {
  using Kind = vector::CombiningKind;
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  if (kind == Kind::ADD)
    return APFloat::getZero(semantics, /*Negative=*/true);
  if (kind == Kind::MUL)
    return APFloat::getOne(semantics);
  // minnum and maxnum give the other number, and NaN if there is none.
  bool losesToAll = kind == Kind::MINNUMF || kind == Kind::MAXNUMF;
  if (losesToAll &&
      !arith::bitEnumContainsAll(flags, arith::FastMathFlags::nnan))
    return APFloat::getQNaN(semantics);
  bool below = kind == Kind::MAXIMUMF || kind == Kind::MAXNUMF;
  return arith::bitEnumContainsAll(flags, arith::FastMathFlags::ninf)
             ? APFloat::getLargest(semantics, below)
             : APFloat::getInf(semantics, below);
}

static APInt getNeutral(vector::CombiningKind kind, unsigned bits) {
  switch (kind) {
  case vector::CombiningKind::MUL:
    return APInt(bits, 1);
  case vector::CombiningKind::AND:
  case vector::CombiningKind::MINUI:
    return APInt::getAllOnes(bits);
  case vector::CombiningKind::MINSI:
    return APInt::getSignedMaxValue(bits);
  case vector::CombiningKind::MAXSI:
    return APInt::getSignedMinValue(bits);
  default:
    return APInt::getZero(bits);
  }
}

/// A type with the shape of `like`.
static Type withShapeOf(Type like, Type element) {
  auto shaped = dyn_cast<VectorType>(like);
  return shaped ? Type(shaped.clone(element)) : element;
}

namespace {
/// A reduction of which a mask leaves elements out: of their neutral elements.
/// Upstream has the smallest denormal for maximumf, and the largest number for
/// minimumf.
struct SelectForReduction : OpRewritePattern<vector::MaskOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::MaskOp op,
                                PatternRewriter &rewriter) const override {
    Operation *inner = op.getMaskableOp();
    if (!inner || op.hasPassthru())
      return failure();
    vector::CombiningKind kind;
    auto flags = arith::FastMathFlags::none;
    if (auto reduction = dyn_cast<vector::ReductionOp>(inner)) {
      kind = reduction.getKind();
      flags = reduction.getFastmath();
    } else if (auto many = dyn_cast<vector::MultiDimReductionOp>(inner)) {
      kind = many.getKind();
    } else {
      return failure();
    }
    Value source = inner->getOperand(0);
    auto type = cast<VectorType>(source.getType());
    Type element = type.getElementType();
    Location loc = inner->getLoc();
    Value others;
    if (auto floats = dyn_cast<FloatType>(element))
      others = createScalarOrSplatConstant(rewriter, loc, type,
                                           getNeutral(kind, floats, flags));
    else
      others = createScalarOrSplatConstant(
          rewriter, loc, type,
          getNeutral(kind, element.isIndex()
                               ? IndexType::kInternalStorageBitWidth
                               : element.getIntOrFloatBitWidth()));
    Value selected =
        arith::SelectOp::create(rewriter, loc, op.getMask(), source, others);
    Operation *reduction = rewriter.clone(*inner);
    reduction->setOperand(0, selected);
    rewriter.replaceOp(op, reduction->getResults());
    return success();
  }
};

/// To one bit: LLVM's back end compares with 1 or -1 in place of rounding
/// towards zero.
template <typename Op>
struct ConvertToBit : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isInteger(1))
      return failure();
    Value integer =
        Op::create(rewriter, op.getLoc(),
                   withShapeOf(type, rewriter.getI32Type()), op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncIOp>(op, type, integer);
    return success();
  }
};

} // namespace

/// f64 to bf16, rounded once: what the back end does in two steps, with the f32
/// between rounded to odd. If it is not exact and its last bit is 0, it becomes
/// its neighbour on the other side of the f64.
static Value truncateToBF16(PatternRewriter &rewriter, Location loc,
                            Value value) {
  using Predicate = arith::CmpIPredicate;
  Type type = value.getType();
  Type f32 = withShapeOf(type, rewriter.getF32Type());
  Type i32 = withShapeOf(type, rewriter.getI32Type());
  Type i64 = withShapeOf(type, rewriter.getI64Type());
  auto constant = [&](Type of, int64_t number) {
    return createScalarOrSplatConstant(rewriter, loc, of, number);
  };
  // The bits of a magnitude are in the order of its values.
  auto magnitude = [&](Value number) -> Value {
    Value bits = arith::BitcastOp::create(rewriter, loc, i64, number);
    return arith::AndIOp::create(rewriter, loc, bits, constant(i64, INT64_MAX));
  };
  Value nearest = arith::TruncFOp::create(rewriter, loc, f32, value);
  Value back = arith::ExtFOp::create(rewriter, loc, type, nearest);
  Value differs = arith::CmpFOp::create(rewriter, loc,
                                        arith::CmpFPredicate::ONE, back, value);
  Value above = arith::CmpIOp::create(rewriter, loc, Predicate::ugt,
                                      magnitude(back), magnitude(value));
  Value bits = arith::BitcastOp::create(rewriter, loc, i32, nearest);
  Value last = arith::AndIOp::create(rewriter, loc, bits, constant(i32, 1));
  Value isEven = arith::CmpIOp::create(rewriter, loc, Predicate::eq, last,
                                       constant(i32, 0));
  Value step = arith::SelectOp::create(rewriter, loc, above, constant(i32, -1),
                                       constant(i32, 1));
  Value odd = arith::AddIOp::create(rewriter, loc, bits, step);
  Value moves = arith::AndIOp::create(rewriter, loc, differs, isEven);
  Value chosen = arith::SelectOp::create(rewriter, loc, moves, odd, bits);
  Value rounded = arith::BitcastOp::create(rewriter, loc, f32, chosen);
  return arith::TruncFOp::create(
      rewriter, loc, withShapeOf(type, rewriter.getBF16Type()), rounded);
}

namespace {
/// To bf16 of more bits than f32 holds: the back end rounds to f32 and again.
/// By way of f64, which holds up to 53 bits.
template <typename Op>
struct ConvertToBF16 : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    Type from = getElementTypeOrSelf(op.getIn().getType());
    if (!getElementTypeOrSelf(type).isBF16() ||
        from.getIntOrFloatBitWidth() <= 24)
      return failure();
    Value exact =
        Op::create(rewriter, op.getLoc(),
                   withShapeOf(type, rewriter.getF64Type()), op.getIn());
    rewriter.replaceOp(op, truncateToBF16(rewriter, op.getLoc(), exact));
    return success();
  }
};

/// The same of f64.
struct TruncateToBF16 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF64())
      return failure();
    rewriter.replaceOp(op, truncateToBF16(rewriter, op.getLoc(), op.getIn()));
    return success();
  }
};

/// What says the default: a rounding mode makes a constrained intrinsic, which
/// the back end has for few types.
struct DropNearestEven : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getRoundingmode() != arith::RoundingMode::to_nearest_even)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.removeRoundingmodeAttr(); });
    return success();
  }
};

/// Of more than 64 bits, where upstream's -1 has zeros above them.
struct ExpandWideFloorDiv : OpRewritePattern<arith::FloorDivSIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::FloorDivSIOp op,
                                PatternRewriter &rewriter) const override {
    using Predicate = arith::CmpIPredicate;
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    if (element.isIndex() || element.getIntOrFloatBitWidth() <= 64)
      return failure();
    Location loc = op.getLoc();
    auto constant = [&](const APInt &value) {
      return createScalarOrSplatConstant(rewriter, loc, type, value);
    };
    const unsigned bits = element.getIntOrFloatBitWidth();
    Value a = op.getLhs(), b = op.getRhs();
    Value zero = constant(APInt::getZero(bits));
    auto compare = [&](Predicate how, Value x, Value y) -> Value {
      return arith::CmpIOp::create(rewriter, loc, how, x, y);
    };
    Value quotient = arith::DivSIOp::create(rewriter, loc, a, b);
    Value rest = arith::RemSIOp::create(rewriter, loc, a, b);
    // Rounded towards zero, it is one too large where the signs differ.
    Value differ = compare(Predicate::ne, compare(Predicate::slt, a, zero),
                           compare(Predicate::slt, b, zero));
    Value above = arith::AndIOp::create(rewriter, loc, differ,
                                        compare(Predicate::ne, rest, zero));
    Value less = arith::AddIOp::create(rewriter, loc, quotient,
                                       constant(APInt::getAllOnes(bits)));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, above, less, quotient);
    return success();
  }
};

struct ExactUserCodePass
    : PassWrapper<ExactUserCodePass, OperationPass<gpu::GPUModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExactUserCodePass)

  StringRef getArgument() const override { return "moe-exact-user-code"; }
  StringRef getDescription() const override {
    return "user code that upstream computes wrong, in other ops";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SelectForReduction, ConvertToBit<arith::FPToUIOp>,
                 ConvertToBit<arith::FPToSIOp>, ConvertToBF16<arith::UIToFPOp>,
                 ConvertToBF16<arith::SIToFPOp>, TruncateToBF16,
                 DropNearestEven, ExpandWideFloorDiv>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    // Other masked ops differ from their twins without a mask by an attribute.
    getOperation().walk([&](vector::MaskOp op) {
      if (Operation *inner = op.getMaskableOp())
        inner->setDiscardableAttr("masked", UnitAttr::get(&getContext()));
    });
  }
};
} // namespace

std::unique_ptr<Pass> moe::createExactUserCodePass() {
  return std::make_unique<ExactUserCodePass>();
}
