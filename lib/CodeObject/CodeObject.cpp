// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's AMDGPU back end as a function: a copy of the module goes through the
// optimizer and the code generator in a context of its own, so that a fatal
// error in there costs that context and not the process.
#include "moe/CodeObject/CodeObject.h"
#include "BackEndPasses.h"
#include "moe/CodeObject/Grid.h"
#include "moe/CodeObject/Report.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/CodeGen/CodeGenTargetMachineImpl.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/InitializePasses.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/PassInfo.h"
#include "llvm/PassRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/AMDGPUAddrSpace.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/TargetParser.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

#include <chrono>
#include <memory>
#include <mutex>

using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

namespace moe::codeobject {
namespace {

constexpr llvm::StringLiteral tripleName = "amdgcn-amd-amdhsa";

/// Milliseconds since the last call.
class Stopwatch {
public:
  double lap() {
    auto now = std::chrono::steady_clock::now();
    std::chrono::duration<double, std::milli> elapsed = now - last;
    last = now;
    return elapsed.count();
  }

private:
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(StringRef chip, unsigned optLevel) {
  if (llvm::AMDGPU::parseArchAMDGCN(chip) == llvm::AMDGPU::GK_NONE)
    return llvm::createStringError("unknown chip '" + chip + "'");
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmPrinter();
    LLVMInitializeAMDGPUAsmParser();
    LLVMInitializeAMDGPUDisassembler();
    // addBackEnd() looks this pass up; otherwise the first back end of the
    // process would register it only after that.
    llvm::initializeSinkingLegacyPassPass(
        *llvm::PassRegistry::getPassRegistry());
  });
  llvm::Triple triple(tripleName);
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError(message);
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, chip, /*Features=*/"", llvm::TargetOptions(), llvm::Reloc::PIC_,
      std::nullopt, static_cast<llvm::CodeGenOptLevel>(optLevel)));
  if (!machine)
    return llvm::createStringError("no code generator for " + chip);
  return machine;
}

/// Target machines that no compilation has at the moment. What the back end
/// finds out about a chip's registers stays in one, so that the next
/// compilation need not.
class MachinePool {
public:
  /// Lives as long as the process: other threads may still compile at its end.
  static MachinePool &get() {
    static auto *pool = new MachinePool;
    return *pool;
  }

  Expected<std::unique_ptr<llvm::TargetMachine>> take(StringRef chip,
                                                      unsigned optLevel) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      for (std::unique_ptr<llvm::TargetMachine> &machine : idle)
        if (machine->getTargetCPU() == chip &&
            unsigned(machine->getOptLevel()) == optLevel) {
          std::swap(machine, idle.back());
          return idle.pop_back_val();
        }
    }
    return makeTargetMachine(chip, optLevel);
  }

  /// Takes back the machine of a compilation that succeeded.
  void giveBack(std::unique_ptr<llvm::TargetMachine> machine) {
    std::lock_guard<std::mutex> lock(mutex);
    idle.push_back(std::move(machine));
  }

private:
  std::mutex mutex;
  llvm::SmallVector<std::unique_ptr<llvm::TargetMachine>> idle;
};

/// A message of instruction selection without the graph that follows, whose
/// addresses differ from run to run; the function's name is behind the graph.
std::string withoutDump(StringRef message) {
  auto [first, dump] = message.split('\n');
  StringRef function = dump.split("In function: ").second.trim();
  if (function.empty())
    return message.str();
  std::string text = first.str();
  llvm::Regex address("0x[0-9a-f]{6,}[:,]? *");
  while (address.match(text))
    text = address.sub("", text);
  return text + " in function '" + function.str() + "'";
}

/// One compilation. It lives on the heap and is abandoned, not destroyed, after
/// a fatal error in the middle of LLVM, since then nothing in it can be
/// trusted.
struct Job {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  llvm::SmallVector<char, 0> output;
  std::string errors;
  double optimizeMs = 0, codegenMs = 0;

  void addError(const Twine &message) {
    errors += (errors.empty() ? "" : "\n") + withoutDump(message.str());
  }
};

/// Diagnostics of the back end (LDS over the limit, unsupported operations).
struct CollectErrors : llvm::DiagnosticHandler {
  explicit CollectErrors(Job &job) : job(job) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error)
      return true; // Remarks and warnings of the optimizer are not ours.
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::DiagnosticPrinterRawOStream printer(os);
    info.print(printer);
    StringRef message = text;
    message.consume_front("<unknown>:0:0: ");
    job.addError(message);
    return true;
  }
  Job &job;
};

/// Fatal errors come here on the thread that runs the job; control goes back to
/// runProtected() and never into LLVM again.
void onFatalError(void *data, const char *reason, bool) {
  static_cast<Job *>(data)->addError(reason);
  if (auto *recovery = llvm::CrashRecoveryContext::GetCurrent())
    recovery->HandleExit(1);
}

/// Runs `body` so that an abort or a fatal error inside LLVM returns here.
/// Returns false then.
bool runProtected(Job &job, llvm::function_ref<void()> body) {
  static std::mutex mutex; // the fatal error handler is one a process
  std::lock_guard<std::mutex> lock(mutex);
  llvm::CrashRecoveryContext::Enable();
  llvm::install_fatal_error_handler(onFatalError, &job);
  llvm::CrashRecoveryContext recovery;
  bool fine = recovery.RunSafely(body);
  llvm::remove_fatal_error_handler();
  llvm::CrashRecoveryContext::Disable();
  return fine;
}

/// Adds one note with the grid of each kernel that has one.
Error addGridNotes(llvm::Module &module) {
  std::string notes;
  llvm::raw_string_ostream os(notes);
  auto word = [&os](uint32_t value) {
    char bytes[4];
    llvm::support::endian::write32le(bytes, value);
    os.write(bytes, 4);
  };
  for (const llvm::Function &function : module) {
    if (!function.hasFnAttribute(gridAttrName))
      continue;
    StringRef text = function.getFnAttribute(gridAttrName).getValueAsString();
    Expected<GridExpressions> grid = parseGrid(text);
    if (!grid)
      return grid.takeError();
    std::string desc = function.getName().str() + "=" + (*grid)[0] + ";" +
                       (*grid)[1] + ";" + (*grid)[2];
    word(gridNoteOwner.size() + 1);
    word(desc.size());
    word(gridNoteType);
    os << gridNoteOwner << '\0';
    os << desc;
    os.write_zeros(llvm::offsetToAlignment(desc.size(), llvm::Align(4)));
  }
  static_assert(sizeof("MoE") == 4, "the owner's name fills one word");
  if (notes.empty())
    return Error::success();
  llvm::Constant *bytes = llvm::ConstantDataArray::getString(
      module.getContext(), notes, /*AddNull=*/false);
  constexpr unsigned constantAddressSpace = 4;
  auto *global = new llvm::GlobalVariable(
      module, bytes->getType(), /*isConstant=*/true,
      llvm::GlobalValue::PrivateLinkage, bytes, "moe.notes", nullptr,
      llvm::GlobalValue::NotThreadLocal, constantAddressSpace);
  global->setSection(gridNoteSection);
  global->setAlignment(llvm::Align(4));
  llvm::appendToCompilerUsed(module, {global});
  return Error::success();
}

/// Links what the module calls out of a library; it stays private to the
/// module.
Error linkLibrary(Job &job, const std::string &path) {
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> library =
      llvm::parseIRFile(path, diagnostic, job.context);
  if (!library)
    return llvm::createStringError("cannot read the library '" + path +
                                   "': " + diagnostic.getMessage());
  if (library->getTargetTriple().getArch() != llvm::Triple::amdgcn)
    return llvm::createStringError("library '" + path +
                                   "': expected bitcode for amdgcn, got '" +
                                   library->getTargetTriple().str() + "'");
  library->setTargetTriple(job.module->getTargetTriple());
  library->setDataLayout(job.module->getDataLayout());
  auto makePrivate = [](llvm::Module &linked, const llvm::StringSet<> &names) {
    llvm::internalizeModule(linked, [&](const llvm::GlobalValue &value) {
      return !value.hasName() || !names.contains(value.getName());
    });
  };
  if (llvm::Linker::linkModules(*job.module, std::move(library),
                                llvm::Linker::LinkOnlyNeeded, makePrivate))
    return llvm::createStringError("cannot link the library '" + path + "'");
  return Error::success();
}

bool isKernel(const llvm::Function &function) {
  return function.getCallingConv() == llvm::CallingConv::AMDGPU_KERNEL;
}

/// A function of the module's own means what its body says: LLVM knows
/// functions of libraries by their names and would put others in their place.
void keepBodies(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && !isKernel(function))
      function.addFnAttr(llvm::Attribute::NoBuiltin);
}

/// What a loader could replace has relocations for it. Nothing outside names
/// functions that are no kernels; variables keep the names by which a host may
/// look for them.
void keepSymbols(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && !isKernel(function)) {
      function.setComdat(nullptr);
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  for (llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration() && variable.hasExternalLinkage() &&
        variable.hasDefaultVisibility() &&
        variable.getAddressSpace() != llvm::AMDGPUAS::LOCAL_ADDRESS)
      variable.setVisibility(llvm::GlobalValue::ProtectedVisibility);
}

/// A copy of `module` in the job's own context, ready for the back end.
Error loadModule(Job &job, const llvm::Module &module,
                 const CompileOptions &options) {
  std::string invalid;
  llvm::raw_string_ostream os(invalid);
  if (llvm::verifyModule(module, &os))
    return llvm::createStringError("invalid LLVM IR: " +
                                   StringRef(invalid).trim());
  llvm::SmallVector<char, 0> bitcode;
  llvm::raw_svector_ostream stream(bitcode);
  llvm::WriteBitcodeToFile(module, stream);
  Expected<std::unique_ptr<llvm::Module>> copy = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()),
                            module.getModuleIdentifier()),
      job.context);
  if (!copy)
    return copy.takeError();
  job.module = std::move(*copy);
  if (Error error = setTarget(*job.module, options.chip))
    return error;
  job.module->setModuleFlag(llvm::Module::Error, "amdhsa_code_object_version",
                            options.version * 100);
  for (const llvm::Function &function : *job.module) {
    StringRef cpu = function.getFnAttribute("target-cpu").getValueAsString();
    if (!cpu.empty() && cpu != options.chip)
      return llvm::createStringError("function '" + function.getName() +
                                     "' is made for " + cpu + ", expected " +
                                     options.chip);
  }
  keepBodies(*job.module);
  for (const std::string &library : options.libraries)
    if (Error error = linkLibrary(job, library))
      return error;
  keepSymbols(*job.module);
  return addGridNotes(*job.module);
}

/// LLVM's own pipeline for the level, with the target's passes in it. Loops are
/// unrolled only where their metadata asks for it: the loop over K comes
/// unrolled and pipelined as far as it is meant to be, and LLVM would copy it
/// once for every K tile of a small model. Loops that compute a memory fill or
/// a CRC are not looked for: kernels have none, and LLVM 22 takes time
/// exponential in the selects of a loop to see that (49 s for moe.route of 1024
/// experts).
void optimize(Job &job, unsigned level) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  llvm::PassInstrumentationCallbacks callbacks;
  callbacks.registerShouldRunOptionalPassCallback(
      [](StringRef name, const llvm::Any &) {
        return name != "LoopIdiomRecognizePass";
      });
  llvm::PassBuilder builder(job.machine.get(), tuning, std::nullopt,
                            &callbacks);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  const llvm::OptimizationLevel levels[] = {
      llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  if (level == 0)
    builder.buildO0DefaultPipeline(levels[0]).run(*job.module, modules);
  else
    builder.buildPerModuleDefaultPipeline(levels[level])
        .run(*job.module, modules);
  for (llvm::Function &function : *job.module)
    expandDivisionsOf24Bits(function);
}

/// The identity of a pass of LLVM's back end.
llvm::AnalysisID findPass(StringRef name) {
  return llvm::PassRegistry::getPassRegistry()
      ->getPassInfo(name)
      ->getTypeInfo();
}

/// What TargetMachine::addPassesToEmitFile does, with passes of ours among
/// LLVM's, one of them after the last pass that moves code out of loops.
bool addBackEnd(llvm::CodeGenTargetMachineImpl &machine,
                llvm::legacy::PassManager &passes, llvm::raw_pwrite_stream &os,
                llvm::CodeGenFileType type) {
  auto *info = new llvm::MachineModuleInfoWrapperPass(&machine);
  llvm::TargetPassConfig *config = machine.createPassConfig(passes);
  config->setDisableVerify(true);
  bool optimizes = machine.getOptLevel() != llvm::CodeGenOptLevel::None;
  if (optimizes)
    config->insertPass(findPass("sink"), createShareBufferOffsetsPass());
  // The last passes ahead of LLVM's fences and waits.
  config->insertPass(
      findPass(optimizes ? "gcn-create-vopd" : "si-post-ra-bundler"),
      createGatherWaitsPass());
  config->insertPass(&llvm::PostRAHazardRecognizerID, createPathHazardsPass());
  passes.add(createBarrierWaitsPass());
  passes.add(config);
  passes.add(info);
  if (config->addISelPasses())
    return true;
  config->addMachinePasses();
  config->setInitialized();
  if (machine.addAsmPrinter(passes, os, nullptr, type,
                            info->getMMI().getContext()))
    return true;
  passes.add(llvm::createFreeMachineFunctionPass());
  return false;
}

void generate(Job &job, llvm::CodeGenFileType type) {
  llvm::raw_svector_ostream os(job.output);
  llvm::legacy::PassManager passes;
  auto &machine = static_cast<llvm::CodeGenTargetMachineImpl &>(*job.machine);
  if (addBackEnd(machine, passes, os, type)) {
    job.addError("the back end cannot emit this kind of file");
    return;
  }
  passes.run(*job.module);
}

/// Everything up to the back end's output.
Expected<std::unique_ptr<Job>> runBackEnd(const llvm::Module &module,
                                          const CompileOptions &options,
                                          llvm::CodeGenFileType type) {
  if (options.optLevel > 3)
    return llvm::createStringError("expected an optimization level of 0 to 3, "
                                   "got " +
                                   Twine(options.optLevel));
  if (options.version != 5 && options.version != 6)
    return llvm::createStringError("expected code object version 5 or 6, got " +
                                   Twine(options.version));
  auto job = std::make_unique<Job>();
  auto machine = MachinePool::get().take(options.chip, options.optLevel);
  if (!machine)
    return machine.takeError();
  job->machine = std::move(*machine);
  job->context.setDiagnosticHandler(std::make_unique<CollectErrors>(*job));
  if (Error error = loadModule(*job, module, options))
    return std::move(error);
  bool fine = runProtected(*job, [&] {
    Stopwatch watch;
    optimize(*job, options.optLevel);
    job->optimizeMs = watch.lap();
    generate(*job, type);
    job->codegenMs = watch.lap();
  });
  if (!fine) {
    Job *abandoned = job.release(); // on purpose, see Job
    return llvm::createStringError(
        "LLVM's back end for " + options.chip + " failed: " +
        (abandoned->errors.empty() ? "it crashed" : abandoned->errors));
  }
  if (!job->errors.empty())
    return llvm::createStringError("LLVM's back end for " + options.chip +
                                   " refuses: " + job->errors);
  MachinePool::get().giveBack(std::move(job->machine));
  return job;
}

/// Each kernel of the module is in the code object: LLVM leaves out functions
/// that it cannot compile for the chip, or that nothing can name.
Error checkKernels(const llvm::Module &module, llvm::ArrayRef<uint8_t> elf) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(elf.data()), elf.size());
  auto object = llvm::object::ELFObjectFile<llvm::object::ELF64LE>::create(
      llvm::MemoryBufferRef(bytes, "code object"));
  if (!object)
    return object.takeError();
  llvm::StringSet<> names;
  for (const llvm::object::ELFSymbolRef &symbol :
       object->getDynamicSymbolIterators()) {
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    names.insert(*name);
  }
  for (const llvm::Function &function : module)
    if (isKernel(function) && !function.isDeclaration() &&
        !names.contains((function.getName() + ".kd").str()))
      return llvm::createStringError("expected kernel '" + function.getName() +
                                     "' in the code object, got none of that "
                                     "name");
  return Error::success();
}

} // namespace

Error setTarget(llvm::Module &module, StringRef chip) {
  auto machine = MachinePool::get().take(chip, 3);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple(llvm::Triple(tripleName));
  module.setDataLayout((*machine)->createDataLayout());
  MachinePool::get().giveBack(std::move(*machine));
  return Error::success();
}

Expected<CodeObject> compile(const llvm::Module &module,
                             const CompileOptions &options) {
  auto job = runBackEnd(module, options, llvm::CodeGenFileType::ObjectFile);
  if (!job)
    return job.takeError();
  Stopwatch watch;
  auto elf = link(llvm::ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>((*job)->output.data()),
      (*job)->output.size()));
  if (!elf)
    return elf.takeError();
  double linkMs = watch.lap();
  if (Error error = verifyDecodes(*elf))
    return std::move(error);
  if (Error error = checkKernels(module, *elf))
    return std::move(error);
  CodeObject object;
  object.elf = std::move(*elf);
  object.milliseconds = {{"optimize", (*job)->optimizeMs},
                         {"codegen", (*job)->codegenMs},
                         {"link", linkMs},
                         {"check", watch.lap()}};
  return object;
}

Expected<std::string> compileToAssembly(const llvm::Module &module,
                                        const CompileOptions &options) {
  auto object = compile(module, options);
  if (!object)
    return object.takeError();
  auto job = runBackEnd(module, options, llvm::CodeGenFileType::AssemblyFile);
  if (!job)
    return job.takeError();
  return std::string((*job)->output.begin(), (*job)->output.end());
}

} // namespace moe::codeobject
