// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of an expert's weight rows: which row of memory is which gate or up
// row of stage 1. docs/Layouts.md, "Weights". Where the bytes of a row
// are is in Preshuffle.h.

#ifndef MOE_LAYOUT_ROWORDER_H
#define MOE_LAYOUT_ROWORDER_H

#include <cstdint>

namespace moe::layout {

/// How gate and up rows of a stage 1 weight stand in memory; stage 2 has None.
enum class GateOrder { None, Separated, Interleaved, Rows };

/// Rows are *counted* in pairs of blocks of 16: blocks 2*j are gate columns
/// 16*j to 16*j + 15, blocks 2*j + 1 the up columns of the same numbers. Every
/// order is three strides, the distance in physical rows of the next pair of
/// blocks, of the up block from its gate block, and of the next column.
struct RowOrder {
  static constexpr int64_t kBlock = 16;
  int64_t pairStride, halfStride, columnStride;

  /// `rows` is what one expert has: 2*I in stage 1.
  static RowOrder get(GateOrder order, int64_t rows);

  /// The physical row of counted row `n`.
  int64_t physicalRow(int64_t n) const {
    return n / (2 * kBlock) * pairStride + n / kBlock % 2 * halfStride +
           n % kBlock * columnStride;
  }
  /// The physical row of gate (`up` false) or up column `column`.
  int64_t physicalRow(bool up, int64_t column) const {
    return physicalRow(column / kBlock * 2 * kBlock + (up ? kBlock : 0) +
                       column % kBlock);
  }
  /// True if the 16 rows of a counted block are a block of 16 rows in memory.
  bool keepsBlocks() const { return columnStride == 1; }
};

} // namespace moe::layout

#endif // MOE_LAYOUT_ROWORDER_H
