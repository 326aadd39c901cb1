// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.mfma: A fragments out of LDS, and the matrix instructions.
// docs/Layouts.md, "MFMA" and "A tile", has the lanes.

#include "LaneBuilder.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {
struct MfmaLowering : OpConversionPattern<MfmaOp> {
  MfmaLowering(const TypeConverter &converter, MLIRContext *ctx,
               const Chip &chip)
      : OpConversionPattern(converter, ctx), chip(chip) {}

  /// acc + a * b over 8 K a lane: one instruction, or one for each part of them
  /// that the chip's MFMA takes.
  Value multiply(LaneBuilder &b, layout::MfmaFragment fragment, Value a,
                 Value weights, Value acc) const {
    int64_t k = fragment.rows == 32 ? chip.mfma32K : chip.mfma16K;
    int64_t perLane = k / fragment.laneGroups();
    for (int64_t first = 0; first < 8; first += perLane) {
      Value left = a, right = weights;
      if (perLane != 8) {
        auto part = llvm::to_vector(llvm::seq(first, first + perLane));
        left = vector::ShuffleOp::create(b, a, a, part);
        right = vector::ShuffleOp::create(b, weights, weights, part);
      }
      auto rows = b.getI32IntegerAttr(static_cast<int32_t>(fragment.rows));
      acc = amdgpu::MFMAOp::create(b, acc.getType(), rows, rows,
                                   b.getI32IntegerAttr(static_cast<int32_t>(k)),
                                   b.getI32IntegerAttr(1), left, right, acc);
    }
    return acc;
  }

  /// Keeps the reads of the next 32 K ahead of the products of these, and those
  /// in their order; converts may move. With one row block there is one read a
  /// step, and the back end's own order is the better one.
  static void pinReads(LaneBuilder &b) {
    using Allow = amdgpu::sched_barrier_opt_enum;
    pinOrder(b, b.getLoc(), Allow::valu | Allow::salu);
  }

  LogicalResult
  matchAndRewrite(MfmaOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    ArrayRef<int64_t> accShape = op.getAcc().getType().getShape();
    int64_t mBlocks = accShape[0], nBlocks = accShape[1];
    int64_t kBlocks = op.getB().getType().getDimSize(1);
    Value a = adaptor.getA().front();
    SmallVector<Value> acc(adaptor.getAcc());
    layout::MfmaFragment fragment =
        getAccumulatorFragment(op.getAcc().getType());
    Value q = b.rem(b.lane(), fragment.rows);
    Value group = b.div(b.lane(), fragment.rows);
    auto chunkType = VectorType::get({8}, b.getBF16Type());
    layout::ATile tile(chip, op.getA().getType().getDimSize(1));
    Value key = b.tileKey(tile, q);
    // Four steps of 8 K a lane are a run of 32 K.
    auto readColumn = [&](int64_t step) {
      int64_t run = step / 4, j = step % 4;
      int64_t first = 4 * run * fragment.laneGroups() + j;
      Value place = b.bitXor(b.add(b.mul(group, 4), b.index(first % 16)), key);
      Value column = b.mul(b.add(place, b.index(first / 16 * 16)), 8);
      SmallVector<Value> fragments;
      for (int64_t mb = 0; mb < mBlocks; ++mb)
        fragments.push_back(vector::LoadOp::create(
            b, chunkType, a,
            ValueRange{b.add(q, b.index(fragment.rows * mb)), column},
            /*nontemporal=*/false, llvm::MaybeAlign(16)));
      return fragments;
    };
    int64_t steps = 4 * fragment.runs() * kBlocks;
    SmallVector<Value> fragments = readColumn(0), next;
    for (int64_t step = 0; step < steps; ++step) {
      if (step + 1 < steps)
        next = readColumn(step + 1);
      if (mBlocks > 1)
        pinReads(b);
      // The fragment that was read last comes first: one wait is for all.
      for (int64_t mb = mBlocks - 1; mb >= 0; --mb)
        for (int64_t nb = 0; nb < nBlocks; ++nb) {
          Value weights = adaptor.getB()[nb * steps + step];
          weights = b.reorderChunk(weights, tile.getOrder(), /*inverse=*/false);
          Value &sum = acc[mb * nBlocks + nb];
          sum = multiply(b, fragment, fragments[mb], weights, sum);
        }
      fragments = std::move(next);
    }
    rewriter.replaceOpWithMultiple(op, {acc});
    return success();
  }

  const Chip &chip;
};
} // namespace

void moe::populateMfmaPatterns(const TypeConverter &converter, const Chip &chip,
                               RewritePatternSet &patterns) {
  patterns.add<MfmaLowering>(converter, patterns.getContext(), chip);
}
