//===- Run.cpp - a stage or a layer in one call ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Choosing, preparing and launching, in that order. One launch is in
// Launch.cpp.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/KernelFlags.h"
#include "Driver/Run/Routing.h"
#include "Files/CLocale.h"
#include "Launch.h"
#include "Stage.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace moe;
using capi::Call;
using driver::HostBuffer;
using driver::KernelOptions;

namespace {
/// What the stages of a block get from its router.
struct Routed {
  driver::RouterOptions options;
  driver::RouterTensors tensors;
  driver::GivenRouting routing, local;
  driver::SortedLists lists; ///< either these
  driver::PairLists pairs;   ///< or these
  HostBuffer cleared;
};
} // namespace

/// A kernel's name tells any two code objects for one chip apart.
static Error launch(Call &call, const KernelOptions &options,
                    const driver::Problem &problem, int64_t numBlocks,
                    std::vector<executor::Argument> args) {
  Expected<capi::SharedKernel> kernel =
      capi::compileOnce((call.chip + "/" + options.kernelName()).str(), [&] {
        return driver::compileKernel(options, call.chip, {},
                                     capi::compileCache());
      });
  if (!kernel)
    return kernel.takeError();
  return capi::launchKernel(call, **kernel, gridVariables(problem, numBlocks),
                            std::move(args));
}

/// Runs the stage on `x`, from and into `out`, which changes on success only.
static Error runStage(Call &call, const MoeConfig &config,
                      const MoeBatch &batch, const MoeWeights &weights,
                      const void *x, void *out, Routed *routed = nullptr) {
  Expected<KernelOptions> chosen = capi::optionsFor(config, call.chip, batch);
  if (!chosen)
    return chosen.takeError();
  Expected<driver::Problem> given =
      capi::makeProblem(*chosen, batch, weights, x, out);
  if (!given)
    return given.takeError();
  if (given->options.unsorted() && !routed) {
    given->options.mapEntries = int64_t(given->sharding.mask.size());
    given->options.limited = given->sharding.localTokens >= 0;
    given->options.clearColumns = 0;
  }
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
  if (routed && o.unsorted()) {
    static_cast<driver::PairLists &>(*buffers) = routed->pairs;
    if (o.clearColumns)
      buffers->clear = routed->cleared.bytes();
  } else if (routed) {
    static_cast<driver::SortedLists &>(*buffers) = routed->lists;
  }
  call.flags.push_back(driver::kernelFlagsString(o));
  bool raw = o.leavesRawSums();
  if (Error error =
          launch(call,
                 raw        ? driver::rawSumsOf(o)
                 : o.reduce ? driver::slotsOf(o)
                            : o,
                 problem, buffers->numBlocks(), buffers->arguments(problem)))
    return error;
  if (raw || o.reduce)
    if (Error error = launch(
            call, raw ? driver::activateAfter(o) : driver::reduceAfter(o),
            problem, buffers->numBlocks(), buffers->secondArguments(problem)))
      return error;
  if (Error error = buffers->joinRows(o))
    return error;
  if (Error error = driver::cutOutput(*given, buffers->out))
    return error;
  if (call.outcome.reports.empty())
    std::memcpy(out, buffers->out.data(), buffers->out.size());
  return Error::success();
}

/// The configuration has what a stage, or both, need, and the chip is known.
static Error checkTarget(const MoeConfig &config, const char *chip,
                         bool layer) {
  if (Error error = capi::checkComplete(config, layer))
    return error;
  return driver::checkChip(chip);
}

MoeStatus moeRunStage(const MoeConfig *config, const char *chip,
                      const MoeExecutor *executor, const MoeBatch *batch,
                      const MoeWeights *weights, void *out, char **outcome) {
  files::CLocale locale;
  if (outcome)
    *outcome = nullptr;
  if (Error error = capi::checkPointers({{config, "config"},
                                         {chip, "chip"},
                                         {executor, "executor"},
                                         {batch, "batch"},
                                         {weights, "weights"},
                                         {out, "out"}}))
    return capi::statusOf(std::move(error));
  if (Error error = checkTarget(*config, chip, /*layer=*/false))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkTensors(*config, *batch, *weights,
                                       /*logical=*/false))
    return capi::statusOf(std::move(error));
  Call call{chip, executor, {}, {}, {}};
  Error error = batch->tokens
                    ? runStage(call, *config, *batch, *weights, batch->x, out)
                    : Error::success();
  return capi::finish(std::move(error), call, outcome);
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
  files::CLocale locale;
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
  if (Error error = checkTarget(*config, chip, /*layer=*/true))
    return capi::statusOf(std::move(error));
  Call call{chip, executor, {}, {}, {}};
  Error error = runLayer(call, *config, *batch, *gateUp, *down, out);
  return capi::finish(std::move(error), call, outcome);
}

//===----------------------------------------------------------------------===//
// A block
//===----------------------------------------------------------------------===//

static Error checkRouter(const MoeConfig &config, const MoeBatch &batch,
                         const MoeRouter &router) {
  if (batch.tokens < 0)
    return createStringError("tokens: expected at least 0, got " +
                             Twine(batch.tokens));
  if (router.experts < 1 || router.experts > 1 << 24)
    return createStringError("experts: expected from 1 to 16777216, got " +
                             Twine(router.experts));
  if (router.sharedExperts < 0 || router.sharedExperts >= config.options.topk)
    return createStringError(
        "sharedExperts: expected from 0 to " + Twine(config.options.topk - 1) +
        ", one less than topk, got " + Twine(router.sharedExperts));
  for (auto [name, value] : {std::pair("scale", router.scale),
                             {"sharedWeight", router.sharedWeight}})
    if (!std::isfinite(value))
      return createStringError(Twine(name) +
                               ": expected a finite number, got " +
                               std::to_string(value));
  if (batch.tokens > 0)
    return capi::checkPointers({{router.logits, "logits"}});
  return Error::success();
}

static Error makeRouted(const MoeConfig &config, const MoeBatch &batch,
                        const MoeRouter &router, Routed &routed) {
  driver::RouterOptions &o = routed.options;
  o.score = router.sigmoid ? driver::RouterScore::Sigmoid
                           : driver::RouterScore::Softmax;
  o.renormalize = router.renormalize != 0;
  o.scale = router.scale;
  o.groups = router.groups;
  o.bestGroups = router.bestGroups;
  o.bf16Logits = router.bf16Logits != 0;
  o.experts = router.experts;
  o.shared = router.sharedExperts;
  o.sharedWeight = router.sharedWeight;
  o.topk = config.options.topk - o.shared;
  driver::RouterTensors &tensors = routed.tensors;
  tensors.tokens = batch.tokens;
  tensors.logits =
      HostBuffer::view(router.logits, uint64_t(batch.tokens * router.experts *
                                               (o.bf16Logits ? 2 : 4)));
  if (router.correction)
    tensors.correction.assign(router.correction,
                              router.correction + router.experts);
  if (router.expertMap)
    if (Error error = driver::makeExpertMap(
                          {router.expertMap, router.expertMap + o.allExperts()},
                          config.options.experts)
                          .moveInto(tensors.expertMap))
      return error;
  int64_t local = driver::countLocal(o, tensors);
  if (local == config.options.experts)
    return Error::success();
  return createStringError(
      "logits: expected as many experts of this device as the weights have, " +
      Twine(config.options.experts) + ", got " + Twine(local));
}

/// Whether to sort, and then one number of rows a block for both stages, in
/// their configurations.
static Error chooseSchedules(std::array<MoeConfig, 2> &stages, StringRef chip,
                             int64_t tokens, int64_t globalExperts) {
  Expected<driver::SortChoice> sorting =
      driver::chooseSort(stages[0].options, tokens);
  if (!sorting)
    return sorting.takeError();
  for (MoeConfig &stage : stages)
    stage.options.sort =
        sorting->sort ? driver::Sorting::On : driver::Sorting::Off;
  int64_t rows = std::numeric_limits<int64_t>::max();
  for (bool fix : {false, true})
    for (MoeConfig &stage : stages) {
      if (fix && sorting->sort)
        stage.options.blockRows = rows;
      Expected<driver::Configuration> choice =
          capi::chosen(stage, chip, tokens, globalExperts);
      if (!choice)
        return choice.takeError();
      if (fix)
        stage.options = choice->options;
      rows = std::min(rows, choice->options.tile->m);
    }
  return Error::success();
}

static Error routeAndSort(Call &call, std::array<MoeConfig, 2> &stages,
                          Routed &routed) {
  const KernelOptions &down = stages[1].options;
  auto run = [&](const std::string &ir, std::vector<executor::Argument> args,
                 int64_t tokens) {
    return capi::launchIR(call, ir, tokens, std::move(args));
  };
  if (Error error = driver::routeOnDevice(routed.options, routed.tensors, run,
                                          routed.routing))
    return error;
  routed.local =
      driver::localRouting(routed.options, routed.tensors, routed.routing);
  bool clears = down.accumulate && !driver::needsPadding(down);
  int64_t width = down.outType == driver::OutType::F32 ? 4 : 2;
  if (Error error = HostBuffer::allocate(
                        uint64_t(routed.tensors.tokens * down.modelDim * width))
                        .moveInto(routed.cleared))
    return error;
  int64_t columns = clears ? down.modelDim : 0;
  if (down.sort != driver::Sorting::Off)
    return driver::sortOnDevice(routed.options, routed.tensors, routed.routing,
                                down.tile->m, down.outType, columns,
                                routed.cleared, run, routed.lists)
        .takeError();
  routed.pairs = driver::pairsOf(routed.tensors, routed.routing);
  for (MoeConfig &stage : stages)
    driver::describeLists(routed.pairs, stage.options);
  stages[0].options.clearColumns = columns;
  stages[0].options.clearType = down.outType;
  return Error::success();
}

/// Both stages on the router's lists, into `routed.cleared`.
static Error runStages(Call &call, const std::array<MoeConfig, 2> &stages,
                       const MoeBatch &batch, const MoeWeights &gateUp,
                       const MoeWeights &down, Routed &routed) {
  MoeBatch local = batch;
  local.topkIds = routed.local.ids.data();
  local.topkWeights = routed.local.weights.data();
  local.expertMask = nullptr;
  for (int i : {0, 1})
    if (Error error = capi::checkTensors(stages[i], local, i ? down : gateUp,
                                         /*logical=*/false))
      return error;
  const KernelOptions &o = stages[0].options;
  Expected<HostBuffer> between = HostBuffer::allocate(
      uint64_t(batch.tokens * o.topk * o.outColumns() * 2));
  if (!between)
    return between.takeError();
  if (Error error = runStage(call, stages[0], local, gateUp, batch.x,
                             between->data(), &routed))
    return error;
  if (!call.outcome.reports.empty())
    return Error::success();
  return runStage(call, stages[1], local, down, between->data(),
                  routed.cleared.data(), &routed);
}

static Error runBlock(Call &call, const MoeConfig &config,
                      const MoeBatch &batch, const MoeRouter &router,
                      const MoeWeights &gateUp, const MoeWeights &down,
                      void *out) {
  Routed routed;
  if (Error error = makeRouted(config, batch, router, routed))
    return error;
  std::array<MoeConfig, 2> stages = capi::splitLayer(config);
  if (Error error =
          chooseSchedules(stages, call.chip, std::max<int64_t>(1, batch.tokens),
                          routed.options.allExperts()))
    return error;
  if (Error error = driver::checkDimensions(stages[0].options, batch.tokens))
    return error;
  if (!batch.tokens)
    return Error::success();
  if (Error error = routeAndSort(call, stages, routed))
    return error;
  if (call.outcome.reports.empty())
    if (Error error = runStages(call, stages, batch, gateUp, down, routed))
      return error;
  if (!call.outcome.reports.empty())
    return Error::success();
  std::memcpy(out, routed.cleared.data(), routed.cleared.size());
  if (router.topkIds)
    llvm::copy(routed.routing.ids, router.topkIds);
  if (router.topkWeights)
    llvm::copy(routed.routing.weights, router.topkWeights);
  return Error::success();
}

MoeStatus moeRunBlock(const MoeConfig *config, const char *chip,
                      const MoeExecutor *executor, const MoeBatch *batch,
                      const MoeRouter *router, const MoeWeights *gateUp,
                      const MoeWeights *down, void *out, char **outcome) {
  files::CLocale locale;
  if (outcome)
    *outcome = nullptr;
  if (Error error = capi::checkPointers({{config, "config"},
                                         {chip, "chip"},
                                         {executor, "executor"},
                                         {batch, "batch"},
                                         {router, "router"},
                                         {gateUp, "gateUp"},
                                         {down, "down"},
                                         {out, "out"}}))
    return capi::statusOf(std::move(error));
  if (Error error = checkTarget(*config, chip, /*layer=*/true))
    return capi::statusOf(std::move(error));
  if (Error error = checkRouter(*config, *batch, *router))
    return capi::statusOf(std::move(error));
  Call call{chip, executor, {}, {}, {}};
  Error error = runBlock(call, *config, *batch, *router, *gateUp, *down, out);
  return capi::finish(std::move(error), call, outcome);
}
