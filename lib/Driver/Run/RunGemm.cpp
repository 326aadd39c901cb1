//===- RunGemm.cpp - moe-run gemm1 and gemm2 ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problem, configuration, compiler, executor, reference, verdict: the order of
// things in a run of one stage, and its flags. Each step itself is elsewhere,
// and so is what is printed (RunReport.cpp).
//
//===----------------------------------------------------------------------===//

#include "Driver/Compile/TextKernels.h"
#include "Driver/Options/KernelFlags.h"
#include "Driver/Run/RunKernel.h"
#include "Driver/Run/RunStage.h"
#include "Files/Files.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Reference/Sorting.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe;
using namespace moe::driver;

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

static void addBlockFlags(FlagSet &flags, Router &router) {
  flags.group("the router");
  addRouterFlags(flags, router.options);
  flags.choice<Logits>(
      "logits",
      "generated logits: special has NaN and infinities, and tokens with "
      "nothing else [random]",
      router.logits,
      {{"random", Logits::Random},
       {"ties", Logits::Ties},
       {"special", Logits::Special},
       {"equal", Logits::Equal},
       {"one-expert", Logits::OneExpert}});
  flags.toggle("correction", "generate a correction of the choice",
               router.correction);
}

static void addFlags(FlagSet &flags, Request &request) {
  addKernelFlags(flags, request.options);
  if (!request.layer)
    hideOtherStage(flags, request.options.kernel);
  if (request.router)
    addBlockFlags(flags, *request.router);
  flags.group("the problem");
  flags.string("chip", "CHIP", "gfx942 or gfx950; no default", request.chip);
  flags.integer("tokens", "tokens of the batch", request.tokens, 0);
  if (request.router)
    flags.hide("routing");
  flags.choice<Routing>("routing", "how tokens choose experts [uniform]",
                        request.routing,
                        {{"uniform", Routing::Uniform},
                         {"skewed", Routing::Skewed},
                         {"one-expert", Routing::OneExpert},
                         {"round-robin", Routing::RoundRobin}});
  flags.choice<Values>(
      "values",
      "what generated tensors contain: special has NaN, "
      "infinities and subnormal numbers too [moderate]",
      request.values,
      {{"moderate", Values::Moderate}, {"special", Values::Special}});
  flags.integer("seed", "seed of the generated problem [0]", request.seed);
  if (!request.layer && request.options.kernel == KernelKind::Gemm2)
    flags.toggle("reduce",
                 "with --no-accumulate: a kernel adds up the slots, so that "
                 "the output is [T,H]",
                 request.options.reduce);
  flags.integer("experts-global",
                "experts that tokens choose from; --experts of them, at "
                "random, are local [all are]",
                request.expertsGlobal, 1);
  flags.string("expert-mask", "FILE.npy",
               "which experts are local: int32 [global experts], nonzero = "
               "local; gives --experts",
               request.maskFile);
  flags.integer("local-tokens", "tokens that are sorted, the first ones [all]",
                request.localTokens, 0);
  flags.string("data", "DIR", "own tensors, DIR/<name>.npy in logical order",
               request.dataDir);
  if (request.layer || request.options.kernel == KernelKind::Gemm1)
    flags.choice<bool>("input-gate",
                       "order of gate and up rows in --data: all gate rows "
                       "first, or in turn, row by row [separated]",
                       request.files.alternating,
                       {{"separated", false}, {"rows", true}});
  flags.string("out", "FILE.npy", "where the output goes", request.outFile);
  request.execution.add(flags);
  flags.group("the output");
  flags.toggle("stats", "count instructions by class, bytes and conflicts",
               request.execution.stats);
  if (!request.layer || request.router)
    flags.integer("sample-instructions",
                  "run only what --time-model samples of the products, so many "
                  "instructions a wave; no comparison",
                  request.execution.sampleInstructions);
  flags.toggle("explain",
               "say on standard error why this configuration was chosen",
               request.explain);
  flags.toggle("json", "print one JSON object", request.json);
}

/// What a block has otherwise than a layer.
static Error checkRouterFlags(const FlagSet &flags) {
  if (flags.given("shared-weight") && !flags.given("shared-experts"))
    return usageError("--shared-weight: expected --shared-experts besides");
  if (flags.given("routing"))
    return usageError("--routing does not belong to block, whose router "
                      "chooses");
  if (!flags.given("data"))
    return Error::success();
  if (!flags.given("topk"))
    return usageError("missing flag --topk, which no tensor of a block says");
  for (const char *name : {"logits", "logits-type", "correction"})
    if (flags.given(name))
      return usageError("--" + Twine(name) + " does not go with --data");
  return Error::success();
}

static Error checkFlags(const FlagSet &flags, Request &request) {
  request.options.accumulate &= !request.options.deterministic;
  if (request.layer) {
    if (flags.given("trace"))
      return usageError("--trace: expected one kernel, got both stages of a "
                        "layer; trace gemm1 or gemm2");
    request.options.reduce = !request.options.accumulate;
  } else if (Error error = checkStageFlags(flags, request.options.kernel)) {
    return error;
  }
  if (Error error = checkStageValues(flags, request.options))
    return error;
  if (Error error = checkTableFlag(flags, request.options))
    return error;
  if (flags.given("trace") && !request.layer &&
      (request.options.reduce || request.options.leavesRawSums()))
    return usageError(
        "--trace: expected one kernel, got two with " +
        Twine(request.options.reduce ? "--reduce" : "--k-batch in stage 1"));
  if (request.options.reduce && request.options.accumulate)
    return usageError("--reduce: expected --no-accumulate with it, got an "
                      "output that accumulates already");
  if (!flags.given("chip"))
    return usageError("missing flag --chip: gfx942 or gfx950");
  if (request.router)
    if (Error error = checkRouterFlags(flags))
      return error;
  if (flags.given("data")) {
    if (!flags.given("out") && !request.execution.sampleInstructions)
      return usageError("missing flag --out, which --data needs");
    for (const char *name :
         {"routing", "values", "experts-global", "expert-mask"})
      if (flags.given(name))
        return usageError("--" + Twine(name) + " does not go with --data");
  } else {
    if (flags.given("input-gate"))
      return usageError("--input-gate: expected --data with it");
    if (flags.given("experts-global") && flags.given("expert-mask"))
      return usageError("expected --experts-global or --expert-mask, got both");
    if (Error error = requireDimensions(flags))
      return error;
    if (!flags.given("tokens"))
      return usageError("missing flag --tokens, or --data with own tensors");
  }
  if (request.execution.sampleInstructions &&
      (!request.execution.timeModel || !request.outFile.empty()))
    return usageError("--sample-instructions: expected --time-model and no "
                      "--out besides");
  if (Error error = request.execution.make(flags, {{"--out", request.outFile}})
                        .moveInto(request.executor))
    return error;
  ExecutorFlags whole = request.execution;
  whole.sampleInstructions = 0;
  if (Error error = whole.make(flags).moveInto(request.wholeExecutor))
    return error;
  request.fixed = fixedAxes(flags);
  request.given = {flags.given("tokens"), flags.given("model-dim"),
                   flags.given("inter-dim"), flags.given("experts"),
                   flags.given("topk")};
  return Error::success();
}

static const char *subcommandOf(const Request &request) {
  if (request.router)
    return "block";
  return request.layer ? "layer" : toString(request.options.kernel);
}

static void addExamples(FlagSet &flags, const Request &request) {
  bool stage1 = request.layer || request.options.isStage1();
  std::string start = std::string("moe-run ") + subcommandOf(request) + " ";
  flags.example(start +
                    "--tokens 16 --model-dim 2880 --inter-dim 2880 --experts "
                    "128 --topk 4" +
                    (stage1 ? " --act swiglu --bias" : "") + " --chip gfx950",
                "a generated problem of GPT-OSS-120B's shape");
  // No tensor of a block says how many experts a token goes to.
  flags.example(start + "--data DIR " + (request.router ? "--topk 4 " : "") +
                    "--out y.npy --chip gfx950",
                "own tensors (moe-run help data says which)");
  flags.example(start +
                    "--tokens 4 --model-dim 256 --inter-dim 512 --experts 8 "
                    "--topk 2 --chip gfx942 --sanitize all",
                "everything that the emulator can find");
}

/// What the subcommand does, for its help.
static const char *overviewOf(const Request &request) {
  if (request.router)
    return "Goes from a router's logits to the output on the device: routing, "
           "sorting and both stages, generated or of own tensors, and compares "
           "each step and the whole with references in double.";
  if (request.layer)
    return "Compiles both stages, runs the second on the first one's output, "
           "on a generated problem or on own tensors, and compares each and "
           "the whole with references in double.";
  return "Compiles a kernel, runs it on a generated problem or on own tensors, "
         "and compares with a reference in double.";
}

Error moe::driver::parseRequest(Arguments args, Request &request) {
  FlagSet flags(std::string("moe-run ") + subcommandOf(request) + " [flags]",
                overviewOf(request));
  addFlags(flags, request);
  addExamples(flags, request);
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

/// Completes the problem's options, with a configuration chosen when there is
/// no tile.
static Error configure(const Request &request, Problem &problem) {
  const Chip &chip = *moe::lookupChip(request.chip);
  Workload workload;
  workload.tokens = std::max<int64_t>(1, problem.tokens);
  workload.globalExperts = problem.globalExperts();
  if (problem.options.unsorted() && !request.pairs) {
    problem.options.mapEntries = int64_t(problem.sharding.mask.size());
    problem.options.limited = problem.sharding.localTokens >= 0;
  }
  files::protectInput(problem.options.scheduleTable);
  auto table = loadScheduleTable(problem.options.scheduleTable, chip.name);
  if (!table)
    return table.takeError();
  Configuration configuration = chooseConfig(
      paddedOptions(problem.options), workload, chip, request.fixed, *table);
  if (request.explain)
    errs() << explainConfig(configuration, workload, chip);
  int64_t modelDim = problem.options.modelDim;
  int64_t interDim = problem.options.interDim;
  problem.options = configuration.options;
  problem.options.modelDim = modelDim;
  problem.options.interDim = interDim;
  return Error::success();
}

/// The kernels of a stage that is configured: one, or what leaves sums or slots
/// and what makes the output of them.
static SmallVector<KernelOptions, 2> kernelsOf(const Problem &problem) {
  KernelOptions options = paddedOptions(problem.options);
  if (options.leavesRawSums())
    return {rawSumsOf(options), activateAfter(options)};
  if (options.reduce)
    return {slotsOf(options), reduceAfter(options)};
  return {options};
}

static Error compile(const Request &request, Problem &problem, Result &result) {
  Stopwatch watch(result.times.compile);
  if (Error error = configure(request, problem))
    return error;
  SmallVector<KernelOptions, 2> kernels = kernelsOf(problem);
  if (Error error =
          compileKernel(kernels[0], request.chip).moveInto(result.kernel))
    return error;
  if (kernels.size() == 1)
    return Error::success();
  return compileKernel(kernels[1], request.chip)
      .moveInto(result.second.emplace());
}

Error moe::driver::checkLaterStage(Request request, const Sharding &sharding) {
  request.explain = false;
  if (Error error = checkDimensions(request.options, request.tokens))
    return error;
  if (Error error =
          request.execution.checkOutputs({{"--out", request.outFile}}))
    return error;
  if (!request.dataDir.empty())
    if (Error error =
            checkProblem(request.dataDir, request.options, request.tokens,
                         request.given, request.files))
      return error;
  Problem problem;
  problem.options = request.options;
  problem.tokens = request.tokens;
  problem.sharding = sharding;
  if (Error error = configure(request, problem))
    return error;
  for (const KernelOptions &kernel : kernelsOf(problem))
    if (Error error =
            emitKernel(kernel, EmitStage::Mlir, request.chip).takeError())
      return error;
  return Error::success();
}

Expected<std::vector<int32_t>>
moe::driver::chooseLocalExperts(const Request &request, int64_t &experts) {
  int64_t global = request.expertsGlobal;
  if (!request.maskFile.empty()) {
    Expected<std::vector<int32_t>> mask = readExpertMask(request.maskFile);
    if (!mask)
      return mask.takeError();
    int64_t local = reference::countLocalExperts(mask->data(), mask->size());
    if (request.given.experts && experts != local)
      return createStringError("--experts: expected " + Twine(local) +
                               ", the nonzero entries of '" + request.maskFile +
                               "', got " + Twine(experts));
    experts = local;
    return mask;
  }
  if (!global)
    return std::vector<int32_t>();
  if (global < experts || global > (1 << 24))
    return createStringError("--experts-global: expected from --experts, " +
                             Twine(experts) + ", to 16777216, got " +
                             Twine(global));
  return randomMask(experts, global, request.seed);
}

/// Which experts and tokens of a generated problem are local.
static Error shard(const Request &request, Problem &problem) {
  problem.sharding.localTokens = request.localTokens;
  if (Error error = checkLocalTokens(request.localTokens, request.tokens))
    return error;
  return chooseLocalExperts(request, problem.options.experts)
      .moveInto(problem.sharding.mask);
}

static Expected<Problem> ownProblem(const Request &request) {
  Expected<Problem> problem =
      readProblem(request.dataDir, request.options, request.tokens,
                  request.given, request.threads(), request.files);
  if (!problem)
    return problem;
  problem->seed = request.seed;
  problem->sharding.localTokens = request.localTokens;
  if (Error error = checkLocalTokens(request.localTokens, problem->tokens))
    return std::move(error);
  // Only the output itself may replace what it starts from.
  SmallString<256> initial(request.dataDir);
  sys::path::append(initial, "out.npy");
  if (!request.outFile.empty() && placeOf(initial) != placeOf(request.outFile))
    files::protectInput(initial);
  return problem;
}

static Expected<Problem> generatedProblem(const Request &request) {
  Problem problem;
  problem.options = request.options;
  problem.tokens = request.tokens;
  if (Error error = shard(request, problem))
    return std::move(error);
  if (Error error = checkDimensions(problem.options, request.tokens))
    return std::move(error);
  return std::move(problem);
}

Expected<Problem> moe::driver::firstProblem(const Request &request,
                                            Times &times) {
  Stopwatch watch(times.data);
  Expected<Problem> problem =
      request.dataDir.empty() ? generatedProblem(request) : ownProblem(request);
  if (!problem)
    return problem;
  if (Error error =
          request.execution.checkOutputs({{"--out", request.outFile}}))
    return std::move(error);
  return problem;
}

/// Runs one kernel of the stage; the outcome is added to what is there.
static Error runStageKernel(const Request &request, const Problem &problem,
                            const CompiledKernel &kernel, int64_t numBlocks,
                            std::vector<moe::executor::Argument> args,
                            std::array<uint32_t, 3> &grid, Result &result) {
  Stopwatch watch(result.times.run);
  Expected<KernelRun> run =
      runKernel(*request.executor, kernel, gridVariables(problem, numBlocks),
                std::move(args));
  if (!run)
    return run.takeError();
  grid = run->grid;
  result.launches.push_back({kernel.kernelName, run->outcome.modelled});
  result.outcome.add(std::move(run->outcome));
  return Error::success();
}

static Error execute(const Request &request, Problem &problem,
                     DeviceBuffers &buffers, Result &result) {
  if (Error error =
          runStageKernel(request, problem, result.kernel, buffers.numBlocks(),
                         buffers.arguments(problem), result.grid, result))
    return error;
  if (!result.second)
    return Error::success();
  return runStageKernel(request, problem, *result.second, buffers.numBlocks(),
                        buffers.secondArguments(problem), result.secondGrid,
                        result);
}

/// Runs the stage on what the kernel takes; `buffers.out` is the problem's own
/// output. No token is no launch.
static Error executePadded(const Request &request, Problem &problem,
                           DeviceBuffers &buffers, Result &result) {
  Problem padded;
  bool pads = needsPadding(problem.options);
  {
    Stopwatch watch(result.times.data);
    if (!problem.tokens)
      return HostBuffer::allocate(0).moveInto(buffers.out);
    if (pads)
      if (Error error = padProblem(problem).moveInto(padded))
        return error;
    const Problem &prepared = pads ? padded : problem;
    if (Error error =
            prepare(prepared, problem.options.tile->m, request.threads())
                .moveInto(buffers))
      return error;
  }
  if (request.lists)
    static_cast<SortedLists &>(buffers) = *request.lists;
  if (request.pairs)
    static_cast<PairLists &>(buffers) = *request.pairs;
  buffers.clear = request.clear;
  if (Error error = execute(request, pads ? padded : problem, buffers, result))
    return error;
  if (Error error = buffers.joinRows((pads ? padded : problem).options))
    return error;
  return cutOutput(problem, buffers.out);
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
  return runProblem(request, problem, result, buffers, input);
}

Error moe::driver::runProblem(const Request &request, Problem &problem,
                              Result &result, DeviceBuffers &buffers,
                              const HostBuffer *input) {
  if (Error error = compile(request, problem, result))
    return error;
  {
    Stopwatch watch(result.times.data);
    // Of a sample nothing is compared.
    Values values =
        request.execution.sampleInstructions ? Values::Zero : request.values;
    if (request.dataDir.empty())
      if (Error error =
              generateProblem(problem.options, problem.tokens, request.routing,
                              request.seed, problem.sharding, values,
                              request.files.routing)
                  .moveInto(problem))
        return error;
    if (input)
      std::copy_n(input->data(), problem.x.size(), problem.x.data());
    if (request.initial)
      std::copy_n(request.initial->data(), problem.initial.size(),
                  problem.initial.data());
  }
  if (Error error = executePadded(request, problem, buffers, result))
    return error;
  printFindings(result.outcome);
  result.sampled = request.execution.sampleInstructions != 0;
  if (result.sampled)
    return Error::success();
  {
    Stopwatch watch(result.times.reference);
    result.check = checkStage(problem, buffers.out.data(), request.threads());
  }
  if (!request.outFile.empty())
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
