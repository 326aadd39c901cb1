// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the transforms: what the expansions of kernel-level ops share.

#ifndef MOE_LIB_DIALECT_MOE_TRANSFORMS_EXPANDKERNEL_H
#define MOE_LIB_DIALECT_MOE_TRANSFORMS_EXPANDKERNEL_H

#include "moe/Dialect/MoE/IR/RoutingOps.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace moe {

class ExpandBuilder;

/// The gpu.func around a kernel-level op, with its block of `threads` x 1 x 1
/// and, unless it has one already, its grid in x as an expression over the
/// kernel's arguments. Error: no such function, or one with another block.
mlir::FailureOr<mlir::gpu::GPUFuncOp>
prepareKernelFunction(mlir::Operation *op, int64_t threads,
                      const llvm::Twine &grid);

/// The grid in x of the kernel around the op, as an expression over its
/// arguments.
std::string gridOf(ActivateSumsOp op);
std::string gridOf(ReduceSlotsOp op);
std::string gridOf(RouteOp op);
std::string gridOf(SortOp op);
std::string gridOf(QuantizeOp op);
std::string gridOf(ShuffleOp op);

/// ExpandElementwise.cpp: the op to what one workgroup does.
mlir::LogicalResult expandActivateSums(ActivateSumsOp op);
mlir::LogicalResult expandReduceSlots(ReduceSlotsOp op);
/// ExpandRoute.cpp and ExpandSort.cpp, likewise.
mlir::LogicalResult expandRoute(RouteOp op);
mlir::LogicalResult expandSort(SortOp op);
/// ExpandSort.cpp: zeros in a row of `memory`, 16 bytes a thread of a workgroup
/// of `threads`.
void clearRow(ExpandBuilder &b, mlir::Value memory, mlir::Value row,
              int64_t threads);

/// What the workgroup of pair number `pair` does without sorted lists.
struct CollectedRows {
  mlir::Value
      hasWork;        ///< i1, equal in all threads: it is the workgroup's to do
  mlir::Value expert; ///< i32; of this device where there is work
};
/// ExpandUnsorted.cpp: writes sorted ids and weights of the tile that pair
/// `pair` (index) begins to the lists in LDS, from `first` (index) on, which is
/// the wave's own part of them.
CollectedRows collectRows(ExpandBuilder &b, GroupedGemmOp op, mlir::Value pair,
                          mlir::Value ids, mlir::Value weights,
                          mlir::Value first);
/// ExpandWeights.cpp, likewise.
mlir::LogicalResult expandQuantize(QuantizeOp op);
mlir::LogicalResult expandShuffle(ShuffleOp op);

} // namespace moe

#endif // MOE_LIB_DIALECT_MOE_TRANSFORMS_EXPANDKERNEL_H
