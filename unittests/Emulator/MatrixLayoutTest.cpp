//===- MatrixLayoutTest.cpp - printed layouts against execution -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One element of A and one of B are 1, at the places that the layout says; the
// executed instruction must make one element of D 1, where the layout says, and
// none when their k differ. Every dense instruction of both chips.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/MatrixLayout.h"

#include "Math/Mfma.h"

#include "gtest/gtest.h"

#include <cstring>
#include <random>

using namespace moe::emulator;
using namespace moe::emulator::math;

namespace {

struct Registers {
  alignas(64) RegRow rows[32];
  Registers() { memset(rows, 0, sizeof(rows)); }
  void put(const MatrixPlace &place, unsigned bits, uint64_t code) {
    rows[place.bit / 32][place.lane] |= uint32_t(code << place.bit % 32);
    if (place.bit % 32 + bits > 32)
      rows[place.bit / 32 + 1][place.lane] |=
          uint32_t(code >> (32 - place.bit % 32));
  }
};

/// The code of 1.
uint64_t one(const std::string &type, Chip chip) {
  bool ocp = chip == Chip::GFX950;
  if (type == "f64")
    return 0x3ff0000000000000ull;
  if (type == "f32" || type == "xf32")
    return 0x3f800000;
  if (type == "f16")
    return 0x3c00;
  if (type == "bf16")
    return 0x3f80;
  if (type == "fp8")
    return ocp ? 0x38 : 0x40;
  if (type == "bf8")
    return ocp ? 0x3c : 0x40;
  if (type == "fp6")
    return 0x08;
  if (type == "bf6")
    return 0x0c;
  return type == "fp4" ? 2 : 1;
}

void check(const MfmaDesc &desc, const MatrixLayout &layout, Chip chip,
           const MfmaModifiers &mods, std::mt19937 &random) {
  MatChip bit = chip == Chip::GFX950 ? MatGfx950 : MatGfx942;
  for (unsigned trial = 0; trial < 12; ++trial) {
    unsigned block = random() % layout.blocks, i = random() % layout.m,
             j = random() % layout.n, k = random() % layout.k;
    unsigned other = trial % 4 ? k : random() % layout.k;
    Registers a, b, d;
    a.put(layout.place(layout.a, block, i, k), layout.a.bits,
          one(layout.a.type, chip));
    b.put(layout.place(layout.b, block, other, j), layout.b.bits,
          one(layout.b.type, chip));
    MfmaOperands ops;
    ops.a = a.rows;
    ops.b = b.rows;
    ops.d = d.rows;
    mfma(desc, bit, ops, mods);
    Registers expected;
    if (k == other)
      expected.put(layout.place(layout.d, block, i, j), layout.d.bits,
                   one(layout.d.type, chip));
    EXPECT_EQ(memcmp(d.rows, expected.rows, sizeof(d.rows)), 0)
        << desc.name << " block " << block << " i " << i << " j " << j << " k "
        << k << ' ' << other << " formats " << unsigned(mods.cbsz) << ' '
        << unsigned(mods.blgp);
  }
}

} // namespace

TEST(MatrixLayout, AgreesWithExecution) {
  std::mt19937 random(1);
  unsigned checked = 0;
  for (Chip chip : {Chip::GFX942, Chip::GFX950}) {
    size_t count;
    const MfmaDesc *rows = mfmaTable(count);
    for (const MfmaDesc *desc = rows; desc != rows + count; ++desc) {
      MatChip bit = chip == Chip::GFX950 ? MatGfx950 : MatGfx942;
      if (!(desc->chips & bit) || desc->sparse)
        continue;
      bool mixed = desc->a == MatType::F8F6F4;
      for (unsigned f = 0; f < (mixed ? 5u : 1u); ++f) {
        MfmaModifiers mods;
        mods.cbsz = uint8_t(f);
        mods.blgp = uint8_t(mixed ? (f + 3) % 5 : 0);
        auto layout = matrixLayout(desc->name, chip, mods.cbsz, mods.blgp);
        ASSERT_TRUE(bool(layout)) << toString(layout.takeError());
        check(*desc, *layout, chip, mods, random);
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 60u);
}

TEST(MatrixLayout, Names) {
  EXPECT_EQ(
      llvm::cantFail(matrixLayout("v_mfma_f32_16x16x16_bf16", Chip::GFX942)).k,
      16u);
  EXPECT_EQ(llvm::cantFail(matrixLayout("v_mfma_scale_f32_16x16x128_f8f6f4",
                                        Chip::GFX950, 4, 4))
                .a.registers,
            4u);
  EXPECT_EQ(
      toString(
          matrixLayout("v_mfma_f32_16x16x32_bf16", Chip::GFX942).takeError()),
      "expected a matrix instruction of gfx942, got "
      "'v_mfma_f32_16x16x32_bf16'");
  EXPECT_NE(toString(matrixLayout("v_mfma_scale_f32_16x16x128_f8f6f4",
                                  Chip::GFX950, 5, 0)
                         .takeError())
                .find("expected format 0 to 4, got 5"),
            std::string::npos);
}
