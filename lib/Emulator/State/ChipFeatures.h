//===- ChipFeatures.h - how the chips differ --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row a chip: everything in which executing or checking an instruction
// depends on it. Which instructions a chip has is in the opcode tables.
// Standard library only.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_STATE_CHIPFEATURES_H
#define MOE_LIB_EMULATOR_STATE_CHIPFEATURES_H

#include "Math/Mfma.h"

namespace moe::emulator {

enum class Chip;

/// Chips as bits, for the `chips` mask of opcode rows.
enum ChipMask : uint8_t {
  On942 = math::MatGfx942,
  On950 = math::MatGfx950,
  OnBoth = On942 | On950
};

/// The phases of an LDS access: lanes that move their data in one cycle, as
/// masks. Only lanes of one phase can be in conflict over a bank.
struct LdsPhases {
  uint8_t count;
  uint64_t lanes[8];
};

struct ChipFeatures {
  Chip chip;
  const char *name;       ///< "gfx942"
  math::MatChip bit;      ///< in masks of chips
  uint32_t ldsBytes;      ///< that a workgroup may have
  uint32_t ldsGranule;    ///< what a workgroup's are rounded up to
  uint32_t ldsBanks;      ///< of four bytes each
  LdsPhases ldsReads[3];  ///< of ds_read_b32, _b64 and _b128
  bool ocpFloats;         ///< FP8 and BF8 are the OCP formats, else FNUZ
  uint8_t f64MfmaPasses;  ///< of v_mfma_f64_16x16x4
  bool lateMatrixResults; ///< one wait state more after matrix instructions of
                          ///< more than 2 passes, other than f32 and f64
};

const ChipFeatures &chipFeatures(Chip chip);

/// Passes of four cycles that a matrix instruction occupies the matrix core.
/// `formats` is Inst::ext: of F8F6F4, cbsz in bits 0-2 and blgp in bits 7-9.
unsigned mfmaPasses(const math::MfmaDesc &desc, unsigned formats,
                    const ChipFeatures &chip);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_STATE_CHIPFEATURES_H
