// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads of preshuffled weights and scales into registers: moe.load_weight and
// moe.load_scale. docs/Layouts.md, "Weights" and "Scales", has the bytes.

#include "LaneBuilder.h"
#include "RowPlaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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
  Value size = arith::ConstantOp::create(b, b.getI64IntegerAttr(bytes));
  Value offset = b.mul(b.toI64(expert), size);
  return b.descriptor(b.advance(base, b.getI8Type(), offset), size);
}

/// `offset`, or out of range where the K block at `k` begins past the K of the
/// weights and `bounded` says that this happens.
static Value boundOffset(LaneBuilder &b, Value offset, Value k, int64_t sizeK,
                         bool bounded) {
  if (!bounded)
    return offset;
  return b.select(b.lessU(k, b.index(sizeK)), offset, b.i32(kOutOfRange));
}

/// Splits `k` into a varying part and a constant from 0 to 511, which fits the
/// immediate offset of a load. The constant is 0 unless `k` is a sum that ends
/// in one.
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

/// Whether `value` is known to be a multiple of `divisor`, a power of two: a
/// constant times something, or a sum of such.
static bool isMultipleOf(Value value, int64_t divisor) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % divisor == 0;
  if (auto sum = value.getDefiningOp<arith::AddIOp>())
    return isMultipleOf(sum.getLhs(), divisor) &&
           isMultipleOf(sum.getRhs(), divisor);
  if (auto product = value.getDefiningOp<arith::MulIOp>())
    return isMultipleOf(product.getLhs(), divisor) ||
           isMultipleOf(product.getRhs(), divisor);
  return false;
}

namespace {
/// The bytes of a preshuffled memref, and the rows of a wave in it.
struct Source {
  Source(LaneBuilder &b, MemRefType type, layout::MfmaFragment fragment,
         Value n)
      : layout(cast<PreshuffleAttr>(type.getLayout())),
        shape{type.getDimSize(0), type.getDimSize(1), type.getDimSize(2)},
        order(getRowOrder(layout.getGate(), type.getDimSize(1))),
        rows(b, order, fragment, layout.getGate() != GateLayout::None, n) {}

  int64_t bytes(layout::Axis axis, int64_t divisor) const {
    return layout.getPlaces().getByteStride(axis, divisor, shape);
  }

  PreshuffleAttr layout;
  layout::Index3 shape;
  layout::RowOrder order;
  RowPlaces rows;
};

struct LoadWeightLowering : OpConversionPattern<LoadWeightOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LoadWeightOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    using layout::Axis;
    LaneBuilder b(op.getLoc(), rewriter);
    MemRefType type = op.getW().getType();
    Value rsrc = describeExpert(b, adaptor.getW(), type, adaptor.getExpert());
    ArrayRef<int64_t> shape = op.getResult().getType().getShape();
    layout::MfmaFragment fragment{shape.size() == 4 ? 32 : 16};
    Source source(b, type, fragment, adaptor.getN());
    const RowPlaces &rows = source.rows;
    int64_t blockBytes = source.bytes(Axis::Row, 16);
    int64_t rowBytes = source.bytes(Axis::Row, 1);
    int64_t runBytes = source.bytes(Axis::K, 32);
    int64_t kBlockBytes = source.bytes(Axis::K, 128);
    // With blocks of 16 rows in their order this is lane * 16.
    Value lane = b.add(b.mul(rows.laneGroup(), runBytes),
                       b.mul(rows.laneRow(), rowBytes));
    if (Value block = rows.laneBlock())
      lane = b.add(lane, b.mul(block, blockBytes));
    auto [changing, delta] = splitK(b, adaptor.getK(), op.getBounded());
    Value k = b.mul(b.toI32(b.div(changing, 128)), kBlockBytes);
    auto fragmentType = VectorType::get({4}, b.getI32Type());
    SmallVector<Value> fragments;
    for (int64_t nb = 0; nb < shape[0]; ++nb) {
      Value row = b.add(b.mul(rows.blockOf(nb), blockBytes), lane);
      if (Value first = rows.rowOf(nb))
        row = b.add(row, b.mul(first, rowBytes));
      for (int64_t kb = 0; kb < shape[1]; ++kb)
        for (int64_t run = 0; run < fragment.runs(); ++run) {
          int64_t constant = kb * kBlockBytes + delta * kBlockBytes / 128 +
                             run * fragment.laneGroups() * runBytes;
          Value offset = boundOffset(b, b.add(row, b.i32(constant)),
                                     b.add(adaptor.getK(), b.index(128 * kb)),
                                     type.getDimSize(2), op.getBounded());
          fragments.push_back(b.bufferLoad(fragmentType, rsrc, offset, k,
                                           getCacheAux(op.getCache())));
        }
    }
    // The weights are requested first; the addresses of the scales are computed
    // behind them.
    addSchedBarrier(b, op.getLoc());
    rewriter.replaceOpWithMultiple(op, {fragments});
    return success();
  }
};

/// Emits one moe.load_scale.
class ScaleLoader {
public:
  ScaleLoader(LaneBuilder &b, LoadScaleOp op, Value rsrc, Value n, Value k)
      : b(b), op(op), rsrc(rsrc), k(k),
        fragment{op.getResult().getType().getRank() == 3 ? 32 : 16},
        source(b, op.getScale().getType(), fragment, n), rows(source.rows),
        sizeK(op.getScale().getType().getDimSize(2) * 32) {
    // A dword is 4 bytes of row r % 16 and one run of 32 K.
    runBytes = source.bytes(layout::Axis::K, 1);
    lane = b.add(b.mul(rows.laneGroup(), runBytes),
                 b.mul(rows.laneRow(), source.bytes(layout::Axis::Row, 1)));
    wholeDwords = op.getResult().getType().getDimSize(1) > 1;
    evenPairs = isMultipleOf(n, 4 * layout::RowOrder::kBlock);
  }

  SmallVector<Value> load();

private:
  Value loadDwords(Type type, Value block, int64_t kb, Value more = {});
  Value loadSeparated(int64_t nb, int64_t kb);
  Value loadAlternating(int64_t nb, int64_t kb, Value block, int64_t run = 0,
                        Value more = {});
  void loadSmall(int64_t nb, SmallVectorImpl<Value> &registers);
  void loadLarge(int64_t nb, SmallVectorImpl<Value> &registers);
  Value bitsOf(Value block);
  Value getRotation(Value rowBits);

  LaneBuilder &b;
  LoadScaleOp op;
  Value rsrc, k;
  layout::MfmaFragment fragment;
  Source source;
  const RowPlaces &rows;
  int64_t sizeK, runBytes;
  Value lane;
  bool wholeDwords, evenPairs;
  /// Dwords loaded before: up or gate, number of the dword, K block and run. A
  /// second load of one of them would be counted by -moe-insert-waits, but LLVM
  /// would merge it with the first.
  llvm::DenseMap<std::tuple<int64_t, int64_t, int64_t>, Value> loaded;
};
} // namespace

/// `type`, a dword or two, at this lane's place of the two row blocks that
/// `block` is one of, and of K block `kb` of the op. Where a tile has more than
/// one K block it begins with a whole dword; a K block of its own may be the
/// upper half of one (alignK). `more` is added to the place where given.
Value ScaleLoader::loadDwords(Type type, Value block, int64_t kb, Value more) {
  // 32 rows x 256 K are 64 dwords, one a lane.
  int64_t kPairBytes = source.bytes(layout::Axis::K, 8);
  Value offset =
      b.add(b.mul(b.shr(block, 1), source.bytes(layout::Axis::Row, 32)), lane);
  if (more)
    offset = b.add(offset, more);
  auto bound = [&](Value offset) {
    return boundOffset(b, offset, b.add(k, b.index(128 * kb)), sizeK,
                       op.getBounded());
  };
  if (!wholeDwords) {
    Value kBlock = b.add(b.toI32(b.div(k, 128)), b.i32(kb));
    return b.bufferLoad(type, rsrc, bound(offset),
                        b.mul(b.shr(kBlock, 1), kPairBytes));
  }
  auto [changing, delta] = splitK(b, k, op.getBounded());
  offset = b.add(offset, b.i32((delta + kb * 128) / 256 * kPairBytes));
  return b.bufferLoad(type, rsrc, bound(offset),
                      b.mul(b.toI32(b.div(changing, 256)), kPairBytes));
}

/// Row bits and, where a K block may be the upper half of a dword, K bits: by
/// how many bits the lane's bytes are above the low end of the dword as it is
/// in memory.
Value ScaleLoader::getRotation(Value rowBits) {
  if (wholeDwords)
    return rowBits;
  Value kBlock = b.toI32(b.div(k, 128));
  return b.add(rowBits, b.shl(b.bitAnd(kBlock, 1), 4));
}

/// Eight bits where `block` is the upper one of a dword's two row blocks.
Value ScaleLoader::bitsOf(Value block) { return b.shl(b.bitAnd(block, 1), 3); }

/// Gate and up rows far apart: their dwords are two, each of which may also be
/// that of the next pair. Where the wave's first pair is known to be even, such
/// a dword is loaded once.
Value ScaleLoader::loadSeparated(int64_t nb, int64_t kb) {
  int64_t upParity = op.getScale().getType().getDimSize(1) / 32 % 2;
  bool sharing = evenPairs && op.getResult().getType().getDimSize(0) % 4 == 0;
  int64_t up = nb % 2, pair = nb / 2;
  int64_t number = sharing ? (pair + up * upParity) / 2 : pair;
  Value &dword = loaded[{up, number, kb}];
  if (!dword)
    dword = loadDwords(b.getI32Type(), rows.blockOf(nb), kb);
  return dword;
}

/// Gate and up rows in turn: the dwords of a lane's gate and of its up row
/// follow each other, here in row block `block` and of run `run` of 32 K.
Value ScaleLoader::loadAlternating(int64_t nb, int64_t kb, Value block,
                                   int64_t run, Value more) {
  Value &both = loaded[{0, nb / 2, kb + run}];
  if (!both)
    both = loadDwords(VectorType::get({2}, b.getI32Type()), block, kb, more);
  return vector::ExtractOp::create(b, both, nb % 2);
}

/// MFMA with 16 rows: a dword for each two K blocks, and the rotation.
void ScaleLoader::loadSmall(int64_t nb, SmallVectorImpl<Value> &registers) {
  ArrayRef<int64_t> shape = op.getResult().getType().getShape();
  bool alternates = !source.order.keepsBlocks();
  bool separate = source.order.halfStride != layout::RowOrder::kBlock;
  for (int64_t kb = 0; kb < shape[1]; kb += 2) {
    if (alternates) {
      registers.push_back(loadAlternating(nb, kb, rows.blockOf(nb)));
    } else if (separate) {
      registers.push_back(loadSeparated(nb, kb));
    } else {
      Value &dword = loaded[{0, nb / 2, kb}];
      if (!dword)
        dword = loadDwords(b.getI32Type(), rows.blockOf(nb), kb);
      registers.push_back(dword);
    }
  }
  Value bits;
  if (alternates) {
    // A lane's q says which of the two row blocks is its.
    Value upper = arith::CmpIOp::create(b, arith::CmpIPredicate::ne,
                                        rows.laneBlock(), b.i32(0));
    bits = b.select(upper, b.i32(8), b.i32(0));
  } else {
    bool known = !separate && shape[0] > 1;
    bits = known ? b.i32(nb % 2 * 8) : bitsOf(rows.blockOf(nb));
  }
  registers.push_back(getRotation(bits));
}

/// MFMA with 32 rows: a lane's row may be in either of a dword's two row
/// blocks, and there is a dword for each of its runs of 32 K.
void ScaleLoader::loadLarge(int64_t nb, SmallVectorImpl<Value> &registers) {
  Value block = b.add(rows.blockOf(nb), rows.laneBlock());
  bool alternates = !source.order.keepsBlocks();
  // Interleaved, gate and up rows of a pair are the two blocks of one dword.
  bool sharing = source.order.halfStride == layout::RowOrder::kBlock &&
                 source.layout.getGate() != GateLayout::None;
  for (int64_t kb = 0; kb < op.getResult().getType().getDimSize(1); kb += 2)
    for (int64_t run = 0; run < fragment.runs(); ++run) {
      Value more = b.i32(run * fragment.laneGroups() * runBytes);
      if (alternates) {
        registers.push_back(loadAlternating(nb, kb, block, run, more));
        continue;
      }
      Value &dword = loaded[{0, sharing ? nb / 2 : nb, kb + run}];
      if (!dword)
        dword = loadDwords(b.getI32Type(), block, kb, more);
      registers.push_back(dword);
    }
  registers.push_back(getRotation(bitsOf(block)));
}

/// For each row block a dword for each two K blocks and run, and behind them
/// the bits by which the byte of K block kb is further than byte kb % 2 * 2 in
/// all of them. Nothing is shifted here: arithmetic on a loaded value would
/// wait for the load, a step before the value is needed, and the unpacking
/// shifts anyway.
SmallVector<Value> ScaleLoader::load() {
  ArrayRef<int64_t> shape = op.getResult().getType().getShape();
  SmallVector<Value> dwords;
  for (int64_t nb = 0; nb < shape[0]; ++nb)
    if (fragment.rows == 32)
      loadLarge(nb, dwords);
    else
      loadSmall(nb, dwords);
  return dwords;
}

namespace {
struct LoadScaleLowering : OpConversionPattern<LoadScaleOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LoadScaleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    Value rsrc = describeExpert(b, adaptor.getScale(), op.getScale().getType(),
                                adaptor.getExpert());
    ScaleLoader loader(b, op, rsrc, adaptor.getN(), adaptor.getK());
    rewriter.replaceOpWithMultiple(op, {loader.load()});
    return success();
  }
};
} // namespace

void moe::populateLoadPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LoadWeightLowering, LoadScaleLowering>(converter,
                                                      patterns.getContext());
}
