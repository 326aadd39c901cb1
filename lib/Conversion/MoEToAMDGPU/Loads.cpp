// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads of preshuffled weights and scales into registers: moe.load_weight and
// moe.load_scale. docs/Layouts.md, "Weights" and "Scales", has the bytes.

#include "LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

/// The descriptor of one expert of a preshuffled memref; the offset of the
/// expert is 64 bits wide.
static Value describeExpert(LaneBuilder &b, Value memref, MemRefType type,
                            Value expert) {
  auto layout = cast<PreshuffleAttr>(type.getLayout());
  int64_t bytes = layout.getByteSize(type.getShape()) / type.getDimSize(0);
  Value base = b.pointer(memref);
  Value expert64 = arith::IndexCastUIOp::create(b, b.getI64Type(), expert);
  Value size = arith::ConstantOp::create(b, b.getI64IntegerAttr(bytes));
  Value offset = arith::MulIOp::create(b, expert64, size);
  Value first =
      LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                          ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(offset)});
  return b.descriptor(first, size);
}

/// `offset`, or out of range where the K block at `k` begins past the K of the
/// weights and `bounded` says that this happens.
static Value boundOffset(LaneBuilder &b, Value offset, Value k, int64_t sizeK,
                         bool bounded) {
  if (!bounded)
    return offset;
  return b.select(b.lessU(k, b.index(sizeK)), offset, b.i32(kOutOfRange));
}

/// `k` as a sum of what changes and, where it is a constant below 512 at the
/// end of it, what does not: that fits the immediate offset of a load.
static std::pair<Value, int64_t> splitK(LaneBuilder &b, Value k, bool bounded) {
  APInt constant;
  auto sum = k.getDefiningOp<arith::AddIOp>();
  if (bounded || !sum ||
      !matchPattern(sum.getRhs(), m_ConstantInt(&constant)) ||
      constant.isNegative())
    return {k, 0};
  int64_t delta = constant.getSExtValue() % 512;
  Value rest = b.index(constant.getSExtValue() - delta);
  return {b.add(sum.getLhs(), rest), delta};
}

/// The block of 16 rows in memory (i32) that is block number `nb` of a wave
/// whose rows begin at `n`. Where gate and up rows are separated, even blocks
/// are gate rows and odd ones up rows, half of all blocks further.
static Value rowBlock(LaneBuilder &b, PreshuffleAttr layout, int64_t rows,
                      Value n, int64_t nb) {
  Value block = b.add(b.toI32(b.div(n, 16)), b.i32(nb));
  if (layout.getGate() != GateLayout::Separated)
    return block;
  Value half = b.mul(b.bitAnd(block, 1), rows / 32);
  return b.add(b.shr(block, 1), half);
}

namespace {

struct LoadWeightLowering : OpConversionPattern<LoadWeightOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LoadWeightOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    MemRefType type = op.getW().getType();
    auto layout = cast<PreshuffleAttr>(type.getLayout());
    Value rsrc = describeExpert(b, adaptor.getW(), type, adaptor.getExpert());
    // A block of 16 rows is 8 * Kp bytes, one of 16 rows x 128 K is 1024, and
    // the lanes' 16 bytes follow each other: lane * 16.
    int64_t rowBlockBytes = 8 * llvm::alignTo(type.getDimSize(2), 128);
    Value lane = b.toI32(b.mul(b.lane(), 16));
    auto [changing, delta] = splitK(b, adaptor.getK(), op.getBounded());
    Value k = b.mul(b.toI32(b.div(changing, 128)), 1024);
    auto fragmentType = VectorType::get({4}, b.getI32Type());
    ArrayRef<int64_t> shape = op.getResult().getType().getShape();
    SmallVector<Value> fragments;
    for (int64_t nb = 0; nb < shape[0]; ++nb) {
      Value block = rowBlock(b, layout, type.getDimSize(1), adaptor.getN(), nb);
      Value row = b.add(b.mul(block, rowBlockBytes), lane);
      for (int64_t kb = 0; kb < shape[1]; ++kb) {
        Value offset = boundOffset(b, b.add(row, b.i32(kb * 1024 + delta * 8)),
                                   b.add(adaptor.getK(), b.index(128 * kb)),
                                   type.getDimSize(2), op.getBounded());
        fragments.push_back(b.bufferLoad(fragmentType, rsrc, offset, k,
                                         getCacheAux(op.getCache())));
      }
    }
    rewriter.replaceOpWithMultiple(op, {fragments});
    return success();
  }
};

struct LoadScaleLowering : OpConversionPattern<LoadScaleOp> {
  using OpConversionPattern::OpConversionPattern;

  /// The dword of row block `block` and K block `kBlock`, which is `kb` blocks
  /// behind the op's k. Where a tile has more than one K block it begins with
  /// a whole dword; a K block of its own may be the upper half of one.
  static Value loadDword(LaneBuilder &b, LoadScaleOp op, Value rsrc,
                         Value block, Value k, int64_t kb) {
    MemRefType type = op.getScale().getType();
    bool wholeDwords = op.getResult().getType().getDimSize(1) > 1;
    // 32 rows x 256 K are 64 dwords, one a lane.
    int64_t rowPairBytes = llvm::alignTo(type.getDimSize(2), 8) * 32;
    Value offset = b.add(b.mul(b.shr(block, 1), rowPairBytes),
                         b.toI32(b.mul(b.lane(), 4)));
    if (wholeDwords) {
      auto [changing, delta] = splitK(b, k, op.getBounded());
      offset = b.add(offset, b.i32((delta + kb * 128) / 256 * 256));
      offset = boundOffset(b, offset, b.add(k, b.index(128 * kb)),
                           type.getDimSize(2) * 32, op.getBounded());
      return b.bufferLoad(b.getI32Type(), rsrc, offset,
                          b.mul(b.toI32(b.div(changing, 256)), 256));
    }
    Value kBlock = b.add(b.toI32(b.div(k, 128)), b.i32(kb));
    offset = boundOffset(b, offset, b.add(k, b.index(128 * kb)),
                         type.getDimSize(2) * 32, op.getBounded());
    Value dword = b.bufferLoad(b.getI32Type(), rsrc, offset,
                               b.mul(b.shr(kBlock, 1), 256));
    return arith::ShRUIOp::create(b, dword, b.shl(b.bitAnd(kBlock, 1), 4));
  }

  /// `dword` with the bytes of row block `block` in its lower bytes of 16.
  static Value alignRows(LaneBuilder &b, Value dword, Value block) {
    return arith::ShRUIOp::create(b, dword, b.shl(b.bitAnd(block, 1), 3));
  }

  LogicalResult
  matchAndRewrite(LoadScaleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    MemRefType type = op.getScale().getType();
    auto layout = cast<PreshuffleAttr>(type.getLayout());
    Value rsrc =
        describeExpert(b, adaptor.getScale(), type, adaptor.getExpert());
    ArrayRef<int64_t> shape = op.getResult().getType().getShape();
    Value k = adaptor.getK();
    auto block = [&](int64_t nb) {
      return rowBlock(b, layout, type.getDimSize(1), adaptor.getN(), nb);
    };
    // Gate and up blocks of a pair come from two dwords, each of which may also
    // be that of the next pair: where the wave's first pair is surely even,
    // such a dword is loaded once.
    bool separated = layout.getGate() == GateLayout::Separated;
    int64_t upParity = type.getDimSize(1) / 32 % 2;
    llvm::DenseMap<std::tuple<int64_t, int64_t, int64_t>, Value> loaded;
    auto load = [&](int64_t nb, int64_t kb) {
      bool up = nb % 2;
      int64_t pair = nb / 2;
      int64_t dword =
          shape[0] % 4 == 0 ? (pair + (up ? upParity : 0)) / 2 : pair;
      Value &value = loaded[{up, dword, kb}];
      if (!value)
        value = loadDword(b, op, rsrc, block(nb), k, kb);
      return value;
    };
    SmallVector<Value> dwords;
    for (int64_t nb = 0; nb < shape[0]; nb += 2)
      for (int64_t kb = 0; kb < shape[1]; kb += 2) {
        if (!separated) {
          Value dword = loadDword(b, op, rsrc, block(nb), k, kb);
          dwords.push_back(shape[0] == 1 ? alignRows(b, dword, block(nb))
                                         : dword);
          continue;
        }
        Value gate =
            b.bitAnd(alignRows(b, load(nb, kb), block(nb)), 0x00FF00FF);
        Value up =
            b.bitAnd(alignRows(b, load(nb + 1, kb), block(nb + 1)), 0x00FF00FF);
        dwords.push_back(b.bitOr(gate, b.shl(up, 8)));
      }
    rewriter.replaceOpWithMultiple(op, {dwords});
    return success();
  }
};

} // namespace

void moe::populateLoadPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LoadWeightLowering, LoadScaleLowering>(converter,
                                                      patterns.getContext());
}
