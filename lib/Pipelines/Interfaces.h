// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private: what the upstream conversions look up among registered interfaces.

#ifndef MOE_LIB_PIPELINES_INTERFACES_H
#define MOE_LIB_PIPELINES_INTERFACES_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace moe {

/// The conversions to LLVM of the dialects that user code beside an op may use
/// (docs/Embedding.md, "Code beside an op").
void registerConversionInterfaces(mlir::DialectRegistry &registry);

} // namespace moe

#endif // MOE_LIB_PIPELINES_INTERFACES_H
