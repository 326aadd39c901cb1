// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the activations of a K tile stand in LDS: rows of tile_k bf16, moved in
// chunks of 16 bytes, whose places within a row are permuted so that the lanes
// that read together meet in no bank. docs/Layouts.md, "A tile".

#ifndef MOE_LAYOUT_ATILE_H
#define MOE_LAYOUT_ATILE_H

#include "moe/Target/Chip.h"

#include <array>
#include <cstdint>

namespace moe::layout {

/// The tile on `chip`.
class ATile {
public:
  /// Which of a chunk's eight consecutive columns stands in each place.
  using Order = std::array<int64_t, 8>;
  static constexpr Order kInOrder = {0, 1, 2, 3, 4, 5, 6, 7};
  static constexpr Order kEvenFirst = {0, 2, 4, 6, 1, 3, 5, 7};

  static constexpr int64_t kChunkBytes = 16, kChunkColumns = 8;

  ATile(const Chip &chip, int64_t tileK);

  int64_t getChunksPerRow() const { return tileK / kChunkColumns; }

  /// The order within a chunk, and so of the K of a lane's MFMA operands: a sum
  /// has no order, as long as A and B agree. Where fp4 is decoded by table
  /// look-ups even and odd columns come out apart.
  const Order &getOrder() const { return order; }

  /// What the chunk number is exclusive-or-ed with in `row`, below 16. It is
  /// linear: the key of a row is the exclusive or of the keys of its bits.
  int64_t getKey(int64_t row) const;
  /// The key of row 2^bit, bit 0 to 3.
  int64_t getKeyOfBit(unsigned bit) const { return kKeyOfBit[bit]; }

  /// The chunk position in `row` where chunk `chunk` of the row stands; its own
  /// inverse.
  int64_t getPosition(int64_t row, int64_t chunk) const {
    return chunk ^ getKey(row);
  }
  /// The byte of the tile where chunk `chunk` of `row` begins.
  int64_t getByte(int64_t row, int64_t chunk) const {
    return (row * getChunksPerRow() + getPosition(row, chunk)) * kChunkBytes;
  }

private:
  int64_t tileK;
  Order order;
  /// The row number, modulo 16, with bits 1 and 2 exchanged.
  static constexpr std::array<int64_t, 4> kKeyOfBit = {1, 4, 2, 8};
};

} // namespace moe::layout

#endif // MOE_LAYOUT_ATILE_H
