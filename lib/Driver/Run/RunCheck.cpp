//===- RunCheck.cpp - a kernel's output against the reference -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which rows are compared, and with which error model.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCheck.h"
#include "Driver/Run/RunRandom.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>
#include <cstring>
#include <set>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

static constexpr uint64_t kSampleStream = 99;

/// The first, the last and random ones of `rows`, increasing.
static std::vector<int64_t> sampleRows(const std::vector<int64_t> &rows,
                                       uint64_t seed) {
  if (int64_t(rows.size()) <= kSampledRows)
    return rows;
  Random random(seed, kSampleStream);
  std::set<int64_t> chosen = {rows.front(), rows.back()};
  while (int64_t(chosen.size()) < kSampledRows)
    chosen.insert(rows[size_t(random.below(rows.size()))]);
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

/// The rows of the output that something is routed to, increasing, and how many
/// pairs of a token and a local expert there are.
static std::pair<std::vector<int64_t>, int64_t>
routedRows(const Problem &problem) {
  int64_t perRow = problem.options.topk * problem.tokens / problem.outRows();
  std::vector<int64_t> rows;
  std::vector<int32_t> local = problem.localIds();
  int64_t pairs = 0;
  for (size_t pair = 0; pair < local.size(); ++pair) {
    if (local[pair] < 0)
      continue;
    ++pairs;
    int64_t row = int64_t(pair) / perRow;
    if (rows.empty() || rows.back() != row)
      rows.push_back(row);
  }
  return {rows, pairs};
}

/// How many elements of the rows that are not among `routed` have changed.
static int64_t countChanged(const Problem &problem,
                            const std::vector<int64_t> &routed, const void *out,
                            const void *initial) {
  int64_t width = reference::byteWidth(problem.outType());
  int64_t bytes = problem.options.outColumns() * width, changed = 0;
  std::vector<char> zeros(initial ? 0 : size_t(bytes));
  size_t next = 0;
  for (int64_t row = 0; row < problem.outRows(); ++row) {
    if (next < routed.size() && routed[next] == row) {
      ++next;
      continue;
    }
    const char *found = static_cast<const char *>(out) + row * bytes;
    const char *kept = initial
                           ? static_cast<const char *>(initial) + row * bytes
                           : zeros.data();
    if (std::memcmp(found, kept, size_t(bytes)) == 0)
      continue;
    for (int64_t i = 0; i < bytes; i += width)
      changed += std::memcmp(found + i, kept + i, size_t(width)) != 0;
  }
  return changed;
}

/// How many elements of the routed rows are NaN.
static int64_t countNaN(const Problem &problem,
                        const std::vector<int64_t> &routed, const void *out) {
  int64_t cols = problem.options.outColumns(), count = 0;
  for (int64_t row : routed)
    for (int64_t i = row * cols; i < (row + 1) * cols; ++i)
      count += std::isnan(reference::loadFloat(problem.outType(), out, i));
  return count;
}

static reference::Activation referenceKind(driver::Activation kind) {
  switch (kind) {
  case driver::Activation::Silu:
    return reference::Activation::Silu;
  case driver::Activation::Swiglu:
    return reference::Activation::Swiglu;
  case driver::Activation::Situv2:
    return reference::Activation::Situv2;
  }
  llvm_unreachable("covered switch");
}

reference::ActivationParams moe::driver::activationOf(const KernelOptions &o) {
  // Not resolvedActivation, which gives the kernel its arguments: what a flag
  // that is absent means is the reference's own knowledge.
  reference::ActivationParams params =
      reference::defaultActivation(referenceKind(o.act));
  auto set = [](double &value, std::optional<float> flag) {
    value = flag ? double(*flag) : double(float(value)); // an f32 argument
  };
  set(params.alpha, o.alpha);
  set(params.limit, o.limit);
  set(params.beta, o.beta);
  set(params.linearBeta, o.linearBeta);
  return params;
}

static reference::ErrorModel errorModel(const Problem &problem) {
  const KernelOptions &o = problem.options;
  reference::ErrorModel model;
  model.type = problem.outType();
  // Reducing rounded rows obeys the same bound as accumulating.
  model.accumulate =
      o.kernel == KernelKind::Gemm2 && (o.accumulate || o.reduce);
  model.k = o.k();
  model.contributions = model.accumulate ? o.topk * o.kBatch : 1;
  model.topk = o.topk;
  return model;
}

/// Adds the report of other elements; the worst element is that of whichever is
/// further outside (or nearer) its bound.
static void add(reference::ErrorReport &sum, const reference::ErrorReport &c) {
  bool second = c.wrong > 0 && sum.wrong == 0;
  second |=
      (c.wrong > 0) == (sum.wrong > 0) && c.maxBoundRatio > sum.maxBoundRatio;
  reference::ErrorReport both = second ? c : sum;
  both.pass = sum.pass && c.pass;
  both.compared = sum.compared + c.compared;
  both.wrong = sum.wrong + c.wrong;
  both.maxError = std::max(sum.maxError, c.maxError);
  both.maxBoundRatio = std::max(sum.maxBoundRatio, c.maxBoundRatio);
  both.logitsDiff = std::max(sum.logitsDiff, c.logitsDiff);
  both.logitsExplained = sum.logitsGood() && c.logitsGood();
  sum = both;
}

/// Some columns at a time, which bounds the memory: the weights of a column are
/// decoded once whatever the number of rows.
template <typename Compare>
static reference::ErrorReport compareAll(const std::vector<int64_t> &rows,
                                         int64_t cols, const Compare &compare) {
  constexpr int64_t kElements = 8 << 20;
  int64_t atOnce = std::max<int64_t>(
      kPartCols, kElements / std::max<int64_t>(1, int64_t(rows.size())));
  std::optional<reference::ErrorReport> all;
  for (int64_t first = 0; first < cols; first += atOnce) {
    std::vector<int64_t> some;
    for (int64_t c = first; c < std::min(cols, first + atOnce); ++c)
      some.push_back(c);
    reference::ErrorReport report = compare(reference::Wanted{&rows, &some});
    if (all)
      add(*all, report);
    else
      all = report;
  }
  return *all;
}

CheckResult moe::driver::checkStage(const Problem &problem, const void *out,
                                    unsigned threads, CheckLimits limits) {
  if (!problem.tokens)
    return CheckResult();
  const KernelOptions &o = problem.options;
  bool stage1 = o.kernel == KernelKind::Gemm1;
  reference::ErrorModel model = errorModel(problem);

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
    return reference::compare(
        model,
        reference::goldenStage2(gemm, model.accumulate, initial,
                                problem.outType(), wanted),
        out, initial);
  };
  auto [routed, pairs] = routedRows(problem);
  result.changed = countChanged(problem, routed, out, initial);
  // Products of a column.
  int64_t column = std::max<int64_t>(1, pairs * o.k() * (stage1 ? 2 : 1));
  int64_t products = stage1 ? limits.stage1 : limits.stage2;
  if (problem.tokens <= kSampleAbove || column <= products / o.outColumns()) {
    result.elements = compareAll(routed, o.outColumns(), compare);
    return result;
  }
  std::vector<int64_t> rows = sampleRows(routed, problem.seed);
  result.sampledRows = int64_t(rows.size());
  result.elements = compare(reference::Wanted{&rows, nullptr});
  int64_t parts =
      std::max({kSampledCols, (o.outColumns() + kPartCols - 1) / kPartCols,
                limits.stage2 / column});
  std::vector<int64_t> cols = sampleCols(o.outColumns(), parts, problem.seed);
  result.sampledCols = int64_t(cols.size());
  result.columns = compare(reference::Wanted{&routed, &cols});
  if (problem.isFinite())
    result.unwritten = countNaN(problem, routed, out);
  if (stage1)
    return result;
  result.checksum = reference::compareChecksum(
      model,
      reference::goldenStage2Checksum(gemm, model.accumulate, initial,
                                      problem.outType()),
      out, problem.outRows());
  return result;
}

CheckResult moe::driver::checkLayer(const Problem &up, const Problem &down,
                                    const void *out, unsigned threads,
                                    CheckLimits limits) {
  if (!down.tokens)
    return CheckResult();
  const KernelOptions &o = down.options;
  reference::ErrorModel model = errorModel(down);
  const void *initial = o.reduce ? nullptr : down.initial.data();

  CheckResult result;
  result.rows = result.sampledRows = down.tokens;
  auto [rows, pairs] = routedRows(down);
  result.changed = countChanged(down, rows, out, initial);
  int64_t column = std::max<int64_t>(1, pairs * o.interDim * 4);
  if (down.tokens > kSampleAbove && column > limits.layer / o.modelDim) {
    rows = sampleRows(rows, down.seed);
    result.sampledRows = int64_t(rows.size());
  }
  result.elements = reference::compare(
      model,
      reference::goldenLayer(up.gemm(threads), activationOf(up.options),
                             down.gemm(threads), initial, down.outType(),
                             &rows),
      out, initial);
  return result;
}

reference::ErrorReport CheckResult::total() const {
  reference::ErrorReport sum = elements;
  if (columns)
    add(sum, *columns);
  return sum;
}
