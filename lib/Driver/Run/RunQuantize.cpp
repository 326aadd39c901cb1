//===- RunQuantize.cpp - moe-run quantize ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights on the device: bf16 to MXFP4 and to the order of kernels
// (moe.quantize), or MXFP4 to that order (moe.shuffle), and the comparison of
// every byte with the reference.
//
//===----------------------------------------------------------------------===//

#include "Driver/Compile/WeightKernels.h"
#include "Driver/Run/RunCommands.h"
#include "Driver/Run/RunFiles.h"
#include "Driver/Run/RunKernel.h"
#include "Driver/Run/RunRandom.h"
#include "Files/Files.h"
#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Scalars.h"
#include "moe/Reference/Shuffle.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe;
using namespace moe::driver;

namespace {
struct QuantizeRequest : WeightKernel {
  std::string chip, dataFile, codesFile, scalesFile;
  bool json = false;
  uint64_t seed = 0;
  ExecutorFlags execution;
};

/// Bytes of both results.
struct Packed {
  std::vector<uint8_t> codes, scales;
};
} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Blocks of all magnitudes, some of zeros, some with NaN or infinities.
static std::vector<uint16_t> generate(const QuantizeRequest &request) {
  std::vector<uint16_t> x(size_t(request.allRows() * request.k));
  Random random(request.seed, /*stream=*/41);
  for (size_t i = 0; i < x.size(); i += 32) {
    uint64_t kind = random.below(32), exponent = random.below(255);
    for (size_t j = i; j < i + 32; ++j) {
      uint64_t lower = random.below(8);
      uint64_t own = exponent > lower ? exponent - lower : 0;
      uint16_t bits =
          uint16_t(random.below(2) << 15 | own << 7 | random.below(128));
      if (kind == 0)
        bits &= 0x8000; // zeros of both signs
      else if (kind == 1 && random.below(16) == 0)
        bits |= 0x7F80; // an infinity or NaN
      x[j] = bits;
    }
  }
  return x;
}

static Packed quantizeRows(const QuantizeRequest &request,
                           ArrayRef<uint16_t> x) {
  std::vector<float> values;
  for (uint16_t bits : x)
    values.push_back(float(reference::decodeBF16(bits)));
  reference::MXFP4 rows =
      reference::quantizeMXFP4(values.data(), request.allRows(), request.k);
  return {std::move(rows.codes), std::move(rows.scales)};
}

static Packed shuffle(const QuantizeRequest &request, const Packed &logical) {
  Packed rows = logical;
  bool interleaved = request.gate == GateLayout::Interleaved;
  if (request.gate == GateLayout::Rows) {
    rows.codes =
        reference::alternateRows(logical.codes, request.rows, request.k / 2);
    rows.scales =
        reference::alternateRows(logical.scales, request.rows, request.k / 32);
  }
  return {reference::shuffleWeightA16W4(rows.codes.data(), request.experts,
                                        request.rows, request.k, interleaved),
          reference::shuffleScaleA16W4(rows.scales.data(), request.experts,
                                       request.rows, request.k, interleaved)};
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

static Error runOnDevice(const QuantizeRequest &request,
                         executor::Executor &runner,
                         const std::vector<uint16_t> &x, const Packed &logical,
                         Packed &got, executor::Outcome &outcome) {
  using executor::Argument;
  // Whatever is not written shows.
  got.codes.assign(size_t(request.codeBytes()), 0xA5);
  got.scales.assign(size_t(request.scaleBytes()), 0xA5);
  std::vector<Argument> args = {Argument::elements("codes", got.codes),
                                Argument::elements("scales", got.scales)};
  if (request.shuffleOnly) {
    args.push_back(Argument::inputElements("logical_codes", logical.codes));
    args.push_back(Argument::inputElements("logical_scales", logical.scales));
  } else {
    args.push_back(Argument::inputElements("x", x));
  }
  args.push_back(Argument::scalar("rows", int32_t(request.allRows())));
  Expected<KernelRun> run = runIR(runner, request.chip, weightIR(request),
                                  request.allRows(), std::move(args));
  if (!run)
    return run.takeError();
  outcome = std::move(run->outcome);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

static void addFlags(FlagSet &flags, QuantizeRequest &request) {
  flags.string("chip", "CHIP", "gfx942 or gfx950; no default", request.chip);
  flags.integer("experts", "experts", request.experts, 1);
  flags.integer("rows", "rows of an expert: N of stage 2, 2*I of stage 1",
                request.rows, 1);
  flags.integer("columns", "columns K of a row", request.k, 1);
  flags.choice<GateLayout>("gate", "order of gate and up rows [separated]",
                           request.gate,
                           {{"separated", GateLayout::Separated},
                            {"interleaved", GateLayout::Interleaved},
                            {"rows", GateLayout::Rows}});
  flags.toggle("logical", "rows as they are, not in the order of kernels",
               request.logical);
  flags.toggle("shuffle-only", "from MXFP4, which is quantised on the host",
               request.shuffleOnly);
  flags.integer("seed", "seed of the generated weights [0]", request.seed);
  flags.string("data", "FILE.npy", "own weights, bf16 bits [E, rows, K]",
               request.dataFile);
  flags.string("codes", "FILE.npy", "where the codes go, uint8",
               request.codesFile);
  flags.string("scales", "FILE.npy", "where the scales go, uint8",
               request.scalesFile);
  request.execution.add(flags);
  flags.group("the output");
  flags.toggle("stats", "count instructions by class, bytes and conflicts",
               request.execution.stats);
  flags.toggle("json", "print one JSON object", request.json);
}

/// The weights of a file, whose shape the flags agree with.
static Error readWeights(const FlagSet &flags, QuantizeRequest &request,
                         std::vector<uint16_t> &x) {
  files::protectInput(request.dataFile);
  Expected<NpyArray> array = readNpy(request.dataFile, {DType::U16});
  if (!array)
    return array.takeError();
  if (array->shape.size() != 3 || !array->elements())
    return failure("'" + request.dataFile +
                   "': expected shape [experts, rows, K], got " +
                   shapeString(array->shape));
  int64_t *dimensions[] = {&request.experts, &request.rows, &request.k};
  const char *names[] = {"experts", "rows", "columns"};
  for (int i : {0, 1, 2}) {
    if (flags.given(names[i]) && *dimensions[i] != array->shape[i])
      return failure("--" + Twine(names[i]) + ": expected " +
                     Twine(array->shape[i]) + " as in '" + request.dataFile +
                     "', got " + Twine(*dimensions[i]));
    *dimensions[i] = array->shape[i];
  }
  const uint16_t *bits = array->data.as<uint16_t>();
  x.assign(bits, bits + array->elements());
  return Error::success();
}

static Error checkRequest(const QuantizeRequest &request) {
  if (Error error = checkSizes(request))
    return error;
  if (request.logical && request.shuffleOnly)
    return failure("--shuffle-only: expected no --logical with it");
  // bf16, f32, and codes and scales four times.
  constexpr uint64_t bytesAnElement = 9;
  return HostBuffer::allocate(bytesAnElement *
                              uint64_t(request.allRows() * request.k))
      .takeError();
}

/// Flags that would have no effect.
static Error checkFlags(const FlagSet &flags, const QuantizeRequest &request) {
  if (flags.given("gate") && request.logical)
    return usageError("--gate: expected no --logical with it, which leaves "
                      "rows as they are");
  if (flags.given("seed") && flags.given("data"))
    return usageError("--seed does not go with --data");
  return Error::success();
}

static Error prepare(const FlagSet &flags, QuantizeRequest &request,
                     std::vector<uint16_t> &x) {
  if (request.chip.empty())
    return usageError("missing flag --chip: gfx942 or gfx950");
  if (Error error = checkFlags(flags, request))
    return error;
  if (Error error = checkChip(request.chip))
    return error;
  if (!request.dataFile.empty())
    if (Error error = readWeights(flags, request, x))
      return error;
  if (!request.experts || !request.rows || !request.k)
    return usageError(
        "missing flag: expected --experts, --rows and --columns, or "
        "--data");
  if (Error error = checkRequest(request))
    return error;
  if (x.empty())
    x = generate(request);
  return Error::success();
}

static Error writeResult(const QuantizeRequest &request, const Packed &got) {
  if (!request.codesFile.empty())
    if (Error error = writeNpy(request.codesFile, DType::U8,
                               {int64_t(got.codes.size())}, got.codes))
      return error;
  if (!request.scalesFile.empty())
    return writeNpy(request.scalesFile, DType::U8, {int64_t(got.scales.size())},
                    got.scales);
  return Error::success();
}

static int64_t countWrong(ArrayRef<uint8_t> got, ArrayRef<uint8_t> expected) {
  int64_t wrong = 0;
  if (got.size() != expected.size())
    return int64_t(std::max(got.size(), expected.size()));
  for (auto [a, b] : zip_equal(got, expected))
    wrong += a != b;
  return wrong;
}

Expected<Verdict> moe::driver::quantizeCommand(Arguments args) {
  QuantizeRequest request;
  FlagSet flags("moe-run quantize --chip C [flags]",
                "Quantises bf16 weights to MXFP4 and puts them into the order "
                "of kernels on the device; compares every byte.");
  addFlags(flags, request);
  flags.example("moe-run quantize --experts 4 --rows 256 --columns 320 --gate "
                "interleaved --chip gfx950",
                "weights of stage 1 from bf16");
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  std::vector<uint16_t> x;
  if (Error error = prepare(flags, request, x))
    return std::move(error);
  Expected<std::unique_ptr<executor::Executor>> runner =
      request.execution.make(flags, {{"--codes", request.codesFile},
                                     {"--scales", request.scalesFile}});
  if (!runner)
    return runner.takeError();
  Packed logical = quantizeRows(request, x);
  Packed expected = request.logical ? logical : shuffle(request, logical), got;
  executor::Outcome outcome;
  if (Error error = runOnDevice(request, **runner, x, logical, got, outcome))
    return std::move(error);
  printFindings(outcome);
  int64_t wrongCodes = countWrong(got.codes, expected.codes);
  int64_t wrongScales = countWrong(got.scales, expected.scales);
  if (Error error = writeResult(request, got))
    return std::move(error);
  bool pass = outcome.reports.empty() && !wrongCodes && !wrongScales;
  if (request.json) {
    json::Object root{{"pass", pass},
                      {"code_bytes", int64_t(got.codes.size())},
                      {"scale_bytes", int64_t(got.scales.size())},
                      {"wrong_code_bytes", wrongCodes},
                      {"wrong_scale_bytes", wrongScales},
                      {"instructions", int64_t(outcome.instructions)},
                      {"seconds", outcome.seconds}};
    addStats(root, outcome);
    outs() << json::Value(std::move(root)) << '\n';
  } else {
    outs() << "quantize on " << request.chip << ": " << request.experts
           << " experts of " << request.rows << " x " << request.k << ", "
           << wrongCodes << " of " << got.codes.size() << " code bytes and "
           << wrongScales << " of " << got.scales.size()
           << " scale bytes wrong\n";
    printStats(outcome);
    outs() << (pass ? "pass" : "FAIL") << '\n';
  }
  return pass ? Verdict::Good : Verdict::Failed;
}
