// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The test's own idea of the number formats: decoding by sign, exponent and
// mantissa in double, and rounding by search in the sorted list of all values.
// It includes nothing of the library under test.

#ifndef MOE_UNITTESTS_EMULATOR_MATH_FORMATS_H
#define MOE_UNITTESTS_EMULATOR_MATH_FORMATS_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <vector>

namespace moe::test {

enum class Special { None, Ieee, AllOnesNaN, Fnuz };

struct Format {
  int exponentBits, mantissaBits, bias;
  Special special;
  unsigned bits() const { return 1 + exponentBits + mantissaBits; }
  uint32_t signBit() const { return 1u << (bits() - 1); }
};

constexpr Format f16 = {5, 10, 15, Special::Ieee};
constexpr Format bf16 = {8, 7, 127, Special::Ieee};
constexpr Format fp8 = {4, 3, 7, Special::AllOnesNaN};
constexpr Format bf8 = {5, 2, 15, Special::Ieee};
constexpr Format fp8Fnuz = {4, 3, 8, Special::Fnuz};
constexpr Format bf8Fnuz = {5, 2, 16, Special::Fnuz};
constexpr Format fp6 = {2, 3, 1, Special::None};
constexpr Format bf6 = {3, 2, 3, Special::None};
constexpr Format fp4 = {2, 1, 1, Special::None};

inline double decode(const Format &f, uint32_t code) {
  uint32_t mantissa = code & ((1u << f.mantissaBits) - 1);
  uint32_t exponent = (code >> f.mantissaBits) & ((1u << f.exponentBits) - 1);
  uint32_t top = (1u << f.exponentBits) - 1;
  double sign = code & f.signBit() ? -1 : 1;
  if (f.special == Special::Fnuz && code == f.signBit())
    return NAN;
  if (f.special == Special::Ieee && exponent == top)
    return mantissa ? NAN : sign * INFINITY;
  if (f.special == Special::AllOnesNaN && exponent == top &&
      mantissa == (1u << f.mantissaBits) - 1)
    return NAN;
  if (exponent == 0)
    return sign * std::ldexp(mantissa, 1 - f.bias - f.mantissaBits);
  return sign * std::ldexp(mantissa + (1u << f.mantissaBits),
                           int(exponent) - f.bias - f.mantissaBits);
}

/// The finite magnitudes of a format, ascending: index = code.
inline const std::vector<double> &magnitudes(const Format &f) {
  static std::map<std::pair<int, int>, std::vector<double>> lists;
  std::vector<double> &values =
      lists[{f.bits() * 1000 + f.exponentBits, f.bias}];
  if (values.empty())
    for (uint32_t c = 0; c != f.signBit() && std::isfinite(decode(f, c)); ++c)
      values.push_back(decode(f, c));
  return values;
}

/// Nearest magnitude, ties to the even code; `magnitudes(f).size()` when the
/// value rounds past the largest finite one.
inline uint32_t nearest(const std::vector<double> &values, double magnitude) {
  size_t n = values.size();
  double step = values[n - 1] - values[n - 2];
  if (magnitude >= values[n - 1]) {
    double over = magnitude - values[n - 1];
    bool odd = (n - 1) % 2;
    return over > step / 2 || (over == step / 2 && odd) ? n : n - 1;
  }
  size_t hi = std::upper_bound(values.begin(), values.end(), magnitude) -
              values.begin();
  size_t lo = hi - 1;
  double down = magnitude - values[lo], up = values[hi] - magnitude;
  if (down == up)
    return lo % 2 ? hi : lo;
  return down < up ? lo : hi;
}

/// The code of exactly this value, which must have one.
inline uint32_t encodeExact(const Format &f, double value) {
  const std::vector<double> &values = magnitudes(f);
  size_t at = std::lower_bound(values.begin(), values.end(), std::fabs(value)) -
              values.begin();
  if (at == values.size() || values[at] != std::fabs(value))
    std::abort();
  return uint32_t(at) | (std::signbit(value) ? f.signBit() : 0);
}

/// A small repeatable generator (SplitMix64).
struct Random {
  uint64_t state;
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  uint32_t below(uint32_t n) { return uint32_t(next() % n); }
};

} // namespace moe::test

#endif // MOE_UNITTESTS_EMULATOR_MATH_FORMATS_H
