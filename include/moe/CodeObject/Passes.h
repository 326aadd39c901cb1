// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one pass of CodeObject and the translation to LLVM IR in front of it.
// Everything else in CodeObject is free of MLIR.
#ifndef MOE_CODEOBJECT_PASSES_H
#define MOE_CODEOBJECT_PASSES_H

#include "moe/CodeObject/CodeObject.h"

#include "mlir/Pass/Pass.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace mlir {
class DialectRegistry;
class ModuleOp;
namespace gpu {
class GPUModuleOp;
} // namespace gpu
namespace LLVM {
class LLVMDialect;
} // namespace LLVM
namespace ROCDL {
class ROCDLDialect;
class ROCDLTargetAttr;
} // namespace ROCDL
} // namespace mlir

namespace moe::codeobject {

#define GEN_PASS_DECL
#include "moe/CodeObject/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "moe/CodeObject/Passes.h.inc"

/// Adds the dialects' translations to LLVM IR that the pass and translate()
/// use.
void registerTranslations(mlir::DialectRegistry &registry);

/// The LLVM IR of one gpu.module of LLVM and ROCDL ops, for `chip`, with each
/// kernel's grid as a function attribute. Null after a diagnostic.
std::unique_ptr<llvm::Module> translate(mlir::gpu::GPUModuleOp module,
                                        llvm::LLVMContext &context,
                                        llvm::StringRef chip);

/// What the module's target asks for; each field is heeded or, after a
/// diagnostic, refused.
mlir::FailureOr<CompileOptions>
getCompileOptions(mlir::gpu::GPUModuleOp module,
                  mlir::ROCDL::ROCDLTargetAttr target);

/// Error, at the call: a function that the module only declares is called and
/// `options` name no library.
mlir::LogicalResult checkCalls(mlir::gpu::GPUModuleOp module,
                               const CompileOptions &options);

/// Where to report a message of LLVM about `module`: at the function that it
/// names, or the only one, or the module.
mlir::Location findCause(mlir::gpu::GPUModuleOp module,
                         llvm::StringRef message);

} // namespace moe::codeobject

#endif // MOE_CODEOBJECT_PASSES_H
