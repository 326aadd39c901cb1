// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.module to gpu.binary: translation to LLVM IR and the pass around it. How
// LLVM IR becomes a code object is not here.
#include "CheckAttributes.h"
#include "moe/CodeObject/CodeObject.h"
#include "moe/CodeObject/Passes.h"
#include "moe/Target/ModuleTarget.h"

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

#include "llvm/ADT/StringSet.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"

namespace moe::codeobject {

#define GEN_PASS_DEF_MOEGPUMODULETOBINARY
#include "moe/CodeObject/Passes.h.inc"

void registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerROCDLDialectTranslation(registry);
}

namespace {
/// What LLVM says about the module while it is translated. Without a handler
/// an error would end the process.
struct ReportErrors : llvm::DiagnosticHandler {
  explicit ReportErrors(mlir::Location loc) : loc(loc) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error)
      return true;
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::DiagnosticPrinterRawOStream printer(os);
    info.print(printer);
    mlir::emitError(loc) << llvm::StringRef(text).trim();
    failed = true;
    return true;
  }
  mlir::Location loc;
  bool failed = false;
};
} // namespace

/// LLVM's verifier, whose words upstream's translation would write to stderr.
static mlir::LogicalResult verify(mlir::gpu::GPUModuleOp module,
                                  llvm::Module &translated) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto refuse = [&](mlir::Location loc) {
    return mlir::emitError(loc)
           << "invalid LLVM IR: " << llvm::StringRef(text).trim();
  };
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>()) {
    llvm::Function *own = translated.getFunction(function.getName());
    if (own && llvm::verifyFunction(*own, &os))
      return refuse(function.getLoc());
  }
  if (llvm::verifyModule(translated, &os))
    return refuse(module.getLoc());
  return mlir::success();
}

std::unique_ptr<llvm::Module> translate(mlir::gpu::GPUModuleOp module,
                                        llvm::LLVMContext &context,
                                        llvm::StringRef chip) {
  if (mlir::failed(checkAttributes(module)))
    return nullptr;
  auto handler = std::make_unique<ReportErrors>(module.getLoc());
  const ReportErrors &errors = *handler;
  context.setDiagnosticHandler(std::move(handler));
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(
      module, context, module.getName(), /*disableVerification=*/true);
  if (!result || errors.failed || mlir::failed(verify(module, *result)))
    return nullptr;
  if (llvm::Error error = setTarget(*result, chip)) {
    mlir::emitError(module.getLoc()) << llvm::toString(std::move(error));
    return nullptr;
  }
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>())
    if (auto grid = function->getAttrOfType<mlir::StringAttr>(gridAttrName))
      if (llvm::Function *translated = result->getFunction(function.getName()))
        translated->addFnAttr(gridAttrName, grid.getValue());
  return result;
}

mlir::FailureOr<CompileOptions>
getCompileOptions(mlir::gpu::GPUModuleOp module,
                  mlir::ROCDL::ROCDLTargetAttr target) {
  auto refuse = [&](const llvm::Twine &what, mlir::Attribute got) {
    return mlir::emitError(module.getLoc())
           << "gpu.module '" << module.getName()
           << "': expected a #rocdl.target " << what << ", got " << got;
  };
  constexpr llvm::StringLiteral triple = "amdgcn-amd-amdhsa";
  mlir::Builder builder(module.getContext());
  if (target.getTriple() != triple)
    return refuse("with triple = \"" + triple + "\"",
                  builder.getStringAttr(target.getTriple()));
  if (!target.getFeatures().empty())
    return refuse("without features, which are those of the chip",
                  builder.getStringAttr(target.getFeatures()));
  if (target.getFlags() && !target.getFlags().empty())
    return refuse("without flags: arithmetic is what the ops say",
                  target.getFlags());
  CompileOptions options;
  if (target.getLink())
    for (mlir::Attribute file : target.getLink()) {
      auto path = mlir::dyn_cast<mlir::StringAttr>(file);
      if (!path)
        return refuse("whose link names files of bitcode", target.getLink());
      options.libraries.push_back(path.str());
    }
  options.chip = target.getChip().str();
  options.optLevel = target.getO();
  if (target.getAbi() == "500")
    options.version = 5;
  else if (target.getAbi() != "600")
    return refuse("with abi = \"500\" or \"600\"",
                  builder.getStringAttr(target.getAbi()));
  return options;
}

static mlir::LogicalResult refuseSize(mlir::Operation *op,
                                      llvm::StringRef name) {
  return mlir::emitError(op->getLoc())
         << "expected no " << name
         << ", which calls AMD's device libraries; pass the number as an "
            "argument, or name their files in the link of the #rocdl.target";
}

/// True of a function of AMD's libraries for whose op upstream's
/// -math-expand-ops has arithmetic.
static bool canExpand(llvm::StringRef callee) {
  callee.consume_front("__ocml_");
  return llvm::is_contained(
      {"acosh", "asinh", "atanh", "cosh", "pow", "sinh", "tan", "tanh"},
      callee.rsplit('_').first);
}

mlir::LogicalResult checkCalls(mlir::gpu::GPUModuleOp module,
                               const CompileOptions &options) {
  if (!options.libraries.empty())
    return mlir::success();
  llvm::StringSet<> declared;
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>())
    if (function.isExternal() && !function.getName().starts_with("llvm."))
      declared.insert(function.getName());
  mlir::WalkResult result = module.walk([&](mlir::Operation *op) {
    std::optional<llvm::StringRef> callee;
    if (auto call = mlir::dyn_cast<mlir::LLVM::CallOp>(op))
      callee = call.getCallee();
    // The translation makes calls of gpu.grid_dim and gpu.block_dim.
    if (mlir::isa<mlir::ROCDL::GridDimXOp, mlir::ROCDL::GridDimYOp,
                  mlir::ROCDL::GridDimZOp>(op))
      return mlir::WalkResult(refuseSize(op, "gpu.grid_dim"));
    if (mlir::isa<mlir::ROCDL::BlockDimXOp, mlir::ROCDL::BlockDimYOp,
                  mlir::ROCDL::BlockDimZOp>(op))
      return mlir::WalkResult(refuseSize(op, "gpu.block_dim"));
    if (!callee || !declared.contains(*callee))
      return mlir::WalkResult::advance();
    mlir::InFlightDiagnostic diag =
        mlir::emitError(op->getLoc())
        << "expected a function that gpu.module '" << module.getName()
        << "' defines, got a call of '" << *callee << "'";
    if (callee->starts_with("__ockl_printf"))
      diag << "; a kernel has nobody to print for it: store to a buffer";
    else if (callee->starts_with("__ocml_") || callee->starts_with("__ockl_"))
      diag << " of AMD's device libraries; name their files in the link of its "
              "#rocdl.target"
           << (canExpand(*callee)
                   ? ", or expand the op before (-math-expand-ops), which is "
                     "less accurate"
                   : "");
    return mlir::WalkResult(diag);
  });
  return mlir::failure(result.wasInterrupted());
}

mlir::Location findCause(mlir::gpu::GPUModuleOp module,
                         llvm::StringRef message) {
  auto functions = llvm::filter_to_vector(
      module.getOps<mlir::LLVM::LLVMFuncOp>(),
      [](mlir::LLVM::LLVMFuncOp function) { return !function.isExternal(); });
  for (mlir::LLVM::LLVMFuncOp function : functions)
    if (message.contains(("'" + function.getName() + "'").str()))
      return function.getLoc();
  return functions.size() == 1 ? functions.front().getLoc() : module.getLoc();
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
      mlir::emitError(getOperation().getLoc())
          << "expected format bin or isa, got '" << format << "'";
      return signalPassFailure();
    }
    if (optLevel < -1 || optLevel > 3) {
      mlir::emitError(getOperation().getLoc())
          << "expected an optimization level of 0 to 3, got " << int(optLevel);
      return signalPassFailure();
    }
    for (auto module : llvm::make_early_inc_range(
             getOperation().getOps<mlir::gpu::GPUModuleOp>()))
      if (!isForeign(module) && mlir::failed(replace(module)))
        return signalPassFailure();
  }

private:
  /// The target the module is to be compiled for, null after a diagnostic.
  mlir::ROCDL::ROCDLTargetAttr chooseTarget(mlir::gpu::GPUModuleOp module) {
    mlir::FailureOr<const Chip *> known = getChip(module, chip);
    if (mlir::failed(known))
      return nullptr;
    if (auto own = *findTarget(module)) {
      if (optLevel < 0 || optLevel == own.getO())
        return own;
      mlir::emitError(module.getLoc())
          << "gpu.module '" << module.getName()
          << "': expected the option opt-level = " << own.getO()
          << ", the module's target, got " << int(optLevel);
      return nullptr;
    }
    return mlir::ROCDL::ROCDLTargetAttr::get(
        module.getContext(), optLevel < 0 ? 3 : int(optLevel),
        "amdgcn-amd-amdhsa", (*known)->name);
  }

  llvm::Expected<std::string> compileToBytes(const llvm::Module &module,
                                             const CompileOptions &options) {
    if (format == "isa")
      return compileToAssembly(module, options);
    auto object = compile(module, options);
    if (!object)
      return object.takeError();
    return std::string(object->elf.begin(), object->elf.end());
  }

  mlir::LogicalResult replace(mlir::gpu::GPUModuleOp module) {
    mlir::ROCDL::ROCDLTargetAttr target = chooseTarget(module);
    if (!target)
      return mlir::failure();
    mlir::FailureOr<CompileOptions> options = getCompileOptions(module, target);
    if (mlir::failed(options))
      return mlir::failure();
    if (mlir::failed(checkCalls(module, *options)))
      return mlir::failure();
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> translated =
        translate(module, context, target.getChip());
    if (!translated)
      return mlir::failure();
    auto bytes = compileToBytes(*translated, *options);
    if (!bytes) {
      std::string message = llvm::toString(bytes.takeError());
      return mlir::emitError(findCause(module, message)) << message;
    }

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
                                module.getOffloadingHandlerAttr(),
                                builder.getArrayAttr({object}));
    module.erase();
    return mlir::success();
  }
};

} // namespace
} // namespace moe::codeobject
