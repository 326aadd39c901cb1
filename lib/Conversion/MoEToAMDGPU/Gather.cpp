// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activations into LDS: moe.route_rows and moe.gather. docs/Layouts.md, "A
// tile", has the order of the chunks.

#include "LaneBuilder.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {
/// The chunks of an A tile that this lane moves: its wave takes `count` runs of
/// 64 chunks that follow each other, and the lane one of each.
class LaneChunks {
public:
  LaneChunks(LaneBuilder &b, int64_t tileK, int64_t threads, int64_t count)
      : b(b), chunksPerRow(tileK / layout::ATile::kChunkColumns),
        lane(b.lane()), firstRun(b.mul(b.rem(b.wave(), threads / 64), count)) {}

  /// The first chunk of run `c`, equal in all lanes.
  Value getRun(int64_t c) {
    return b.mul(b.add(firstRun, b.index(c)), kRunChunks);
  }
  Value getRow(int64_t c) {
    if (!hasWholeRows())
      return b.div(b.add(getRun(c), lane), chunksPerRow);
    return b.add(b.div(getRun(c), chunksPerRow), b.div(lane, chunksPerRow));
  }
  /// The position in the row.
  Value getPosition(int64_t c) {
    return b.rem(hasWholeRows() ? lane : b.add(getRun(c), lane), chunksPerRow);
  }

  static constexpr int64_t kRunChunks = 64;
  static constexpr int64_t kRunBytes = kRunChunks * layout::ATile::kChunkBytes;

private:
  bool hasWholeRows() const { return kRunChunks % chunksPerRow == 0; }

  LaneBuilder &b;
  int64_t chunksPerRow;
  Value lane, firstRun;
};

/// The op of `op`'s block that uses its result first, or `op` without one.
static Operation *findFirstUser(RouteRowsOp op) {
  Operation *first = nullptr;
  for (Operation *user : op->getUsers())
    if (Operation *here = op->getBlock()->findAncestorOpInBlock(*user))
      if (!first || here->isBeforeInBlock(first))
        first = here;
  return first ? first : op.getOperation();
}

struct RouteRowsLowering : OpConversionPattern<RouteRowsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RouteRowsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    int64_t count = op.getRows().getType().getDimSize(0);
    LaneChunks chunks(b, op.getTileK(), op.getThreads(), count);
    SmallVector<Value> ids, rows;
    for (int64_t c = 0; c < count; ++c) {
      Value sortedRow = b.add(adaptor.getFirst(), chunks.getRow(c));
      ids.push_back(
          memref::LoadOp::create(b, adaptor.getSortedIds(), sortedRow));
    }
    // The ids take time to arrive: until the rows are used, other loads may be
    // issued ahead of the wait for the ids.
    b.setInsertionPoint(findFirstUser(op));
    addSchedBarrier(b, op.getLoc());
    for (Value id : ids) {
      auto [token, slot, valid] =
          b.decodeSortedId(id, adaptor.getTokens(), op.getTopk());
      Value row = token;
      if (op.getPerSlot())
        row = b.add(b.mul(token, op.getTopk()), slot);
      rows.push_back(b.select(valid, row, b.i32(-1)));
    }
    rewriter.replaceOp(
        op, vector::FromElementsOp::create(b, op.getRows().getType(), rows));
    return success();
  }
};

struct GatherLowering : OpConversionPattern<GatherOp> {
  GatherLowering(const TypeConverter &converter, MLIRContext *ctx,
                 const Chip &chip)
      : OpConversionPattern(converter, ctx), chip(chip) {}

  /// LDS DMA adds its immediate offset to both addresses, in memory and in LDS.
  /// So runs of a wave, which are kRunBytes apart in LDS, share a base in M0 as
  /// far as that offset reaches, and the offset in memory is so much less.
  static constexpr int64_t kRunsPerBase = 4096 / LaneChunks::kRunBytes;
  static int64_t getImmediate(int64_t c) {
    return c % kRunsPerBase * LaneChunks::kRunBytes;
  }

  /// The descriptor of x, of at most kDescriptorBytes of it. It begins `lead`
  /// bytes ahead of x, so that an offset less an immediate offset is not
  /// negative.
  static Value describeX(LaneBuilder &b, Value x, int64_t lead) {
    Value rows = memref::DimOp::create(b, x, 0);
    Value rowBytes = b.mul(b.rowStride(x), 2);
    Value bytes = b.toI64(b.mul(rows, rowBytes));
    Value limit =
        arith::ConstantOp::create(b, b.getI64IntegerAttr(kDescriptorBytes));
    Value size = b.minU(bytes, limit), first = b.pointer(x);
    if (lead) {
      Value more = arith::ConstantOp::create(b, b.getI64IntegerAttr(lead));
      size = b.add(size, more);
      first = LLVM::GEPOp::create(
          b, first.getType(), b.getI8Type(), first,
          ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(static_cast<int32_t>(-lead))});
    }
    return b.descriptor(first, size);
  }

  /// Byte offset in x, less `k` bytes and plus `lead`, of chunk `c` of this
  /// lane, which is in row `row` of x; out of range where the tile is zero.
  /// Rows of x are `stride` bytes apart (i32).
  static Value chunkOffset(LaneBuilder &b, GatherOp op,
                           const layout::ATile &tile, LaneChunks &chunks,
                           int64_t c, Value row, Value stride, Value k,
                           int64_t lead) {
    int64_t tileK = op.getTo().getType().getDimSize(1);
    int64_t columns = op.getColumns();
    int64_t rowBytes = op.getX().getType().getDimSize(1) * 2;
    Value source =
        b.bitXor(chunks.getPosition(c), b.tileKey(tile, chunks.getRow(c)));
    Value column = b.toI32(b.mul(source, 16));
    Value offset = b.add(b.mul(row, stride), column);
    if (lead)
      offset = b.add(offset, b.i32(lead - getImmediate(c)));
    Value outside = b.i32(kOutOfRange + lead);
    Value hasRow =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sge, row, b.i32(0));
    offset = b.select(hasRow, offset, outside);
    // Not part of the condition above: all gathers of these rows share the
    // result of that select, so one register is live through a loop instead of
    // two.
    if (columns < tileK)
      offset = b.select(b.lessU(column, b.i32(columns * 2)), offset, outside);
    if (op.getBounded())
      offset =
          b.select(b.lessU(b.add(k, column), b.i32(rowBytes)), offset, outside);
    return offset;
  }

  /// Straight into LDS: the hardware adds lane * 16 to a base that is equal in
  /// all lanes of the wave.
  static void gatherByDma(LaneBuilder &b, Value rsrc, Value offset, Value k,
                          LaneChunks &chunks, int64_t c, Value lds) {
    Value base =
        b.mul(chunks.getRun(c - c % kRunsPerBase), layout::ATile::kChunkBytes);
    Value place = b.advance(lds, b.getI8Type(), b.toI32(base));
    ROCDL::RawPtrBufferLoadLdsOp::create(
        b, rsrc, place, b.i32(16), offset, k, b.i32(getImmediate(c)),
        /*aux=*/b.i32(0), ArrayAttr(), ArrayAttr(), ArrayAttr());
  }

  LogicalResult
  matchAndRewrite(GatherOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    MemRefType tileType = op.getTo().getType();
    int64_t tileK = tileType.getDimSize(1);
    int64_t count = op.getRows().getType().getDimSize(0);
    int64_t threads = tileType.getNumElements() / 8 / count;
    layout::ATile tile(chip, tileK);
    LaneChunks chunks(b, tileK, threads, count);
    int64_t lead = chip.hasWideLdsDma() ? (std::min(count, kRunsPerBase) - 1) *
                                              LaneChunks::kRunBytes
                                        : 0;
    Value rsrc = describeX(b, adaptor.getX(), lead);
    Value k = b.toI32(b.mul(adaptor.getK(), 2));
    Value stride = b.toI32(b.mul(b.rowStride(adaptor.getX()), 2));
    Value lds = chip.hasWideLdsDma() ? b.pointer(adaptor.getTo()) : Value();
    auto chunkType = VectorType::get({8}, b.getBF16Type());
    SmallVector<Value> loaded;
    for (int64_t c = 0; c < count; ++c) {
      Value row = vector::ExtractOp::create(b, adaptor.getRows(), c);
      Value offset = chunkOffset(b, op, tile, chunks, c, row, stride, k, lead);
      if (chip.hasWideLdsDma())
        gatherByDma(b, rsrc, offset, k, chunks, c, lds);
      else
        loaded.push_back(b.bufferLoad(chunkType, rsrc, offset, k));
    }
    // Keeps the back end from moving a load from one side of the gather to the
    // other: -moe-insert-waits counts those behind it. It also makes the gather
    // start at once, ahead of the arithmetic of its step.
    if (chip.hasWideLdsDma())
      addSchedBarrier(b, op.getLoc());
    for (auto [c, value] : llvm::enumerate(loaded)) {
      Value ordered = b.reorderChunk(value, tile.getOrder(), /*inverse=*/false);
      vector::StoreOp::create(
          b, ordered, adaptor.getTo(),
          ValueRange{chunks.getRow(c), b.mul(chunks.getPosition(c), 8)},
          /*nontemporal=*/false, llvm::MaybeAlign(16));
    }
    rewriter.eraseOp(op);
    return success();
  }

  const Chip &chip;
};

} // namespace

void moe::populateGatherPatterns(const TypeConverter &converter,
                                 const Chip &chip,
                                 RewritePatternSet &patterns) {
  patterns.add<RouteRowsLowering>(converter, patterns.getContext());
  patterns.add<GatherLowering>(converter, patterns.getContext(), chip);
}
