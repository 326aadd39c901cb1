//===- Metrics.h - is a computed matrix right? ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The error bound of each element of a kernel's output, the comparison with
// the expected values and the figures a report prints. docs/Numerics.md says
// where each term comes from. Not here: computing the expected values.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_METRICS_H
#define MOE_REFERENCE_METRICS_H

#include "moe/Reference/Golden.h"

namespace moe::reference {

/// How an output came about, as far as its rounding errors go.
struct ErrorModel {
  FloatType type = FloatType::BF16;
  bool accumulate = true;
  int64_t k = 0;
  /// Contributions added to one element at most: topk * k_batch.
  int64_t contributions = 1;
  int64_t topk = 1;
};

/// The bound of one element. With u the unit roundoff of the type, c = 8 and
/// eta its smallest subnormal:
///   store:      u*|ref| + c*2^-24*sqrt(k)*magnitude + eta/2
///   accumulate: u*(m+1)*sum + c*2^-24*sqrt(k)*magnitude + (m+1)*eta/2.
double errorBound(const ErrorModel &model, double ref, double sum,
                  double magnitude);
/// The bound of one element of stage 1: u*|ref| + magnitude + eta/2.
double errorBoundStage1(const ErrorModel &model, double ref, double magnitude);

struct ErrorReport {
  bool pass = true;
  int64_t compared = 0;     ///< elements
  int64_t wrong = 0;        ///< elements outside their bound
  double maxError = 0;      ///< largest |y - ref| of finite pairs
  double maxBoundRatio = 0; ///< largest |y - ref| / bound of finite pairs
  double logitsDiff = 0;
  double logitsLimit = 0;
  /// A logitsDiff above the limit is no fault: roundings explain the errors.
  bool logitsExplained = false;
  int64_t worstRow = -1, worstCol = -1; ///< the first worst element
  double worstValue = 0, worstExpected = 0, worstBound = 0;

  bool logitsGood() const {
    return logitsDiff <= logitsLimit || logitsExplained;
  }
};

/// 1 - 2<y,ref> / (|y|^2 + |ref|^2) over the finite pairs; 0 when both are
/// zero.
double logitsDiff(const std::vector<double> &y, const std::vector<double> &ref);
/// 1e-5 * max(1, contributions/4): each one that is added rounds once more.
double logitsLimit(int64_t contributions);

/// Compares `out` ([rows, cols] of model.type) with `golden`. A NaN expected
/// must be met by a NaN, an infinity by the same infinity (or a NaN when terms
/// of an accumulation may overflow on the way), and what rounds to infinity in
/// the type counts as infinity. A row without a route must keep its initial
/// bits (`initial`, null = zeros). `stage1` chooses the bound. A golden result
/// with an inputError adds it, and may have twice the logits_diff. That may be
/// above its limit where the squared errors add up to no more than the squares
/// of what the type's roundings and, with c = 1, the sums in f32 explain.
ErrorReport compare(const ErrorModel &model, const GoldenResult &golden,
                    const void *out, const void *initial, bool stage1 = false);

/// Compares the column sums of `out` with goldenStage2Checksum's row; the bound
/// is the sum of the elements' bounds.
ErrorReport compareChecksum(const ErrorModel &model, const GoldenResult &golden,
                            const void *out, int64_t rows);

} // namespace moe::reference

#endif // MOE_REFERENCE_METRICS_H
