// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonicalizations of moe.grouped_gemm: operands that change nothing go.

#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace moe;

/// A constant whose elements are all positive zeros, or a tensor that some op
/// has just filled with one.
static bool isZero(Value value) {
  DenseElementsAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return constant.isSplat() && constant.getSplatValue<APFloat>().isPosZero();
  // linalg.fill, by name: the dialect of its own is not needed for more.
  Operation *fill = value.getDefiningOp();
  return fill && fill->getName().getStringRef() == "linalg.fill" &&
         fill->getNumResults() == 1 &&
         matchPattern(fill->getOperand(0), m_PosZeroFloat());
}

namespace {
/// Adding a bias of zeros changes nothing: a sum of products that is -0 is
/// rounded to a zero all the same.
struct DropZeroBias : OpRewritePattern<GroupedGemmOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GroupedGemmOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getBias() || !isZero(op.getBias()))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getBiasMutable().clear(); });
    return success();
  }
};

/// Into zeros, with one addition to each element, a store gives the same: rows
/// that nothing is routed to keep their zeros either way.
struct StoreIntoZeros : OpRewritePattern<GroupedGemmOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GroupedGemmOp op,
                                PatternRewriter &rewriter) const override {
    ScheduleAttr schedule = op.getScheduleAttr();
    bool oneAddition = op.getTopk() == 1 || op.hasRowPerSlot();
    if (!op.getAccumulate() || !oneAddition ||
        (schedule && schedule.getKBatch() != 1) ||
        !isa<TensorType>(op.getOut().getType()) || !isZero(op.getOut()))
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.setAccumulate(false);
      op.setPerSlot(false);
    });
    return success();
  }
};

/// A cast to a less static type hides what the op could know. One to a more
/// static type says what the op has to know, such as a list's length, and
/// stays: memref::foldMemRefCast would take it away too.
struct FoldCasts : OpRewritePattern<GroupedGemmOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GroupedGemmOp op,
                                PatternRewriter &rewriter) const override {
    bool folded = false;
    for (OpOperand &operand : op->getOpOperands()) {
      auto cast = operand.get().getDefiningOp<memref::CastOp>();
      if (!cast || !memref::CastOp::canFoldIntoConsumerOp(cast))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(cast.getSource()); });
      folded = true;
    }
    return success(folded);
  }
};
} // namespace

void GroupedGemmOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                MLIRContext *context) {
  patterns.add<DropZeroBias, StoreIntoZeros, FoldCasts>(context);
}
