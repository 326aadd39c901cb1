//===- Metrics.cpp - is a computed matrix right? --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element by element comparison of an output with its expected values; the
// bounds are derived in docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Metrics.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace moe::reference;

static double accumulationError(int64_t k, double magnitude) {
  return 8 * std::ldexp(1.0, -24) * std::sqrt(double(k)) * magnitude;
}

double moe::reference::errorBound(const ErrorModel &model, double ref,
                                  double sum, double magnitude) {
  double u = unitRoundoff(model.type);
  double eta = smallestSubnormal(model.type) / 2;
  double products = accumulationError(model.k, magnitude);
  if (!model.accumulate)
    return u * std::fabs(ref) + products + eta;
  double roundings = double(model.contributions + 1);
  return roundings * (u * sum + eta) + products;
}

double moe::reference::errorBoundStage1(const ErrorModel &model, double ref,
                                        double magnitude) {
  return unitRoundoff(model.type) * std::fabs(ref) + magnitude +
         smallestSubnormal(model.type) / 2;
}

double moe::reference::logitsDiff(const std::vector<double> &y,
                                  const std::vector<double> &ref) {
  double product = 0, squares = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    if (!std::isfinite(y[i]) || !std::isfinite(ref[i]))
      continue;
    product += y[i] * ref[i];
    squares += y[i] * y[i] + ref[i] * ref[i];
  }
  return squares == 0 ? 0 : 1 - 2 * product / squares;
}

double moe::reference::logitsLimit(int64_t contributions) {
  return 1e-5 * std::max(1.0, double(contributions) / 4);
}

namespace {
/// Gathers the figures of a report, an element at a time.
class Judge {
public:
  explicit Judge(const ErrorModel &model) : model(model) {}

  /// One element with its bound and the part of it that needs no bad luck;
  /// `overflow` says whether a partial sum may overflow on the way to a finite
  /// total.
  void element(int64_t row, int64_t col, double y, double ref, double bound,
               double explained, bool overflow) {
    ++report.compared;
    if (std::isfinite(y) && std::isfinite(ref)) {
      squaredErrors += (y - ref) * (y - ref);
      squaredExplained += explained * explained;
    }
    bool good = std::isfinite(y) && std::isfinite(ref)
                    ? finitePair(y, ref, bound)
                    : special(y, ref, bound, overflow);
    // The ratio of a pair with a NaN or an infinity at fault is infinite.
    double ratio = good && !std::isfinite(y) ? 0
                   : !std::isfinite(y) || !std::isfinite(ref)
                       ? std::numeric_limits<double>::infinity()
                       : std::fabs(y - ref) / bound;
    if (!good)
      ++report.wrong;
    if (std::isnan(ratio))
      ratio = good ? 0 : std::numeric_limits<double>::infinity();
    if (ratio > worst || report.worstRow < 0) {
      worst = ratio;
      report.worstRow = row;
      report.worstCol = col;
      report.worstValue = y;
      report.worstExpected = ref;
      report.worstBound = bound;
    }
  }

  /// An element that must have kept its bits.
  void untouched(int64_t row, int64_t col, double y, double ref, bool same) {
    if (same) {
      ++report.compared;
      ys.push_back(y);
      refs.push_back(ref);
      return;
    }
    element(row, col, y, ref, 0, 0, false);
  }

  ErrorReport finish(double limit) {
    report.logitsDiff = logitsDiff(ys, refs);
    report.logitsLimit = limit;
    report.logitsExplained = squaredErrors <= squaredExplained;
    report.pass = report.wrong == 0 && report.logitsGood();
    return report;
  }

private:
  bool finitePair(double y, double ref, double bound) {
    ys.push_back(y);
    refs.push_back(ref);
    double error = std::fabs(y - ref);
    report.maxError = std::max(report.maxError, error);
    if (error == 0 && bound > 0)
      return std::fabs(ref) - bound < overflowThreshold(model.type);
    report.maxBoundRatio = std::max(report.maxBoundRatio, error / bound);
    return error <= bound && bound > 0 &&
           std::fabs(ref) - bound < overflowThreshold(model.type);
  }

  bool special(double y, double ref, double bound, bool overflow) {
    double threshold = overflowThreshold(model.type);
    if (std::isnan(ref))
      return std::isnan(y);
    if (std::isinf(ref))
      return y == ref || (overflow && !std::isfinite(y));
    // The expected value is finite, the computed one is not.
    return overflow || (std::fabs(ref) + bound >= threshold && std::isinf(y) &&
                        std::signbit(y) == std::signbit(ref));
  }

  ErrorModel model;
  ErrorReport report;
  std::vector<double> ys, refs;
  double worst = 0, squaredErrors = 0, squaredExplained = 0;
};
} // namespace

/// Partial sums: of the products in f32, of the contributions in the type.
static bool mayOverflow(const ErrorModel &model, double bound, double sum,
                        double magnitude) {
  return magnitude >= overflowThreshold(FloatType::F32) ||
         (model.accumulate && sum + bound >= overflowThreshold(model.type));
}

ErrorReport moe::reference::compare(const ErrorModel &model,
                                    const GoldenResult &golden, const void *out,
                                    const void *initial, bool stage1) {
  Judge judge(model);
  int64_t width = byteWidth(model.type);
  for (size_t i = 0; i < golden.rowIds.size(); ++i)
    for (size_t j = 0; j < golden.colIds.size(); ++j) {
      size_t at = i * golden.colIds.size() + j;
      int64_t c = golden.colIds[j];
      int64_t element = golden.rowIds[i] * golden.outCols + c;
      double y = loadFloat(model.type, out, element);
      double ref = golden.value[at];
      if (golden.routed[i] == 0) {
        static const char zeros[8] = {};
        const char *bytes = static_cast<const char *>(out) + element * width;
        const char *kept =
            initial ? static_cast<const char *>(initial) + element * width
                    : zeros;
        judge.untouched(golden.rowIds[i], c, y, ref,
                        std::memcmp(bytes, kept, width) == 0);
        continue;
      }
      // Activations that are off move the value and all it is made of.
      double off = golden.inputError.empty() ? 0 : golden.inputError[at];
      if (std::isinf(off)) { // such an activation may be anything
        judge.untouched(golden.rowIds[i], c, y, y, /*same=*/true);
        continue;
      }
      double sum = golden.sum[at] + off, magnitude = golden.magnitude[at] + off;
      auto boundWith = [&](double part) {
        return stage1 ? errorBoundStage1(model, ref, part * magnitude)
                      : errorBound(model, std::fabs(ref) + off, sum,
                                   part * magnitude) +
                            off;
      };
      double bound = boundWith(1);
      bool overflow = mayOverflow(model, bound, sum, magnitude) ||
                      (!golden.overflows.empty() && golden.overflows[at]);
      judge.element(golden.rowIds[i], c, y, ref, bound, boundWith(1.0 / 8),
                    overflow);
    }
  double limit = logitsLimit(std::max(model.topk, model.contributions));
  return judge.finish(golden.inputError.empty() ? limit : 2 * limit);
}

ErrorReport moe::reference::compareChecksum(const ErrorModel &model,
                                            const GoldenResult &golden,
                                            const void *out, int64_t rows) {
  Judge judge(model);
  std::vector<double> sums(static_cast<size_t>(golden.outCols), 0);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < golden.outCols; ++c)
      sums[c] += loadFloat(model.type, out, r * golden.outCols + c);
  ErrorModel rowModel = model;
  rowModel.accumulate = true;
  if (!model.accumulate)
    rowModel.contributions = 0; // one rounding an element
  for (int64_t c = 0; c < golden.outCols; ++c) {
    double bound = errorBound(rowModel, golden.value[c], golden.sum[c],
                              golden.magnitude[c]) +
                   double(rows) * double(rowModel.contributions + 1) *
                       smallestSubnormal(model.type) / 2;
    judge.element(
        -2, c, sums[c], golden.value[c], bound, /*explained=*/0,
        mayOverflow(model, bound, golden.sum[c], golden.magnitude[c]));
  }
  // Positive and negative rows cancel in a sum, so only the bound judges it.
  return judge.finish(std::numeric_limits<double>::infinity());
}
