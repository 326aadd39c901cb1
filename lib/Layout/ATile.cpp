// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The keys of the A tile's rows.

#include "moe/Layout/ATile.h"

#include <cassert>

using namespace moe::layout;

ATile::ATile(const Chip &chip, int64_t tileK)
    : tileK(tileK), order(chip.hasScaledFp4Convert ? kInOrder : kEvenFirst) {
  assert((order == kInOrder || !chip.hasWideLdsDma()) &&
         "what DMA moves keeps its order");
}

// The lanes of one access phase are runs of four rows out of both halves of 32
// lanes, and the upper half reads four chunks further. With the plain row
// number as key, MFMA with 16 rows would have two of these runs meet. With bits
// 1 and 2 exchanged all 16-byte reads are free of conflicts on both chips, for
// MFMA with 16 and with 32 rows (unittests/Layouts counts).
int64_t ATile::getKey(int64_t row) const {
  int64_t key = 0;
  for (unsigned bit = 0; bit < kKeyOfBit.size(); ++bit)
    if (row >> bit & 1)
      key ^= kKeyOfBit[bit];
  return key;
}
