// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of -moe-expand-kernel: the kernels that make a product's output whole,
// moe.activate_sums after split-K in stage 1 and moe.reduce_slots after a stage
// 2 that stores. A workgroup has one row, so its number, its validity and its
// expert are the same in all threads.

#include "ExpandBuilder.h"
#include "ExpandKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

namespace {
/// What both expansions need to build.
class RowBuilder : public ExpandBuilder {
public:
  using ExpandBuilder::ExpandBuilder;

  /// Row and first column of the workgroup: `columns` of `chunks` x `columns`.
  std::pair<Value, Value> splitBlock(int64_t chunks, int64_t columns) {
    Value group = toI32(block());
    Value row = arith::DivUIOp::create(*this, group, i32(chunks));
    Value chunk = arith::RemUIOp::create(*this, group, i32(chunks));
    return {toIndex(row), mul(toIndex(chunk), columns)};
  }
  /// The first of the `columns` columns of this thread.
  Value threadColumn(Value first, int64_t columns) {
    return add(first, mul(thread(), columns));
  }

  Value load(Value memory, Value row, Value column, int64_t columns) {
    Type element = cast<MemRefType>(memory.getType()).getElementType();
    int64_t bytes = columns * element.getIntOrFloatBitWidth() / 8;
    return vector::LoadOp::create(*this, VectorType::get({columns}, element),
                                  memory, ValueRange{row, column},
                                  /*nontemporal=*/false, alignment(bytes));
  }
  /// f32 rounded to the element type of `memory`.
  void store(Value value, Value memory, Value row, Value column) {
    Type element = cast<MemRefType>(memory.getType()).getElementType();
    int64_t columns = cast<VectorType>(value.getType()).getDimSize(0);
    if (!element.isF32())
      value = arith::TruncFOp::create(
          *this, VectorType::get({columns}, element), value);
    int64_t bytes = columns * element.getIntOrFloatBitWidth() / 8;
    vector::StoreOp::create(*this, value, memory, ValueRange{row, column},
                            /*nontemporal=*/false, alignment(bytes));
  }
  Value toF32(Value value) {
    auto type = cast<VectorType>(value.getType());
    if (type.getElementType().isF32())
      return value;
    return arith::ExtFOp::create(
        *this, VectorType::get(type.getShape(), getF32Type()), value);
  }

private:
  /// Memory starts at a multiple of 16 bytes, rows are multiples of 16 apart.
  static llvm::MaybeAlign alignment(int64_t bytes) {
    return llvm::MaybeAlign(std::min<int64_t>(bytes, 16));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// moe.activate_sums
//===----------------------------------------------------------------------===//

/// The bias of four gate and of four up columns from `column` on, in the
/// physical order of the weight rows.
static std::pair<Value, Value> loadBias(RowBuilder &b, ActivateSumsOp op,
                                        Value expert, Value column) {
  using layout::RowOrder;
  RowOrder order =
      getRowOrder(op.getGate(), 2 * op.getOut().getType().getDimSize(1));
  Value row = column;
  if (order.columnStride != 1)
    row = b.mul(row, order.columnStride);
  // What a block of columns is further than its columns alone would make it.
  int64_t extra = order.pairStride - RowOrder::kBlock * order.columnStride;
  if (extra != 0) {
    Value block = arith::DivUIOp::create(b, column, b.index(RowOrder::kBlock));
    row = b.add(b.mul(block, extra), row);
  }
  if (order.keepsBlocks())
    return {
        b.load(op.getBias(), expert, row, 4),
        b.load(op.getBias(), expert, b.add(row, b.index(order.halfStride)), 4)};
  // Gate and up in turn.
  Value both = b.load(op.getBias(), expert, row, 8);
  return {
      vector::ShuffleOp::create(b, both, both, ArrayRef<int64_t>{0, 2, 4, 6}),
      vector::ShuffleOp::create(b, both, both, ArrayRef<int64_t>{1, 3, 5, 7})};
}

/// Gate and up of four columns, with their bias, as accumulators of one block
/// of gate and one of up columns; the activation of them.
static Value activateSums(RowBuilder &b, ActivateSumsOp op, Value outRow,
                          Value expert, Value column) {
  int64_t inter = op.getOut().getType().getDimSize(1);
  Value upColumn = b.add(column, b.index(inter));
  Value gate = b.load(op.getSums(), outRow, column, 4);
  Value up = b.load(op.getSums(), outRow, upColumn, 4);
  if (op.getBias()) {
    auto [gateBias, upBias] = loadBias(b, op, expert, column);
    gate = arith::AddFOp::create(b, gate, gateBias);
    up = arith::AddFOp::create(b, up, upBias);
  }
  auto type = VectorType::get({1, 2, 4}, b.getF32Type());
  Value pair = arith::ConstantOp::create(b, type, b.getZeroAttr(type));
  pair = vector::InsertOp::create(b, gate, pair, ArrayRef<int64_t>{0, 0});
  pair = vector::InsertOp::create(b, up, pair, ArrayRef<int64_t>{0, 1});
  Value activated = ActivateOp::create(
      b, VectorType::get({1, 1, 4}, b.getF32Type()), op.getActivation(),
      op.getParams(), pair, Value(), Value(), Value(), GateLayout::None);
  return vector::ExtractOp::create(b, activated, ArrayRef<int64_t>{0, 0});
}

LogicalResult moe::expandActivateSums(ActivateSumsOp op) {
  int64_t inter = op.getOut().getType().getDimSize(1);
  int64_t kColumns = ActivateSumsOp::kColumns;
  bool activated = op.getActivation() != Activation::None;
  if (failed(prepareKernelFunction(op, ActivateSumsOp::kThreads, gridOf(op))))
    return failure();
  RowBuilder b(op);
  auto [row, first] = b.splitBlock(llvm::divideCeil(inter, kColumns), kColumns);
  // Past num_valid everything is garbage, the expert's id too.
  Value used = memref::LoadOp::create(b, op.getNumValid(), b.index(0));
  b.enterIf(arith::CmpIOp::create(
      b, arith::CmpIPredicate::slt, row,
      arith::IndexCastOp::create(b, b.getIndexType(), used)));
  Value block = arith::DivUIOp::create(b, row, b.index(op.getBlockRows()));
  Value expert = memref::LoadOp::create(b, op.getExpertIds(), block);
  Value id = memref::LoadOp::create(b, op.getSortedIds(), row);
  Value slot = arith::ShRUIOp::create(b, id, b.i32(24));
  Value token = arith::AndIOp::create(b, id, b.i32(0xffffff));
  Value column = b.threadColumn(first, 4);
  Value valid =
      b.both(b.less(token, op.getTokens()), b.less(slot, b.i32(op.getTopk())));
  valid = b.both(valid, b.less(expert, b.i32(op.getExperts())));
  b.enterIf(b.both(valid, b.less(column, b.index(inter))));

  Value outRow = b.add(b.mul(b.toIndex(token), op.getTopk()), b.toIndex(slot));
  Value values = activated
                     ? activateSums(b, op, outRow, b.toIndex(expert), column)
                     : b.load(op.getSums(), outRow, column, 4);
  if (op.getRoutingWeight()) {
    Value weight = memref::LoadOp::create(b, op.getSortedWeights(), row);
    values = arith::MulFOp::create(
        b, values, vector::BroadcastOp::create(b, values.getType(), weight));
  }
  b.store(values, op.getOut(), outRow, column);
  op.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// moe.reduce_slots
//===----------------------------------------------------------------------===//

/// `sum` (null: nothing yet) and, in order, the columns of `count` slots from
/// row `begin` on, as far as they count. All are loaded before the first is
/// used, and without branches, so that they are in flight together; in place of
/// a slot that does not count, the token's slot 0, row `first`, is read again.
static Value addSlots(RowBuilder &b, ReduceSlotsOp op, Value sum, Value first,
                      Value begin, int64_t count, Value column) {
  SmallVector<Value> rows, counts, values;
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  for (int64_t s = 0; s < count; ++s) {
    rows.push_back(b.add(begin, b.index(s)));
    if (!op.getValid())
      continue;
    Value mask = memref::LoadOp::create(b, op.getValid(), rows.back());
    counts.push_back(
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, mask, none));
  }
  for (auto [i, row] : llvm::enumerate(rows)) {
    Value from = row;
    if (op.getValid())
      from = arith::SelectOp::create(b, counts[i], row, first);
    values.push_back(
        b.load(op.getParts(), from, column, op.getThreadColumns()));
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    value = b.toF32(value);
    if (op.getValid())
      value = arith::SelectOp::create(
          b, counts[i], value,
          arith::ConstantOp::create(b, b.getZeroAttr(value.getType())));
    sum = sum ? arith::AddFOp::create(b, sum, value) : value;
  }
  return sum;
}

/// All slots of a token, eight at a time; above 32 in a loop.
static Value addAllSlots(RowBuilder &b, ReduceSlotsOp op, Value first,
                         Value column) {
  constexpr int64_t kTogether = 8, kUnrolled = 32;
  int64_t topk = op.getTopk(), begin = 0;
  Value sum;
  if (topk > kUnrolled) {
    begin = topk / kTogether * kTogether;
    auto type = VectorType::get({op.getThreadColumns()}, b.getF32Type());
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    auto loop = scf::ForOp::create(b, b.index(0), b.index(begin),
                                   b.index(kTogether), zero);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value next =
        addSlots(b, op, loop.getRegionIterArg(0), first,
                 b.add(first, loop.getInductionVar()), kTogether, column);
    scf::YieldOp::create(b, next);
    sum = loop.getResult(0);
  }
  for (; begin < topk; begin += kTogether)
    sum = addSlots(b, op, sum, first, b.add(first, b.index(begin)),
                   std::min(kTogether, topk - begin), column);
  return sum;
}

LogicalResult moe::expandReduceSlots(ReduceSlotsOp op) {
  int64_t size = op.getOut().getType().getDimSize(1);
  int64_t columns = op.getThreadColumns();
  int64_t perBlock = columns * ReduceSlotsOp::kThreads;
  if (failed(prepareKernelFunction(op, ReduceSlotsOp::kThreads, gridOf(op))))
    return failure();
  RowBuilder b(op);
  auto [token, first] =
      b.splitBlock(llvm::divideCeil(size, perBlock), perBlock);
  Value column = b.threadColumn(first, columns);
  Value isToken = b.less(token, b.toIndex(op.getTokens()));
  b.enterIf(b.both(isToken, b.less(column, b.index(size))));
  Value sum = addAllSlots(b, op, b.mul(token, op.getTopk()), column);
  b.store(sum, op.getOut(), token, column);
  op.erase();
  return success();
}
