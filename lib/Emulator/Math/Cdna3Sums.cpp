// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sums in double, which holds every intermediate value exactly: no more
// than 53 bits lie between the largest and the bit at which all are cut off.

#include "Math/Cdna3Sums.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace moe::emulator::math {

using namespace detail;

namespace {

constexpr int cutOff = 24, sumCutOff = 31, zeroExponent = -126;

/// Exponent of the smallest normal number.
int leastExponent(MatType type) {
  switch (type) {
  case MatType::F16:
    return -14;
  case MatType::FP8:
    return -7;
  case MatType::BF8:
    return -15;
  default:
    return -126;
  }
}

unsigned groupSize(MatType type) {
  switch (type) {
  case MatType::FP8:
  case MatType::BF8:
    return 16;
  case MatType::XF32:
    return 4;
  default:
    return 8;
  }
}

/// value = significand * 2^exponent, where denormals keep the least exponent.
struct Parts {
  double significand = 0;
  int exponent = 0;
};
Parts split(double value, int least) {
  if (value == 0)
    return {0, zeroExponent};
  int exponent = 0;
  double fraction = std::frexp(value, &exponent); // in [0.5, 1)
  if (exponent - 1 < least)
    return {std::ldexp(value, -least), least};
  return {2 * fraction, exponent - 1};
}

/// Products whose sum is in hand.
struct Sum {
  double value = 0; ///< times 2^exponent
  int exponent = zeroExponent;
};
Sum sumUp(const Parts *products, unsigned count, unsigned stride) {
  Sum sum;
  for (unsigned i = 0; i < count; i += stride) {
    int exponent = products[i].exponent;
    sum.exponent = i ? std::max(sum.exponent, exponent) : exponent;
  }
  for (unsigned i = 0; i < count; i += stride)
    if (products[i].significand != 0)
      sum.value +=
          std::trunc(std::ldexp(products[i].significand,
                                products[i].exponent - sum.exponent + cutOff));
  sum.value = std::ldexp(sum.value, -cutOff);
  return sum;
}

double flooredAt(double value, int shift, int bits) {
  return std::ldexp(std::floor(std::ldexp(value, shift + bits)), -bits);
}

/// One group added to C.
float addGroup(const float *a, const float *b, unsigned count, MatType typeA,
               MatType typeB, float c) {
  Parts products[16];
  double plain = c;
  bool special = !std::isfinite(c);
  for (unsigned i = 0; i < count; ++i) {
    double product = double(a[i]) * double(b[i]);
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      special = true;
    } else {
      Parts x = split(a[i], leastExponent(typeA));
      Parts y = split(b[i], leastExponent(typeB));
      products[i] = {x.significand * y.significand, x.exponent + y.exponent};
      if (std::fabs(product) >= std::ldexp(1.0, 128)) {
        special = true;
        product = std::copysign(INFINITY, product);
      }
    }
    plain += product;
  }
  if (special)
    return float(plain);
  bool narrow = groupSize(typeA) == 16;
  Sum sum = sumUp(products, count, narrow ? 2 : 1);
  if (narrow) {
    Sum odd = sumUp(products + 1, count - 1, 2);
    int larger = std::max(sum.exponent, odd.exponent);
    sum.value = flooredAt(sum.value, sum.exponent - larger, cutOff) +
                flooredAt(odd.value, odd.exponent - larger, cutOff);
    sum.exponent = larger;
  }
  Parts addend = split(c, -126);
  int larger = std::max(sum.exponent, addend.exponent);
  double floored =
      flooredAt(addend.significand, addend.exponent - larger, cutOff);
  if (narrow && addend.exponent < larger - cutOff - 1)
    floored = 0;
  double total =
      flooredAt(sum.value, sum.exponent - larger, sumCutOff) + floored;
  return float(std::ldexp(total, larger));
}

} // namespace

bool hasCdna3Sums(MatType type) {
  return type == MatType::F16 || type == MatType::BF16 ||
         type == MatType::XF32 || type == MatType::FP8 || type == MatType::BF8;
}

void cdna3Product(const MfmaJob &job, MatType typeA, MatType typeB) {
  DLayout layout(job.m, job.n, 4);
  unsigned depth = job.items * job.groups;
  unsigned group = std::min(groupSize(typeA), depth);
  std::vector<float> a(depth), b(depth), result;
  result.reserve(job.blocks * job.m * job.n);
  for (unsigned block = 0; block != job.blocks; ++block) {
    unsigned from = ((block >> job.cbsz) << job.cbsz) + job.abid;
    for (unsigned i = 0; i != job.m; ++i)
      for (unsigned j = 0; j != job.n; ++j) {
        for (unsigned k = 0; k != depth; ++k) {
          unsigned g = k / job.items, t = k % job.items;
          a[k] = bitsToF32(job.a[t][i + job.m * ((job.cbsz ? from : block) +
                                                 job.blocks * g)]);
          b[k] = bitsToF32(job.b[t][j + job.n * (block + job.blocks * g)]);
        }
        unsigned item = layout.item(block, i), lane = layout.lane(block, i) + j;
        float sum = bitsToF32(job.c ? job.c[item][lane] : job.cConstant);
        for (unsigned k = 0; k < depth; k += group)
          sum = addGroup(&a[k], &b[k], group, typeA, typeB, sum);
        result.push_back(sum);
      }
  }
  const float *next = result.data();
  for (unsigned block = 0; block != job.blocks; ++block)
    for (unsigned i = 0; i != job.m; ++i)
      for (unsigned j = 0; j != job.n; ++j)
        job.d[layout.item(block, i)][layout.lane(block, i) + j] =
            f32ToBits(*next++);
}

} // namespace moe::emulator::math
