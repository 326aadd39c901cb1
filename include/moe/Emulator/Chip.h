//===- Chip.h - the chips that are emulated ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which chips the emulator knows, and their names.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_CHIP_H
#define MOE_EMULATOR_CHIP_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace moe::emulator {

enum class Chip { GFX942, GFX950 };

/// "gfx942" or "gfx950".
llvm::StringRef chipName(Chip chip);
/// The chip of that name, if it is emulated; the one whose code objects have
/// that EF_AMDGPU_MACH.
std::optional<Chip> findChip(llvm::StringRef name);
std::optional<Chip> findChipOfMachine(uint32_t elfMachine);
/// Whether the sums of its matrix instructions are published ("cdna3").
bool hasCdna3Sums(Chip chip);
/// Bytes of LDS a workgroup may have: 64 KiB on gfx942, 160 KiB on gfx950.
uint32_t ldsLimit(Chip chip);

} // namespace moe::emulator

#endif // MOE_EMULATOR_CHIP_H
