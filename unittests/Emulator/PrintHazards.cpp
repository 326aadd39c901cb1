//===- PrintHazards.cpp - wait states between two instructions ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the `hazard` sanitizer asks for, for test/Emulator/Hazards:
//
//   print-hazards CHIP matrix    the matrix instructions of a chip, a line each
//   print-hazards CHIP states    reads pairs of instructions, one instruction a
//                                line; prints the wait states of each pair
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"
#include "Math/Mfma.h"
#include "Sanitizers/HazardCheck.h"

#include <cstdio>
#include <iostream>
#include <iterator>

using namespace moe::emulator;

static const char *typeName(math::MatType type) {
  static const char *const names[] = {"f64", "f32", "xf32",  "f16", "bf16",
                                      "i8",  "fp8", "bf8",   "fp6", "bf6",
                                      "fp4", "i32", "f8f6f4"};
  return names[unsigned(type)];
}

static void printMatrix(const ChipFeatures &chip) {
  size_t count;
  const math::MfmaDesc *rows = math::mfmaTable(count);
  for (size_t i = 0; i < count; ++i)
    if (rows[i].chips & chip.bit)
      std::printf("%s %u %u %u %s %d\n", rows[i].name, rows[i].aRegs,
                  rows[i].bRegs, rows[i].dRegs, typeName(rows[i].a),
                  rows[i].sparse);
}

/// The most wait states of any report about the two instructions of a program.
static unsigned statesOf(const Program &program, const ChipFeatures &chip) {
  unsigned most = 0;
  Sanitizers::Sink sink = [&](Sanitizer, int64_t, int64_t, std::string text) {
    unsigned states = 0;
    size_t at = text.find("expected ");
    if (at != std::string::npos)
      std::sscanf(text.c_str() + at, "expected %u", &states);
    most = std::max(most, states);
  };
  Wave wave;
  HazardCheck check(program, sink);
  check.beginGroup(chip);
  check.before(wave, 0);
  check.before(wave, 1);
  return most;
}

static int printStates(Chip chip) {
  std::string text((std::istreambuf_iterator<char>(std::cin)),
                   std::istreambuf_iterator<char>());
  Program all;
  std::string error = decodeText(chip, text, 512, 256, all);
  if (!error.empty() || all.code.size() % 2) {
    std::fprintf(stderr, "%s\n", error.empty() ? "odd count" : error.c_str());
    return 1;
  }
  for (size_t i = 0; i < all.code.size(); i += 2) {
    Program pair;
    pair.rows = all.rows;
    pair.accumOffset = all.accumOffset;
    pair.code.assign(all.code.begin() + i, all.code.begin() + i + 2);
    pair.meta.assign(all.meta.begin() + i, all.meta.begin() + i + 2);
    std::printf("%u\n", statesOf(pair, chipFeatures(chip)));
  }
  return 0;
}

int main(int argc, char **argv) {
  std::string name = argc == 3 ? argv[1] : "", what = argc == 3 ? argv[2] : "";
  bool known = name == "gfx942" || name == "gfx950";
  if (!known || (what != "matrix" && what != "states")) {
    std::fprintf(stderr, "usage: print-hazards gfx942|gfx950 matrix|states\n");
    return 2;
  }
  Chip chip = name == "gfx942" ? Chip::GFX942 : Chip::GFX950;
  if (what == "states")
    return printStates(chip);
  printMatrix(chipFeatures(chip));
  return 0;
}
