// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the tile ops: the relations between operands that ODS cannot
// express. The labels C1, C2, ... are those of TileOps.td; a comment such as
// mfma_c2 marks where a constraint is enforced. Nothing here depends on a chip.
// The kernel ops are in KernelOps.cpp.

#include "Checks.h"
#include "moe/Dialect/MoE/IR/Fragments.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::checks;

//===----------------------------------------------------------------------===//
// Names of results in printed IR
//===----------------------------------------------------------------------===//

void RouteRowsOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getRows(), "rows");
}
void PingpongOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getAcc(), "acc");
}
void LoadWeightOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "weights");
}
void LoadScaleOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "scales");
}
void UnpackOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "unpacked");
}
void ActivateOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "activated");
}
void ReduceGroupsOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "sum");
}
void MfmaOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), "acc");
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// `type` ends in `last`, and where it is of more than `rank` dimensions, which
/// MFMA with 32 rows has, in `parts` x `last`.
static LogicalResult checkBlocks(Operation *op, StringRef what, VectorType type,
                                 int64_t rank, int64_t parts, int64_t last) {
  if (type.getShape().back() != last)
    return op->emitOpError()
           << "expected the last dimension of " << what << " to be " << last
           << ", got " << type.getShape().back();
  if (type.getRank() > rank && type.getDimSize(2) != parts)
    return op->emitOpError()
           << "expected dimension 2 of " << what << " to be " << parts
           << " in blocks of 32 x 32, got " << type.getDimSize(2);
  return success();
}

/// A workgroup has at most 1024 threads, whole waves of them.
static LogicalResult checkThreads(Operation *op, int64_t threads) {
  if (threads % 64 == 0 && threads <= 1024)
    return success();
  return op->emitOpError("expected threads to be a multiple of 64 and at most "
                         "1024, got ")
         << threads;
}

/// A constant `value` is a multiple of `multiple` and not negative.
static LogicalResult checkMultiple(Operation *op, StringRef name, Value value,
                                   int64_t multiple) {
  std::optional<int64_t> constant = getConstantIntValue(value);
  if (!constant || (*constant >= 0 && *constant % multiple == 0))
    return success();
  return op->emitOpError("expected ") << name << " to be a multiple of "
                                      << multiple << ", got " << *constant;
}

/// Sorted ids and weights are global lists, or those that an unsorted product
/// keeps in LDS.
static LogicalResult checkLists(Operation *op,
                                ArrayRef<GlobalOperand> operands) {
  for (const GlobalOperand &operand : operands) {
    auto type = cast<MemRefType>(operand.value.getType());
    if (gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type)
            ? failed(checkLdsBuffers(op, type))
            : failed(checkGlobal(op, operand)))
      return failure();
  }
  return success();
}

LogicalResult RouteRowsOp::verify() {
  // route_rows_c1
  if (getTileM() > kMaxTileSize || getTileK() > kMaxTileSize)
    return emitOpError("expected a tile of at most ")
           << kMaxTileSize << " x " << kMaxTileSize << ", got " << getTileM()
           << " x " << getTileK();
  int64_t chunks = getTileM() * getTileK() / 8;
  int64_t threads = getThreads();
  if (failed(checkThreads(*this, threads)))
    return failure();
  if (getTileK() % 8 != 0 || threads > chunks || chunks % threads != 0)
    return emitOpError("expected the ")
           << chunks << " chunks of a " << getTileM() << " x " << getTileK()
           << " tile to be a multiple of " << threads << " threads";
  int64_t got = getRows().getType().getDimSize(0);
  if (got != chunks / threads)
    return emitOpError("expected ")
           << chunks / threads << " rows, one a chunk of this lane, got "
           << got;
  if (got > kMaxFragments)
    return emitOpError("expected at most ")
           << kMaxFragments << " rows, which are registers of this lane, got "
           << got;
  return checkLists(*this, {{"sorted_ids", getSortedIds()}});
}

/// The lanes of whole waves share the chunks of the tile equally, and the
/// offsets of `x` fit a descriptor.
static LogicalResult checkGather(Operation *op, MemRefType x, MemRefType tile,
                                 TypedValue<VectorType> rowsOfLane) {
  int64_t chunks = tile.getNumElements() / 8;
  int64_t rows = rowsOfLane.getType().getDimSize(0);
  if (rows > chunks / 64 || chunks % (64 * rows) != 0)
    return op->emitOpError("expected the ")
           << chunks << " chunks of the tile to be a multiple of 64 lanes x "
           << rows << " rows";
  return checkDescriptorSize(op, "x", x);
}

/// pingpong_c4: only with `end` are columns past K zeros.
static LogicalResult checkColumns(PingpongOp op) {
  int64_t tileK = op.getPing().getType().getDimSize(1);
  int64_t multiple = op.getEnd() ? tileK : 32, columns = op.getColumns();
  if (columns % multiple != 0)
    return op.emitOpError("expected columns to be a multiple of ")
           << multiple << ", got " << columns;
  int64_t first = getConstantIntValue(op.getK()).value_or(0);
  if (first < 0 || first % tileK != 0)
    return op.emitOpError("expected k to be a multiple of tile_k = ")
           << tileK << ", got " << first;
  int64_t k = op.getX().getType().getDimSize(1);
  int64_t most = (op.getEnd() ? llvm::alignTo(k, tileK) : k) - first;
  if (columns > most)
    return op.emitOpError("expected at most ")
           << most << " columns from k = " << first << " on, of K = " << k
           << ", got " << columns;
  return success();
}

LogicalResult PingpongOp::verify() {
  MemRefType tile = getPing().getType();
  // pingpong_c1
  if (failed(checkLdsTile(*this, "ping", tile)))
    return failure();
  int64_t tileK = tile.getDimSize(1);
  if (tileK != 128 && tileK % 256 != 0)
    return emitOpError("expected columns of 'ping' (tile_k) to be 128 or a "
                       "multiple of 256, got ")
           << tileK;
  if (failed(checkMultiple(*this, "n", getN(), 16)))
    return failure();
  // pingpong_c2
  VectorType acc = getAcc().getType();
  if (failed(checkBlocks(*this, "the accumulators", acc, 3, 4, 4)))
    return failure();
  int64_t blockRows = getAccumulatorFragment(acc).rows;
  if (acc.getDimSize(0) * blockRows != tile.getDimSize(0))
    return emitOpError("expected dimension 0 of the accumulators to be the ")
           << tile.getDimSize(0) << " rows of 'ping' / " << blockRows << " = "
           << tile.getDimSize(0) / blockRows << ", got " << acc.getDimSize(0);
  // pingpong_c3
  if (failed(checkActivationK(*this, getX().getType())))
    return failure();
  if (failed(checkColumns(*this)))
    return failure();
  if (failed(checkFragmentSize(*this, "the accumulators", acc)) ||
      failed(checkGather(*this, getX().getType(), tile, getRows())) ||
      failed(checkGlobal(*this, {{"x", getX(), /*wide=*/true},
                                 {"w", getW()},
                                 {"scale", getScale()}})))
    return failure();
  return checkWeights(*this, getW().getType(), getScale().getType(),
                      getX().getType().getDimSize(1));
}

LogicalResult GatherOp::verify() {
  MemRefType tile = getTo().getType();
  // gather_c1
  if (failed(checkLdsTile(*this, "to", tile)) ||
      failed(checkActivationK(*this, getX().getType())))
    return failure();
  // gather_c2
  if (failed(checkGather(*this, getX().getType(), tile, getRows())))
    return failure();
  // gather_c3
  if (getColumns() % 32 != 0 ||
      static_cast<int64_t>(getColumns()) > tile.getDimSize(1))
    return emitOpError("expected columns to be a multiple of 32 and at most ")
           << tile.getDimSize(1) << ", got " << getColumns();
  // gather_c4
  constexpr int64_t most = int64_t(1) << 30;
  if (failed(checkMultiple(*this, "k", getK(), 8)))
    return failure();
  std::optional<int64_t> k = getConstantIntValue(getK());
  if (k && *k >= most)
    return emitOpError("expected k to be below ") << most << ", got " << *k;
  return checkGlobal(*this, {{"x", getX(), /*wide=*/true}});
}

LogicalResult LoadWeightOp::verify() {
  // load_weight_c1
  if (failed(getLayout(*this, "w", getW().getType(), ShuffleRole::Weight)))
    return failure();
  // load_weight_c2
  if (failed(
          checkBlocks(*this, "the result", getResult().getType(), 3, 2, 32)) ||
      failed(checkFragmentSize(*this, "the result", getResult().getType())))
    return failure();
  // load_weight_c3
  if (failed(checkMultiple(*this, "n", getN(), 16)) ||
      failed(checkMultiple(*this, "k", getK(), 128)))
    return failure();
  return checkGlobal(*this, {{"w", getW()}});
}

LogicalResult LoadScaleOp::verify() {
  // load_scale_c1
  if (failed(
          getLayout(*this, "scale", getScale().getType(), ShuffleRole::Scale)))
    return failure();
  // load_scale_c2
  VectorType result = getResult().getType();
  if (result.getRank() == 3 &&
      failed(checkBlocks(*this, "the result", result, 2, 2, 2)))
    return failure();
  int64_t nb = result.getDimSize(0);
  bool gated =
      cast<PreshuffleAttr>(getScale().getType().getLayout()).getGate() !=
      GateLayout::None;
  if (gated && nb % 2 != 0)
    return emitOpError("expected dimension 0 of the result to be even in a "
                       "stage 1 layout (pairs of gate and up), got ")
           << nb;
  if (result.getRank() == 2 && nb != 1 && nb % 2 != 0)
    return emitOpError("expected dimension 0 of the result to be 1 or even (a "
                       "dword serves 2 row blocks), got ")
           << nb;
  if (failed(checkFragmentSize(*this, "the result", getResult().getType())))
    return failure();
  // load_scale_c3
  if (failed(checkMultiple(*this, "n", getN(), nb > 1 ? 32 : 16)) ||
      failed(checkMultiple(*this, "k", getK(),
                           result.getDimSize(1) > 1 ? 256 : 128)))
    return failure();
  return checkGlobal(*this, {{"scale", getScale()}});
}

LogicalResult UnpackOp::verify() {
  // unpack_c1
  ArrayRef<int64_t> source = getSource().getType().getShape();
  if (failed(checkBlocks(*this, "'source'", getSource().getType(), 3, 2, 32)))
    return failure();
  if (source != getResult().getType().getShape())
    return emitOpError("expected the result in the shape of 'source', got ")
           << getResult().getType() << " and " << getSource().getType();
  if (source.drop_back() != getScale().getType().getShape())
    return emitOpError("expected one scale for each 32 elements of 'source', "
                       "got ")
           << getScale().getType() << " for " << getSource().getType();
  return checkFragmentSize(*this, "'source'", getSource().getType());
}

LogicalResult MfmaOp::verify() {
  MemRefType a = getA().getType();
  VectorType b = getB().getType(), acc = getAcc().getType();
  if (failed(checkFragmentSize(*this, "'acc'", acc)) ||
      failed(checkFragmentSize(*this, "'b'", b)))
    return failure();
  // mfma_c1
  if (failed(checkLdsTile(*this, "a", a)))
    return failure();
  int64_t blockRows = getAccumulatorFragment(acc).rows;
  if (a.getDimSize(0) != blockRows * acc.getDimSize(0))
    return emitOpError("expected rows of 'a' to be ")
           << blockRows << " x " << acc.getDimSize(0) << " = "
           << blockRows * acc.getDimSize(0) << ", got " << a.getDimSize(0);
  if (a.getDimSize(1) < 128 * b.getDimSize(1))
    return emitOpError("expected at least 128 x ")
           << b.getDimSize(1) << " = " << 128 * b.getDimSize(1)
           << " columns in 'a', got " << a.getDimSize(1);
  // mfma_c2
  if (failed(checkBlocks(*this, "'b'", b, 3, 2, 32)) ||
      failed(checkBlocks(*this, "'acc'", acc, 3, 4, 4)))
    return failure();
  if (b.getRank() != acc.getRank())
    return emitOpError("expected 'b' and 'acc' of one rank (blocks of 16 x 16 "
                       "or of 32 x 32), got ")
           << b << " and " << acc;
  if (b.getDimSize(0) != acc.getDimSize(1))
    return emitOpError(
               "expected as many column blocks in 'b' as in 'acc', got ")
           << b.getDimSize(0) << " and " << acc.getDimSize(1);
  return success();
}

Value ActivateOp::getParam(StringRef name) {
  ArrayRef<StringLiteral> names = getActivationParams(getActivation());
  return getParams()[llvm::find(names, name) - names.begin()];
}

/// activate_c1, activate_c2, activate_c3
LogicalResult ActivateOp::verify() {
  ArrayRef<int64_t> acc = getAcc().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if (failed(checkBlocks(*this, "'acc'", getAcc().getType(), 3, 4, 4)) ||
      failed(checkFragmentSize(*this, "'acc'", getAcc().getType())))
    return failure();
  if (acc[0] != result[0] || acc[1] != 2 * result[1] ||
      acc.drop_front(2) != result.drop_front(2))
    return emitOpError("expected half of the column blocks of 'acc' in the "
                       "result, got ")
           << getAcc().getType() << " and " << getResult().getType();
  if (getActivation() == Activation::None)
    return emitOpError("expected silu, swiglu or situv2, got none");
  if (failed(checkActivationParams(*this, getActivation(), getParams())))
    return failure();
  if (static_cast<bool>(getBias()) != static_cast<bool>(getExpert()) ||
      static_cast<bool>(getBias()) != static_cast<bool>(getN()))
    return emitOpError("expected 'bias' together with an expert and a column");
  if (!getBias())
    return success();
  if (getGate() == GateLayout::None)
    return emitOpError("expected gate separated, interleaved or rows with a "
                       "bias, got none");
  int64_t columns = getBias().getType().getDimSize(1);
  if (ShapedType::isDynamic(columns) || columns % 32 != 0 || columns == 0)
    return emitOpError("expected the columns of 'bias' to be a static multiple "
                       "of 32, got ")
           << getBias().getType();
  return checkGlobal(*this, {{"bias", getBias()}});
}

LogicalResult ReduceGroupsOp::verify() {
  // reduce_groups_c1
  int64_t groups = getGroups(), threads = getThreads();
  if (groups != 2 && groups != 4)
    return emitOpError("expected groups to be 2 or 4, got ") << groups;
  if (threads % (64 * groups) != 0)
    return emitOpError("expected threads to be a multiple of 64 x ")
           << groups << " groups, got " << threads;
  if (failed(checkThreads(*this, threads)))
    return failure();
  // reduce_groups_c2
  VectorType acc = getAcc().getType();
  if (failed(checkBlocks(*this, "'acc'", acc, 3, 4, 4)) ||
      failed(checkFragmentSize(*this, "'acc'", acc)))
    return failure();
  MemRefType buffer = getBuffer0().getType();
  if (failed(checkLdsBuffers(*this, buffer)))
    return failure();
  int64_t bytes =
      sumsBufferBytes(groups, threads / 64 / groups, acc.getNumElements() / 4);
  if (buffer.getDimSize(0) < bytes)
    return emitOpError("expected buffers of at least ")
           << bytes << " bytes for the sums of " << groups << " groups, got "
           << buffer.getDimSize(0);
  return success();
}

/// scatter_c2: `holders` waves hold columns.
static LogicalResult checkOutTile(ScatterOp op, int64_t holders) {
  if (op.getOut().getType().getElementTypeBitWidth() != 16)
    return success();
  VectorType acc = op.getAcc().getType();
  int64_t rows = getAccumulatorFragment(acc).rows * acc.getDimSize(0);
  int64_t columns = op.getTileN();
  bool halves = holders % 2 == 0;
  int64_t least = rows * columns * (halves ? 1 : 2);
  int64_t got = op.getBuffer0().getType().getDimSize(0);
  if (got >= least)
    return success();
  return op.emitOpError("expected buffers of at least ")
         << least << " bytes, " << (halves ? "half" : "all") << " of the "
         << rows << " x " << columns << " output tile"
         << (halves ? "" : " since an odd number of waves holds it") << ", got "
         << got;
}

/// scatter_c5: `holders` waves hold columns.
static LogicalResult checkGroups(ScatterOp op, int64_t holders) {
  int64_t groups = op.getGroups();
  if (groups != 1 && groups != 2 && groups != 4)
    return op.emitOpError("expected groups to be 1, 2 or 4, got ") << groups;
  if (groups == 1)
    return success();
  Type element = op.getOut().getType().getElementType();
  if (element.getIntOrFloatBitWidth() != 16)
    return op.emitOpError("expected 'out' of 2 bytes with groups, got ")
           << element;
  VectorType acc = op.getAcc().getType();
  int64_t blockRows = getAccumulatorFragment(acc).rows;
  if (blockRows != 16)
    return op.emitOpError("expected blocks of 16 rows with groups, got ")
           << blockRows;
  int64_t waves = static_cast<int64_t>(op.getThreads()) / 64;
  if (waves != groups * holders)
    return op.emitOpError("expected ")
           << groups << " groups of the " << holders
           << " waves that hold tile_n columns, got " << waves << " waves";
  int64_t tileM = blockRows * acc.getDimSize(0);
  int64_t least = groupedTileBytes(groups, tileM, op.getTileN());
  int64_t got = op.getBuffer0().getType().getDimSize(0);
  if (got >= least)
    return success();
  return op.emitOpError("expected buffers of at least ")
         << least << " bytes for " << groups << " tiles of " << tileM << " x "
         << op.getTileN() << " f32, got " << got;
}

LogicalResult ScatterOp::verify() {
  VectorType acc = getAcc().getType();
  // scatter_c1
  if (failed(checkBlocks(*this, "'acc'", acc, 3, 4, 4)) ||
      failed(checkFragmentSize(*this, "'acc'", acc)) ||
      failed(checkThreads(*this, getThreads())))
    return failure();
  int64_t blockRows = getAccumulatorFragment(acc).rows;
  int64_t waveColumns = blockRows * acc.getDimSize(1);
  int64_t columns = getTileN(), waves = static_cast<int64_t>(getThreads()) / 64;
  if (columns % waveColumns != 0 || waves % (columns / waveColumns) != 0)
    return emitOpError("expected tile_n to be ")
           << waveColumns << " columns x a divisor of " << waves
           << " waves, got " << columns;
  if (ShapedType::isDynamic(getOut().getType().getDimSize(1)))
    return emitOpError("expected a static N in dimension 1 of 'out', got '?'");
  if (failed(checkGlobal(
          *this, {{"out", getOut(), /*wide=*/true}, {"bias", getBias()}})) ||
      failed(checkLists(*this, {{"sorted_ids", getSortedIds()},
                                {"sorted_weights", getSortedWeights(), true}})))
    return failure();
  if (static_cast<bool>(getBias()) != static_cast<bool>(getExpert()))
    return emitOpError("expected 'bias' together with an expert");
  MemRefType buffer = getBuffer0().getType();
  if (failed(checkLdsBuffers(*this, buffer)))
    return failure();
  // scatter_c3
  if (getPaired() && !getOut().getType().getElementType().isF32())
    return emitOpError("expected 'out' of f32 with paired columns, got ")
           << getOut().getType().getElementType();
  // scatter_c4
  if (failed(checkMultiple(*this, "n", getN(), 16)))
    return failure();
  std::optional<int64_t> first = getConstantIntValue(getN());
  int64_t most = getOut().getType().getDimSize(1) - columns;
  if (getInBounds() && first && *first > most)
    return emitOpError("expected n + tile_n to be at most N = ")
           << most + columns << " with in_bounds, got " << *first + columns;
  if (failed(checkGroups(*this, columns / waveColumns)))
    return failure();
  return checkOutTile(*this, columns / waveColumns);
}
