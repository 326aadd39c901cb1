//===- ChooseConfig.h - a tile for a shape --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of a tile when the user names none: a pure function of the shape,
// the token count and the chip's LDS. Not here: whether a given tile is
// possible, which the compiler says.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_DRIVER_CHOOSECONFIG_H
#define MOE_DRIVER_CHOOSECONFIG_H

#include "moe/Driver/KernelOptions.h"

namespace moe::driver {

/// Routed rows an active expert has on average when tokens choose uniformly:
/// tokens*topk / (experts * (1 - (1 - topk/experts)^tokens)).
double expectedRowsPerExpert(int64_t tokens, int64_t topk, int64_t experts);

/// The tile, from these tables, first row that fits:
///   rows an active expert: up to 16 -> tile_m 16; up to 48 -> 32; above -> 64
///   tile_m 64 and N >= 256, not at most 64 KiB of LDS -> tile_n 256;
///   at most 2 tokens -> tile_n 64 (more workgroups); else 128
///   K >= 512 -> tile_k 256; else 128; and 128 where the two A buffers of
///   tile_m x tile_k bf16 would take more than half of the LDS, or where
///   k_batch x k_wave asks for more K tiles than tile_k 256 gives.
TileShape chooseTile(const KernelOptions &options, int64_t tokens,
                     int64_t ldsBytes);

} // namespace moe::driver

#endif // MOE_DRIVER_CHOOSECONFIG_H
