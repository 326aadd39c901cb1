// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a workgroup's 2-byte results stand in LDS between the lanes that hold
// four rows of one column and those that store columns that follow each other.
// docs/Layouts.md, "Output".

#ifndef MOE_LAYOUT_OUTTILE_H
#define MOE_LAYOUT_OUTTILE_H

#include "moe/Layout/MfmaFragment.h"

namespace moe::layout {

/// Rows of `columns` elements, a multiple of 16, each quad of rows with its
/// runs of `fragment.rows` columns permuted: the lane groups of a write are
/// four rows apart, and so in the same banks but for this. Runs of 16 columns
/// that begin at a multiple of 16 stay together.
struct OutTile {
  MfmaFragment fragment;
  int64_t columns;
  int64_t ldsBanks; ///< of the chip

  /// What the element's number is exclusive-or-ed with in the rows of one lane
  /// group: laneGroup * getStep(). Rows of 32 columns, shorter than what two
  /// lane groups write, are exchanged with each other, so that the rows that a
  /// phase of 16-byte reads takes differ in their banks too.
  int64_t getStep() const {
    return fragment.rows == 32 && columns == 32 ? 32 + ldsBanks : fragment.rows;
  }
  int64_t getElement(int64_t row, int64_t column) const {
    int64_t laneGroup = row / 4 % fragment.laneGroups();
    return (row * columns + column) ^ (laneGroup * getStep());
  }
  /// True if exclusive or never leaves the row.
  bool staysInRow() const { return columns % 64 == 0; }
};

} // namespace moe::layout

#endif // MOE_LAYOUT_OUTTILE_H
