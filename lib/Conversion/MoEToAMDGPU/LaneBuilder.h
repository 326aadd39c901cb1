// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the conversion: a builder with the few things every family of
// patterns needs, and the declarations of the families.

#ifndef MOE_LIB_CONVERSION_MOETOAMDGPU_LANEBUILDER_H
#define MOE_LIB_CONVERSION_MOETOAMDGPU_LANEBUILDER_H

#include "moe/Dialect/MoE/IR/Fragments.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Layout/ATile.h"
#include "moe/Target/Chip.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"

namespace moe {

class FreeBuffers;

/// Builds what one lane does. Integers are i32 where a hardware offset is meant
/// and index otherwise.
class LaneBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  LaneBuilder(mlir::Location loc, mlir::OpBuilder &builder)
      : ImplicitLocOpBuilder(loc, builder) {}

  Value index(int64_t value);
  Value i32(int64_t value);
  Value toI32(Value index);
  Value toI64(Value index);
  Value add(Value a, Value b);
  Value mul(Value a, int64_t b);
  Value mul(Value a, Value b);
  Value div(Value a, int64_t b);
  Value rem(Value a, int64_t b);
  Value shl(Value a, int64_t b);
  Value shr(Value a, int64_t b);
  Value bitXor(Value a, Value b);
  Value bitAnd(Value a, int64_t b);
  Value bitOr(Value a, Value b);
  Value minU(Value a, Value b);
  Value lessU(Value a, Value b);
  Value select(Value condition, Value a, Value b);

  /// v_perm_b32 on i32: byte i of the result is the byte of `low` (0 to 3) or
  /// `high` (4 to 7) that byte i of `selector` says, or zero where that is 12.
  Value permuteBytes(Value high, Value low, Value selector);

  /// The elements of a chunk of 8 in the order of `tile`'s chunks, or with
  /// `inverse` back from it.
  Value reorderChunk(Value chunk, layout::ATile::Order order, bool inverse);
  /// The key of a row of an A tile (docs/Layouts.md, "A tile").
  Value tileKey(const layout::ATile &tile, Value row);

  /// Thread of the workgroup; workgroups are one-dimensional.
  Value thread();
  /// Lane of the wave, 0 to 63.
  Value lane();
  /// Wave of the workgroup.
  Value wave();

  /// What a sorted id (i32) says, all i32 but `valid`: a row is valid iff its
  /// token is below `tokens` and its slot below `topk`.
  struct SortedId {
    Value token, slot, valid;
  };
  SortedId decodeSortedId(Value id, Value tokens, int64_t topk);

  /// A pointer to the first element of `memref`, its offset included, in its
  /// address space.
  Value pointer(Value memref);
  /// `pointer` + `count` (an integer) elements.
  Value advance(Value pointer, mlir::Type element, Value count);
  /// Elements from one row of a `memref` of rank 2 to the next, as an index.
  Value rowStride(Value memref);
  /// A raw buffer descriptor of `bytes` (i64) from `pointer` on.
  Value descriptor(Value pointer, Value bytes);
  /// Loads 'type' at `offset` + `scalarOffset` bytes (i32); out of range is 0.
  Value bufferLoad(mlir::Type type, Value rsrc, Value offset,
                   Value scalarOffset, int64_t aux = 0);

private:
  mlir::memref::ExtractStridedMetadataOp metadata(Value memref);
};

/// A scheduling barrier: the back end's schedulers move nothing across it but
/// what `allow` names.
void addSchedBarrier(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::amdgpu::sched_barrier_opt_enum allow =
                         mlir::amdgpu::sched_barrier_opt_enum::none);

/// Aux bits of a buffer load with this cache policy (CDNA3 and CDNA4: nt is
/// bit 1).
int64_t getCacheAux(CachePolicy policy);

/// Where a scale is among the registers that moe.load_scale leaves: `rotation`
/// bits (i32, less than 25) further than byte `byte` of `dword`.
struct ScalePlace {
  mlir::Value dword, rotation;
  int64_t byte;
};
/// The scale of row block `nb`, K block `kb` of `kBlocks` and run `run` of 32 K
/// in `registers`.
ScalePlace findScale(layout::MfmaFragment fragment, mlir::ValueRange registers,
                     int64_t kBlocks, int64_t nb, int64_t kb, int64_t run);

/// Accumulator registers as vectors of four rows: those of MFMA with 32 rows
/// hold four each. [block of rows][block of columns][quad] becomes
/// [quad of rows][block of columns].
llvm::SmallVector<mlir::Value> splitQuads(LaneBuilder &b, mlir::VectorType acc,
                                          mlir::ValueRange registers);
/// The inverse.
llvm::SmallVector<mlir::Value> joinQuads(LaneBuilder &b, mlir::VectorType acc,
                                         mlir::ValueRange quads);

/// An out-of-range byte offset, also after a K offset is added to it: the K
/// offset of weights is 8 bytes a K, below a mebibyte.
inline constexpr int64_t kOutOfRange = kDescriptorBytes;
void populateGatherPatterns(const mlir::TypeConverter &converter,
                            const Chip &chip,
                            mlir::RewritePatternSet &patterns);
void populateLoadPatterns(const mlir::TypeConverter &converter,
                          mlir::RewritePatternSet &patterns);
void populateUnpackPatterns(const mlir::TypeConverter &converter,
                            const Chip &chip,
                            mlir::RewritePatternSet &patterns);
void populateMfmaPatterns(const mlir::TypeConverter &converter,
                          const Chip &chip, mlir::RewritePatternSet &patterns);
void populateEpiloguePatterns(const mlir::TypeConverter &converter,
                              mlir::RewritePatternSet &patterns);
void populatePreshuffledPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
void populateScatterPatterns(const mlir::TypeConverter &converter,
                             const Chip &chip, const FreeBuffers &free,
                             mlir::RewritePatternSet &patterns);

} // namespace moe

#endif // MOE_LIB_CONVERSION_MOETOAMDGPU_LANEBUILDER_H
