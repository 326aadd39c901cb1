// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from moe to moe. What each requires and leaves behind is said in
// Passes.td.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_PASSES_H
#define MOE_DIALECT_MOE_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace moe {

#define GEN_PASS_DECL
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_PASSES_H
