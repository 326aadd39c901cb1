// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-check-kernels: ops that stand where no pass would lower them, or where
// not all threads reach them, are refused before anything is changed.

#include "CheckMemory.h"
#include "CheckNumbers.h"
#include "moe/Dialect/MoE/IR/RoutingOps.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Dialect/MoE/Transforms/PreshuffledUses.h"
#include "moe/Dialect/MoE/Transforms/RegionConditions.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/PointerIntPair.h"
#include "llvm/ADT/SetVector.h"

namespace moe {
#define GEN_PASS_DEF_MOECHECKKERNELSPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// Where an op stands
//===----------------------------------------------------------------------===//

static LogicalResult checkPlace(Operation *op, ModuleOp root) {
  if (op->getParentOfType<gpu::LaunchOp>())
    return op->emitOpError("expected to stand in a gpu.func, got a gpu.launch; "
                           "run -gpu-kernel-outlining first");
  auto module = op->getParentOfType<gpu::GPUModuleOp>();
  if (!module)
    return op->emitOpError("expected to stand in a gpu.func of a gpu.module, "
                           "got host code; run --moe-to-launches on the "
                           "module that it stands in first");
  auto func = op->getParentOfType<gpu::GPUFuncOp>();
  if (!func)
    return op->emitOpError("expected to stand in a gpu.func, got another "
                           "function of the gpu.module");
  if (!func.isKernel())
    return op->emitOpError("expected to stand in a kernel, got the gpu.func '")
           << func.getName() << "' without 'kernel', which nothing launches";
  if (module->getParentOp() != root.getOperation())
    return op->emitOpError("expected its gpu.module directly in the module "
                           "that the pipeline runs on, got one that is nested "
                           "deeper; run the pipeline on the module around it");
  if (isForeign(module))
    return op->emitOpError("expected a gpu.module with a #rocdl.target, got ")
           << module.getTargetsAttr();
  return success();
}

//===----------------------------------------------------------------------===//
// Uniform control flow
//===----------------------------------------------------------------------===//

namespace {
/// Finds branches around ops whose condition is computed from the thread's
/// number. Each value and each block is visited once.
class UniformityChecker {
public:
  UniformityChecker(DominanceInfo &dominance, PostDominanceInfo &postDominance)
      : dominance(dominance), postDominance(postDominance) {}

  /// Each branch that decides whether `op` is reached.
  LogicalResult check(Operation *op);

private:
  /// A value and whether it may depend on the lane, as what a ballot collects
  /// may: that is the same in all waves, and so in all threads, if it depends
  /// on nothing else of the thread.
  using Source = llvm::PointerIntPair<Value, 1, bool>;

  Operation *findThreadDependence(Value value);
  void add(Value value) { work.insert(Source(value, inBallot)); }
  template <typename Range>
  void addRange(Range &&values) {
    for (Value value : values)
      add(value);
  }
  void addChoices(Block *block);
  void addSources(BlockArgument argument);
  void addSources(CallOpInterface call, unsigned number);
  void addSources(OpResult result);
  LogicalResult checkCondition(Operation *op, Value condition, Location loc);
  ArrayRef<Operation *> getDivergentBranches(Region *region);

  DominanceInfo &dominance;
  PostDominanceInfo &postDominance;
  llvm::DenseSet<Source> uniform; ///< known not to depend on the thread
  llvm::DenseMap<Region *, SmallVector<Operation *>> divergent;
  llvm::SetVector<Source> work;
  bool inBallot = false; ///< of the value that is looked at
};
} // namespace

/// What decides which successor of `block` is next, or null.
static Value getChoice(Block &block) {
  if (!block.mightHaveTerminator())
    return Value();
  Operation *branch = block.getTerminator();
  // Of cond_br and switch of cf and of llvm.
  return branch->getNumSuccessors() > 1 && branch->getNumOperands() > 0
             ? branch->getOperand(0)
             : Value();
}

/// Adds what decides over which of its edges `block` is entered: the branches
/// on the paths to it from its immediate dominator.
void UniformityChecker::addChoices(Block *block) {
  if (block->hasNoPredecessors() || block->getSinglePredecessor())
    return;
  auto *node = dominance.getNode(block);
  auto *above = node ? node->getIDom() : nullptr;
  if (!above) // nothing leads there
    return;
  llvm::SetVector<Block *> between(block->pred_begin(), block->pred_end());
  for (size_t i = 0; i < between.size(); ++i) {
    Block *other = between[i];
    if (dominance.dominates(block, other))
      continue;
    if (Value choice = getChoice(*other))
      add(choice);
    if (other != above->getBlock())
      between.insert(other->pred_begin(), other->pred_end());
  }
}

/// What a block argument may be: what a loop starts with and hands on, or what
/// branches pass.
void UniformityChecker::addSources(BlockArgument argument) {
  Block *block = argument.getOwner();
  addChoices(block);
  for (auto it = block->pred_begin(); it != block->pred_end(); ++it)
    if (auto branch = dyn_cast<BranchOpInterface>((*it)->getTerminator()))
      if (Value passed = branch.getSuccessorOperands(
              it.getSuccessorIndex())[argument.getArgNumber()])
        add(passed);
  auto loop = dyn_cast_or_null<LoopLikeOpInterface>(block->getParentOp());
  if (!loop)
    return;
  for (auto [arg, init, next] : llvm::zip(
           loop.getRegionIterArgs(), loop.getInits(), loop.getYieldedValues()))
    if (arg == argument)
      addRange(ArrayRef<Value>{init, next});
  std::optional<SmallVector<Value>> ivs = loop.getLoopInductionVars();
  if (!ivs || !llvm::is_contained(*ivs, argument))
    return;
  auto bounds = loop.getLoopLowerBounds();
  if (!bounds)
    return addRange(getOperandsButInits(loop));
  for (OpFoldResult bound : *bounds)
    if (auto value = dyn_cast<Value>(bound))
      add(value);
}

/// What the function that is called returns, made of its arguments.
void UniformityChecker::addSources(CallOpInterface call, unsigned number) {
  auto function = dyn_cast_or_null<FunctionOpInterface>(call.resolveCallable());
  if (!function || function.isExternal())
    return;
  for (Block &block : function.getFunctionBody()) {
    if (Value choice = getChoice(block))
      add(choice);
    Operation *end = block.getTerminator();
    if (end->hasTrait<OpTrait::ReturnLike>() && number < end->getNumOperands())
      add(end->getOperand(number));
  }
}

void UniformityChecker::addSources(OpResult result) {
  Operation *op = result.getOwner();
  if (isa<gpu::AllReduceOp>(op)) // the same in all threads
    return;
  unsigned number = result.getResultNumber();
  if (auto call = dyn_cast<CallOpInterface>(op))
    addSources(call, number);
  if (auto ifOp = dyn_cast<scf::IfOp>(op)) {
    add(ifOp.thenYield().getOperand(number));
    add(ifOp.elseYield().getOperand(number));
  } else if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
    if (number < loop.getYieldedValues().size())
      add(loop.getYieldedValues()[number]);
    if (number < loop.getInits().size())
      add(loop.getInits()[number]);
    return;
  }
  addRange(op->getOperands());
}

/// The op, such as gpu.thread_id, that makes `value` differ between the threads
/// of a workgroup, or null.
Operation *UniformityChecker::findThreadDependence(Value value) {
  work.clear();
  inBallot = false;
  add(value);
  for (unsigned i = 0; i < work.size(); ++i) {
    Value current = work[i].getPointer();
    inBallot = work[i].getInt();
    if (uniform.contains(work[i]))
      continue;
    if (auto argument = dyn_cast<BlockArgument>(current)) {
      addSources(argument);
      continue;
    }
    Operation *op = current.getDefiningOp();
    if (isa<gpu::ThreadIdOp, gpu::SubgroupIdOp, gpu::GlobalIdOp,
            ROCDL::ThreadIdXOp, ROCDL::ThreadIdYOp, ROCDL::ThreadIdZOp>(op))
      return op;
    if (isa<gpu::LaneIdOp, ROCDL::MbcntLoOp, ROCDL::MbcntHiOp>(op)) {
      if (!inBallot)
        return op;
      continue;
    }
    inBallot |= isa<ROCDL::BallotOp>(op);
    addSources(cast<OpResult>(current));
  }
  uniform.insert_range(work);
  return nullptr;
}

LogicalResult UniformityChecker::checkCondition(Operation *op, Value condition,
                                                Location loc) {
  Operation *source = findThreadDependence(condition);
  if (!source)
    return success();
  InFlightDiagnostic diag =
      op->emitOpError("expected all threads of a workgroup to take the same "
                      "way to it (they compute it together), got a branch that "
                      "depends on ")
      << source->getName();
  diag.attachNote(loc) << "the branch is here";
  return diag;
}

ArrayRef<Operation *> UniformityChecker::getDivergentBranches(Region *region) {
  auto [it, isNew] = divergent.try_emplace(region);
  if (isNew && !region->hasOneBlock())
    for (Block &block : *region)
      if (Value choice = getChoice(block);
          choice && findThreadDependence(choice))
        it->second.push_back(block.getTerminator());
  return it->second;
}

LogicalResult UniformityChecker::check(Operation *op) {
  for (Operation *at = op; !isa<gpu::GPUFuncOp>(at); at = at->getParentOp()) {
    if (at != op)
      for (Value condition : getConditions(at))
        if (failed(checkCondition(op, condition, at->getLoc())))
          return failure();
    Block *block = at->getBlock();
    for (Operation *branch : getDivergentBranches(block->getParent()))
      if (!postDominance.postDominates(block, branch->getBlock()))
        return checkCondition(op, branch->getOperand(0), branch->getLoc());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// True for an op that each lane executes by itself, so that a branch may leave
/// some lanes out.
static bool isLaneOp(Operation *op) {
  return isa<ActivateOp, LoadScaleOp, LoadWeightOp, RouteRowsOp, UnpackOp>(op);
}

static LogicalResult checkAssert(Operation *op) {
  auto module = op->getParentOfType<gpu::GPUModuleOp>();
  if (!module || isForeign(module))
    return success();
  return op->emitOpError("expected not to stand in a kernel, which has nobody "
                         "to tell; check on the host, or store a flag");
}

/// What ops of other dialects do, in kernels and in functions that they call.
static LogicalResult checkUserOp(Operation *op) {
  if (failed(checkSpaces(op)))
    return failure();
  if (isa_and_nonnull<MoEDialect>(op->getDialect()))
    return success();
  if (failed(checkElements(op)) || failed(checkConstant(op)))
    return failure();
  return checkNumbers(op);
}

/// What a kernel says of its launch twice, in an attribute of its own and in
/// one of the gpu dialect, which is the one that an LLVM function keeps.
static LogicalResult checkKnown(gpu::GPUFuncOp func) {
  const std::pair<StringRef, DenseI32ArrayAttr> sizes[] = {
      {"known_block_size", func.getKnownBlockSizeAttr()},
      {"known_grid_size", func.getKnownGridSizeAttr()}};
  for (auto [name, own] : sizes) {
    Attribute other = func->getDiscardableAttr("gpu." + name.str());
    if (own && other && own != other)
      return func.emitOpError("expected 'gpu.")
             << name << "' = " << own << ", its " << name << ", or none, got "
             << other;
  }
  // The conversion to ROCDL adds these, also beside others of their names.
  bool hasBlock = func.getKnownBlockSizeAttr() ||
                  func.walk([](Operation *op) {
                        return isKernelLevel(op) ? WalkResult::interrupt()
                                                 : WalkResult::advance();
                      })
                      .wasInterrupted();
  for (StringRef name :
       {"rocdl.flat_work_group_size", "rocdl.max_flat_work_group_size",
        "rocdl.reqd_work_group_size"})
    if (Attribute other = func->getAttr(name); other && hasBlock)
      return func.emitOpError("expected no '")
             << name << "', which follows from its known_block_size, got "
             << other;
  return success();
}

/// Addresses of global memory have 64 bits, and conversions compute them as
/// numbers of type index.
static LogicalResult checkIndex(gpu::GPUModuleOp module) {
  auto index = IndexType::get(module.getContext());
  auto countBits = [&](Operation *op) -> uint64_t {
    return DataLayout::closest(op).getTypeSizeInBits(index);
  };
  uint64_t bits = countBits(module);
  if (bits == 64)
    return success();
  // The op whose data layout says so.
  Operation *cause = module;
  while (Operation *parent = cause->getParentOp())
    if (countBits(parent) == bits)
      cause = parent;
    else
      break;
  return cause->emitOpError("expected an index of 64 bits in the data layout "
                            "of a gpu.module, as addresses have, got ")
         << bits;
}

namespace {
struct MoECheckKernelsPass
    : moe::impl::MoECheckKernelsPassBase<MoECheckKernelsPass> {
  using MoECheckKernelsPassBase::MoECheckKernelsPassBase;

  void runOnOperation() override {
    UniformityChecker uniformity(getAnalysis<DominanceInfo>(),
                                 getAnalysis<PostDominanceInfo>());
    WalkResult result = getOperation().walk([&](Operation *op) {
      // moe.preshuffled only gives bytes a type, in host code too.
      if (auto view = dyn_cast<PreshuffledOp>(op))
        return WalkResult(checkPreshuffledBytes(view));
      if (isa<cf::AssertOp>(op))
        return WalkResult(checkAssert(op));
      if (!isa_and_nonnull<MoEDialect>(op->getDialect()))
        return WalkResult::advance();
      if (failed(checkPlace(op, getOperation())))
        return WalkResult::interrupt();
      if (!isLaneOp(op) && failed(uniformity.check(op)))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>())
      if (!isForeign(module) && failed(checkModule(module)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  LogicalResult checkModule(gpu::GPUModuleOp module) const {
    if (failed(checkIndex(module)))
      return failure();
    for (auto func : module.getOps<gpu::GPUFuncOp>())
      if (failed(checkKnown(func)))
        return failure();
    if (arguments)
      for (auto func : module.getOps<FunctionOpInterface>())
        if (isa<func::FuncOp, gpu::GPUFuncOp>(func) &&
            failed(checkSignature(func)))
          return failure();
    return failure(
        module.walk([](Operation *op) { return WalkResult(checkUserOp(op)); })
            .wasInterrupted());
  }
};
} // namespace
