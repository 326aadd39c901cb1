// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops whose C++ classes are in MoE.h. Each description says what the op
// means, its constraints (C1, C2, ..., the numbers the verifiers use), what it
// lowers to, and shows it in IR. How the lowering does it stands in
// lib/Dialect/MoE/Transforms and lib/Conversion/MoEToAMDGPU.

#ifndef MOE_DIALECT_MOE_IR_MOEOPS_TD
#define MOE_DIALECT_MOE_IR_MOEOPS_TD

include "moe/Dialect/MoE/IR/KernelOps.td"
include "moe/Dialect/MoE/IR/TileOps.td"

#endif // MOE_DIALECT_MOE_IR_MOEOPS_TD
