// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-pipeline: moe.pingpong to explicit steps over two LDS buffers. The order
// within a step matters and is explained in docs/Rationale.md, "The ping-pong
// pipeline": sync, gather, register loads, multiply. How many loads a sync may
// leave in flight is decided later, by -moe-insert-waits.

#include "LdsUses.h"
#include "moe/Dialect/MoE/IR/Fragments.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_MOEPIPELINEPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {
/// The weights and scales of one K tile, in registers.
struct Fragments {
  Value weights, scales;
};

/// Emits the pipeline of one moe.pingpong.
class PingpongExpander {
public:
  /// `syncFirst`: other waves may still use the buffers, so a sync comes first.
  PingpongExpander(PingpongOp op, bool syncFirst)
      : op(op), b(op.getLoc(), op), tileK(op.getPing().getType().getDimSize(1)),
        columns(op.getColumns()), syncFirst(syncFirst) {}

  void run();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  int64_t numTiles() const { return llvm::divideCeil(columns, tileK); }
  int64_t columnsOf(int64_t tile) const {
    return std::min(tileK, columns - tile * tileK);
  }
  Value firstColumnOf(int64_t tile) {
    return arith::AddIOp::create(b, op.getK(), index(tile * tileK));
  }
  /// The last tile of a run with an end may be partial or lie past the end.
  bool isBounded(int64_t tile) { return op.getEnd() && tile + 1 == numTiles(); }
  Value startOf(int64_t tile) {
    return isBounded(tile) ? boundFirst(firstColumnOf(tile))
                           : firstColumnOf(tile);
  }
  Fragments fetchTile(int64_t tile);
  Fragments fetchFirstTile();
  bool fetchesTwoAtOnce();
  Fragments fetchSecondTile();
  void gather(Value first, int64_t columns, Value buffer, bool bounded);
  Fragments load(Value first, int64_t columns, bool bounded, bool scalesFirst);
  Value boundFirst(Value first);
  /// Even tiles are in the ping buffer, odd ones in pong.
  Value bufferOf(int64_t tile) {
    return tile % 2 == 0 ? op.getPing() : op.getPong();
  }
  Fragments fetch(Value first, int64_t columns, Value buffer,
                  bool bounded = false);
  Value multiply(Value buffer, Fragments fragments, Value acc);
  void emitLoop(int64_t tile, int64_t pairs, Fragments &fragments, Value &acc);

  PingpongOp op;
  ImplicitLocOpBuilder b;
  int64_t tileK, columns;
  bool syncFirst;
};
} // namespace

/// A first column past the end becomes one past K, where everything is zero.
Value PingpongExpander::boundFirst(Value first) {
  Value inside =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, first, op.getEnd());
  return arith::SelectOp::create(b, inside, first,
                                 index(op.getX().getType().getDimSize(1)));
}

void PingpongExpander::gather(Value first, int64_t columns, Value buffer,
                              bool bounded) {
  GatherOp::create(b, op.getX(), op.getRows(), first, columns, bounded, buffer);
}

/// Loads the weights and scales of the K tile that begins at `first`.
Fragments PingpongExpander::load(Value first, int64_t columns, bool bounded,
                                 bool scalesFirst) {
  int64_t nBlocks = op.getAcc().getType().getDimSize(1);
  int64_t kBlocks = llvm::divideCeil(columns, 128);
  layout::MfmaFragment fragment = getAccumulatorFragment(op.getAcc().getType());
  VectorType weightType =
      getWeightType(b.getContext(), fragment, nBlocks, kBlocks);
  VectorType scaleType =
      getScaleType(b.getContext(), fragment, nBlocks, kBlocks);
  auto loadScales = [&] {
    return LoadScaleOp::create(b, scaleType, op.getScale(), op.getExpert(),
                               op.getN(), first, bounded);
  };
  Fragments fragments;
  if (scalesFirst)
    fragments.scales = loadScales();
  fragments.weights =
      LoadWeightOp::create(b, weightType, op.getW(), op.getExpert(), op.getN(),
                           first, op.getCache(), bounded);
  if (!scalesFirst)
    fragments.scales = loadScales();
  return fragments;
}

/// Starts to move the K tile that begins at `first`: A into `buffer`, weights
/// and scales into registers. The gather comes first, so that the loads behind
/// it may stay in flight when a sync waits for it. Where few products of a wave
/// wait for memory, the scales come ahead of the weights: a product can then
/// begin when its own weights are there.
Fragments PingpongExpander::fetch(Value first, int64_t columns, Value buffer,
                                  bool bounded) {
  gather(first, columns, buffer, bounded);
  return load(first, columns, bounded, /*scalesFirst=*/fetchesTwoAtOnce());
}

/// The first tile of a run: here the loads come first, since the rows to gather
/// are still on their way from memory. The sync behind waits for all of them,
/// and the multiplication needs them all. The addresses of the scales are
/// computed behind the weights, with which memory begins.
Fragments PingpongExpander::fetchFirstTile() {
  Value first = startOf(0);
  Fragments fragments =
      load(first, columnsOf(0), isBounded(0), /*scalesFirst=*/false);
  gather(first, columnsOf(0), bufferOf(0), isBounded(0));
  return fragments;
}

/// Fetches tile number `tile` of the run into its buffer.
Fragments PingpongExpander::fetchTile(int64_t tile) {
  return fetch(startOf(tile), columnsOf(tile), bufferOf(tile), isBounded(tile));
}

/// With few rows memory would have nothing to do from the last request of the
/// first tile until all of that tile is there, so the second one is requested
/// with it. With 64 columns a wave the registers of both cost 16x256x256 a wave
/// a SIMD.
bool PingpongExpander::fetchesTwoAtOnce() {
  constexpr int64_t kMostRows = 16, kMostColumns = 32;
  ArrayRef<int64_t> shape = op.getAcc().getType().getShape();
  layout::MfmaFragment fragment = getAccumulatorFragment(op.getAcc().getType());
  return numTiles() > 1 && shape[0] * fragment.rows <= kMostRows &&
         shape[1] * fragment.rows <= kMostColumns;
}

/// Fetches the second tile right behind the first one. Rows take little of the
/// bandwidth and everybody waits for them, so no wave requests its second
/// weights, which come far behind in use, before all waves have requested their
/// rows. That needs a barrier, but no wait. In a run of two tiles one sync is
/// for both, and products of the second tile need not begin early.
Fragments PingpongExpander::fetchSecondTile() {
  Value first = startOf(1);
  gather(first, columnsOf(1), bufferOf(1), isBounded(1));
  ROCDL::SBarrierOp::create(b);
  return load(first, columnsOf(1), isBounded(1),
              /*scalesFirst=*/numTiles() > 2);
}

Value PingpongExpander::multiply(Value buffer, Fragments fragments, Value acc) {
  auto weightType = cast<VectorType>(fragments.weights.getType());
  auto unpackedType = VectorType::get(weightType.getShape(), b.getBF16Type());
  Value unpacked =
      UnpackOp::create(b, unpackedType, fragments.weights, fragments.scales);
  return MfmaOp::create(b, buffer, unpacked, acc);
}

/// `pairs` times a step with tile number `tile` and its buffer and one with the
/// next. Each step fetches a whole tile, so the tile after the last step must
/// be one.
void PingpongExpander::emitLoop(int64_t tile, int64_t pairs,
                                Fragments &fragments, Value &acc) {
  // K is at most 65536; 32 bits are one scalar register. It counts from the
  // next tile on, so that what the two steps fetch differs by a constant.
  auto i32 = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  auto loop = scf::ForOp::create(
      b, i32((tile + 1) * tileK), i32((tile + 2 * pairs + 1) * tileK),
      i32(2 * tileK), ValueRange{acc, fragments.weights, fragments.scales});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value offset =
      arith::IndexCastUIOp::create(b, b.getIndexType(), loop.getInductionVar());
  Value current = arith::AddIOp::create(b, op.getK(), offset);
  acc = loop.getRegionIterArg(0);
  fragments = {loop.getRegionIterArg(1), loop.getRegionIterArg(2)};
  for (int64_t step : {0, 1}) {
    SyncOp::create(b);
    Value next =
        step ? arith::AddIOp::create(b, current, index(tileK)) : current;
    Fragments prefetched = fetch(next, tileK, bufferOf(tile + step + 1));
    acc = multiply(bufferOf(tile + step), fragments, acc);
    fragments = prefetched;
  }
  scf::YieldOp::create(b, ValueRange{acc, fragments.weights, fragments.scales});
  acc = loop.getResult(0);
  fragments = {loop.getResult(1), loop.getResult(2)};
}

void PingpongExpander::run() {
  if (syncFirst)
    SyncOp::create(b);
  Fragments fragments = fetchFirstTile();
  Value acc =
      arith::ConstantOp::create(b, b.getZeroAttr(op.getAcc().getType()));
  int64_t tile = 0;
  if (fetchesTwoAtOnce()) {
    Fragments second = fetchSecondTile();
    SyncOp::create(b);
    acc = multiply(bufferOf(0), fragments, acc);
    fragments = second;
    tile = 1;
  }
  // The loop fetches whole tiles that are known to be inside.
  int64_t plainTiles =
      op.getEnd() ? numTiles() - 1 : static_cast<int64_t>(columns / tileK);
  int64_t pairs = plainTiles > tile ? (plainTiles - 1 - tile) / 2 : 0;
  if (pairs > 0) {
    // Waits for the first tile here, so that the loop's syncs need not cover
    // it.
    if (tile == 0)
      SyncOp::create(b);
    emitLoop(tile, pairs, fragments, acc);
    tile += 2 * pairs;
  }
  // A run of two tiles that are there at once has nothing more to wait for.
  bool isThere = tile == 1 && numTiles() == 2;
  for (; tile < numTiles(); ++tile) {
    if (!isThere)
      SyncOp::create(b);
    Fragments next;
    if (tile + 1 < numTiles())
      next = fetchTile(tile + 1);
    acc = multiply(bufferOf(tile), fragments, acc);
    fragments = next;
  }
  op.getAcc().replaceAllUsesWith(acc);
  op.erase();
}

namespace {
struct MoEPipelinePass : moe::impl::MoEPipelinePassBase<MoEPipelinePass> {
  void runOnOperation() override {
    SmallVector<PingpongOp> ops;
    getOperation().walk([&](PingpongOp op) { ops.push_back(op); });
    // All are looked at before the first is expanded.
    LdsUses uses(getOperation());
    SmallVector<bool> syncFirst;
    for (PingpongOp op : ops)
      syncFirst.push_back(uses.mayPrecede(op));
    for (auto [op, sync] : llvm::zip_equal(ops, syncFirst))
      PingpongExpander(op, sync).run();
  }
};
} // namespace
