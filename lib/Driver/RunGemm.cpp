//===- RunGemm.cpp - moe-run gemm1, gemm2 and layer -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problem, configuration, compiler, executor, reference, verdict: the order of
// things in a run of one stage or of both, its flags and what it prints. Each
// step itself is elsewhere.
//
//===----------------------------------------------------------------------===//

#include "moe/CodeObject/Grid.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Compile.h"
#include "moe/Driver/KernelFlags.h"
#include "moe/Driver/RunCheck.h"
#include "moe/Driver/RunCommands.h"
#include "moe/Driver/RunProblem.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cmath>
#include <thread>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

namespace {
/// What the command line asks for.
struct Request {
  KernelOptions options;
  std::string chip, dataDir, outFile;
  int64_t tokens = 0;
  Routing routing = Routing::Uniform;
  uint64_t seed = 0;
  bool json = false, help = false;
  bool layer = false; ///< both stages, the second on the first one's output
  GivenDimensions given;
  ExecutorFlags execution;
  std::shared_ptr<moe::executor::Executor> executor;

  unsigned threads() const {
    if (execution.threads)
      return static_cast<unsigned>(std::min<int64_t>(execution.threads, 256));
    return std::max(1u, std::thread::hardware_concurrency());
  }
};

/// Wall time of the steps, in seconds.
struct Times {
  double compile = 0, data = 0, run = 0, reference = 0;
};

/// Everything a report tells.
struct Result {
  CompiledKernel kernel;
  std::array<uint32_t, 3> grid;
  moe::executor::Outcome outcome;
  CheckResult check;
  Times times;
  bool pass() const { return outcome.reports.empty() && check.pass(); }
};

class Stopwatch {
public:
  explicit Stopwatch(double &seconds)
      : seconds(seconds), start(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
  }

private:
  double &seconds;
  std::chrono::steady_clock::time_point start;
};
} // namespace

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

static void addFlags(FlagSet &flags, Request &request) {
  addKernelFlags(flags, request.options);
  flags.group("the problem");
  flags.string("chip", "NAME", "chip to compile for (required)", request.chip);
  flags.integer("tokens", "tokens of the batch", request.tokens, 1);
  flags.choice<Routing>("routing", "how tokens choose experts [uniform]",
                        request.routing,
                        {{"uniform", Routing::Uniform},
                         {"skewed", Routing::Skewed},
                         {"one-expert", Routing::OneExpert},
                         {"round-robin", Routing::RoundRobin}});
  flags.integer("seed", "seed of the generated problem [0]", request.seed);
  flags.string("data", "DIR", "own tensors, DIR/<name>.npy in logical order",
               request.dataDir);
  flags.string("out", "FILE.npy", "where the output goes", request.outFile);
  request.execution.add(flags);
  flags.group("the output");
  flags.toggle("stats", "count instructions by class, bytes and conflicts",
               request.execution.stats);
  flags.toggle("json", "print one JSON object", request.json);
}

static Error checkFlags(const FlagSet &flags, Request &request) {
  if (request.layer) {
    if (flags.given("data"))
      return createStringError("--data: expected generated tensors in moe-run "
                               "layer, own ones are not there yet");
    if (flags.given("trace"))
      return createStringError("--trace: expected one kernel, got both stages "
                               "of a layer; trace gemm1 or gemm2");
  } else if (Error error = checkStageFlags(flags, request.options.kernel)) {
    return error;
  }
  if (!flags.given("chip"))
    return usageError("missing flag --chip");
  if (flags.given("data")) {
    if (!flags.given("out"))
      return usageError("missing flag --out, which --data needs");
    if (flags.given("routing"))
      return usageError("--routing does not go with --data");
  } else {
    if (Error error = requireDimensions(flags))
      return error;
    if (!flags.given("tokens"))
      return usageError("missing flag --tokens");
  }
  if (Error error = request.execution.make(flags).moveInto(request.executor))
    return error;
  request.given = {flags.given("tokens"), flags.given("model-dim"),
                   flags.given("inter-dim"), flags.given("experts"),
                   flags.given("topk")};
  return Error::success();
}

static Error parse(Arguments args, Request &request) {
  FlagSet flags(
      std::string("moe-run ") +
          (request.layer ? "layer" : toString(request.options.kernel)) +
          " [flags]",
      "Compiles a kernel, runs it on a generated problem or on own tensors, "
      "and compares with a reference in double.");
  addFlags(flags, request);
  if (Error error = flags.parse(args))
    return error;
  request.help = flags.helpRequested();
  if (request.help) {
    flags.printHelp(outs());
    return Error::success();
  }
  return checkFlags(flags, request);
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

/// Compiles, with a tile chosen when there is none.
static Error compile(const Request &request, Problem &problem, Result &result) {
  Stopwatch watch(result.times.compile);
  KernelOptions &options = problem.options;
  if (!options.tile)
    options.tile = chooseTile(options, problem.tokens,
                              moe::lookupChip(request.chip)->ldsBytes);
  return compileKernel(options, request.chip).moveInto(result.kernel);
}

/// Reads the tensors, or makes a problem without tensors yet.
static Expected<Problem> firstProblem(const Request &request, Times &times) {
  Stopwatch watch(times.data);
  if (!request.dataDir.empty()) {
    Expected<Problem> problem =
        readProblem(request.dataDir, request.options, request.tokens,
                    request.given, request.threads());
    if (problem)
      problem->seed = request.seed;
    return problem;
  }
  if (Error error = checkDimensions(request.options, request.tokens))
    return std::move(error);
  Problem problem;
  problem.options = request.options;
  problem.tokens = request.tokens;
  return std::move(problem);
}

static Error execute(const Request &request, Problem &problem,
                     DeviceBuffers &buffers, Result &result) {
  const KernelOptions &o = problem.options;
  moe::codeobject::GridVariables variables;
  variables.tokens = problem.tokens;
  variables.n = o.n();
  variables.k = o.k();
  variables.numBlocks = buffers.numBlocks;
  if (Error error = codeobject::evaluateGrid(result.kernel.grid, variables)
                        .moveInto(result.grid))
    return error;
  moe::executor::Launch launch;
  launch.elf = result.kernel.elf;
  launch.kernel = result.kernel.kernelName;
  launch.grid = result.grid;
  launch.block = result.kernel.block;
  launch.args = buffers.arguments(problem);
  Stopwatch watch(result.times.run);
  return request.executor->run(launch).moveInto(result.outcome);
}

static Error writeResult(const Request &request, const Problem &problem,
                         const DeviceBuffers &buffers) {
  DType type = problem.options.outType == OutType::BF16  ? DType::U16
               : problem.options.outType == OutType::F16 ? DType::F16
                                                         : DType::F32;
  return writeNpy(request.outFile, type,
                  {problem.outRows(), problem.options.outColumns()},
                  buffers.out.bytes());
}

/// `input`: the activations, when they are another stage's output.
static Error runStage(const Request &request, Problem &problem, Result &result,
                      DeviceBuffers &buffers,
                      const HostBuffer *input = nullptr) {
  if (Error error = checkChip(request.chip))
    return error;
  if (Error error = firstProblem(request, result.times).moveInto(problem))
    return error;
  if (problem.options.kernel == KernelKind::Gemm1 && problem.options.kBatch > 1)
    return createStringError("k-batch: expected 1 in moe-run gemm1, got " +
                             Twine(problem.options.kBatch) +
                             ": the raw sums have no finishing step yet");
  if (Error error = compile(request, problem, result))
    return error;
  {
    Stopwatch watch(result.times.data);
    if (request.dataDir.empty())
      if (Error error =
              generateProblem(problem.options, request.tokens, request.routing,
                              request.seed, request.threads())
                  .moveInto(problem))
        return error;
    if (input)
      std::copy_n(input->data(), problem.x.size(), problem.x.data());
    if (Error error =
            prepare(problem, problem.options.tile->m, request.threads())
                .moveInto(buffers))
      return error;
  }
  if (Error error = execute(request, problem, buffers, result))
    return error;
  printFindings(result.outcome);
  {
    Stopwatch watch(result.times.reference);
    result.check = checkStage(problem, buffers.out.data(), request.threads());
  }
  // A run with a finding may have been stopped early: its output is no result.
  if (!request.outFile.empty() && result.outcome.reports.empty())
    return writeResult(request, problem, buffers);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// What is printed
//===----------------------------------------------------------------------===//

/// A number as JSON can hold it.
static json::Value jsonNumber(double value) {
  if (std::isfinite(value))
    return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

static std::string tileString(const TileShape &tile) {
  return std::to_string(tile.m) + "x" + std::to_string(tile.n) + "x" +
         std::to_string(tile.k);
}

static json::Object configJSON(const KernelOptions &o) {
  return json::Object{{"kernel", toString(o.kernel)},
                      {"model_dim", o.modelDim},
                      {"inter_dim", o.interDim},
                      {"experts", o.experts},
                      {"topk", o.topk},
                      {"tile", tileString(*o.tile)},
                      {"out_type", toString(o.outType)},
                      {"accumulate", o.accumulate},
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

static json::Value describeJSON(const Request &request, const Problem &problem,
                                const Result &result) {
  const reference::ErrorReport e = result.check.total();
  json::Object root{
      {"pass", result.pass()},
      {"max_err", jsonNumber(e.maxError)},
      {"max_bound_ratio", jsonNumber(e.maxBoundRatio)},
      {"logits_diff", jsonNumber(e.logitsDiff)},
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
      {"times", json::Object{{"compile", result.times.compile},
                             {"data", result.times.data},
                             {"run", result.times.run},
                             {"reference", result.times.reference}}},
      {"warnings", json::Array(result.outcome.warnings)},
      {"reports", json::Array(result.outcome.reports)}};
  if (request.dataDir.empty())
    root["routing"] = toString(request.routing);
  if (result.check.columns)
    root["sampled_columns"] = result.check.sampledCols;
  if (const auto &sums = result.check.checksum)
    root["checksum"] =
        json::Object{{"pass", sums->pass},
                     {"max_bound_ratio", jsonNumber(sums->maxBoundRatio)},
                     {"wrong", sums->wrong}};
  addStats(root, result.outcome);
  return root;
}

static void printSummary(const Request &request, const Problem &problem,
                         const Result &result) {
  const KernelOptions &o = problem.options;
  const reference::ErrorReport e = result.check.total();
  outs() << toString(o.kernel) << " on " << request.chip << " ("
         << request.executor->name() << "): " << problem.tokens << " tokens, H "
         << o.modelDim << ", I " << o.interDim << ", " << o.experts
         << " experts, top " << o.topk;
  if (request.dataDir.empty())
    outs() << ", " << toString(request.routing) << " routing, seed "
           << request.seed;
  outs() << "\n  config        tile " << tileString(*o.tile) << ", "
         << toString(o.outType) << (o.accumulate ? ", accumulate" : ", store")
         << (o.appliesWeight() ? ", weight" : "") << (o.bias ? ", bias" : "")
         << "\n  instructions  " << result.outcome.instructions
         << "\n  error         max " << format("%.3g", e.maxError) << ", "
         << format("%.3f", e.maxBoundRatio) << " of the bound; logits_diff "
         << format("%.2e", e.logitsDiff) << " (limit "
         << format("%.2e", e.logitsLimit) << ")\n  compared      ";
  if (result.check.checksum)
    outs() << "a sample: " << result.check.sampledRows << " of "
           << result.check.rows << " rows, " << result.check.sampledCols
           << " columns of all rows, and the column sums";
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

/// Says to standard error what is wrong.
static void explain(const Result &result) {
  const reference::ErrorReport e = result.check.total();
  if (e.wrong)
    errs() << "moe-run: error: " << e.wrong << " of " << e.compared
           << " elements are outside the error bound; the worst is row "
           << e.worstRow << ", column " << e.worstCol << ": expected "
           << format("%.9g", e.worstExpected) << " within "
           << format("%.3g", e.worstBound) << ", got "
           << format("%.9g", e.worstValue) << '\n';
  else if (!e.pass)
    errs() << "moe-run: error: logits_diff: expected at most "
           << format("%.3g", e.logitsLimit) << ", got "
           << format("%.3g", e.logitsDiff) << '\n';
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
    errs() << "moe-run: error: " << result.outcome.reports.size()
           << " sanitizer reports; no output was written\n";
}

static Expected<Verdict> gemmCommand(Arguments args, KernelKind kernel) {
  Request request;
  request.options.kernel = kernel;
  if (Error error = parse(args, request))
    return std::move(error);
  if (request.help)
    return Verdict::Good;
  Problem problem;
  Result result;
  DeviceBuffers buffers;
  if (Error error = runStage(request, problem, result, buffers))
    return std::move(error);
  if (request.json)
    outs() << describeJSON(request, problem, result) << '\n';
  else
    printSummary(request, problem, result);
  explain(result);
  return result.pass() ? Verdict::Good : Verdict::Failed;
}

Expected<Verdict> moe::driver::gemm1Command(Arguments args) {
  return gemmCommand(args, KernelKind::Gemm1);
}

Expected<Verdict> moe::driver::gemm2Command(Arguments args) {
  return gemmCommand(args, KernelKind::Gemm2);
}

//===----------------------------------------------------------------------===//
// Both stages
//===----------------------------------------------------------------------===//

/// The two requests of a layer: stage 1 stores bf16; the routing weight is
/// applied once, in stage 1 with --doweight, else in stage 2.
static std::array<Request, 2> splitLayer(Request &request) {
  std::array<Request, 2> stages;
  for (Request &stage : stages) {
    stage.options = request.options;
    stage.chip = request.chip;
    stage.tokens = request.tokens;
    stage.routing = request.routing;
    stage.seed = request.seed;
    stage.execution = request.execution;
    stage.executor = request.executor;
  }
  stages[0].options.kernel = KernelKind::Gemm1;
  stages[0].options.outType = OutType::BF16;
  stages[0].options.kBatch = 1;
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
      down.initial.data(), down.outType());
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
  if (Error error = parse(args, request))
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
    explain(results[i]);
  }
  // goldenLayer accumulates; above the limit of sampling it would be slow.
  std::optional<double> difference;
  // Both stages round, so twice the limit of one.
  double limit = 2 * reference::logitsLimit(request.options.topk);
  if (problems[1].options.accumulate && request.tokens <= kSampleAbove)
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
