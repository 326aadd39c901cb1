// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What follows from the chip table by arithmetic: waves a SIMD.

#include "moe/Target/Chip.h"

#include <gtest/gtest.h>

using namespace moe;

namespace {

int64_t byRegisters(int64_t vgprs) {
  return computeOccupancy(*lookupChip("gfx950"), vgprs, 0, 256).byRegisters;
}

TEST(Chip, RegistersAreHandedOutInEights) {
  // Waves a SIMD at the most registers that allow them.
  for (auto [vgprs, waves] :
       {std::pair(64, 8), std::pair(72, 7), std::pair(80, 6), std::pair(96, 5),
        std::pair(128, 4), std::pair(168, 3), std::pair(256, 2),
        std::pair(512, 1)}) {
    EXPECT_EQ(byRegisters(vgprs), waves) << vgprs;
    EXPECT_EQ(byRegisters(vgprs - 7), waves) << vgprs;
    EXPECT_EQ(byRegisters(vgprs + 1), waves == 8 ? 7 : waves - 1) << vgprs;
  }
}

TEST(Chip, LdsIsHandedOutInTheUnitsOfTheChip) {
  const Chip &small = *lookupChip("gfx942"), &large = *lookupChip("gfx950");
  EXPECT_EQ(computeOccupancy(large, 32, 32768, 256).byLds, 4);
  EXPECT_EQ(computeOccupancy(large, 32, 32000, 256).byLds, 5);
  EXPECT_EQ(computeOccupancy(small, 32, 32768, 256).byLds, 2);
  EXPECT_EQ(computeOccupancy(small, 32, 32769, 256).byLds, 1);
  // More than there is: no wave; nothing: no limit.
  EXPECT_EQ(computeOccupancy(small, 32, 65537, 256).waves, 0);
  EXPECT_EQ(computeOccupancy(small, 32, 0, 256).waves, 8);
  EXPECT_EQ(computeOccupancy(small, 32, 65536, 0).waves, 8);
  // One workgroup of one wave is a wave on one of the SIMDs.
  EXPECT_EQ(computeOccupancy(small, 32, 40000, 64).waves, 1);
}

TEST(Chip, KnownIsNotCompiled) {
  EXPECT_EQ(lookupChip("gfx90a"), nullptr);
  ASSERT_NE(lookupKnownChip("gfx90a"), nullptr);
  EXPECT_TRUE(getLdsPhases(*lookupKnownChip("gfx90a"), 16).empty());
  EXPECT_EQ(lookupKnownChip("gfx1100"), nullptr);
}

} // namespace
