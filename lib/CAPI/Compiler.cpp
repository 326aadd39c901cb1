//===- Compiler.cpp - configurations and kernels for C --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options are parsed by the tools' own flags, so that a name, a value and a
// message are the same everywhere; the compiling is Driver's.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/KernelFlags.h"
#include "Files/CLocale.h"
#include "Support.h"
#include "moe/CodeObject/Report.h"
#include "moe/Reference/Sorting.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

using namespace llvm;
using namespace moe;
using moe::driver::KernelOptions;

/// What options mean together is wrong: a usage error.
static Error checkCombination(const driver::FlagSet &flags,
                              const MoeConfig &config) {
  if (flags.given("kernel")) {
    if (!config.layer)
      if (Error error = driver::checkStageFlags(flags, config.options.kernel))
        return error;
    if (Error error = driver::checkUnsortedFlags(flags, config.options))
      return error;
  }
  if (config.layer && flags.given("mask"))
    return driver::usageError("--mask does not belong to layer");
  if (Error error = driver::checkStageValues(flags, config.options))
    return error;
  return driver::checkTableFlag(flags, config.options);
}

/// Makes options of settings. Anew each time, since flags refer to what they
/// set. Each value is checked here, their combination is noted: options may
/// be set in any order, and those to come may make it right.
static Expected<MoeConfig> makeConfig(std::vector<MoeSetting> settings) {
  MoeConfig config;
  std::string other;
  driver::FlagSet flags("", "");
  driver::addKernelKindFlag(flags, config.options, {"layer"}, &other);
  driver::addKernelFlags(flags, config.options);
  if (Error error = capi::parseSettings(flags, settings))
    return std::move(error);
  config.settings = std::move(settings);
  config.layer = other == "layer";
  config.conflict = toString(checkCombination(flags, config));
  config.fixed = driver::fixedAxes(flags);
  if (!flags.given("kernel"))
    config.missing = "kernel";
  for (const char *name : {"model-dim", "inter-dim", "experts", "topk"})
    if (config.missing.empty() && !flags.given(name))
      config.missing = name;
  return config;
}

Error capi::checkComplete(const MoeConfig &config, bool layer) {
  if (!config.conflict.empty())
    return driver::usageError(config.conflict);
  if (!config.missing.empty())
    return driver::usageError("missing option '" + config.missing + "'");
  if (config.layer == layer)
    return Error::success();
  return driver::usageError(layer ? Twine("kernel: expected layer, got ") +
                                        toString(config.options.kernel)
                                  : Twine("kernel: expected the kernel of one "
                                          "stage, got layer"));
}

Expected<driver::Configuration> capi::chosen(const MoeConfig &config,
                                             StringRef chip, int64_t tokens,
                                             int64_t globalExperts) {
  if (Error error = driver::checkChip(chip))
    return std::move(error);
  if (!config.options.isGemm())
    return driver::usageError("kernel: expected gemm1, gemm2 or layer, got " +
                              Twine(toString(config.options.kernel)));
  driver::Workload workload;
  workload.tokens = tokens;
  workload.globalExperts = globalExperts;
  auto table = loadScheduleTable(config.options.scheduleTable, chip);
  if (!table)
    return table.takeError();
  return driver::chooseConfig(config.options, workload, *lookupChip(chip),
                              config.fixed, *table);
}

//===----------------------------------------------------------------------===//
// Configurations
//===----------------------------------------------------------------------===//

MoeStatus moeConfigCreate(MoeConfig **config) {
  if (Error error = capi::checkPointers({{config, "config"}}))
    return capi::statusOf(std::move(error));
  Expected<MoeConfig> made = makeConfig({});
  if (!made)
    return capi::statusOf(made.takeError());
  *config = new MoeConfig(std::move(*made));
  return MOE_OK;
}

void moeConfigDestroy(MoeConfig *config) { delete config; }

MoeStatus moeConfigSet(MoeConfig *config, const char *name, const char *value) {
  files::CLocale locale;
  if (Error error = capi::checkPointers({{config, "config"}, {name, "name"}}))
    return capi::statusOf(std::move(error));
  Expected<MoeConfig> made =
      makeConfig(capi::withSetting(config->settings, name, value));
  if (!made)
    return capi::statusOf(made.takeError());
  *config = std::move(*made);
  return MOE_OK;
}

static json::Value describeChoice(const driver::Configuration &choice) {
  json::Array axes;
  for (const driver::AxisChoice &axis : choice.axes)
    axes.push_back(json::Object{
        {"axis", axis.axis}, {"value", axis.value}, {"reason", axis.reason}});
  return json::Object{{"flags", driver::kernelFlagsString(choice.options)},
                      {"axes", std::move(axes)},
                      {"source", choice.source},
                      {"active_experts", choice.activeExperts},
                      {"rows_per_expert", choice.rowsPerExpert},
                      {"lds", choice.ldsBytes}};
}

MoeStatus moeConfigChoose(MoeConfig *config, const char *chip, int64_t tokens,
                          int64_t globalExperts, char **text) {
  files::CLocale locale;
  if (Error error = capi::checkPointers({{config, "config"}, {chip, "chip"}}))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkComplete(*config))
    return capi::statusOf(std::move(error));
  if (tokens < 1 || tokens >= 1 << 24)
    return capi::statusOf(createStringError(
        "tokens: expected from 1 to 16777215, got " + Twine(tokens)));
  int64_t local = config->options.experts;
  if (globalExperts && (globalExperts < local || globalExperts > 1 << 24))
    return capi::statusOf(createStringError(
        "globalExperts: expected 0 or from " + Twine(local) +
        ", the experts, to 16777216, got " + Twine(globalExperts)));
  // The options of the settings alone: what was chosen before is open again.
  Expected<MoeConfig> given = makeConfig(config->settings);
  if (!given)
    return capi::statusOf(given.takeError());
  Expected<driver::Configuration> choice =
      capi::chosen(*given, chip, tokens, globalExperts);
  if (!choice)
    return capi::statusOf(choice.takeError());
  config->options = choice->options;
  capi::giveJSON(text, describeChoice(*choice));
  return MOE_OK;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static void giveKernel(driver::CompiledKernel kernel,
                       std::optional<KernelOptions> options,
                       MoeKernel **target) {
  std::string report;
  raw_string_ostream os(report);
  json::OStream json(os);
  codeobject::writeJSON(kernel.report, json);
  *target =
      new MoeKernel{std::move(kernel), std::move(report), std::move(options)};
}

/// A complete configuration that can be built into IR.
static Error checkCompilable(const MoeConfig &config) {
  if (Error error = capi::checkComplete(config))
    return error;
  if (!config.options.tile &&
      config.options.kernel != driver::KernelKind::Reduce)
    return driver::usageError(
        "missing option 'tile', or a number of tokens to have it chosen for");
  return Error::success();
}

static Expected<driver::EmitStage> parseStage(StringRef stage) {
  using driver::EmitStage;
  for (auto [name, value] :
       {std::pair<const char *, EmitStage>("mlir", EmitStage::Mlir),
        {"tile", EmitStage::Tile},
        {"llvm", EmitStage::Llvm},
        {"asm", EmitStage::Asm}})
    if (stage == name)
      return value;
  return driver::usageError("stage: expected mlir, tile, llvm or asm, got '" +
                            stage + "'");
}

static std::mutex cacheMutex;
static driver::CompileCache cacheOfProcess;

driver::CompileCache capi::compileCache() {
  std::lock_guard<std::mutex> lock(cacheMutex);
  return cacheOfProcess;
}

MoeStatus moeSetCompileCache(const char *folder, uint64_t megabytes) {
  if (folder && !*folder)
    return capi::statusOf(
        driver::usageError("folder: expected a path or NULL, got ''"));
  if (folder && sys::fs::exists(folder) && !sys::fs::is_directory(folder))
    return capi::statusOf(createStringError(
        "folder: expected a folder, or none yet, got the file '" +
        Twine(folder) + "'"));
  std::lock_guard<std::mutex> lock(cacheMutex);
  cacheOfProcess = {folder ? folder : "", megabytes};
  return MOE_OK;
}

MoeStatus moeCompile(const MoeConfig *config, const char *chip,
                     MoeKernel **kernel) {
  files::CLocale locale;
  if (Error error = capi::checkPointers(
          {{config, "config"}, {chip, "chip"}, {kernel, "kernel"}}))
    return capi::statusOf(std::move(error));
  if (Error error = checkCompilable(*config))
    return capi::statusOf(std::move(error));
  Expected<driver::CompiledKernel> compiled =
      driver::compileKernel(config->options, chip, {}, capi::compileCache());
  if (!compiled)
    return capi::statusOf(compiled.takeError());
  giveKernel(std::move(*compiled), config->options, kernel);
  return MOE_OK;
}

MoeStatus moeCompileIR(const char *text, size_t length, const char *name,
                       const char *chip, MoeKernel **kernel) {
  files::CLocale locale;
  if (Error error = capi::checkPointers(
          {{text, "text"}, {name, "name"}, {chip, "chip"}, {kernel, "kernel"}}))
    return capi::statusOf(std::move(error));
  Expected<driver::CompiledKernel> compiled = driver::compileIR(
      StringRef(text, length), name, chip, {}, capi::compileCache());
  if (!compiled)
    return capi::statusOf(compiled.takeError());
  giveKernel(std::move(*compiled), std::nullopt, kernel);
  return MOE_OK;
}

static MoeStatus giveEmitted(Expected<std::string> emitted, char **text) {
  if (!emitted)
    return capi::statusOf(emitted.takeError());
  capi::giveString(text, *emitted);
  return MOE_OK;
}

MoeStatus moeEmit(const MoeConfig *config, const char *stage, const char *chip,
                  char **text) {
  files::CLocale locale;
  if (Error error = capi::checkPointers(
          {{config, "config"}, {stage, "stage"}, {text, "text"}}))
    return capi::statusOf(std::move(error));
  if (Error error = checkCompilable(*config))
    return capi::statusOf(std::move(error));
  Expected<driver::EmitStage> parsed = parseStage(stage);
  if (!parsed)
    return capi::statusOf(parsed.takeError());
  return giveEmitted(
      driver::emitKernel(config->options, *parsed, chip ? chip : ""), text);
}

MoeStatus moeEmitIR(const char *text, size_t length, const char *name,
                    const char *stage, const char *chip, char **result) {
  files::CLocale locale;
  if (Error error = capi::checkPointers({{text, "text"},
                                         {name, "name"},
                                         {stage, "stage"},
                                         {result, "result"}}))
    return capi::statusOf(std::move(error));
  Expected<driver::EmitStage> parsed = parseStage(stage);
  if (!parsed)
    return capi::statusOf(parsed.takeError());
  return giveEmitted(
      driver::emitIR(StringRef(text, length), name, *parsed, chip ? chip : ""),
      result);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

void moeKernelDestroy(MoeKernel *kernel) { delete kernel; }

/// Whether there is a kernel; else that is the thread's last error.
static bool hasKernel(const MoeKernel *kernel) {
  return capi::statusOf(capi::checkPointers({{kernel, "kernel"}})) == MOE_OK;
}

const char *moeKernelGetName(const MoeKernel *kernel) {
  if (!hasKernel(kernel))
    return nullptr;
  return kernel->kernel.kernelName.c_str();
}

const void *moeKernelGetCode(const MoeKernel *kernel, size_t *size) {
  if (size)
    *size = kernel ? kernel->kernel.elf.size() : 0;
  if (!hasKernel(kernel))
    return nullptr;
  return kernel->kernel.elf.data();
}

const char *moeKernelGetReport(const MoeKernel *kernel) {
  if (!hasKernel(kernel))
    return nullptr;
  return kernel->report.c_str();
}

void moeKernelGetBlock(const MoeKernel *kernel, uint32_t block[3]) {
  if (!block)
    return;
  std::fill_n(block, 3, 0);
  if (hasKernel(kernel))
    llvm::copy(kernel->kernel.block, block);
}

/// What the caller left open, from the configuration.
static Expected<codeobject::GridVariables>
fillDimensions(const MoeKernel &kernel, const MoeGridDimensions &given) {
  codeobject::GridVariables variables;
  if (given.tokens < 0)
    return createStringError("tokens: expected at least 0, got " +
                             Twine(given.tokens));
  variables.tokens = given.tokens;
  variables.n = given.n;
  variables.k = given.k;
  variables.numBlocks = given.numBlocks;
  if (given.n >= 0 && given.k >= 0 && given.numBlocks >= 0)
    return variables;
  if (!kernel.options)
    return driver::usageError("n, k and num_blocks: expected all three for a "
                              "kernel made of IR");
  const KernelOptions &o = *kernel.options;
  if (given.n < 0)
    variables.n = o.n();
  if (given.k < 0)
    variables.k = o.k();
  if (given.numBlocks < 0 && o.tile) {
    int64_t rows =
        reference::maxSortedRows(given.tokens, o.topk, o.experts, o.tile->m);
    variables.numBlocks = rows / o.tile->m + (rows % o.tile->m != 0);
  }
  return variables;
}

MoeStatus moeKernelGetGrid(const MoeKernel *kernel,
                           const MoeGridDimensions *dimensions,
                           uint32_t grid[3]) {
  if (Error error = capi::checkPointers(
          {{kernel, "kernel"}, {dimensions, "dimensions"}, {grid, "grid"}}))
    return capi::statusOf(std::move(error));
  Expected<codeobject::GridVariables> variables =
      fillDimensions(*kernel, *dimensions);
  if (!variables)
    return capi::statusOf(variables.takeError());
  auto evaluated = codeobject::evaluateGrid(kernel->kernel.grid, *variables);
  if (!evaluated)
    return capi::statusOf(evaluated.takeError());
  llvm::copy(*evaluated, grid);
  return MOE_OK;
}
