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

  /// acc + a * b over 32 K: one instruction, or one for each `mfma16K`.
  Value multiply(LaneBuilder &b, Value a, Value weights, Value acc) const {
    int64_t perLane = chip.mfma16K / 4;
    for (int64_t first = 0; first < 8; first += perLane) {
      Value left = a, right = weights;
      if (perLane != 8) {
        auto part = llvm::to_vector(llvm::seq(first, first + perLane));
        left = vector::ShuffleOp::create(b, a, a, part);
        right = vector::ShuffleOp::create(b, weights, weights, part);
      }
      acc = amdgpu::MFMAOp::create(b, acc.getType(), b.getI32IntegerAttr(16),
                                   b.getI32IntegerAttr(16),
                                   b.getI32IntegerAttr(chip.mfma16K),
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
    Value q = b.rem(b.lane(), 16), group = b.div(b.lane(), 16);
    auto chunkType = VectorType::get({8}, b.getBF16Type());
    layout::ATile tile(chip, /*mfmaRows=*/16,
                       op.getA().getType().getDimSize(1));
    Value key = b.tileKey(tile, q);
    auto readColumn = [&](int64_t step) {
      int64_t kb = step / 4, j = step % 4;
      Value place = b.bitXor(b.add(b.mul(group, 4), b.index(j)), key);
      Value column = b.mul(b.add(place, b.index(16 * kb)), 8);
      SmallVector<Value> fragments;
      for (int64_t mb = 0; mb < mBlocks; ++mb)
        fragments.push_back(vector::LoadOp::create(
            b, chunkType, a, ValueRange{b.add(q, b.index(16 * mb)), column},
            /*nontemporal=*/false, llvm::MaybeAlign(16)));
      return fragments;
    };
    int64_t steps = 4 * kBlocks;
    SmallVector<Value> fragments = readColumn(0), next;
    for (int64_t step = 0; step < steps; ++step) {
      if (step + 1 < steps)
        next = readColumn(step + 1);
      if (mBlocks > 1)
        pinReads(b);
      // The fragment that was read last comes first: one wait is for all.
      for (int64_t mb = mBlocks - 1; mb >= 0; --mb)
        for (int64_t nb = 0; nb < nBlocks; ++nb) {
          Value weights =
              adaptor.getB()[(nb * kBlocks + step / 4) * 4 + step % 4];
          weights = b.reorderChunk(weights, tile.getOrder(), /*inverse=*/false);
          Value &sum = acc[mb * nBlocks + nb];
          sum = multiply(b, fragments[mb], weights, sum);
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
