// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the conversion: where the loads of an epilogue are requested, and
// the ids and weights of a tile's rows in registers of a wave.

#ifndef MOE_LIB_CONVERSION_MOETOAMDGPU_EARLYLOADS_H
#define MOE_LIB_CONVERSION_MOETOAMDGPU_EARLYLOADS_H

#include "LaneBuilder.h"

namespace moe {

/// True if the epilogue of a tile of `rows` rows requests its loads early.
/// Larger tiles have no registers left for that, and enough work to hide the
/// latency.
bool hasEarlyLoads(int64_t rows);

/// The step in which loads are requested, of the pipeline's steps behind its
/// loop or, without a loop, of all its steps.
enum class Request {
  FirstStep, ///< behind that step's own loads: for what is needed first
  LastStep   ///< ahead of its sync, where fewer registers are in use
};

/// Builds loads of `op`, which has a tile of `rows` rows, from memory that it
/// only reads, at the place of `request`; ahead of `op` in large tiles and
/// where something between may write to global memory or the loads need one of
/// `operands`, which is not known there.
void buildEarly(LaneBuilder &b, mlir::Operation *op, int64_t rows,
                Request request, llvm::ArrayRef<mlir::Value> operands,
                llvm::function_ref<void()> build);

/// The bias of one expert, for loads of single columns.
class BiasRow {
public:
  /// Row `expert` of `bias`, which has so many columns.
  BiasRow(LaneBuilder &b, mlir::Value bias, mlir::Value expert,
          int64_t columns);
  /// The f32 at `column` (i32) + `more`; past the last column, zero.
  mlir::Value load(LaneBuilder &b, mlir::Value column, int64_t more = 0) const;

private:
  mlir::Value rsrc;
};

/// An element of 32 bits for each row of a tile of at most 64 rows, read from a
/// list in global memory once by each wave: lane l holds that of row l.
class RowElements {
public:
  RowElements() = default;
  /// Requests elements `first` to `first` + `rows` - 1 of `list`.
  RowElements(LaneBuilder &b, mlir::Value list, mlir::Value first,
              int64_t rows);
  explicit operator bool() const { return !!lanes; }
  /// The element of `row` (index) + `more`, which may differ in the lanes. The
  /// lanes of the wave exchange it, so all of them must be active.
  mlir::Value get(LaneBuilder &b, mlir::Value row, int64_t more) const;

private:
  mlir::Type element;
  mlir::Value lanes; ///< i32
};

} // namespace moe

#endif // MOE_LIB_CONVERSION_MOETOAMDGPU_EARLYLOADS_H
