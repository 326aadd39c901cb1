// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of -moe-expand-kernel: moe.sort. The pairs are cut into runs, one for
// each wave; a wave has a counter for each expert in LDS, at first how many of
// its run go there, then the row of the next of them. Lanes whose pairs go to
// the same expert find each other by ballots, and the last of them writes the
// counter: so nothing is atomic, and the order is that of the pairs.

#include "ExpandBuilder.h"
#include "ExpandKernel.h"

#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

namespace {
/// What a lane's pair is.
struct Pair {
  Value exists;            ///< it goes to an expert of this device
  Value token, slot;       ///< index
  Value expert;            ///< i32; SortOp's `experts` if it does not exist
  Value before, all, last; ///< lanes of the same expert: ahead of this one, all
                           ///< of them (index); whether this is the last
};

/// Expands one op in a function.
class SortExpander {
public:
  SortExpander(SortOp op, gpu::GPUFuncOp func)
      : op(op), b(op), experts(op.getExperts()), topk(op.getTopk()),
        blockRows(op.getBlockRows()), phase(op.getPhase()),
        waves(phase == SortPhase::All || phase == SortPhase::Scan
                  ? SortOp::kWaves
                  : SortOp::kParts) {
    counters = addBuffer(func, {SortOp::kWaves, experts});
    totals = addBuffer(func, {SortOp::kWaves});
  }

  void run();

private:
  Value addBuffer(gpu::GPUFuncOp func, ArrayRef<int64_t> shape);
  void barrier() { gpu::BarrierOp::create(b); }
  Value load(Value memory, ValueRange at) {
    return memref::LoadOp::create(b, memory, at);
  }
  void store(Value value, Value memory, ValueRange at) {
    memref::StoreOp::create(b, value, memory, at);
  }
  void findRun();
  Pair findPair(Value round);
  void findPeers(Pair &pair);
  void forRounds(llvm::function_ref<void(Pair &)> body);
  void zeroCounters();
  void copyCounters(bool toWorkspace);
  void count();
  /// Rows of counters that are read before the first is used: one after the
  /// other they would take as many latencies of memory.
  static int64_t atOnce(int64_t rows) { return std::min<int64_t>(rows, 16); }
  SmallVector<Value> loadRows(Value memory, int64_t rows, Value row,
                              Value expert);
  void scan(Value memory, int64_t rows);
  Value scanWorkgroup(Value value);
  void layOut(Value memory, int64_t rows, Value expert, Value total,
              Value first);
  void place();

  SortOp op;
  ExpandBuilder b;
  int64_t experts, topk, blockRows;
  SortPhase phase;
  int64_t waves; ///< of the whole grid that share the pairs
  Value counters, totals;
  Value thread, wave, lane; ///< index
  Value tokens;             ///< index: those that are sorted
  Value first, end, rounds; ///< index: the wave's run of pairs, its length
};
} // namespace

Value SortExpander::addBuffer(gpu::GPUFuncOp func, ArrayRef<int64_t> shape) {
  auto space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  return func.addWorkgroupAttribution(
      MemRefType::get(shape, b.getI32Type(), MemRefLayoutAttrInterface(),
                      space),
      op.getLoc());
}

/// How many tokens are sorted, and which pairs are the wave's.
void SortExpander::findRun() {
  Value count = op.getTokens();
  if (op.getLocalTokens()) {
    Value local = load(op.getLocalTokens(), b.index(0));
    local = arith::MaxSIOp::create(b, local, b.i32(0));
    count = arith::MinSIOp::create(b, local, count);
  }
  tokens = b.toIndex(count);
  Value pairs = b.mul(tokens, topk);
  Value share = arith::CeilDivUIOp::create(b, pairs, b.index(waves * kLanes));
  rounds = b.mul(share, kLanes);
  Value part = wave;
  if (waves != SortOp::kWaves)
    part = b.add(b.mul(b.block(), SortOp::kWaves), wave);
  first = arith::MulIOp::create(b, part, rounds);
  end = arith::MinUIOp::create(b, b.add(first, rounds), pairs);
}

/// The pair of this lane in a round of the wave.
Pair SortExpander::findPair(Value round) {
  Pair pair;
  Value number = b.add(b.add(first, round), lane);
  Value inRun = b.less(number, end);
  // Lanes without a pair read the run's first, or none: see forRounds.
  Value from = b.select(inRun, number, b.index(0));
  pair.token = arith::DivUIOp::create(b, from, b.index(topk));
  pair.slot = arith::RemUIOp::create(b, from, b.index(topk));
  Value id = load(op.getTopkIds(), {pair.token, pair.slot});
  if (op.getExpertMap()) {
    Value size = memref::DimOp::create(b, op.getExpertMap(), int64_t(0));
    Value isGlobal = b.less(id, b.toI32(size));
    Value entry = b.toIndex(b.select(isGlobal, id, b.i32(0)));
    id = b.select(isGlobal, load(op.getExpertMap(), entry), b.i32(-1));
  }
  pair.exists = b.both(inRun, b.less(id, b.i32(experts)));
  pair.expert = b.select(pair.exists, id, b.i32(experts));
  return pair;
}

/// The lanes with the same expert are those that agree in each bit of it.
void SortExpander::findPeers(Pair &pair) {
  Type i64 = b.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  Value peers = constant(-1);
  for (int64_t bit = 0; bit < int64_t(llvm::Log2_64_Ceil(experts + 1)); ++bit) {
    Value masked = b.both(pair.expert, b.i32(int64_t(1) << bit));
    Value isSet =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, masked, b.i32(0));
    Value lanes = ROCDL::BallotOp::create(b, i64, isSet);
    Value others = arith::XOrIOp::create(b, lanes, constant(-1));
    peers = b.both(peers, b.select(isSet, lanes, others));
  }
  Value own = arith::IndexCastUIOp::create(b, i64, lane);
  Value ones = constant(-1), two = constant(2);
  Value atOrBelow =
      arith::SubIOp::create(b, arith::ShLIOp::create(b, two, own), constant(1));
  Value below = arith::ShRUIOp::create(b, atOrBelow, constant(1));
  auto size = [&](Value lanes) -> Value {
    Value bits = math::CtPopOp::create(b, lanes);
    return arith::IndexCastUIOp::create(b, b.getIndexType(), bits);
  };
  pair.before = size(b.both(peers, below));
  pair.all = size(peers);
  Value above = b.both(peers, arith::XOrIOp::create(b, atOrBelow, ones));
  pair.last = b.both(pair.exists, b.equal(above, constant(0)));
}

/// Rounds of a pair a lane, as many in all waves: `body` holds barriers.
void SortExpander::forRounds(llvm::function_ref<void(Pair &)> body) {
  b.loop(b.index(0), rounds, kLanes, {},
         [&](Value round, ValueRange) -> SmallVector<Value> {
           Pair pair = findPair(round);
           findPeers(pair);
           body(pair);
           return {};
         });
}

void SortExpander::zeroCounters() {
  b.loop(lane, b.index(experts), kLanes, {},
         [&](Value expert, ValueRange) -> SmallVector<Value> {
           store(b.i32(0), counters, {wave, expert});
           return {};
         });
  barrier();
}

/// The counters of this workgroup's waves to or from their rows of the
/// workspace.
void SortExpander::copyCounters(bool toWorkspace) {
  Value row = b.add(b.mul(b.block(), SortOp::kWaves), wave);
  b.loop(lane, b.index(experts), kLanes, {},
         [&](Value expert, ValueRange) -> SmallVector<Value> {
           if (toWorkspace)
             store(load(counters, {wave, expert}), op.getWorkspace(),
                   {row, expert});
           else
             store(load(op.getWorkspace(), {row, expert}), counters,
                   {wave, expert});
           return {};
         });
  barrier();
}

void SortExpander::count() {
  forRounds([&](Pair &pair) {
    b.when(pair.last, [&] {
      SmallVector<Value> place = {wave, b.toIndex(pair.expert)};
      store(b.add(load(counters, place), b.toI32(pair.all)), counters, place);
    });
    barrier();
  });
}

/// The sum of what the threads before this one have; i32. Also the sum of all,
/// in the last thread's totals.
Value SortExpander::scanWorkgroup(Value value) {
  Value sum = value;
  for (int32_t distance = 1; distance < kLanes; distance *= 2) {
    auto shuffle = gpu::ShuffleOp::create(b, sum, distance, int32_t(kLanes),
                                          gpu::ShuffleMode::UP);
    Value below = b.less(lane, b.index(distance));
    sum = b.add(sum, b.select(below, b.i32(0), shuffle.getShuffleResult()));
  }
  b.when(b.equal(lane, b.index(kLanes - 1)),
         [&] { store(sum, totals, {wave}); });
  barrier();
  for (int64_t before = 0; before < SortOp::kWaves - 1; ++before) {
    Value counts = b.less(b.index(before), wave);
    Value total = load(totals, b.index(before));
    sum = b.add(sum, b.select(counts, total, b.i32(0)));
  }
  return arith::SubIOp::create(b, sum, value);
}

SmallVector<Value> SortExpander::loadRows(Value memory, int64_t rows, Value row,
                                          Value expert) {
  SmallVector<Value> counts;
  for (int64_t i = 0; i < atOnce(rows); ++i)
    counts.push_back(load(memory, {b.add(row, b.index(i)), expert}));
  return counts;
}

/// The counts of `rows` waves to where each of them puts its first pair of an
/// expert, and what does not depend on the pairs: experts of blocks, padding,
/// num_valid. A thread has some experts that follow each other.
void SortExpander::scan(Value memory, int64_t rows) {
  int64_t each = llvm::divideCeil(experts, SortOp::kThreads);
  SmallVector<Value> numbers, sums;
  Value own = b.i32(0);
  auto padded = [&](Value count) -> Value {
    Value blocks = arith::CeilDivUIOp::create(b, count, b.i32(blockRows));
    return arith::MulIOp::create(b, blocks, b.i32(blockRows));
  };
  for (int64_t i = 0; i < each; ++i) {
    Value expert = b.add(b.mul(thread, each), b.index(i));
    Value exists = b.less(expert, b.index(experts));
    Value from = b.select(exists, expert, b.index(0));
    Value sum = b.loop(b.index(0), b.index(rows), atOnce(rows), b.i32(0),
                       [&](Value row, ValueRange sums) -> SmallVector<Value> {
                         Value sum = sums[0];
                         for (Value count : loadRows(memory, rows, row, from))
                           sum = b.add(sum, count);
                         return {sum};
                       })[0];
    numbers.push_back(expert);
    sums.push_back(b.select(exists, sum, b.i32(0)));
    own = b.add(own, padded(sums.back()));
  }
  Value start = scanWorkgroup(own);
  b.when(b.equal(thread, b.index(SortOp::kThreads - 1)), [&] {
    store(b.add(start, own), op.getNumValid(), b.index(0));
    store(b.toI32(tokens), op.getNumValid(), b.index(1));
  });
  for (auto [expert, sum] : llvm::zip(numbers, sums)) {
    b.when(b.less(expert, b.index(experts)), [&, expert = expert, sum = sum] {
      layOut(memory, rows, expert, sum, b.toIndex(start));
    });
    start = b.add(start, padded(sum));
  }
  barrier();
}

/// An expert's rows from `start` on: `total` pairs and padding.
void SortExpander::layOut(Value memory, int64_t rows, Value expert, Value total,
                          Value start) {
  b.loop(b.index(0), b.index(rows), atOnce(rows), b.toI32(start),
         [&](Value row, ValueRange next) -> SmallVector<Value> {
           Value at = next[0];
           auto counts = loadRows(memory, rows, row, expert);
           for (auto [i, count] : llvm::enumerate(counts)) {
             store(at, memory, {b.add(row, b.index(int64_t(i))), expert});
             at = b.add(at, count);
           }
           return {at};
         });
  Value past = b.add(start, b.toIndex(total));
  Value blocks =
      arith::CeilDivUIOp::create(b, b.toIndex(total), b.index(blockRows));
  Value stop = b.add(start, b.mul(blocks, blockRows));
  Value padding = arith::OrIOp::create(b, op.getTokens(), b.i32(topk << 24));
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  b.loop(past, stop, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    store(padding, op.getSortedIds(), row);
    store(zero, op.getSortedWeights(), row);
    return {};
  });
  Value firstBlock = arith::DivUIOp::create(b, start, b.index(blockRows));
  b.loop(firstBlock, b.add(firstBlock, blocks), 1, {},
         [&](Value block, ValueRange) -> SmallVector<Value> {
           store(b.toI32(expert), op.getExpertIds(), block);
           return {};
         });
}

void SortExpander::place() {
  forRounds([&](Pair &pair) {
    Value counter = b.select(pair.exists, pair.expert, b.i32(0));
    SmallVector<Value> at = {wave, b.toIndex(counter)};
    Value next = load(counters, at);
    b.when(pair.exists, [&] {
      Value row = b.add(b.toIndex(next), pair.before);
      Value slot = arith::ShLIOp::create(b, b.toI32(pair.slot), b.i32(24));
      store(arith::OrIOp::create(b, slot, b.toI32(pair.token)),
            op.getSortedIds(), row);
      store(load(op.getTopkWeights(), {pair.token, pair.slot}),
            op.getSortedWeights(), row);
    });
    barrier();
    b.when(pair.last,
           [&] { store(b.add(next, b.toI32(pair.all)), counters, at); });
    barrier();
  });
}

void moe::clearRow(ExpandBuilder &b, Value memory, Value row, int64_t threads) {
  auto rows = cast<MemRefType>(memory.getType());
  int64_t columns = 128 / rows.getElementTypeBitWidth();
  auto type = VectorType::get({columns}, rows.getElementType());
  Value zero = arith::ConstantOp::create(b, type, b.getZeroAttr(type));
  b.loop(b.mul(b.thread(), columns), b.index(rows.getDimSize(1)),
         columns * threads, {},
         [&](Value column, ValueRange) -> SmallVector<Value> {
           vector::StoreOp::create(b, zero, memory, ValueRange{row, column},
                                   /*nontemporal=*/false, llvm::MaybeAlign(16));
           return {};
         });
}

void SortExpander::run() {
  thread = b.thread();
  wave = arith::DivUIOp::create(b, thread, b.index(kLanes));
  lane = arith::RemUIOp::create(b, thread, b.index(kLanes));
  Value groups = b.index(op.getSortGroups());
  if (op.clears())
    b.when(
        arith::CmpIOp::create(b, arith::CmpIPredicate::uge, b.block(), groups),
        [&] {
          clearRow(b, op.getClear(),
                   arith::SubIOp::create(b, b.block(), groups),
                   SortOp::kThreads);
        });
  b.enterIf(b.less(b.block(), groups));
  findRun();
  if (phase == SortPhase::All || phase == SortPhase::Count) {
    zeroCounters();
    count();
  }
  switch (phase) {
  case SortPhase::All:
    scan(counters, SortOp::kWaves);
    place();
    break;
  case SortPhase::Count:
    copyCounters(/*toWorkspace=*/true);
    break;
  case SortPhase::Scan:
    scan(op.getWorkspace(), SortOp::kParts);
    break;
  case SortPhase::Place:
    copyCounters(/*toWorkspace=*/false);
    place();
    break;
  }
  op.erase();
}

std::string moe::gridOf(SortOp op) {
  std::string groups = std::to_string(op.getSortGroups());
  return op.clears() ? groups + "+tokens" : groups;
}

LogicalResult moe::expandSort(SortOp op) {
  FailureOr<gpu::GPUFuncOp> func =
      prepareKernelFunction(op, SortOp::kThreads, gridOf(op));
  if (failed(func))
    return failure();
  SortExpander(op, *func).run();
  return success();
}
