// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which element of a product each lane of a wave holds, for MFMA with 16 and
// with 32 rows and columns. docs/Layouts.md, "MFMA". Where the elements come
// from is in Preshuffle.h, RowOrder.h and ATile.h.

#ifndef MOE_LAYOUT_MFMAFRAGMENT_H
#define MOE_LAYOUT_MFMAFRAGMENT_H

#include <cstdint>

namespace moe::layout {

/// A block of `rows` x `rows` results and its operands. Lanes with the same
/// lane / rows are a lane group.
struct MfmaFragment {
  int64_t rows;

  /// The larger MFMA does the work of two with half as many instructions. A
  /// wave that computes `waveN` columns of `tileM` rows takes it where both are
  /// multiples of 32; of stage 1 (`gated`) gate and up columns are blocks
  /// apart.
  static MfmaFragment select(int64_t tileM, int64_t waveN, bool gated) {
    bool large = tileM % 32 == 0 && waveN % (gated ? 64 : 32) == 0;
    return {large ? 32 : 16};
  }

  int64_t laneGroups() const { return 64 / rows; }
  /// In a block of 128 K a lane's weights are that many runs of 32 K; run `h`
  /// of lane group L is K 32 * (h * laneGroups() + L).
  int64_t runs() const { return 4 / laneGroups(); }
  /// A lane's results are that many times four rows that follow each other.
  int64_t quads() const { return rows * rows / 256; }
  /// The first row of quad `i`, counted over blocks of rows too, in lane group
  /// L, is i * quadStep() + 4 * L; the column is that of the lane.
  int64_t quadStep() const { return rows / quads(); }

  int64_t rowOf(int64_t lane, int64_t quad, int64_t v) const {
    return quad * quadStep() + 4 * (lane / rows) + v;
  }
  int64_t columnOf(int64_t lane) const { return lane % rows; }
  /// Element `i` of operand register `step` (8 K each, 4 steps a run).
  int64_t kOf(int64_t lane, int64_t run, int64_t step, int64_t i) const {
    return 32 * (run * laneGroups() + lane / rows) + 8 * step + i;
  }
};

} // namespace moe::layout

#endif // MOE_LAYOUT_MFMAFRAGMENT_H
