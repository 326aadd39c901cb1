//===- Check.cpp - the reference, and results against it ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference's layer in double for C, and Driver's comparison with it.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/Flags.h"
#include "Driver/Run/RunCheck.h"
#include "Files/CLocale.h"
#include "Files/JSONNumber.h"
#include "Stage.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace moe;
using driver::KernelOptions;

/// The options of a reference, where a split of K has no meaning.
static KernelOptions unsplit(KernelOptions options) {
  options.kBatch = 1;
  return options;
}

static Error checkStageArguments(const MoeConfig *config, const MoeBatch *batch,
                                 const MoeWeights *weights, int threads,
                                 const void *data) {
  if (Error error = capi::checkPointers({{config, "config"},
                                         {batch, "batch"},
                                         {weights, "weights"},
                                         {data, "values"}}))
    return error;
  if (Error error = capi::checkThreads(threads))
    return error;
  if (Error error = capi::checkComplete(*config))
    return error;
  return capi::checkTensors(*config, *batch, *weights, /*logical=*/true);
}

static Error checkLayerArguments(const MoeConfig *config, const MoeBatch *batch,
                                 const MoeWeights *gateUp,
                                 const MoeWeights *down, int threads,
                                 const void *data) {
  if (Error error = capi::checkPointers({{config, "config"},
                                         {batch, "batch"},
                                         {gateUp, "gateUp"},
                                         {down, "down"},
                                         {data, "values"}}))
    return error;
  if (Error error = capi::checkThreads(threads))
    return error;
  if (Error error = capi::checkComplete(*config, /*layer=*/true))
    return error;
  std::array<MoeConfig, 2> stages = capi::splitLayer(*config);
  if (Error error = capi::checkTensors(stages[0], *batch, *gateUp, true))
    return error;
  return capi::checkTensors(stages[1], *batch, *down, true);
}

static Error referenceStage(const MoeConfig &config, const MoeBatch &batch,
                            const MoeWeights &weights, int threads,
                            double *values) {
  if (!config.options.isGemm())
    return driver::usageError("kernel: expected gemm1 or gemm2, got " +
                              Twine(toString(config.options.kernel)));
  if (!batch.tokens)
    return Error::success();
  Expected<driver::Problem> problem = capi::makeProblem(
      unsplit(config.options), batch, weights, batch.x, nullptr);
  if (!problem)
    return problem.takeError();
  reference::MoEGemm gemm = problem->gemm(capi::threadsOf(threads));
  reference::GoldenResult golden =
      problem->options.isStage1()
          ? reference::goldenStage1(gemm,
                                    driver::activationOf(problem->options),
                                    nullptr, problem->outType())
          : reference::goldenStage2(gemm, problem->options.accumulate, nullptr,
                                    problem->outType());
  llvm::copy(golden.value, values);
  return Error::success();
}

MoeStatus moeReferenceStage(const MoeConfig *config, const MoeBatch *batch,
                            const MoeWeights *weights, int threads,
                            double *values) {
  if (Error error =
          checkStageArguments(config, batch, weights, threads, values))
    return capi::statusOf(std::move(error));
  return capi::statusOf(
      referenceStage(*config, *batch, *weights, threads, values));
}

/// The problems of both stages; `up` starts from zeros.
static Expected<std::pair<driver::Problem, driver::Problem>>
layerProblems(const KernelOptions &first, const KernelOptions &second,
              const MoeBatch &batch, const MoeWeights &gateUp,
              const MoeWeights &down) {
  Expected<driver::Problem> up =
      capi::makeProblem(first, batch, gateUp, batch.x, nullptr);
  if (!up)
    return up.takeError();
  Expected<driver::Problem> next =
      capi::makeProblem(second, batch, down, nullptr, nullptr);
  if (!next)
    return next.takeError();
  return std::make_pair(std::move(*up), std::move(*next));
}

static Error referenceLayer(const MoeConfig &config, const MoeBatch &batch,
                            const MoeWeights &gateUp, const MoeWeights &down,
                            int threads, double *values) {
  if (!batch.tokens)
    return Error::success();
  std::array<MoeConfig, 2> stages = capi::splitLayer(config);
  auto problems =
      layerProblems(unsplit(stages[0].options), unsplit(stages[1].options),
                    batch, gateUp, down);
  if (!problems)
    return problems.takeError();
  unsigned count = capi::threadsOf(threads);
  reference::GoldenResult golden = reference::goldenLayer(
      problems->first.gemm(count),
      driver::activationOf(problems->first.options),
      problems->second.gemm(count), nullptr, problems->second.outType());
  llvm::copy(golden.value, values);
  return Error::success();
}

MoeStatus moeReferenceLayer(const MoeConfig *config, const MoeBatch *batch,
                            const MoeWeights *gateUp, const MoeWeights *down,
                            int threads, double *values) {
  if (Error error =
          checkLayerArguments(config, batch, gateUp, down, threads, values))
    return capi::statusOf(std::move(error));
  return capi::statusOf(
      referenceLayer(*config, *batch, *gateUp, *down, threads, values));
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

static Error judge(const driver::CheckResult &result, char **verdict) {
  reference::ErrorReport e = result.total();
  capi::giveJSON(
      verdict,
      json::Object{{"pass", result.pass()},
                   {"max_err", files::jsonNumber(e.maxError)},
                   {"max_bound_ratio", files::jsonNumber(e.maxBoundRatio)},
                   {"logits_diff", files::jsonNumber(e.logitsDiff)},
                   {"wrong", e.wrong},
                   {"compared", e.compared},
                   {"rows", result.rows},
                   {"sampled_rows", result.sampledRows}});
  if (result.pass())
    return Error::success();
  return createStringError(
      "the result is wrong: " + Twine(e.wrong) + " of " + Twine(e.compared) +
      " elements are outside their bound, the worst at row " +
      Twine(e.worstRow) + ", column " + Twine(e.worstCol) + ": expected " +
      std::to_string(e.worstExpected) + ", got " +
      std::to_string(e.worstValue));
}

static Error checkStage(const MoeConfig &config, StringRef chip,
                        const MoeBatch &batch, const MoeWeights &weights,
                        int threads, const void *out, char **verdict) {
  if (!batch.tokens)
    return judge(driver::CheckResult(), verdict);
  Expected<KernelOptions> options = capi::optionsFor(config, chip, batch);
  if (!options)
    return options.takeError();
  Expected<driver::Problem> problem =
      capi::makeProblem(*options, batch, weights, batch.x, nullptr);
  if (!problem)
    return problem.takeError();
  return judge(driver::checkStage(*problem, out, capi::threadsOf(threads)),
               verdict);
}

MoeStatus moeCheckStage(const MoeConfig *config, const char *chip,
                        const MoeBatch *batch, const MoeWeights *weights,
                        int threads, const void *out, char **verdict) {
  files::CLocale locale;
  if (verdict)
    *verdict = nullptr;
  if (Error error = checkStageArguments(config, batch, weights, threads, out))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkPointers({{chip, "chip"}}))
    return capi::statusOf(std::move(error));
  return capi::statusOf(
      checkStage(*config, chip, *batch, *weights, threads, out, verdict));
}

static Error checkLayer(const MoeConfig &config, StringRef chip,
                        const MoeBatch &batch, const MoeWeights &gateUp,
                        const MoeWeights &down, int threads, const void *out,
                        char **verdict) {
  if (!batch.tokens)
    return judge(driver::CheckResult(), verdict);
  std::array<MoeConfig, 2> stages = capi::splitLayer(config);
  Expected<KernelOptions> first = capi::optionsFor(stages[0], chip, batch);
  if (!first)
    return first.takeError();
  Expected<KernelOptions> second = capi::optionsFor(stages[1], chip, batch);
  if (!second)
    return second.takeError();
  auto problems = layerProblems(*first, *second, batch, gateUp, down);
  if (!problems)
    return problems.takeError();
  return judge(driver::checkLayer(problems->first, problems->second, out,
                                  capi::threadsOf(threads)),
               verdict);
}

MoeStatus moeCheckLayer(const MoeConfig *config, const char *chip,
                        const MoeBatch *batch, const MoeWeights *gateUp,
                        const MoeWeights *down, int threads, const void *out,
                        char **verdict) {
  files::CLocale locale;
  if (verdict)
    *verdict = nullptr;
  if (Error error =
          checkLayerArguments(config, batch, gateUp, down, threads, out))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkPointers({{chip, "chip"}}))
    return capi::statusOf(std::move(error));
  return capi::statusOf(
      checkLayer(*config, chip, *batch, *gateUp, *down, threads, out, verdict));
}
