//===- ChooseConfig.cpp - a tile for a shape ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables that ChooseConfig.h documents.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/ChooseConfig.h"
#include <algorithm>
#include <cmath>

using namespace moe::driver;

double moe::driver::expectedRowsPerExpert(int64_t tokens, int64_t topk,
                                          int64_t experts) {
  double share = std::min(1.0, double(topk) / double(experts));
  double active = double(experts) * (1 - std::pow(1 - share, double(tokens)));
  return double(tokens) * double(topk) / std::max(1.0, active);
}

TileShape moe::driver::chooseTile(const KernelOptions &options, int64_t tokens,
                                  int64_t ldsBytes) {
  TileShape tile;
  double rows = expectedRowsPerExpert(tokens, options.topk, options.experts);
  tile.m = rows <= 16 ? 16 : rows <= 48 ? 32 : 64;

  bool smallLds = ldsBytes <= 64 * 1024;
  if (tile.m == 64 && options.n() >= 256 && !smallLds)
    tile.n = 256;
  else
    tile.n = tokens <= 2 ? 64 : 128;
  // Each wave owns a multiple of 16 columns, in stage 1 of 16 pairs.
  int64_t wavesInN = std::max<int64_t>(1, options.waves / options.kWave);
  int64_t columns = options.kernel == KernelKind::Gemm1 ? 32 : 16;
  while (tile.n % (columns * wavesInN) && tile.n < 512)
    tile.n *= 2;

  int64_t wideTiles = (options.k() + 255) / 256;
  bool fits = 2 * tile.m * 256 * 2 <= ldsBytes / 2;
  bool enough = wideTiles >= options.kBatch * options.kWave;
  tile.k = options.k() >= 512 && fits && enough ? 256 : 128;
  return tile;
}
