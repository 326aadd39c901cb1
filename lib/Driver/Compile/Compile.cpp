// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler in process: IR or options through the pipelines to text of a
// stage or to a code object with its report. Diagnostics are collected and
// become the message of the error.
#include "moe/Driver/Compile.h"
#include "Driver/Compile/Lowering.h"
#include "Driver/Compile/ObjectCache.h"
#include "Files/Nesting.h"
#include "moe/CodeObject/CodeObject.h"
#include "moe/CodeObject/Passes.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace moe::driver {

/// MLIR's parser, verifier and printer call themselves for each level of
/// brackets.
static constexpr int64_t kMostLevels = 256;

namespace {

/// One compilation: a context whose diagnostics end up in a string, and stage
/// times.
class Compilation {
public:
  Compilation()
      : context(makeRegistry(), mlir::MLIRContext::Threading::DISABLED) {
    // The source line says enough; the operation in generic form fills screens.
    context.printOpOnDiagnostic(false);
  }

  /// Parses `text` or builds the kernel; the handler needs the source first.
  Error load(StringRef text, StringRef name) {
    if (int64_t levels =
            mlir::isBytecode({text, name}) ? 0 : files::nestingOfIR(text);
        levels > kMostLevels)
      return llvm::createStringError(
          "'" + name + "': expected at most " + llvm::Twine(kMostLevels) +
          " levels of brackets, got " + llvm::Twine(levels));
    sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, name),
                               llvm::SMLoc());
    if (name.empty())
      plain.emplace(&context, [this](mlir::Diagnostic &d) {
        if (d.getSeverity() == mlir::DiagnosticSeverity::Warning)
          stream << "warning: ";
        stream << d << '\n';
        for (const mlir::Diagnostic &note : d.getNotes())
          stream << "note: " << note << '\n';
      });
    else
      handler.emplace(sources, &context, stream);
    module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
    lap("parse");
    return module ? Error::success() : failure("the input does not parse");
  }

  Error load(const KernelOptions &options) {
    handler.emplace(sources, &context, stream);
    module = buildKernel(context, options);
    if (module && mlir::failed(mlir::verify(*module)))
      module = nullptr;
    lap("build");
    return module ? Error::success() : failure("no kernel was built");
  }

  Error lowerTo(EmitStage stage, StringRef chip, const DebugLines &lines) {
    if (mlir::failed(lower(*module, stage, chip, lines)))
      return failure("the lowering failed");
    lap("lower");
    return Error::success();
  }

  /// LLVM IR of the only gpu.module that is not for another target; `options`
  /// become those of its target, which the lowering has set. `complete`: each
  /// function that is called has to be there.
  Expected<std::unique_ptr<llvm::Module>>
  translate(codeobject::CompileOptions &options, bool complete) {
    auto modules = llvm::filter_to_vector(
        module->getOps<mlir::gpu::GPUModuleOp>(),
        [](mlir::gpu::GPUModuleOp op) { return !isForeign(op); });
    if (modules.size() != 1)
      return llvm::createStringError("expected one gpu.module, got " +
                                     llvm::Twine(modules.size()));
    gpuModule = modules.front();
    auto target = findTarget(gpuModule);
    if (mlir::failed(target))
      return failure("no target");
    auto wanted = codeobject::getCompileOptions(gpuModule, *target);
    if (mlir::failed(wanted))
      return failure("a target that is not supported");
    if (complete && mlir::failed(codeobject::checkCalls(gpuModule, *wanted)))
      return failure("a function is not defined");
    options = *wanted;
    auto result = codeobject::translate(gpuModule, llvmContext, options.chip);
    if (!result)
      return failure("the translation to LLVM IR failed");
    lap("translate");
    return result;
  }

  std::string print() {
    std::string text;
    llvm::raw_string_ostream os(text);
    module->print(os, mlir::OpPrintingFlags().printNameLocAsPrefix());
    os << '\n';
    return text;
  }

  /// The module without what does not reach a code object: names, locations.
  std::string describe() {
    std::string text;
    llvm::raw_string_ostream os(text);
    module->print(os);
    return text;
  }

  /// What was diagnosed; `fallback` should nothing have been.
  /// IR made from options has no location, so nothing is said about it.
  Error failure(StringRef fallback) {
    StringRef text = StringRef(diagnostics).trim('\n');
    text.consume_front("<unknown>:0: error: ");
    return llvm::createStringError(text.empty() ? fallback : text);
  }

  /// What the back end says about the module that was translated, at the
  /// function that it names.
  Error refusal(Error error) {
    std::string message = llvm::toString(std::move(error));
    mlir::emitError(codeobject::findCause(gpuModule, message)) << message;
    return failure(message);
  }

  /// Ends the stage `stage`, which began with the end of the one before.
  void lap(const char *stage) {
    auto now = std::chrono::steady_clock::now();
    std::chrono::duration<double, std::milli> elapsed = now - last;
    milliseconds.emplace_back(stage, elapsed.count());
    last = now;
  }

  std::vector<std::pair<std::string, double>> milliseconds;

private:
  static mlir::DialectRegistry makeRegistry() {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  mlir::MLIRContext context;
  llvm::LLVMContext llvmContext;
  llvm::SourceMgr sources;
  std::string diagnostics;
  llvm::raw_string_ostream stream{diagnostics};
  std::optional<mlir::SourceMgrDiagnosticHandler> handler;
  std::optional<mlir::ScopedDiagnosticHandler> plain; ///< without places
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::gpu::GPUModuleOp gpuModule; ///< the one that was translated
};

/// The code object of what was loaded.
Expected<std::vector<uint8_t>> makeObject(Compilation &run, StringRef chip,
                                          const DebugLines &lines) {
  if (Error error = run.lowerTo(EmitStage::Hsaco, chip, lines))
    return std::move(error);
  codeobject::CompileOptions options;
  auto llvmModule = run.translate(options, /*complete=*/true);
  if (!llvmModule)
    return llvmModule.takeError();
  auto object = codeobject::compile(**llvmModule, options);
  if (!object)
    return run.refusal(object.takeError());
  run.milliseconds.insert(run.milliseconds.end(), object->milliseconds.begin(),
                          object->milliseconds.end());
  return std::move(object->elf);
}

Expected<CompiledKernel> compileLoaded(Compilation &run, StringRef chip,
                                       const DebugLines &lines,
                                       const CompileCache &cache) {
  auto make = [&] { return makeObject(run, chip, lines); };
  bool caches =
      !cache.folder.empty() && !lines.ofInput && lines.tileFile.empty();
  CacheUse use;
  auto elf =
      caches ? getCached(cache, {run.describe(), chip}, make, use) : make();
  if (!elf)
    return elf.takeError();
  if (use.hit)
    run.lap("cache");
  auto reports = codeobject::readReports(*elf);
  if (!reports)
    return reports.takeError();
  if (reports->size() != 1)
    return llvm::createStringError("expected one kernel, got " +
                                   llvm::Twine(reports->size()));
  CompiledKernel kernel;
  kernel.elf = std::move(*elf);
  kernel.cacheWarning = std::move(use.warning);
  kernel.report = std::move(reports->front());
  kernel.kernelName = kernel.report.kernel;
  kernel.grid = kernel.report.grid.value_or(codeobject::GridExpressions());
  kernel.block = kernel.report.block;
  kernel.report.compileMs = run.milliseconds;
  double total = 0;
  for (const auto &stage : kernel.report.compileMs)
    total += stage.second;
  kernel.report.compileMs.emplace_back("total", total);
  return kernel;
}

Expected<std::string> emitLoaded(Compilation &run, EmitStage stage,
                                 StringRef chip, const DebugLines &lines) {
  if (stage == EmitStage::Mlir)
    return run.print();
  if (Error error = run.lowerTo(stage, chip, lines))
    return std::move(error);
  if (stage == EmitStage::Tile)
    return run.print();
  codeobject::CompileOptions options;
  auto llvmModule =
      run.translate(options, /*complete=*/stage == EmitStage::Asm);
  if (!llvmModule)
    return llvmModule.takeError();
  if (stage == EmitStage::Asm) {
    auto assembly = codeobject::compileToAssembly(**llvmModule, options);
    if (!assembly)
      return run.refusal(assembly.takeError());
    return assembly;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  (*llvmModule)->print(os, nullptr);
  return text;
}

} // namespace

Error checkChip(StringRef chip) {
  if (lookupChip(chip))
    return Error::success();
  return llvm::createStringError(describeUnknownChip(chip));
}

Expected<CompiledKernel> compileKernel(const KernelOptions &options,
                                       StringRef chip, const DebugLines &lines,
                                       const CompileCache &cache) {
  if (Error error = checkChip(chip))
    return std::move(error);
  Compilation run;
  if (Error error = run.load(options))
    return std::move(error);
  return compileLoaded(run, chip, lines, cache);
}

/// IR may name its chip itself, so that `chip` may be empty.
static Error checkGivenChip(StringRef chip) {
  return chip.empty() ? Error::success() : checkChip(chip);
}

Expected<CompiledKernel> compileIR(StringRef text, StringRef name,
                                   StringRef chip, const DebugLines &lines,
                                   const CompileCache &cache) {
  if (Error error = checkGivenChip(chip))
    return std::move(error);
  Compilation run;
  if (Error error = run.load(text, name))
    return std::move(error);
  return compileLoaded(run, chip, lines, cache);
}

/// IR on the kernel level is the same for every chip, so only the later stages
/// need one.
static Error checkChipFor(EmitStage stage, StringRef chip) {
  if (stage == EmitStage::Mlir && chip.empty())
    return Error::success();
  return checkChip(chip);
}

Expected<std::string> emitKernel(const KernelOptions &options, EmitStage stage,
                                 StringRef chip, const DebugLines &lines) {
  if (Error error = checkChipFor(stage, chip))
    return std::move(error);
  Compilation run;
  if (Error error = run.load(options))
    return std::move(error);
  return emitLoaded(run, stage, chip, lines);
}

Expected<std::string> emitIR(StringRef text, StringRef name, EmitStage stage,
                             StringRef chip, const DebugLines &lines) {
  if (Error error = checkGivenChip(chip))
    return std::move(error);
  Compilation run;
  if (Error error = run.load(text, name))
    return std::move(error);
  return emitLoaded(run, stage, chip, lines);
}

} // namespace moe::driver
