// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formats that quantised weights come in, a row each: what the layouts
// depend on. How a code becomes a number is in docs/Numerics.md.

#ifndef MOE_LAYOUT_ELEMENTFORMAT_H
#define MOE_LAYOUT_ELEMENTFORMAT_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace moe::layout {

struct ElementFormat {
  llvm::StringLiteral name;
  /// Bits of a value, and of the scale of a block.
  int64_t valueBits, scaleBits;
  /// Consecutive K that share a scale.
  int64_t blockK;
};

/// OCP MXFP4: E2M1 values, an E8M0 scale for 32.
inline constexpr ElementFormat kMXFP4 = {llvm::StringLiteral("mxfp4"), 4, 8,
                                         32};

} // namespace moe::layout

#endif // MOE_LAYOUT_ELEMENTFORMAT_H
