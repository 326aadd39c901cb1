// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The keys of the A tile's rows.

#include "moe/Layout/ATile.h"

#include <cassert>

using namespace moe::layout;

// MFMA with 16 rows: 4*P[(row/4) % 4] + row % 4 with P = 0, 2, 3, 1. The lanes
// of one access phase are runs of four rows out of both halves of the tile, one
// lane group further in the upper half, that is another chunk/4: with the plain
// row number two runs would meet. 32 rows: the row number, modulo 16.
ATile::ATile(const Chip &chip, int64_t mfmaRows, int64_t tileK)
    : tileK(tileK), order(chip.hasScaledFp4Convert ? kInOrder : kEvenFirst),
      keyOfBit(mfmaRows == 16 ? std::array<int64_t, 4>{1, 2, 8, 12}
                              : std::array<int64_t, 4>{1, 2, 4, 8}) {
  assert((order == kInOrder || !chip.hasWideLdsDma()) &&
         "what DMA moves keeps its order");
  assert((mfmaRows == 16 || mfmaRows == 32) && "no such MFMA");
}

int64_t ATile::getKey(int64_t row) const {
  int64_t key = 0;
  for (unsigned bit = 0; bit < keyOfBit.size(); ++bit)
    if (row >> bit & 1)
      key ^= keyOfBit[bit];
  return key;
}
