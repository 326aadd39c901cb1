// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-check-target: what depends on the chip, and what is not lowered yet, is
// refused here, at the op, before anything else runs. What does not depend on
// the chip is in the op's verifier.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Target/Chip.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace moe {
#define GEN_PASS_DEF_MOECHECKTARGETPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// Values of the schedule that no pass lowers yet.
static LogicalResult checkLowered(GroupedGemmOp op) {
  ScheduleAttr schedule = op.getScheduleAttr();
  // Wider waves spill, and on gfx942 take minutes to compile.
  if (schedule.getTileN() > 64 * schedule.getWaves())
    return op.emitOpError("expected tile_n to be at most ")
           << 64 * schedule.getWaves() << " (64 x " << schedule.getWaves()
           << " waves), got " << schedule.getTileN()
           << ", which is not lowered yet";
  // An odd number of K blocks would split dwords of scales between loads.
  if (schedule.getTileK() != 128 && schedule.getTileK() % 256 != 0)
    return op.emitOpError("expected tile_k = 128 or a multiple of 256, got ")
           << schedule.getTileK() << ", which is not lowered yet";
  return success();
}

static LogicalResult checkLds(GroupedGemmOp op, const Chip &chip) {
  ScheduleAttr schedule = op.getScheduleAttr();
  int64_t bytes = op.getLdsBytes();
  if (bytes <= chip.ldsBytes)
    return success();
  return op.emitOpError("expected at most ")
         << chip.ldsBytes << " bytes of LDS on " << chip.name << ", got "
         << bytes << " (the largest of " << 2 * schedule.getKWave()
         << " A tiles of " << schedule.getTileM() << " x "
         << schedule.getTileK()
         << " x 2 bytes, the output tile and the sums of "
         << schedule.getKWave() << " K groups)";
}

static LogicalResult checkAtomics(GroupedGemmOp op, const Chip &chip) {
  if (!op.getAccumulate() || !op.getOut().getType().getElementType().isBF16() ||
      chip.hasPackedBf16Atomics)
    return success();
  return op.emitOpError("expected a chip with packed bf16 atomics to "
                        "accumulate into bf16, got ")
         << chip.name;
}

namespace {
struct MoECheckTargetPass
    : moe::impl::MoECheckTargetPassBase<MoECheckTargetPass> {
  using MoECheckTargetPassBase::MoECheckTargetPassBase;

  void runOnOperation() override {
    const Chip *target = lookupChip(chip);
    if (!target) {
      getOperation().emitError() << describeUnknownChip(chip);
      return signalPassFailure();
    }
    WalkResult result = getOperation().walk([&](GroupedGemmOp op) {
      if (failed(checkAtomics(op, *target)))
        return WalkResult::interrupt();
      // Without a schedule nothing else depends on the chip.
      if (!op.getScheduleAttr())
        return WalkResult::advance();
      if (failed(checkLowered(op)) || failed(checkLds(op, *target)))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
