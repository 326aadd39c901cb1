// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-ups in the chip table.

#include "moe/Target/Chip.h"

#include "llvm/ADT/STLExtras.h"

using namespace moe;

static constexpr Chip kChips[] = {
#define MOE_CHIP(NAME, LDS, FP4, DMA, ATOMIC, MFMAK)                           \
  {llvm::StringLiteral(#NAME), LDS, FP4, DMA, ATOMIC, MFMAK},
#include "moe/Target/Chips.def"
};

const Chip *moe::lookupChip(llvm::StringRef name) {
  const Chip *it = llvm::find_if(
      kChips, [&](const Chip &chip) { return chip.name == name; });
  return it == std::end(kChips) ? nullptr : it;
}

std::string moe::describeUnknownChip(llvm::StringRef name) {
  std::string text = "unknown chip '" + name.str() + "', expected one of";
  for (const Chip &chip : kChips)
    text += (&chip == kChips ? " " : ", ") + chip.name.str();
  if (name == "gfx90a")
    text += " (gfx90a flushes bf16 denormals in its MFMA and has no packed "
            "bf16 atomics)";
  return text;
}
