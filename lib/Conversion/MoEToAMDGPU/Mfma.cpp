// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.mfma: A fragments out of LDS, and the matrix instructions.
// docs/Layouts.md, "MFMA" and "A tile", has the lanes.

#include "LaneBuilder.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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

  /// Steps whose fragments of A are read together: one wait is for all of them.
  static int64_t getStepsTogether(int64_t mBlocks) {
    return mBlocks <= 2 ? 2 : 1;
  }

  /// Keeps the reads of the next steps ahead of the products of these, and
  /// those in their order; converts may move.
  static void keepReadsAhead(LaneBuilder &b) {
    using Allow = amdgpu::sched_barrier_opt_enum;
    addSchedBarrier(b, b.getLoc(), Allow::valu | Allow::salu);
  }

  /// Asks the back end to place the converts of a product ahead of the previous
  /// product: an MFMA may not read what one of the last two instructions wrote.
  static void interleaveConverts(LaneBuilder &b, int64_t products) {
    constexpr int32_t valu = 0x2, mfma = 0x8, converts = 4;
    auto next = [&](int32_t kind, int32_t count) {
      ROCDL::SchedGroupBarrier::create(b, b.getI32IntegerAttr(kind),
                                       b.getI32IntegerAttr(count),
                                       b.getI32IntegerAttr(0));
    };
    next(valu, converts);
    for (int64_t i = 0; i < products; ++i) {
      next(mfma, 1);
      next(valu, converts);
    }
  }

  /// The memref and the row of this lane, which is `q` of its block, for each
  /// block of rows of the tile `a`. With 32 rows a block is a view, so that the
  /// addresses provably differ by a constant: of q + 32 the back end makes lane
  /// | 32, which takes registers of its own. Two blocks beside a decode in
  /// software have those registers; as views they would cost stage 2 of GPT-OSS
  /// on gfx942 3 to 9 % of its modelled time.
  SmallVector<std::pair<Value, Value>> placeBlocks(LaneBuilder &b,
                                                   MemRefType type, Value a,
                                                   int64_t blockRows, Value q,
                                                   int64_t mBlocks) const {
    bool useViews =
        blockRows == 32 && (chip.hasScaledFp4Convert || mBlocks > 2);
    auto index = [&](int64_t value) -> OpFoldResult {
      return b.getIndexAttr(value);
    };
    SmallVector<std::pair<Value, Value>> blocks;
    for (int64_t mb = 0; mb < mBlocks; ++mb) {
      int64_t first = blockRows * mb;
      if (!useViews) {
        blocks.emplace_back(a, b.add(q, b.index(first)));
        continue;
      }
      Value view = memref::SubViewOp::create(
          b, a, {index(first), index(0)},
          {index(blockRows), index(type.getDimSize(1))}, {index(1), index(1)});
      blocks.emplace_back(view, q);
    }
    return blocks;
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
    SmallVector<std::pair<Value, Value>> blocks =
        placeBlocks(b, op.getA().getType(), a, fragment.rows, q, mBlocks);
    // Four steps of 8 K a lane are a run of 32 K.
    auto readColumn = [&](int64_t step) {
      int64_t run = step / 4, j = step % 4;
      int64_t first = 4 * run * fragment.laneGroups() + j;
      Value place = b.bitXor(b.add(b.mul(group, 4), b.index(first % 16)), key);
      Value column = b.mul(b.add(place, b.index(first / 16 * 16)), 8);
      SmallVector<Value> fragments;
      for (auto [block, row] : blocks)
        fragments.push_back(vector::LoadOp::create(
            b, chunkType, block, ValueRange{row, column},
            /*nontemporal=*/false, llvm::MaybeAlign(16)));
      return fragments;
    };
    int64_t steps = 4 * fragment.runs() * kBlocks;
    int64_t together = getStepsTogether(mBlocks);
    // Of two steps together the second comes first; so it does of one at a
    // time: K is added up in one order whatever the number of row blocks.
    auto stepAt = [&](int64_t i) { return together == 1 ? i ^ 1 : i; };
    auto readSteps = [&](int64_t first) {
      SmallVector<Value> fragments;
      for (int64_t step = first; step < first + together; ++step)
        fragments.append(readColumn(stepAt(step)));
      return fragments;
    };
    SmallVector<Value> fragments = readSteps(0);
    for (int64_t first = 0; first < steps; first += together) {
      SmallVector<Value> next;
      if (first + together < steps)
        next = readSteps(first + together);
      keepReadsAhead(b);
      // Each convert is for one product only, so no other one stands between.
      if (chip.hasScaledFp4Convert && fragment.rows == 32 && mBlocks == 1 &&
          nBlocks > 1)
        interleaveConverts(b, together * nBlocks);
      // The fragment that was read last comes first: one wait is for all.
      for (int64_t i = fragments.size() - 1; i >= 0; --i)
        for (int64_t nb = 0; nb < nBlocks; ++nb) {
          int64_t step = stepAt(first + i / mBlocks);
          Value weights = adaptor.getB()[nb * steps + step];
          weights = b.reorderChunk(weights, tile.getOrder(), /*inverse=*/false);
          Value &sum = acc[i % mBlocks * nBlocks + nb];
          sum = multiply(b, fragment, fragments[i], weights, sum);
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
