// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.shuffle is within groups of `width` lanes, each like the first `width`
// lanes of which its description speaks: a lane is valid if the one it asks for
// is in its group, and otherwise has a value that is not specified. Upstream's
// -convert-gpu-to-rocdl compares the other lane's number, as a signed one, with
// the end of the own group, which lanes below the group pass as well; it takes
// the offset of `idx` for a lane of the wave; and it knows no other widths than
// powers of two.

#include "LaneOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

using Mode = gpu::ShuffleMode;
using Predicate = arith::CmpIPredicate;

namespace {
/// Makes ops of the number of the lane, as i32.
class LaneNumbers : public ImplicitLocOpBuilder {
public:
  LaneNumbers(Operation *op, OpBuilder &builder)
      : ImplicitLocOpBuilder(op->getLoc(), builder),
        lane(arith::IndexCastOp::create(
            *this, getI32Type(),
            gpu::LaneIdOp::create(*this, /*upper_bound=*/nullptr))) {}

  Value constant(int64_t value) {
    return arith::ConstantIntOp::create(*this, value, 32);
  }
  Value compare(Predicate predicate, Value left, Value right) {
    return arith::CmpIOp::create(*this, predicate, left, right);
  }
  Value add(Value left, Value right) {
    return arith::AddIOp::create(*this, left, right);
  }
  Value subtract(Value left, Value right) {
    return arith::SubIOp::create(*this, left, right);
  }

  Value lane;
};

/// The lane that one asks for, and whether it is one of its group.
struct Source {
  Value lane, valid;
};
} // namespace

/// Whether groups of `width` lanes certainly fill a wave.
static bool dividesWave(Value width, unsigned waveLanes) {
  std::optional<int64_t> lanes = getConstantIntValue(width);
  return lanes && *lanes > 0 && waveLanes % *lanes == 0;
}

static Source getSource(LaneNumbers &b, gpu::ShuffleOp op, unsigned waveLanes) {
  Value width = op.getWidth(), offset = op.getOffset();
  Value place = arith::RemUIOp::create(b, b.lane, width);
  Source source;
  switch (op.getMode()) {
  case Mode::XOR:
    source.lane = arith::XOrIOp::create(b, place, offset);
    source.valid = b.compare(Predicate::ult, source.lane, width);
    break;
  case Mode::IDX:
    source.lane = offset;
    source.valid = b.compare(Predicate::ult, offset, width);
    break;
  case Mode::UP:
    source.lane = b.subtract(place, offset);
    source.valid = b.compare(Predicate::uge, place, offset);
    break;
  case Mode::DOWN:
    source.lane = b.add(place, offset);
    source.valid = b.compare(Predicate::ult, offset, b.subtract(width, place));
    break;
  }
  source.lane = b.add(b.subtract(b.lane, place), source.lane);
  if (!dividesWave(width, waveLanes))
    source.valid = arith::AndIOp::create(
        b, source.valid,
        b.compare(Predicate::ult, source.lane, b.constant(waveLanes)));
  return source;
}

namespace {
/// The flag of a shuffle, and the value where upstream's is another one.
struct ShuffleInGroups : OpRewritePattern<gpu::ShuffleOp> {
  ShuffleInGroups(MLIRContext *context, unsigned waveLanes)
      : OpRewritePattern(context), waveLanes(waveLanes) {}

  /// Whether lanes that are valid get the right value from upstream.
  bool hasRightValue(gpu::ShuffleOp op) const {
    return dividesWave(op.getWidth(), waveLanes) &&
           (op.getMode() != Mode::IDX ||
            getConstantIntValue(op.getWidth()) == waveLanes);
  }

  LogicalResult matchAndRewrite(gpu::ShuffleOp op,
                                PatternRewriter &rewriter) const override {
    bool isRight = hasRightValue(op);
    if (isRight && op.getValid().use_empty())
      return failure();
    LaneNumbers b(op, rewriter);
    Source source = getSource(b, op, waveLanes);
    if (isRight) {
      rewriter.replaceAllUsesWith(op.getValid(), source.valid);
      return success();
    }
    Value lane = arith::SelectOp::create(b, source.valid, source.lane, b.lane);
    auto shuffle = gpu::ShuffleOp::create(b, op.getValue(), lane,
                                          b.constant(waveLanes), Mode::IDX);
    rewriter.replaceOp(op, {shuffle.getShuffleResult(), source.valid});
    return success();
  }

  unsigned waveLanes;
};

/// A rotation is in all groups; its flag says which lanes are of the first.
struct RotateToShuffle : OpRewritePattern<gpu::RotateOp> {
  RotateToShuffle(MLIRContext *context, unsigned waveLanes)
      : OpRewritePattern(context), waveLanes(waveLanes) {}

  LogicalResult matchAndRewrite(gpu::RotateOp op,
                                PatternRewriter &rewriter) const override {
    LaneNumbers b(op, rewriter);
    Value width = b.constant(op.getWidth());
    Value place = arith::RemUIOp::create(b, b.lane, width);
    Value other = arith::RemUIOp::create(
        b, b.add(b.lane, b.constant(op.getOffset())), width);
    auto shuffle = gpu::ShuffleOp::create(
        b, op.getValue(), b.add(b.subtract(b.lane, place), other),
        b.constant(waveLanes), Mode::IDX);
    rewriter.replaceOp(op, {shuffle.getShuffleResult(),
                            b.compare(Predicate::ult, b.lane, width)});
    return success();
  }

  unsigned waveLanes;
};
} // namespace

void moe::populateShufflePatterns(RewritePatternSet &patterns,
                                  unsigned waveLanes) {
  patterns.add<ShuffleInGroups, RotateToShuffle>(patterns.getContext(),
                                                 waveLanes);
}
