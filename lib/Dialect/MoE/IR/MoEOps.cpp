// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the moe ops: the relations between operands that ODS cannot
// express. The labels C1, C2, ... are those of MoEOps.td; a comment such as
// gemm_c2 marks where a constraint is enforced. Nothing here depends on a chip.

#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/MoEOps.cpp.inc"

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
// Checks that several ops share
//===----------------------------------------------------------------------===//

/// The preshuffled layout of `type` if it has the given role, else an error
/// that names the operand.
static FailureOr<PreshuffleAttr> getLayout(Operation *op, StringRef operand,
                                           MemRefType type, ShuffleRole role) {
  auto layout = dyn_cast<PreshuffleAttr>(type.getLayout());
  if (layout && layout.getRole() == role)
    return layout;
  InFlightDiagnostic diag = op->emitOpError()
                            << "expected '" << operand
                            << "' in the layout #moe.preshuffle<"
                            << stringifyShuffleRole(role) << ">, got ";
  if (type.getLayout().isIdentity())
    diag << "a row-major memref";
  else
    diag << type.getLayout();
  return failure();
}

static LogicalResult checkDim(Operation *op, StringRef operand, MemRefType type,
                              unsigned dim, StringRef meaning,
                              int64_t expected) {
  int64_t got = type.getDimSize(dim);
  if (got == expected)
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "expected dimension " << dim << " of '"
                            << operand << "' to be " << meaning << " = "
                            << expected << ", got ";
  if (ShapedType::isDynamic(got))
    diag << "'?'";
  else
    diag << got;
  return diag;
}

static bool inWorkgroupMemory(MemRefType type) {
  return gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type);
}

/// An A tile: rows a multiple of 16, columns of 128, in workgroup memory.
static LogicalResult checkLdsTile(Operation *op, StringRef operand,
                                  MemRefType type) {
  if (!inWorkgroupMemory(type))
    return op->emitOpError()
           << "expected '" << operand
           << "' in #gpu.address_space<workgroup>, got " << type;
  if (!type.hasStaticShape() || !type.getLayout().isIdentity())
    return op->emitOpError() << "expected '" << operand
                             << "' to be static and row-major, got " << type;
  if (type.getDimSize(0) % 16 != 0)
    return op->emitOpError()
           << "expected rows of '" << operand
           << "' to be a multiple of 16, got " << type.getDimSize(0);
  if (type.getDimSize(1) % 128 != 0)
    return op->emitOpError()
           << "expected columns of '" << operand
           << "' to be a multiple of 128, got " << type.getDimSize(1);
  return success();
}

/// The activations' K: static, a multiple of 32 and small enough for the 32-bit
/// offsets of a gather.
static LogicalResult checkActivationK(Operation *op, MemRefType x) {
  int64_t k = x.getDimSize(1);
  if (ShapedType::isDynamic(k))
    return op->emitOpError(
        "expected a static K in dimension 1 of 'x', got '?'");
  if (k <= 0 || k % 32 != 0)
    return op->emitOpError("expected K to be a positive multiple of 32 (one "
                           "scale block), got ")
           << k;
  if (k > 65536)
    return op->emitOpError("expected K to be at most 65536, got ") << k;
  return success();
}

/// Weights and scales of one product agree with each other and with K.
static LogicalResult checkWeights(Operation *op, MemRefType w, MemRefType scale,
                                  int64_t k) {
  FailureOr<PreshuffleAttr> wLayout =
      getLayout(op, "w", w, ShuffleRole::Weight);
  FailureOr<PreshuffleAttr> sLayout =
      getLayout(op, "scale", scale, ShuffleRole::Scale);
  if (failed(wLayout) || failed(sLayout))
    return failure();
  if (failed(checkDim(op, "w", w, 2, "K of 'x'", k)) ||
      failed(checkDim(op, "scale", scale, 0, "the experts of 'w'",
                      w.getDimSize(0))) ||
      failed(checkDim(op, "scale", scale, 1, "the rows of 'w'",
                      w.getDimSize(1))) ||
      failed(checkDim(op, "scale", scale, 2, "K/32", k / 32)))
    return failure();
  if (w.getDimSize(0) > std::numeric_limits<int32_t>::max())
    return op->emitOpError("expected at most 2147483647 experts (32 bits of an "
                           "expert id), got ")
           << w.getDimSize(0);
  int64_t bytes = wLayout->getByteSize(w.getShape()) / w.getDimSize(0);
  if (bytes >= kDescriptorBytes)
    return op->emitOpError("expected the weights of one expert to be smaller "
                           "than ")
           << kDescriptorBytes << " bytes (one buffer descriptor), got "
           << bytes;
  if (wLayout->getGate() != sLayout->getGate())
    return op->emitOpError("expected 'w' and 'scale' to order gate and up rows "
                           "alike, got gate = ")
           << stringifyGateLayout(wLayout->getGate())
           << " and gate = " << stringifyGateLayout(sLayout->getGate());
  return success();
}

/// Operands in global memory; rows contiguous, preshuffled ones apart. Optional
/// operands may be null.
static LogicalResult
checkGlobal(Operation *op, ArrayRef<std::pair<StringRef, Value>> operands) {
  for (auto [name, value] : operands) {
    if (!value)
      continue;
    auto type = cast<MemRefType>(value.getType());
    Attribute space = type.getMemorySpace();
    auto gpuSpace = dyn_cast_or_null<gpu::AddressSpaceAttr>(space);
    auto number = dyn_cast_or_null<IntegerAttr>(space);
    bool global =
        !space ||
        (gpuSpace && gpuSpace.getValue() == gpu::AddressSpace::Global) ||
        (number && number.getInt() == 1);
    if (!global)
      return op->emitOpError("expected '")
             << name << "' in the default or the global memory space, got "
             << space;
    if (isa<PreshuffleAttr>(type.getLayout()))
      continue;
    SmallVector<int64_t> strides;
    int64_t offset;
    bool strided = succeeded(type.getStridesAndOffset(strides, offset));
    int64_t row = type.getRank() == 2 ? type.getDimSize(1) : 1;
    if (!strided || strides.back() != 1 ||
        (type.getRank() == 2 && strides.front() != row))
      return op->emitOpError("expected contiguous rows in '")
             << name << "', got " << type;
  }
  return success();
}

/// A constant token count fits the 24 bits of a sorted id.
static LogicalResult checkTokens(Operation *op, Value value) {
  APInt tokens;
  if (matchPattern(value, m_ConstantInt(&tokens)) &&
      (tokens.isNegative() || tokens.uge(1 << 24)))
    return op->emitOpError("expected tokens to be below 16777216 (24 bits of a "
                           "sorted id), got ")
           << tokens.getSExtValue();
  return success();
}

/// A static number of columns that is a multiple of `multiple`.
static LogicalResult checkColumnCount(Operation *op, StringRef name, int64_t n,
                                      int64_t multiple) {
  if (!ShapedType::isDynamic(n) && n % multiple == 0 && n != 0)
    return success();
  return op->emitOpError("expected ")
         << name << ", dimension 1 of 'out', to be a static multiple of "
         << multiple << ", got "
         << (ShapedType::isDynamic(n) ? std::string("'?'") : std::to_string(n));
}

//===----------------------------------------------------------------------===//
// GroupedGemmOp
//===----------------------------------------------------------------------===//

int64_t GroupedGemmOp::getNumKTiles() {
  return llvm::divideCeil(getK(), getConfig().getTileK());
}

int64_t GroupedGemmOp::getLdsBytes() {
  ConfigAttr config = getConfig();
  int64_t tileM = config.getTileM(), tileN = config.getTileN();
  int64_t kWave = config.getKWave();
  int64_t aTiles = kWave * tileM * config.getTileK() * 2;
  // An activation leaves half of the columns.
  bool halved = config.getStage() == Stage::GateUp && config.getKBatch() == 1;
  int64_t elementBytes = getOut().getType().getElementTypeBitWidth() / 8;
  int64_t shuffle =
      elementBytes == 2 ? tileM * (halved ? tileN / 2 : tileN) : 0;
  int64_t sums = ReduceGroupsOp::getBufferBytes(
      kWave, config.getWavesInN(), tileM / 16 * (config.getWaveN() / 16));
  return 2 * std::max({aTiles, shuffle, sums});
}

/// gemm_c11, gemm_c12
static LogicalResult checkMemory(GroupedGemmOp op) {
  return checkGlobal(op, {{"out", op.getOut()},
                          {"x", op.getX()},
                          {"w", op.getW()},
                          {"scale", op.getScale()},
                          {"sorted_ids", op.getSortedIds()},
                          {"expert_ids", op.getExpertIds()},
                          {"sorted_weights", op.getSortedWeights()},
                          {"num_valid", op.getNumValid()},
                          {"bias", op.getBias()}});
}

/// gemm_c4, and gemm_c2 as far as it is about rows
static LogicalResult checkColumns(GroupedGemmOp op) {
  ConfigAttr config = op.getConfig();
  bool gateUp = config.getStage() == Stage::GateUp;
  int64_t n = op.getN(), multiple = gateUp ? 16 : 32;
  if (failed(checkColumnCount(op, "N", n, multiple)))
    return failure();
  MemRefType w = op.getW().getType();
  if (!gateUp)
    return checkDim(op, "w", w, 1, "N of 'out'", n);
  if (config.getKBatch() > 1)
    return checkDim(op, "w", w, 1,
                    "the columns of 'out', which k_batch > 1 leaves raw", n);
  return checkDim(op, "w", w, 1, "gate and up rows, 2 x N of 'out'", 2 * n);
}

/// gemm_c13, gemm_c14
static LogicalResult checkStage(GroupedGemmOp op) {
  ConfigAttr config = op.getConfig();
  size_t params = op.getActParams().size();
  bool gateUp = config.getStage() == Stage::GateUp;
  bool raw = gateUp && config.getKBatch() > 1;
  size_t expected = gateUp && !raw ? 4 : 0;
  if (params != expected)
    return op.emitOpError("expected ")
           << expected << " activation parameters in stage "
           << stringifyStage(config.getStage())
           << " with k_batch = " << config.getKBatch() << ", got " << params;
  if (!gateUp)
    return success();
  if (config.getTileN() % (32 * config.getWavesInN()) != 0)
    return op.emitOpError("expected tile_n to be a multiple of ")
           << 32 * config.getWavesInN() << " in stage gate_up (16 gate and 16 "
           << "up columns x " << config.getWavesInN() << " waves in N), got "
           << config.getTileN();
  bool active = config.getActivation() != Activation::None;
  if (active == raw)
    return op.emitOpError("expected ")
           << (raw ? "no activation" : "an activation") << " in stage gate_up "
           << "with k_batch = " << config.getKBatch() << ", got "
           << stringifyActivation(config.getActivation());
  if (config.getAccumulate() != raw)
    return op.emitOpError("expected accumulate = ")
           << (raw ? "true" : "false")
           << " in stage gate_up with k_batch = " << config.getKBatch()
           << ", got " << (raw ? "false" : "true");
  if (!raw)
    return success();
  if (!op.getOut().getType().getElementType().isF32())
    return op.emitOpError(
               "expected 'out' of f32 for the raw sums of k_batch = ")
           << config.getKBatch() << ", got "
           << op.getOut().getType().getElementType();
  if (op.getBias() || config.getRoutingWeight())
    return op.emitOpError("expected neither bias nor routing weight on the raw "
                          "sums of k_batch = ")
           << config.getKBatch() << ", got "
           << (op.getBias() ? "a bias" : "a routing weight");
  return success();
}

/// gemm_c8, gemm_c9
static LogicalResult checkSlices(GroupedGemmOp op) {
  ConfigAttr config = op.getConfig();
  int64_t tiles = op.getNumKTiles();
  if (config.getKBatch() > tiles)
    return op.emitOpError("expected k_batch to be at most the ")
           << tiles << " K tiles of K = " << op.getK()
           << " and tile_k = " << config.getTileK() << ", got "
           << config.getKBatch();
  if (config.getKWave() > tiles / config.getKBatch())
    return op.emitOpError("expected k_wave to be at most the ")
           << tiles / config.getKBatch() << " K tiles of a slice, got "
           << config.getKWave();
  return success();
}

LogicalResult GroupedGemmOp::verify() {
  MemRefType w = getW().getType();
  // gemm_c1, gemm_c2, gemm_c3
  if (failed(checkActivationK(*this, getX().getType())) ||
      failed(checkWeights(*this, w, getScale().getType(), getK())) ||
      failed(checkColumns(*this)))
    return failure();
  ConfigAttr config = getConfig();
  bool gateUp = config.getStage() == Stage::GateUp;
  // gemm_c5
  if (failed(checkDim(*this, "num_valid", getNumValid().getType(), 0,
                      "its size", 2)))
    return failure();
  // gemm_c6
  if (getBias()) {
    MemRefType bias = getBias().getType();
    if (failed(
            checkDim(*this, "bias", bias, 0, "the experts of 'w'", getE())) ||
        failed(checkDim(*this, "bias", bias, 1, "the rows of 'w'", getRows())))
      return failure();
  }
  // gemm_c7
  GateLayout gate = cast<PreshuffleAttr>(w.getLayout()).getGate();
  if (gateUp == (gate == GateLayout::None))
    return emitOpError("expected 'w' with gate = ")
           << (gateUp ? "separated, interleaved or rows" : "none")
           << " in stage " << stringifyStage(config.getStage())
           << ", got gate = " << stringifyGateLayout(gate);
  if (failed(checkSlices(*this)) || failed(checkStage(*this)))
    return failure();
  // gemm_c10
  int64_t topk = getTopk();
  if (topk < 1 || topk > 255)
    return emitOpError("expected topk to be from 1 to 255 (8 bits of a sorted "
                       "id), got ")
           << topk;
  if (failed(checkTokens(*this, getTokens())))
    return failure();
  return checkMemory(*this);
}

//===----------------------------------------------------------------------===//
// ActivateSumsOp, ReduceSlotsOp
//===----------------------------------------------------------------------===//

LogicalResult ActivateSumsOp::verify() {
  // activate_sums_c1
  int64_t n = getOut().getType().getDimSize(1);
  if (failed(checkColumnCount(*this, "I", n, 16)) ||
      failed(checkDim(*this, "sums", getSums().getType(), 1, "2 x I of 'out'",
                      2 * n)))
    return failure();
  // activate_sums_c2
  if (getActivation() == Activation::None)
    return emitOpError("expected silu, swiglu or situv2, got none");
  // activate_sums_c3
  bool ordered = getGate() != GateLayout::None;
  if (ordered != static_cast<bool>(getBias()))
    return emitOpError("expected gate = ")
           << (ordered ? "none without a bias"
                       : "separated, interleaved or rows with a bias")
           << ", got gate = " << stringifyGateLayout(getGate());
  if (getBias() && (failed(checkDim(*this, "bias", getBias().getType(), 0,
                                    "experts", getExperts())) ||
                    failed(checkDim(*this, "bias", getBias().getType(), 1,
                                    "2 x I of 'out'", 2 * n))))
    return failure();
  // activate_sums_c4
  int64_t rows = getBlockRows();
  if (rows != 16 && rows != 32 && rows != 64 && rows != 128)
    return emitOpError("expected block_rows to be 16, 32, 64 or 128, got ")
           << rows;
  // activate_sums_c5
  if (failed(checkDim(*this, "num_valid", getNumValid().getType(), 0,
                      "its size", 2)) ||
      failed(checkTokens(*this, getTokens())))
    return failure();
  // activate_sums_c6
  return checkGlobal(*this, {{"sums", getSums()},
                             {"out", getOut()},
                             {"sorted_ids", getSortedIds()},
                             {"expert_ids", getExpertIds()},
                             {"sorted_weights", getSortedWeights()},
                             {"num_valid", getNumValid()},
                             {"bias", getBias()}});
}

LogicalResult ReduceSlotsOp::verify() {
  // reduce_slots_c1
  int64_t n = getOut().getType().getDimSize(1);
  if (failed(checkColumnCount(*this, "N", n, 32)) ||
      failed(
          checkDim(*this, "parts", getParts().getType(), 1, "N of 'out'", n)))
    return failure();
  // reduce_slots_c2
  if (failed(checkTokens(*this, getTokens())))
    return failure();
  // reduce_slots_c3
  return checkGlobal(
      *this, {{"parts", getParts()}, {"out", getOut()}, {"valid", getValid()}});
}

//===----------------------------------------------------------------------===//
// Tile level
//===----------------------------------------------------------------------===//

LogicalResult RouteRowsOp::verify() {
  // route_rows_c1
  int64_t chunks = getTileM() * getTileK() / 8;
  int64_t threads = getThreads();
  if (getTileK() % 8 != 0 || chunks % threads != 0)
    return emitOpError("expected the ")
           << chunks << " chunks of a " << getTileM() << " x " << getTileK()
           << " tile to be a multiple of " << threads << " threads";
  int64_t got = getRows().getType().getDimSize(0);
  if (got != chunks / threads)
    return emitOpError("expected ")
           << chunks / threads << " rows, one a chunk of this lane, got "
           << got;
  return success();
}

LogicalResult PingpongOp::verify() {
  MemRefType tile = getPing().getType();
  // pingpong_c1
  if (failed(checkLdsTile(*this, "ping", tile)))
    return failure();
  // pingpong_c2
  VectorType acc = getAcc().getType();
  if (acc.getDimSize(0) != tile.getDimSize(0) / 16)
    return emitOpError("expected dimension 0 of the accumulators to be the ")
           << tile.getDimSize(0)
           << " rows of 'ping' / 16 = " << tile.getDimSize(0) / 16 << ", got "
           << acc.getDimSize(0);
  if (acc.getDimSize(2) != 4)
    return emitOpError("expected dimension 2 of the accumulators to be 4, got ")
           << acc.getDimSize(2);
  // pingpong_c3
  if (failed(checkActivationK(*this, getX().getType())))
    return failure();
  // pingpong_c4
  int64_t multiple = getEnd() ? tile.getDimSize(1) : 32;
  if (getColumns() % multiple != 0)
    return emitOpError("expected columns to be a multiple of ")
           << multiple << ", got " << getColumns();
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
  int64_t chunks = tile.getNumElements() / 8;
  int64_t rows = getRows().getType().getDimSize(0);
  if (chunks % (64 * rows) != 0)
    return emitOpError("expected the ")
           << chunks << " chunks of the tile to be a multiple of 64 lanes x "
           << rows << " rows";
  // gather_c3
  if (getColumns() % 32 != 0 ||
      static_cast<int64_t>(getColumns()) > tile.getDimSize(1))
    return emitOpError("expected columns to be a multiple of 32 and at most ")
           << tile.getDimSize(1) << ", got " << getColumns();
  return success();
}

static LogicalResult checkLast(Operation *op, StringRef what, VectorType type,
                               int64_t expected) {
  if (type.getShape().back() == expected)
    return success();
  return op->emitOpError() << "expected the last dimension of " << what
                           << " to be " << expected << ", got "
                           << type.getShape().back();
}

LogicalResult LoadWeightOp::verify() {
  // load_weight_c1
  if (failed(getLayout(*this, "w", getW().getType(), ShuffleRole::Weight)))
    return failure();
  // load_weight_c2
  return checkLast(*this, "the result", getResult().getType(), 32);
}

LogicalResult LoadScaleOp::verify() {
  // load_scale_c1
  if (failed(
          getLayout(*this, "scale", getScale().getType(), ShuffleRole::Scale)))
    return failure();
  // load_scale_c2
  int64_t nb = getResult().getType().getDimSize(0);
  bool gated =
      cast<PreshuffleAttr>(getScale().getType().getLayout()).getGate() !=
      GateLayout::None;
  if (gated && nb % 2 != 0)
    return emitOpError("expected dimension 0 of the result to be even in a "
                       "stage 1 layout (pairs of gate and up), got ")
           << nb;
  if (nb != 1 && nb % 2 != 0)
    return emitOpError("expected dimension 0 of the result to be 1 or even (a "
                       "dword serves 2 row blocks), got ")
           << nb;
  return success();
}

LogicalResult UnpackOp::verify() {
  // unpack_c1
  ArrayRef<int64_t> source = getSource().getType().getShape();
  if (failed(checkLast(*this, "'source'", getSource().getType(), 32)))
    return failure();
  if (source != getResult().getType().getShape())
    return emitOpError("expected the result in the shape of 'source', got ")
           << getResult().getType() << " and " << getSource().getType();
  if (source.drop_back() != getScale().getType().getShape())
    return emitOpError("expected one scale for each 32 elements of 'source', "
                       "got ")
           << getScale().getType() << " for " << getSource().getType();
  return success();
}

LogicalResult MfmaOp::verify() {
  MemRefType a = getA().getType();
  VectorType b = getB().getType(), acc = getAcc().getType();
  // mfma_c1
  if (failed(checkLdsTile(*this, "a", a)))
    return failure();
  if (a.getDimSize(0) != 16 * acc.getDimSize(0))
    return emitOpError("expected rows of 'a' to be 16 x ")
           << acc.getDimSize(0) << " = " << 16 * acc.getDimSize(0) << ", got "
           << a.getDimSize(0);
  if (a.getDimSize(1) < 128 * b.getDimSize(1))
    return emitOpError("expected at least 128 x ")
           << b.getDimSize(1) << " = " << 128 * b.getDimSize(1)
           << " columns in 'a', got " << a.getDimSize(1);
  // mfma_c2
  if (failed(checkLast(*this, "'b'", b, 32)) ||
      failed(checkLast(*this, "'acc'", acc, 4)))
    return failure();
  if (b.getDimSize(0) != acc.getDimSize(1))
    return emitOpError(
               "expected as many column blocks in 'b' as in 'acc', got ")
           << b.getDimSize(0) << " and " << acc.getDimSize(1);
  return success();
}

/// activate_c1, activate_c2, activate_c3
LogicalResult ActivateOp::verify() {
  ArrayRef<int64_t> acc = getAcc().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if (failed(checkLast(*this, "'acc'", getAcc().getType(), 4)))
    return failure();
  if (acc[0] != result[0] || acc[1] != 2 * result[1] || acc[2] != result[2])
    return emitOpError("expected half of the column blocks of 'acc' in the "
                       "result, got ")
           << getAcc().getType() << " and " << getResult().getType();
  if (getActivation() == Activation::None)
    return emitOpError("expected silu, swiglu or situv2, got none");
  if (!getBias())
    return success();
  if (getGate() == GateLayout::None)
    return emitOpError("expected gate separated, interleaved or rows with a "
                       "bias, got none");
  int64_t columns = getBias().getType().getDimSize(1);
  if (ShapedType::isDynamic(columns) || columns % 32 != 0)
    return emitOpError("expected the columns of 'bias' to be a static multiple "
                       "of 32, got ")
           << getBias().getType();
  return success();
}

LogicalResult ReduceGroupsOp::verify() {
  // reduce_groups_c1
  int64_t groups = getGroups(), threads = getThreads();
  if (groups != 2 && groups != 4)
    return emitOpError("expected groups to be 2 or 4, got ") << groups;
  if (threads % (64 * groups) != 0)
    return emitOpError("expected threads to be a multiple of 64 x ")
           << groups << " groups, got " << threads;
  // reduce_groups_c2
  VectorType acc = getAcc().getType();
  if (failed(checkLast(*this, "'acc'", acc, 4)))
    return failure();
  MemRefType buffer = getBuffer0().getType();
  if (!inWorkgroupMemory(buffer) || !buffer.hasStaticShape())
    return emitOpError("expected static buffers in "
                       "#gpu.address_space<workgroup>, got ")
           << buffer;
  int64_t bytes = getBufferBytes(groups, threads / 64 / groups,
                                 acc.getDimSize(0) * acc.getDimSize(1));
  if (buffer.getDimSize(0) < bytes)
    return emitOpError("expected buffers of at least ")
           << bytes << " bytes for the sums of " << groups << " groups, got "
           << buffer.getDimSize(0);
  return success();
}

LogicalResult ScatterOp::verify() {
  VectorType acc = getAcc().getType();
  // scatter_c1
  if (failed(checkLast(*this, "'acc'", acc, 4)))
    return failure();
  int64_t waveColumns = 16 * acc.getDimSize(1);
  int64_t columns = getTileN(), waves = static_cast<int64_t>(getThreads()) / 64;
  if (columns % waveColumns != 0 || waves % (columns / waveColumns) != 0)
    return emitOpError("expected tile_n to be ")
           << waveColumns << " columns x a divisor of " << waves
           << " waves, got " << columns;
  if (ShapedType::isDynamic(getOut().getType().getDimSize(1)))
    return emitOpError("expected a static N in dimension 1 of 'out', got '?'");
  if (static_cast<bool>(getBias()) != static_cast<bool>(getExpert()))
    return emitOpError("expected 'bias' together with an expert");
  MemRefType buffer = getBuffer0().getType();
  if (!inWorkgroupMemory(buffer) || !buffer.hasStaticShape())
    return emitOpError("expected static buffers in "
                       "#gpu.address_space<workgroup>, got ")
           << buffer;
  // scatter_c3
  if (getPaired() && !getOut().getType().getElementType().isF32())
    return emitOpError("expected 'out' of f32 with paired columns, got ")
           << getOut().getType().getElementType();
  // scatter_c2
  if (getOut().getType().getElementTypeBitWidth() != 16)
    return success();
  int64_t half = 16 * acc.getDimSize(0) * columns;
  int64_t got = getBuffer0().getType().getDimSize(0);
  if (got < half)
    return emitOpError("expected buffers of at least ")
           << half << " bytes, half of the " << 16 * acc.getDimSize(0) << " x "
           << columns << " output tile, got " << got;
  return success();
}
