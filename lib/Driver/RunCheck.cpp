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

/// A random column of each of kSampledCols equal parts.
static std::vector<int64_t> sampleCols(int64_t cols, uint64_t seed) {
  Random random(seed, kSampleStream + 1);
  int64_t parts = std::min(kSampledCols, cols);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < parts; ++i) {
    int64_t begin = cols * i / parts, end = cols * (i + 1) / parts;
    chosen.push_back(begin + int64_t(random.below(uint64_t(end - begin))));
  }
  return chosen;
}

reference::ActivationParams moe::driver::activationOf(const KernelOptions &o) {
  driver::ActivationParams params = resolvedActivation(o);
  reference::ActivationParams result;
  result.kind = o.act == driver::Activation::Silu ? reference::Activation::Silu
                : o.act == driver::Activation::Swiglu
                    ? reference::Activation::Swiglu
                    : reference::Activation::Situv2;
  result.alpha = params.alpha;
  result.limit = params.limit;
  result.beta = params.beta;
  result.linearBeta = params.linearBeta;
  return result;
}

CheckResult moe::driver::checkStage(const Problem &problem, const void *out,
                                    unsigned threads) {
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
                                  problem.outType(), wanted.rows),
          out, initial, /*stage1=*/true);
    return reference::compare(model,
                              reference::goldenStage2(gemm, summed, initial,
                                                      problem.outType(),
                                                      wanted),
                              out, initial);
  };
  if (problem.tokens <= kSampleAbove) {
    result.elements = compare(reference::Wanted());
    return result;
  }
  std::vector<int64_t> rows = sampleRows(problem.outRows(), problem.seed);
  result.sampledRows = int64_t(rows.size());
  result.elements = compare(reference::Wanted{&rows, nullptr});
  if (stage1)
    return result;
  std::vector<int64_t> cols = sampleCols(o.outColumns(), problem.seed);
  result.sampledCols = int64_t(cols.size());
  result.columns = compare(reference::Wanted{nullptr, &cols});
  result.checksum = reference::compareChecksum(
      model,
      reference::goldenStage2Checksum(gemm, summed, initial, problem.outType()),
      out, problem.outRows());
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
  return sum;
}
