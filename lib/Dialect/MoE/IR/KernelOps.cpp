// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers, effects and builders of the kernel ops and of moe.preshuffled: the
// relations between operands that ODS cannot express. The labels C1, C2, ...
// are those of KernelOps.td; a comment such as gemm_c2 marks where a constraint
// is enforced. Nothing here depends on a chip. Canonicalizations are in
// Canonicalize.cpp.

#include "Checks.h"
#include "moe/Schedule/CheckSchedule.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::checks;

//===----------------------------------------------------------------------===//
// Effects
//===----------------------------------------------------------------------===//

void moe::checks::addEffects(DestinationStyleOpInterface op, bool readsOut,
                             Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isOut = op.isDpsInit(&operand);
    if (!isOut || readsOut)
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (isOut)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

void GroupedGemmOp::getEffects(Effects &effects) {
  addEffects(*this, getAccumulate(), effects);
}
void ActivateSumsOp::getEffects(Effects &effects) {
  addEffects(*this, /*readsOut=*/false, effects);
}
void ReduceSlotsOp::getEffects(Effects &effects) {
  addEffects(*this, /*readsOut=*/false, effects);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

ArrayRef<StringLiteral> moe::getActivationParams(Activation activation) {
  static constexpr StringLiteral silu[] = {"limit"};
  static constexpr StringLiteral swiglu[] = {"alpha", "limit"};
  static constexpr StringLiteral situv2[] = {"limit", "beta", "linear_beta"};
  switch (activation) {
  case Activation::None:
    return {};
  case Activation::Silu:
    return silu;
  case Activation::Swiglu:
    return swiglu;
  case Activation::Situv2:
    return situv2;
  }
  llvm_unreachable("covered switch");
}

//===----------------------------------------------------------------------===//
// GroupedGemmOp
//===----------------------------------------------------------------------===//

/// A builder cannot fail, and an op that lacks an operand would crash its
/// readers.
static void checkComplete(const GroupedGemmSpec &spec) {
  SmallVector<std::pair<const char *, Value>> values = {
      {"out", spec.out},
      {"x", spec.x},
      {"w", spec.w},
      {"scale", spec.scale},
      {"tokens", spec.tokens}};
  if (spec.topkIds)
    values.emplace_back("topkWeights", spec.topkWeights);
  else
    values.append({{"sortedIds", spec.sortedIds},
                   {"expertIds", spec.expertIds},
                   {"sortedWeights", spec.sortedWeights},
                   {"numValid", spec.numValid}});
  for (auto [name, value] : values)
    if (!value)
      llvm::reportFatalUsageError(
          Twine("moe::GroupedGemmSpec: expected a value for '") + name +
          "', got none");
}

void GroupedGemmOp::build(OpBuilder &b, OperationState &state,
                          const GroupedGemmSpec &spec) {
  checkComplete(spec);
  SmallVector<Type, 1> results;
  for (Value init : {spec.out, spec.clear})
    if (init && isa<RankedTensorType>(init.getType()))
      results.push_back(init.getType());
  IntegerAttr blockRows;
  if (!spec.topkIds)
    blockRows = b.getI64IntegerAttr(spec.blockRows);
  auto schedule = spec.schedule
                      ? ScheduleAttr::get(b.getContext(), *spec.schedule)
                      : ScheduleAttr();
  build(b, state, results, spec.stage, spec.accumulate, spec.perSlot,
        spec.routingWeight, spec.deterministic, spec.out, spec.clear, spec.x,
        spec.w, spec.scale, spec.sortedIds, spec.expertIds, spec.sortedWeights,
        spec.numValid, spec.topkIds, spec.topkWeights, spec.expertMap,
        spec.localTokens, spec.bias, spec.activation, spec.params, spec.tokens,
        spec.topk, blockRows, schedule);
}

GateLayout GroupedGemmOp::getGate() {
  return getPreshuffle(getW().getType()).getGate();
}

Product GroupedGemmOp::getProduct() {
  Product product;
  product.gateUp = getStage() == Stage::GateUp;
  product.activated = getActivation() != Activation::None;
  product.accumulate = getAccumulate();
  product.deterministic = getDeterministic();
  product.rows = getRows();
  product.k = getK();
  product.experts = getE();
  product.topk = getTopk();
  Type element = getOut().getType().getElementType();
  product.outBytes = element.getIntOrFloatBitWidth() / 8;
  product.outType = element.isF32() ? "f32" : element.isF16() ? "f16" : "bf16";
  product.blockRows = getBlockRows().value_or(0);
  product.unsorted = isUnsorted();
  return product;
}

int64_t GroupedGemmOp::getNumKTiles() {
  return llvm::divideCeil(getK(), getScheduleAttr().getTileK());
}

int64_t GroupedGemmOp::getLdsBytes() {
  return ldsBytes(getProduct(), getScheduleAttr().toStruct());
}

int64_t GroupedGemmOp::getBufferBytes() {
  return bufferBytes(getProduct(), getScheduleAttr().toStruct());
}

int64_t GroupedGemmOp::getListBytes() {
  return listBytes(getProduct(), getScheduleAttr().toStruct());
}

/// gemm_c11, gemm_c12
static LogicalResult checkMemory(GroupedGemmOp op) {
  if (failed(checkGlobal(op, {{"out", op.getOut(), /*wide=*/true},
                              {"x", op.getX(), /*wide=*/true},
                              {"w", op.getW()},
                              {"scale", op.getScale()},
                              {"sorted_ids", op.getSortedIds()},
                              {"expert_ids", op.getExpertIds()},
                              {"sorted_weights", op.getSortedWeights(), true},
                              {"num_valid", op.getNumValid()},
                              {"topk_ids", op.getTopkIds()},
                              {"topk_weights", op.getTopkWeights()},
                              {"expert_map", op.getExpertMap()},
                              {"local_tokens", op.getLocalTokens()},
                              {"clear", op.getClear(), /*wide=*/true},
                              {"bias", op.getBias()}})))
    return failure();
  return checkDescriptorSize(op, "x", op.getX().getType());
}

/// gemm_c4, and gemm_c2 as far as it is about rows
static LogicalResult checkColumns(GroupedGemmOp op) {
  bool activated = op.getActivation() != Activation::None;
  int64_t n = op.getN(), multiple = activated ? 16 : 32;
  if (failed(checkColumnCount(op, activated ? "I" : "N", n, multiple)))
    return failure();
  ShapedType w = op.getW().getType();
  if (activated)
    return checkDim(op, "w", w, 1, "gate and up rows, 2 x I of 'out'", 2 * n);
  if (op.isRawSums())
    return checkDim(op, "w", w, 1, "the raw sums in the columns of 'out'", n);
  return checkDim(op, "w", w, 1, "N of 'out'", n);
}

/// gemm_c13, gemm_c16, and gemm_c18 without the schedule
static LogicalResult checkStage(GroupedGemmOp op) {
  StringRef stage = stringifyStage(op.getStage());
  bool gateUp = op.getStage() == Stage::GateUp;
  bool activated = op.getActivation() != Activation::None;
  if (op.getDeterministic() && op.getAccumulate())
    return op.emitOpError("expected plain stores of a deterministic product, "
                          "got accumulate; moe.reduce_slots adds up the slots "
                          "in order");
  if (activated && !gateUp)
    return op.emitOpError("expected no activation in stage ")
           << stage << ", got " << stringifyActivation(op.getActivation());
  if (failed(checkActivationParams(op, op.getActivation(), op.getParams())))
    return failure();
  if (op.getPerSlot() && (gateUp || !op.getAccumulate()))
    return op.emitOpError("expected per_slot only in stage down with "
                          "accumulate, got it in stage ")
           << stage << (op.getAccumulate() ? " with" : " without")
           << " accumulate";
  if (activated && op.getAccumulate())
    return op.emitOpError("expected plain stores of an activation, got "
                          "accumulate");
  if (!op.isRawSums())
    return success();
  if (Type element = op.getOut().getType().getElementType(); !element.isF32())
    return op.emitOpError("expected 'out' of f32 for the raw sums of a stage "
                          "gate_up without an activation, got ")
           << element;
  if (op.getBias() || op.getRoutingWeight())
    return op.emitOpError("expected neither bias nor routing weight on raw "
                          "sums, which moe.activate_sums adds, got ")
           << (op.getBias() ? "a bias" : "a routing weight");
  return success();
}

/// gemm_c5, gemm_c19 and the routing's part of gemm_c15
static LogicalResult checkRouting(GroupedGemmOp op) {
  bool unsorted = op.isUnsorted();
  for (auto [name, value, wanted] :
       {std::tuple<const char *, Value, bool>("sorted_ids", op.getSortedIds(),
                                              !unsorted),
        {"expert_ids", op.getExpertIds(), !unsorted},
        {"sorted_weights", op.getSortedWeights(), !unsorted},
        {"num_valid", op.getNumValid(), !unsorted},
        {"topk_weights", op.getTopkWeights(), unsorted}})
    if (static_cast<bool>(value) != wanted)
      return op.emitOpError("expected ")
             << (unsorted ? "topk_ids and topk_weights, unsorted, in place of "
                            "all sorted lists"
                          : "all sorted lists in place of topk_ids and "
                            "topk_weights, unsorted")
             << ", got " << (wanted ? "no '" : "a '") << name << "' besides";
  if (!unsorted) {
    for (auto [name, value] :
         {std::pair<const char *, Value>("expert_map", op.getExpertMap()),
          {"local_tokens", op.getLocalTokens()},
          {"clear", op.getClear()}})
      if (value)
        return op.emitOpError("expected '")
               << name << "' with unsorted only, since moe.sort has it for "
               << "sorted lists, got it with those";
    if (!op.getBlockRows())
      return op.emitOpError(
          "expected block_rows of the sorted lists, got none");
    if (failed(checkDim(op, "num_valid", op.getNumValid().getType(), 0,
                        "its size", 2)))
      return failure();
    return checkBlockRows(op, *op.getBlockRows());
  }
  if (op.getBlockRows())
    return op.emitOpError("expected no block_rows with unsorted, which has no "
                          "blocks, got ")
           << *op.getBlockRows();
  if (failed(checkDim(op, "topk_ids", op.getTopkIds().getType(), 1, "topk",
                      op.getTopk())) ||
      failed(checkDim(op, "topk_weights", op.getTopkWeights().getType(), 1,
                      "topk", op.getTopk())))
    return failure();
  return checkLocality(op, op.getExpertMap(), op.getLocalTokens());
}

/// gemm_c21
static LogicalResult checkCleared(GroupedGemmOp op) {
  if (!op.getClear())
    return success();
  if (op.getStage() != Stage::GateUp)
    return op.emitOpError("expected 'clear' in stage gate_up, ahead of the "
                          "stage that adds to it, got it in stage ")
           << stringifyStage(op.getStage());
  return checkClear(op, op.getClear());
}

/// What a schedule takes part in: gemm_c8, gemm_c9, gemm_c14, gemm_c15,
/// gemm_c18, gemm_c20.
static LogicalResult checkSchedule(GroupedGemmOp op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  if (!schedule)
    return success();
  // Built in C++, the attribute may not have been verified.
  Schedule s = schedule.toStruct();
  if (failed(ScheduleAttr::verify([&] { return op.emitOpError(); }, s.tileM,
                                  s.tileN, s.tileK, s.waves, s.kBatch, s.kWave,
                                  schedule.getCache(), s.xcd, s.groupM,
                                  s.wavesPerEu)))
    return failure();
  std::string refusal = refusalFor(op.getProduct(), s);
  return refusal.empty() ? success() : op.emitOpError(refusal);
}

LogicalResult GroupedGemmOp::verify() {
  ShapedType w = getW().getType();
  // gemm_c17, gemm_c1, gemm_c2, gemm_c3
  if (failed(checkForm(*this)) ||
      failed(checkActivationK(*this, getX().getType())) ||
      failed(checkWeights(*this, w, getScale().getType(), getK())) ||
      failed(checkStage(*this)) || failed(checkColumns(*this)))
    return failure();
  if (failed(checkRouting(*this)) || failed(checkCleared(*this)))
    return failure();
  // gemm_c6
  if (getBias()) {
    ShapedType bias = getBias().getType();
    if (failed(
            checkDim(*this, "bias", bias, 0, "the experts of 'w'", getE())) ||
        failed(checkDim(*this, "bias", bias, 1, "the rows of 'w'", getRows())))
      return failure();
  }
  // gemm_c7
  bool gateUp = getStage() == Stage::GateUp;
  if (gateUp == (getGate() == GateLayout::None))
    return emitOpError("expected 'w' with gate = ")
           << (gateUp ? "separated, interleaved or rows" : "none")
           << " in stage " << stringifyStage(getStage())
           << ", got gate = " << stringifyGateLayout(getGate());
  if (failed(checkSchedule(*this)))
    return failure();
  // gemm_c10
  int64_t topk = getTopk();
  if (topk < 1 || topk > 255)
    return emitOpError("expected topk to be from 1 to 255 (8 bits of a sorted "
                       "id), got ")
           << topk;
  bool down = getStage() == Stage::Down;
  if (failed(checkTokens(*this, getTokens(),
                         {{"x", getX(), down ? topk : 1},
                          {"out", getOut(), hasRowPerSlot() ? topk : 1},
                          {"topk_ids", getTopkIds(), 1},
                          {"topk_weights", getTopkWeights(), 1}})))
    return failure();
  return checkMemory(*this);
}

//===----------------------------------------------------------------------===//
// ActivateSumsOp, ReduceSlotsOp
//===----------------------------------------------------------------------===//

/// activate_sums_c3
static LogicalResult checkSumsBias(ActivateSumsOp op, int64_t sumsColumns) {
  bool ordered = op.getGate() != GateLayout::None;
  if (op.getActivation() == Activation::None && op.getBias())
    return op.emitOpError("expected no bias with activation none, got one");
  if (ordered != static_cast<bool>(op.getBias()))
    return op.emitOpError("expected gate = ")
           << (ordered ? "none without a bias"
                       : "separated, interleaved or rows with a bias")
           << ", got gate = " << stringifyGateLayout(op.getGate());
  if (!op.getBias())
    return success();
  ShapedType bias = op.getBias().getType();
  if (failed(checkDim(op, "bias", bias, 0, "experts", op.getExperts())))
    return failure();
  return checkDim(op, "bias", bias, 1, "2 x I of 'out'", sumsColumns);
}

LogicalResult ActivateSumsOp::verify() {
  // activate_sums_c7, activate_sums_c1
  int64_t n = getOut().getType().getDimSize(1);
  bool activated = getActivation() != Activation::None;
  if (failed(checkForm(*this)) || failed(checkColumnCount(*this, "I", n, 16)))
    return failure();
  int64_t columns = activated ? 2 * n : n;
  if (failed(checkDim(*this, "sums", getSums().getType(), 1,
                      activated ? "2 x I of 'out'" : "I of 'out'", columns)))
    return failure();
  // activate_sums_c2
  if (failed(checkActivationParams(*this, getActivation(), getParams())))
    return failure();
  if (failed(checkSumsBias(*this, columns)))
    return failure();
  if (getExperts() > std::numeric_limits<int32_t>::max())
    return emitOpError("expected at most 2147483647 experts (32 bits of an "
                       "expert id), got ")
           << getExperts();
  // activate_sums_c4
  if (failed(checkBlockRows(*this, getBlockRows())))
    return failure();
  // activate_sums_c5
  auto topk = static_cast<int64_t>(getTopk());
  if (failed(checkDim(*this, "num_valid", getNumValid().getType(), 0,
                      "its size", 2)) ||
      failed(checkTokens(*this, getTokens(),
                         {{"sums", getSums(), topk}, {"out", getOut(), topk}})))
    return failure();
  // activate_sums_c6
  return checkGlobal(*this, {{"out", getOut(), /*wide=*/true},
                             {"sums", getSums(), /*wide=*/true},
                             {"sorted_ids", getSortedIds()},
                             {"expert_ids", getExpertIds()},
                             {"sorted_weights", getSortedWeights()},
                             {"num_valid", getNumValid()},
                             {"bias", getBias(), /*wide=*/true}});
}

LogicalResult ReduceSlotsOp::verify() {
  // reduce_slots_c4, reduce_slots_c1
  int64_t n = getOut().getType().getDimSize(1);
  if (failed(checkForm(*this)) || failed(checkColumnCount(*this, "N", n, 32)) ||
      failed(
          checkDim(*this, "parts", getParts().getType(), 1, "N of 'out'", n)))
    return failure();
  // reduce_slots_c2
  auto topk = static_cast<int64_t>(getTopk());
  if (failed(checkTokens(*this, getTokens(),
                         {{"out", getOut(), 1},
                          {"parts", getParts(), topk},
                          {"valid", getValid(), topk}})))
    return failure();
  // reduce_slots_c3
  return checkGlobal(*this, {{"out", getOut(), /*wide=*/true},
                             {"parts", getParts(), /*wide=*/true},
                             {"valid", getValid()}});
}

//===----------------------------------------------------------------------===//
// PreshuffledOp
//===----------------------------------------------------------------------===//

void PreshuffledOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  PreshuffleAttr layout = getPreshuffle(getResult().getType());
  bool scale = layout && layout.getRole() == ShuffleRole::Scale;
  setName(getResult(), scale ? "scale" : "w");
}

Value PreshuffledOp::getViewSource() { return getBytes(); }

/// preshuffled_c4
static LogicalResult checkBytes(PreshuffledOp op, MemRefType bytes) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(bytes.getStridesAndOffset(strides, offset)) ||
      (strides[0] != 1 && !ShapedType::isDynamic(strides[0])))
    return op.emitOpError("expected contiguous bytes, got ") << bytes;
  if (!ShapedType::isDynamic(offset) && offset % 16 != 0)
    return op.emitOpError("expected an offset that is a multiple of 16 bytes, "
                          "got ")
           << offset;
  return success();
}

LogicalResult PreshuffledOp::verify() {
  ShapedType result = getResult().getType(), bytes = getBytes().getType();
  // preshuffled_c1
  bool scales = isa<Float8E8M0FNUType>(result.getElementType());
  FailureOr<PreshuffleAttr> layout =
      getLayout(*this, "result", result,
                scales ? ShuffleRole::Scale : ShuffleRole::Weight);
  if (failed(layout))
    return failure();
  // preshuffled_c2
  auto from = dyn_cast<MemRefType>(bytes), to = dyn_cast<MemRefType>(result);
  if (static_cast<bool>(from) != static_cast<bool>(to))
    return emitOpError("expected two memrefs or two tensors, got ")
           << bytes << " and " << result;
  if (from && from.getMemorySpace() != to.getMemorySpace())
    return emitOpError("expected one memory space, got ")
           << bytes << " and " << result;
  // preshuffled_c3
  int64_t size = layout->getByteSize(result.getShape());
  if (!bytes.isDynamicDim(0) && bytes.getDimSize(0) != size)
    return emitOpError("expected the ")
           << size << " bytes of " << result << ", got " << bytes.getDimSize(0);
  return from ? checkBytes(*this, from) : success();
}
