//===- RunQuantize.cpp - moe-run quantize ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights on the device: bf16 to MXFP4 and to the order of kernels
// (moe.quantize), or MXFP4 to that order (moe.shuffle), and the comparison of
// every byte with the reference.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCommands.h"
#include "Driver/Run/RunFiles.h"
#include "Driver/Run/RunRandom.h"
#include "moe/Driver/Compile.h"
#include "moe/Driver/KernelOptions.h"
#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Scalars.h"
#include "moe/Reference/Shuffle.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

namespace {
struct QuantizeRequest {
  std::string chip, dataFile, codesFile, scalesFile;
  int64_t experts = 0, rows = 0, k = 0;
  bool interleaved = false, alternating = false;
  bool logical = false, shuffleOnly = false, json = false;
  uint64_t seed = 0;
  ExecutorFlags execution;

  int64_t allRows() const { return experts * rows; }
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

/// Rows of `bytes` bytes with gate and up rows of each expert in turn.
static std::vector<uint8_t> alternate(const QuantizeRequest &request,
                                      ArrayRef<uint8_t> rows, int64_t bytes) {
  std::vector<uint8_t> result(rows.size());
  for (int64_t r = 0; r < request.allRows(); ++r) {
    int64_t expert = r / request.rows * request.rows;
    int64_t source =
        reference::alternatingSourceRow(r % request.rows, request.rows);
    std::copy_n(rows.begin() + (expert + source) * bytes, bytes,
                result.begin() + r * bytes);
  }
  return result;
}

static Packed shuffle(const QuantizeRequest &request, const Packed &logical) {
  Packed rows = logical;
  if (request.alternating) {
    rows.codes = alternate(request, logical.codes, request.k / 2);
    rows.scales = alternate(request, logical.scales, request.k / 32);
  }
  return {reference::shuffleWeightA16W4(rows.codes.data(), request.experts,
                                        request.rows, request.k,
                                        request.interleaved),
          reference::shuffleScaleA16W4(rows.scales.data(), request.experts,
                                       request.rows, request.k,
                                       request.interleaved)};
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// A plain pointer seen as rows.
static std::string rowsOf(StringRef name, int64_t columns, StringRef element) {
  return formatv("    %{0} = memref.reinterpret_cast %{0}_ptr to offset: [0], "
                 "sizes: [%n, {1}], strides: [{1}, 1]\n        : memref<{2}, "
                 "#global> to memref<?x{1}x{2}, strided<[{1}, 1]>, #global>\n",
                 name, columns, element);
}

static std::string kernelIR(const QuantizeRequest &request,
                            const Packed &expected) {
  StringRef gate = request.interleaved   ? " gate interleaved"
                   : request.alternating ? " gate rows"
                                         : "";
  std::string types =
      formatv("memref<{0}xi8, #global>, memref<{1}xi8, #global>",
              expected.codes.size(), expected.scales.size());
  std::string pointers, views, inputs;
  if (request.shuffleOnly) {
    pointers = "%a_ptr: memref<i8, #global>, %b_ptr: memref<i8, #global>";
    views =
        rowsOf("a", request.k / 2, "i8") + rowsOf("b", request.k / 32, "i8");
    inputs = formatv("%a, %b : memref<?x{0}xi8, strided<[{0}, 1]>, #global>, "
                     "memref<?x{1}xi8, strided<[{1}, 1]>, #global>",
                     request.k / 2, request.k / 32);
  } else {
    pointers = "%a_ptr: memref<bf16, #global>";
    views = rowsOf("a", request.k, "bf16");
    inputs = formatv("%a : memref<?x{0}xbf16, strided<[{0}, 1]>, #global>",
                     request.k);
  }
  StringRef op = request.shuffleOnly ? "shuffle" : "quantize";
  return formatv(
      "#global = #gpu.address_space<global>\n\ngpu.module @moe_{0}_module {{\n"
      "  gpu.func @moe_{0}(%codes: memref<{1}xi8, #global>, %scales: "
      "memref<{2}xi8, #global>,\n      {3}, %rows: i32) kernel {{\n    %n = "
      "arith.index_castui %rows : i32 to index\n{4}    moe.{0} outs(%codes, "
      "%scales : {5})\n        ins({6})\n        rows(%rows) expert_rows "
      "{7}{8}{9}\n    gpu.return\n  }\n}\n",
      op, expected.codes.size(), expected.scales.size(), pointers, views, types,
      inputs, request.rows, gate, request.logical ? " logical" : "");
}

template <typename T>
static executor::Argument bufferOf(const char *name, std::vector<T> &values,
                                   bool readOnly) {
  return executor::Argument::buffer(
      name,
      MutableArrayRef(reinterpret_cast<uint8_t *>(values.data()),
                      values.size() * sizeof(T)),
      readOnly);
}

static Error runKernel(const QuantizeRequest &request,
                       executor::Executor &runner, std::vector<uint16_t> &x,
                       Packed &logical, const Packed &expected, Packed &got,
                       executor::Outcome &outcome) {
  Expected<CompiledKernel> kernel =
      compileIR(kernelIR(request, expected), "the kernel", request.chip);
  if (!kernel)
    return kernel.takeError();
  // Whatever is not written shows.
  got.codes.assign(expected.codes.size(), 0xA5);
  got.scales.assign(expected.scales.size(), 0xA5);
  executor::Launch launch;
  launch.elf = kernel->elf;
  launch.kernel = kernel->kernelName;
  launch.block = kernel->block;
  codeobject::GridVariables variables;
  variables.tokens = request.allRows();
  if (Error error = codeobject::evaluateGrid(kernel->grid, variables)
                        .moveInto(launch.grid))
    return error;
  launch.args = {bufferOf("codes", got.codes, false),
                 bufferOf("scales", got.scales, false)};
  if (request.shuffleOnly) {
    launch.args.push_back(bufferOf("logical_codes", logical.codes, true));
    launch.args.push_back(bufferOf("logical_scales", logical.scales, true));
  } else {
    launch.args.push_back(bufferOf("x", x, true));
  }
  launch.args.push_back(
      executor::Argument::scalar("rows", int32_t(request.allRows())));
  return runner.run(launch).moveInto(outcome);
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
  flags.value("gate", "separated|interleaved|rows",
              "order of gate and up rows [separated]",
              [&request](StringRef text) -> Error {
                request.interleaved = text == "interleaved";
                request.alternating = text == "rows";
                if (text == "separated" || request.interleaved ||
                    request.alternating)
                  return Error::success();
                return usageError("--gate: expected separated|interleaved|"
                                  "rows, got '" +
                                  text + "'");
              });
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
  if (request.k % 32 || request.k > 65536)
    return failure("columns: expected a multiple of 32, at most 65536, got " +
                   Twine(request.k));
  if (request.rows % 32)
    return failure("rows: expected a multiple of 32, got " +
                   Twine(request.rows));
  if (request.logical && request.shuffleOnly)
    return failure("--shuffle-only: expected no --logical with it");
  if (request.allRows() > std::numeric_limits<int32_t>::max())
    return failure("experts x rows: expected at most 2147483647, got " +
                   Twine(request.allRows()));
  return Error::success();
}

static Error prepare(const FlagSet &flags, QuantizeRequest &request,
                     std::vector<uint16_t> &x) {
  if (request.chip.empty())
    return usageError("missing flag --chip: gfx942 or gfx950");
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
      request.execution.make(flags);
  if (!runner)
    return runner.takeError();
  Packed logical = quantizeRows(request, x);
  Packed expected = request.logical ? logical : shuffle(request, logical), got;
  executor::Outcome outcome;
  if (Error error =
          runKernel(request, **runner, x, logical, expected, got, outcome))
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
