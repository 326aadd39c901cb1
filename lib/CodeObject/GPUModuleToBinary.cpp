// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.module to gpu.binary: translation to LLVM IR and the pass around it. How
// LLVM IR becomes a code object is not here.
#include "moe/CodeObject/CodeObject.h"
#include "moe/CodeObject/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVM/ROCDL/Utils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ROCDL/ROCDLToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

namespace moe::codeobject {

#define GEN_PASS_DEF_MOEGPUMODULETOBINARY
#include "moe/CodeObject/Passes.h.inc"

void registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerROCDLDialectTranslation(registry);
}

std::unique_ptr<llvm::Module> translate(mlir::gpu::GPUModuleOp module,
                                        llvm::LLVMContext &context,
                                        llvm::StringRef chip) {
  std::unique_ptr<llvm::Module> result =
      mlir::translateModuleToLLVMIR(module, context, module.getName());
  if (!result)
    return nullptr;
  if (llvm::Error error = setTarget(*result, chip)) {
    module.emitError() << llvm::toString(std::move(error));
    return nullptr;
  }
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>())
    if (auto grid = function->getAttrOfType<mlir::StringAttr>(gridAttrName))
      if (llvm::Function *translated = result->getFunction(function.getName()))
        translated->addFnAttr(gridAttrName, grid.getValue());
  return result;
}

namespace {

struct GPUModuleToBinary : impl::MoEGPUModuleToBinaryBase<GPUModuleToBinary> {
  using MoEGPUModuleToBinaryBase::MoEGPUModuleToBinaryBase;

  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    MoEGPUModuleToBinaryBase::getDependentDialects(registry);
    registerTranslations(registry);
  }

  void runOnOperation() override {
    if (format != "bin" && format != "isa") {
      getOperation().emitError()
          << "expected format bin or isa, got '" << format << "'";
      return signalPassFailure();
    }
    for (auto module : llvm::make_early_inc_range(
             getOperation().getOps<mlir::gpu::GPUModuleOp>()))
      if (mlir::failed(replace(module)))
        return signalPassFailure();
  }

private:
  /// The target the module is to be compiled for, null after a diagnostic.
  mlir::ROCDL::ROCDLTargetAttr findTarget(mlir::gpu::GPUModuleOp module) {
    mlir::ROCDL::ROCDLTargetAttr own;
    for (mlir::Attribute target : module.getTargetsAttr()
                                      ? module.getTargetsAttr().getValue()
                                      : llvm::ArrayRef<mlir::Attribute>()) {
      auto rocdl = mlir::dyn_cast<mlir::ROCDL::ROCDLTargetAttr>(target);
      if (!rocdl || own) {
        module.emitError() << "expected one #rocdl.target, got "
                           << module.getTargetsAttr();
        return nullptr;
      }
      own = rocdl;
    }
    if (own && !chip.empty() && own.getChip() != chip) {
      module.emitError() << "expected a module for " << chip << ", got one for "
                         << own.getChip();
      return nullptr;
    }
    if (own)
      return own;
    if (chip.empty()) {
      module.emitError() << "expected a chip, as the pass's option or as a "
                            "#rocdl.target of the module; got neither";
      return nullptr;
    }
    mlir::Builder builder(module.getContext());
    return mlir::ROCDL::ROCDLTargetAttr::get(module.getContext(), optLevel,
                                             "amdgcn-amd-amdhsa", chip, "",
                                             "600", nullptr, nullptr);
  }

  llvm::Expected<std::string> compileToBytes(const llvm::Module &module,
                                             llvm::StringRef chipName) {
    CompileOptions options;
    options.chip = chipName.str();
    options.optLevel = optLevel;
    if (format == "isa")
      return compileToAssembly(module, options);
    auto object = compile(module, options);
    if (!object)
      return object.takeError();
    return std::string(object->elf.begin(), object->elf.end());
  }

  mlir::LogicalResult replace(mlir::gpu::GPUModuleOp module) {
    mlir::ROCDL::ROCDLTargetAttr target = findTarget(module);
    if (!target)
      return mlir::failure();
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> translated =
        translate(module, context, target.getChip());
    if (!translated)
      return mlir::failure();
    auto bytes = compileToBytes(*translated, target.getChip());
    if (!bytes)
      return module.emitError() << llvm::toString(bytes.takeError());

    mlir::OpBuilder builder(module);
    bool binary = format == "bin";
    mlir::gpu::KernelTableAttr kernels;
    if (binary)
      kernels = mlir::ROCDL::getKernelMetadata(module, *bytes);
    auto object = builder.getAttr<mlir::gpu::ObjectAttr>(
        target,
        binary ? mlir::gpu::CompilationTarget::Binary
               : mlir::gpu::CompilationTarget::Assembly,
        builder.getStringAttr(*bytes), mlir::DictionaryAttr(), kernels);
    mlir::gpu::BinaryOp::create(builder, module.getLoc(), module.getName(),
                                mlir::Attribute(),
                                builder.getArrayAttr({object}));
    module.erase();
    return mlir::success();
  }
};

} // namespace
} // namespace moe::codeobject
