//===- RunLayer.cpp - moe-run layer ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both stages, the second on the first one's output, and the judgement of the
// layer as a whole.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunStage.h"
#include "Files/JSONNumber.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe;
using namespace moe::driver;

std::array<Request, 2> moe::driver::splitLayer(const Request &request) {
  std::array<Request, 2> stages = {request, request};
  std::array<KernelOptions, 2> options = stagesOf(request.options);
  for (int i : {0, 1}) {
    stages[i].layer = false;
    stages[i].options = options[i];
  }
  stages[0].outFile.clear();
  stages[0].files = {"1", /*x=*/true, /*out=*/false, request.files.alternating};
  stages[1].files = {"2", /*x=*/false, /*out=*/true};
  return stages;
}

namespace {
/// A layer's run: the stages, and the whole of them.
struct Layer {
  std::array<Request, 2> stages;
  std::array<Problem, 2> problems;
  std::array<Result, 2> results;
  std::optional<CheckResult> check; ///< absent after a sanitizer's finding
  double seconds = 0;               ///< of that check

  bool pass() const {
    return results[0].pass() && results[1].pass() && check && check->pass();
  }
};
} // namespace

/// Makes the first stage's problem, which has the dimensions of the second.
/// What stage 2 does not take is an error before stage 1 runs.
static Error startLayer(Layer &layer) {
  Request &second = layer.stages[1];
  Problem &problem = layer.problems[0];
  if (Error error = checkChip(second.chip))
    return error;
  if (Error error = firstProblem(layer.stages[0], layer.results[0].times)
                        .moveInto(problem))
    return error;
  second.options.modelDim = problem.options.modelDim;
  second.options.interDim = problem.options.interDim;
  second.options.experts = problem.options.experts;
  second.options.topk = problem.options.topk;
  second.tokens = problem.tokens;
  return checkLaterStage(second, problem.sharding);
}

/// Runs both stages, unless the first has findings.
static Error runLayer(const Request &request, Layer &layer) {
  if (Error error = startLayer(layer))
    return error;
  std::array<DeviceBuffers, 2> buffers;
  for (int i : {0, 1}) {
    Request &stage = layer.stages[i];
    Problem &problem = layer.problems[i];
    if (i == 1) {
      if (Error error =
              firstProblem(stage, layer.results[1].times).moveInto(problem))
        return error;
      // The tensors of stage 1 are of no use to the second.
      buffers[0].w = HostBuffer();
      buffers[0].scale = HostBuffer();
    }
    if (Error error = runProblem(stage, problem, layer.results[i], buffers[i],
                                 i ? &buffers[0].out : nullptr))
      return error;
    if (!request.json)
      printSummary(stage, layer.problems[i], layer.results[i]);
    explainResult(layer.results[i]);
    if (!layer.results[i].outcome.reports.empty())
      return Error::success();
  }
  Stopwatch watch(layer.seconds);
  layer.check = checkLayer(layer.problems[0], layer.problems[1],
                           buffers[1].out.data(), request.threads());
  return Error::success();
}

static json::Value describeLayer(const Layer &layer) {
  const std::array<Result, 2> &results = layer.results;
  json::Array parts;
  for (int i : {0, 1})
    if (layer.check || i == 0)
      parts.push_back(
          describeJSON(layer.stages[i], layer.problems[i], results[i]));
  json::Object root{{"pass", layer.pass()},
                    {"instructions", int64_t(results[0].outcome.instructions +
                                             results[1].outcome.instructions)},
                    {"seconds", results[0].times.run + results[1].times.run},
                    {"stages", std::move(parts)}};
  moe::executor::Outcome both;
  for (const Result &result : results) {
    moe::executor::Outcome one;
    one.modelled = result.outcome.modelled;
    both.add(std::move(one));
  }
  addModelled(root, both);
  if (!layer.check)
    return root;
  const reference::ErrorReport &e = layer.check->elements;
  root["config"] = configJSON(layer.problems[1].options);
  root["max_err"] = files::jsonNumber(e.maxError);
  root["max_bound_ratio"] = files::jsonNumber(e.maxBoundRatio);
  root["logits_diff"] = files::jsonNumber(e.logitsDiff);
  root["logits_limit"] = e.logitsLimit;
  root["wrong"] = e.wrong;
  root["compared"] = e.compared;
  root["rows"] = layer.check->rows;
  root["sampled_rows"] = layer.check->sampledRows;
  root["reference_seconds"] = layer.seconds;
  return root;
}

static void printLayer(const Layer &layer) {
  if (layer.check) {
    const reference::ErrorReport &e = layer.check->elements;
    outs() << "layer: both stages in double, "
           << (layer.check->sampled() ? "a sample: " : "all ")
           << layer.check->sampledRows << " of " << layer.check->rows
           << " rows\n  error         max " << format("%.3g", e.maxError)
           << ", " << format("%.3f", e.maxBoundRatio)
           << " of the bound; logits_diff " << format("%.2e", e.logitsDiff)
           << " (limit " << format("%.2e", e.logitsLimit)
           << ")\n  seconds       "
           << format("reference %.2f\n", layer.seconds);
  }
  outs() << (layer.pass() ? "pass" : "FAIL") << '\n';
}

Expected<Verdict> moe::driver::layerCommand(Arguments args) {
  Request request;
  request.layer = true;
  request.options.kernel = KernelKind::Gemm1;
  if (Error error = parseRequest(args, request))
    return std::move(error);
  if (request.help)
    return Verdict::Good;
  Layer layer;
  layer.stages = splitLayer(request);
  if (Error error = runLayer(request, layer))
    return std::move(error);
  if (request.json)
    outs() << describeLayer(layer) << '\n';
  else
    printLayer(layer);
  if (layer.check)
    explainErrors(layer.check->elements, "the layer: ");
  return layer.pass() ? Verdict::Good : Verdict::Failed;
}
