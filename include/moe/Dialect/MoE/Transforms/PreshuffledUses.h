// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memrefs in a preshuffled layout as bytes, in the hands of ops that pass a
// value on. Shared by the conversion of kernels and that of host code.

#ifndef MOE_DIALECT_MOE_TRANSFORMS_PRESHUFFLEDUSES_H
#define MOE_DIALECT_MOE_TRANSFORMS_PRESHUFFLEDUSES_H

#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Transforms/DialectConversion.h"

namespace moe {

/// A preshuffled memref becomes `memref<Nxi8>` of the layout's size in bytes,
/// in the same memory space; other types are left to the converter's other
/// rules.
void addPreshuffledConversion(mlir::TypeConverter &converter);

/// Patterns and legality for what may pass a preshuffled memref on: branches,
/// calls, functions, arith.select and memref.dim. Those of scf are upstream's
/// (scf::populateSCFStructuralTypeConversionsAndLegality).
void populatePreshuffledUsePatterns(const mlir::TypeConverter &converter,
                                    mlir::RewritePatternSet &patterns,
                                    mlir::ConversionTarget &target);

/// Error: an op in `root` uses a preshuffled memref and is none of those above.
/// What is in a gpu.module inside `root` is not looked at.
mlir::LogicalResult checkPreshuffledUses(mlir::Operation *root);

/// Error: in a kernel, bytes that are not contiguous or have an offset.
mlir::LogicalResult checkPreshuffledBytes(PreshuffledOp op);

} // namespace moe

#endif // MOE_DIALECT_MOE_TRANSFORMS_PRESHUFFLEDUSES_H
