//===- DppPattern.cpp - which lane a DPP control fetches from -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of ValuDpp.h, constants of 320 KB.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDpp.h"

namespace moe::emulator {

/// Source lane of a DPP control, or -1.
static constexpr int dppLane(unsigned ctrl, int lane) {
  int row = lane & ~15, in = lane & 15, n = ctrl & 15;
  if (ctrl < 0x100)
    return (lane & ~3) | ((ctrl >> (2 * (lane & 3))) & 3);
  switch (ctrl & 0x1f0) {
  case 0x100: // row_shl
    return in + n < 16 ? lane + n : -1;
  case 0x110: // row_shr
    return in - n >= 0 ? lane - n : -1;
  case 0x120: // row_ror
    return row | ((in - n) & 15);
  case 0x150: // row_newbcast
    return row | n;
  default:
    break;
  }
  switch (ctrl) {
  case 0x130: // wave_shl:1
    return lane < 63 ? lane + 1 : -1;
  case 0x134: // wave_rol:1
    return (lane + 1) & 63;
  case 0x138: // wave_shr:1
    return lane - 1;
  case 0x13c: // wave_ror:1
    return (lane - 1) & 63;
  case 0x140: // row_mirror
    return row | (15 - in);
  case 0x141: // row_half_mirror
    return (lane & ~7) | (7 - (lane & 7));
  case 0x142: // row_bcast:15
    return lane >= 16 ? row - 1 : -1;
  case 0x143: // row_bcast:31
    return lane >= 32 ? 31 : -1;
  }
  return -1;
}

static constexpr std::array<DppPattern, 512> allPatterns() {
  std::array<DppPattern, 512> patterns{};
  for (unsigned control = 0; control < 512; ++control) {
    DppPattern &pattern = patterns[control];
    pattern.valid = 0;
    pattern.inRows = true;
    for (int row = 0; row < 4; ++row)
      pattern.other[row] = uint8_t(row);
    for (int lane = 0; lane < 64; ++lane) {
      int from = dppLane(control, lane);
      pattern.valid |= uint64_t(from >= 0) << lane;
      from = from < 0 ? lane : from;
      pattern.from[lane] = uint32_t(from);
      pattern.places[lane] = uint8_t(from % 16);
      const bool inRow = from / 16 == lane / 16;
      pattern.pick[lane] = uint32_t(from % 16 + (inRow ? 0 : 16));
      if (!inRow)
        pattern.other[lane / 16] = uint8_t(from / 16);
      pattern.inRows &= inRow;
    }
  }
  return patterns;
}

constexpr std::array<DppPattern, 512> dppPatterns = allPatterns();

} // namespace moe::emulator
