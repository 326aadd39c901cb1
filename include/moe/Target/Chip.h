// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a chip can do, asked by name of the capability. Facts come from
// Chips.def; there is no default chip and no guess for an unknown one.

#ifndef MOE_TARGET_CHIP_H
#define MOE_TARGET_CHIP_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace moe {

/// One row of Chips.def.
struct Chip {
  llvm::StringLiteral name;
  int64_t ldsBytes;
  bool hasScaledFp4Convert;
  int64_t ldsDmaBytes;
  bool hasPackedBf16Atomics;
  int64_t mfmaBf16K;

  /// True if a lane can gather 16 bytes straight into LDS.
  bool hasWideLdsDma() const { return ldsDmaBytes >= 16; }
};

/// The chip of exactly this name, or null.
const Chip *lookupChip(llvm::StringRef name);

/// Why `name` is no chip to compile for, with the list of those that are; for
/// diagnostics.
std::string describeUnknownChip(llvm::StringRef name);

} // namespace moe

#endif // MOE_TARGET_CHIP_H
