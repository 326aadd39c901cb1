// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The constraints schedule_c1 to schedule_c6 of #moe.schedule and those of
// moe.grouped_gemm that a schedule takes part in.

#include "moe/Schedule/CheckSchedule.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <tuple>

using namespace moe;
using llvm::formatv;

/// schedule_c2, schedule_c4: a multiple that keeps all products small.
static std::string refusalOfTile(const char *name, int64_t value,
                                 int64_t multiple, const std::string &why) {
  constexpr int64_t kMost = 65536;
  if (value >= multiple && value <= kMost && value % multiple == 0)
    return "";
  return formatv("expected {0} to be a multiple of {1} ({2}) from {1} to {3}, "
                 "got {4}",
                 name, multiple, why, kMost, value);
}

/// schedule_c5: the axes that only need to be in a range.
static std::string refusalOfRanges(const Schedule &s) {
  if (s.kWave != 1 && s.kWave != 2 && s.kWave != 4)
    return formatv("expected k_wave to be 1, 2 or 4, got {0}", s.kWave);
  // With these the numbers of workgroups stay within 32 bits.
  for (auto [name, value, least, most] :
       {std::tuple("k_batch", s.kBatch, 1, 65536),
        {"xcd", s.xcd, 1, 64},
        {"group_m", s.groupM, 1, 128},
        {"waves_per_eu", s.wavesPerEu, 0, 8}})
    if (value < least || value > most)
      return formatv("expected {0} to be from {1} to {2}, got {3}", name, least,
                     most, value);
  return "";
}

std::string moe::refusalOf(const Schedule &s) {
  // schedule_c1
  if (s.tileM != 16 && s.tileM != 32 && s.tileM != 64 && s.tileM != 128)
    return formatv("expected tile_m to be 16, 32, 64 or 128, got {0}", s.tileM);
  // schedule_c2
  if (std::string why = refusalOfTile("tile_k", s.tileK, 128,
                                      "a block of preshuffled weights");
      !why.empty())
    return why;
  if (std::string why = refusalOfRanges(s); !why.empty())
    return why;
  // schedule_c3
  if (s.waves != 1 && s.waves != 2 && s.waves != 4 && s.waves != 8)
    return formatv("expected waves to be 1, 2, 4 or 8, got {0}", s.waves);
  if (s.waves % s.kWave != 0)
    return formatv("expected waves to be a multiple of k_wave = {0}, got {1}",
                   s.kWave, s.waves);
  // schedule_c4
  int64_t wavesInN = s.wavesInN();
  if (std::string why =
          refusalOfTile("tile_n", s.tileN, 16 * wavesInN,
                        formatv("16 columns x {0} waves in N", wavesInN).str());
      !why.empty())
    return why;
  int64_t waveN = s.tileN / wavesInN;
  if (waveN != 16 && waveN % 32 != 0)
    return formatv("expected 16 columns a wave or a multiple of 32, got {0} of "
                   "tile_n = {1}",
                   waveN, s.tileN);
  // schedule_c6
  int64_t chunks = s.tileM * s.tileK / 8, threads = 64 * wavesInN;
  if (chunks % threads != 0)
    return formatv("expected the {0} chunks of 16 bytes of {1} x {2} "
                   "activations to be a multiple of the threads that move "
                   "them, 64 x waves / k_wave, got {3}",
                   chunks, s.tileM, s.tileK, threads);
  return "";
}

// gemm_c8, gemm_c9, gemm_c14, gemm_c20 and the schedule's part of gemm_c15 and
// gemm_c18
std::string moe::refusalFor(const Product &p, const Schedule &s) {
  if (p.deterministic && (s.kBatch != 1 || s.kWave != 1))
    return formatv("expected k_batch = 1 and k_wave = 1 for a deterministic "
                   "product, whose K is not cut, got {0} and {1}",
                   s.kBatch, s.kWave);
  int64_t tiles = llvm::divideCeil(p.k, s.tileK);
  if (s.kBatch > tiles)
    return formatv("expected k_batch to be at most the {0} K tiles of K = {1} "
                   "and tile_k = {2}, got {3}",
                   tiles, p.k, s.tileK, s.kBatch);
  if (s.kWave > tiles / s.kBatch)
    return formatv("expected k_wave to be at most the {0} K tiles of a slice, "
                   "got {1}",
                   tiles / s.kBatch, s.kWave);
  int64_t pairs = 32 * s.wavesInN();
  if (p.gateUp && s.tileN % pairs != 0)
    return formatv("expected tile_n to be a multiple of {0} in stage gate_up "
                   "(16 gate and 16 up columns x {1} waves in N), got {2}",
                   pairs, s.wavesInN(), s.tileN);
  if (p.unsorted && !isOneKernel(p, s))
    return formatv("expected k_batch = 1 of an unsorted product whose output "
                   "is stored, since the kernel that finishes it reads sorted "
                   "lists, got {0}",
                   s.kBatch);
  if (p.blockRows % s.tileM != 0)
    return formatv("expected tile_m to be a divisor of block_rows = {0}, got "
                   "{1}",
                   p.blockRows, s.tileM);
  return "";
}

std::string moe::refusalOfLowering(const Schedule &s) {
  // Wider waves spill, and on gfx942 take minutes to compile.
  if (s.tileN > 64 * s.waves)
    return formatv("expected tile_n to be at most {0} (64 x {1} waves), got "
                   "{2}, which is not lowered yet",
                   64 * s.waves, s.waves, s.tileN);
  // An odd number of K blocks would split dwords of scales between loads.
  if (s.tileK != 128 && s.tileK % 256 != 0)
    return formatv("expected tile_k = 128 or a multiple of 256, got {0}, which "
                   "is not lowered yet",
                   s.tileK);
  return "";
}

std::string moe::refusalOn(const Chip &chip, const Product &p,
                           const Schedule &s) {
  if (std::string why = refusalOf(s); !why.empty())
    return why;
  if (std::string why = refusalFor(p, s); !why.empty())
    return why;
  if (std::string why = refusalOfLowering(s); !why.empty())
    return why;
  if (int64_t bytes = ldsBytes(p, s); bytes > chip.ldsBytes)
    return formatv("expected at most {0} bytes of LDS on {1}, got {2}",
                   chip.ldsBytes, chip.name, bytes);
  return "";
}
