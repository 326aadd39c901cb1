//===- RunGemm.cpp - moe-run gemm1 and gemm2 ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problem, configuration, compiler, executor, reference, verdict: the order of
// things in a run of one stage, and its flags. Each step itself is elsewhere,
// and so is what is printed (RunReport.cpp).
//
//===----------------------------------------------------------------------===//

#include "RunStage.h"
#include "moe/CodeObject/Grid.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/KernelFlags.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe;
using namespace moe::driver;

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

Error moe::driver::parseRequest(Arguments args, Request &request) {
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

Error moe::driver::runStage(const Request &request, Problem &problem,
                            Result &result, DeviceBuffers &buffers,
                            const HostBuffer *input) {
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

static Expected<Verdict> gemmCommand(Arguments args, KernelKind kernel) {
  Request request;
  request.options.kernel = kernel;
  if (Error error = parseRequest(args, request))
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
  explainResult(result);
  return result.pass() ? Verdict::Good : Verdict::Failed;
}

Expected<Verdict> moe::driver::gemm1Command(Arguments args) {
  return gemmCommand(args, KernelKind::Gemm1);
}

Expected<Verdict> moe::driver::gemm2Command(Arguments args) {
  return gemmCommand(args, KernelKind::Gemm2);
}
