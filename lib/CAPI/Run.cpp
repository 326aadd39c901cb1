//===- Run.cpp - a stage or a layer in one call ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Choosing, compiling, preparing and launching, in that order. Compiled kernels
// are kept for the life of the process, since programs call a layer again and
// again.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/KernelFlags.h"
#include "Stage.h"
#include <cstring>
#include <map>
#include <mutex>

using namespace llvm;
using namespace moe;
using driver::HostBuffer;
using driver::KernelOptions;
using SharedKernel = std::shared_ptr<const driver::CompiledKernel>;

/// The kernel of the options, from an earlier call where there was one. A
/// kernel's name tells any two code objects for one chip apart.
static Expected<SharedKernel> compileOnce(const KernelOptions &options,
                                          StringRef chip) {
  static std::mutex mutex;
  static std::map<std::string, SharedKernel> kernels;
  std::string key = (chip + "/" + options.kernelName()).str();
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = kernels.find(key);
    if (found != kernels.end())
      return found->second;
  }
  Expected<driver::CompiledKernel> compiled =
      driver::compileKernel(options, chip);
  if (!compiled)
    return compiled.takeError();
  auto kernel =
      std::make_shared<const driver::CompiledKernel>(std::move(*compiled));
  std::lock_guard<std::mutex> lock(mutex);
  return kernels.emplace(key, kernel).first->second;
}

namespace {
/// What one call runs with, and what it has to tell.
struct Call {
  StringRef chip;
  const MoeExecutor *executor;
  executor::Outcome outcome;
  json::Array kernels, flags;

  json::Value describe() {
    json::Object object = capi::describe(outcome);
    object["kernels"] = std::move(kernels);
    object["flags"] = std::move(flags);
    return object;
  }
};
} // namespace

static Error launch(Call &call, const KernelOptions &options,
                    const driver::Problem &problem, int64_t numBlocks,
                    std::vector<executor::Argument> args) {
  Expected<SharedKernel> kernel = compileOnce(options, call.chip);
  if (!kernel)
    return kernel.takeError();
  const driver::CompiledKernel &k = **kernel;
  codeobject::GridVariables variables;
  variables.tokens = problem.tokens;
  variables.n = problem.options.n();
  variables.k = problem.options.k();
  variables.numBlocks = numBlocks;
  auto grid = codeobject::evaluateGrid(k.grid, variables);
  if (!grid)
    return grid.takeError();
  executor::Launch request;
  request.elf = k.elf;
  request.kernel = k.kernelName;
  request.grid = *grid;
  request.block = k.block;
  request.args = std::move(args);
  auto executor =
      executor::makeExecutor(call.executor->name, call.executor->options);
  if (!executor)
    return executor.takeError();
  Expected<executor::Outcome> outcome = (*executor)->run(request);
  if (!outcome)
    return outcome.takeError();
  call.outcome.add(std::move(*outcome));
  call.kernels.push_back(
      json::Object{{"name", k.kernelName},
                   {"grid", json::Array{(*grid)[0], (*grid)[1], (*grid)[2]}},
                   {"block", json::Array{k.block[0], k.block[1], k.block[2]}}});
  return Error::success();
}

/// Runs the stage on `x`, from and into `out`, which changes on success only.
static Error runStage(Call &call, const MoeConfig &config,
                      const MoeBatch &batch, const MoeWeights &weights,
                      const void *x, void *out) {
  Expected<KernelOptions> chosen = capi::optionsFor(config, call.chip, batch);
  if (!chosen)
    return chosen.takeError();
  Expected<driver::Problem> given =
      capi::makeProblem(*chosen, batch, weights, x, out);
  if (!given)
    return given.takeError();
  driver::Problem padded;
  bool pads = driver::needsPadding(given->options);
  if (pads)
    if (Error error = driver::padProblem(*given).moveInto(padded))
      return error;
  driver::Problem &problem = pads ? padded : *given;
  const KernelOptions &o = problem.options;
  Expected<driver::DeviceBuffers> buffers = driver::prepare(
      problem, o.tile->m, capi::threadsOf(0), driver::Garbage::Harmless);
  if (!buffers)
    return buffers.takeError();
  call.flags.push_back(driver::kernelFlagsString(o));
  bool raw = o.leavesRawSums();
  if (Error error = launch(call, raw ? driver::rawSumsOf(o) : o, problem,
                           buffers->numBlocks, buffers->arguments(problem)))
    return error;
  if (raw || o.reduce)
    if (Error error = launch(call,
                             raw ? driver::activateAfter(o)
                                 : driver::reduceAfter(o, /*mask=*/true),
                             problem, buffers->numBlocks,
                             buffers->secondArguments(problem)))
      return error;
  if (Error error = driver::cutOutput(*given, buffers->out))
    return error;
  if (call.outcome.reports.empty())
    std::memcpy(out, buffers->out.data(), buffers->out.size());
  return Error::success();
}

/// Tells the outcome, also of a call that a sanitizer found something in.
static MoeStatus finish(Error error, Call &call, char **outcome) {
  if (error)
    return capi::statusOf(std::move(error));
  capi::giveJSON(outcome, call.describe());
  return capi::statusOf(capi::failureOf(call.outcome));
}

MoeStatus moeRunStage(const MoeConfig *config, const char *chip,
                      const MoeExecutor *executor, const MoeBatch *batch,
                      const MoeWeights *weights, void *out, char **outcome) {
  if (outcome)
    *outcome = nullptr;
  if (Error error = capi::checkPointers({{config, "config"},
                                         {chip, "chip"},
                                         {executor, "executor"},
                                         {batch, "batch"},
                                         {weights, "weights"},
                                         {out, "out"}}))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkComplete(*config))
    return capi::statusOf(std::move(error));
  if (Error error = driver::checkChip(chip))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkTensors(*config, *batch, *weights,
                                       /*logical=*/false))
    return capi::statusOf(std::move(error));
  Call call{chip, executor, {}, {}, {}};
  Error error = batch->tokens
                    ? runStage(call, *config, *batch, *weights, batch->x, out)
                    : Error::success();
  return finish(std::move(error), call, outcome);
}

static Error runLayer(Call &call, const MoeConfig &config,
                      const MoeBatch &batch, const MoeWeights &gateUp,
                      const MoeWeights &down, void *out) {
  std::array<MoeConfig, 2> stages = capi::splitLayer(config);
  for (int i : {0, 1})
    if (Error error = capi::checkTensors(stages[i], batch, i ? down : gateUp,
                                         /*logical=*/false))
      return error;
  if (!batch.tokens)
    return Error::success();
  const KernelOptions &o = stages[0].options;
  if (Error error = driver::checkDimensions(o, batch.tokens))
    return error;
  Expected<HostBuffer> between = HostBuffer::allocate(
      uint64_t(batch.tokens * o.topk * o.outColumns() * 2));
  if (!between)
    return between.takeError();
  if (Error error =
          runStage(call, stages[0], batch, gateUp, batch.x, between->data()))
    return error;
  if (!call.outcome.reports.empty())
    return Error::success();
  return runStage(call, stages[1], batch, down, between->data(), out);
}

MoeStatus moeRunLayer(const MoeConfig *config, const char *chip,
                      const MoeExecutor *executor, const MoeBatch *batch,
                      const MoeWeights *gateUp, const MoeWeights *down,
                      void *out, char **outcome) {
  if (outcome)
    *outcome = nullptr;
  if (Error error = capi::checkPointers({{config, "config"},
                                         {chip, "chip"},
                                         {executor, "executor"},
                                         {batch, "batch"},
                                         {gateUp, "gateUp"},
                                         {down, "down"},
                                         {out, "out"}}))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkComplete(*config, /*layer=*/true))
    return capi::statusOf(std::move(error));
  if (Error error = driver::checkChip(chip))
    return capi::statusOf(std::move(error));
  Call call{chip, executor, {}, {}, {}};
  Error error = runLayer(call, *config, *batch, *gateUp, *down, out);
  return finish(std::move(error), call, outcome);
}
