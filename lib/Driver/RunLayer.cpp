//===- RunLayer.cpp - moe-run layer ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both stages, the second on the first one's output, and the judgement of the
// layer as a whole.
//
//===----------------------------------------------------------------------===//

#include "RunStage.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe;
using namespace moe::driver;

/// The two requests of a layer: stage 1 stores bf16; the routing weight is
/// applied once, in stage 1 with --doweight, else in stage 2; a stage 2 that
/// stores is followed by a reduction.
static std::array<Request, 2> splitLayer(Request &request) {
  std::array<Request, 2> stages;
  for (Request &stage : stages) {
    stage.options = request.options;
    stage.chip = request.chip;
    stage.tokens = request.tokens;
    stage.routing = request.routing;
    stage.seed = request.seed;
    stage.maskFile = request.maskFile;
    stage.expertsGlobal = request.expertsGlobal;
    stage.localTokens = request.localTokens;
    stage.given = request.given;
    stage.fixed = request.fixed;
    stage.explain = request.explain;
    stage.execution = request.execution;
    stage.executor = request.executor;
  }
  stages[0].options.kernel = KernelKind::Gemm1;
  stages[0].options.outType = OutType::BF16;
  stages[0].options.reduce = false;
  stages[1].options.kernel = KernelKind::Gemm2;
  stages[1].options.routingWeight &= !request.options.doweight;
  stages[1].outFile = request.outFile;
  return stages;
}

/// The whole layer against its reference, which rounds the activations between
/// the stages too, but from its own values.
static double layerDifference(const Problem &up, const Problem &down,
                              const void *out, unsigned threads) {
  reference::GoldenResult golden = reference::goldenLayer(
      up.gemm(threads), activationOf(up.options), down.gemm(threads),
      down.options.reduce ? nullptr : down.initial.data(), down.outType());
  std::vector<double> values(golden.value.size());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        reference::loadFloat(down.outType(), out, static_cast<int64_t>(i));
  return reference::logitsDiff(values, golden.value);
}

Expected<Verdict> moe::driver::layerCommand(Arguments args) {
  Request request;
  request.layer = true;
  request.options.kernel = KernelKind::Gemm1;
  if (Error error = parseRequest(args, request))
    return std::move(error);
  if (request.help)
    return Verdict::Good;
  std::array<Request, 2> stages = splitLayer(request);
  std::array<Problem, 2> problems;
  std::array<Result, 2> results;
  std::array<DeviceBuffers, 2> buffers;
  for (int i : {0, 1}) {
    if (Error error = runStage(stages[i], problems[i], results[i], buffers[i],
                               i ? &buffers[0].out : nullptr))
      return std::move(error);
    if (!request.json)
      printSummary(stages[i], problems[i], results[i]);
    explainResult(results[i]);
  }
  // Above the limit of sampling this would be slow.
  std::optional<double> difference;
  // Both stages round, so twice the limit of one.
  double limit =
      2 * reference::logitsLimit(request.options.topk * request.options.kBatch);
  if (request.tokens <= kSampleAbove)
    difference = layerDifference(problems[0], problems[1],
                                 buffers[1].out.data(), request.threads());
  bool pass = results[0].pass() && results[1].pass() &&
              (!difference || *difference <= limit);
  if (request.json) {
    json::Array parts;
    for (int i : {0, 1})
      parts.push_back(describeJSON(stages[i], problems[i], results[i]));
    const reference::ErrorReport up = results[0].check.total();
    const reference::ErrorReport down = results[1].check.total();
    outs() << json::Value(json::Object{
                  {"pass", pass},
                  {"max_err", jsonNumber(std::max(up.maxError, down.maxError))},
                  {"max_bound_ratio",
                   jsonNumber(std::max(up.maxBoundRatio, down.maxBoundRatio))},
                  {"logits_diff", jsonNumber(difference.value_or(std::max(
                                      up.logitsDiff, down.logitsDiff)))},
                  {"config", configJSON(problems[1].options)},
                  {"instructions", int64_t(results[0].outcome.instructions +
                                           results[1].outcome.instructions)},
                  {"seconds", results[0].times.run + results[1].times.run},
                  {"stages", std::move(parts)}})
           << '\n';
  } else if (difference) {
    outs() << "layer: logits_diff " << format("%.2e", *difference) << " (limit "
           << format("%.2e", limit) << ")\n"
           << (pass ? "pass" : "FAIL") << '\n';
  } else {
    outs() << "layer: each stage compared, the second on the first one's "
              "output\n"
           << (pass ? "pass" : "FAIL") << '\n';
  }
  return pass ? Verdict::Good : Verdict::Failed;
}
