// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-choose-schedule: a schedule for each moe.grouped_gemm that has none, and
// before that, on tensors, stages without a sort where there are few tokens.
// The choices themselves are in lib/Schedule; here is what an op knows of its
// workload.

#include "moe/Schedule/ChooseSchedule.h"
#include "moe/Dialect/MoE/IR/RoutingOps.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/IR/Dominance.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

namespace moe {
#define GEN_PASS_DEF_MOECHOOSESCHEDULEPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// The number of tokens to choose for: what the op says, else its operand where
/// constant, else the option.
static int64_t expectedTokens(GroupedGemmOp op, int64_t option) {
  if (auto attr = op->getAttrOfType<IntegerAttr>(kExpectedTokensAttrName))
    return attr.getInt();
  APInt tokens;
  if (matchPattern(op.getTokens(), m_ConstantInt(&tokens)))
    return tokens.getSExtValue();
  return option;
}

//===----------------------------------------------------------------------===//
// Sorting
//===----------------------------------------------------------------------===//

namespace {
/// A sort on tensors whose lists only products read, as far as those can do
/// without it.
class SortUsers {
public:
  /// Whether all users of the lists are such products, and one of them comes
  /// ahead of every user of the zeros that the sort fills in.
  bool find(SortOp op, int64_t tokensOption, DominanceInfo &dominance);
  /// Makes the products read what the sort read; it goes away.
  void rewrite();

private:
  bool isReady(GroupedGemmOp gemm, int64_t tokensOption);
  void rewrite(GroupedGemmOp gemm);

  SortOp sort;
  llvm::SetVector<GroupedGemmOp> gemms;
  GroupedGemmOp clearer; ///< takes over the zeros; null where there are none
};
} // namespace

bool SortUsers::isReady(GroupedGemmOp gemm, int64_t tokensOption) {
  ScheduleAttr schedule = gemm.getScheduleAttr();
  bool splits =
      schedule && !isOneKernel(gemm.getProduct(), schedule.toStruct());
  return gemm.getSortedIds() == sort.getResult(0) &&
         gemm.getExpertIds() == sort.getResult(1) &&
         gemm.getSortedWeights() == sort.getResult(2) &&
         gemm.getNumValid() == sort.getResult(3) &&
         gemm.getTokens() == sort.getTokens() &&
         int64_t(gemm.getTopk()) == sort.getTopk() &&
         gemm.getE() == int64_t(sort.getExperts()) &&
         !chooseSort(expectedTokens(gemm, tokensOption), splits).sort;
}

bool SortUsers::find(SortOp op, int64_t tokensOption,
                     DominanceInfo &dominance) {
  sort = op;
  if (sort.getNumResults() == 0 || sort.getWorkspace())
    return false;
  for (unsigned i = 0; i < 4; ++i)
    for (Operation *user : sort.getResult(i).getUsers()) {
      auto gemm = dyn_cast<GroupedGemmOp>(user);
      if (!gemm || !isReady(gemm, tokensOption))
        return false;
      gemms.insert(gemm);
    }
  if (gemms.empty() || !sort.getClear())
    return !gemms.empty();
  auto isAhead = [&](GroupedGemmOp gemm) {
    return gemm.getStage() == Stage::GateUp &&
           llvm::all_of(sort.getResult(4).getUsers(), [&](Operation *user) {
             return dominance.properlyDominates(gemm, user);
           });
  };
  auto *first = llvm::find_if(gemms, isAhead);
  if (first == gemms.end())
    return false;
  clearer = *first;
  return true;
}

void SortUsers::rewrite(GroupedGemmOp gemm) {
  OpBuilder b(gemm);
  OperandRange params = gemm.getParams();
  GroupedGemmSpec spec;
  spec.stage = gemm.getStage();
  spec.accumulate = gemm.getAccumulate();
  spec.perSlot = gemm.getPerSlot();
  spec.routingWeight = gemm.getRoutingWeight();
  spec.deterministic = gemm.getDeterministic();
  spec.out = gemm.getOut();
  spec.x = gemm.getX();
  spec.w = gemm.getW();
  spec.scale = gemm.getScale();
  spec.topkIds = sort.getTopkIds();
  spec.topkWeights = sort.getTopkWeights();
  spec.expertMap = sort.getExpertMap();
  spec.localTokens = sort.getLocalTokens();
  if (gemm == clearer)
    spec.clear = sort.getClear();
  spec.bias = gemm.getBias();
  spec.activation = gemm.getActivation();
  spec.params.assign(params.begin(), params.end());
  spec.tokens = gemm.getTokens();
  spec.topk = static_cast<int64_t>(gemm.getTopk());
  if (ScheduleAttr schedule = gemm.getScheduleAttr())
    spec.schedule = schedule.toStruct();
  auto unsorted = GroupedGemmOp::create(b, gemm.getLoc(), spec);
  unsorted->setDiscardableAttrs(gemm->getDiscardableAttrDictionary());
  gemm.getResult(0).replaceAllUsesWith(unsorted.getResult(0));
  if (gemm == clearer)
    sort.getResult(4).replaceAllUsesWith(unsorted.getResult(1));
  gemm.erase();
}

void SortUsers::rewrite() {
  for (GroupedGemmOp gemm : gemms)
    rewrite(gemm);
  sort.erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct MoEChooseSchedulePass
    : moe::impl::MoEChooseSchedulePassBase<MoEChooseSchedulePass> {
  using MoEChooseSchedulePassBase::MoEChooseSchedulePassBase;

  LogicalResult choose(GroupedGemmOp op) {
    const Chip *target = lookupChip(chip);
    if (auto module = op->getParentOfType<gpu::GPUModuleOp>()) {
      FailureOr<const Chip *> its = getChip(module, chip);
      if (failed(its))
        return failure();
      target = *its;
    } else if (chip.empty()) {
      return op.emitOpError(
          "expected a chip to choose a schedule for, from the "
          "option chip or the #rocdl.target of a gpu.module, "
          "got none");
    }
    if (!target)
      return op.emitOpError() << describeUnknownChip(chip);
    if (globalExperts && globalExperts < op.getE())
      return op.emitOpError("expected global-experts to be at least the ")
             << op.getE() << " experts of 'w', got "
             << static_cast<int64_t>(globalExperts);
    Workload workload;
    workload.tokens = expectedTokens(op, tokens);
    workload.globalExperts = globalExperts;
    // A deterministic product has the K order of one slice and one group.
    FixedAxes fixed;
    fixed.kBatch = fixed.kWave = op.getDeterministic();
    auto schedules = loadScheduleTable(table, target->name);
    if (!schedules)
      return op.emitOpError(toString(schedules.takeError()));
    ChosenSchedule chosen = chooseSchedule(op.getProduct(), workload, *target,
                                           {}, fixed, *schedules);
    op.setScheduleAttr(ScheduleAttr::get(&getContext(), chosen.schedule));
    return success();
  }

  void runOnOperation() override {
    if (tokens < 0 || tokens >= 1 << 24) {
      getOperation()->emitError("expected tokens to be from 0 to 16777215 (24 "
                                "bits of a sorted id), got ")
          << static_cast<int64_t>(tokens);
      return signalPassFailure();
    }
    if (globalExperts < 0 || globalExperts >= 1 << 24) {
      getOperation()->emitError(
          "expected global-experts to be from 0 to 16777215, got ")
          << static_cast<int64_t>(globalExperts);
      return signalPassFailure();
    }
    SmallVector<SortUsers> unsorted;
    DominanceInfo dominance(getOperation());
    getOperation()->walk([&](SortOp op) {
      SortUsers users;
      if (users.find(op, tokens, dominance))
        unsorted.push_back(std::move(users));
    });
    for (SortUsers &users : unsorted)
      users.rewrite();
    WalkResult result = getOperation()->walk([&](GroupedGemmOp op) {
      if (op.getScheduleAttr())
        return WalkResult::advance();
      return failed(choose(op)) ? WalkResult::interrupt()
                                : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
