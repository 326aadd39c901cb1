// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a schedule costs in LDS: the A tiles, which the epilogue then uses to
// exchange outputs between lanes and partial sums between waves.

#include "moe/Schedule/Schedule.h"
#include <algorithm>

using namespace moe;

int64_t moe::sumsBufferBytes(int64_t groups, int64_t wavesPerGroup,
                             int64_t accumulators) {
  // Half of the accumulators a buffer; one is 16 bytes in each of 64 lanes.
  return (groups - 1) * wavesPerGroup * ((accumulators + 1) / 2) * 1024;
}

int64_t moe::groupedTileBytes(int64_t groups, int64_t tileM, int64_t tileN) {
  return groups * tileM * tileN * 4;
}

int64_t moe::bufferBytes(const Product &product, const Schedule &s) {
  int64_t aTiles = s.kWave * s.tileM * s.tileK * 2;
  int64_t columns = product.activated ? s.tileN / 2 : s.tileN;
  int64_t exchange = product.outBytes == 2 ? s.tileM * columns : 0;
  int64_t wavesInN = std::max<int64_t>(1, s.wavesInN());
  int64_t sums = sumsBufferBytes(s.kWave, wavesInN,
                                 s.tileM / 16 * (s.tileN / (16 * wavesInN)));
  return std::max({aTiles, exchange, sums});
}

int64_t moe::listBytes(const Product &product, const Schedule &s) {
  return product.unsorted ? s.waves * s.tileM * 8 : 0;
}

int64_t moe::ldsBytes(const Product &product, const Schedule &s) {
  return 2 * bufferBytes(product, s) + listBytes(product, s);
}
