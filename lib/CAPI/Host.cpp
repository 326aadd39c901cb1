//===- Host.cpp - quantising, shuffling and sorting for C -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference's functions on the caller's arrays, in pieces over threads,
// with what those functions presuppose checked first.
//
//===----------------------------------------------------------------------===//

#include "moe-c/Host.h"
#include "Driver/Options/Flags.h"
#include "Support.h"
#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Shuffle.h"
#include "moe/Reference/Sorting.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <limits>
#include <thread>

using namespace llvm;
using namespace moe;

/// Calls `work(begin, end)` for equal parts of [0, count), one a thread.
template <typename Work>
static void inParts(int64_t count, unsigned threads, Work work) {
  int64_t parts = std::min<int64_t>(threads, count);
  std::vector<std::thread> workers;
  for (int64_t p = 1; p < parts; ++p)
    workers.emplace_back(work, count * p / parts, count * (p + 1) / parts);
  if (parts)
    work(0, count / parts);
  for (std::thread &worker : workers)
    worker.join();
}

/// A size of at least `least` that is a multiple of `multiple`.
static Error checkSize(const char *name, int64_t value, int64_t least,
                       int64_t multiple = 1) {
  if (value < least || value > int64_t(1) << 40)
    return createStringError(Twine(name) + ": expected from " + Twine(least) +
                             " to 2^40, got " + Twine(value));
  if (value % multiple)
    return createStringError(Twine(name) + ": expected a multiple of " +
                             Twine(multiple) + ", got " + Twine(value));
  return Error::success();
}

static Error checkMatrix(int64_t rows, int64_t k, int threads) {
  if (Error error = checkSize("rows", rows, 0))
    return error;
  if (Error error = checkSize("k", k, 32, reference::kBlock))
    return error;
  int64_t elements;
  if (MulOverflow(rows, k, elements))
    return createStringError("rows x k: expected less than 2^63, got more");
  return capi::checkThreads(threads);
}

MoeStatus moeQuantizeMXFP4(const float *values, int64_t rows, int64_t k,
                           int threads, uint8_t *codes, uint8_t *scales) {
  if (Error error = checkMatrix(rows, k, threads))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkPointers(
          {{values, "values"}, {codes, "codes"}, {scales, "scales"}}))
    return capi::statusOf(std::move(error));
  inParts(rows, capi::threadsOf(threads), [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      reference::MXFP4 q = reference::quantizeMXFP4(values + row * k, 1, k);
      std::memcpy(codes + row * (k / 2), q.codes.data(), q.codes.size());
      std::memcpy(scales + row * (k / 32), q.scales.data(), q.scales.size());
    }
  });
  return MOE_OK;
}

MoeStatus moeDequantizeMXFP4(const uint8_t *codes, const uint8_t *scales,
                             int64_t rows, int64_t k, int threads,
                             float *values) {
  if (Error error = checkMatrix(rows, k, threads))
    return capi::statusOf(std::move(error));
  if (Error error = capi::checkPointers(
          {{codes, "codes"}, {scales, "scales"}, {values, "values"}}))
    return capi::statusOf(std::move(error));
  inParts(rows, capi::threadsOf(threads), [=](int64_t begin, int64_t end) {
    std::vector<double> decoded(static_cast<size_t>(k));
    for (int64_t row = begin; row < end; ++row) {
      reference::dequantizeRow(codes + row * (k / 2), scales + row * (k / 32),
                               k, decoded.data());
      for (int64_t i = 0; i < k; ++i)
        values[row * k + i] = static_cast<float>(decoded[size_t(i)]);
    }
  });
  return MOE_OK;
}

int64_t moeShuffledWeightBytes(int64_t rows, int64_t k) {
  return reference::shuffledWeightBytes(rows, k);
}

int64_t moeShuffledScaleBytes(int64_t rows, int64_t k) {
  return reference::shuffledScaleBytes(rows, k);
}

static Error checkShuffle(const uint8_t *in, int64_t experts, int64_t n,
                          int64_t k, int threads, const uint8_t *out) {
  if (Error error = checkSize("experts", experts, 0))
    return error;
  if (Error error = checkSize("n", n, 32, 32))
    return error;
  int64_t rows;
  if (MulOverflow(experts, n, rows))
    return createStringError("experts x n: expected less than 2^63, got more");
  if (Error error = checkMatrix(rows, k, threads))
    return error;
  return capi::checkPointers({{in, "input"}, {out, "out"}});
}

MoeStatus moeShuffleWeightA16W4(const uint8_t *codes, int64_t experts,
                                int64_t n, int64_t k, int gateUp, int threads,
                                uint8_t *out) {
  if (Error error = checkShuffle(codes, experts, n, k, threads, out))
    return capi::statusOf(std::move(error));
  int64_t bytes = reference::shuffledWeightBytes(n, k);
  inParts(experts, capi::threadsOf(threads), [=](int64_t begin, int64_t end) {
    for (int64_t e = begin; e < end; ++e) {
      std::memset(out + e * bytes, 0, static_cast<size_t>(bytes));
      reference::shuffleWeightA16W4Into(codes + e * n * (k / 2), 1, n, k,
                                        gateUp != 0, out + e * bytes);
    }
  });
  return MOE_OK;
}

MoeStatus moeShuffleScaleA16W4(const uint8_t *scales, int64_t experts,
                               int64_t n, int64_t k, int gateUp, int threads,
                               uint8_t *out) {
  if (Error error = checkShuffle(scales, experts, n, k, threads, out))
    return capi::statusOf(std::move(error));
  int64_t bytes = reference::shuffledScaleBytes(n, k);
  inParts(experts, capi::threadsOf(threads), [=](int64_t begin, int64_t end) {
    for (int64_t e = begin; e < end; ++e)
      reference::shuffleScaleA16W4Into(scales + e * n * (k / 32), 1, n, k,
                                       gateUp != 0, out + e * bytes);
  });
  return MOE_OK;
}

int64_t moeMaxSortedRows(int64_t tokens, int64_t topk, int64_t localExperts,
                         int64_t tileM) {
  return reference::maxSortedRows(tokens, topk, localExperts, tileM);
}

static Error checkSorting(const MoeSorting &s) {
  if (Error error = capi::checkPointers({{s.ids, "ids"},
                                         {s.weights, "weights"},
                                         {s.sortedIds, "sortedIds"},
                                         {s.sortedWeights, "sortedWeights"},
                                         {s.expertIds, "expertIds"},
                                         {s.numValid, "numValid"}}))
    return error;
  for (auto [name, value, least, most] :
       {std::tuple<const char *, int64_t, int64_t, int64_t>("tokens", s.tokens,
                                                            0, (1 << 24) - 1),
        {"topk", s.topk, 1, 255},
        {"experts", s.experts, 1, 1 << 24},
        {"tileM", s.tileM, 1, 1 << 16}})
    if (value < least || value > most)
      return createStringError(Twine(name) + ": expected from " + Twine(least) +
                               " to " + Twine(most) + ", got " + Twine(value));
  int64_t local = s.expertMask
                      ? reference::countLocalExperts(s.expertMask, s.experts)
                      : s.experts;
  int64_t rows = reference::maxSortedRows(s.tokens, s.topk, local, s.tileM);
  int64_t most = std::numeric_limits<int32_t>::max();
  if (rows > most)
    return createStringError("tokens x topk: expected at most " + Twine(most) +
                             " sorted rows, got " + Twine(rows));
  return Error::success();
}

MoeStatus moeSort(MoeSorting *sorting) {
  if (Error error = capi::checkPointers({{sorting, "sorting"}}))
    return capi::statusOf(std::move(error));
  if (Error error = checkSorting(*sorting))
    return capi::statusOf(std::move(error));
  reference::SortingInput input;
  input.tokens = sorting->tokens;
  input.topk = sorting->topk;
  input.experts = sorting->experts;
  input.tileM = sorting->tileM;
  input.ids = sorting->ids;
  input.weights = sorting->weights;
  input.expertMask = sorting->expertMask;
  input.localTokens = sorting->localTokens;
  reference::SortingOutput sorted = reference::sortMoE(input);
  sorting->rows = int64_t(sorted.sortedIds.size());
  if (sorting->rows > sorting->capacity)
    return capi::statusOf(createStringError(
        "capacity: expected at least " + Twine(sorting->rows) + " rows, got " +
        Twine(sorting->capacity)));
  llvm::copy(sorted.sortedIds, sorting->sortedIds);
  llvm::copy(sorted.sortedWeights, sorting->sortedWeights);
  llvm::copy(sorted.expertIds, sorting->expertIds);
  std::copy_n(sorted.numValid, 2, sorting->numValid);
  return MOE_OK;
}
