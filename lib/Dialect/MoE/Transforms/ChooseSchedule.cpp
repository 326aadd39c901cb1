// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-choose-schedule: a schedule for each moe.grouped_gemm that has none. The
// choice itself is in lib/Schedule; here is what an op knows of its workload.

#include "moe/Schedule/ChooseSchedule.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/IR/Matchers.h"

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
