// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-ups in the chip table, and what follows from a row by arithmetic.

#include "moe/Target/Chip.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace moe;

namespace {
// One namespace a table, a constant a row.
namespace unit {
#define MOE_CHIP_CU(NAME, ...) constexpr ChipComputeUnit NAME = {__VA_ARGS__};
#include "moe/Target/Chips.def"
} // namespace unit
namespace device {
#define MOE_CHIP_DEVICE(NAME, ...) constexpr ChipDevice NAME = {__VA_ARGS__};
#include "moe/Target/Chips.def"
} // namespace device

struct LaneRange {
  int first, last;
};
constexpr uint64_t maskOf(std::initializer_list<LaneRange> ranges) {
  uint64_t mask = 0;
  for (LaneRange range : ranges)
    for (int lane = range.first; lane <= range.last; ++lane)
      mask |= uint64_t(1) << lane;
  return mask;
}
} // namespace

static constexpr Chip kChips[] = {
#define MOE_CHIP(NAME, ...)                                                    \
  Chip(llvm::StringLiteral(#NAME), ChipFeatures{__VA_ARGS__}, unit::NAME,      \
       device::NAME),
#include "moe/Target/Chips.def"
};

static constexpr LdsPhase kPhases[] = {
#define MOE_CHIP_PHASE(NAME, BYTES, ...)                                       \
  {llvm::StringLiteral(#NAME), BYTES, maskOf({__VA_ARGS__})},
#include "moe/Target/Chips.def"
};

const Chip *moe::lookupKnownChip(llvm::StringRef name) {
  const Chip *it = llvm::find_if(
      kChips, [&](const Chip &chip) { return chip.name == name; });
  return it == std::end(kChips) ? nullptr : it;
}

const Chip *moe::lookupChip(llvm::StringRef name) {
  const Chip *chip = lookupKnownChip(name);
  return chip && chip->compiled ? chip : nullptr;
}

std::string moe::describeUnknownChip(llvm::StringRef name) {
  std::string text = name.empty()
                         ? "no chip is given, expected one of"
                         : "unknown chip '" + name.str() + "', expected one of";
  const char *separator = " ";
  for (const Chip &chip : kChips)
    if (chip.compiled)
      text += std::exchange(separator, ", ") + chip.name.str();
  if (name == "gfx90a")
    text += " (gfx90a flushes bf16 denormals in its MFMA and has no packed "
            "bf16 atomics)";
  return text;
}

llvm::SmallVector<uint64_t> moe::getLdsPhases(const Chip &chip, int64_t bytes) {
  llvm::SmallVector<uint64_t> masks;
  for (const LdsPhase &phase : kPhases)
    if (phase.chip == chip.name && phase.bytes == bytes)
      masks.push_back(phase.lanes);
  return masks;
}

Occupancy moe::computeOccupancy(const Chip &chip, int64_t vgprs,
                                int64_t ldsBytes, int64_t threads) {
  Occupancy result;
  int64_t allocated =
      llvm::alignTo(std::max<int64_t>(vgprs, 1), uint64_t(chip.vgprUnit));
  result.byRegisters = std::min(chip.wavesPerSimd, chip.vgprs / allocated);
  result.byLds = chip.wavesPerSimd;
  if (ldsBytes > 0 && threads > 0) {
    int64_t groups = chip.ldsBytes /
                     int64_t(llvm::alignTo(ldsBytes, uint64_t(chip.ldsUnit)));
    int64_t waves = llvm::divideCeil(threads, chip.waveLanes);
    int64_t perSimd = groups * waves / chip.simds;
    result.byLds =
        std::min(chip.wavesPerSimd, groups ? std::max<int64_t>(1, perSimd) : 0);
  }
  result.waves = std::min(result.byRegisters, result.byLds);
  return result;
}
