// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of -moe-expand-kernel: moe.quantize and moe.shuffle. A thread has 32
// consecutive K of one logical row, 16 bytes of codes and a scale, or their
// padding, and stores them where that row stands.

#include "ExpandBuilder.h"
#include "ExpandKernel.h"

#include "moe/Layout/Preshuffle.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

/// Values that a scale serves.
static constexpr int64_t kBlock = 32;

namespace {
/// Codes as vector<4xi32> and the scale as i8.
struct ScaleBlock {
  Value codes, scale;
};

class WeightBuilder : public ExpandBuilder {
public:
  using ExpandBuilder::ExpandBuilder;

  Value i8(int64_t value) {
    return arith::ConstantOp::create(*this, getI8IntegerAttr(int8_t(value)));
  }
  Value div(Value x, int64_t y) {
    return y == 1 ? x : arith::DivUIOp::create(*this, x, index(y)).getResult();
  }
  Value rem(Value x, int64_t y) {
    return arith::RemUIOp::create(*this, x, index(y));
  }
  Value splat(Attribute value, VectorType type) {
    return arith::ConstantOp::create(
        *this, DenseElementsAttr::get(type, ArrayRef(value)));
  }
  Value noCodes() {
    auto type = VectorType::get({4}, getI32Type());
    return arith::ConstantOp::create(*this, getZeroAttr(type));
  }

  /// The byte of a row's block, both of one expert, that the layout says; for
  /// scales `unit` is 1, for codes the values of a block.
  Value place(const layout::Preshuffle &places, const layout::Index3 &shape,
              Value row, Value block, int64_t unit) {
    Value sum = index(0);
    for (auto [i, digit] : llvm::enumerate(places.getDigits())) {
      bool isK = digit.axis == layout::Axis::K;
      // Within a block the bytes follow each other.
      if (digit.axis == layout::Axis::Expert || (isK && digit.divisor < unit))
        continue;
      Value value = div(isK ? block : row, digit.divisor / (isK ? unit : 1));
      if (digit.modulus)
        value = rem(value, digit.modulus);
      sum = add(sum, mul(value, places.getByteStride(i, shape)));
    }
    return sum;
  }
};

/// Expands one op, whose blocks `read` makes of a row's number and a block's.
template <typename Op>
class WeightExpander {
public:
  explicit WeightExpander(Op op) : op(op), b(op) {}

  template <typename Read>
  void run(Read read);

private:
  Value physicalRow(Value row);
  void store(const ScaleBlock &block, Value codeByte, Value scaleByte);
  void storeShuffled(const ScaleBlock &block, Value expert, Value row,
                     Value number);

  Op op;
  WeightBuilder b;
};
} // namespace

/// Where logical row `row` of an expert stands. Logical rows are all gate rows,
/// then all up rows.
template <typename Op>
Value WeightExpander<Op>::physicalRow(Value row) {
  using layout::RowOrder;
  // Without gate and up rows the halves follow each other too.
  GateLayout gate =
      op.getGate() == GateLayout::None ? GateLayout::Separated : op.getGate();
  int64_t rows = op.getExpertRows();
  RowOrder order = getRowOrder(gate, rows);
  if (order.halfStride == rows / 2)
    return row;
  Value half = b.div(row, rows / 2), column = b.rem(row, rows / 2);
  Value pair = b.mul(b.div(column, RowOrder::kBlock), order.pairStride);
  Value inBlock = b.mul(b.rem(column, RowOrder::kBlock), order.columnStride);
  return b.add(b.add(pair, b.mul(half, order.halfStride)), inBlock);
}

template <typename Op>
void WeightExpander<Op>::store(const ScaleBlock &block, Value codeByte,
                               Value scaleByte) {
  if (codeByte) {
    auto bytes = VectorType::get({16}, b.getI8Type());
    vector::StoreOp::create(b, vector::BitCastOp::create(b, bytes, block.codes),
                            op.getCodes(), codeByte, /*nontemporal=*/false,
                            llvm::MaybeAlign(16));
  }
  if (scaleByte)
    memref::StoreOp::create(b, block.scale, op.getScales(), scaleByte);
}

template <typename Op>
void WeightExpander<Op>::storeShuffled(const ScaleBlock &block, Value expert,
                                       Value row, Value number) {
  int64_t k = op.getK(), rows = op.getExpertRows();
  const auto &weights = layout::Preshuffle::weights(layout::kMXFP4);
  const auto &scales = layout::Preshuffle::scales(layout::kMXFP4);
  layout::Index3 shape = {1, rows, k}, scaleShape = {1, rows, k / kBlock};
  Value scaleByte = b.add(b.mul(expert, *scales.getByteSize(scaleShape)),
                          b.place(scales, scaleShape, row, number, /*unit=*/1));
  store(block, Value(), scaleByte);
  // K is padded further for scales than for codes.
  Value hasCodes =
      b.less(number, b.index(llvm::divideCeil(k, 128) * (128 / kBlock)));
  b.when(hasCodes, [&] {
    Value codeByte = b.add(b.mul(expert, *weights.getByteSize(shape)),
                           b.place(weights, shape, row, number, kBlock));
    store(block, codeByte, Value());
  });
}

template <typename Op>
template <typename Read>
void WeightExpander<Op>::run(Read read) {
  int64_t perRow = op.getRowBlocks(), inUse = op.getK() / kBlock;
  Value thread = b.add(b.mul(b.block(), Op::kThreads), b.thread());
  Value line = b.div(thread, perRow), number = b.rem(thread, perRow);
  b.enterIf(b.both(b.less(line, b.toIndex(op.getRows())),
                   b.less(line, b.index(op.getAllRows()))));
  Value isInUse = b.less(number, b.index(inUse));
  if (op.getLogical()) {
    b.enterIf(isInUse);
    Value codeByte = b.add(b.mul(line, op.getK() / 2), b.mul(number, 16));
    store(read(b, line, number), codeByte, b.add(b.mul(line, inUse), number));
    op.erase();
    return;
  }
  Value expert = b.div(line, op.getExpertRows());
  Value row = physicalRow(b.rem(line, op.getExpertRows()));
  // Padding reads the last block, and uses nothing of it.
  ScaleBlock block =
      read(b, line, b.select(isInUse, number, b.index(inUse - 1)));
  block.codes = b.select(isInUse, block.codes, b.noCodes());
  block.scale = b.select(isInUse, block.scale, b.i8(0x7F));
  storeShuffled(block, expert, row, number);
  op.erase();
}

//===----------------------------------------------------------------------===//
// moe.quantize
//===----------------------------------------------------------------------===//

/// The codes of eight bf16 values divided by the scale, 4 bits each, the first
/// one lowest.
static Value encode(WeightBuilder &b, Value values, Value factor) {
  auto floats = VectorType::get({8}, b.getF32Type());
  auto words = VectorType::get({8}, b.getI32Type());
  Value exact =
      arith::MulFOp::create(b, arith::ExtFOp::create(b, floats, values),
                            vector::BroadcastOp::create(b, floats, factor));
  Value bits = arith::BitcastOp::create(b, words, exact);
  Value magnitude = arith::BitcastOp::create(
      b, floats,
      arith::AndIOp::create(b, bits,
                            b.splat(b.getI32IntegerAttr(0x7FFFFFFF), words)));
  // A code for each midpoint of neighbours that is passed; on one the even
  // code.
  struct Midpoint {
    float value;
    bool inclusive;
  };
  static const Midpoint midpoints[] = {
      {.25f, false}, {.75f, true}, {1.25f, false}, {1.75f, true},
      {2.5f, false}, {3.5f, true}, {5.0f, false}};
  Value code =
      arith::ShRUIOp::create(b, bits, b.splat(b.getI32IntegerAttr(31), words));
  code = arith::ShLIOp::create(b, code, b.splat(b.getI32IntegerAttr(3), words));
  for (const Midpoint &midpoint : midpoints) {
    auto predicate = midpoint.inclusive ? arith::CmpFPredicate::OGE
                                        : arith::CmpFPredicate::OGT;
    Value passed = arith::CmpFOp::create(
        b, predicate, magnitude,
        b.splat(b.getF32FloatAttr(midpoint.value), floats));
    code = b.add(code, arith::ExtUIOp::create(b, words, passed));
  }
  Value word = b.i32(0);
  for (int64_t i = 0; i < 8; ++i) {
    Value one = vector::ExtractOp::create(b, code, i);
    word = arith::OrIOp::create(b, word,
                                arith::ShLIOp::create(b, one, b.i32(4 * i)));
  }
  return word;
}

/// Reads a block of bf16 and quantises it.
static ScaleBlock quantizeBlock(WeightBuilder &b, QuantizeOp op, Value row,
                                Value number) {
  auto type = VectorType::get({8}, b.getBF16Type());
  auto halves = VectorType::get({8}, b.getI16Type());
  SmallVector<Value> parts;
  Value largest;
  for (int64_t i = 0; i < kBlock; i += 8) {
    Value column = b.add(b.mul(number, kBlock), b.index(i));
    parts.push_back(
        vector::LoadOp::create(b, type, op.getX(), ValueRange{row, column},
                               /*nontemporal=*/false, llvm::MaybeAlign(16)));
    Value bits = arith::AndIOp::create(
        b, arith::BitcastOp::create(b, halves, parts.back()),
        b.splat(b.getI16IntegerAttr(0x7FFF), halves));
    largest =
        largest ? arith::MaxUIOp::create(b, largest, bits).getResult() : bits;
  }
  Value most =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXUI, largest);
  most = arith::ExtUIOp::create(b, b.getI32Type(), most);
  // The exponent less 2; subnormal numbers have 0, as the smallest scale.
  Value exponent = arith::ShRUIOp::create(b, most, b.i32(7));
  Value byte = arith::SubIOp::create(
      b, arith::MaxUIOp::create(b, exponent, b.i32(2)), b.i32(2));
  Value isFinite = b.less(most, b.i32(0x7F80));
  // 1 / scale, a power of two from 2^-125 to 2^127.
  Value factor = arith::BitcastOp::create(
      b, b.getF32Type(),
      arith::ShLIOp::create(b, arith::SubIOp::create(b, b.i32(254), byte),
                            b.i32(23)));
  Value codes = b.noCodes();
  for (auto [i, part] : llvm::enumerate(parts))
    codes =
        vector::InsertOp::create(b, encode(b, part, factor), codes, int64_t(i));
  Value scale = arith::TruncIOp::create(b, b.getI8Type(),
                                        b.select(isFinite, byte, b.i32(0xFF)));
  return {b.select(isFinite, codes, b.noCodes()), scale};
}

LogicalResult moe::expandQuantize(QuantizeOp op) {
  if (failed(prepareKernelFunction(op, QuantizeOp::kThreads, gridOf(op))))
    return failure();
  WeightExpander<QuantizeOp>(op).run(
      [&](WeightBuilder &b, Value row, Value number) {
        return quantizeBlock(b, op, row, number);
      });
  return success();
}

//===----------------------------------------------------------------------===//
// moe.shuffle
//===----------------------------------------------------------------------===//

LogicalResult moe::expandShuffle(ShuffleOp op) {
  if (failed(prepareKernelFunction(op, ShuffleOp::kThreads, gridOf(op))))
    return failure();
  WeightExpander<ShuffleOp>(op).run(
      [&](WeightBuilder &b, Value row, Value number) -> ScaleBlock {
        auto bytes = VectorType::get({16}, b.getI8Type());
        auto words = VectorType::get({4}, b.getI32Type());
        Value codes = vector::LoadOp::create(
            b, bytes, op.getLogicalCodes(), ValueRange{row, b.mul(number, 16)},
            /*nontemporal=*/false, llvm::MaybeAlign(16));
        Value scale = memref::LoadOp::create(b, op.getLogicalScales(),
                                             ValueRange{row, number});
        return {vector::BitCastOp::create(b, words, codes), scale};
      });
  return success();
}

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

template <typename Op>
static std::string gridOfBlocks(Op op) {
  return "ceildiv(tokens," + std::to_string(Op::kThreads) + ")*" +
         std::to_string(op.getRowBlocks());
}

std::string moe::gridOf(QuantizeOp op) { return gridOfBlocks(op); }
std::string moe::gridOf(ShuffleOp op) { return gridOfBlocks(op); }
