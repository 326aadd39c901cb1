// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The argument list and the grid of each kernel-level op.

#include "KernelLaunch.h"
#include "moe/Dialect/MoE/IR/RoutingOps.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

using Memory = KernelLaunch::Memory;
using Rows = KernelLaunch::Rows;

static Type elementOf(Value value) {
  return cast<MemRefType>(value.getType()).getElementType();
}

/// The sorted lists of a stage, and its bias.
template <typename Op>
static SmallVector<Memory> describeSortedRouting(Op op) {
  Builder b(op.getContext());
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  return {{"sorted_ids", op.getSortedIds(), i32, Rows::Sorted},
          {"expert_ids", op.getExpertIds(), i32, Rows::Blocks},
          {"sorted_weights", op.getSortedWeights(), f32, Rows::Sorted},
          {"num_valid", op.getNumValid(), i32, Rows::Static},
          {"bias", op.getBias(), f32, Rows::Static}};
}

/// The routing of a product, and the rows it clears.
static SmallVector<Memory> describeRouting(GroupedGemmOp op) {
  if (!op.isUnsorted())
    return describeSortedRouting(op);
  Builder b(op.getContext());
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  Type cleared = op.getClear() ? elementOf(op.getClear()) : f32;
  return {{"topk_ids", op.getTopkIds(), i32, Rows::Tokens, false},
          {"expert_map", op.getExpertMap(), i32, Rows::Static, false},
          {"topk_weights", op.getTopkWeights(), f32, Rows::Tokens, false},
          {"local_tokens", op.getLocalTokens(), i32, Rows::Static, false},
          {"bias", op.getBias(), f32, Rows::Static},
          {"clear", op.getClear(), cleared, Rows::Tokens}};
}

static KernelLaunch describe(GroupedGemmOp op) {
  KernelLaunch launch;
  Builder b(op.getContext());
  ScheduleAttr schedule = op.getScheduleAttr();
  bool gateUp = op.getStage() == Stage::GateUp;
  launch.name = ("moe_" + stringifyStage(op.getStage())).str();
  Type i8 = b.getI8Type();
  launch.memory = {
      {"out", op.getOut(), elementOf(op.getOut()),
       op.hasRowPerSlot() ? Rows::Slots : Rows::Tokens},
      {"x", op.getX(), b.getBF16Type(), gateUp ? Rows::Tokens : Rows::Slots},
      {"w", op.getW(), i8, Rows::Static},
      {"scale", op.getScale(), i8, Rows::Static}};
  launch.memory.append(describeRouting(op));
  launch.n = op.getRows();
  launch.k = op.getK();
  launch.hasParams = gateUp;
  launch.topk = op.getTopk();
  launch.blockRows = op.getBlockRows().value_or(schedule.getTileM());
  launch.threads = schedule.getBlockSize();
  launch.tokens = op.getTokens();
  launch.expertIds = op.getExpertIds();
  launch.countsBlocks = !op.isUnsorted();
  launch.factor = llvm::divideCeil(op.getRows(), schedule.getTileN()) *
                  (launch.blockRows / schedule.getTileM()) *
                  schedule.getKBatch();
  if (op.isUnsorted())
    launch.factor = launch.factor * launch.topk + (op.getClear() ? 1 : 0);
  launch.activation = op.getActivation();
  launch.params = op.getParams();
  return launch;
}

static KernelLaunch describe(ActivateSumsOp op) {
  KernelLaunch launch;
  Builder b(op.getContext());
  launch.name = "moe_activate_sums";
  Type i8 = b.getI8Type();
  launch.memory = {{"out", op.getOut(), elementOf(op.getOut()), Rows::Slots},
                   {"sums", op.getSums(), b.getF32Type(), Rows::Slots},
                   {"w", Value(), i8, Rows::Static},
                   {"scale", Value(), i8, Rows::Static}};
  launch.memory.append(describeSortedRouting(op));
  launch.n = op.getSums().getType().getDimSize(1);
  launch.hasParams = true;
  launch.topk = op.getTopk();
  launch.blockRows = op.getBlockRows();
  launch.threads = ActivateSumsOp::kThreads;
  launch.tokens = op.getTokens();
  launch.expertIds = op.getExpertIds();
  launch.countsBlocks = true;
  int64_t columns = op.getOut().getType().getDimSize(1);
  launch.factor =
      llvm::divideCeil(columns, ActivateSumsOp::kColumns) * launch.blockRows;
  launch.activation = op.getActivation();
  launch.params = op.getParams();
  return launch;
}

static KernelLaunch describe(ReduceSlotsOp op) {
  KernelLaunch launch;
  Builder b(op.getContext());
  launch.name = "moe_reduce_slots";
  launch.memory = {
      {"out", op.getOut(), elementOf(op.getOut()), Rows::Tokens},
      {"parts", op.getParts(), elementOf(op.getParts()), Rows::Slots},
      {"valid", op.getValid(), b.getI8Type(), Rows::Slots}};
  launch.n = op.getOut().getType().getDimSize(1);
  launch.isStage = false;
  launch.topk = op.getTopk();
  launch.threads = ReduceSlotsOp::kThreads;
  launch.tokens = op.getTokens();
  launch.factor = llvm::divideCeil(launch.n, op.getThreadColumns() *
                                                 ReduceSlotsOp::kThreads);
  return launch;
}

static KernelLaunch describe(RouteOp op) {
  KernelLaunch launch;
  launch.name = "moe_route";
  launch.memory = {{"ids", op.getIds(), elementOf(op.getIds()), Rows::Tokens,
                    /*wide=*/false},
                   {"weights", op.getWeights(), elementOf(op.getWeights()),
                    Rows::Tokens, false},
                   {"logits", op.getLogits(), elementOf(op.getLogits()),
                    Rows::Tokens, false},
                   {"correction", op.getCorrection(),
                    elementOf(op.getWeights()), Rows::Static, false}};
  launch.n = op.getE();
  launch.isStage = false;
  launch.threads = RouteOp::kThreads;
  launch.tokens = op.getTokens();
  launch.perGroup = RouteOp::kTokens;
  return launch;
}

static KernelLaunch describe(SortOp op) {
  KernelLaunch launch;
  Builder b(op.getContext());
  launch.name = ("moe_sort_" + stringifySortPhase(op.getPhase())).str();
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  Type cleared = op.getClear() ? elementOf(op.getClear()) : f32;
  launch.memory = {
      {"sorted_ids", op.getSortedIds(), i32, Rows::Sorted, false},
      {"expert_ids", op.getExpertIds(), i32, Rows::Blocks, false},
      {"sorted_weights", op.getSortedWeights(), f32, Rows::Sorted, false},
      {"num_valid", op.getNumValid(), i32, Rows::Static, false},
      {"workspace", op.getWorkspace(), i32, Rows::Static, false},
      {"clear", op.getClear(), cleared, Rows::Tokens},
      {"topk_ids", op.getTopkIds(), i32, Rows::Tokens, false},
      {"topk_weights", op.getTopkWeights(), f32, Rows::Tokens, false},
      {"expert_map", op.getExpertMap(), i32, Rows::Static, false},
      {"local_tokens", op.getLocalTokens(), i32, Rows::Static, false}};
  launch.n = op.getExperts();
  launch.blockRows = op.getBlockRows();
  launch.threads = SortOp::kThreads;
  launch.tokens = op.getTokens();
  launch.expertIds = op.getExpertIds();
  launch.groups = op.getSortGroups();
  launch.factor = op.clears();
  return launch;
}

/// A thread for each scale block: of as many rows as a workgroup has threads,
/// as many workgroups as a row has blocks.
template <typename Op>
static void describeBlocks(Op op, KernelLaunch &launch) {
  launch.n = op.getExpertRows();
  launch.isStage = false;
  launch.threads = Op::kThreads;
  launch.tokens = op.getRows();
  launch.tokensName = "rows";
  launch.factor = op.getRowBlocks();
  launch.perGroup = Op::kThreads;
}

static KernelLaunch describe(QuantizeOp op) {
  KernelLaunch launch;
  launch.name = "moe_quantize";
  launch.memory = {
      {"codes", op.getCodes(), elementOf(op.getCodes()), Rows::Static},
      {"scales", op.getScales(), elementOf(op.getScales()), Rows::Static,
       /*wide=*/false},
      {"x", op.getX(), elementOf(op.getX()), Rows::Tokens}};
  describeBlocks(op, launch);
  return launch;
}

static KernelLaunch describe(ShuffleOp op) {
  KernelLaunch launch;
  launch.name = "moe_shuffle";
  launch.memory = {
      {"codes", op.getCodes(), elementOf(op.getCodes()), Rows::Static},
      {"scales", op.getScales(), elementOf(op.getScales()), Rows::Static,
       /*wide=*/false},
      {"logical_codes", op.getLogicalCodes(), elementOf(op.getLogicalCodes()),
       Rows::Tokens},
      {"logical_scales", op.getLogicalScales(),
       elementOf(op.getLogicalScales()), Rows::Tokens, false}};
  describeBlocks(op, launch);
  return launch;
}

KernelLaunch moe::describeLaunch(Operation *op) {
  return TypeSwitch<Operation *, KernelLaunch>(op)
      .Case<GroupedGemmOp, ActivateSumsOp, ReduceSlotsOp, RouteOp, SortOp,
            QuantizeOp, ShuffleOp>(
          [](auto kernelOp) { return describe(kernelOp); });
}
