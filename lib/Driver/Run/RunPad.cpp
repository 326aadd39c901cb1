//===- RunPad.cpp - dimensions that kernels do not have -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A problem with any even K and any N or I, as the next larger one that a
// kernel takes: zeros along K, rows of zero weights, columns that are cut off
// again. The reference computes the problem as it is, so that it sees what goes
// wrong here. Not here: shuffling (RunPrepare.cpp), the padding of K within the
// shuffled layouts (Reference's Shuffle.h).
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunProblem.h"
#include "moe/Reference/MXFP4.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cstring>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

/// Unit scale, for rows that the layout adds; their codes are zero.
static constexpr uint8_t kUnitScale = 0x7F;

KernelOptions moe::driver::paddedOptions(const KernelOptions &options) {
  KernelOptions padded = options;
  bool stage1 = options.isStage1();
  // K in blocks of one scale; N in pairs of 16 rows, as the scales' dwords hold
  // them: I of gate and up rows each has one of the pair.
  padded.modelDim = int64_t(alignTo(uint64_t(options.modelDim), 32));
  padded.interDim =
      int64_t(alignTo(uint64_t(options.interDim), stage1 ? 16 : 32));
  return padded;
}

bool moe::driver::needsPadding(const KernelOptions &options) {
  KernelOptions padded = paddedOptions(options);
  return padded.modelDim != options.modelDim ||
         padded.interDim != options.interDim;
}

namespace {
/// Rows of some bytes in one or two equal parts (gate and up), and the same
/// with more rows at the end of each part and more bytes at the end of a row.
struct Padding {
  int64_t parts, rows, bytes, paddedRows, paddedBytes;

  void copy(const uint8_t *from, uint8_t *to) const {
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t row = 0; row < rows; ++row)
        std::memcpy(to + (part * paddedRows + row) * paddedBytes,
                    from + (part * rows + row) * bytes, size_t(bytes));
  }
};
} // namespace

/// Of the rows of one expert's weights, each `bytes` long.
static Padding rowsOf(const KernelOptions &from, const KernelOptions &to,
                      int64_t bytes, int64_t paddedBytes) {
  int64_t parts = from.isStage1() ? 2 : 1;
  return {parts, from.n() / parts, bytes, to.n() / parts, paddedBytes};
}

void moe::driver::padWeights(const Problem &problem,
                             const KernelOptions &padded, int64_t expert,
                             uint8_t *codes, uint8_t *scales) {
  const KernelOptions &o = problem.options;
  int64_t blocks = reference::blocksOf(o.k()), paddedBlocks = padded.k() / 32;
  std::vector<uint8_t> from(size_t(o.n() * (o.k() / 2)));
  std::vector<uint8_t> fromScales(size_t(o.n() * blocks));
  problem.weightsOf(expert, from.data(), fromScales.data());
  std::memset(codes, 0, size_t(padded.n() * (padded.k() / 2)));
  std::memset(scales, kUnitScale, size_t(padded.n() * paddedBlocks));
  rowsOf(o, padded, o.k() / 2, padded.k() / 2).copy(from.data(), codes);
  rowsOf(o, padded, blocks, paddedBlocks).copy(fromScales.data(), scales);
}

/// A matrix with rows of `bytes` in one with rows of `paddedBytes`; the same
/// memory where these are equal.
static Error padColumns(const HostBuffer &from, int64_t rows, int64_t bytes,
                        int64_t paddedBytes, HostBuffer &to) {
  if (bytes == paddedBytes) {
    to = HostBuffer::view(from.data(), from.size());
    return Error::success();
  }
  if (Error error =
          HostBuffer::allocate(uint64_t(rows * paddedBytes)).moveInto(to))
    return error;
  Padding{1, rows, bytes, rows, paddedBytes}.copy(from.data(), to.data());
  return Error::success();
}

Expected<Problem> moe::driver::padProblem(const Problem &problem) {
  const KernelOptions &o = problem.options;
  KernelOptions options = paddedOptions(o);
  if (problem.shuffled)
    return failure("shuffled weights: expected K a multiple of 32 and N one of "
                   "32, got K " +
                   Twine(o.k()) + " and N " + Twine(o.n()) +
                   "; pad them to K " + Twine(options.k()) + " and N " +
                   Twine(options.n()) + " before they are shuffled");
  Problem padded;
  padded.options = options;
  padded.tokens = problem.tokens;
  padded.ids = problem.ids;
  padded.weights = problem.weights;
  padded.seed = problem.seed;
  padded.sharding = problem.sharding;
  padded.unpadded = &problem;
  int64_t rows =
      o.kernel == KernelKind::Gemm2 ? problem.tokens * o.topk : problem.tokens;
  if (Error error =
          padColumns(problem.x, rows, o.k() * 2, options.k() * 2, padded.x))
    return std::move(error);
  int64_t width = reference::byteWidth(problem.outType());
  if (Error error =
          padColumns(problem.initial, problem.outRows(), o.outColumns() * width,
                     options.outColumns() * width, padded.initial))
    return std::move(error);
  if (!problem.bias.empty()) {
    padded.bias.assign(size_t(o.experts * options.n()), 0.0f);
    for (int64_t e = 0; e < o.experts; ++e)
      rowsOf(o, options, sizeof(float), sizeof(float))
          .copy(reinterpret_cast<const uint8_t *>(problem.bias.data() +
                                                  e * o.n()),
                reinterpret_cast<uint8_t *>(padded.bias.data() +
                                            e * options.n()));
  }
  return std::move(padded);
}

Error moe::driver::cutOutput(const Problem &problem, HostBuffer &out) {
  const KernelOptions &o = problem.options;
  int64_t width = reference::byteWidth(problem.outType());
  int64_t bytes = o.outColumns() * width;
  int64_t paddedBytes = paddedOptions(o).outColumns() * width;
  if (bytes == paddedBytes)
    return Error::success();
  HostBuffer cut;
  if (Error error =
          HostBuffer::allocate(uint64_t(problem.outBytes())).moveInto(cut))
    return error;
  for (int64_t row = 0; row < problem.outRows(); ++row)
    std::memcpy(cut.data() + row * bytes, out.data() + row * paddedBytes,
                size_t(bytes));
  out = std::move(cut);
  return Error::success();
}
