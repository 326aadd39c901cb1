// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a user can ask of one kernel, as a plain struct: the stage, the model's
// dimensions and every axis of its configuration, with the default values that
// all tools share. Standard library only. Which combinations are possible is
// not decided here: the dialect's verifier and the pipelines' first pass say
// so.
#ifndef MOE_DRIVER_KERNELOPTIONS_H
#define MOE_DRIVER_KERNELOPTIONS_H

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace moe::driver {

/// The two grouped GEMMs of an MoE layer, gate/up and down, and the elementwise
/// kernels after them: Activate makes gemm1's output of the raw sums of
/// split-K, Reduce adds up the slots of a gemm2 that stores.
enum class KernelKind { Gemm1, Gemm2, Activate, Reduce };

/// Element type of the output.
enum class OutType { BF16, F16, F32 };

/// Cache policy of the weight loads: the default one, or non-temporal.
enum class CachePolicy { Default, NonTemporal };

/// Activation of stage 1.
enum class Activation { Silu, Swiglu, Situv2 };

/// Where stage 1's gate and up rows are in the weights: all gate rows, then all
/// up rows; alternating blocks of 16 rows; or alternating rows.
enum class GateLayout { Separated, Interleaved, Rows };

/// Whether a stage reads sorted lists, which a launch ahead of it makes. A
/// kernel by itself does, unless it is Off; a block chooses.
enum class Sorting { Chosen, On, Off };

/// Spellings as the flags and the kernel names have them.
const char *toString(KernelKind value);
const char *toString(OutType value);
const char *toString(CachePolicy value);
const char *toString(Activation value);
const char *toString(GateLayout value);
const char *toString(Sorting value);

/// Gemm1 and Activate.
inline bool isStage1(KernelKind kernel) {
  return kernel == KernelKind::Gemm1 || kernel == KernelKind::Activate;
}
/// Gemm1 and Gemm2.
inline bool isGemm(KernelKind kernel) {
  return kernel == KernelKind::Gemm1 || kernel == KernelKind::Gemm2;
}

/// The tile of a workgroup: rows of A, rows of W (columns of the output), K.
struct TileShape {
  int64_t m = 0, n = 0, k = 0;
};

/// One kernel. Dimensions are those of one shard: `experts` are local experts.
struct KernelOptions {
  KernelKind kernel = KernelKind::Gemm2;
  int64_t modelDim = 0;
  int64_t interDim = 0;
  int64_t experts = 0;
  int64_t topk = 0;
  /// Absent: not chosen yet (moe-compile demands it, moe-run chooses). Of an
  /// Activate kernel only m counts; a Reduce kernel has none.
  std::optional<TileShape> tile;
  OutType outType = OutType::BF16;
  /// Stage 2: add atomically into out[T,H]; else store into out[T*topk,H].
  bool accumulate = true;
  bool bias = false;
  /// The order of sums is fixed: neither atomics nor cuts of K.
  bool deterministic = false;
  /// Stage 2: multiply by the routing weight.
  bool routingWeight = true;
  /// Slices of K over workgroups, which meet in memory by atomics.
  int64_t kBatch = 1;
  /// Groups of waves within a workgroup that share K and meet in LDS.
  int64_t kWave = 1;
  /// Waves of 64 threads in a workgroup, all groups together.
  int64_t waves = 4;
  CachePolicy cache = CachePolicy::Default;
  /// Number of XCDs to remap workgroups over; 1 = no remap.
  int64_t xcd = 1;
  /// M blocks that are walked together before the next N tile; 1 = none.
  int64_t groupM = 1;
  /// Occupancy to ask of the register allocator; 0 = left to it.
  int64_t wavesPerEu = 0;
  /// Elements from one row of x, or of the output, to the next; 0 = rows follow
  /// each other. A stage that two kernels make has them outside, between them
  /// rows follow each other.
  int64_t xStride = 0, outStride = 0;

  /// What a schedule is chosen from besides the rules: "" = the chip's built-in
  /// table, "none" = nothing, else a file. No part of the code object.
  std::string scheduleTable;
  /// Sorted rows of a block of the routing that the choice of a tile has to
  /// serve; 0 = any. A kernel has blocks of its tile's rows.
  int64_t blockRows = 0;

  /// Off: the kernel works straight from topk_ids.
  Sorting sort = Sorting::Chosen;
  /// Unsorted only: entries of the expert map, 0 = none; the number of tokens
  /// is read on the device; columns of the rows that stage 1 fills with zeros,
  /// of stage 2's out type, 0 = none.
  int64_t mapEntries = 0;
  bool limited = false;
  int64_t clearColumns = 0;
  OutType clearType = OutType::BF16;

  /// Stage 2 only: a run that stores is followed by a Reduce kernel.
  bool reduce = false;
  /// Reduce only: a mask says which slots count.
  bool mask = false;

  // Stage 1 only, and Activate.
  Activation act = Activation::Silu;
  GateLayout gate = GateLayout::Separated;
  /// Multiply by the routing weight after the activation.
  bool doweight = false;
  /// Run-time parameters of the activation: no part of the code object. Absent
  /// = the activation's own default, see resolvedActivation().
  std::optional<float> alpha, limit, beta, linearBeta;

  bool isStage1() const { return driver::isStage1(kernel); }
  bool unsorted() const { return isGemm() && sort == Sorting::Off; }
  bool isGemm() const { return driver::isGemm(kernel); }
  /// Length of the reduction: interDim in stage 2, modelDim in stage 1.
  int64_t k() const;
  /// Rows of one expert's weights: modelDim in stage 2, 2*interDim in stage 1.
  int64_t n() const;
  /// Columns of the stage's output: modelDim in stage 2, interDim in stage 1.
  /// Raw sums have n() columns.
  int64_t outColumns() const;
  int64_t xRow() const { return xStride ? xStride : k(); }
  int64_t outRow() const { return outStride ? outStride : outColumns(); }
  /// Whether the kernel multiplies by the routing weight, in either stage.
  bool appliesWeight() const;
  /// Whether the kernel adds to memory by atomics: stage 2 when accumulating,
  /// stage 1 when K is split over workgroups.
  bool usesAtomics() const;
  /// Whether the kernel leaves raw f32 sums, which an Activate kernel finishes.
  bool leavesRawSums() const {
    return kernel == KernelKind::Gemm1 && kBatch > 1;
  }
  /// Threads of a workgroup.
  int64_t block() const { return isGemm() ? waves * 64 : 256; }
  /// A symbol name that tells any two different code objects apart, for
  /// instance moe_gemm2_h2880_i2880_e128_t4_16x128x256_bf16.
  std::string kernelName() const;
};

/// The Gemm1 kernel of a stage 1 that splits K over workgroups: f32 sums.
KernelOptions rawSumsOf(const KernelOptions &gemm1);
/// The Activate kernel behind it, which has the stage's out type.
KernelOptions activateAfter(const KernelOptions &gemm1);
/// The Gemm2 kernel of a stage 2 that a Reduce kernel finishes.
KernelOptions slotsOf(const KernelOptions &gemm2);
/// The Reduce kernel behind it, which leaves out slots by a mask.
KernelOptions reduceAfter(const KernelOptions &gemm2);

/// The two stages of a layer's options. Rows of x and of the output may have a
/// stride, rows between the stages follow each other and are bf16. The routing
/// weight is applied once, in stage 1 with `doweight`, else in stage 2, and a
/// stage 2 that stores is followed by a reduction.
std::array<KernelOptions, 2> stagesOf(const KernelOptions &layer);

/// The four run-time floats of stage 1, in the order of the kernel's arguments.
struct ActivationParams {
  float alpha = 1.702f;
  float limit = std::numeric_limits<float>::infinity();
  float beta = 4.0f;
  float linearBeta = 25.0f;
};

/// The values given, the activation's defaults for the others: limit 7 for
/// swiglu and +Inf (off) else; alpha 1.702, beta 4, linear beta 25.
ActivationParams resolvedActivation(const KernelOptions &options);

} // namespace moe::driver

#endif // MOE_DRIVER_KERNELOPTIONS_H
