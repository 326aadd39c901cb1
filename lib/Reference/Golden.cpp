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
/// absolute values of the others, and the sum of the finite products' absolute
/// values.
struct Dot {
  double sum = 0, first = 0, others = 0, magnitude = 0;
};
} // namespace

/// Columns whose products with one row are computed together: the row is read
/// once for all of them.
static constexpr int64_t kColumns = 4;

/// The sum of those |a*w| that are neither infinite nor NaN. Finite factors are
/// at most 2^128 each: no finite sum overflows.
static double finiteMagnitude(const double *a, const double *w, int64_t begin,
                              int64_t end) {
  double sum = 0;
  for (int64_t i = begin; i < end; ++i)
    if (double product = std::fabs(a[i] * w[i]); std::isfinite(product))
      sum += product;
  return sum;
}

/// sum a*w and sum |a*w| of kColumns columns, two partial sums each so that the
/// compiler can use vectors without reordering anything.
static void addDots(const double *a, const double *const *w, int64_t begin,
                    int64_t end, Dot *results) {
  double sums[kColumns][2] = {}, magnitudes[kColumns][2] = {};
  for (int64_t i = begin; i < end; i += 2)
    for (int64_t c = 0; c < kColumns; ++c)
      for (int64_t j = 0; j < 2; ++j) {
        double product = a[i + j] * w[c][i + j];
        sums[c][j] += product;
        magnitudes[c][j] += std::fabs(product);
      }
  for (int64_t c = 0; c < kColumns; ++c) {
    double sum = sums[c][0] + sums[c][1];
    double magnitude = magnitudes[c][0] + magnitudes[c][1];
    if (!std::isfinite(magnitude))
      magnitude = finiteMagnitude(a, w[c], begin, end);
    results[c].magnitude += magnitude;
    results[c].sum += sum;
    if (begin == 0)
      results[c].first = sum;
    else
      results[c].others += std::fabs(sum);
  }
}

static void dots(const double *a, const double *const *w, const MoEGemm &gemm,
                 Dot *results) {
  std::fill_n(results, kColumns, Dot());
  int64_t begin = 0;
  for (int64_t cut : gemm.cuts) {
    addDots(a, w, begin, cut, results);
    begin = cut;
  }
  addDots(a, w, begin, gemm.k, results);
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

namespace {
/// The weights of one expert at a time.
class ExpertWeights {
public:
  explicit ExpertWeights(const MoEGemm &gemm) : gemm(gemm) {
    if (!gemm.weightsOf)
      return;
    codesMade.resize(static_cast<size_t>(gemm.n * (gemm.k / 2)));
    scalesMade.resize(static_cast<size_t>(gemm.n * blocksOf(gemm.k)));
    codes = codesMade.data();
    scales = scalesMade.data();
  }

  void take(int64_t expert) {
    if (gemm.weightsOf) {
      gemm.weightsOf(expert, codesMade.data(), scalesMade.data());
      return;
    }
    codes = gemm.codes + expert * gemm.n * (gemm.k / 2);
    scales = gemm.scales + expert * gemm.n * blocksOf(gemm.k);
  }

  void decode(int64_t column, double *out) const {
    dequantizeRow(codes + column * (gemm.k / 2),
                  scales + column * blocksOf(gemm.k), gemm.k, out);
  }

private:
  const MoEGemm &gemm;
  const uint8_t *codes = nullptr, *scales = nullptr;
  std::vector<uint8_t> codesMade, scalesMade;
};
} // namespace

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
/// a bounded number of its pairs at a time. decode(pair, row) gives a pair's
/// row of activations.
template <typename Decode, typename Use>
static void multiply(const MoEGemm &gemm, const PairsByExpert &routed,
                     const std::vector<int64_t> &columns, const Decode &decode,
                     const Use &use) {
  constexpr size_t kPairsAtOnce = 1024;
  std::vector<double> x;
  ExpertWeights weights(gemm);
  auto work = [&](int64_t e, const Pair *pairs, size_t count, int64_t begin,
                  int64_t end) {
    std::vector<double> w(static_cast<size_t>(kColumns * gemm.k));
    Dot results[kColumns];
    for (int64_t j = begin; j < end; j += kColumns) {
      int64_t used = std::min(kColumns, end - j);
      const double *rows[kColumns];
      for (int64_t c = 0; c < kColumns; ++c)
        rows[c] = w.data() + c * gemm.k;
      for (int64_t c = 0; c < used; ++c)
        weights.decode(columns[j + c], w.data() + c * gemm.k);
      for (size_t i = 0; i < count; ++i) {
        dots(x.data() + i * gemm.k, rows, gemm, results);
        for (int64_t c = 0; c < used; ++c)
          use(e, pairs[i], j + c, results[c]);
      }
    }
  };
  for (int64_t e = 0; e < gemm.experts; ++e) {
    const std::vector<Pair> &pairs = routed[e];
    if (!pairs.empty())
      weights.take(e);
    for (size_t first = 0; first < pairs.size(); first += kPairsAtOnce) {
      size_t count = std::min(kPairsAtOnce, pairs.size() - first);
      x.resize(count * gemm.k);
      for (size_t i = 0; i < count; ++i)
        decode(pairs[first + i].pair, x.data() + i * gemm.k);
      forEachChunk(static_cast<int64_t>(columns.size()), 16, gemm.threads,
                   [&](int64_t begin, int64_t end) {
                     work(e, pairs.data() + first, count, begin, end);
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

/// What is added to the magnitude of a sum so that its error bound, which is
/// 8 * 2^-24 * sqrt(k) of it, has room for rounding k products to multiples of
/// f32's smallest number: k * 2^-150.
static double spacingMagnitude(int64_t k) {
  return std::ldexp(std::sqrt(double(k)), -129);
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

template <typename Decode>
static GoldenResult stage2(const MoEGemm &gemm, bool accumulate,
                           const void *initial, FloatType type,
                           const Wanted &wanted, const Decode &decode) {
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
  result.overflows.assign(result.value.size(), 0);

  int64_t cols = static_cast<int64_t>(result.colIds.size());
  multiply(gemm, routed, result.colIds, decode,
           [&](int64_t e, const Pair &pair, int64_t j, Dot d) {
             double bias = biasOf(gemm, e, result.colIds[j]);
             double weight = weightOf(gemm, pair.pair);
             double value = (d.sum + bias) * weight;
             double unweighted =
                 d.magnitude + std::fabs(bias) + spacingMagnitude(gemm.k);
             double magnitude = unweighted * std::fabs(weight);
             size_t at = static_cast<size_t>(pair.row * cols + j);
             if (!accumulate)
               result.value[at] = result.sum[at] = 0;
             result.value[at] += value;
             result.magnitude[at] += magnitude;
             result.overflows[at] |=
                 unweighted >= overflowThreshold(FloatType::F32);
             double sum =
                 (std::fabs(d.first + bias) + d.others) * std::fabs(weight);
             if (std::isfinite(sum))
               result.sum[at] += sum;
           });
  return result;
}

GoldenResult moe::reference::goldenStage2(const MoEGemm &gemm, bool accumulate,
                                          const void *initial, FloatType type,
                                          const Wanted &wanted) {
  return stage2(gemm, accumulate, initial, type, wanted,
                [&](int64_t pair, double *row) { decodeX(gemm, pair, row); });
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

  ExpertWeights weights(gemm);
  for (int64_t e = 0; e < gemm.experts; ++e) {
    if (totalAbs[e] == 0)
      continue;
    weights.take(e);
    forEachChunk(gemm.n, 64, gemm.threads, [&](int64_t begin, int64_t end) {
      std::vector<double> w(static_cast<size_t>(gemm.k));
      for (int64_t c = begin; c < end; ++c) {
        weights.decode(c, w.data());
        double bias = biasOf(gemm, e, c);
        double sum = bias * total[e];
        double magnitude = std::fabs(bias) * totalAbs[e];
        for (int64_t i = 0; i < gemm.k; ++i) {
          sum += x[e * gemm.k + i] * w[i];
          magnitude += xAbs[e * gemm.k + i] * std::fabs(w[i]);
        }
        result.value[c] += sum;
        result.magnitude[c] += magnitude;
      }
    });
  }
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
/// and 1, and evaluating them costs a few roundings. The exponential's relative
/// error grows with its argument; of 1 + e^-x it is the part that e^-x has.
static double activationError(const ActivationParams &params, double g,
                              double u, double dg, double du) {
  // A sum that is infinite is so exactly.
  if (std::isinf(g))
    dg = 0;
  if (std::isinf(u))
    du = 0;
  ActivationFactors f = activationFactors(params, g, u);
  double ulp = std::ldexp(1.0, -24);
  double argument = params.kind == Activation::Swiglu ? params.alpha * g : g;
  double reach = std::fmin(std::fabs(argument), 200) * sigmoid(-argument);
  if (std::isnan(reach)) // the factor is NaN as well
    reach = 0;
  double gate = 1.25 * dg + (16 + 2 * reach) * ulp * std::fabs(f.gate);
  double up = du;
  if (params.kind != Activation::Silu) // which takes u as it is
    up += 16 * ulp * std::fabs(f.up);
  return gate * std::fabs(f.up) + up * std::fabs(f.gate) + gate * up;
}

/// Whether a kernel in f32 may leave an infinity or a NaN where double has a
/// number or another infinity: a sum whose terms, or a product whose factors,
/// pass the range of f32, and a gate that vanishes before an infinite up.
static bool mayOverflow(const ActivationParams &params, double g, double u,
                        double magnitudeG, double magnitudeU) {
  double largest = overflowThreshold(FloatType::F32);
  ActivationFactors f = activationFactors(params, g, u);
  return magnitudeG >= largest || magnitudeU >= largest ||
         (std::isfinite(g) && std::isfinite(u) &&
          std::fabs(f.gate * f.up) >= largest) ||
         (std::isinf(f.up) && std::fabs(f.gate) < std::ldexp(1.0, -120));
}

GoldenResult moe::reference::goldenStage1(const MoEGemm &gemm,
                                          const ActivationParams &params,
                                          const void *initial, FloatType type,
                                          const Wanted &wanted) {
  int64_t rows = gemm.tokens * gemm.topk, inter = gemm.n / 2;
  GoldenResult result = makeResult(rows, inter, wanted);
  std::vector<int64_t> index = indexRows(result, rows);
  PairsByExpert routed = route(gemm, [&](int64_t pair) { return index[pair]; });
  // acc + bias and its magnitude: [row, gate columns, up columns].
  int64_t cols = static_cast<int64_t>(result.colIds.size());
  std::vector<int64_t> columns = result.colIds;
  for (int64_t column : result.colIds)
    columns.push_back(inter + column);
  std::vector<double> acc(result.rowIds.size() * columns.size()),
      magnitude(acc);
  multiply(
      gemm, routed, columns,
      [&](int64_t pair, double *row) { decodeX(gemm, pair, row); },
      [&](int64_t e, const Pair &pair, int64_t j, Dot d) {
        size_t at = static_cast<size_t>(pair.row * 2 * cols + j);
        double bias = biasOf(gemm, e, columns[j]);
        acc[at] = d.sum + bias;
        magnitude[at] =
            d.magnitude + std::fabs(bias) + spacingMagnitude(gemm.k);
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
      for (int64_t i = 0; i < cols; ++i) {
        size_t g = static_cast<size_t>(pair.row * 2 * cols + i), u = g + cols;
        size_t at = static_cast<size_t>(pair.row * cols + i);
        double value = activate(params, acc[g], acc[u]) * weight;
        result.value[at] = value;
        result.sum[at] = std::fabs(value);
        result.magnitude[at] =
            std::fabs(weight) * activationError(params, acc[g], acc[u],
                                                c * magnitude[g],
                                                c * magnitude[u]) +
            std::ldexp(1.0, -23) * std::fabs(value);
        if (mayOverflow(params, acc[g], acc[u], magnitude[g], magnitude[u]))
          result.magnitude[at] = std::numeric_limits<double>::infinity();
      }
    }
  return result;
}

/// By how much a bfloat16 in memory may differ from stage 1's exact value; a
/// value that rounds to infinity becomes one.
static double roundedError(double &value, double error) {
  if (!std::isfinite(value) || std::isinf(error))
    return std::isinf(error) ? error : 0;
  error += unitRoundoff(FloatType::BF16) * std::fabs(value) +
           smallestSubnormal(FloatType::BF16) / 2;
  double threshold = overflowThreshold(FloatType::BF16);
  if (std::fabs(value) + error < threshold)
    return error;
  if (std::fabs(value) - error < threshold)
    return std::numeric_limits<double>::infinity(); // either is right
  value = std::copysign(std::numeric_limits<double>::infinity(), value);
  return 0;
}

GoldenResult moe::reference::goldenLayer(const MoEGemm &up,
                                         const ActivationParams &params,
                                         const MoEGemm &down,
                                         const void *initial, FloatType type,
                                         const std::vector<int64_t> *tokens) {
  std::vector<int64_t> pairs;
  for (int64_t token : indicesOr(tokens, up.tokens))
    for (int64_t slot = 0; slot < up.topk; ++slot)
      pairs.push_back(token * up.topk + slot);
  GoldenResult inter = goldenStage1(up, params, nullptr, FloatType::BF16,
                                    Wanted{&pairs, nullptr});
  for (size_t i = 0; i < inter.value.size(); ++i)
    inter.magnitude[i] = roundedError(inter.value[i], inter.magnitude[i]);

  std::vector<int64_t> index = indexRows(inter, up.tokens * up.topk);
  auto rowOf = [&](const std::vector<double> &from) {
    return [&](int64_t pair, double *row) {
      std::copy_n(from.data() + index[pair] * down.k, down.k, row);
    };
  };
  Wanted wanted{tokens, nullptr};
  GoldenResult result =
      stage2(down, true, initial, type, wanted, rowOf(inter.value));
  // The same products of the errors.
  result.inputError.assign(result.value.size(), 0);
  std::vector<int64_t> rows = indexRows(result, down.tokens);
  PairsByExpert routed =
      route(down, [&](int64_t pair) { return rows[pair / down.topk]; });
  int64_t cols = down.n;
  multiply(down, routed, result.colIds, rowOf(inter.magnitude),
           [&](int64_t, const Pair &pair, int64_t j, Dot d) {
             double error = d.magnitude * std::fabs(weightOf(down, pair.pair));
             if (!std::isfinite(d.sum)) // an error that is, times anything
               error = std::numeric_limits<double>::infinity();
             result.inputError[pair.row * cols + j] += error;
           });
  return result;
}
