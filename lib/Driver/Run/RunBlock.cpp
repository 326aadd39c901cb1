//===- RunBlock.cpp - moe-run block ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the router's logits to the output: routing and, unless the tokens are
// few, sorting on the device, both stages on what they left, and the comparison
// of each step and of the whole with references that route and sort by
// themselves.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunKernel.h"
#include "Driver/Run/RunRandom.h"
#include "Driver/Run/RunStage.h"
#include "Files/Files.h"
#include "Files/JSONNumber.h"
#include "moe/Driver/Compile.h"
#include "moe/Reference/Routing.h"
#include "moe/Reference/Sorting.h"
#include "moe/Target/Chip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <utility>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

/// Streams of the generator, apart from those of a stage's tensors.
enum Stream : uint64_t { kLogits = 31, kCorrection = 32 };

namespace {
/// How the device's lists differ from the contract, and what is not zero of the
/// output that stage 2 adds to.
struct SortReport {
  int64_t rows = 0, wrong = 0, notCleared = 0;
  bool pass() const { return !wrong && !notCleared; }
};

/// A block's run.
struct Block {
  Request request;
  std::array<Request, 2> stages;
  std::array<Problem, 2> problems;
  std::array<Result, 2> results;
  std::array<DeviceBuffers, 2> buffers;
  RouterTensors tensors;
  GivenRouting routing; ///< of the device; ids of all experts
  GivenRouting local;   ///< the same with the device's own experts
  SortChoice sorting;
  SortedLists lists; ///< either these
  PairLists pairs;   ///< or these
  HostBuffer cleared;
  moe::executor::Outcome outcome; ///< of routing and sorting
  std::vector<LaunchTime> times;  ///< of routing and sorting
  double referenceSeconds = 0;
  int64_t launches = 0, blockRows = 0;
  reference::RoutingReport routed;
  SortReport sorted;
  std::optional<CheckResult> check;

  RouterOptions &router() { return request.router->options; }
  /// Of the stages only the time is known.
  bool sampled() const { return request.execution.sampleInstructions != 0; }
  /// Of all launches, in order.
  std::vector<LaunchTime> launchTimes() const {
    std::vector<LaunchTime> all = times;
    for (const Result &result : results)
      llvm::append_range(all, result.launches);
    return all;
  }
  bool pass() const {
    return outcome.reports.empty() && routed.pass && sorted.pass() &&
           results[0].pass() && results[1].pass() &&
           (sampled() || (check && check->pass()));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// The router's tensors
//===----------------------------------------------------------------------===//

static float randomLogit(Logits kind, int64_t expert, Random &random) {
  double value = 8 * random.unit() - 4;
  uint64_t choice = random.below(16);
  switch (kind) {
  case Logits::Random:
    return float(value);
  case Logits::Ties:
    return float(std::floor(value));
  case Logits::Special:
    return choice == 0   ? std::numeric_limits<float>::quiet_NaN()
           : choice < 4  ? -std::numeric_limits<float>::infinity()
           : choice == 4 ? std::numeric_limits<float>::infinity()
                         : float(value);
  case Logits::Equal:
    return 0.5f;
  case Logits::OneExpert:
    return expert == 0 ? 20.0f : float(value);
  }
  llvm_unreachable("covered switch");
}

static Error generateRouter(Block &block) {
  Router &router = *block.request.router;
  RouterOptions &o = router.options;
  RouterTensors &tensors = block.tensors;
  auto type =
      o.bf16Logits ? reference::FloatType::BF16 : reference::FloatType::F32;
  tensors.tokens = block.request.tokens;
  if (Error error = HostBuffer::allocate(uint64_t(tensors.tokens * o.experts) *
                                         reference::byteWidth(type))
                        .moveInto(tensors.logits))
    return error;
  Random random(block.request.seed, kLogits);
  for (int64_t t = 0; t < tensors.tokens; ++t) {
    // Every eighth token of the special ones has hardly a finite logit.
    bool masked = router.logits == Logits::Special && random.below(8) == 0;
    for (int64_t e = 0; e < o.experts; ++e) {
      float value = randomLogit(router.logits, e, random);
      if (masked && random.below(uint64_t(o.experts)) != 0)
        value = -std::numeric_limits<float>::infinity();
      reference::storeFloat(type, tensors.logits.data(), t * o.experts + e,
                            value);
    }
  }
  Random correction(block.request.seed, kCorrection);
  for (int64_t e = 0; router.correction && e < o.experts; ++e)
    tensors.correction.push_back(float(correction.unit()));
  return Error::success();
}

/// DIR/NAME.npy, or nothing if `optional` and there is no such file.
static Expected<std::optional<NpyArray>>
readTensor(StringRef dir, StringRef name, ArrayRef<DType> types, size_t rank,
           bool optional) {
  SmallString<256> path(dir);
  sys::path::append(path, name + ".npy");
  if (optional && !sys::fs::exists(path))
    return std::nullopt;
  files::protectInput(path);
  Expected<NpyArray> array = readNpy(path, types);
  if (!array)
    return array.takeError();
  if (array->shape.size() != rank)
    return failure("'" + path.str() + "': expected " + Twine(rank) +
                   " dimensions, got " + shapeString(array->shape));
  return std::optional<NpyArray>(std::move(*array));
}

/// expert_map.npy or expert_mask.npy, as a map.
static Error readMap(Block &block) {
  StringRef dir = block.request.dataDir;
  std::vector<int32_t> &map = block.tensors.expertMap;
  SmallString<256> maskFile(dir);
  sys::path::append(maskFile, "expert_mask.npy");
  bool hasMask = sys::fs::exists(maskFile);
  auto array = readTensor(dir, "expert_map", {DType::I32, DType::I64}, 1, true);
  if (!array)
    return array.takeError();
  if (*array && hasMask)
    return failure("--data: expected expert_map.npy or expert_mask.npy, got "
                   "both");
  if (!*array && !hasMask)
    return Error::success();
  if (hasMask) {
    if (Error error = readExpertMask(maskFile).moveInto(map))
      return error;
    map = mapOfMask(std::move(map));
  } else if (Error error = makeExpertMap(readNumbers(**array)).moveInto(map)) {
    return error;
  }
  const RouterOptions &o = block.router();
  if (int64_t(map.size()) == o.allExperts())
    return Error::success();
  return failure(Twine(hasMask ? "expert_mask" : "expert_map") +
                 ": expected an entry for each of the " + Twine(o.experts) +
                 " experts of logits and " + Twine(o.shared) +
                 " shared ones, got " + Twine(map.size()));
}

static Error readRouter(Block &block) {
  StringRef dir = block.request.dataDir;
  if (!sys::fs::is_directory(dir))
    return failure("--data: expected a folder, got '" + dir + "'");
  auto logits = readTensor(dir, "logits", {DType::F32, DType::U16}, 2, false);
  if (!logits)
    return logits.takeError();
  RouterTensors &tensors = block.tensors;
  block.router().bf16Logits = (*logits)->type == DType::U16;
  tensors.tokens = (*logits)->shape[0];
  block.router().experts = (*logits)->shape[1];
  tensors.logits = std::move((*logits)->data);
  if (block.request.given.tokens && tensors.tokens != block.request.tokens)
    return failure("--tokens: expected " + Twine(tensors.tokens) +
                   ", the rows of logits, got " + Twine(block.request.tokens));
  auto correction = readTensor(dir, "correction_bias", {DType::F32}, 1, true);
  if (!correction)
    return correction.takeError();
  if (*correction) {
    if ((*correction)->shape[0] != block.router().experts)
      return failure("correction_bias: expected an element for each of the " +
                     Twine(block.router().experts) +
                     " experts of logits, got " +
                     Twine((*correction)->shape[0]));
    const float *values = (*correction)->data.as<float>();
    tensors.correction.assign(values, values + (*correction)->elements());
  }
  return readMap(block);
}

static Error makeRouter(Block &block) {
  const Request &request = block.request;
  RouterOptions &o = block.router();
  o.topk = request.options.topk;
  if (!request.dataDir.empty())
    return readRouter(block);
  std::vector<int32_t> mask;
  int64_t local = request.options.experts;
  if (Error error = chooseLocalExperts(request, local).moveInto(mask))
    return error;
  o.experts = mask.empty() ? local : int64_t(mask.size());
  if (Error error = checkSizes(o, request.tokens))
    return error;
  if (!mask.empty()) {
    // Shared experts are on every device.
    mask.insert(mask.end(), size_t(o.shared), 1);
    block.tensors.expertMap = mapOfMask(std::move(mask));
  }
  return generateRouter(block);
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

static Error runRouterIR(Block &block, const std::string &ir,
                         std::vector<moe::executor::Argument> args,
                         int64_t tokens) {
  Expected<KernelRun> run =
      runIR(*block.request.wholeExecutor, block.request.chip, ir, tokens,
            std::move(args));
  if (!run)
    return run.takeError();
  block.times.push_back({run->kernel, run->outcome.modelled});
  block.outcome.add(std::move(run->outcome));
  ++block.launches;
  return Error::success();
}

static reference::RoutingInput referenceInput(Block &block) {
  const RouterOptions &o = block.router();
  const RouterTensors &tensors = block.tensors;
  reference::RoutingInput input;
  input.tokens = tensors.tokens;
  input.experts = o.experts;
  input.topk = o.topk;
  input.type =
      o.bf16Logits ? reference::FloatType::BF16 : reference::FloatType::F32;
  input.logits = tensors.logits.data();
  if (!tensors.correction.empty())
    input.correction = tensors.correction.data();
  input.score = o.score == RouterScore::Softmax ? reference::Score::Softmax
                                                : reference::Score::Sigmoid;
  input.renormalize = o.renormalize;
  input.scale = o.getScale();
  input.groups = o.groups;
  input.bestGroups = o.bestGroups;
  input.shared = o.shared;
  input.sharedWeight = o.getSharedWeight();
  return input;
}

/// Routes, compares, and numbers the experts as the device does.
static Error route(Block &block) {
  auto run = [&](const std::string &ir,
                 std::vector<moe::executor::Argument> args, int64_t tokens) {
    return runRouterIR(block, ir, std::move(args), tokens);
  };
  if (Error error =
          routeOnDevice(block.router(), block.tensors, run, block.routing))
    return error;
  {
    Stopwatch watch(block.referenceSeconds);
    block.routed =
        reference::checkRouting(referenceInput(block), block.routing.ids.data(),
                                block.routing.weights.data());
  }
  block.local = localRouting(block.router(), block.tensors, block.routing);
  return Error::success();
}

static void checkCleared(Block &block) {
  block.sorted.notCleared =
      count_if(block.cleared.bytes(), [](uint8_t byte) { return byte != 0; });
}

static void checkSort(Block &block) {
  Stopwatch watch(block.referenceSeconds);
  reference::SortingInput input;
  input.tokens = block.local.tokens;
  input.topk = block.local.topk;
  input.experts = countLocal(block.router(), block.tensors);
  input.tileM = block.blockRows;
  input.ids = block.local.ids.data();
  input.weights = block.local.weights.data();
  if (!block.tensors.localTokens.empty())
    input.localTokens = block.tensors.localTokens.front();
  reference::SortingOutput expected = reference::sortMoE(input);
  const SortedLists &got = block.lists;
  SortReport &report = block.sorted;
  report.rows = expected.numValid[0];
  for (int i : {0, 1})
    report.wrong += got.numValid[i] != expected.numValid[i];
  for (size_t i = 0; i < size_t(report.rows); ++i)
    report.wrong += got.sortedIds[i] != expected.sortedIds[i] ||
                    std::memcmp(&got.sortedWeights[i],
                                &expected.sortedWeights[i], sizeof(float));
  for (size_t b = 0; b < size_t(report.rows / block.blockRows); ++b)
    report.wrong += got.expertIds[b] != expected.expertIds[b];
  checkCleared(block);
}

/// Memory for the output of a stage 2 that adds, which the device clears, or
/// for one that it cannot: then zeros. Returns the columns to clear.
static Expected<int64_t> makeCleared(Block &block) {
  KernelOptions &down = block.stages[1].options;
  // Of a width that no kernel has, the kernels get a copy, made on the host.
  bool clears = down.accumulate && !needsPadding(down);
  uint64_t bytes = uint64_t(block.local.tokens * down.modelDim) *
                   reference::byteWidth(down.outType == OutType::F32
                                            ? reference::FloatType::F32
                                            : reference::FloatType::BF16);
  if (Error error = HostBuffer::allocate(bytes).moveInto(block.cleared))
    return std::move(error);
  std::memset(block.cleared.data(), clears ? 0xff : 0, block.cleared.size());
  return clears ? down.modelDim : 0;
}

static Error sort(Block &block) {
  Expected<int64_t> columns = makeCleared(block);
  if (!columns)
    return columns.takeError();
  auto run = [&](const std::string &ir,
                 std::vector<moe::executor::Argument> args, int64_t tokens) {
    return runRouterIR(block, ir, std::move(args), tokens);
  };
  Expected<int64_t> launches =
      sortOnDevice(block.router(), block.tensors, block.routing,
                   block.blockRows, block.stages[1].options.outType, *columns,
                   block.cleared, run, block.lists);
  if (!launches)
    return launches.takeError();
  checkSort(block);
  return Error::success();
}

/// What the stages get in place of sorted lists; stage 1 clears the output.
static Error passPairs(Block &block) {
  Expected<int64_t> columns = makeCleared(block);
  if (!columns)
    return columns.takeError();
  block.pairs = pairsOf(block.tensors, block.routing);
  for (Request &stage : block.stages) {
    describeLists(block.pairs, stage.options);
    stage.pairs = &block.pairs;
    stage.lists = nullptr;
  }
  Request &up = block.stages[0];
  up.options.clearColumns = *columns;
  up.options.clearType = block.stages[1].options.outType;
  if (*columns)
    up.clear = block.cleared.bytes();
  return Error::success();
}

/// Whether to sort, and then one number of rows a block for both stages: the
/// smaller of what each would choose; by the table where it has the same for
/// both, else by the rules.
static Error chooseSchedules(Block &block) {
  const Chip &chip = *lookupChip(block.request.chip);
  Workload workload;
  workload.tokens = std::max<int64_t>(1, block.local.tokens);
  workload.globalExperts = block.router().allExperts();
  auto table =
      loadScheduleTable(block.request.options.scheduleTable, chip.name);
  if (!table)
    return table.takeError();
  auto choose = [&](const Request &stage) {
    return chooseConfig(paddedOptions(stage.options), workload, chip,
                        stage.fixed, *table);
  };
  std::array<KernelOptions, 2> first = {choose(block.stages[0]).options,
                                        choose(block.stages[1]).options};
  if (Error error =
          chooseSort(first[0], block.local.tokens).moveInto(block.sorting))
    return error;
  if (block.request.explain)
    errs() << "sort " << (block.sorting.sort ? "on: " : "off: ")
           << block.sorting.reason << '\n';
  if (block.sorting.sort && first[0].tile->m != first[1].tile->m) {
    *table = ScheduleTable();
    first = {choose(block.stages[0]).options, choose(block.stages[1]).options};
  }
  if (block.sorting.sort)
    block.blockRows = std::min(first[0].tile->m, first[1].tile->m);
  for (Request &stage : block.stages) {
    KernelOptions given = stage.options;
    stage.options.sort = block.sorting.sort ? Sorting::On : Sorting::Off;
    stage.options.blockRows = block.blockRows;
    Configuration chosen = choose(stage);
    // What compiles it finds its tile given.
    if (std::exchange(stage.explain, false))
      errs() << explainConfig(chosen, workload, chip);
    stage.options = chosen.options;
    stage.options.modelDim = given.modelDim;
    stage.options.interDim = given.interDim;
    if (block.sorting.sort && stage.options.tile->m != block.blockRows)
      return failure("--tile: expected " + Twine(block.blockRows) +
                     " rows in both stages, got " +
                     Twine(stage.options.tile->m));
  }
  return Error::success();
}

/// Both stages, unless the first has findings.
static Error runStages(Block &block) {
  for (int i : {0, 1}) {
    Request &stage = block.stages[i];
    Problem &problem = block.problems[i];
    Result &result = block.results[i];
    if (i == 1) {
      if (Error error = firstProblem(stage, result.times).moveInto(problem))
        return error;
      problem.options = stage.options;
      // The tensors of stage 1 are of no use to the second.
      block.buffers[0].w = HostBuffer();
      block.buffers[0].scale = HostBuffer();
      if (stage.options.accumulate)
        stage.initial = &block.cleared;
    }
    if (Error error = runProblem(stage, problem, result, block.buffers[i],
                                 i ? &block.buffers[0].out : nullptr))
      return error;
    block.launches += problem.tokens ? 1 + result.second.has_value() : 0;
    if (!block.request.json)
      printSummary(stage, problem, result);
    explainResult(result);
    if (i == 0 && !stage.clear.empty() && !block.sampled())
      checkCleared(block);
    if (!result.outcome.reports.empty() || !block.sorted.pass())
      return Error::success();
  }
  if (block.sampled())
    return Error::success();
  // The whole: the exact weights of the chosen experts.
  Stopwatch watch(block.referenceSeconds);
  std::vector<double> weights = reference::routingWeights(
      referenceInput(block), block.routing.ids.data());
  for (Problem &problem : block.problems)
    problem.weights.assign(weights.begin(), weights.end());
  block.check =
      checkLayer(block.problems[0], block.problems[1],
                 block.buffers[1].out.data(), block.request.threads());
  return Error::success();
}

static Error runBlock(Block &block) {
  if (Error error = checkChip(block.request.chip))
    return error;
  if (Error error = makeRouter(block))
    return error;
  if (block.request.localTokens >= 0) {
    int64_t local = block.request.localTokens;
    if (Error error = checkLocalTokens(local, block.tensors.tokens))
      return error;
    block.tensors.localTokens = {int32_t(local)};
  }
  int64_t local = countLocal(block.router(), block.tensors);
  for (Request &stage : block.stages) {
    stage.tokens = block.tensors.tokens;
    stage.expertsGlobal = 0;
    stage.maskFile.clear();
    stage.files.routing = &block.local;
    stage.lists = &block.lists;
    stage.options.topk = block.router().slots();
    if (!block.request.dataDir.empty())
      continue;
    stage.options.experts = local;
    if (Error error = checkDimensions(stage.options, stage.tokens))
      return error;
  }
  if (Error error = route(block))
    return error;
  printFindings(block.outcome);
  if (!block.outcome.reports.empty() || !block.routed.pass)
    return Error::success();
  Problem &up = block.problems[0];
  if (Error error =
          firstProblem(block.stages[0], block.results[0].times).moveInto(up))
    return error;
  if (up.options.experts != local)
    return failure("w13: expected " + Twine(local) +
                   " experts, those of logits or of the map that are on this "
                   "device, got " +
                   Twine(up.options.experts));
  for (Request &stage : block.stages) {
    stage.options.modelDim = up.options.modelDim;
    stage.options.interDim = up.options.interDim;
    stage.options.experts = up.options.experts;
    stage.options.topk = up.options.topk;
  }
  if (Error error = chooseSchedules(block))
    return error;
  // What stage 2 does not take is an error before stage 1 runs.
  if (Error error = checkLaterStage(block.stages[1], up.sharding))
    return error;
  size_t before = block.outcome.reports.size();
  if (Error error = block.sorting.sort ? sort(block) : passPairs(block))
    return error;
  up.options = block.stages[0].options;
  if (block.outcome.reports.size() != before)
    printFindings(block.outcome);
  if (!block.outcome.reports.empty() || !block.sorted.pass())
    return Error::success();
  return runStages(block);
}

//===----------------------------------------------------------------------===//
// What is told
//===----------------------------------------------------------------------===//

static json::Value describeBlock(Block &block) {
  json::Array parts;
  for (int i : {0, 1})
    if (block.results[i].times.compile > 0)
      parts.push_back(
          describeJSON(block.stages[i], block.problems[i], block.results[i]));
  uint64_t instructions = block.outcome.instructions;
  double seconds = block.outcome.seconds;
  for (const Result &result : block.results) {
    instructions += result.outcome.instructions;
    seconds += result.times.run;
  }
  json::Object root{
      {"pass", block.sampled() && block.pass() ? json::Value(nullptr)
                                               : json::Value(block.pass())},
      {"launches", block.launches},
      {"instructions", int64_t(instructions)},
      {"seconds", seconds},
      {"routing",
       json::Object{{"wrong_tokens", block.routed.wrongTokens},
                    {"close_tokens", block.routed.closeTokens},
                    {"wrong_weights", block.routed.wrongWeights},
                    {"max_weight_bound_ratio",
                     files::jsonNumber(block.routed.maxWeightError)}}},
      {"sorting", json::Object{{"sort", block.sorting.sort},
                               {"reason", block.sorting.reason},
                               {"block_rows", block.blockRows},
                               {"rows", block.sorted.rows},
                               {"wrong", block.sorted.wrong},
                               {"not_cleared", block.sorted.notCleared}}},
      {"stages", std::move(parts)}};
  addLaunchTimes(root, block.launchTimes());
  if (!block.check)
    return root;
  const reference::ErrorReport &e = block.check->elements;
  root["config"] = configJSON(block.problems[1].options);
  root["max_err"] = files::jsonNumber(e.maxError);
  root["max_bound_ratio"] = files::jsonNumber(e.maxBoundRatio);
  root["logits_diff"] = files::jsonNumber(e.logitsDiff);
  root["logits_limit"] = e.logitsLimit;
  root["wrong"] = e.wrong;
  root["compared"] = e.compared;
  root["rows"] = block.check->rows;
  root["sampled_rows"] = block.check->sampledRows;
  root["reference_seconds"] = block.referenceSeconds;
  return root;
}

static void printBlock(Block &block) {
  outs() << "block: " << block.tensors.tokens << " tokens, top "
         << block.router().topk << " of " << block.router().experts
         << " experts"
         << (block.router().shared
                 ? " and " + std::to_string(block.router().shared) + " shared"
                 : "")
         << ", " << block.launches << " launches\n  routing       "
         << block.routed.wrongTokens << " tokens wrong, "
         << block.routed.closeTokens << " decided by rounding, "
         << block.routed.wrongWeights << " weights wrong, "
         << format("%.3f", block.routed.maxWeightError)
         << " of the bound\n  sorting       ";
  if (block.sorting.sort)
    outs() << block.sorted.rows << " rows in blocks of " << block.blockRows
           << ", " << block.sorted.wrong << " entries wrong, ";
  else
    outs() << "none, ";
  outs() << block.sorted.notCleared << " bytes not cleared\n";
  if (block.check) {
    const reference::ErrorReport &e = block.check->elements;
    outs() << "  error         max " << format("%.3g", e.maxError) << ", "
           << format("%.3f", e.maxBoundRatio) << " of the bound in "
           << block.check->sampledRows << " of " << block.check->rows
           << " rows; logits_diff " << format("%.2e", e.logitsDiff)
           << " (limit " << format("%.2e", e.logitsLimit) << ")\n";
  }
  printLaunchTimes(block.launchTimes());
  outs() << (!block.pass()     ? "FAIL"
             : block.sampled() ? "not compared: a sample was run"
                               : "pass")
         << '\n';
}

/// Says to standard error what is wrong before the stages.
static void explainBlock(const Block &block) {
  if (block.routed.wrongTokens)
    errs() << "moe-run: routing: expected the experts of the reference in all "
              "tokens, got others in "
           << block.routed.wrongTokens << ", the first of them token "
           << block.routed.firstWrong << '\n';
  if (block.routed.wrongWeights)
    errs() << "moe-run: routing: expected weights within their bound, got "
           << block.routed.wrongWeights << " outside\n";
  if (!block.sorted.pass())
    errs() << "moe-run: sorting: expected the lists of the contract and a "
              "cleared output, got "
           << block.sorted.wrong << " other entries and "
           << block.sorted.notCleared << " bytes that are not zero\n";
  if (block.check)
    explainErrors(block.check->elements, "the block: ");
}

Expected<Verdict> moe::driver::blockCommand(Arguments args) {
  Block block;
  block.request.layer = true;
  block.request.options.kernel = KernelKind::Gemm1;
  block.request.router.emplace();
  if (Error error = parseRequest(args, block.request))
    return std::move(error);
  if (block.request.help)
    return Verdict::Good;
  block.stages = splitLayer(block.request);
  block.stages[0].files.suffix = block.stages[1].files.before = "13";
  if (Error error = runBlock(block))
    return std::move(error);
  if (block.request.json)
    outs() << describeBlock(block) << '\n';
  else
    printBlock(block);
  explainBlock(block);
  return block.pass() ? Verdict::Good : Verdict::Failed;
}
