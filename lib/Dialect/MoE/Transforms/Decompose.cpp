// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-decompose: split-K of an output that cannot take atomic additions, in
// host code, to two kernels and an f32 workspace between them; a sort with a
// workspace to its phases.

#include "moe/Dialect/MoE/IR/RoutingOps.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe {
#define GEN_PASS_DEF_MOEDECOMPOSEPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {
/// Builds device memory of the host's own; each step waits for the one before.
class Workspace {
public:
  Workspace(ImplicitLocOpBuilder &b, Value rows, int64_t columns) : b(b) {
    auto type =
        MemRefType::get({ShapedType::kDynamic, columns}, b.getF32Type());
    auto alloc = gpu::AllocOp::create(b, type, token.getType(b),
                                      /*asyncDependencies=*/start(),
                                      /*dynamicSizes=*/rows,
                                      /*symbolOperands=*/ValueRange());
    memory = alloc.getMemref();
    Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    auto fill = gpu::MemsetOp::create(b, token.getType(b),
                                      alloc.getAsyncToken(), memory, zero);
    finish(fill.getAsyncToken());
  }

  Value getMemory() const { return memory; }

  void release() {
    auto dealloc = gpu::DeallocOp::create(b, token.getType(b), start(), memory);
    finish(dealloc.getAsyncToken());
  }

private:
  struct {
    Type getType(OpBuilder &b) const {
      return gpu::AsyncTokenType::get(b.getContext());
    }
  } token;

  Value start() {
    return gpu::WaitOp::create(b, token.getType(b), ValueRange())
        .getAsyncToken();
  }
  void finish(Value last) { gpu::WaitOp::create(b, Type(), last); }

  ImplicitLocOpBuilder &b;
  Value memory;
};
} // namespace

/// `op`, which has sorted lists, with its sums left in the workspace, then what
/// it does with them.
static void decompose(GroupedGemmOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  bool gateUp = op.getStage() == Stage::GateUp;
  Value tokens =
      arith::IndexCastUIOp::create(b, b.getIndexType(), op.getTokens());
  Value rows = arith::MulIOp::create(
      b, tokens, arith::ConstantIndexOp::create(b, op.getTopk()));
  Workspace workspace(b, rows, op.getRows());

  auto sums = cast<GroupedGemmOp>(b.clone(*op));
  sums.getOutMutable().assign(workspace.getMemory());
  sums.setAccumulate(true);
  sums.setPerSlot(!gateUp);
  bool activated = op.getActivation() != Activation::None;
  // Bias and routing weight are linear: stage 2 applies them slice by slice.
  if (gateUp) {
    sums.setActivation(Activation::None);
    sums.getParamsMutable().clear();
    sums.getBiasMutable().clear();
    sums.setRoutingWeight(false);
  }
  Value bias = activated ? op.getBias() : Value();
  ActivateSumsOp::create(
      b, TypeRange(), op.getActivation(), op.getParams(), workspace.getMemory(),
      op.getOut(), op.getSortedIds(), op.getExpertIds(), op.getSortedWeights(),
      op.getNumValid(), bias, bias ? op.getGate() : GateLayout::None,
      op.getTokens(), op.getTopk(), op.getE(), *op.getBlockRows(),
      activated && op.getRoutingWeight());
  workspace.release();
  op.erase();
}

/// `op` as a kernel for each phase.
static void decompose(SortOp op) {
  OpBuilder b(op);
  for (SortPhase phase : {SortPhase::Count, SortPhase::Scan, SortPhase::Place})
    cast<SortOp>(b.clone(*op)).setPhase(phase);
  op.erase();
}

namespace {
struct MoEDecomposePass : moe::impl::MoEDecomposePassBase<MoEDecomposePass> {
  void runOnOperation() override {
    SmallVector<GroupedGemmOp> ops;
    SmallVector<SortOp> sorts;
    getOperation()->walk([&](DestinationStyleOpInterface op) {
      bool inHost = !op->getParentOfType<gpu::GPUModuleOp>() &&
                    !op->getParentOfType<gpu::LaunchOp>();
      if (!inHost || !op.hasPureBufferSemantics())
        return;
      auto gemm = dyn_cast<GroupedGemmOp>(op.getOperation());
      ScheduleAttr schedule = gemm ? gemm.getScheduleAttr() : ScheduleAttr();
      if (schedule && !isOneKernel(gemm.getProduct(), schedule.toStruct()))
        ops.push_back(gemm);
      auto sort = dyn_cast<SortOp>(op.getOperation());
      if (sort && sort.getWorkspace() && sort.getPhase() == SortPhase::All)
        sorts.push_back(sort);
    });
    for (GroupedGemmOp op : ops)
      decompose(op);
    for (SortOp op : sorts)
      decompose(op);
  }
};
} // namespace
