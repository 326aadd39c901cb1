//===- RunData.cpp - problems from a folder of .npy files -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the logical tensors of one stage, checks types and shapes against each
// other and against the command line, and quantises weights that are not.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunProblem.h"
#include "Files/Files.h"
#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Scalars.h"
#include "moe/Reference/Sorting.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <thread>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

namespace {
/// Reads the tensors of one folder into a problem.
class DataReader {
public:
  DataReader(StringRef dir, const KernelOptions &options, int64_t tokens,
             const GivenDimensions &given, unsigned threads,
             const StageFiles &files)
      : dir(dir.str()), flagTokens(tokens), given(given), threads(threads),
        files(files) {
    problem.options = options;
  }

  Expected<Problem> read();
  Error check();

private:
  std::string pathOf(StringRef name) const {
    SmallString<256> path(dir);
    sys::path::append(path, name + ".npy");
    return path.str().str();
  }
  /// The same, of what outputs may not replace; `out` is there to be.
  std::string inputPathOf(StringRef name) const {
    std::string path = pathOf(name);
    if (name != "out")
      files::protectInput(path);
    return path;
  }
  bool exists(StringRef name) const { return sys::fs::exists(pathOf(name)); }

  /// Reads a tensor whose type must be among `types`.
  Expected<NpyArray> load(StringRef name, ArrayRef<DType> types) const;
  /// One whose shape is known.
  Expected<NpyArray> load(StringRef name, ArrayRef<DType> types,
                          ArrayRef<int64_t> expected, StringRef meaning) const;
  Error checkShape(StringRef name, const NpyArray &array,
                   ArrayRef<int64_t> expected, StringRef meaning) const;

  Error readRouting();
  Error readMask();
  Error readWeights();
  Error quantize(const NpyArray &w);
  Error setDimension(StringRef flag, bool isGiven, int64_t &dimension,
                     int64_t found, StringRef tensor) const;
  Error setShape(const NpyArray &w, int64_t k);
  void putGateFirst(uint8_t *rows, int64_t bytes) const;
  Error readActivations();
  Error readBias();
  Error readInitial();

  std::string dir;
  int64_t flagTokens;
  GivenDimensions given;
  unsigned threads;
  StageFiles files;
  bool headersOnly = false; ///< arrays come without their data
  Problem problem;
};
} // namespace

Expected<NpyArray> DataReader::load(StringRef name,
                                    ArrayRef<DType> types) const {
  return headersOnly ? describeNpy(inputPathOf(name), types)
                     : readNpy(inputPathOf(name), types);
}

Expected<NpyArray> DataReader::load(StringRef name, ArrayRef<DType> types,
                                    ArrayRef<int64_t> expected,
                                    StringRef meaning) const {
  auto check = [&](const NpyArray &array) {
    return checkShape(name, array, expected, meaning);
  };
  return headersOnly ? describeNpy(inputPathOf(name), types, check)
                     : readNpy(inputPathOf(name), types, check);
}

Error DataReader::checkShape(StringRef name, const NpyArray &array,
                             ArrayRef<int64_t> expected,
                             StringRef meaning) const {
  if (ArrayRef(array.shape) == expected)
    return Error::success();
  return failure("'" + pathOf(name) + "': expected shape " +
                 shapeString(expected) + " = " + meaning + ", got " +
                 shapeString(array.shape));
}

Error DataReader::setDimension(StringRef flag, bool isGiven, int64_t &dimension,
                               int64_t found, StringRef tensor) const {
  if (files.second() && dimension != found)
    return failure("'" + pathOf(tensor) + "': expected " + flag + " " +
                   Twine(dimension) + " as in '" + pathOf("w" + files.before) +
                   "', got " + Twine(found));
  if (isGiven && dimension != found)
    return failure("--" + flag + ": expected " + Twine(found) + " as in '" +
                   pathOf(tensor) + "', got " + Twine(dimension));
  dimension = found;
  return Error::success();
}

Error DataReader::readRouting() {
  if (const GivenRouting *routing = files.routing) {
    problem.tokens = routing->tokens;
    problem.options.topk = routing->topk;
    problem.ids = routing->ids;
    problem.weights = routing->weights;
    return Error::success();
  }
  Expected<NpyArray> ids = load("topk_ids", {DType::I32, DType::I64});
  if (!ids)
    return ids.takeError();
  if (ids->shape.size() != 2 || ids->shape[1] < 1)
    return failure("'" + pathOf("topk_ids") +
                   "': expected shape [tokens, topk], got " +
                   shapeString(ids->shape));
  problem.tokens = flagTokens;
  if (Error error = setDimension("tokens", given.tokens, problem.tokens,
                                 ids->shape[0], "topk_ids"))
    return error;
  if (Error error = setDimension("topk", given.topk, problem.options.topk,
                                 ids->shape[1], "topk_ids"))
    return error;
  problem.ids = readNumbers(*ids);
  problem.weights.assign(problem.ids.size(), 1.0f);
  if (!problem.options.appliesWeight())
    return Error::success();
  Expected<NpyArray> weights =
      load("topk_weights", {DType::F32}, ids->shape, "[tokens, topk]");
  if (!weights)
    return weights.takeError();
  if (!weights->data.empty()) // no tokens, no bytes, and no pointers to them
    std::memcpy(problem.weights.data(), weights->data.data(),
                weights->data.size());
  return Error::success();
}

Error DataReader::readMask() {
  if (files.routing || !exists("expert_mask"))
    return Error::success();
  return readExpertMask(pathOf("expert_mask")).moveInto(problem.sharding.mask);
}

Error DataReader::setShape(const NpyArray &w, int64_t k) {
  KernelOptions &o = problem.options;
  bool gemm2 = o.kernel == KernelKind::Gemm2;
  int64_t n = w.shape[1];
  if (!gemm2 && n % 2)
    return failure("'" + pathOf(files.w()) +
                   "': expected gate and up rows, an even "
                   "number, got " +
                   Twine(n));
  const std::vector<int32_t> &mask = problem.sharding.mask;
  int64_t local = reference::countLocalExperts(mask.data(), mask.size());
  if (!mask.empty() && w.shape[0] != local)
    return failure("'" + pathOf(files.w()) + "': expected " + Twine(local) +
                   " experts, the nonzero entries of '" +
                   pathOf("expert_mask") + "', got " + Twine(w.shape[0]));
  if (Error error = setDimension("experts", given.experts, o.experts,
                                 w.shape[0], files.w()))
    return error;
  if (Error error = setDimension("model-dim", given.modelDim, o.modelDim,
                                 gemm2 ? n : k, files.w()))
    return error;
  return setDimension("inter-dim", given.interDim, o.interDim,
                      gemm2 ? k : n / 2, files.w());
}

/// Puts the rows of each expert, `bytes` each, into the problem's order.
void DataReader::putGateFirst(uint8_t *rows, int64_t bytes) const {
  const KernelOptions &o = problem.options;
  if (!files.alternating || o.kernel != KernelKind::Gemm1)
    return;
  int64_t size = o.n() * bytes;
  std::vector<uint8_t> expert(static_cast<size_t>(size));
  for (int64_t e = 0; e < o.experts; ++e) {
    std::copy_n(rows + e * size, size, expert.begin());
    for (int64_t r = 0; r < o.n(); ++r) {
      int64_t source = r < o.interDim ? 2 * r : 2 * (r - o.interDim) + 1;
      std::copy_n(expert.begin() + source * bytes, bytes,
                  rows + e * size + r * bytes);
    }
  }
}

Error DataReader::quantize(const NpyArray &w) {
  if (exists(files.scale()))
    return failure("'" + pathOf(files.scale()) +
                   "': expected no scale with weights "
                   "in " +
                   toString(w.type) + ", which are quantised here");
  if (headersOnly)
    return Error::success();
  int64_t rows = w.shape[0] * w.shape[1], k = w.shape[2];
  if (Error error = HostBuffer::allocate(uint64_t(rows * (k / 2)))
                        .moveInto(problem.codes))
    return error;
  int64_t blocks = reference::blocksOf(k);
  if (Error error = HostBuffer::allocate(uint64_t(rows * blocks))
                        .moveInto(problem.scales))
    return error;
  // Experts that nothing is routed to stay zero.
  std::vector<char> active = problem.activeExperts();
  auto work = [&](unsigned first) {
    std::vector<float> row(static_cast<size_t>(blocks * 32)); // ends in zeros
    for (int64_t r = first; r < rows; r += threads) {
      if (!active[static_cast<size_t>(r / w.shape[1])])
        continue;
      for (int64_t i = 0; i < k; ++i)
        row[size_t(i)] = static_cast<float>(
            w.type == DType::F32
                ? w.data.as<float>()[r * k + i]
                : reference::decodeF16(w.data.as<uint16_t>()[r * k + i]));
      reference::MXFP4 q = reference::quantizeMXFP4(row.data(), 1, blocks * 32);
      std::memcpy(problem.codes.data() + r * (k / 2), q.codes.data(),
                  size_t(k / 2));
      std::memcpy(problem.scales.data() + r * blocks, q.scales.data(),
                  q.scales.size());
    }
  };
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t)
    workers.emplace_back(work, t);
  for (std::thread &worker : workers)
    worker.join();
  putGateFirst(problem.codes.data(), k / 2);
  putGateFirst(problem.scales.data(), blocks);
  return Error::success();
}

Error DataReader::readWeights() {
  Expected<NpyArray> w = load(files.w(), {DType::U8, DType::F32, DType::F16});
  if (!w)
    return w.takeError();
  bool packed = w->type == DType::U8;
  if (w->shape.size() != 3 || w->elements() == 0)
    return failure("'" + pathOf(files.w()) + "': expected shape [experts, N, " +
                   (packed ? "K/2" : "K") + "], got " + shapeString(w->shape));
  int64_t k = w->shape[2] * (packed ? 2 : 1);
  if (Error error = setShape(*w, k))
    return error;
  if (Error error = checkDimensions(problem.options, problem.tokens))
    return error;
  if (!packed)
    return quantize(*w);

  if (!exists(files.scale()))
    return failure("'" + pathOf(files.scale()) +
                   "': expected the scales of weights in uint8, got no file");
  Expected<NpyArray> scale =
      load(files.scale(), {DType::U8},
           {w->shape[0], w->shape[1], reference::blocksOf(k)},
           k % 32 ? "[experts, N, K/32 rounded up]" : "[experts, N, K/32]");
  if (!scale)
    return scale.takeError();
  if (headersOnly)
    return Error::success();
  problem.codes = std::move(w->data);
  problem.scales = std::move(scale->data);
  putGateFirst(problem.codes.data(), k / 2);
  putGateFirst(problem.scales.data(), reference::blocksOf(k));
  return Error::success();
}

Error DataReader::readActivations() {
  const KernelOptions &o = problem.options;
  bool gemm2 = o.kernel == KernelKind::Gemm2;
  if (!files.x)
    return HostBuffer::allocate(uint64_t(problem.tokens * o.topk * o.k() * 2))
        .moveInto(problem.x);
  Expected<NpyArray> x =
      load("x", {DType::U16},
           {gemm2 ? problem.tokens * o.topk : problem.tokens, o.k()},
           (Twine(gemm2 ? "[tokens*topk, K]" : "[tokens, K]") + ", K as in '" +
            pathOf(files.w()) + "'")
               .str());
  if (!x)
    return x.takeError();
  problem.x = std::move(x->data);
  return Error::success();
}

Error DataReader::readBias() {
  const KernelOptions &o = problem.options;
  if (!o.bias) {
    if (exists(files.bias()) && !headersOnly)
      errs() << "moe-run: note: '" << pathOf(files.bias())
             << "' is not read without --bias\n";
    return Error::success();
  }
  if (!exists(files.bias()))
    return failure("'" + pathOf(files.bias()) +
                   "': expected the tensor that --bias asks for, got no file");
  Expected<NpyArray> bias =
      load(files.bias(), {DType::F32}, {o.experts, o.n()}, "[experts, N]");
  if (!bias)
    return bias.takeError();
  if (headersOnly)
    return Error::success();
  const float *values = bias->data.as<float>();
  problem.bias.assign(values, values + bias->elements());
  putGateFirst(reinterpret_cast<uint8_t *>(problem.bias.data()), sizeof(float));
  return Error::success();
}

Error DataReader::readInitial() {
  const KernelOptions &o = problem.options;
  if (!files.out || !exists("out")) {
    if (headersOnly)
      return Error::success();
    Error error = HostBuffer::allocate(uint64_t(problem.outBytes()))
                      .moveInto(problem.initial);
    if (!error && !files.out)
      std::memset(problem.initial.data(), 0xff, problem.initial.size());
    return error;
  }
  DType type = o.outType == OutType::BF16  ? DType::U16
               : o.outType == OutType::F16 ? DType::F16
                                           : DType::F32;
  Expected<NpyArray> out =
      load("out", {type}, {problem.outRows(), o.outColumns()},
           problem.outRows() == problem.tokens ? "[tokens, columns]"
                                               : "[tokens*topk, columns]");
  if (!out)
    return out.takeError();
  problem.initial = std::move(out->data);
  return Error::success();
}

Expected<Problem> DataReader::read() {
  if (!sys::fs::is_directory(dir))
    return failure("--data: expected a folder, got '" + dir + "'");
  if (Error error = readRouting())
    return std::move(error);
  if (Error error = readMask())
    return std::move(error);
  if (Error error = readWeights())
    return std::move(error);
  if (Error error = readActivations())
    return std::move(error);
  if (Error error = readBias())
    return std::move(error);
  if (Error error = readInitial())
    return std::move(error);
  return std::move(problem);
}

Error DataReader::check() {
  headersOnly = true;
  problem.tokens = files.routing ? files.routing->tokens : flagTokens;
  if (files.routing)
    problem.options.topk = files.routing->topk;
  else if (problem.options.appliesWeight())
    if (Error error =
            load("topk_weights", {DType::F32},
                 {problem.tokens, problem.options.topk}, "[tokens, topk]")
                .takeError())
      return error;
  if (Error error = readMask())
    return error;
  if (Error error = readWeights())
    return error;
  if (Error error = readBias())
    return error;
  return readInitial();
}

Error moe::driver::checkProblem(StringRef dir, const KernelOptions &options,
                                int64_t tokens, const GivenDimensions &given,
                                const StageFiles &files) {
  return DataReader(dir, options, tokens, given, /*threads=*/1, files).check();
}

Expected<Problem>
moe::driver::readProblem(StringRef dir, const KernelOptions &options,
                         int64_t tokens, const GivenDimensions &given,
                         unsigned threads, const StageFiles &files) {
  return DataReader(dir, options, tokens, given, threads, files).read();
}

std::vector<int32_t> moe::driver::readNumbers(const NpyArray &array) {
  std::vector<int32_t> numbers;
  for (int64_t i = 0; i < array.elements(); ++i) {
    int64_t number = array.type == DType::I32 ? array.data.as<int32_t>()[i]
                                              : array.data.as<int64_t>()[i];
    numbers.push_back(number == int32_t(number) ? int32_t(number) : -1);
  }
  return numbers;
}

Expected<std::vector<int32_t>> moe::driver::readExpertMask(StringRef path) {
  moe::files::protectInput(path);
  Expected<NpyArray> array = readNpy(path, {DType::I32, DType::I64, DType::U8});
  if (!array)
    return array.takeError();
  if (array->shape.size() != 1)
    return failure("'" + path + "': expected shape [global experts], got " +
                   shapeString(array->shape));
  std::vector<int32_t> mask;
  for (int64_t i = 0; i < array->elements(); ++i)
    mask.push_back(array->type == DType::I32 ? array->data.as<int32_t>()[i] != 0
                   : array->type == DType::I64
                       ? array->data.as<int64_t>()[i] != 0
                       : array->data.data()[i] != 0);
  if (!is_contained(mask, 1))
    return failure("'" + path +
                   "': expected at least one nonzero entry, a "
                   "local expert, got none of " +
                   Twine(mask.size()));
  return mask;
}

Error moe::driver::checkLocalTokens(int64_t localTokens, int64_t tokens) {
  if (localTokens <= tokens)
    return Error::success();
  return failure("local-tokens: expected at most the " + Twine(tokens) +
                 " tokens, got " + Twine(localTokens));
}
