//===- RunRandom.h - random numbers that never change ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small generator (SplitMix64, Steele, Lea and Flood 2014) so that a seed
// means the same problem on every machine and library.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNRANDOM_H
#define MOE_LIB_DRIVER_RUN_RUNRANDOM_H

#include <cstdint>

namespace moe::driver {

class Random {
public:
  /// Streams of one seed are independent.
  Random(uint64_t seed, uint64_t stream) : state(seed) {
    state = next() ^ (stream * 0xD1342543DE82EF95ull);
    next();
  }
  uint64_t next() {
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  /// In [0, bound), bound > 0; the bias is far below what matters here.
  uint64_t below(uint64_t bound) { return (next() >> 11) % bound; }
  /// In [0, 1).
  double unit() { return double(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNRANDOM_H
