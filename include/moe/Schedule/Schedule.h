// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A schedule as a plain struct, the product it is for as far as a schedule
// depends on it, and what a schedule costs in LDS. The attribute #moe.schedule
// holds the same values; the command line and the choice of a schedule use the
// struct. No MLIR here.

#ifndef MOE_SCHEDULE_SCHEDULE_H
#define MOE_SCHEDULE_SCHEDULE_H

#include <cstdint>

namespace moe {

/// The parameters of #moe.schedule with its defaults; include/moe/Dialect/MoE/
/// IR/MoEAttrs.td says what each means and which values are valid.
struct Schedule {
  int64_t tileM = 16;  ///< rows (token, slot) of a workgroup
  int64_t tileN = 128; ///< rows of the weights of a workgroup
  int64_t tileK = 256; ///< K of one ping-pong step
  int64_t waves = 4;
  int64_t kBatch = 1;
  int64_t kWave = 1;
  bool nonTemporal = false; ///< cache = nt
  int64_t xcd = 1;
  int64_t groupM = 1;
  int64_t wavesPerEu = 0;

  /// Waves side by side along N.
  int64_t wavesInN() const { return kWave > 0 ? waves / kWave : 0; }
};

/// A grouped GEMM as a schedule sees it.
struct Product {
  bool gateUp = false;    ///< stage 1: pairs of gate and up rows
  bool activated = false; ///< stage 1 with an activation: half of the columns
  bool accumulate = false;
  bool deterministic = false; ///< K is not cut
  int64_t rows = 0; ///< of one expert's weights: N, or 2 x I in stage 1
  int64_t k = 0;
  int64_t experts = 0; ///< local ones
  int64_t topk = 0;
  int64_t outBytes = 2;         ///< of one element of the output
  const char *outType = "bf16"; ///< its name, for messages
  int64_t blockRows = 0; ///< sorted rows of an expert_ids entry; 0: not fixed
  bool unsorted = false; ///< a tile for each pair of a token and a slot
};

/// LDS of a workgroup in bytes: two buffers and the lists.
int64_t ldsBytes(const Product &product, const Schedule &schedule);

/// Bytes of each buffer: as large as the A tiles of all K groups, half of the
/// output tile (2-byte outputs only), or half of the sums that the K groups
/// exchange.
int64_t bufferBytes(const Product &product, const Schedule &schedule);

/// Bytes of the lists that an unsorted product makes: an id and a weight for
/// each row of the tile, for each wave.
int64_t listBytes(const Product &product, const Schedule &schedule);

/// Bytes of each of the two buffers through which `groups` K groups of
/// `wavesPerGroup` waves add their sums, `accumulators` registers of 4 f32 in
/// each lane.
int64_t sumsBufferBytes(int64_t groups, int64_t wavesPerGroup,
                        int64_t accumulators);

/// Bytes of the buffer through which `groups` K groups add their sums and lanes
/// exchange columns at once: a tile of f32 each.
int64_t groupedTileBytes(int64_t groups, int64_t tileM, int64_t tileN);

/// Whether the schedule can be one kernel: slices of K meet by atomics, so an
/// output that is stored or activated needs a workspace and a second kernel
/// (-moe-decompose).
inline bool isOneKernel(const Product &product, const Schedule &schedule) {
  return schedule.kBatch == 1 || product.accumulate;
}

} // namespace moe

#endif // MOE_SCHEDULE_SCHEDULE_H
