// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers and effects of moe.route and moe.sort. The labels C1, C2, ... are
// those of RoutingOps.td; a comment such as route_c2 marks where a constraint
// is enforced.

#include "moe/Dialect/MoE/IR/RoutingOps.h"
#include "Checks.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moe;
using namespace moe::checks;

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/RoutingOps.cpp.inc"

/// One static number of columns in both of what a token's slots have.
static LogicalResult checkSlots(Operation *op, StringRef idsName,
                                ShapedType ids, StringRef weightsName,
                                ShapedType weights, int64_t most) {
  int64_t topk = ids.getDimSize(1);
  if (failed(checkRange(op, "topk, dimension 1 of '" + idsName + "',", topk, 1,
                        most)))
    return failure();
  return checkDim(op, weightsName, weights, 1,
                  ("topk of '" + idsName + "'").str(), topk);
}

//===----------------------------------------------------------------------===//
// RouteOp
//===----------------------------------------------------------------------===//

void RouteOp::getEffects(Effects &effects) {
  addEffects(*this, /*readsOut=*/false, effects);
}

/// route_c4, and route_c2 as far as it is about groups
static LogicalResult checkGroups(RouteOp op) {
  int64_t experts = op.getE(), groups = op.getGroups();
  if (failed(checkRange(op, "groups", groups, 1, RouteOp::kMaxGroups)))
    return failure();
  if (experts % groups != 0)
    return op.emitOpError("expected groups to divide the ")
           << experts << " experts, got " << groups;
  int64_t best = op.getBestGroups(), each = experts / groups;
  if (failed(checkRange(op, "the number of best groups", best, 1, groups)))
    return failure();
  if (groups > 1 && op.getCorrection() && each < 2)
    return op.emitOpError("expected at least 2 experts in a group, whose score "
                          "is the sum of its best two with a correction, got ")
           << each;
  if (op.getTopk() < 1)
    return op.emitOpError("expected more columns of 'ids' than the ")
           << op.getShared() << " shared experts take, got " << op.getSlots();
  if (op.getTopk() > best * each)
    return op.emitOpError("expected topk to be at most the ")
           << best * each << " experts of the best " << best << " of " << groups
           << " groups, got " << op.getTopk();
  return success();
}

LogicalResult RouteOp::verify() {
  // route_c7, route_c1, route_c2
  if (failed(checkForm(*this)) ||
      failed(checkRange(*this, "experts, dimension 1 of 'logits',", getE(), 1,
                        kMaxExperts)) ||
      failed(checkSlots(*this, "ids", getIds().getType(), "weights",
                        getWeights().getType(), kMaxSlots)))
    return failure();
  // route_c3
  if (getCorrection() &&
      failed(checkDim(*this, "correction", getCorrection().getType(), 0,
                      "the experts of 'logits'", getE())))
    return failure();
  // route_c8
  if (failed(checkRange(*this, "shared", getShared(), 0, kMaxShared)))
    return failure();
  if (!getSharedWeight().isFinite())
    return emitOpError("expected a finite shared_weight, got ")
           << getSharedWeightAttr();
  if (failed(checkGroups(*this)))
    return failure();
  // route_c5
  if (!getScale().isFinite())
    return emitOpError("expected a finite scale, got ") << getScaleAttr();
  if (failed(checkTokens(*this, getTokens(),
                         {{"ids", getIds(), 1},
                          {"weights", getWeights(), 1},
                          {"logits", getLogits(), 1}})))
    return failure();
  // route_c6
  return checkGlobal(*this, {{"ids", getIds()},
                             {"weights", getWeights()},
                             {"logits", getLogits()},
                             {"correction", getCorrection()}});
}

//===----------------------------------------------------------------------===//
// SortOp
//===----------------------------------------------------------------------===//

void SortOp::getEffects(Effects &effects) {
  addEffects(*this, /*readsOut=*/false, effects);
  // The phases pass their counts on in the workspace.
  if (getWorkspace() && isa<MemRefType>(getWorkspace().getType()))
    effects.emplace_back(MemoryEffects::Read::get(), &getWorkspaceMutable()[0]);
}

/// sort_c5
static LogicalResult checkPhase(SortOp op) {
  bool isPart = op.getPhase() != SortPhase::All;
  bool inKernel = static_cast<bool>(op->getParentOfType<gpu::GPUModuleOp>());
  bool tensors = isa<TensorType>(op.getTopkIds().getType());
  if (isPart && !op.getWorkspace())
    return op.emitOpError("expected a workspace for phase ")
           << stringifySortPhase(op.getPhase()) << ", got none";
  if (isPart && tensors)
    return op.emitOpError("expected phase all of a sort on tensors, got ")
           << stringifySortPhase(op.getPhase());
  if (!isPart && inKernel && op.getWorkspace())
    return op.emitOpError("expected a phase of a sort with a workspace in a "
                          "kernel, got all: -moe-decompose makes three ops of "
                          "it in host code");
  return success();
}

LogicalResult SortOp::verify() {
  // sort_c8, sort_c1, sort_c2
  if (failed(checkForm(*this)) ||
      failed(checkSlots(*this, "topk_ids", getTopkIds().getType(),
                        "topk_weights", getTopkWeights().getType(), 255)) ||
      failed(checkRange(*this, "experts", getExperts(), 1, kMaxExperts)) ||
      failed(checkRange(*this, "block_rows", getBlockRows(), 1, kMaxBlockRows)))
    return failure();
  // sort_c3
  if (failed(checkDim(*this, "num_valid", getNumValid().getType(), 0,
                      "its size", 2)) ||
      failed(checkLocality(*this, getExpertMap(), getLocalTokens())))
    return failure();
  if (getWorkspace()) {
    ShapedType type = getWorkspace().getType();
    if (failed(checkDim(*this, "workspace", type, 0, "the waves of a sort",
                        kParts)) ||
        failed(checkDim(*this, "workspace", type, 1, "experts", getExperts())))
      return failure();
  }
  // sort_c4
  if (failed(checkClear(*this, getClear())) || failed(checkPhase(*this)))
    return failure();
  // sort_c6
  if (failed(checkTokens(*this, getTokens(),
                         {{"topk_ids", getTopkIds(), 1},
                          {"topk_weights", getTopkWeights(), 1}})))
    return failure();
  // sort_c7
  return checkGlobal(*this, {{"sorted_ids", getSortedIds()},
                             {"expert_ids", getExpertIds()},
                             {"sorted_weights", getSortedWeights()},
                             {"num_valid", getNumValid()},
                             {"workspace", getWorkspace()},
                             {"clear", getClear(), /*wide=*/true},
                             {"topk_ids", getTopkIds()},
                             {"topk_weights", getTopkWeights()},
                             {"expert_map", getExpertMap()},
                             {"local_tokens", getLocalTokens()}});
}
