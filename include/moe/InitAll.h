// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of everything a tool such as moe-opt wants: the moe and the
// upstream dialects, passes and pipelines.

#ifndef MOE_INITALL_H
#define MOE_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace moe {

/// The moe dialect, the upstream dialects and their extensions.
void registerAllDialects(mlir::DialectRegistry &registry);

/// The least that a context needs for the pipelines of this project: the moe
/// dialect, the dialects that they produce, the conversions to LLVM of those
/// that user code beside an op may use (docs/Embedding.md), and translation
/// to LLVM IR.
void registerPipelineDependencies(mlir::DialectRegistry &registry);

/// The passes and pipelines of this project.
void registerMoEPasses();

/// registerPipelineDependencies() and registerMoEPasses(): all of this project
/// that a program with a registry of its own has to call. What bufferization
/// asks of the dialects around an op (func, arith, linalg, tensor) is
/// upstream's.
void registerMoE(mlir::DialectRegistry &registry);

/// registerMoEPasses() and the upstream passes.
void registerAllPasses();

} // namespace moe

#endif // MOE_INITALL_H
