//===- Chip.cpp - the chips that are emulated -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the chips are called and how they differ.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Chip.h"

using namespace llvm;
using namespace moe::emulator;

StringRef moe::emulator::chipName(Chip chip) {
  return chip == Chip::GFX942 ? "gfx942" : "gfx950";
}

uint32_t moe::emulator::ldsLimit(Chip chip) {
  return chip == Chip::GFX942 ? 64 * 1024 : 160 * 1024;
}
