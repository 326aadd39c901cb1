// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way of the activations into LDS: moe.route_rows and moe.gather.
// docs/Layouts.md, "A tile", has the order of the chunks.

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

struct RouteRowsLowering : OpConversionPattern<RouteRowsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RouteRowsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    int64_t chunksPerRow = op.getTileK() / 8, threads = op.getThreads();
    int64_t count = op.getRows().getType().getDimSize(0);
    Value thread = b.threadIn(threads);
    SmallVector<Value> rows;
    for (int64_t c = 0; c < count; ++c) {
      Value chunk = b.add(thread, b.index(c * threads));
      Value sortedRow = b.add(adaptor.getFirst(), b.div(chunk, chunksPerRow));
      Value id = memref::LoadOp::create(b, adaptor.getSortedIds(), sortedRow);
      auto [token, slot, valid] =
          b.decodeSortedId(id, adaptor.getTokens(), op.getTopk());
      Value row = token;
      if (op.getPerSlot())
        row = b.add(b.mul(token, op.getTopk()), slot);
      rows.push_back(b.select(valid, row, b.i32(-1)));
    }
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(
        op, op.getRows().getType(), rows);
    return success();
  }
};

struct GatherLowering : OpConversionPattern<GatherOp> {
  GatherLowering(const TypeConverter &converter, MLIRContext *ctx,
                 const Chip &chip)
      : OpConversionPattern(converter, ctx), chip(chip) {}

  /// The descriptor of all of x, at most kDescriptorBytes long.
  static Value describeX(LaneBuilder &b, Value x) {
    Value rows = memref::DimOp::create(b, x, 0);
    Value rowBytes = b.mul(b.rowStride(x), 2);
    Value bytes =
        arith::IndexCastUIOp::create(b, b.getI64Type(), b.mul(rows, rowBytes));
    Value limit =
        arith::ConstantOp::create(b, b.getI64IntegerAttr(kDescriptorBytes));
    return b.descriptor(b.pointer(x), b.minU(bytes, limit));
  }

  /// Byte offset in x, less `k` bytes, of the chunk that this lane moves to
  /// position `chunk` of the tile; out of range where zeros belong. Rows of x
  /// are `stride` bytes apart (i32).
  static Value chunkOffset(LaneBuilder &b, GatherOp op,
                           const layout::ATile &tile, Value chunk, Value row,
                           Value stride, Value k) {
    int64_t tileK = op.getTo().getType().getDimSize(1);
    int64_t columns = op.getColumns();
    int64_t rowBytes = op.getX().getType().getDimSize(1) * 2;
    Value tileRow = b.div(chunk, tileK / 8), place = b.rem(chunk, tileK / 8);
    Value source = b.bitXor(place, b.tileKey(tile, tileRow));
    Value column = b.toI32(b.mul(source, 16));
    Value offset = b.add(b.mul(row, stride), column);
    Value wanted =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sge, row, b.i32(0));
    if (columns < tileK) {
      Value inside = b.lessU(column, b.i32(columns * 2));
      wanted = arith::AndIOp::create(b, wanted, inside);
    }
    if (op.getBounded())
      wanted = arith::AndIOp::create(
          b, wanted, b.lessU(b.add(k, column), b.i32(rowBytes)));
    return b.select(wanted, offset, b.i32(kOutOfRange));
  }

  /// Straight into LDS: the hardware adds lane * 16 to a base that is equal in
  /// all lanes of the wave.
  static void gatherByDma(LaneBuilder &b, Value rsrc, Value offset, Value k,
                          int64_t threads, int64_t firstChunk, Value lds) {
    Value wave = b.rem(b.wave(), threads / 64);
    Value base = b.add(b.mul(wave, 64 * 16), b.index(firstChunk * 16));
    Value place = LLVM::GEPOp::create(
        b, lds.getType(), b.getI8Type(), lds,
        ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(b.toI32(base))});
    ROCDL::RawPtrBufferLoadLdsOp::create(
        b, rsrc, place, b.i32(16), offset, k, /*offset=*/b.i32(0),
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
    Value rsrc = describeX(b, adaptor.getX());
    Value k = b.toI32(b.mul(adaptor.getK(), 2));
    Value stride = b.toI32(b.mul(b.rowStride(adaptor.getX()), 2));
    Value thread = b.threadIn(threads);
    Value lds = chip.hasWideLdsDma() ? b.pointer(adaptor.getTo()) : Value();
    auto chunkType = VectorType::get({8}, b.getBF16Type());
    SmallVector<Value> loaded;
    for (int64_t c = 0; c < count; ++c) {
      Value chunk = b.add(thread, b.index(c * threads));
      Value row = vector::ExtractOp::create(b, adaptor.getRows(), c);
      Value offset = chunkOffset(b, op, tile, chunk, row, stride, k);
      if (chip.hasWideLdsDma())
        gatherByDma(b, rsrc, offset, k, threads, c * threads, lds);
      else
        loaded.push_back(b.bufferLoad(chunkType, rsrc, offset, k));
    }
    // Keeps the back end from moving a load from one side of the gather to the
    // other: -moe-insert-waits counts those behind it. It also makes the gather
    // start at once, ahead of the arithmetic of its step.
    if (chip.hasWideLdsDma())
      pinOrder(b, op.getLoc());
    for (auto [c, value] : llvm::enumerate(loaded)) {
      Value ordered = b.reorderChunk(value, tile.getOrder(), /*inverse=*/false);
      Value chunk = b.add(thread, b.index(c * threads));
      vector::StoreOp::create(b, ordered, adaptor.getTo(),
                              ValueRange{b.div(chunk, tileK / 8),
                                         b.mul(b.rem(chunk, tileK / 8), 8)},
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
