// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-expand-kernel: the pass, and moe.grouped_gemm to the tile ops of one
// workgroup (what it does without sorted lists is in ExpandUnsorted.cpp, the
// other kernels are in ExpandElementwise.cpp, ExpandRoute.cpp and
// ExpandSort.cpp). Which workgroup computes which tile and which K is
// decided here (docs/Layouts.md, "Grid"); how a tile is computed is not.

#include "ExpandKernel.h"
#include "ExpandBuilder.h"
#include "KernelLaunch.h"
#include "moe/Dialect/MoE/IR/Fragments.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_MOEEXPANDKERNELPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// The function around the op
//===----------------------------------------------------------------------===//

/// M tiles of an M block of the routing, or of a token without sorted lists.
static int64_t tilesOfBlock(GroupedGemmOp op) {
  if (op.isUnsorted())
    return static_cast<int64_t>(op.getTopk());
  return static_cast<int64_t>(*op.getBlockRows()) /
         op.getScheduleAttr().getTileM();
}

/// The grid in x, as an expression over the kernel's arguments.
static std::string gridOf(GroupedGemmOp op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  std::string grid = "ceildiv(n," + std::to_string(schedule.getTileN()) + ")*" +
                     (op.isUnsorted() ? "tokens" : "num_blocks");
  for (int64_t factor : {tilesOfBlock(op), schedule.getKBatch()})
    if (factor > 1)
      grid += "*" + std::to_string(factor);
  return op.getClear() ? grid + "+tokens" : grid;
}

std::string moe::gridOf(ActivateSumsOp op) {
  // The kernel's n counts the columns of the sums.
  bool activated = op.getActivation() != Activation::None;
  return "ceildiv(n," +
         std::to_string((activated ? 2 : 1) * ActivateSumsOp::kColumns) +
         ")*num_blocks*" + std::to_string(op.getBlockRows());
}

std::string moe::gridOf(ReduceSlotsOp op) {
  return "ceildiv(n," +
         std::to_string(op.getThreadColumns() * ReduceSlotsOp::kThreads) +
         ")*tokens";
}

/// What a kernel may say beside its own attribute, in an attribute of the gpu
/// dialect: upstream's conversion leaves one of the two.
static DenseI32ArrayAttr getKnown(gpu::GPUFuncOp func, StringRef name,
                                  DenseI32ArrayAttr own) {
  return own ? own
             : func->getAttrOfType<DenseI32ArrayAttr>("gpu." + name.str());
}

/// The workgroups in x of the op's kernel, where the IR says how many.
static std::optional<int64_t> countGroups(Operation *op) {
  KernelLaunch launch = describeLaunch(op);
  std::optional<int64_t> count;
  if (!launch.countsBlocks)
    count = getConstantIntValue(launch.tokens);
  else if (auto list = launch.expertIds
                           ? dyn_cast<MemRefType>(launch.expertIds.getType())
                           : MemRefType();
           list && !list.isDynamicDim(0))
    count = list.getDimSize(0);
  if (launch.factor == 0)
    return launch.groups;
  if (!count || *count < 0)
    return std::nullopt;
  return launch.groups +
         launch.factor * llvm::divideCeil(*count, launch.perGroup);
}

/// A launch of another number of workgroups than the op needs.
static LogicalResult checkKnownGrid(Operation *op, gpu::GPUFuncOp func) {
  DenseI32ArrayAttr known =
      getKnown(func, "known_grid_size", func.getKnownGridSizeAttr());
  if (!known)
    return success();
  std::optional<int64_t> groups = countGroups(op);
  if (known.size() == 3 && (!groups || known[0] == *groups) && known[1] == 1 &&
      known[2] == 1)
    return success();
  InFlightDiagnostic diag = op->emitOpError("expected known_grid_size = ");
  if (groups)
    diag << *groups;
  else
    diag << "x";
  return diag << ", 1, 1, got " << known.asArrayRef();
}

FailureOr<gpu::GPUFuncOp>
moe::prepareKernelFunction(Operation *op, int64_t threads, const Twine &grid) {
  auto func = op->getParentOfType<gpu::GPUFuncOp>();
  if (!func)
    return op->emitOpError("expected to stand in a gpu.func");
  Builder b(op->getContext());
  if (DenseI32ArrayAttr known =
          getKnown(func, "known_block_size", func.getKnownBlockSizeAttr())) {
    ArrayRef<int32_t> size = known;
    if (size != ArrayRef<int32_t>{static_cast<int32_t>(threads), 1, 1})
      return op->emitOpError("expected known_block_size = ")
             << threads << ", 1, 1 (64 x " << threads / 64 << " waves), got "
             << size;
  }
  func.setKnownBlockSizeAttr(
      b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  if (failed(checkKnownGrid(op, func)))
    return failure();
  // A workgroup that is missing computes nothing, and one too many reads past
  // the end of the lists.
  StringAttr wanted = b.getStringAttr(grid + ";1;1");
  auto given = func->getAttrOfType<StringAttr>(kGridAttrName);
  auto isSpace = [](char c) { return c == ' '; };
  std::string text = given ? given.str() : "";
  llvm::erase_if(text, isSpace);
  if (given && text != wanted.getValue())
    return op->emitOpError("expected '")
           << kGridAttrName << "' = " << wanted << " or none, got " << given;
  func->setAttr(kGridAttrName, wanted);
  return func;
}

namespace {
/// The two LDS buffers of a function, which all its ops share: one begins to
/// fill them only when all waves are done with the one before. The lists of
/// unsorted ops are shared as well: a wave has a part of its own.
struct LdsBuffers {
  Value first, second, ids, weights;
};
/// What the largest op of a function needs of each buffer and of both lists
/// together, in bytes.
struct LdsSize {
  int64_t buffer = 0, lists = 0;
};
using LdsSizes = llvm::DenseMap<gpu::GPUFuncOp, LdsSize>;
using LdsOfFunctions = llvm::DenseMap<gpu::GPUFuncOp, LdsBuffers>;
} // namespace

/// What the number of workgroups of an op depends on: rows of weights or
/// columns, and the operand whose length or value is the other factor.
static std::tuple<std::string, int64_t, Value> getGrid(Operation *op) {
  using Grid = std::tuple<std::string, int64_t, Value>;
  return llvm::TypeSwitch<Operation *, Grid>(op)
      .Case([](GroupedGemmOp gemm) {
        return Grid(gridOf(gemm), gemm.getRows(),
                    gemm.isUnsorted() ? Value(gemm.getTokens())
                                      : gemm.getExpertIds());
      })
      .Case([](ActivateSumsOp sums) {
        return Grid(gridOf(sums), sums.getOut().getType().getDimSize(1),
                    sums.getExpertIds());
      })
      .Case([](ReduceSlotsOp slots) {
        return Grid(gridOf(slots), slots.getOut().getType().getDimSize(1),
                    slots.getTokens());
      })
      .Case<RouteOp, SortOp>(
          [](auto op) { return Grid(gridOf(op), 0, op.getTokens()); })
      .Case<QuantizeOp, ShuffleOp>(
          [](auto op) { return Grid(gridOf(op), 0, op.getRows()); });
}

/// True if both are the same value, or lists of the same static length.
static bool isSameLength(Value a, Value b) {
  auto list = dyn_cast<MemRefType>(a.getType());
  return a == b ||
         (list && a.getType() == b.getType() && list.hasStaticShape());
}

/// The ops of a function are launched together, so they need one grid.
static LogicalResult checkGrids(ArrayRef<Operation *> ops) {
  llvm::DenseMap<Operation *, Operation *> firstOps;
  for (Operation *op : ops) {
    Operation *func = op->getParentOfType<gpu::GPUFuncOp>();
    if (!func)
      continue;
    Operation *&first = firstOps[func];
    if (!first) {
      first = op;
      continue;
    }
    auto [grid, n, length] = getGrid(first);
    auto [ownGrid, ownN, ownLength] = getGrid(op);
    if (grid == ownGrid && n == ownN && isSameLength(length, ownLength))
      continue;
    InFlightDiagnostic diag =
        op->emitOpError("expected the grid of the first op of the kernel, ")
        << grid << " with n = " << n << ", got ";
    if (grid != ownGrid || n != ownN)
      diag << ownGrid << " with n = " << ownN;
    else
      diag << "the same of another number of "
           << (isa<ShapedType>(length.getType()) ? "blocks"
               : isa<QuantizeOp, ShuffleOp>(op)  ? "rows"
                                                 : "tokens");
    diag << "; give them kernels of their own";
    diag.attachNote(first->getLoc()) << "the first op is here";
    return diag;
  }
  return success();
}

/// A new LDS buffer of the function.
static Value addLds(gpu::GPUFuncOp func, Location loc, int64_t size,
                    Type element) {
  Builder b(func.getContext());
  auto space = gpu::AddressSpaceAttr::get(func.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto type =
      MemRefType::get({size}, element, MemRefLayoutAttrInterface(), space);
  BlockArgument arg = func.addWorkgroupAttribution(type, loc);
  func.setWorkgroupAttributionAttr(func.getNumWorkgroupAttributions() - 1,
                                   "llvm.align", b.getI64IntegerAttr(16));
  return arg;
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

namespace {
/// A run of K tiles, the same for every workgroup that takes this way.
struct KRun {
  Value first;   ///< first K tile
  int64_t tiles; ///< number of tiles
  bool last;     ///< ends with the last tile of K, which may be partial
};

/// Expands one op.
class KernelExpander {
public:
  KernelExpander(GroupedGemmOp op, const LdsBuffers &lds)
      : op(op), schedule(op.getScheduleAttr()), b(op), lds0(lds.first),
        lds1(lds.second), ids(op.getSortedIds()),
        weights(op.getSortedWeights()) {
    if (op.isUnsorted()) {
      ids = lds.ids;
      weights = lds.weights;
    }
  }

  void run();

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  Value toIndex(Value value) {
    return arith::IndexCastUIOp::create(b, b.getIndexType(), value);
  }
  template <typename Op>
  Value binary(Value lhs, Value rhs) {
    return Op::create(b, lhs, rhs);
  }
  Value multiply(Value value, int64_t factor) {
    return binary<arith::MulIOp>(
        value, value.getType().isIndex() ? index(factor) : i32(factor));
  }
  Value less(Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, lhs, rhs);
  }
  /// The accumulators of a wave. The two sizes of MFMA add up K in different
  /// orders, so a deterministic product has the one that every tile can have.
  VectorType getAccType() {
    layout::MfmaFragment fragment{16};
    if (!op.getDeterministic())
      fragment =
          layout::MfmaFragment::select(schedule.getTileM(), schedule.getWaveN(),
                                       op.getStage() == Stage::GateUp);
    return getAccumulatorType(b.getContext(), fragment, schedule.getTileM(),
                              schedule.getWaveN());
  }
  Value runStart(Value part, int64_t tiles, int64_t parts, bool longerLast);

  Value countTiles();
  void leaveClearing();
  void findTile();
  Value remapXcd(Value group, Value blocks);
  Value hasWork(Value expertId);
  Value computeTile();
  Value computeSlice();
  Value computeRun(KRun run);
  void finish(Value acc);
  bool scattersGroups();
  void scatter(Value acc, bool withBias);

  GroupedGemmOp op;
  ScheduleAttr schedule;
  ExpandBuilder b;
  Value lds0, lds1;
  Value ids, weights; ///< of sorted rows; without sorted lists, in LDS

  Value mBlock, m; ///< M block (index into expert_ids), first sorted row
  Value n;         ///< first row of the weights, of the workgroup
  Value slice;     ///< slice of K, i32; null with one slice
  Value wave;      ///< wave of the workgroup, index, equal in its lanes
  Value waveGroup; ///< K group of the wave; null with one group
  Value waveN;     ///< first row of the weights, of the wave
  Value expert;    ///< local expert
};
} // namespace

/// The first of `tiles` tiles that part number `part` of `parts` gets: runs as
/// equal as possible, the longer ones first or last.
Value KernelExpander::runStart(Value part, int64_t tiles, int64_t parts,
                               bool longerLast) {
  int64_t base = tiles / parts, longer = tiles % parts;
  Value start = multiply(part, base);
  if (longer == 0)
    return start;
  auto number = [&](int64_t value) {
    return part.getType().isIndex() ? index(value) : i32(value);
  };
  Value extra;
  if (longerLast) {
    Value shorter = number(parts - longer);
    extra =
        binary<arith::SubIOp>(binary<arith::MaxUIOp>(part, shorter), shorter);
  } else {
    extra = binary<arith::MinUIOp>(part, number(longer));
  }
  return binary<arith::AddIOp>(start, extra);
}

/// Hardware deals workgroups to XCDs round-robin; this renumbers them so that
/// each XCD gets a contiguous range. It is a permutation for any number of
/// workgroups: the first total % xcd XCDs have one workgroup more.
Value KernelExpander::remapXcd(Value group, Value blocks) {
  int64_t xcds = schedule.getXcd();
  int64_t tilesN = llvm::divideCeil(op.getRows(), schedule.getTileN());
  Value total = multiply(blocks, tilesN * schedule.getKBatch());
  Value each = binary<arith::DivUIOp>(total, i32(xcds));
  Value rest = binary<arith::RemUIOp>(total, i32(xcds));
  Value xcd = binary<arith::RemUIOp>(group, i32(xcds));
  Value place = binary<arith::DivUIOp>(group, i32(xcds));
  Value first = binary<arith::AddIOp>(binary<arith::MulIOp>(xcd, each),
                                      binary<arith::MinUIOp>(xcd, rest));
  return binary<arith::AddIOp>(first, place);
}

/// M tiles of the grid, i32.
Value KernelExpander::countTiles() {
  Value blocks = op.getTokens();
  if (!op.isUnsorted())
    blocks = b.toI32(memref::DimOp::create(b, op.getExpertIds(), int64_t(0)));
  return multiply(blocks, tilesOfBlock(op));
}

/// The last workgroups only clear, a row each.
void KernelExpander::leaveClearing() {
  if (!op.getClear())
    return;
  int64_t tilesN = llvm::divideCeil(op.getRows(), schedule.getTileN());
  Value groups =
      b.toIndex(multiply(countTiles(), tilesN * schedule.getKBatch()));
  Value isTile = b.less(b.block(), groups);
  Value isLast = arith::XOrIOp::create(
      b, isTile, arith::ConstantOp::create(b, b.getBoolAttr(true)));
  b.when(isLast, [&] {
    clearRow(b, op.getClear(), arith::SubIOp::create(b, b.block(), groups),
             schedule.getBlockSize());
  });
  b.enterIf(isTile);
}

/// docs/Layouts.md, "Grid". A grid has at most 2^31 - 1 workgroups; 32-bit
/// division is the cheap one.
void KernelExpander::findTile() {
  Value group = arith::IndexCastUIOp::create(
      b, b.getI32Type(), gpu::BlockIdOp::create(b, gpu::Dimension::x));
  int64_t tilesN = llvm::divideCeil(op.getRows(), schedule.getTileN());
  int64_t groupM = schedule.getGroupM(), kBatch = schedule.getKBatch();
  Value blocks; // counts tiles
  if (schedule.getXcd() > 1 || groupM > 1)
    blocks = countTiles();
  if (schedule.getXcd() > 1)
    group = remapXcd(group, blocks);
  if (kBatch > 1) {
    slice = binary<arith::RemUIOp>(group, i32(kBatch));
    group = binary<arith::DivUIOp>(group, i32(kBatch));
  }
  Value block, tile;
  if (groupM == 1) {
    block = binary<arith::DivUIOp>(group, i32(tilesN));
    tile = binary<arith::RemUIOp>(group, i32(tilesN));
  } else {
    // groupM blocks together, M fastest; the last such group may be smaller.
    Value width = i32(tilesN * groupM);
    Value first = multiply(binary<arith::DivUIOp>(group, width), groupM);
    Value size = binary<arith::MinUIOp>(binary<arith::SubIOp>(blocks, first),
                                        i32(groupM));
    Value place = binary<arith::RemUIOp>(group, width);
    block = binary<arith::AddIOp>(first, binary<arith::RemUIOp>(place, size));
    tile = binary<arith::DivUIOp>(place, size);
  }
  mBlock = toIndex(block);
  if (!op.isUnsorted()) {
    m = multiply(mBlock, schedule.getTileM());
    if (tilesOfBlock(op) > 1)
      mBlock = binary<arith::DivUIOp>(mBlock, index(tilesOfBlock(op)));
  }
  n = multiply(toIndex(tile), schedule.getTileN());

  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  // Equal in all lanes of a wave; saying so keeps the wave's places in scalar
  // registers.
  wave = arith::IndexCastUIOp::create(
      b, b.getI32Type(), binary<arith::DivUIOp>(thread, index(64)));
  wave = toIndex(gpu::SubgroupBroadcastOp::create(
      b, wave, /*lane=*/Value(), gpu::BroadcastType::first_active_lane));
  Value waveInN = wave;
  if (schedule.getKWave() > 1) {
    waveGroup = binary<arith::DivUIOp>(wave, index(schedule.getWavesInN()));
    waveInN = binary<arith::RemUIOp>(wave, index(schedule.getWavesInN()));
  }
  waveN = binary<arith::AddIOp>(n, multiply(waveInN, schedule.getWaveN()));
}

/// True where the block is in use and its expert is local.
Value KernelExpander::hasWork(Value expertId) {
  Value used = memref::LoadOp::create(b, op.getNumValid(), index(0));
  // Sorted rows are counted by an i32; the first row of a workgroup behind them
  // need not fit one with a sign.
  Value inUse = less(arith::IndexCastUIOp::create(b, b.getI32Type(), m),
                     arith::MaxSIOp::create(b, used, i32(0)));
  return binary<arith::AndIOp>(inUse, less(expertId, i32(op.getE())));
}

/// The product over one run of K tiles, shared by the wave groups.
Value KernelExpander::computeRun(KRun run) {
  int64_t tileM = schedule.getTileM(), tileK = schedule.getTileK();
  int64_t kWave = schedule.getKWave();
  auto tileType = MemRefType::get(
      {tileM, tileK}, b.getBF16Type(), MemRefLayoutAttrInterface(),
      cast<MemRefType>(lds0.getType()).getMemorySpace());
  Value first = run.first, end;
  int64_t columns = run.tiles * tileK, tail = op.getK() % tileK;
  if (run.last && tail)
    columns -= tileK - tail;
  Value ldsOffset = index(0);
  if (kWave > 1) {
    ldsOffset = multiply(waveGroup, tileM * tileK * 2);
    // The last group has a longest run, so that a partial tile is the last
    // step's.
    auto start = [&](Value group) {
      return binary<arith::AddIOp>(
          run.first, runStart(group, run.tiles, kWave, /*longerLast=*/true));
    };
    first = start(waveGroup);
    Value stop = start(binary<arith::AddIOp>(waveGroup, index(1)));
    if (run.tiles % kWave != 0 || (run.last && tail))
      end = multiply(stop, tileK);
    columns = llvm::divideCeil(run.tiles, kWave) * tileK;
  }
  Value ping =
      memref::ViewOp::create(b, tileType, lds0, ldsOffset, ValueRange());
  Value pong =
      memref::ViewOp::create(b, tileType, lds1, ldsOffset, ValueRange());
  int64_t threads = schedule.getBlockSize() / kWave;
  auto rowsType =
      VectorType::get({tileM * tileK / 8 / threads}, b.getI32Type());
  Value rows = RouteRowsOp::create(
      b, rowsType, ids, m, op.getTokens(), op.getTopk(),
      /*per_slot=*/op.getStage() == Stage::Down, tileM, tileK, threads);
  return PingpongOp::create(b, getAccType(), op.getX(), rows, op.getW(), expert,
                            waveN, op.getScale(), multiply(first, tileK), end,
                            columns, ping, pong, schedule.getCache());
}

/// The product over the workgroup's slice of K. Slices have one of up to three
/// lengths, each a static pipeline of its own.
Value KernelExpander::computeSlice() {
  int64_t tiles = op.getNumKTiles(), kBatch = schedule.getKBatch();
  if (kBatch == 1)
    return computeRun({index(0), tiles, /*last=*/true});
  int64_t base = tiles / kBatch, longer = tiles % kBatch;
  Value first = toIndex(runStart(slice, tiles, kBatch, /*longerLast=*/false));
  auto branch = [&](Value condition, llvm::function_ref<Value()> then,
                    llvm::function_ref<Value()> otherwise) -> Value {
    auto ifOp = scf::IfOp::create(b, getAccType(), condition, true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifOp.thenBlock());
    scf::YieldOp::create(b, then());
    b.setInsertionPointToStart(ifOp.elseBlock());
    scf::YieldOp::create(b, otherwise());
    return ifOp.getResult(0);
  };
  auto shorter = [&]() -> Value {
    if (op.getK() % schedule.getTileK() == 0)
      return computeRun({first, base, /*last=*/false});
    if (kBatch - longer == 1)
      return computeRun({first, base, /*last=*/true});
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, slice,
                                         i32(kBatch - 1));
    return branch(
        isLast, [&] { return computeRun({first, base, /*last=*/true}); },
        [&] { return computeRun({first, base, /*last=*/false}); });
  };
  if (longer == 0)
    return shorter();
  return branch(
      less(slice, i32(longer)),
      [&] { return computeRun({first, base + 1, /*last=*/false}); }, shorter);
}

/// Whether one exchange through LDS adds the K groups and moves the output out.
bool KernelExpander::scattersGroups() {
  MemRefType buffer = cast<MemRefType>(lds0.getType());
  return schedule.getKWave() > 1 && op.getActivation() == Activation::None &&
         op.getOut().getType().getElementTypeBitWidth() == 16 &&
         getAccumulatorFragment(getAccType()).rows == 16 &&
         groupedTileBytes(schedule.getKWave(), schedule.getTileM(),
                          schedule.getTileN()) <= buffer.getDimSize(0);
}

void KernelExpander::scatter(Value acc, bool withBias) {
  int64_t tileN = schedule.getTileN();
  Value column = n;
  if (op.getActivation() != Activation::None) {
    column = binary<arith::DivUIOp>(n, index(2));
    tileN /= 2;
  }
  int64_t columns = op.getOut().getType().getDimSize(1);
  ScatterOp::create(
      b, acc, op.getOut(), column, ids, weights, m, op.getTokens(),
      op.getTopk(), withBias ? op.getBias() : Value(),
      withBias ? expert : Value(), lds0, lds1, op.hasRowPerSlot(),
      /*paired=*/op.isRawSums(), op.getAccumulate(), op.getRoutingWeight(),
      /*in_bounds=*/columns % tileN == 0, tileN,
      scattersGroups() ? schedule.getKWave() : 1, schedule.getBlockSize());
}

/// The epilogue: everything behind the product.
void KernelExpander::finish(Value acc) {
  if (schedule.getKWave() > 1 && !scattersGroups())
    acc = ReduceGroupsOp::create(b, acc, lds0, lds1, schedule.getKWave(),
                                 schedule.getBlockSize());
  if (op.getActivation() != Activation::None) {
    auto type = cast<VectorType>(acc.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[1] /= 2;
    auto half = VectorType::get(shape, b.getF32Type());
    Value bias = op.getBias();
    acc = ActivateOp::create(b, half, op.getActivation(), op.getParams(), acc,
                             bias, bias ? expert : Value(),
                             bias ? waveN : Value(),
                             bias ? op.getGate() : GateLayout::None);
    return scatter(acc, /*withBias=*/false);
  }
  if (!op.getBias() || !slice)
    return scatter(acc, static_cast<bool>(op.getBias()));
  // One slice adds the bias.
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, slice, i32(0));
  auto ifOp = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  scatter(acc, /*withBias=*/true);
  b.setInsertionPointToStart(ifOp.elseBlock());
  scatter(acc, /*withBias=*/false);
}

void KernelExpander::run() {
  leaveClearing();
  findTile();
  if (op.isUnsorted()) {
    // A part for each wave of the function's largest tile: another op's wave
    // may still read its own.
    int64_t rows = cast<MemRefType>(ids.getType()).getDimSize(0);
    m = multiply(wave, rows / schedule.getWaves());
    CollectedRows found = collectRows(b, op, mBlock, ids, weights, m);
    b.enterIf(found.hasWork);
    expert = toIndex(found.expert);
  } else {
    Value expertId = memref::LoadOp::create(b, op.getExpertIds(), mBlock);
    auto ifOp =
        scf::IfOp::create(b, hasWork(expertId), /*withElseRegion=*/false);
    b.setInsertionPointToStart(ifOp.thenBlock());
    expert = toIndex(expertId);
  }
  finish(computeSlice());
  op.erase();
}

/// The op has a schedule that one kernel can follow.
static LogicalResult checkSchedule(GroupedGemmOp op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  if (!schedule)
    return op.emitOpError("expected a schedule, which -moe-choose-schedule "
                          "makes, got none");
  if (!isOneKernel(op.getProduct(), schedule.toStruct()))
    return op.emitOpError("expected k_batch = 1 in a kernel whose output is "
                          "stored, got ")
           << schedule.getKBatch()
           << ", which needs a workspace: -moe-decompose makes two kernels of "
              "the op in host code";
  return success();
}

/// The waves per SIMD to ask of the compiler; 0 = its choice. With 128
/// accumulators a lane everything else only just fits the registers of two
/// waves, so the compiler is told to aim for two.
static int64_t getWavesPerEu(ScheduleAttr schedule) {
  if (schedule.getWavesPerEu() > 0)
    return schedule.getWavesPerEu();
  int64_t lanes = 64 * schedule.getWaves() / schedule.getKWave();
  return schedule.getTileM() * schedule.getTileN() == 128 * lanes ? 2 : 0;
}

static LogicalResult expandGemm(GroupedGemmOp op, const LdsSizes &sizes,
                                LdsOfFunctions &buffers) {
  ScheduleAttr schedule = op.getScheduleAttr();
  FailureOr<gpu::GPUFuncOp> func =
      prepareKernelFunction(op, schedule.getBlockSize(), gridOf(op));
  if (failed(func))
    return failure();
  if (int64_t waves = getWavesPerEu(schedule))
    (*func)->setAttr(
        "rocdl.waves_per_eu",
        IntegerAttr::get(IntegerType::get(op.getContext(), 32), waves));
  LdsBuffers &lds = buffers[*func];
  if (!lds.first) {
    LdsSize size = sizes.lookup(*func);
    Builder b(op.getContext());
    auto add = [&](int64_t count, Type element) {
      return addLds(*func, op.getLoc(), count, element);
    };
    lds.first = add(size.buffer, b.getI8Type());
    lds.second = add(size.buffer, b.getI8Type());
    if (size.lists) {
      lds.ids = add(size.lists / 8, b.getI32Type());
      lds.weights = add(size.lists / 8, b.getF32Type());
    }
  }
  KernelExpander(op, lds).run();
  return success();
}

namespace {
struct MoEExpandKernelPass
    : moe::impl::MoEExpandKernelPassBase<MoEExpandKernelPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    LdsSizes sizes;
    LdsOfFunctions buffers;
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (isKernelLevel(op)) {
        if (llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TensorType>))
          return WalkResult(
              op->emitOpError("expected memrefs in a kernel, got tensors; run "
                              "-one-shot-bufferize first"));
        ops.push_back(op);
      }
      if (auto gemm = dyn_cast<GroupedGemmOp>(op)) {
        if (failed(checkSchedule(gemm)))
          return WalkResult::interrupt();
        LdsSize &size = sizes[op->getParentOfType<gpu::GPUFuncOp>()];
        size.buffer = std::max(size.buffer, gemm.getBufferBytes());
        size.lists = std::max(size.lists, gemm.getListBytes());
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted() || failed(checkGrids(ops)))
      return signalPassFailure();
    for (Operation *op : ops) {
      LogicalResult result =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case([&](GroupedGemmOp gemm) {
                return expandGemm(gemm, sizes, buffers);
              })
              .Case(
                  [](ActivateSumsOp sums) { return expandActivateSums(sums); })
              .Case(
                  [](ReduceSlotsOp slots) { return expandReduceSlots(slots); })
              .Case([](RouteOp route) { return expandRoute(route); })
              .Case([](SortOp sort) { return expandSort(sort); })
              .Case([](QuantizeOp op) { return expandQuantize(op); })
              .Case([](ShuffleOp op) { return expandShuffle(op); });
      if (failed(result))
        return signalPassFailure();
    }
  }
};
} // namespace
