//===- RunReport.cpp - what a run prints ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The summary and the JSON object of one stage, and the messages about what is
// wrong with it.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunStage.h"
#include "Files/JSONNumber.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe;
using namespace moe::driver;

static std::string tileString(const TileShape &tile) {
  return std::to_string(tile.m) + "x" + std::to_string(tile.n) + "x" +
         std::to_string(tile.k);
}

json::Object moe::driver::configJSON(const KernelOptions &o) {
  return json::Object{{"kernel", toString(o.kernel)},
                      {"model_dim", o.modelDim},
                      {"inter_dim", o.interDim},
                      {"experts", o.experts},
                      {"topk", o.topk},
                      {"tile", tileString(*o.tile)},
                      {"out_type", toString(o.outType)},
                      {"accumulate", o.usesAtomics()},
                      {"reduce", o.reduce},
                      {"bias", o.bias},
                      {"weight", o.appliesWeight()},
                      {"k_batch", o.kBatch},
                      {"k_wave", o.kWave},
                      {"waves", o.waves},
                      {"cache", toString(o.cache)},
                      {"xcd", o.xcd},
                      {"group_m", o.groupM},
                      {"waves_per_eu", o.wavesPerEu}};
}

json::Value moe::driver::describeJSON(const Request &request,
                                      const Problem &problem,
                                      const Result &result) {
  const reference::ErrorReport e = result.check.total();
  json::Object root{
      {"pass", result.sampled ? json::Value(nullptr) : result.pass()},
      {"max_err", files::jsonNumber(e.maxError)},
      {"max_bound_ratio", files::jsonNumber(e.maxBoundRatio)},
      {"logits_diff", files::jsonNumber(e.logitsDiff)},
      {"logits_limit", e.logitsLimit},
      {"wrong", e.wrong},
      {"compared", e.compared},
      {"rows", result.check.rows},
      {"sampled_rows", result.check.sampledRows},
      {"config", configJSON(problem.options)},
      {"chip", request.chip},
      {"executor", request.executor->name()},
      {"tokens", problem.tokens},
      {"seed", int64_t(request.seed)},
      {"kernel", result.kernel.kernelName},
      {"grid", json::Array{result.grid[0], result.grid[1], result.grid[2]}},
      {"block", json::Array{result.kernel.block[0], result.kernel.block[1],
                            result.kernel.block[2]}},
      {"instructions", int64_t(result.outcome.instructions)},
      {"seconds", result.times.run},
      {"processor_seconds", result.outcome.processorSeconds},
      {"times", json::Object{{"compile", result.times.compile},
                             {"data", result.times.data},
                             {"run", result.times.run},
                             {"reference", result.times.reference}}},
      {"warnings", json::Array(result.outcome.warnings)},
      {"reports", json::Array(result.outcome.reports)},
      {"report_count", int64_t(result.outcome.reportGroups)},
      {"advice", json::Array(result.outcome.advice)}};
  const Sharding &sharding = problem.sharding;
  if (!sharding.mask.empty())
    root["experts_global"] = problem.globalExperts();
  if (sharding.localTokens >= 0)
    root["local_tokens"] = sharding.localTokens;
  if (request.dataDir.empty() && !request.files.routing)
    root["routing"] = toString(request.routing);
  if (result.check.columns)
    root["sampled_columns"] = result.check.sampledCols;
  if (const auto &sums = result.check.checksum)
    root["checksum"] = json::Object{
        {"pass", sums->pass},
        {"max_bound_ratio", files::jsonNumber(sums->maxBoundRatio)},
        {"wrong", sums->wrong}};
  if (result.second)
    root["second"] = json::Object{
        {"kernel", result.second->kernelName},
        {"grid", json::Array{result.secondGrid[0], result.secondGrid[1],
                             result.secondGrid[2]}}};
  addStats(root, result.outcome);
  return root;
}

/// The sum, if all launches have a time.
static std::optional<timing::ModelledTime>
sumOf(ArrayRef<LaunchTime> launches) {
  std::optional<timing::ModelledTime> sum;
  for (const LaunchTime &launch : launches) {
    if (!launch.modelled)
      return std::nullopt;
    if (sum)
      sum->add(*launch.modelled);
    else
      sum = launch.modelled;
  }
  return sum;
}

void moe::driver::addLaunchTimes(json::Object &root,
                                 ArrayRef<LaunchTime> launches) {
  std::optional<timing::ModelledTime> sum = sumOf(launches);
  if (!sum)
    return;
  json::Array parts;
  for (const LaunchTime &launch : launches) {
    json::Object part = modelledJSON(*launch.modelled);
    part["kernel"] = launch.kernel;
    parts.push_back(std::move(part));
  }
  json::Object all = modelledJSON(*sum);
  all["launches"] = std::move(parts);
  root["modelled"] = std::move(all);
}

void moe::driver::printLaunchTimes(ArrayRef<LaunchTime> launches) {
  std::optional<timing::ModelledTime> sum = sumOf(launches);
  if (!sum)
    return;
  for (const LaunchTime &launch : launches)
    outs() << format("  modelled: %8.2f us, bound by %-8s", launch.modelled->us,
                     launch.modelled->boundBy.c_str())
           << launch.kernel << '\n';
  outs() << format("  modelled: %8.2f us, of which %.2f us are launches; ",
                   sum->us, sum->launchUs)
         << "parameters " << sum->parameters
         << (sum->calibrated ? "" : ", uncalibrated")
         << (sum->sampled ? ", from a sample" : "") << '\n';
}

/// What is local of the experts and tokens, if not all.
static std::string shardLine(const Problem &problem) {
  std::string line;
  if (!problem.sharding.mask.empty())
    line += " of " + std::to_string(problem.globalExperts());
  if (problem.sharding.localTokens >= 0)
    line +=
        ", " + std::to_string(problem.sharding.localTokens) + " tokens local";
  return line;
}

/// The tile and whatever is not usual.
static std::string configLine(const KernelOptions &o) {
  std::string line = "tile " + tileString(*o.tile) + ", ";
  line += toString(o.outType);
  line += o.reduce                        ? ", store and reduce"
          : o.accumulate && !o.isStage1() ? ", accumulate"
                                          : ", store";
  if (o.kBatch > 1)
    line += ", k_batch " + std::to_string(o.kBatch);
  line += o.leavesRawSums() ? ", then activated" : "";
  line += o.appliesWeight() ? ", weight" : "";
  line += o.unsorted() ? ", unsorted" : "";
  line += o.bias ? ", bias" : "";
  for (auto [name, value] :
       {std::pair<const char *, int64_t>("k_wave", o.kWave),
        {"xcd", o.xcd},
        {"group_m", o.groupM}})
    if (value != 1)
      line += std::string(", ") + name + " " + std::to_string(value);
  return line + (o.cache == CachePolicy::NonTemporal ? ", cache nt" : "");
}

void moe::driver::printSummary(const Request &request, const Problem &problem,
                               const Result &result) {
  const KernelOptions &o = problem.options;
  const reference::ErrorReport e = result.check.total();
  outs() << toString(o.kernel) << " on " << request.chip << " ("
         << request.executor->name() << "): " << problem.tokens << " tokens, H "
         << o.modelDim << ", I " << o.interDim << ", " << o.experts
         << " experts" << shardLine(problem) << ", top " << o.topk;
  if (request.dataDir.empty() && request.files.routing)
    outs() << ", seed " << request.seed;
  else if (request.dataDir.empty())
    outs() << ", " << toString(request.routing) << " routing, seed "
           << request.seed;
  outs() << "\n  config        " << configLine(o);
  if (result.outcome.instructions) // a GPU counts none
    outs() << "\n  instructions  " << result.outcome.instructions;
  if (result.sampled) {
    outs() << '\n';
    printStats(result.outcome);
    outs() << "not compared: a sample was run\n";
    return;
  }
  outs() << "\n  error         max " << format("%.3g", e.maxError) << ", "
         << format("%.3f", e.maxBoundRatio) << " of the bound; logits_diff "
         << format("%.2e", e.logitsDiff) << " (limit "
         << format("%.2e", e.logitsLimit) << ")\n  compared      ";
  if (result.check.sampled())
    outs() << "a sample: " << result.check.sampledRows << " of "
           << result.check.rows << " rows, " << result.check.sampledCols
           << " columns of all rows"
           << (result.check.checksum ? ", and the column sums" : "");
  else
    outs() << "all " << result.check.rows << " rows";
  outs() << "\n  seconds       "
         << format("compile %.2f, data %.2f, run %.2f, reference %.2f",
                   result.times.compile, result.times.data, result.times.run,
                   result.times.reference)
         << '\n';
  printStats(result.outcome);
  outs() << (result.pass() ? "pass" : "FAIL") << '\n';
}

void moe::driver::explainErrors(const reference::ErrorReport &e,
                                StringRef what) {
  if (e.wrong)
    errs() << "moe-run: error: " << what << e.wrong << " of " << e.compared
           << " elements are outside the error bound; the worst is row "
           << e.worstRow << ", column " << e.worstCol << ": expected "
           << format("%.9g", e.worstExpected) << " within "
           << format("%.3g", e.worstBound) << ", got "
           << format("%.9g", e.worstValue) << '\n';
  else if (!e.pass)
    errs() << "moe-run: error: " << what << "logits_diff: expected at most "
           << format("%.3g", e.logitsLimit) << ", got "
           << format("%.3g", e.logitsDiff) << '\n';
}

void moe::driver::explainResult(const Result &result) {
  explainErrors(result.check.total(), "");
  if (result.check.unwritten)
    errs() << "moe-run: error: " << result.check.unwritten
           << " elements are NaN: nothing was stored there, or a NaN that "
              "should not have been read\n";
  if (result.check.changed)
    errs() << "moe-run: error: " << result.check.changed
           << " elements of rows without a route have changed\n";
  if (result.check.checksum && !result.check.checksum->pass) {
    const reference::ErrorReport &s = *result.check.checksum;
    errs() << "moe-run: error: the sums of " << s.wrong << " of " << s.compared
           << " columns over all rows are outside the error bound; the worst "
              "is column "
           << s.worstCol << ": expected " << format("%.9g", s.worstExpected)
           << " within " << format("%.3g", s.worstBound) << ", got "
           << format("%.9g", s.worstValue) << '\n';
  }
  if (!result.outcome.reports.empty())
    errs() << "moe-run: error: " << result.outcome.reportGroups
           << " sanitizer report"
           << (result.outcome.reportGroups == 1 ? "" : "s") << '\n';
}
