// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an op with regions does with its operands. Shared by the check that
// refuses divergent branches and the analysis that finds uniform ones.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_REGIONCONDITIONS_H
#define MOE_DIALECT_MOE_TRANSFORMS_REGIONCONDITIONS_H

#include "mlir/IR/Operation.h"

namespace moe {

/// The operands of an op with regions, without a loop's initial values.
llvm::SmallVector<mlir::Value> getOperandsButInits(mlir::Operation *op);

/// What decides whether, or how often, `parent` executes its regions.
llvm::SmallVector<mlir::Value> getConditions(mlir::Operation *parent);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_REGIONCONDITIONS_H
