//===- ValuDpp.h - which lane a DPP control fetches from --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The controls of the DPP word as tables of 64 lanes, from the chapter on data
// parallel processing of the ISA manuals.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_VALUDPP_H
#define MOE_LIB_EMULATOR_VECTOR_VALUDPP_H

#include <array>
#include <cstdint>

namespace moe::emulator {

/// Rows after those of a wave that its register file must have room for: a
/// source of two rows and a result of two.
constexpr unsigned spareRows = 4;

struct alignas(64) DppPattern {
  uint32_t from[64];  ///< the lane itself where there is none
  uint32_t pick[64];  ///< that lane in its row; 16 more in the other row
  uint8_t places[64]; ///< that lane in its row
  uint64_t valid;     ///< lanes that have one
  uint8_t other[4];   ///< the row besides its own that a row fetches from
  bool inRows;        ///< every lane fetches from its own row of 16
};

/// By the 9 bits of DPP_CTRL.
extern const std::array<DppPattern, 512> dppPatterns;

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_VECTOR_VALUDPP_H
