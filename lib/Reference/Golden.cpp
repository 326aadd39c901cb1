//===- Golden.cpp - what the MoE layer computes, in double ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One product of an expert's weights with the rows routed to it, computed
// column by column, and the sums around it that make stage 1, stage 2, the
// check sum and the layer.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Golden.h"
#include "Parallel.h"
#include "moe/Reference/MXFP4.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace moe::reference;

namespace {
/// One routed pair and the row of the result it goes to.
struct Pair {
  int64_t pair, row;
};
using PairsByExpert = std::vector<std::vector<Pair>>;

/// The sum over K, that of the first contribution to it alone, the sum of the
/// absolute values of the others, and the sum of the products' absolute values.
struct Dot {
  double sum = 0, first = 0, others = 0, magnitude = 0;
};
} // namespace

/// sum a*w and sum |a*w|, eight partial sums each so that the compiler can use
/// vectors without reordering anything.
static void addDot(const double *a, const double *w, int64_t begin, int64_t end,
                   Dot &result) {
  double sums[8] = {}, magnitudes[8] = {};
  for (int64_t i = begin; i < end; i += 8)
    for (int64_t j = 0; j < 8; ++j) {
      double product = a[i + j] * w[i + j];
      sums[j] += product;
      magnitudes[j] += std::fabs(product);
    }
  double sum = 0;
  for (int64_t j = 0; j < 8; ++j) {
    sum += sums[j];
    result.magnitude += magnitudes[j];
  }
  result.sum += sum;
  if (begin == 0)
    result.first = sum;
  else
    result.others += std::fabs(sum);
}

static Dot dot(const double *a, const double *w, const MoEGemm &gemm) {
  Dot result;
  int64_t begin = 0;
  for (int64_t cut : gemm.cuts) {
    addDot(a, w, begin, cut, result);
    begin = cut;
  }
  addDot(a, w, begin, gemm.k, result);
  return result;
}

static void decodeX(const MoEGemm &gemm, int64_t pair, double *out) {
  static const std::vector<double> table = [] {
    std::vector<double> values(65536);
    for (unsigned bits = 0; bits < 65536; ++bits)
      values[bits] = decodeBF16(static_cast<uint16_t>(bits));
    return values;
  }();
  int64_t row = gemm.xPerSlot ? pair : pair / gemm.topk;
  for (int64_t i = 0; i < gemm.k; ++i)
    out[i] = table[gemm.x[row * gemm.k + i]];
}

static void decodeW(const MoEGemm &gemm, int64_t expert, int64_t column,
                    double *out) {
  int64_t row = expert * gemm.n + column;
  dequantizeRow(gemm.codes + row * (gemm.k / 2),
                gemm.scales + row * (gemm.k / kBlock), gemm.k, out);
}

/// The expert among gemm.experts that computes a pair, -1 = none does.
static std::vector<int32_t> expertsOfPairs(const MoEGemm &gemm) {
  int64_t named = gemm.expertMask ? gemm.globalExperts : gemm.experts;
  std::vector<int32_t> local;
  int32_t count = 0;
  for (int64_t e = 0; e < named; ++e)
    local.push_back(gemm.expertMask && !gemm.expertMask[e] ? -1 : count++);
  int64_t tokens = gemm.localTokens < 0
                       ? gemm.tokens
                       : std::min(gemm.tokens, gemm.localTokens);
  std::vector<int32_t> experts(static_cast<size_t>(gemm.tokens * gemm.topk),
                               -1);
  for (int64_t pair = 0; pair < tokens * gemm.topk; ++pair)
    if (gemm.ids[pair] >= 0 && gemm.ids[pair] < named)
      experts[pair] = local[gemm.ids[pair]];
  return experts;
}

/// Groups the pairs by expert; rowOf(pair) is an index into result.rowIds, or
/// -1 where the row is not wanted.
template <typename RowOf>
static PairsByExpert route(const MoEGemm &gemm, const RowOf &rowOf) {
  PairsByExpert routed(static_cast<size_t>(gemm.experts));
  std::vector<int32_t> experts = expertsOfPairs(gemm);
  for (int64_t pair = 0; pair < gemm.tokens * gemm.topk; ++pair) {
    int64_t expert = experts[pair], row = rowOf(pair);
    if (expert >= 0 && row >= 0)
      routed[expert].push_back({pair, row});
  }
  return routed;
}

static std::vector<int64_t> indicesOr(const std::vector<int64_t> *wanted,
                                      int64_t count) {
  if (wanted)
    return *wanted;
  std::vector<int64_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// An empty result over the wanted part of a rows x cols output.
static GoldenResult makeResult(int64_t rows, int64_t cols,
                               const Wanted &wanted) {
  GoldenResult result;
  result.outCols = cols;
  result.rowIds = indicesOr(wanted.rows, rows);
  result.colIds = indicesOr(wanted.cols, cols);
  size_t size = result.rowIds.size() * result.colIds.size();
  result.value.assign(size, 0);
  result.sum.assign(size, 0);
  result.magnitude.assign(size, 0);
  result.routed.assign(result.rowIds.size(), 0);
  return result;
}

/// row of the output -> index in rowIds, -1 = not wanted.
static std::vector<int64_t> indexRows(const GoldenResult &result,
                                      int64_t rows) {
  std::vector<int64_t> index(static_cast<size_t>(rows), -1);
  for (size_t i = 0; i < result.rowIds.size(); ++i)
    index[result.rowIds[i]] = static_cast<int64_t>(i);
  return index;
}

/// Calls use(expert, pair, j, dot) for each routed pair and each weight row
/// columns[j] of its expert; threads share out the columns of one expert and
/// a bounded number of its pairs at a time.
template <typename Use>
static void multiply(const MoEGemm &gemm, const PairsByExpert &routed,
                     const std::vector<int64_t> &columns, const Use &use) {
  constexpr size_t kPairsAtOnce = 1024;
  std::vector<double> x;
  for (int64_t e = 0; e < gemm.experts; ++e) {
    const std::vector<Pair> &pairs = routed[e];
    for (size_t first = 0; first < pairs.size(); first += kPairsAtOnce) {
      size_t count = std::min(kPairsAtOnce, pairs.size() - first);
      x.resize(count * gemm.k);
      for (size_t i = 0; i < count; ++i)
        decodeX(gemm, pairs[first + i].pair, x.data() + i * gemm.k);
      forEachChunk(static_cast<int64_t>(columns.size()), 16, gemm.threads,
                   [&](int64_t begin, int64_t end) {
                     std::vector<double> w(static_cast<size_t>(gemm.k));
                     for (int64_t j = begin; j < end; ++j) {
                       decodeW(gemm, e, columns[j], w.data());
                       for (size_t i = 0; i < count; ++i)
                         use(e, pairs[first + i], j,
                             dot(x.data() + i * gemm.k, w.data(), gemm));
                     }
                   });
    }
  }
}

static double weightOf(const MoEGemm &gemm, int64_t pair) {
  return gemm.weights ? gemm.weights[pair] : 1.0;
}
static double biasOf(const MoEGemm &gemm, int64_t expert, int64_t column) {
  return gemm.bias ? gemm.bias[expert * gemm.n + column] : 0.0;
}

static void setInitial(GoldenResult &result, const void *initial,
                       FloatType type) {
  if (!initial)
    return;
  size_t cols = result.colIds.size();
  for (size_t i = 0; i < result.rowIds.size(); ++i)
    for (size_t j = 0; j < cols; ++j) {
      double value = loadFloat(
          type, initial, result.rowIds[i] * result.outCols + result.colIds[j]);
      result.value[i * cols + j] = value;
      result.sum[i * cols + j] = std::fabs(value);
    }
}

GoldenResult moe::reference::goldenStage2(const MoEGemm &gemm, bool accumulate,
                                          const void *initial, FloatType type,
                                          const Wanted &wanted) {
  int64_t rows = gemm.tokens * (accumulate ? 1 : gemm.topk);
  GoldenResult result = makeResult(rows, gemm.n, wanted);
  std::vector<int64_t> index = indexRows(result, rows);
  PairsByExpert routed = route(gemm, [&](int64_t pair) {
    return index[accumulate ? pair / gemm.topk : pair];
  });
  for (const std::vector<Pair> &pairs : routed)
    for (const Pair &pair : pairs)
      ++result.routed[pair.row];
  setInitial(result, initial, type);

  int64_t cols = static_cast<int64_t>(result.colIds.size());
  multiply(gemm, routed, result.colIds,
           [&](int64_t e, const Pair &pair, int64_t j, Dot d) {
             double bias = biasOf(gemm, e, result.colIds[j]);
             double weight = weightOf(gemm, pair.pair);
             double value = (d.sum + bias) * weight;
             double magnitude =
                 (d.magnitude + std::fabs(bias)) * std::fabs(weight);
             size_t at = static_cast<size_t>(pair.row * cols + j);
             if (!accumulate)
               result.value[at] = result.sum[at] = 0;
             result.value[at] += value;
             result.sum[at] +=
                 (std::fabs(d.first + bias) + d.others) * std::fabs(weight);
             result.magnitude[at] += magnitude;
           });
  return result;
}

GoldenResult moe::reference::goldenStage2Checksum(const MoEGemm &gemm,
                                                  bool accumulate,
                                                  const void *initial,
                                                  FloatType type) {
  GoldenResult result = makeResult(1, gemm.n, Wanted());
  // One row each expert: the weighted sum of its activations, and of their
  // absolute values; the same sums of 1 for the bias.
  std::vector<double> x(static_cast<size_t>(gemm.experts * gemm.k), 0);
  std::vector<double> xAbs(x), total(static_cast<size_t>(gemm.experts), 0);
  std::vector<double> totalAbs(total), row(static_cast<size_t>(gemm.k));
  std::vector<char> stored(static_cast<size_t>(gemm.tokens * gemm.topk), 0);
  std::vector<int32_t> experts = expertsOfPairs(gemm);
  for (int64_t pair = 0; pair < gemm.tokens * gemm.topk; ++pair) {
    int64_t e = experts[pair];
    if (e < 0)
      continue;
    stored[pair] = 1;
    ++result.routed[0];
    double weight = weightOf(gemm, pair);
    decodeX(gemm, pair, row.data());
    total[e] += weight;
    totalAbs[e] += std::fabs(weight);
    for (int64_t i = 0; i < gemm.k; ++i) {
      x[e * gemm.k + i] += weight * row[i];
      xAbs[e * gemm.k + i] += std::fabs(weight * row[i]);
    }
  }

  forEachChunk(gemm.n, 16, gemm.threads, [&](int64_t begin, int64_t end) {
    std::vector<double> w(static_cast<size_t>(gemm.k));
    for (int64_t e = 0; e < gemm.experts; ++e)
      for (int64_t c = begin; c < end && totalAbs[e] != 0; ++c) {
        decodeW(gemm, e, c, w.data());
        double bias = biasOf(gemm, e, c);
        result.value[c] +=
            dot(x.data() + e * gemm.k, w.data(), gemm).sum + bias * total[e];
        result.magnitude[c] +=
            dot(xAbs.data() + e * gemm.k, w.data(), gemm).magnitude +
            std::fabs(bias) * totalAbs[e];
      }
  });
  result.sum = result.magnitude;
  int64_t rows = gemm.tokens * (accumulate ? 1 : gemm.topk);
  for (int64_t r = 0; initial && r < rows; ++r)
    for (int64_t c = 0; c < gemm.n && (accumulate || !stored[r]); ++c) {
      double value = loadFloat(type, initial, r * gemm.n + c);
      result.value[c] += value;
      result.sum[c] += std::fabs(value);
    }
  return result;
}

ActivationParams moe::reference::defaultActivation(Activation kind) {
  ActivationParams params;
  params.kind = kind;
  params.limit = std::numeric_limits<double>::infinity();
  if (kind == Activation::Swiglu) {
    params.alpha = 1.702;
    params.limit = 7;
  }
  if (kind == Activation::Situv2) {
    params.beta = 4;
    params.linearBeta = 25;
  }
  return params;
}

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

ActivationFactors
moe::reference::activationFactors(const ActivationParams &params, double g,
                                  double u) {
  // Comparisons with a NaN are false, so a NaN passes both clamps.
  g = g > params.limit ? params.limit : g;
  u = u > params.limit ? params.limit : u < -params.limit ? -params.limit : u;
  switch (params.kind) {
  case Activation::Silu:
    return {g * sigmoid(g), u};
  case Activation::Swiglu:
    return {g * sigmoid(params.alpha * g), u + 1};
  case Activation::Situv2:
    break;
  }
  return {params.beta * std::tanh(g / params.beta) * sigmoid(g),
          params.linearBeta * std::tanh(u / params.linearBeta)};
}

double moe::reference::activate(const ActivationParams &params, double g,
                                double u) {
  ActivationFactors factors = activationFactors(params, g, u);
  return factors.gate * factors.up;
}

/// How far an f32 computation may be from activate(g, u) when g and u are off
/// by dg and du (docs/Numerics.md): both factors have a slope of at most 1.25
/// and 1, and evaluating them costs a few roundings, the exponential's
/// relative error growing with its argument.
static double activationError(const ActivationParams &params, double g,
                              double u, double dg, double du) {
  ActivationFactors f = activationFactors(params, g, u);
  double ulp = std::ldexp(1.0, -24);
  double reach = std::fmin(std::fabs(g) * std::fmax(1.0, params.alpha), 200);
  double gate = 1.25 * dg + (16 + 2 * reach) * ulp * std::fabs(f.gate);
  double up = du + 16 * ulp * (std::fabs(f.up) + 1);
  return gate * std::fabs(f.up) + up * std::fabs(f.gate) + gate * up;
}

GoldenResult moe::reference::goldenStage1(const MoEGemm &gemm,
                                          const ActivationParams &params,
                                          const void *initial, FloatType type,
                                          const std::vector<int64_t> *wanted) {
  int64_t rows = gemm.tokens * gemm.topk, inter = gemm.n / 2;
  GoldenResult result = makeResult(rows, inter, Wanted{wanted, nullptr});
  std::vector<int64_t> index = indexRows(result, rows);
  PairsByExpert routed = route(gemm, [&](int64_t pair) { return index[pair]; });
  // acc + bias and its magnitude, gate and up: [row, 2I].
  std::vector<double> acc(result.rowIds.size() * gemm.n), magnitude(acc);
  multiply(gemm, routed, indicesOr(nullptr, gemm.n),
           [&](int64_t e, const Pair &pair, int64_t c, Dot d) {
             size_t at = static_cast<size_t>(pair.row * gemm.n + c);
             double bias = biasOf(gemm, e, c);
             acc[at] = d.sum + bias;
             magnitude[at] = d.magnitude + std::fabs(bias);
           });
  setInitial(result, initial, type);
  double ulp = std::ldexp(1.0, -24);
  double c = 8 * ulp * std::sqrt(double(gemm.k));
  // Contributions that are added to the sums one by one, each in f32.
  if (!gemm.cuts.empty())
    c += double(gemm.cuts.size() + 2) * ulp;
  for (const std::vector<Pair> &pairs : routed)
    for (const Pair &pair : pairs) {
      ++result.routed[pair.row];
      double weight = weightOf(gemm, pair.pair);
      for (int64_t i = 0; i < inter; ++i) {
        size_t g = static_cast<size_t>(pair.row * gemm.n + i), u = g + inter;
        size_t at = static_cast<size_t>(pair.row * inter + i);
        double value = activate(params, acc[g], acc[u]) * weight;
        result.value[at] = value;
        result.sum[at] = std::fabs(value);
        result.magnitude[at] =
            std::fabs(weight) * activationError(params, acc[g], acc[u],
                                                c * magnitude[g],
                                                c * magnitude[u]) +
            std::ldexp(1.0, -23) * std::fabs(value);
      }
    }
  return result;
}

GoldenResult moe::reference::goldenLayer(const MoEGemm &up,
                                         const ActivationParams &params,
                                         const MoEGemm &down,
                                         const void *initial, FloatType type,
                                         std::vector<uint16_t> *inter) {
  GoldenResult first = goldenStage1(up, params, nullptr, FloatType::BF16);
  std::vector<uint16_t> rounded(first.value.size());
  for (size_t i = 0; i < rounded.size(); ++i)
    rounded[i] = encodeBF16(first.value[i]);
  MoEGemm second = down;
  second.x = rounded.data();
  second.xPerSlot = true;
  GoldenResult result = goldenStage2(second, true, initial, type);
  if (inter)
    *inter = std::move(rounded);
  return result;
}
