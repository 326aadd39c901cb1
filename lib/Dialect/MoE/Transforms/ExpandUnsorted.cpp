// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of -moe-expand-kernel: which rows a workgroup of a moe.grouped_gemm
// without sorted lists computes. All waves look at all pairs, 64 at a time, and
// count by ballots those that go to the workgroup's expert. Each wave leaves
// the list of its tile in LDS for itself, so that no barrier is needed.

#include "ExpandBuilder.h"
#include "ExpandKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace moe;

namespace {
/// Expands one op. Pairs are numbered token by token; their numbers are i32
/// where they are compared, since tokens and slots are below 2^24 and 2^8.
class RowCollector {
public:
  RowCollector(ExpandBuilder &b, GroupedGemmOp op, Value pair, Value ids,
               Value weights, Value first)
      : b(b), op(op), topk(static_cast<int64_t>(op.getTopk())),
        tileM(op.getScheduleAttr().getTileM()), pair(pair), ids(ids),
        weights(weights), first(first) {}

  CollectedRows run();

private:
  Value load(Value memory, ValueRange at) {
    return memref::LoadOp::create(b, memory, at);
  }
  /// Token and slot (i32) of a pair.
  std::pair<Value, Value> split(Value number) {
    return {arith::DivUIOp::create(b, number, b.i32(topk)),
            arith::RemUIOp::create(b, number, b.i32(topk))};
  }
  Value countPairs();
  Value findExpert(Value id);
  void fillWithPadding();
  Value count(Value lanes);
  SmallVector<Value> collect(Value round, ValueRange counts);

  ExpandBuilder &b;
  GroupedGemmOp op;
  int64_t topk, tileM;
  Value pair, ids, weights, first;
  Value lane;       ///< index
  Value pairs;      ///< i32: those of the tokens that are computed
  Value own, ownId; ///< i32: the workgroup's pair and its topk_ids
};
} // namespace

Value RowCollector::countPairs() {
  Value tokens = op.getTokens();
  if (op.getLocalTokens()) {
    Value local = load(op.getLocalTokens(), b.index(0));
    local = arith::MaxSIOp::create(b, local, b.i32(0));
    tokens = arith::MinSIOp::create(b, local, tokens);
  }
  return arith::MulIOp::create(b, tokens, b.i32(topk));
}

/// The number on this device of the expert `id`; -1, or what the map has for
/// it, if it is not on this device.
Value RowCollector::findExpert(Value id) {
  if (!op.getExpertMap())
    return id;
  Value size = memref::DimOp::create(b, op.getExpertMap(), int64_t(0));
  Value isGlobal = b.less(id, b.toI32(size));
  Value entry = b.toIndex(b.select(isGlobal, id, b.i32(0)));
  return b.select(isGlobal, load(op.getExpertMap(), entry), b.i32(-1));
}

void RowCollector::fillWithPadding() {
  Value padding = arith::OrIOp::create(b, op.getTokens(), b.i32(topk << 24));
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  b.loop(lane, b.index(tileM), kLanes, {},
         [&](Value row, ValueRange) -> SmallVector<Value> {
           Value at = b.add(first, row);
           memref::StoreOp::create(b, padding, ids, at);
           memref::StoreOp::create(b, zero, weights, at);
           return {};
         });
}

/// Bits of an i64, as i32.
Value RowCollector::count(Value lanes) {
  Value bits = math::CtPopOp::create(b, lanes);
  return arith::TruncIOp::create(b, b.getI32Type(), bits);
}

/// One round: `counts` are the expert's pairs ahead of the workgroup's, and
/// from that on, in the rounds so far.
SmallVector<Value> RowCollector::collect(Value round, ValueRange counts) {
  Value number = b.toI32(b.add(round, lane));
  Value inRange = b.less(number, pairs);
  auto [token, slot] = split(b.select(inRange, number, b.i32(0)));
  SmallVector<Value> place = {b.toIndex(token), b.toIndex(slot)};
  Value isOwn = b.both(inRange, b.equal(load(op.getTopkIds(), place), ownId));
  Value isAhead = b.both(isOwn, b.less(number, own));
  Value isRow = b.both(
      isOwn, arith::CmpIOp::create(b, arith::CmpIPredicate::uge, number, own));
  Type i64 = b.getI64Type();
  Value ahead = ROCDL::BallotOp::create(b, i64, isAhead);
  Value rows = ROCDL::BallotOp::create(b, i64, isRow);
  // The lanes below this one.
  Value bit = arith::ShLIOp::create(
      b, arith::ConstantOp::create(b, b.getI64IntegerAttr(1)),
      arith::IndexCastUIOp::create(b, i64, lane));
  Value below = arith::SubIOp::create(
      b, bit, arith::ConstantOp::create(b, b.getI64IntegerAttr(1)));
  Value row = b.add(counts[1], count(b.both(rows, below)));
  Value upper = arith::ShLIOp::create(b, slot, b.i32(24));
  Value id = arith::OrIOp::create(b, upper, token);
  b.when(b.both(isRow, b.less(row, b.i32(tileM))), [&] {
    Value at = b.add(first, b.toIndex(row));
    memref::StoreOp::create(b, id, ids, at);
    if (op.getRoutingWeight())
      memref::StoreOp::create(b, load(op.getTopkWeights(), place), weights, at);
  });
  return {b.add(counts[0], count(ahead)), b.add(counts[1], count(rows))};
}

CollectedRows RowCollector::run() {
  lane = gpu::LaneIdOp::create(b, /*upper_bound=*/IntegerAttr());
  own = b.toI32(pair);
  auto [token, slot] = split(own);
  ownId = load(op.getTopkIds(), {b.toIndex(token), b.toIndex(slot)});
  pairs = countPairs();
  Value expert = findExpert(ownId);
  fillWithPadding();
  SmallVector<Value> counts = b.loop(
      b.index(0), b.toIndex(pairs), kLanes, {b.i32(0), b.i32(0)},
      [&](Value round, ValueRange counts) { return collect(round, counts); });
  // Other lanes of the wave read what this one has written. The hardware keeps
  // the order of a wave's LDS accesses; this tells the compiler to.
  LLVM::FenceOp::create(b, LLVM::AtomicOrdering::acq_rel, "wavefront");
  Value place = arith::RemUIOp::create(b, counts[0], b.i32(tileM));
  Value isFirst = b.equal(place, b.i32(0));
  Value isLocal = b.both(b.less(own, pairs), b.less(expert, b.i32(op.getE())));
  return {b.both(isFirst, isLocal), expert};
}

CollectedRows moe::collectRows(ExpandBuilder &b, GroupedGemmOp op, Value pair,
                               Value ids, Value weights, Value first) {
  return RowCollector(b, op, pair, ids, weights, first).run();
}
