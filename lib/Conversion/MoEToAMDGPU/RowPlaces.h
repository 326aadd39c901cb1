// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the conversion: the physical weight rows that the lanes of a wave
// hold, for loads of weights, of scales and of a bias in their order. The
// orders themselves are data of moe/Layout/RowOrder.h.

#ifndef MOE_LIB_CONVERSION_MOETOAMDGPU_ROWPLACES_H
#define MOE_LIB_CONVERSION_MOETOAMDGPU_ROWPLACES_H

#include "LaneBuilder.h"

#include "moe/Layout/MfmaFragment.h"
#include "moe/Layout/RowOrder.h"

namespace moe {

/// A physical row is 16 times a block and a row within 16. Both are the sum of
/// what one column block of the wave has in all lanes and of the lane's own
/// part; the sum of rows does not reach 16. All values are i32.
class RowPlaces {
public:
  using Value = mlir::Value;
  static constexpr int64_t kBlock = layout::RowOrder::kBlock;

  /// `n` (index) is the wave's first row as moe.load_weight counts it. With
  /// `gated`, blocks 2*j are gate and blocks 2*j + 1 up columns.
  RowPlaces(LaneBuilder &b, layout::RowOrder order,
            layout::MfmaFragment fragment, bool gated, Value n)
      : b(b), order(order), fragment(fragment), gated(gated),
        firstBlock(b.div(b.toI32(n), kBlock)) {
    Value lane = b.toI32(b.lane());
    group = b.div(lane, fragment.rows);
    Value column = b.rem(lane, fragment.rows);
    Value inBlock = fragment.rows > kBlock ? b.rem(column, kBlock) : column;
    Value place = b.mul(inBlock, order.columnStride);
    row = order.keepsBlocks() ? place : b.rem(place, kBlock);
    block = order.keepsBlocks() ? Value() : b.div(place, kBlock);
    if (fragment.rows > kBlock) {
      int64_t stride = gated ? order.pairStride : kBlock;
      Value upper = b.mul(b.div(column, kBlock), stride / kBlock);
      block = block ? b.add(block, upper) : upper;
    }
  }

  /// Lane group: which K the lane holds.
  Value laneGroup() const { return group; }
  /// The lane's own row within 16, and its own block; null where it is 0.
  Value laneRow() const { return row; }
  Value laneBlock() const { return block; }

  /// The block of 16 rows in memory where block `nb` of the wave begins.
  Value blockOf(int64_t nb) const {
    if (fragment.rows > kBlock && !gated)
      return b.add(firstBlock, b.i32(2 * nb));
    // Pairs of blocks of 16 gate and 16 up rows, and which of the two.
    Value pair, half;
    if (fragment.rows > kBlock) {
      pair = b.add(b.shr(firstBlock, 1), b.i32(2 * (nb / 2)));
      half = b.i32(nb % 2);
    } else {
      Value counted = b.add(firstBlock, b.i32(nb));
      if (order.pairStride == 2 * kBlock && order.halfStride == kBlock)
        return counted;
      pair = b.shr(counted, 1);
      half = b.bitAnd(counted, 1);
    }
    return b.add(b.mul(pair, order.pairStride / kBlock),
                 b.mul(half, order.halfStride / kBlock));
  }
  /// The row within 16 where block `nb` begins; null where it is 0.
  Value rowOf(int64_t nb) const {
    if (order.halfStride % kBlock == 0)
      return Value();
    Value half = fragment.rows > kBlock
                     ? b.i32(nb % 2)
                     : b.bitAnd(b.add(firstBlock, b.i32(nb)), 1);
    return b.mul(half, order.halfStride);
  }

private:
  LaneBuilder &b;
  layout::RowOrder order;
  layout::MfmaFragment fragment;
  bool gated;
  Value firstBlock, group, row, block;
};

} // namespace moe

#endif // MOE_LIB_CONVERSION_MOETOAMDGPU_ROWPLACES_H
