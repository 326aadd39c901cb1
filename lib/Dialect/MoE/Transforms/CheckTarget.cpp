// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-check-target: what depends on the chip, and what is not lowered yet, is
// refused here, at the op, before anything else runs. What does not depend on
// the chip is in the op's verifier.

#include "CheckNumbers.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Schedule/CheckSchedule.h"
#include "moe/Target/MemorySpace.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_MOECHECKTARGETPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// Values of the schedule that no pass lowers yet.
static LogicalResult checkLowered(GroupedGemmOp op) {
  std::string refusal = refusalOfLowering(op.getScheduleAttr().toStruct());
  return refusal.empty() ? success() : op.emitOpError(refusal);
}

/// Bytes between two elements in memory.
static int64_t getElementBytes(Type type) {
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * getElementBytes(complex.getElementType());
  int64_t count = 1, bits = 64;
  if (auto vector = dyn_cast<VectorType>(type)) {
    count = vector.getNumElements();
    type = vector.getElementType();
  }
  if (type.isIntOrFloat())
    bits = type.getIntOrFloatBitWidth();
  return llvm::PowerOf2Ceil(llvm::divideCeil(count * bits, 8));
}

/// Bytes of workgroup memory that the function and the ops in it name
/// themselves. What a launch adds (gpu.dynamic_shared_memory) is not known
/// here.
static int64_t countOwnLds(gpu::GPUFuncOp func) {
  int64_t bytes = 0;
  auto add = [&](Type type) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !memref.hasStaticShape() ||
        getAddressSpace(memref) != llvm::AMDGPUAS::LOCAL_ADDRESS)
      return;
    // Beyond 2^40 any more makes no difference.
    constexpr int64_t kLarge = int64_t(1) << 40;
    int64_t size = getElementBytes(memref.getElementType());
    for (int64_t dim : memref.getShape())
      size = dim != 0 && size > kLarge / dim ? kLarge : size * dim;
    bytes = std::min<int64_t>(kLarge, bytes + size);
  };
  for (BlockArgument buffer : func.getWorkgroupAttributions())
    add(buffer.getType());
  llvm::SmallSet<StringRef, 4> names;
  func.walk([&](memref::GetGlobalOp op) {
    if (names.insert(op.getName()).second)
      add(op.getType());
  });
  return bytes;
}

/// The ops of a function share two buffers and the lists, so the largest
/// counts.
static LogicalResult checkLds(gpu::GPUFuncOp func, const Chip &chip) {
  GroupedGemmOp largest;
  int64_t lists = 0;
  func.walk([&](GroupedGemmOp op) {
    if (!op.getScheduleAttr())
      return;
    if (!largest || op.getBufferBytes() > largest.getBufferBytes())
      largest = op;
    lists = std::max(lists, op.getListBytes());
  });
  int64_t own = countOwnLds(func);
  if (!largest)
    return own <= chip.ldsBytes ? success()
                                : func.emitOpError("expected at most ")
                                      << chip.ldsBytes << " bytes of LDS on "
                                      << chip.name << ", got " << own;
  int64_t bytes = 2 * largest.getBufferBytes() + lists;
  if (bytes + own <= chip.ldsBytes)
    return success();
  ScheduleAttr schedule = largest.getScheduleAttr();
  InFlightDiagnostic diag = largest.emitOpError("expected at most ");
  diag << chip.ldsBytes << " bytes of LDS on " << chip.name << ", got "
       << bytes + own << " (the largest of " << 2 * schedule.getKWave()
       << " A tiles of " << schedule.getTileM() << " x " << schedule.getTileK()
       << " x 2 bytes, the output tile and the sums of " << schedule.getKWave()
       << " K groups";
  if (lists)
    diag << ", and " << lists << " bytes of lists of rows";
  if (own)
    diag << ", and " << own << " bytes of the function itself";
  return diag << ")";
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
    if (isForeign(getOperation()))
      return;
    FailureOr<const Chip *> found = getChip(getOperation(), chip);
    if (failed(found))
      return signalPassFailure();
    const Chip *target = *found;
    WalkResult result = getOperation().walk([&](GroupedGemmOp op) {
      if (failed(checkAtomics(op, *target)))
        return WalkResult::interrupt();
      // Without a schedule nothing else depends on the chip.
      if (op.getScheduleAttr() && failed(checkLowered(op)))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (!result.wasInterrupted())
      result = getOperation().walk(
          [&](Operation *op) { return WalkResult(checkNumbers(op, *target)); });
    if (!result.wasInterrupted())
      result = getOperation().walk([&](gpu::GPUFuncOp func) {
        return WalkResult(checkLds(func, *target));
      });
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
