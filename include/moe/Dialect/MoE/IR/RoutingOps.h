// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.route and moe.sort, as C++ sees them. Their meaning stands in
// RoutingOps.td; the other ops of the dialect are in MoE.h.

#ifndef MOE_DIALECT_MOE_IR_ROUTINGOPS_H
#define MOE_DIALECT_MOE_IR_ROUTINGOPS_H

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/IR/WeightOps.h"

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/RoutingOps.h.inc"

namespace moe {

/// Whether the op is of the kernel level: a kernel of its own in host code.
inline bool isKernelLevel(mlir::Operation *op) {
  return llvm::isa<RouteOp, SortOp, GroupedGemmOp, ActivateSumsOp,
                   ReduceSlotsOp, QuantizeOp, ShuffleOp>(op);
}

} // namespace moe

#endif // MOE_DIALECT_MOE_IR_ROUTINGOPS_H
