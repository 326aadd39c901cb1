//===- Chip.cpp - the chips that are emulated -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of ChipFeatures.h. LDS: banks and phases as AMD engineers measured
// them on MI300X and MI350X.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Chip.h"

#include "State/ChipFeatures.h"

#include "llvm/BinaryFormat/ELF.h"

using namespace llvm;
using namespace moe::emulator;

/// Lanes first to last.
static constexpr uint64_t lanes(unsigned first, unsigned last) {
  return (~uint64_t(0) >> (63 - last)) & ~uint64_t(0) << first;
}

static constexpr ChipFeatures chips[] = {
    {Chip::GFX942,
     "gfx942",
     math::MatGfx942,
     64 * 1024,
     512,
     32,
     {{2, {lanes(0, 31), lanes(32, 63)}},
      {4, {lanes(0, 15), lanes(16, 31), lanes(32, 47), lanes(48, 63)}},
      {8,
       {lanes(0, 3) | lanes(20, 23), lanes(32, 35) | lanes(52, 55),
        lanes(4, 7) | lanes(16, 19), lanes(36, 39) | lanes(48, 51),
        lanes(8, 11) | lanes(28, 31), lanes(40, 43) | lanes(60, 63),
        lanes(12, 15) | lanes(24, 27), lanes(44, 47) | lanes(56, 59)}}},
     /*ocpFloats=*/false,
     /*f64MfmaPasses=*/8,
     /*lateMatrixResults=*/false},
    {Chip::GFX950,
     "gfx950",
     math::MatGfx950,
     160 * 1024,
     1280,
     64,
     {{1, {lanes(0, 63)}},
      {2, {lanes(0, 31), lanes(32, 63)}},
      {4,
       {lanes(0, 3) | lanes(12, 15) | lanes(20, 27),
        lanes(32, 35) | lanes(44, 47) | lanes(52, 59),
        lanes(4, 11) | lanes(16, 19) | lanes(28, 31),
        lanes(36, 43) | lanes(48, 51) | lanes(60, 63)}}},
     /*ocpFloats=*/true,
     /*f64MfmaPasses=*/16,
     /*lateMatrixResults=*/true},
};

/// What only loading and the options of a run depend on.
static constexpr struct {
  Chip chip;
  uint32_t elfMachine;
  bool cdna3Sums;
} runRows[] = {
    {Chip::GFX942, ELF::EF_AMDGPU_MACH_AMDGCN_GFX942, true},
    {Chip::GFX950, ELF::EF_AMDGPU_MACH_AMDGCN_GFX950, false},
};

const ChipFeatures &moe::emulator::chipFeatures(Chip chip) {
  return chips[chip == Chip::GFX942 ? 0 : 1];
}

StringRef moe::emulator::chipName(Chip chip) { return chipFeatures(chip).name; }

std::optional<Chip> moe::emulator::findChip(StringRef name) {
  for (const ChipFeatures &row : chips)
    if (name == row.name)
      return row.chip;
  return std::nullopt;
}

std::optional<Chip> moe::emulator::findChipOfMachine(uint32_t elfMachine) {
  for (const auto &row : runRows)
    if (elfMachine == row.elfMachine)
      return row.chip;
  return std::nullopt;
}

bool moe::emulator::hasCdna3Sums(Chip chip) {
  for (const auto &row : runRows)
    if (chip == row.chip)
      return row.cdna3Sums;
  return false;
}

uint32_t moe::emulator::ldsLimit(Chip chip) {
  return chipFeatures(chip).ldsBytes;
}

unsigned moe::emulator::mfmaPasses(const math::MfmaDesc &desc, unsigned formats,
                                   const ChipFeatures &chip) {
  using math::MatType;
  if (desc.a == MatType::F64)
    return desc.m == 4 ? 4 : chip.f64MfmaPasses;
  if (desc.m == 4)
    return 2;
  unsigned base = desc.m == 16 ? 4 : 8;
  if (desc.sparse || desc.a == MatType::XF32)
    return base;
  if (desc.a == MatType::F32 || desc.blocks > 1)
    return 2 * base;
  // One operand of 8 bits takes as long as two: cbsz or blgp below 2.
  bool eight = (formats & 7) < 2 || ((formats >> 7) & 7) < 2;
  return desc.a == MatType::F8F6F4 && eight ? 2 * base : base;
}
