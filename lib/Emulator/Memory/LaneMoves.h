//===- LaneMoves.h - 64 lanes between registers and memory ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loops of the fast memory paths over all lanes: offsets, whole dwords from
// and to host memory. There is a set of them for each host instruction set; all
// do the same. Which accesses may go this way is in FastMemory.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_MEMORY_LANEMOVES_H
#define MOE_LIB_EMULATOR_MEMORY_LANEMOVES_H

#include "State/Machine.h"

namespace moe::emulator {

/// Loops over all 64 lanes; lane i's bytes are at host + at[i]. Masks are rows
/// of all ones or zero.
struct LaneMoves {
  /// Whether at[i] of a lane of the mask is below `low` or above low + span.
  bool (*outside)(const uint32_t *at, uint32_t low, uint32_t span,
                  const uint32_t *mask);
  /// Whether every offset is `step` above the one before.
  bool (*follow)(const uint32_t *at, uint32_t step);
  /// to[i] = at[i] + add in the lanes of the mask, `other` elsewhere.
  void (*offsets)(uint32_t *to, const uint32_t *at, uint32_t add,
                  uint32_t other, const uint32_t *mask);
  /// Replaces the lanes of the mask.
  void (*merge)(uint32_t *row, const uint32_t *value, const uint32_t *mask);
  /// 4, 8 and 16 bytes a lane to or from as many rows. A row may be `at`.
  void (*load[3])(Row *rows, const uint8_t *host, const uint32_t *at);
  void (*store[3])(const Row *rows, uint8_t *host, const uint32_t *at);
};

/// Those of this host, chosen once.
const LaneMoves &laneMoves();
/// All that this host can run, the baseline first, for tests.
std::vector<const LaneMoves *> allLaneMoves();

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_MEMORY_LANEMOVES_H
