// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a chip is and can do, asked by name of the fact. Facts come from
// Chips.def; there is no default chip and no guess for an unknown one.

#ifndef MOE_TARGET_CHIP_H
#define MOE_TARGET_CHIP_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace moe {

/// What the compiler decides by.
struct ChipFeatures {
  bool compiled;
  bool hasScaledFp4Convert;
  int64_t ldsDmaBytes;
  bool hasPackedBf16Atomics;
  int64_t mfma16K, mfma32K;
};

/// A compute unit.
struct ChipComputeUnit {
  int64_t waveLanes, simds, wavesPerSimd, vgprs, vgprUnit, ldsBytes, ldsUnit,
      ldsBanks;
};

/// The device around the compute units.
struct ChipDevice {
  int64_t computeUnits, xcds, megahertz, gigabytesPerSecond;
};

/// One row of each table of Chips.def.
struct Chip : ChipFeatures, ChipComputeUnit, ChipDevice {
  llvm::StringLiteral name;

  constexpr Chip(llvm::StringLiteral name, ChipFeatures features,
                 ChipComputeUnit unit, ChipDevice device)
      : ChipFeatures(features), ChipComputeUnit(unit), ChipDevice(device),
        name(name) {}

  /// True if a lane can gather 16 bytes straight into LDS.
  bool hasWideLdsDma() const { return ldsDmaBytes >= 16; }
};

/// Lanes that access LDS together, as bits of a mask, when every lane reads
/// `bytes` bytes.
struct LdsPhase {
  llvm::StringLiteral chip;
  int64_t bytes;
  uint64_t lanes;
};

/// The phases of a read of `bytes` bytes a lane; none where none are published.
llvm::SmallVector<uint64_t> getLdsPhases(const Chip &chip, int64_t bytes);

/// The chip of exactly this name that this compiler has as a target, or null.
const Chip *lookupChip(llvm::StringRef name);

/// The chip of exactly this name, whether it is a target or not, or null.
const Chip *lookupKnownChip(llvm::StringRef name);

/// Why `name` is no chip to compile for, with the list of those that are; for
/// diagnostics.
std::string describeUnknownChip(llvm::StringRef name);

/// Waves on one SIMD, by what limits them.
struct Occupancy {
  int64_t byRegisters, byLds;
  /// The smaller of both.
  int64_t waves;
};

/// How many waves a SIMD of `chip` holds, of a kernel with `vgprs` registers a
/// lane (of both kinds, as the hardware allocates them or less), `ldsBytes` of
/// LDS a workgroup and `threads` work items a workgroup. LDS does not limit
/// where it or `threads` is 0. A workgroup whose waves are no multiple of the
/// SIMDs counts by its average; a workgroup that fits has at least one wave.
Occupancy computeOccupancy(const Chip &chip, int64_t vgprs, int64_t ldsBytes,
                           int64_t threads);

} // namespace moe

#endif // MOE_TARGET_CHIP_H
