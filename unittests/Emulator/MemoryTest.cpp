//===- MemoryTest.cpp - buffer, global, flat, scratch, scalar loads -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Range checks of buffers, LDS forms, address arithmetic, atomics.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"

#include "moe/Emulator/Emulator.h"
#include "gtest/gtest.h"

using namespace moe::emulator;

static std::vector<uint8_t> numbered(size_t dwords) {
  std::vector<uint8_t> bytes(dwords * 4);
  for (uint32_t i = 0; i < dwords; ++i)
    memcpy(&bytes[4 * i], &i, 4);
  return bytes;
}
static uint32_t dword(const std::vector<uint8_t> &bytes, size_t index) {
  uint32_t value;
  memcpy(&value, &bytes[4 * index], 4);
  return value;
}

TEST(Buffer, OutOfRangeIsCheckedPerDword) {
  AsmWave t;
  auto bytes = numbered(256);
  t.map(0, bytes);
  t.descriptor(4, 0, 40); // ten dwords
  t.set(1, [](unsigned lane) { return lane * 16; });
  ASSERT_TRUE(t.run("buffer_load_dwordx4 v[4:7], v1, s[4:7], 0 offen"));
  EXPECT_EQ(t.get(5, 1), 5u);
  EXPECT_EQ(t.get(5, 2), 9u);
  EXPECT_EQ(t.get(6, 2), 0u);
  EXPECT_EQ(t.get(4, 3), 0u);
  t.set(4, 99u);
  t.set(5, 99u);
  ASSERT_TRUE(t.run("buffer_store_dwordx2 v[4:5], v1, s[4:7], 0 offen "
                    "offset:4"));
  EXPECT_EQ(dword(bytes, 9), 99u);
  EXPECT_EQ(dword(bytes, 10), 10u);
}

TEST(Buffer, SoffsetCountsAndOffsetsWrap) {
  AsmWave t;
  auto bytes = numbered(64);
  t.map(0, bytes);
  t.descriptor(4, 0, 64);
  t.set(1, 0u);
  t.w().s[8] = 64;
  ASSERT_TRUE(t.run("buffer_load_dword v2, v1, s[4:7], s8 offen"));
  EXPECT_EQ(t.get(2), 0u);
  t.set(1, 0xfffffffcu);
  ASSERT_TRUE(t.run("buffer_load_dword v2, v1, s[4:7], 0 offen offset:12"));
  EXPECT_EQ(t.get(2), 2u);
}

TEST(Buffer, StructuredIndexIsCheckedAgainstRecords) {
  AsmWave t;
  auto bytes = numbered(64);
  t.map(0, bytes);
  t.descriptor(4, 0, 3);
  t.w().s[5] |= 16 << 16; // stride of 16 bytes
  t.set(1, [](unsigned lane) { return lane; });
  ASSERT_TRUE(t.run("buffer_load_dword v2, v1, s[4:7], 0 idxen offset:4"));
  EXPECT_EQ(t.get(2, 2), 9u);
  EXPECT_EQ(t.get(2, 3), 0u);
}

TEST(Buffer, ALargerDescriptorThanItsBufferIsAnError) {
  AsmWave t;
  auto bytes = numbered(4);
  t.map(0, bytes);
  t.descriptor(4, 0, 4096);
  t.set(1, [](unsigned lane) { return lane * 4; });
  EXPECT_FALSE(t.run("buffer_load_dword v2, v1, s[4:7], 0 offen"));
  EXPECT_NE(t.error.find("lane 4"), std::string::npos) << t.error;
  EXPECT_NE(t.error.find("(16 bytes)"), std::string::npos) << t.error;
}

TEST(Buffer, LdsFormGoesToM0PlusOffsetPlusLane) {
  AsmWave t;
  auto bytes = numbered(512);
  t.map(0, bytes);
  t.descriptor(4, 0, 1024);
  t.set(1, [](unsigned lane) { return (63 - lane) * 16; });
  t.w().s[SgprM0] = 1024;
  for (auto &byte : t.group.lds)
    byte = 0xee;
  ASSERT_TRUE(t.run("buffer_load_dwordx4 v1, s[4:7], 0 offen offset:16 lds"));
  uint32_t got;
  memcpy(&got, &t.group.lds[1024 + 16 + 5 * 16 + 4], 4);
  EXPECT_EQ(got, (58 * 16 + 16) / 4 + 1u);
  // Lane 0 is out of range: zeros are written.
  memcpy(&got, &t.group.lds[1024 + 16], 4);
  EXPECT_EQ(got, 0u);
  t.set(1, [](unsigned lane) { return lane * 4; });
  ASSERT_TRUE(t.run("buffer_load_dword v1, s[4:7], 0 offen lds"));
  memcpy(&got, &t.group.lds[1024 + 7 * 4], 4);
  EXPECT_EQ(got, 7u);
}

TEST(Global, SaddrAddsAnUnsignedVectorOffset) {
  AsmWave t;
  auto bytes = numbered(64);
  t.map(2, bytes);
  t.set(1, [](unsigned lane) { return lane % 16 * 4; });
  ASSERT_TRUE(t.run("global_load_dword v4, v1, s[2:3] offset:8"));
  EXPECT_EQ(t.get(4, 5), 7u);
  t.set64(6, t.w().s64(2) + 128);
  ASSERT_TRUE(t.run("global_load_dwordx2 v[8:9], v[6:7], off offset:-16"));
  EXPECT_EQ(t.get(8), 28u);
  EXPECT_EQ(t.get(9), 29u);
}

TEST(Global, OutOfBoundsNamesTheBufferAndStoresNothing) {
  AsmWave t;
  auto bytes = numbered(4);
  t.map(2, bytes);
  t.set(1, 16u);
  EXPECT_FALSE(t.run("global_store_dword v1, v1, s[2:3]"));
  EXPECT_NE(t.error.find("past the end of 'bytes'"), std::string::npos)
      << t.error;
  EXPECT_FALSE(t.run("global_load_dword v2, v1, s[2:3] offset:-20"));
  EXPECT_NE(t.error.find("before 'bytes'"), std::string::npos) << t.error;
}

TEST(Global, PackedAtomicsRoundEachHalf) {
  AsmWave t;
  auto bytes = numbered(4);
  uint32_t start = 0x3f803f80u; // bf16 1, 1
  memcpy(&bytes[4], &start, 4);
  t.map(2, bytes);
  t.setExec(1);
  t.set(1, 4u);
  t.set(4, 0x3b804000u); // hi 2^-8, lo 2
  ASSERT_TRUE(t.run("global_atomic_pk_add_bf16 v1, v4, s[2:3]"));
  // 1 + 2^-8 is halfway between 1 and the next bf16: to even.
  EXPECT_EQ(dword(bytes, 1), 0x3f804040u);
  start = 0x3c003c00u;
  memcpy(&bytes[4], &start, 4);
  t.set(4, 0x40003c00u);
  ASSERT_TRUE(t.run("global_atomic_pk_add_f16 v5, v1, v4, s[2:3] sc0"));
  EXPECT_EQ(dword(bytes, 1), 0x42004000u);
  EXPECT_EQ(t.get(5), 0x3c003c00u);
}

TEST(Global, AtomicAddOfAllLanes) {
  AsmWave t;
  auto bytes = numbered(4);
  t.map(2, bytes);
  t.set(1, 0u);
  t.setF(4, 0.5f);
  ASSERT_TRUE(t.run("global_atomic_add_f32 v1, v4, s[2:3]"));
  float sum;
  memcpy(&sum, &bytes[0], 4);
  EXPECT_EQ(sum, 32.0f);
  t.set64(6, 5);
  ASSERT_TRUE(t.run("global_atomic_add_x2 v1, v[6:7], s[2:3] offset:8"));
  EXPECT_EQ(dword(bytes, 2), 2u + 5 * 64);
}

TEST(Flat, AperturesReachLdsAndScratch) {
  AsmWave t;
  t.group.lds[12] = 77;
  t.set64(2, uint64_t(sharedAperture) << 32 | 8);
  ASSERT_TRUE(t.run("flat_load_ubyte v4, v[2:3] offset:4"));
  EXPECT_EQ(t.get(4, 9), 77u);
  t.set(5, [](unsigned lane) { return 1000 + lane; });
  ASSERT_TRUE(t.run("scratch_store_dword off, v5, off offset:16"));
  t.set64(2, uint64_t(privateAperture) << 32 | 16);
  ASSERT_TRUE(t.run("flat_load_dword v6, v[2:3]"));
  EXPECT_EQ(t.get(6, 9), 1009u);
  EXPECT_FALSE(t.run("scratch_load_dword v6, off, off offset:64"));
}

TEST(Scalar, LoadsAlignAndBufferLoadsHonourTheDescriptor) {
  AsmWave t;
  auto bytes = numbered(64);
  t.map(2, bytes);
  t.descriptor(8, 2, 24);
  t.w().s[6] = 17;
  ASSERT_TRUE(t.run("s_load_dwordx2 s[20:21], s[2:3], 0x8\n"
                    "s_load_dword s22, s[2:3], s6\n"
                    "s_buffer_load_dwordx4 s[24:27], s[8:11], 0x10"));
  EXPECT_EQ(t.w().s[21], 3u);
  EXPECT_EQ(t.w().s[22], 4u);
  EXPECT_EQ(t.w().s[25], 5u);
  EXPECT_EQ(t.w().s[26], 0u);
}

TEST(Memory, SparsePagesCrossTheirBorders) {
  SparsePages pages(uint64_t(1) << 34);
  Memory memory;
  Region region;
  region.pages = &pages;
  region.size = uint64_t(1) << 34;
  uint64_t base = memory.map(std::move(region));
  uint64_t at = base + (uint64_t(1) << 33) - 6;
  uint32_t values[4] = {1, 2, 3, 4}, got[4] = {};
  ASSERT_TRUE(memory.store(at, values, 16));
  ASSERT_TRUE(memory.load(at, got, 16));
  EXPECT_EQ(got[3], 4u);
  EXPECT_EQ(pages.touchedBytes(), 2 * PageSource::pageBytes);
  EXPECT_FALSE(memory.load(base + (uint64_t(1) << 34) - 2, got, 4));
  EXPECT_EQ(memory.find(base - 1, 1), nullptr);
}
