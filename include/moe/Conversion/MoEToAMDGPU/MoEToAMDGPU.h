// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversion of moe tile ops to amdgpu, vector, memref and rocdl: the passes,
// and the patterns for those who build a conversion of their own.

#ifndef MOE_CONVERSION_MOETOAMDGPU_MOETOAMDGPU_H
#define MOE_CONVERSION_MOETOAMDGPU_MOETOAMDGPU_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace moe {

struct Chip;

#define GEN_PASS_DECL
#include "moe/Conversion/MoEToAMDGPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "moe/Conversion/MoEToAMDGPU/Passes.h.inc"

/// Adds the conversions of fragments and preshuffled memrefs to `converter`;
/// anything else stays as it is.
void populateMoEToAMDGPUTypeConversions(mlir::TypeConverter &converter);

/// Adds the patterns of all tile ops but moe.sync, for `chip`.
void populateMoEToAMDGPUPatterns(const mlir::TypeConverter &converter,
                                 const Chip &chip,
                                 mlir::RewritePatternSet &patterns);

} // namespace moe

#endif // MOE_CONVERSION_MOETOAMDGPU_MOETOAMDGPU_H
