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

CheckResult moe::driver::checkStage2(const Problem &problem, const void *out,
                                     unsigned threads) {
  const KernelOptions &o = problem.options;
  reference::ErrorModel model;
  model.type = problem.outType();
  model.accumulate = o.accumulate;
  model.k = o.k();
  model.contributions = o.accumulate ? o.topk * o.kBatch : 1;
  model.topk = o.topk;

  CheckResult result;
  result.rows = result.sampled = problem.outRows();
  reference::MoEGemm gemm = problem.gemm(threads);
  const void *initial = problem.initial.data();
  if (problem.tokens <= kSampleAbove) {
    reference::GoldenResult golden =
        reference::goldenStage2(gemm, o.accumulate, initial, problem.outType());
    result.elements = reference::compare(model, golden, out, initial);
    return result;
  }
  std::vector<int64_t> wanted = sampleRows(problem.outRows(), problem.seed);
  result.sampled = int64_t(wanted.size());
  reference::GoldenResult golden = reference::goldenStage2(
      gemm, o.accumulate, initial, problem.outType(), &wanted);
  result.elements = reference::compare(model, golden, out, initial);
  reference::GoldenResult sums = reference::goldenStage2Checksum(
      gemm, o.accumulate, initial, problem.outType());
  result.checksum =
      reference::compareChecksum(model, sums, out, problem.outRows());
  return result;
}
