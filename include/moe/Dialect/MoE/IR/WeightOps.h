// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.quantize and moe.shuffle, as C++ sees them. Their meaning stands in
// WeightOps.td.

#ifndef MOE_DIALECT_MOE_IR_WEIGHTOPS_H
#define MOE_DIALECT_MOE_IR_WEIGHTOPS_H

#include "moe/Dialect/MoE/IR/MoE.h"

#include "llvm/Support/MathExtras.h"

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/WeightOps.h.inc"

#endif // MOE_DIALECT_MOE_IR_WEIGHTOPS_H
