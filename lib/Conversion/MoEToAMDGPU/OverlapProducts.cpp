// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-overlap-products: the last products ahead of a moe.sync go behind it.
// Their operands are in registers, so they need not be done at the barrier, and
// they fill the matrix core's time until the first fragments behind it have
// been read. docs/Rationale.md, "The ping-pong pipeline", has more.

#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

namespace moe {
#define GEN_PASS_DEF_MOEOVERLAPPRODUCTSPASS
#include "moe/Conversion/MoEToAMDGPU/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {
using Operations = llvm::SetVector<Operation *>;

/// Products, and the shuffles of their operands.
bool isProductOp(Operation *op) {
  if (auto product = dyn_cast<amdgpu::MFMAOp>(op))
    return getElementTypeOrSelf(product.getSourceA()).isBF16();
  auto shuffle = dyn_cast<vector::ShuffleOp>(op);
  return shuffle && shuffle.getType().getElementType().isBF16();
}

/// Ops between a register of fp4 codes and a product. They make zeros of zeros.
bool isConvert(Operation *op) {
  return isa<amdgpu::ScaledExtPackedOp, vector::BroadcastOp, vector::BitCastOp,
             vector::FromElementsOp>(op) ||
         (isa<vector::ExtractOp>(op) &&
          isa<FloatType>(op->getResult(0).getType()));
}

/// Adds to `found`, from the last to the first, the converts that are for these
/// ops alone: codes take a quarter of the registers.
void addConverts(SmallVectorImpl<Operation *> &found) {
  Operations all(found.begin(), found.end());
  for (Operation *op = found.back()->getPrevNode(); op && !isa<SyncOp>(op);
       op = op->getPrevNode()) {
    auto isForThese = [&](Operation *user) { return all.contains(user); };
    if (isConvert(op) && !op->use_empty() &&
        llvm::all_of(op->getUsers(), isForThese)) {
      all.insert(op);
      found.push_back(op);
    }
  }
}

/// With this many registers of sums a lane, a tile has at most three waves a
/// SIMD anyway. With fewer, the registers that stay live across the barrier
/// would cost one of four or more waves.
constexpr int64_t kLeastSums = 64;

/// The registers of a lane that hold the sums of the products in `found`, from
/// the last one to the first.
int64_t countSums(ArrayRef<Operation *> found) {
  SmallPtrSet<Value, 16> sums;
  for (Operation *op : llvm::reverse(found))
    if (auto product = dyn_cast<amdgpu::MFMAOp>(op)) {
      sums.erase(product.getDestC());
      sums.insert(product.getDestD());
    }
  int64_t registers = 0;
  for (Value sum : sums)
    if (auto type = dyn_cast<VectorType>(sum.getType()))
      registers += type.getNumElements();
  return registers;
}

/// The products right ahead of `end` that moe.mfma emitted last, behind its
/// last scheduling barrier. None where their sums take few registers.
Operations findLastProducts(Operation *end) {
  SmallVector<Operation *> found;
  Operation *at = end->getPrevNode();
  for (; at && isProductOp(at); at = at->getPrevNode())
    found.push_back(at);
  if (!isa_and_nonnull<amdgpu::SchedBarrierOp>(at) ||
      countSums(found) < kLeastSums)
    return {};
  addConverts(found);
  std::reverse(found.begin(), found.end());
  return Operations(found.begin(), found.end());
}

/// The op behind which the products of the step before `sync` go: the first
/// scheduling barrier, which stands behind the gather. Null where there is none
/// in this step, or where products stand there already.
Operation *findPlaceBehind(SyncOp sync) {
  Operation *place = nullptr;
  for (Operation *op = sync->getNextNode(); op && !isa<SyncOp>(op);
       op = op->getNextNode()) {
    if (isa<amdgpu::SchedBarrierOp>(op)) {
      if (place)
        return place;
      place = op;
    } else if (isa<amdgpu::MFMAOp>(op))
      return nullptr;
  }
  return place;
}

/// True where no op of the block of `place` uses `value` ahead of it or in it,
/// apart from those in `products`.
bool isFirstUsedBehind(Value value, Operation *place,
                       const Operations &products) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    Operation *inBlock = place->getBlock()->findAncestorOpInBlock(*user);
    return !inBlock || products.contains(inBlock) ||
           place->isBeforeInBlock(inBlock);
  });
}

/// Moves the last products ahead of `sync` behind it.
void moveBehind(SyncOp sync) {
  Operations products = findLastProducts(sync);
  Operation *place = findPlaceBehind(sync);
  if (!place || !llvm::all_of(products, [&](Operation *op) {
        return isFirstUsedBehind(op->getResult(0), place, products);
      }))
    return;
  for (Operation *op : llvm::reverse(products.getArrayRef()))
    op->moveAfter(place);
}

/// True of types that a loop may carry in registers.
bool isCarried(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF32() || element.isBF16() || element.isInteger(32);
}

/// Moves the products at the end of a loop's body to its head, behind its first
/// sync, and a copy behind the loop. The first trip multiplies zeros there.
class LoopRotation {
public:
  explicit LoopRotation(scf::ForOp loop)
      : loop(loop), yield(cast<scf::YieldOp>(loop.getBody()->getTerminator())) {
  }

  /// True if the loop has such products and a place for them.
  bool match();
  void rewrite();

private:
  bool isInLoop(Value value) {
    return loop.getRegion().isAncestor(value.getParentRegion());
  }
  /// What the sum of the products of `yielded` starts from.
  Value findStart(Value yielded) const;

  scf::ForOp loop;
  scf::YieldOp yield;
  Operations products;
  Operation *place = nullptr;
  /// The values of the loop that the products take, and what they are in the
  /// first trip.
  llvm::MapVector<Value, Value> inputs;
  /// True of what the products yield.
  SmallVector<bool> isProduct;
};
} // namespace

Value LoopRotation::findStart(Value yielded) const {
  while (auto product = yielded.getDefiningOp<amdgpu::MFMAOp>()) {
    if (!products.contains(product))
      break;
    yielded = product.getDestC();
  }
  return yielded;
}

bool LoopRotation::match() {
  products = findLastProducts(yield);
  auto syncs = loop.getBody()->getOps<SyncOp>();
  if (products.empty() || syncs.empty())
    return false;
  place = findPlaceBehind(*syncs.begin());
  if (!place)
    return false;
  for (Operation *op : products)
    for (Value operand : op->getOperands()) {
      if (products.contains(operand.getDefiningOp()))
        continue;
      // Where it can be zero, it is in the first trip.
      if (!isInLoop(operand) || !isCarried(operand.getType()))
        return false;
      inputs[operand] = Value();
    }
  for (auto [value, argument, init] : llvm::zip_equal(
           yield.getOperands(), loop.getRegionIterArgs(), loop.getInitArgs())) {
    isProduct.push_back(products.contains(value.getDefiningOp()));
    if (!isProduct.back())
      continue;
    // The sum of zeros must be what the loop starts from.
    auto *input = inputs.find(findStart(value));
    if (input == inputs.end() || (input->second && input->second != init) ||
        !isa<amdgpu::MFMAOp>(value.getDefiningOp()) ||
        !isFirstUsedBehind(argument, place, products))
      return false;
    input->second = init;
  }
  return true;
}

void LoopRotation::rewrite() {
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  Block *body = loop.getBody();
  SmallVector<Value> inits, yielded, oldArguments(body->getArguments());
  SmallVector<Value> oldYielded(yield.getOperands());
  for (auto [i, value] : llvm::enumerate(oldYielded))
    if (!isProduct[i]) {
      inits.push_back(loop.getInitArgs()[i]);
      yielded.push_back(value);
    }
  size_t kept = inits.size();
  for (auto &[value, first] : inputs) {
    if (!first)
      first = arith::ConstantOp::create(
          b, cast<TypedAttr>(b.getZeroAttr(value.getType())));
    inits.push_back(first);
    yielded.push_back(value);
  }
  auto rotated = scf::ForOp::create(
      b, loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), inits);
  rotated->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  IRMapping atHead, behind;
  for (auto [i, value] : llvm::enumerate(inputs)) {
    atHead.map(value.first, rotated.getRegionIterArg(kept + i));
    behind.map(value.first, rotated.getResult(kept + i));
  }
  for (Operation *op : products)
    b.clone(*op, behind);
  b.setInsertionPointAfter(place);
  for (Operation *op : products)
    b.clone(*op, atHead);
  // What was an argument, and a result, before.
  SmallVector<Value> arguments = {rotated.getInductionVar()}, results;
  size_t next = 0;
  for (auto [i, value] : llvm::enumerate(oldYielded)) {
    arguments.push_back(isProduct[i] ? atHead.lookup(value)
                                     : rotated.getRegionIterArg(next));
    results.push_back(isProduct[i] ? behind.lookup(value)
                                   : rotated.getResult(next));
    next += isProduct[i] ? 0 : 1;
  }
  b.setInsertionPoint(yield);
  scf::YieldOp::create(b, yielded);
  yield.erase();
  for (Operation *op : llvm::reverse(products.getArrayRef()))
    op->erase();
  if (!rotated.getBody()->empty())
    rotated.getBody()->getTerminator()->erase();
  for (auto [from, to] : llvm::zip_equal(oldArguments, arguments))
    from.replaceAllUsesWith(to);
  rotated.getBody()->getOperations().splice(rotated.getBody()->end(),
                                            body->getOperations());
  loop.replaceAllUsesWith(results);
  loop.erase();
}

namespace {
struct MoEOverlapProductsPass
    : moe::impl::MoEOverlapProductsPassBase<MoEOverlapProductsPass> {
  void runOnOperation() override {
    SmallVector<SyncOp> syncs;
    llvm::SetVector<scf::ForOp> loops;
    getOperation().walk([&](SyncOp sync) {
      // Without LDS DMA a step begins with stores to LDS, and software decode
      // is what takes its time: there is nothing to gain.
      auto loop = dyn_cast<scf::ForOp>(sync->getParentOp());
      if (!loop ||
          loop.getBody()->getOps<ROCDL::RawPtrBufferLoadLdsOp>().empty())
        return;
      // The first sync of a body has the products of the trip before.
      if (!loops.insert(loop))
        syncs.push_back(sync);
    });
    for (scf::ForOp loop : loops)
      if (LoopRotation rotation(loop); rotation.match())
        rotation.rewrite();
    for (SyncOp sync : syncs)
      moveBehind(sync);
  }
};
} // namespace
