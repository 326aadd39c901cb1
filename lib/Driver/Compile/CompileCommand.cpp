// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of moe-compile: which flags belong together, where input
// comes from and output goes to. The compiling is in Compile.cpp.
#include "Driver/Compile/CompileCommand.h"
#include "Driver/Compile/TextKernels.h"
#include "Driver/Options/KernelFlags.h"
#include "Files/Files.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Compile.h"
#include "moe/Target/Chip.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using llvm::Error;
using llvm::StringRef;

namespace moe::driver {
namespace {

/// IR of a kernel is smaller than this by far.
constexpr uint64_t mostTextBytes = uint64_t(256) << 20;

struct Command {
  std::string input, chip, output;
  EmitStage stage = EmitStage::Hsaco;
  bool report = false, explain = false;
  int64_t tokens = 0;
  KernelOptions kernel;
  TextKernel other; ///< where --kernel names no product
  DebugLines lines;
  CompileCache cache;
  int64_t cacheMegabytes = 256;
  TuneRequest tune;
  FlagSet flags{
      "moe-compile (INPUT.mlir | --kernel KIND ...) --chip CHIP "
      "[--emit STAGE] [-o FILE] [--report] [--explain]",
      "Compiles one MoE kernel, given as IR or by flags, to a code object."};

  void addFlags() {
    flags.positional("INPUT.mlir", "IR of one kernel, in any stage; - = stdin",
                     input);
    flags.string("chip", "CHIP",
                 "gfx942 or gfx950; no default. May be left out "
                 "where INPUT.mlir has a #rocdl.target",
                 chip);
    flags.choice<EmitStage>("emit",
                            "what to write [hsaco]: the kernel's IR, tile ops "
                            "after pipelining, LLVM IR, assembly, code object",
                            stage,
                            {{"mlir", EmitStage::Mlir},
                             {"tile", EmitStage::Tile},
                             {"llvm", EmitStage::Llvm},
                             {"asm", EmitStage::Asm},
                             {"hsaco", EmitStage::Hsaco}});
    flags.string("o", "FILE",
                 "where to write; - = stdout [stdout but for hsaco]", output);
    flags.toggle("report", "print a JSON report of the code object", report);
    flags.string("cache-dir", "DIR",
                 "folder of finished code objects, which processes may share: "
                 "what was compiled before is taken from there",
                 cache.folder);
    flags.integer("cache-size",
                  "MiB of the folder above which what was used longest ago is "
                  "removed [256]",
                  cacheMegabytes, 1);
    flags.toggle("debug-lines",
                 "keep the lines of INPUT.mlir in the code object",
                 lines.ofInput);
    flags.string("debug-tile", "FILE",
                 "write the tile ops to FILE and keep its lines in the code "
                 "object",
                 lines.tileFile);
    flags.group("a kernel by flags instead of IR");
    addKernelKindFlag(flags, kernel, TextKernel::kinds(), &other.kind);
    addKernelFlags(flags, kernel);
    other.addFlags(flags);
    flags.group("with --kernel: choosing what is not given");
    flags.integer("tokens",
                  "tokens of a batch to choose for; then --tile may be absent",
                  tokens, 1);
    flags.toggle("explain",
                 "say on standard error what was chosen and why; alone it "
                 "compiles nothing",
                 explain);
    addTuneFlags();
    addExamples();
  }

  void addTuneFlags() {
    flags.group("a table of schedules instead of a kernel");
    flags.string("tune", "SHAPES.json",
                 "search the schedules of both stages of each shape for the "
                 "least modelled time and write them to -o FILE, where entries "
                 "that are there already stay",
                 tune.shapes);
    flags.string("tune-only", "REGEX", "only shapes with a name that matches",
                 tune.only);
    flags.string("tune-tokens", "LIST",
                 "numbers of tokens, 1,2,4 for instance [the file's]",
                 tune.tokens);
    flags.integer("jobs", "threads of the search; 0 = one a core [0]",
                  tune.jobs, 0);
  }

  void addExamples() {
    const std::string kernel =
        "moe-compile --kernel gemm2 --model-dim 2880 --inter-dim 2880 "
        "--experts 128 --topk 4 --chip gfx950 ";
    flags.example(kernel + "--tile 16x128x256 -o k.hsaco --report",
                  "a code object and what it needs");
    flags.example(kernel + "--tokens 64 --explain",
                  "which configuration is chosen, and why");
    flags.example("moe-compile --kernel sort --experts 128 --topk 4 "
                  "--block-rows 16 --chip gfx950 -o sort.hsaco --report",
                  "the kernel that sorts tokens for them");
    flags.example("moe-compile kernel.mlir --chip gfx942 --emit asm",
                  "the assembly of a kernel in IR");
    flags.example("moe-compile --tune benchmarks/shapes.json --chip gfx950 "
                  "-o table.json",
                  "a table for --schedule-table");
  }

  bool fromFlags() const { return flags.given("kernel"); }
  bool isProduct() const { return other.kind.empty(); }
  /// Whether the configuration is chosen here.
  bool chooses() const {
    return fromFlags() && isProduct() && kernel.isGemm() &&
           !flags.given("tile");
  }

  /// The search has flags of its own and three of the others'.
  Error checkTune() const {
    if (flags.given("INPUT.mlir"))
      return usageError("--tune: expected no INPUT.mlir besides, got '" +
                        input + "'");
    for (const std::string &name : flags.names())
      if (flags.given(name) &&
          !llvm::is_contained(
              {"tune", "tune-only", "tune-tokens", "jobs", "chip", "o"}, name))
        return usageError("--" + name + " does not go with --tune");
    if (chip.empty())
      return usageError("missing flag --chip: gfx942 or gfx950");
    if (output.empty() || output == "-")
      return usageError("--tune: expected a file for -o, got '" + output + "'");
    return checkChip(chip);
  }

  /// Which flags must and must not come together.
  Error check() {
    if (flags.given("tune"))
      return checkTune();
    for (const char *name : {"tune-only", "tune-tokens", "jobs"})
      if (flags.given(name))
        return usageError("--" + llvm::Twine(name) + " goes with --tune");
    bool hasInput = flags.given("INPUT.mlir");
    if (lines.ofInput && !hasInput)
      return usageError("--debug-lines: expected INPUT.mlir, got a kernel by "
                        "flags, which has no lines (--debug-tile has)");
    if (!lines.tileFile.empty() &&
        (llvm::sys::fs::equivalent(lines.tileFile, input) ||
         llvm::StringRef(lines.tileFile) == output))
      return usageError("--debug-tile: expected a file of its own, got '" +
                        lines.tileFile + "', the input or the output");
    if (lines.ofInput && !lines.tileFile.empty())
      return usageError("expected --debug-lines or --debug-tile, got both");
    if (flags.given("cache-dir") && cache.folder.empty())
      return usageError("--cache-dir: expected a folder, got ''");
    if (flags.given("cache-dir") && stage != EmitStage::Hsaco && !report)
      return usageError(
          "--cache-dir: expected a code object, which is what the "
          "cache keeps, got --emit of another stage");
    if (!lines.tileFile.empty() && stage == EmitStage::Mlir && !report)
      return usageError(
          "--debug-tile: expected a later stage than --emit mlir, "
          "which is ahead of the tiles");
    if (flags.given("cache-size") && !flags.given("cache-dir"))
      return usageError("--cache-size goes with --cache-dir");
    if (hasInput == fromFlags())
      return usageError(hasInput
                            ? "expected INPUT.mlir or --kernel, got both"
                            : "expected INPUT.mlir or --kernel, got neither");
    // A module may name its chip itself.
    if (chip.empty() && fromFlags() &&
        (stage != EmitStage::Mlir || report || explain || chooses()))
      return usageError("missing flag --chip: gfx942 or gfx950");
    if (stage == EmitStage::Hsaco && output.empty() && !report && !explain)
      return usageError("missing flag -o: a code object goes to a file");
    if (report && output == "-")
      return usageError("--report writes to standard output: expected a file "
                        "for -o, got '-'");
    return !fromFlags()  ? checkNoKernelFlags()
           : isProduct() ? checkKernelFlags()
                         : other.check(flags, kernel);
  }

  Error checkKernelFlags() const {
    if (Error error = other.checkNone(flags, toString(kernel.kernel)))
      return error;
    if (Error error = requireDimensions(flags))
      return error;
    if (!kernel.isGemm())
      for (const char *name : {"tokens", "explain"})
        if (flags.given(name))
          return usageError("--" + llvm::Twine(name) + " does not belong to " +
                            toString(kernel.kernel));
    if (!kernel.tile && kernel.kernel == KernelKind::Activate)
      return usageError("missing flag --tile");
    if (!kernel.tile && kernel.isGemm() && !flags.given("tokens"))
      return usageError("missing flag --tile, or --tokens to have the "
                        "configuration chosen");
    if (tokens >= 1 << 24)
      return llvm::createStringError(
          "--tokens: expected fewer than 16777216, got " + llvm::Twine(tokens));
    if (Error error = checkUnsortedFlags(flags, kernel))
      return error;
    if (Error error = checkTableFlag(flags, kernel))
      return error;
    if (Error error = checkStageFlags(flags, kernel.kernel))
      return error;
    return checkStageValues(flags, kernel);
  }

  /// Fills in what the command line left open.
  Error choose() {
    if (!explain && !chooses())
      return Error::success();
    if (Error error = checkChip(chip))
      return error;
    Workload workload;
    workload.tokens = tokens;
    const Chip &target = *lookupChip(chip);
    files::protectInput(kernel.scheduleTable);
    auto table = loadScheduleTable(kernel.scheduleTable, chip);
    if (!table)
      return table.takeError();
    Configuration configuration =
        chooseConfig(kernel, workload, target, fixedAxes(flags), *table);
    kernel = configuration.options;
    // What is explained is possible: else the compiler says why not.
    if (onlyExplains()) {
      auto tile = emitKernel(kernel, EmitStage::Tile, chip);
      if (!tile)
        return tile.takeError();
    }
    if (explain)
      llvm::errs() << explainConfig(configuration, workload, target);
    return Error::success();
  }

  bool onlyExplains() const {
    return stage == EmitStage::Hsaco && output.empty() && !report;
  }

  Error checkNoKernelFlags() const {
    FlagSet kernelOnly("", "");
    KernelOptions ignored;
    addKernelKindFlag(kernelOnly, ignored);
    addKernelFlags(kernelOnly, ignored);
    std::vector<std::string> names = kernelOnly.names();
    llvm::append_range(names, TextKernel::names());
    names.insert(names.end(), {"tokens", "explain"});
    for (const std::string &name : names)
      if (flags.given(name))
        return usageError("--" + name + " goes with --kernel, not with IR");
    return Error::success();
  }
};

/// To a file, or to standard output, which is also what "" means.
Error writeOutput(const std::string &path, StringRef bytes) {
  if (!path.empty() && path != "-")
    return files::writeFile(path, {llvm::arrayRefFromStringRef(bytes)});
  llvm::outs() << bytes;
  return files::flushStandardOutput();
}

Error printReport(const codeobject::KernelReport &report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, /*IndentSize=*/2);
  codeobject::writeJSON(report, json);
  os << '\n';
  return writeOutput("-", text);
}

Error execute(Command &command) {
  if (Error error = command.choose())
    return error;
  if (command.onlyExplains())
    return Error::success();
  std::string text, name = command.input;
  bool isText = !command.fromFlags() || !command.isProduct();
  if (!command.fromFlags()) {
    auto input = files::readText(command.input, mostTextBytes);
    if (!input)
      return input.takeError();
    text = std::move(*input);
    if (StringRef(text).starts_with(llvm::ELF::ElfMagic))
      return llvm::createStringError("'" + command.input +
                                     "': expected MLIR, got a code object; "
                                     "moe-run info reads it");
    files::protectInput(command.input);
  } else if (isText) {
    text = command.other.ir();
    name.clear();
  }
  if (Error error = files::checkOutput(command.output))
    return error;
  std::string artefact;
  if (command.stage != EmitStage::Hsaco) {
    auto emitted =
        isText ? emitIR(text, name, command.stage, command.chip, command.lines)
               : emitKernel(command.kernel, command.stage, command.chip,
                            command.lines);
    if (!emitted)
      return emitted.takeError();
    artefact = std::move(*emitted);
  }
  if (command.report || command.stage == EmitStage::Hsaco) {
    command.cache.megabytes = command.cacheMegabytes;
    auto kernel = isText ? compileIR(text, name, command.chip, command.lines,
                                     command.cache)
                         : compileKernel(command.kernel, command.chip,
                                         command.lines, command.cache);
    if (!kernel)
      return kernel.takeError();
    if (!kernel->cacheWarning.empty())
      llvm::errs() << "moe-compile: warning: " << kernel->cacheWarning << '\n';
    if (command.stage == EmitStage::Hsaco)
      artefact.assign(kernel->elf.begin(), kernel->elf.end());
    if (!command.output.empty())
      if (Error error = writeOutput(command.output, artefact))
        return error;
    return command.report ? printReport(kernel->report) : Error::success();
  }
  return writeOutput(command.output, artefact);
}

} // namespace

int runMoECompile(llvm::ArrayRef<const char *> args, const Tuner &tuner) {
  Command command;
  command.addFlags();
  Error error = command.flags.parse(args);
  if (!error && command.flags.helpRequested()) {
    command.flags.printHelp(llvm::outs());
    return 0;
  }
  if (!error)
    error = command.check();
  if (!error && command.flags.given("tune")) {
    command.tune.chip = command.chip;
    command.tune.output = command.output;
    error = tuner(command.tune);
  } else if (!error) {
    error = execute(command);
  }
  return reportError(std::move(error), "moe-compile", llvm::errs());
}

} // namespace moe::driver
