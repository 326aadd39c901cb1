//===- RunCheck.cpp - a kernel's output against the reference -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which rows are compared, and with which error model.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/RunCheck.h"
#include "RunRandom.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <cstring>
#include <set>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

static constexpr uint64_t kSampleStream = 99;

/// The first, the last and random rows, increasing.
static std::vector<int64_t> sampleRows(int64_t rows, uint64_t seed) {
  Random random(seed, kSampleStream);
  std::set<int64_t> chosen = {0, rows - 1};
  while (int64_t(chosen.size()) < std::min(kSampledRows, rows))
    chosen.insert(int64_t(random.below(uint64_t(rows))));
  return std::vector<int64_t>(chosen.begin(), chosen.end());
}

/// A random column of each of `parts` equal parts.
static std::vector<int64_t> sampleCols(int64_t cols, int64_t parts,
                                       uint64_t seed) {
  Random random(seed, kSampleStream + 1);
  parts = std::min(parts, cols);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < parts; ++i) {
    int64_t begin = cols * i / parts, end = cols * (i + 1) / parts;
    chosen.push_back(begin + int64_t(random.below(uint64_t(end - begin))));
  }
  return chosen;
}

/// A NaN in a routed row of a generated problem, or a change in another row.
static void checkEveryElement(const Problem &problem, const void *out,
                              const void *initial, CheckResult &result) {
  const KernelOptions &o = problem.options;
  int64_t perRow = o.topk * problem.tokens / problem.outRows();
  std::vector<char> routed(static_cast<size_t>(problem.outRows()), 0);
  std::vector<int32_t> local = problem.localIds();
  for (size_t pair = 0; pair < local.size(); ++pair)
    if (local[pair] >= 0)
      routed[pair / size_t(perRow)] = 1;
  int64_t cols = o.outColumns();
  reference::FloatType type = problem.outType();
  for (int64_t row = 0; row < problem.outRows(); ++row)
    for (int64_t i = row * cols; i < (row + 1) * cols; ++i) {
      double y = reference::loadFloat(type, out, i);
      if (routed[static_cast<size_t>(row)]) {
        result.unwritten += problem.isFinite() && std::isnan(y);
        continue;
      }
      int64_t width = reference::byteWidth(type);
      static const char zeros[8] = {};
      const char *kept =
          initial ? static_cast<const char *>(initial) + i * width : zeros;
      const char *found = static_cast<const char *>(out) + i * width;
      result.touched += std::memcmp(found, kept, size_t(width)) != 0;
    }
}

reference::ActivationParams moe::driver::activationOf(const KernelOptions &o) {
  // Not resolvedActivation, which gives the kernel its arguments: what a flag
  // that is absent means is the reference's own knowledge.
  reference::ActivationParams params = reference::defaultActivation(
      o.act == driver::Activation::Silu     ? reference::Activation::Silu
      : o.act == driver::Activation::Swiglu ? reference::Activation::Swiglu
                                            : reference::Activation::Situv2);
  auto set = [](double &value, std::optional<float> flag) {
    value = flag ? double(*flag) : double(float(value)); // an f32 argument
  };
  set(params.alpha, o.alpha);
  set(params.limit, o.limit);
  set(params.beta, o.beta);
  set(params.linearBeta, o.linearBeta);
  return params;
}

CheckResult moe::driver::checkStage(const Problem &problem, const void *out,
                                    unsigned threads, int64_t products) {
  if (!problem.tokens)
    return CheckResult();
  const KernelOptions &o = problem.options;
  bool stage1 = o.kernel == KernelKind::Gemm1;
  reference::ErrorModel model;
  model.type = problem.outType();
  // A reduction adds up rounded rows, which no more errs than adding to them.
  bool summed = !stage1 && (o.accumulate || o.reduce);
  model.accumulate = summed;
  model.k = o.k();
  model.contributions = summed ? o.topk * o.kBatch : 1;
  model.topk = o.topk;

  CheckResult result;
  result.rows = result.sampledRows = problem.outRows();
  reference::MoEGemm gemm = problem.gemm(threads);
  // A reduction overwrites.
  const void *initial = o.reduce ? nullptr : problem.initial.data();
  auto compare = [&](const reference::Wanted &wanted) {
    if (stage1)
      return reference::compare(
          model,
          reference::goldenStage1(gemm, activationOf(o), initial,
                                  problem.outType(), wanted),
          out, initial, /*stage1=*/true);
    return reference::compare(model,
                              reference::goldenStage2(gemm, summed, initial,
                                                      problem.outType(),
                                                      wanted),
                              out, initial);
  };
  int64_t pairs = problem.tokens * o.topk;
  int64_t column = pairs * o.k() * (stage1 ? 2 : 1); // products of a column
  if (problem.tokens <= kSampleAbove || column * o.outColumns() <= products) {
    result.elements = compare(reference::Wanted());
    return result;
  }
  std::vector<int64_t> rows = sampleRows(problem.outRows(), problem.seed);
  result.sampledRows = int64_t(rows.size());
  result.elements = compare(reference::Wanted{&rows, nullptr});
  int64_t parts =
      std::max({kSampledCols, (o.outColumns() + kPartCols - 1) / kPartCols,
                products / column});
  std::vector<int64_t> cols = sampleCols(o.outColumns(), parts, problem.seed);
  result.sampledCols = int64_t(cols.size());
  result.columns = compare(reference::Wanted{nullptr, &cols});
  checkEveryElement(problem, out, initial, result);
  if (stage1)
    return result;
  result.checksum = reference::compareChecksum(
      model,
      reference::goldenStage2Checksum(gemm, summed, initial, problem.outType()),
      out, problem.outRows());
  return result;
}

CheckResult moe::driver::checkLayer(const Problem &up, const Problem &down,
                                    const void *out, unsigned threads,
                                    int64_t products) {
  if (!down.tokens)
    return CheckResult();
  const KernelOptions &o = down.options;
  reference::ErrorModel model;
  model.type = down.outType();
  model.k = o.k();
  model.contributions = o.topk * o.kBatch;
  model.topk = o.topk;
  const void *initial = o.reduce ? nullptr : down.initial.data();

  CheckResult result;
  result.rows = result.sampledRows = down.tokens;
  std::vector<int64_t> rows;
  int64_t all = down.tokens * o.topk * o.modelDim * o.interDim * 4;
  if (down.tokens > kSampleAbove && all > products) {
    rows = sampleRows(down.tokens, down.seed);
    result.sampledRows = int64_t(rows.size());
  }
  result.elements = reference::compare(
      model,
      reference::goldenLayer(up.gemm(threads), activationOf(up.options),
                             down.gemm(threads), initial, down.outType(),
                             rows.empty() ? nullptr : &rows),
      out, initial);
  return result;
}

reference::ErrorReport CheckResult::total() const {
  if (!columns)
    return elements;
  const reference::ErrorReport &e = elements, &c = *columns;
  // The worst element of whichever is further outside (or nearer) its bound.
  bool second = c.wrong > 0 && e.wrong == 0;
  second |= (c.wrong > 0) == (e.wrong > 0) && c.maxBoundRatio > e.maxBoundRatio;
  reference::ErrorReport sum = second ? c : e;
  sum.pass = e.pass && c.pass;
  sum.compared = e.compared + c.compared;
  sum.wrong = e.wrong + c.wrong;
  sum.maxError = std::max(e.maxError, c.maxError);
  sum.maxBoundRatio = std::max(e.maxBoundRatio, c.maxBoundRatio);
  sum.logitsDiff = std::max(e.logitsDiff, c.logitsDiff);
  sum.logitsExplained = e.logitsGood() && c.logitsGood();
  return sum;
}
