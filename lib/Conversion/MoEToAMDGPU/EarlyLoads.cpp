// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads of an epilogue ahead of the pipeline's last steps. They are buffer
// loads, which -moe-insert-waits counts.

#include "EarlyLoads.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// The place
//===----------------------------------------------------------------------===//

/// True unless `op` itself, not counting the ops in its regions, is known not
/// to write to global memory.
static bool mayWriteGlobal(Operation *op) {
  if (isa<SyncOp, amdgpu::LDSBarrierOp, amdgpu::SchedBarrierOp,
          ROCDL::SchedGroupBarrier, ROCDL::RawPtrBufferLoadOp,
          ROCDL::RawPtrBufferLoadLdsOp>(op) ||
      op->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
    return false;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return true;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::any_of(effects, [](const MemoryEffects::EffectInstance &effect) {
    Value memref = effect.getValue();
    auto type = memref ? dyn_cast<MemRefType>(memref.getType()) : MemRefType();
    bool isLds = type && gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type);
    return !isLds && !isa<MemoryEffects::Read>(effect.getEffect());
  });
}

static bool mayWriteGlobalWithin(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return mayWriteGlobal(inner) ? WalkResult::interrupt()
                                     : WalkResult::advance();
      })
      .wasInterrupted();
}

/// True if an op right behind `place` may use `value`.
static bool isKnownBehind(Value value, Operation *place) {
  Operation *def = value.getDefiningOp();
  Operation *here =
      def ? place->getBlock()->findAncestorOpInBlock(*def) : nullptr;
  return !here ||
         (here == def && (def == place || def->isBeforeInBlock(place)));
}

/// The op to put the loads behind, or `op` if they go right ahead of it.
static Operation *findRequestPlace(Operation *op, Request request,
                                   ArrayRef<Value> operands) {
  // Ahead of the last sync; behind the loads of the step before that, or of one
  // before that, and so on up to the loop.
  Operation *lastStep = nullptr, *firstStep = nullptr;
  bool hasLoads = false; // the step's are known
  for (Operation *at = op->getPrevNode(); at; at = at->getPrevNode()) {
    bool isSync = isa<SyncOp>(at);
    if (lastStep && !isSync && at->getNumRegions() > 0)
      break;
    if (mayWriteGlobalWithin(at))
      break;
    if (isSync) {
      lastStep = lastStep ? lastStep : at->getPrevNode();
      hasLoads = false;
    } else if (lastStep && !hasLoads && isa<ROCDL::RawPtrBufferLoadOp>(at)) {
      firstStep = at;
      hasLoads = true;
    }
  }
  bool isFirst = request == Request::FirstStep && firstStep;
  Operation *place = isFirst ? firstStep : lastStep;
  auto isKnown = [&](Value value) { return isKnownBehind(value, place); };
  return place && llvm::all_of(operands, isKnown) ? place : op;
}

bool moe::hasEarlyLoads(int64_t rows) { return rows <= 16; }

void moe::buildEarly(LaneBuilder &b, Operation *op, int64_t rows,
                     Request request, ArrayRef<Value> operands,
                     llvm::function_ref<void()> build) {
  OpBuilder::InsertionGuard guard(b);
  Operation *place =
      hasEarlyLoads(rows) ? findRequestPlace(op, request, operands) : op;
  if (place != op)
    b.setInsertionPointAfter(place);
  build();
  // Keeps the back end from moving them behind the products.
  if (place != op)
    addSchedBarrier(b, op->getLoc());
}

//===----------------------------------------------------------------------===//
// What is loaded
//===----------------------------------------------------------------------===//

/// The descriptor of the first `bytes` bytes (i64) from element `first` (i64)
/// of a list or matrix of 4-byte elements on.
static Value describe(LaneBuilder &b, Value memref, Value first, Value bytes) {
  return b.descriptor(b.advance(b.pointer(memref), b.getI32Type(), first),
                      bytes);
}

BiasRow::BiasRow(LaneBuilder &b, Value bias, Value expert, int64_t columns)
    : rsrc(describe(b, bias, b.toI64(b.mul(expert, b.rowStride(bias))),
                    b.toI64(b.index(4 * columns)))) {}

Value BiasRow::load(LaneBuilder &b, Value column, int64_t more) const {
  Value offset = b.add(b.mul(column, 4), b.i32(4 * more));
  return b.bufferLoad(b.getF32Type(), rsrc, offset, b.i32(0));
}

RowElements::RowElements(LaneBuilder &b, Value list, Value first, int64_t rows)
    : element(cast<MemRefType>(list.getType()).getElementType()) {
  // The offset is that of the thread in the workgroup, whose register is in use
  // anyway; what the waves before this one add to it is subtracted from the
  // base.
  Value thread = b.toI32(b.thread());
  Value before = arith::ExtUIOp::create(
      b, b.getI64Type(),
      ROCDL::ReadfirstlaneOp::create(b, b.getI32Type(), thread));
  Value start = arith::SubIOp::create(b, b.toI64(first), before);
  Value elements = b.add(before, b.toI64(b.index(rows)));
  Value four = arith::ConstantOp::create(b, b.getI64IntegerAttr(4));
  Value rsrc = describe(b, list, start, b.mul(elements, four));
  lanes = b.bufferLoad(b.getI32Type(), rsrc, b.mul(thread, 4), b.i32(0));
}

Value RowElements::get(LaneBuilder &b, Value row, int64_t more) const {
  // The lane is taken modulo 64, and the constant fits the instruction's
  // offset.
  Value byte = b.add(b.mul(b.toI32(row), 4), b.i32(4 * more));
  Value bits = ROCDL::DsBpermuteOp::create(b, b.getI32Type(), byte, lanes);
  return element.isInteger() ? bits
                             : arith::BitcastOp::create(b, element, bits);
}
