// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.scatter: adds the bias, applies the routing weight and stores or adds the
// result. 2-byte outputs are exchanged through LDS, so that a lane has
// consecutive columns; f32 is written from the accumulators. Parts of K groups
// are exchanged as they are and added where they are read. docs/Layouts.md,
// "Output", has the order.

#include "EarlyLoads.h"
#include "FreeBuffers.h"
#include "LaneBuilder.h"

#include "moe/Layout/OutTile.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {
/// Emits one moe.scatter.
class ScatterEmitter {
public:
  ScatterEmitter(ScatterOp op,
                 ScatterOp::GenericAdaptor<ArrayRef<ValueRange>> adaptor,
                 const Chip &chip, std::optional<unsigned> freeBuffer,
                 ConversionPatternRewriter &rewriter)
      : op(op), b(op.getLoc(), rewriter), chip(chip), freeBuffer(freeBuffer),
        fragment(getAccumulatorFragment(op.getAcc().getType())),
        out(adaptor.getOut().front()), ids(adaptor.getSortedIds().front()),
        routingWeights(adaptor.getSortedWeights().front()),
        m(adaptor.getM().front()), n(adaptor.getN().front()),
        tokens(adaptor.getTokens().front()),
        buffer0(adaptor.getBuffer0().front()),
        buffer1(adaptor.getBuffer1().front()) {
    if (op.getBias()) {
      bias = adaptor.getBias().front();
      expert = adaptor.getExpert().front();
    }
    acc = splitQuads(b, op.getAcc().getType(), adaptor.getAcc());
    ArrayRef<int64_t> shape = op.getAcc().getType().getShape();
    rowQuads = shape[0] * fragment.quads(), nBlocks = shape[1];
    tileM = fragment.rows * shape[0], tileN = op.getTileN();
    groups = op.getGroups(), threads = op.getThreads();
    sizeN = op.getOut().getType().getDimSize(1);
    element = op.getOut().getType().getElementType();
  }

  void emit() {
    request();
    placeLane();
    if (groups > 1)
      return storeSums();
    if (!element.isF32())
      return storeThroughLds();
    ifHolder([&] {
      finishValues();
      storeAccumulators();
    });
  }

private:
  /// Units of output whose rows' ids are requested together.
  static constexpr int64_t kIdsTogether = 4;

  void placeLane() {
    Value lane = b.lane();
    q = b.rem(lane, fragment.rows);
    laneGroup = b.div(lane, fragment.rows);
    firstRow = b.mul(laneGroup, 4);
    Value wave = b.wave();
    if (groups > 1) {
      int64_t holders = threads / 64 / groups;
      group = b.div(wave, holders);
      wave = b.rem(wave, holders);
    }
    waveColumn = b.mul(wave, fragment.rows * nBlocks);
  }

  /// Column of the workgroup's tile, less `n`, of block `nb` of this lane.
  Value columnOf(int64_t nb) {
    return b.add(waveColumn, b.add(q, b.index(fragment.rows * nb)));
  }
  /// Row of the tile, less firstRow, where quad `quad` of a lane begins.
  int64_t rowOf(int64_t quad) const { return quad * fragment.quadStep(); }
  /// Runs `emit` in the waves that hold the result.
  void ifHolder(llvm::function_ref<void()> emit) {
    if (tileN == threads / 64 * fragment.rows * nBlocks)
      return emit();
    auto ifOp = scf::IfOp::create(b, b.lessU(waveColumn, b.index(tileN)),
                                  /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifOp.thenBlock());
    emit();
  }
  /// What a lane moves out at a time.
  struct Unit {
    Value number; ///< row * (columns of the view / width) + place in the row
    Value id;     ///< of the row
    Value weight; ///< of the row, where lanes take it from one another
  };

  void request();
  void requestBias();
  Value idOf(Value row, int64_t more = 0);
  Value weightsOf(int64_t quad);
  void finishValues();
  void storeAccumulators();
  void storeThroughLds();
  SmallVector<Value> makeViews(int64_t columns);
  Value writeKey(int64_t columns);
  SmallVector<Value> writePlaces(Value first, Value key, Value column,
                                 int64_t columns);
  void writeView(ArrayRef<Value> views, int64_t columns);
  int64_t unitWidth(int64_t columns);
  void readView(Value view, int64_t columns, int64_t firstColumn);
  Value placeOf(const Unit &unit, int64_t columns, int64_t width);
  Value readUnit(Value view, int64_t columns, int64_t width, const Unit &unit);
  void storeUnitOf(Value view, int64_t columns, int64_t firstColumn,
                   const Unit &unit);
  void storeSums();
  void writeParts(Value view);
  SmallVector<Value> loadUnitBias(Value column, int64_t width);
  Value sumUnit(Value view, const Unit &unit);
  void storeIfValid(Value id, llvm::function_ref<void(Value)> store);
  void storeUnit(Value outRow, Value column, Value value);
  void guardColumn(Value column, int64_t limit,
                   llvm::function_ref<void()> store);
  void withColumn(int64_t nb, llvm::function_ref<void(Value)> store);

  ScatterOp op;
  LaneBuilder b;
  const Chip &chip;
  std::optional<unsigned> freeBuffer; ///< number of the one that nobody uses
  layout::MfmaFragment fragment;
  SmallVector<Value> acc;
  Value out, ids, routingWeights, m, n, tokens, buffer0, buffer1;
  Value bias, expert;             // null without a bias
  RowElements rowIds, rowWeights; // of lists in global memory
  SmallVector<Value> biases;      // of this lane's columns
  Value q, laneGroup, firstRow, waveColumn;
  int64_t rowQuads, nBlocks, tileM, tileN, groups, threads, sizeN;
  Value group; // of this wave, with several
  Type element;
};
} // namespace

static bool isGlobal(TypedValue<MemRefType> list) {
  return !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(list.getType());
}

/// Requests what the epilogue reads from global memory as early as possible.
void ScatterEmitter::request() {
  bool isSmall = hasEarlyLoads(tileM);
  bool hasIds = isSmall && isGlobal(op.getSortedIds());
  bool hasWeights =
      isSmall && op.getRoutingWeight() && isGlobal(op.getSortedWeights());
  if (hasWeights)
    buildEarly(b, op, tileM, Request::FirstStep, {routingWeights, m},
               [&] { rowWeights = RowElements(b, routingWeights, m, tileM); });
  if (bias)
    requestBias();
  // Ids are needed last, behind the exchange through LDS.
  if (hasIds)
    buildEarly(b, op, tileM, Request::LastStep, {ids, m},
               [&] { rowIds = RowElements(b, ids, m, tileM); });
}

/// Requests the bias of this lane's columns: those of its accumulators, or with
/// several groups of its units where all are of the same columns.
void ScatterEmitter::requestBias() {
  int64_t width = unitWidth(tileN), perRow = tileN / width;
  if (groups > 1 && threads % perRow != 0)
    return;
  buildEarly(b, op, tileM, Request::FirstStep, {bias, expert, n}, [&] {
    if (groups > 1) {
      biases = loadUnitBias(b.mul(b.rem(b.thread(), perRow), width), width);
      return;
    }
    placeLane();
    BiasRow row(b, bias, expert, sizeN);
    Value column = b.toI32(b.add(b.add(n, waveColumn), q));
    for (int64_t nb = 0; nb < nBlocks; ++nb)
      biases.push_back(row.load(b, column, fragment.rows * nb));
  });
}

/// The sorted id of row `row` + `more` of the tile. All lanes of a wave must be
/// active.
Value ScatterEmitter::idOf(Value row, int64_t more) {
  if (rowIds)
    return rowIds.get(b, row, more);
  if (more)
    row = b.add(row, b.index(more));
  return memref::LoadOp::create(b, ids, b.add(m, row));
}

/// The routing weights of the four rows of quad `quad`.
Value ScatterEmitter::weightsOf(int64_t quad) {
  auto four = VectorType::get({4}, b.getF32Type());
  if (!rowWeights) {
    Value row = b.add(m, b.add(firstRow, b.index(rowOf(quad))));
    return vector::LoadOp::create(b, four, routingWeights, ValueRange{row},
                                  /*nontemporal=*/false, llvm::MaybeAlign(16));
  }
  SmallVector<Value> weights;
  for (int64_t v = 0; v < 4; ++v)
    weights.push_back(rowWeights.get(b, firstRow, rowOf(quad) + v));
  return vector::FromElementsOp::create(b, four, weights);
}

/// (acc + bias) * routing weight, in f32.
void ScatterEmitter::finishValues() {
  auto four = VectorType::get({4}, b.getF32Type());
  for (auto [nb, scalar] : llvm::enumerate(biases)) {
    Value column = vector::BroadcastOp::create(b, four, scalar);
    for (int64_t quad = 0; quad < rowQuads; ++quad) {
      Value &value = acc[quad * nBlocks + nb];
      value = arith::AddFOp::create(b, value, column);
    }
  }
  if (!op.getRoutingWeight())
    return;
  for (int64_t quad = 0; quad < rowQuads; ++quad) {
    Value weights = weightsOf(quad);
    for (int64_t nb = 0; nb < nBlocks; ++nb) {
      Value &value = acc[quad * nBlocks + nb];
      value = arith::MulFOp::create(b, value, weights);
    }
  }
}

/// Runs `store` with the output row of sorted id `id` if the row is valid.
void ScatterEmitter::storeIfValid(Value id,
                                  llvm::function_ref<void(Value)> store) {
  auto [token, slot, valid] = b.decodeSortedId(id, tokens, op.getTopk());
  auto ifOp = scf::IfOp::create(b, valid, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  Value row = arith::IndexCastUIOp::create(b, b.getIndexType(), token);
  if (op.getPerSlot())
    row = b.add(b.mul(row, op.getTopk()),
                arith::IndexCastUIOp::create(b, b.getIndexType(), slot));
  store(row);
}

/// Runs `store` if `column` (of the output) is below `limit`.
void ScatterEmitter::guardColumn(Value column, int64_t limit,
                                 llvm::function_ref<void()> store) {
  if (op.getInBounds())
    return store();
  auto ifOp = scf::IfOp::create(b, b.lessU(column, b.index(limit)),
                                /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  store();
}

/// Runs `store` with the column of the output for column block `nb` of this
/// lane, unless it is past the end.
void ScatterEmitter::withColumn(int64_t nb,
                                llvm::function_ref<void(Value)> store) {
  Value column = b.add(n, columnOf(nb));
  if (!op.getPaired())
    return guardColumn(column, sizeN, [&] { store(column); });
  // Block 2*j is block j of the first half, block 2*j + 1 of the second. Each
  // half may end within a block of 32.
  Value block = b.div(column, fragment.rows);
  Value place = b.add(b.mul(b.div(block, 2), fragment.rows),
                      b.rem(column, fragment.rows));
  Value out = b.add(place, b.mul(b.rem(block, 2), sizeN / 2));
  guardColumn(place, sizeN / 2, [&] { store(out); });
}

/// Stores or adds `value`, a scalar or a vector of columns from `column` of the
/// output on. Atomics take one f32 or two 2-byte elements at a time.
void ScatterEmitter::storeUnit(Value outRow, Value column, Value value) {
  auto vectorType = dyn_cast<VectorType>(value.getType());
  if (!op.getAccumulate()) {
    if (!vectorType)
      memref::StoreOp::create(b, value, out, ValueRange{outRow, column});
    else
      vector::StoreOp::create(b, value, out, ValueRange{outRow, column},
                              /*nontemporal=*/false,
                              llvm::MaybeAlign(vectorType.getDimSize(0) * 2));
    return;
  }
  Value base = b.pointer(out);
  Value offset = b.toI64(b.add(b.mul(outRow, b.rowStride(out)), column));
  Value place = b.advance(base, element, offset);
  auto atomic =
      LLVM::AtomicRMWOp::create(b, LLVM::AtomicBinOp::fadd, place, value,
                                LLVM::AtomicOrdering::monotonic, "agent",
                                /*alignment=*/4);
  // The caller's output is ordinary device memory: without this the f32 form
  // becomes a compare-and-swap loop on some chips.
  atomic->setDiscardableAttr("rocdl.no_fine_grained_memory", b.getUnitAttr());
  atomic->setDiscardableAttr("rocdl.no_remote_memory", b.getUnitAttr());
  atomic->setDiscardableAttr("rocdl.ignore_denormal_mode", b.getUnitAttr());
}

void ScatterEmitter::storeAccumulators() {
  for (int64_t quad = 0; quad < rowQuads; ++quad)
    for (int64_t v = 0; v < 4; ++v) {
      Value id = idOf(firstRow, rowOf(quad) + v);
      storeIfValid(id, [&](Value outRow) {
        for (int64_t nb = 0; nb < nBlocks; ++nb) {
          withColumn(nb, [&](Value column) {
            Value value =
                vector::ExtractOp::create(b, acc[quad * nBlocks + nb], v);
            storeUnit(outRow, column, value);
          });
        }
      });
    }
}

/// The output tile in LDS: one view of all columns if it fits the first buffer,
/// else one of half the columns in each.
SmallVector<Value> ScatterEmitter::makeViews(int64_t columns) {
  auto type =
      MemRefType::get({tileM * columns}, element, MemRefLayoutAttrInterface(),
                      op.getBuffer0().getType().getMemorySpace());
  SmallVector<Value> views;
  views.push_back(
      memref::ViewOp::create(b, type, buffer0, b.index(0), ValueRange()));
  if (columns != tileN)
    views.push_back(
        memref::ViewOp::create(b, type, buffer1, b.index(0), ValueRange()));
  return views;
}

/// The numbers of the elements of `column` in the first four rows of this lane,
/// which begin at element `first`.
SmallVector<Value> ScatterEmitter::writePlaces(Value first, Value key,
                                               Value column, int64_t columns) {
  layout::OutTile tile{fragment, columns, chip.ldsBanks};
  // A row adds a multiple of 64 elements, which leaves the key's bits alone and
  // so may be added after the exclusive or: it becomes an immediate offset.
  SmallVector<Value> places(4);
  for (int64_t v = 0; v < 4; ++v)
    places[v] =
        tile.staysInRow()
            ? b.add(b.add(first, b.bitXor(column, key)), b.index(v * columns))
            : b.bitXor(b.add(first, b.add(column, b.index(v * columns))), key);
  return places;
}

/// What the elements of this lane's rows are exclusive-or-ed with.
Value ScatterEmitter::writeKey(int64_t columns) {
  layout::OutTile tile{fragment, columns, chip.ldsBanks};
  return b.mul(laneGroup, tile.getStep());
}

void ScatterEmitter::writeView(ArrayRef<Value> views, int64_t columns) {
  Value view = views[0], firstColumn = waveColumn;
  if (views.size() == 2) {
    Value upper = arith::CmpIOp::create(b, arith::CmpIPredicate::uge,
                                        waveColumn, b.index(columns));
    view = b.select(upper, views[1], views[0]);
    firstColumn = b.rem(waveColumn, columns);
  }
  auto rounded = VectorType::get({4}, element);
  Value key = writeKey(columns), first = b.mul(firstRow, columns);
  for (int64_t nb = 0; nb < nBlocks; ++nb) {
    Value column = b.add(firstColumn, b.add(q, b.index(fragment.rows * nb)));
    SmallVector<Value> places = writePlaces(first, key, column, columns);
    for (int64_t quad = 0; quad < rowQuads; ++quad) {
      Value values =
          arith::TruncFOp::create(b, rounded, acc[quad * nBlocks + nb]);
      for (int64_t v = 0; v < 4; ++v)
        memref::StoreOp::create(
            b, vector::ExtractOp::create(b, values, v), view,
            ValueRange{b.add(places[v], b.index(rowOf(quad) * columns))});
    }
  }
}

/// Columns of a unit: two for atomics; up to eight for stores, or four of which
/// LDS holds f32.
int64_t ScatterEmitter::unitWidth(int64_t columns) {
  int64_t width = op.getAccumulate() ? 2 : groups > 1 ? 4 : 8;
  while (width > 2 && (tileM * columns / width) % threads != 0)
    width /= 2;
  return width;
}

/// Each lane takes units of the view. The ids of the rows of several units are
/// requested together, ahead of the first use.
void ScatterEmitter::readView(Value view, int64_t columns,
                              int64_t firstColumn) {
  int64_t perRow = columns / unitWidth(columns), count = tileM * perRow;
  int64_t together = count % (kIdsTogether * threads) == 0 ? kIdsTogether : 1;
  // A narrow tile has no unit for some of the threads.
  bool isShort = count % threads != 0;
  auto loop = scf::ForOp::create(b, b.index(0), b.index(count),
                                 b.index(together * threads));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Unit> units(together);
  for (auto [i, unit] : llvm::enumerate(units))
    unit.number =
        b.add(loop.getInductionVar(), b.add(b.thread(), b.index(i * threads)));
  auto rowOfUnit = [&](const Unit &unit) { return b.div(unit.number, perRow); };
  auto findIds = [&] {
    for (Unit &unit : units)
      unit.id = idOf(rowOfUnit(unit));
  };
  // Ids in registers are exchanged between lanes, so all lanes must be active;
  // ids in LDS exist for rows of the tile only.
  if (rowIds)
    findIds();
  if (rowWeights && groups > 1)
    for (Unit &unit : units)
      unit.weight = rowWeights.get(b, rowOfUnit(unit), 0);
  if (isShort) {
    auto ifOp = scf::IfOp::create(b, b.lessU(units[0].number, b.index(count)),
                                  /*withElseRegion=*/false);
    b.setInsertionPointToStart(ifOp.thenBlock());
  }
  if (!rowIds)
    findIds();
  for (const Unit &unit : units)
    storeUnitOf(view, columns, firstColumn, unit);
}

/// The number of the view's element where `unit` begins.
Value ScatterEmitter::placeOf(const Unit &unit, int64_t columns,
                              int64_t width) {
  Value row = b.div(unit.number, columns / width);
  Value column = b.mul(b.rem(unit.number, columns / width), width);
  layout::OutTile tile{fragment, columns, chip.ldsBanks};
  Value rowGroup = b.rem(b.div(row, 4), fragment.laneGroups());
  return b.bitXor(b.add(b.mul(row, columns), column),
                  b.mul(rowGroup, tile.getStep()));
}

/// Columns of a unit of the view.
Value ScatterEmitter::readUnit(Value view, int64_t columns, int64_t width,
                               const Unit &unit) {
  return vector::LoadOp::create(b, VectorType::get({width}, element), view,
                                ValueRange{placeOf(unit, columns, width)},
                                /*nontemporal=*/false,
                                llvm::MaybeAlign(width * 2));
}

/// Writes a unit of the view to the output if its row is valid.
void ScatterEmitter::storeUnitOf(Value view, int64_t columns,
                                 int64_t firstColumn, const Unit &unit) {
  int64_t width = unitWidth(columns);
  storeIfValid(unit.id, [&](Value outRow) {
    Value column = b.add(b.mul(b.rem(unit.number, columns / width), width),
                         b.index(firstColumn));
    Value outColumn = b.add(n, column);
    guardColumn(outColumn, sizeN, [&] {
      storeUnit(outRow, outColumn,
                groups > 1 ? sumUnit(view, unit)
                           : readUnit(view, columns, width, unit));
    });
  });
}

void ScatterEmitter::storeThroughLds() {
  int64_t bytes = op.getBuffer0().getType().getDimSize(0);
  int64_t columns = tileM * tileN * 2 <= bytes ? tileN : tileN / 2;
  // The other waves may still read the last A tile.
  amdgpu::LDSBarrierOp::create(b);
  SmallVector<Value> views = makeViews(columns);
  ifHolder([&] {
    finishValues();
    writeView(views, columns);
  });
  amdgpu::LDSBarrierOp::create(b);
  for (auto [index, view] : llvm::enumerate(views))
    readView(view, columns, index * columns);
}

//===----------------------------------------------------------------------===//
// Parts of K groups
//===----------------------------------------------------------------------===//

/// The parts of all groups in LDS, a tile of f32 each, and their sums out.
void ScatterEmitter::storeSums() {
  auto type = MemRefType::get({groups * tileM * tileN}, b.getF32Type(),
                              MemRefLayoutAttrInterface(),
                              op.getBuffer0().getType().getMemorySpace());
  // The other waves may still read the last A tile, which is in one buffer.
  if (!freeBuffer)
    amdgpu::LDSBarrierOp::create(b);
  Value view = memref::ViewOp::create(
      b, type, freeBuffer == 1u ? buffer1 : buffer0, b.index(0), ValueRange());
  writeParts(view);
  amdgpu::LDSBarrierOp::create(b);
  readView(view, tileN, /*firstColumn=*/0);
}

/// Writes this wave's accumulators into the tile of its group.
void ScatterEmitter::writeParts(Value view) {
  Value key = writeKey(tileN), first = b.mul(firstRow, tileN);
  Value part = b.mul(group, tileM * tileN);
  for (int64_t nb = 0; nb < nBlocks; ++nb) {
    SmallVector<Value> places = writePlaces(first, key, columnOf(nb), tileN);
    for (auto [v, place] : llvm::enumerate(places)) {
      Value own = b.add(place, part);
      for (int64_t quad = 0; quad < rowQuads; ++quad)
        memref::StoreOp::create(
            b, vector::ExtractOp::create(b, acc[quad * nBlocks + nb], v), view,
            ValueRange{b.add(own, b.index(rowOf(quad) * tileN))});
    }
  }
}

/// The bias of the columns from `column` of the tile on.
SmallVector<Value> ScatterEmitter::loadUnitBias(Value column, int64_t width) {
  BiasRow row(b, bias, expert, sizeN);
  Value first = b.toI32(b.add(n, column));
  SmallVector<Value> loaded;
  for (int64_t i = 0; i < width; ++i)
    loaded.push_back(row.load(b, first, i));
  return loaded;
}

/// (the sum of the parts + bias) * routing weight of a unit, rounded.
Value ScatterEmitter::sumUnit(Value view, const Unit &unit) {
  int64_t width = unitWidth(tileN), perRow = tileN / width;
  auto type = VectorType::get({width}, b.getF32Type());
  Value place = placeOf(unit, tileN, width), sum;
  for (int64_t other = 0; other < groups; ++other) {
    Value part = vector::LoadOp::create(
        b, type, view, ValueRange{b.add(place, b.index(other * tileM * tileN))},
        /*nontemporal=*/false, llvm::MaybeAlign(width * 4));
    sum = sum ? arith::AddFOp::create(b, sum, part) : part;
  }
  if (bias) {
    SmallVector<Value> own = biases;
    if (own.empty())
      own = loadUnitBias(b.mul(b.rem(unit.number, perRow), width), width);
    Value columns = vector::FromElementsOp::create(b, type, own);
    sum = arith::AddFOp::create(b, sum, columns);
  }
  if (op.getRoutingWeight()) {
    Value weight = unit.weight;
    if (!weight) {
      Value row = b.add(m, b.div(unit.number, perRow));
      weight = memref::LoadOp::create(b, routingWeights, row);
    }
    sum = arith::MulFOp::create(b, sum,
                                vector::BroadcastOp::create(b, type, weight));
  }
  return arith::TruncFOp::create(b, VectorType::get({width}, element), sum);
}

namespace {
struct ScatterLowering : OpConversionPattern<ScatterOp> {
  ScatterLowering(const TypeConverter &converter, MLIRContext *ctx,
                  const Chip &chip, FreeBuffers free)
      : OpConversionPattern(converter, ctx), chip(chip), free(std::move(free)) {
  }

  LogicalResult
  matchAndRewrite(ScatterOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScatterEmitter(op, adaptor, chip, free.lookup(op), rewriter).emit();
    rewriter.eraseOp(op);
    return success();
  }

  const Chip &chip;
  FreeBuffers free;
};
} // namespace

void moe::populateScatterPatterns(const TypeConverter &converter,
                                  const Chip &chip, const FreeBuffers &free,
                                  RewritePatternSet &patterns) {
  patterns.add<ScatterLowering>(converter, patterns.getContext(), chip, free);
}
