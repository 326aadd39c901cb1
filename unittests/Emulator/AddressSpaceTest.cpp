//===- AddressSpaceTest.cpp - regions at given addresses ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory::mapAt beside Memory::map: what is found where, what is refused.
//
//===----------------------------------------------------------------------===//

#include "State/Machine.h"
#include "gtest/gtest.h"

using namespace moe::emulator;

static constexpr uint64_t slot = uint64_t(1) << Memory::slotBits;

static Region region(uint64_t base, std::vector<uint8_t> &bytes,
                     const char *name) {
  Region region;
  region.base = base;
  region.size = bytes.size();
  region.data = bytes.data();
  region.name = name;
  return region;
}

TEST(AddressSpace, RegionsShareASlot) {
  std::vector<uint8_t> a(64), b(32), c(16);
  Memory memory;
  const uint64_t at = 500 * slot + 4096;
  ASSERT_TRUE(memory.mapAt({region(at, a, "a"), region(at + 64, b, "b"),
                            region(at + 4096, c, "c")}));
  EXPECT_EQ(memory.find(at, 4), a.data());
  EXPECT_EQ(memory.find(at + 60, 4), a.data() + 60);
  EXPECT_EQ(memory.find(at + 62, 4), nullptr) << "from one into the next";
  EXPECT_EQ(memory.find(at + 64, 32), b.data());
  EXPECT_EQ(memory.find(at + 96, 1), nullptr) << "between two";
  EXPECT_EQ(memory.find(at + 4096 + 15, 1), c.data() + 15);
  EXPECT_EQ(memory.find(at + 4096 + 16, 1), nullptr);
  EXPECT_EQ(memory.find(at - 1, 1), nullptr);
}

TEST(AddressSpace, MessagesNameTheNearestRegion) {
  std::vector<uint8_t> a(64), c(16);
  Memory memory;
  const uint64_t at = 500 * slot;
  ASSERT_TRUE(memory.mapAt({region(at, a, "a"), region(at + 4096, c, "c")}));
  EXPECT_EQ(memory.describe(at + 64, 4),
            "offset 64 is past the end of 'a' (64 bytes)");
  EXPECT_EQ(memory.describe(at + 4090, 4), "6 bytes before 'c' (16 bytes)");
  EXPECT_EQ(memory.describe(at + 3 * slot, 4), "nothing is mapped there");
}

TEST(AddressSpace, ChosenAddressesAvoidGivenOnes) {
  std::vector<uint8_t> a(64), chosen(64);
  Memory memory;
  // Into slot 3 from slot 2.
  ASSERT_TRUE(memory.mapAt({region(3 * slot - 32, a, "a")}));
  EXPECT_EQ(memory.find(3 * slot - 1, 2), a.data() + 31);
  uint64_t first = memory.map(region(0, chosen, "first"));
  uint64_t second = memory.map(region(0, chosen, "second"));
  EXPECT_EQ(first, slot + Memory::lead);
  EXPECT_EQ(second, 4 * slot + Memory::lead);
  EXPECT_EQ(memory.find(second, 1), chosen.data());
}

TEST(AddressSpace, ReadOnlyIsARegionsOwn) {
  std::vector<uint8_t> a(64), b(64);
  Memory memory;
  Region constant = region(500 * slot + 64, b, "b");
  constant.readOnly = true;
  ASSERT_TRUE(memory.mapAt({region(500 * slot, a, "a"), constant}));
  EXPECT_NE(memory.findWritable(500 * slot, 4), nullptr);
  EXPECT_EQ(memory.findWritable(500 * slot + 64, 4), nullptr);
  EXPECT_NE(memory.find(500 * slot + 64, 4), nullptr);
}

TEST(AddressSpace, WhatIsRefused) {
  std::vector<uint8_t> a(64);
  const uint64_t end = uint64_t(1) << 47;
  for (std::vector<Region> list :
       {std::vector{region(0, a, "null pointer")},
        std::vector{region(slot, a, "where the code object goes")},
        std::vector{region(slot - 32, a, "into that")},
        std::vector{region(end, a, "outside")},
        std::vector{region(end - 32, a, "over the end")},
        std::vector{region(9 * slot, a, "a"), region(9 * slot + 63, a, "b")},
        std::vector{region(9 * slot, a, "a"), region(8 * slot, a, "b")}}) {
    Memory memory;
    std::string name = list.back().name;
    EXPECT_FALSE(memory.mapAt(std::move(list))) << name;
  }
}
