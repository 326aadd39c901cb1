//===- Golden.h - what the MoE layer computes, in double ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two grouped matrix products of a mixture-of-experts layer and the
// activation between them, in double precision on the quantised weights, with
// the magnitudes that an error bound needs. It knows nothing of tiles, sorted
// rows or shuffled bytes. Not here: judging somebody's result (Metrics.h).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_GOLDEN_H
#define MOE_REFERENCE_GOLDEN_H

#include "moe/Reference/Scalars.h"
#include <cstdint>
#include <functional>
#include <vector>

namespace moe::reference {

/// The experts' weights in logical order, and who goes where. Pointers are
/// borrowed. A slot is computed unless its token is at or past localTokens, its
/// id is outside the experts that ids name, or that expert is masked.
struct MoEGemm {
  int64_t tokens = 0, topk = 0, experts = 0, n = 0, k = 0;
  const uint8_t *codes = nullptr;  ///< [experts, n, k/2]
  const uint8_t *scales = nullptr; ///< [experts, n, ceil(k/32)]
  /// In their place, for more weights than memory: writes the codes and scales
  /// of one expert.
  std::function<void(int64_t expert, uint8_t *codes, uint8_t *scales)>
      weightsOf;
  const float *bias = nullptr;  ///< [experts, n] or null
  const int32_t *ids = nullptr; ///< [tokens, topk]
  /// Expert parallelism: [globalExperts], nonzero = one of `experts`, which are
  /// numbered by the running count of such entries; ids are then indices into
  /// the mask. Null = ids name `experts` themselves.
  const int32_t *expertMask = nullptr;
  int64_t globalExperts = 0;
  int64_t localTokens = -1;       ///< negative = all
  const float *weights = nullptr; ///< [tokens, topk]; null = all 1
  const uint16_t *x = nullptr;    ///< bf16, see xPerSlot
  /// true: x is [tokens*topk, k] (stage 2), false: x is [tokens, k] (stage 1).
  bool xPerSlot = true;
  /// Increasing even indices within (0, k) at which the sum over K is cut into
  /// contributions that are added one by one, in stage 2 to the output, in
  /// stage 1 to the f32 sums; empty = one. They change no value: in stage 2
  /// `sum`, the bias being part of the first, in stage 1 the error bound.
  std::vector<int64_t> cuts;
  unsigned threads = 1;
};

/// A matrix of expected values. `sum` = sum of |contribution| (initial contents
/// included when accumulating), `magnitude` = sum over contributions of
/// (sum_k |a*w| + |bias|) * |weight|; both leave out what is infinite or NaN:
/// it is so in any order of adding. The matrices are [rowIds, colIds]: row i
/// stands for row `rowIds[i]` of the output, which has `outCols` columns;
/// `routed[i]` is the number of contributions to it: 0 = it keeps its initial
/// contents.
struct GoldenResult {
  int64_t outCols = 0;
  std::vector<int64_t> rowIds, colIds;
  std::vector<double> value, sum, magnitude;
  /// By how much errors of the activations may move each value; empty = exact.
  std::vector<double> inputError;
  /// Stage 2: where a sum over K may pass the range of f32 before it is
  /// multiplied by the routing weight.
  std::vector<char> overflows;
  std::vector<int32_t> routed;
};

/// The part of an output to compute; increasing indices, null = all.
struct Wanted {
  const std::vector<int64_t> *rows = nullptr, *cols = nullptr;
};

/// Stage 2: v = (x . w + bias) * weight for each routed (token, slot).
/// accumulate: value[t] = initial[t] + sum over slots of v, [tokens, n].
/// Otherwise: value[t*topk + s] = v, [tokens*topk, n]; rows without a route
/// have the initial value. `initial` (of `type`) may be null = zeros.
GoldenResult goldenStage2(const MoEGemm &gemm, bool accumulate,
                          const void *initial, FloatType type,
                          const Wanted &wanted = Wanted());

/// The sum over all output rows of stage 2 (one row of n columns): linear in
/// x, so it costs one product for each expert however many tokens there are.
/// `sum` is here an upper bound: the magnitude plus the initial contents'.
GoldenResult goldenStage2Checksum(const MoEGemm &gemm, bool accumulate,
                                  const void *initial, FloatType type);

enum class Activation { Silu, Swiglu, Situv2 };

/// limit: +infinity = off.
struct ActivationParams {
  Activation kind = Activation::Silu;
  double alpha = 1.0, limit = 0.0, beta = 1.0, linearBeta = 1.0;
};

/// The defaults of a kind: swiglu alpha 1.702, limit 7; situv2 beta 4,
/// linear_beta 25; silu and situv2 have no limit.
ActivationParams defaultActivation(Activation kind);

/// The two factors whose product is the activation of gate g and up u:
///   silu:   g*sigmoid(g) and u, after clamping g and u by +-limit: g from
///           above, u on both sides;
///   swiglu: with the same clamp, g*sigmoid(alpha*g) and u + 1;
///   situv2: with the same clamp, beta*tanh(g/beta)*sigmoid(g) and
///           linear_beta*tanh(u/linear_beta).
/// NaN propagates.
struct ActivationFactors {
  double gate, up;
};
ActivationFactors activationFactors(const ActivationParams &params, double g,
                                    double u);
double activate(const ActivationParams &params, double g, double u);

/// Stage 1: rows of w are the gate rows, then the up rows (n = 2I); the result
/// is [tokens*topk, I] = activate(g, u), times the routing weight when
/// gemm.weights is given. `magnitude` is here an absolute error bound of the
/// f32 computation (propagated through the activation), see docs/Numerics.md,
/// infinite where that computation may overflow on the way; `sum` = |value|.
GoldenResult goldenStage1(const MoEGemm &gemm, const ActivationParams &params,
                          const void *initial, FloatType type,
                          const Wanted &wanted = Wanted());

/// Both stages of a layer, accumulating into [tokens, n] of the wanted tokens
/// (null = all), on the exact values of stage 1 (`down.x` is ignored). A kernel
/// keeps them in bfloat16: what its errors and that rounding may change is
/// `inputError`, see docs/Numerics.md.
GoldenResult goldenLayer(const MoEGemm &up, const ActivationParams &params,
                         const MoEGemm &down, const void *initial,
                         FloatType type,
                         const std::vector<int64_t> *tokens = nullptr);

} // namespace moe::reference

#endif // MOE_REFERENCE_GOLDEN_H
