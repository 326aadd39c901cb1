// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-insert-waits: moe.sync to a counted wait and a barrier. It counts the
// instructions that the conversion really emitted, after it emitted them, by a
// forward data-flow analysis over the function's control flow.
// docs/Rationale.md, "Waits", says why the count holds in machine code.

#include "LaneBuilder.h"
#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Analysis/DataFlow/DenseAnalysis.h"
#include "mlir/Analysis/DataFlow/Utils.h"
#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace moe {
#define GEN_PASS_DEF_MOEINSERTWAITSPASS
#include "moe/Conversion/MoEToAMDGPU/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// vmcnt of gfx9 counts to 63.
static constexpr unsigned kMaxLoadsInFlight = 63;

namespace {
/// What is known at a point about this wave's last gather: nothing yet (no path
/// is known to lead here), that none is in flight, or the number of register
/// loads that every path surely issues behind it.
class GatherState : public dataflow::AbstractDenseLattice {
public:
  using AbstractDenseLattice::AbstractDenseLattice;

  /// The smallest count of all paths; one without a gather does not matter.
  ChangeResult join(const AbstractDenseLattice &other) override {
    const auto &from = static_cast<const GatherState &>(other);
    if (!from.reached)
      return ChangeResult::NoChange;
    return set(true, std::min(loads, from.loads));
  }

  ChangeResult set(bool isReached, unsigned count) {
    if (isReached == reached && count == loads)
      return ChangeResult::NoChange;
    reached = isReached;
    loads = count;
    return ChangeResult::Change;
  }

  void print(raw_ostream &os) const override { os << (reached ? loads : ~0u); }

  /// Above every count: no gather is in flight.
  static constexpr unsigned kNone = kMaxLoadsInFlight + 1;

  bool reached = false;
  unsigned loads = kNone;
};

/// True for LDS DMA: our gathers, and the other ops for it that user code may
/// have.
static bool isGather(Operation *op) {
  return isa<ROCDL::RawPtrBufferLoadLdsOp, ROCDL::LoadToLDSOp,
             ROCDL::GlobalLoadLDSOp, amdgpu::GatherToLDSOp>(op);
}

/// True for ops that may do LDS DMA out of sight: calls, inline assembly, and
/// regions whose order of execution is not known.
static bool isOpaque(Operation *op) {
  if (auto intrinsic = dyn_cast<LLVM::CallIntrinsicOp>(op))
    return intrinsic.getIntrin().contains("lds");
  return isa<CallOpInterface, LLVM::InlineAsmOp>(op) || !op->isRegistered() ||
         (op->getNumRegions() > 0 && !isa<RegionBranchOpInterface>(op));
}

/// Counts forward. Loads without a use are not counted, since the back end may
/// remove them; a load that is not counted only makes a wait stricter.
class GatherAnalysis
    : public dataflow::DenseForwardDataFlowAnalysis<GatherState> {
public:
  using DenseForwardDataFlowAnalysis::DenseForwardDataFlowAnalysis;

  LogicalResult visitOperation(Operation *op, const GatherState &before,
                               GatherState *after) override {
    if (!before.reached)
      return success();
    unsigned loads = before.loads;
    if (isGather(op) || isOpaque(op))
      loads = 0;
    else if (isa<SyncOp>(op))
      loads = GatherState::kNone;
    else if (isa<ROCDL::RawPtrBufferLoadOp>(op) && !op->use_empty() &&
             loads < kMaxLoadsInFlight)
      ++loads;
    propagateIfChanged(after, after->set(true, loads));
    return success();
  }

  void visitCallControlFlowTransfer(CallOpInterface,
                                    dataflow::CallControlFlowAction,
                                    const GatherState &before,
                                    GatherState *after) override {
    if (before.reached)
      propagateIfChanged(after, after->set(true, 0));
  }

  /// A kernel begins without a gather. A function that others call, and a
  /// region of which nothing is known, may begin with one in flight.
  void setToEntryState(GatherState *state) override {
    auto *point = cast<ProgramPoint *>(state->getAnchor());
    Operation *parent = point->getBlock()->getParentOp();
    bool isKernel =
        parent->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()) ||
        parent->hasAttr(ROCDL::ROCDLDialect::getKernelFuncAttrName());
    propagateIfChanged(state,
                       state->set(true, isKernel ? GatherState::kNone : 0));
  }
};

/// Waits until at most `loads` loads and `ds` accesses to LDS of this wave are
/// in flight; null = any number.
void waitFor(ImplicitLocOpBuilder &b, IntegerAttr loads, IntegerAttr ds) {
  amdgpu::MemoryCounterWaitOp::create(b, loads, /*store=*/nullptr, ds,
                                      /*exp=*/nullptr, /*tensor=*/nullptr);
}

/// Keeps the register loads of a loop's step ahead of its arithmetic: to save
/// registers the back end would move them behind it, and leave them no time to
/// arrive. Not done without LDS DMA, where the gather's stores to LDS come
/// ahead of the loads and have to wait; nor where the accumulators alone are
/// half of the registers that arithmetic can name, since the back end would
/// then copy them back and forth. Behind the loads, one wait for all loads of
/// the step before, which have had a step's time, replaces a wait for each of
/// them.
void keepLoadsAhead(scf::ForOp loop) {
  int64_t accumulators = 0;
  for (Type type : loop.getResultTypes())
    if (auto vector = dyn_cast<VectorType>(type))
      if (vector.getElementType().isF32())
        accumulators += vector.getNumElements();
  if (accumulators >= 128 ||
      loop.getBody()->getOps<ROCDL::RawPtrBufferLoadLdsOp>().empty())
    return;
  struct Step {
    Operation *last = nullptr; ///< load into registers
    unsigned loads = 0;        ///< gathers included
  };
  SmallVector<Step> steps;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (steps.empty() || isa<SyncOp>(op))
      steps.emplace_back();
    if (isa<ROCDL::RawPtrBufferLoadOp, ROCDL::RawPtrBufferLoadLdsOp>(op))
      ++steps.back().loads;
    if (isa<ROCDL::RawPtrBufferLoadOp>(op))
      steps.back().last = &op;
  }
  for (const Step &step : steps) {
    if (!step.last)
      continue;
    ImplicitLocOpBuilder b(step.last->getLoc(), loop.getContext());
    b.setInsertionPointAfter(step.last);
    if (step.loads <= kMaxLoadsInFlight)
      waitFor(b, b.getI32IntegerAttr(step.loads), nullptr);
    addSchedBarrier(b, b.getLoc());
  }
}

struct MoEInsertWaitsPass
    : moe::impl::MoEInsertWaitsPassBase<MoEInsertWaitsPass> {
  void runOnOperation() override {
    SmallVector<std::pair<SyncOp, unsigned>> syncs;
    llvm::SetVector<scf::ForOp> loops;
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (failed(countIn(function, syncs)))
        return signalPassFailure();
    for (auto [op, loads] : syncs)
      if (auto loop = dyn_cast<scf::ForOp>(op->getParentOp()))
        loops.insert(loop);
    for (scf::ForOp loop : loops)
      keepLoadsAhead(loop);
    for (auto [op, loads] : syncs)
      lower(op, loads);
  }

private:
  /// Adds the syncs of `function`, each with the loads that may stay in flight.
  static LogicalResult
  countIn(FunctionOpInterface function,
          SmallVectorImpl<std::pair<SyncOp, unsigned>> &syncs) {
    WalkResult result = function->walk([](Operation *op) {
      if (!isa_and_nonnull<MoEDialect>(op->getDialect()) || isa<SyncOp>(op))
        return WalkResult::advance();
      return WalkResult(op->emitOpError(
          "expected to be lowered before the waits are counted; run "
          "-convert-moe-to-amdgpu first"));
    });
    if (result.wasInterrupted())
      return failure();
    SmallVector<SyncOp> found;
    function->walk([&](SyncOp op) { found.push_back(op); });
    if (found.empty())
      return success();
    // The function by itself: without callers, its entry is surely live.
    DataFlowSolver solver(DataFlowConfig().setInterprocedural(false));
    dataflow::loadBaselineAnalyses(solver);
    solver.load<GatherAnalysis>();
    if (failed(solver.initializeAndRun(function)))
      return function->emitOpError(
          "expected control flow that can be analyzed");
    for (SyncOp op : found) {
      const auto *state =
          solver.lookupState<GatherState>(solver.getProgramPointBefore(op));
      // Where the analysis saw no path, waiting for everything is right.
      syncs.emplace_back(op, state && state->reached ? state->loads : 0);
    }
    return success();
  }

  static void lower(SyncOp op, unsigned loads) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    addSchedBarrier(b, op.getLoc());
    // Not left to the barrier's fence: LLVM drops the fence's wait where it
    // sees no access to LDS before it, and overlooks those of a loop's previous
    // iteration.
    bool isGathered = loads != GatherState::kNone;
    waitFor(b, isGathered ? b.getI32IntegerAttr(loads) : nullptr,
            b.getI32IntegerAttr(0));
    amdgpu::LDSBarrierOp::create(b);
    addSchedBarrier(b, op.getLoc());
    op.erase();
  }
};
} // namespace
