//===- LdsTest.cpp - DS instructions --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses and offsets, two-address forms, d16 forms, atomics, and transposing
// reads against the layouts of the ISA manual.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

static void fillBytes(AsmWave &t) {
  for (unsigned i = 0; i < 4096; ++i)
    t.group.lds[i] = uint8_t(i * 7 + (i >> 8));
}
static uint32_t dwordAt(AsmWave &t, unsigned at) {
  uint32_t value;
  memcpy(&value, &t.group.lds[at], 4);
  return value;
}

TEST(Lds, Read2ScalesItsOffsets) {
  AsmWave t;
  fillBytes(t);
  t.set(1, [](unsigned lane) { return lane * 4; });
  ASSERT_TRUE(t.run("ds_read2_b32 v[2:3], v1 offset0:1 offset1:3\n"
                    "ds_read2st64_b32 v[4:5], v1 offset0:1 offset1:2\n"
                    "ds_read2_b32 v[6:7], v1 offset0:5 offset1:5"));
  EXPECT_EQ(t.get(2, 3), dwordAt(t, 16));
  EXPECT_EQ(t.get(3, 3), dwordAt(t, 24));
  EXPECT_EQ(t.get(4, 3), dwordAt(t, 12 + 256));
  EXPECT_EQ(t.get(5, 3), dwordAt(t, 12 + 512));
  EXPECT_EQ(t.get(6, 3), t.get(7, 3));
}

/// With SRAM-ECC a D16 load writes zero to the other half.
TEST(Lds, NarrowReadsExtend) {
  AsmWave t;
  t.group.lds[8] = 0x80;
  t.group.lds[9] = 0xff;
  t.set(1, 8u);
  for (unsigned r = 2; r < 8; ++r)
    t.set(r, 0x11112222u);
  ASSERT_TRUE(t.run("ds_read_u8 v2, v1\nds_read_i8 v3, v1\n"
                    "ds_read_i16 v4, v1\nds_read_u16_d16 v5, v1\n"
                    "ds_read_u16_d16_hi v6, v1\nds_read_i8_d16 v7, v1"));
  EXPECT_EQ(t.get(2), 0x80u);
  EXPECT_EQ(t.get(3), 0xffffff80u);
  EXPECT_EQ(t.get(4), 0xffffff80u);
  EXPECT_EQ(t.get(5), 0xff80u);
  EXPECT_EQ(t.get(6), 0xff800000u);
  EXPECT_EQ(t.get(7), 0xff80u);
}

TEST(Lds, HalfReadsMergeWithoutSramEcc) {
  AsmWave t;
  t.w().keepsHalves = true;
  t.group.lds[8] = 0x80;
  t.set(1, 8u);
  t.set(5, 0x11112222u);
  t.set(6, 0x11112222u);
  ASSERT_TRUE(t.run("ds_read_u16_d16 v5, v1\nds_read_u16_d16_hi v6, v1"));
  EXPECT_EQ(t.get(5), 0x11110080u);
  EXPECT_EQ(t.get(6), 0x00802222u);
}

TEST(Lds, WritesOfEveryWidth) {
  AsmWave t;
  t.setExec(1);
  t.set(1, 0u);
  for (unsigned r = 2; r < 6; ++r)
    t.set(r, 0x10203040u + r);
  ASSERT_TRUE(t.run("ds_write_b128 v1, v[2:5] offset:16\n"
                    "ds_write_b96 v1, v[2:4] offset:64\n"
                    "ds_write_b16_d16_hi v1, v2 offset:100\n"
                    "ds_write_b8 v1, v3 offset:102"));
  EXPECT_EQ(dwordAt(t, 28), 0x10203045u);
  EXPECT_EQ(dwordAt(t, 72), 0x10203044u);
  EXPECT_EQ(dwordAt(t, 76), 0u);
  EXPECT_EQ(dwordAt(t, 100), 0x00431020u);
}

TEST(Lds, AtomicsReturnTheOldValue) {
  AsmWave t;
  t.set(1, 32u);
  t.set(2, 1u);
  ASSERT_TRUE(t.run("ds_add_rtn_u32 v3, v1, v2"));
  EXPECT_EQ(dwordAt(t, 32), 64u);
  for (unsigned lane = 0; lane < 64; ++lane)
    EXPECT_EQ(t.get(3, lane), lane);
  t.setExec(1);
  t.set(4, 64u); // compare
  t.set(5, 7u);  // new
  ASSERT_TRUE(t.run("ds_cmpst_b32 v1, v4, v5"));
  EXPECT_EQ(dwordAt(t, 32), 7u);
  t.set(5, 5u);
  ASSERT_TRUE(t.run("ds_inc_u32 v1, v5\nds_dec_u32 v1, v5"));
  EXPECT_EQ(dwordAt(t, 32), 5u); // 7 >= 5 wraps to 0, then 0 goes to 5
}

TEST(Lds, OutOfBoundsIsAnError) {
  AsmWave t;
  t.set(1, 4093u);
  EXPECT_FALSE(t.run("ds_read_b32 v0, v1"));
  EXPECT_NE(t.error.find("4096 bytes of LDS; hardware would read zero"),
            std::string::npos)
      << t.error;
  // Nor may it begin within the chip's LDS and end beyond it.
  AsmWave old(Chip::GFX942);
  old.set(1, 65532u);
  EXPECT_FALSE(old.run("ds_read_b64 v[2:3], v1"));
}

/// Lane 0 is in LDS, the others are beyond that of the chip.
TEST(Lds, BeyondTheChipReadsAreZeroAndWritesDropped) {
  const char *reads[] = {
      "ds_read_u8 v4, v1",
      "ds_read_u16_d16_hi v4, v1",
      "ds_read_b32 v4, v1",
      "ds_read_b64 v[4:5], v1",
      "ds_read_b96 v[4:6], v1",
      "ds_read_b128 v[4:7], v1",
      "ds_read2_b32 v[4:5], v1 offset1:1",
      "ds_read2st64_b64 v[4:7], v1 offset1:1",
      "ds_add_rtn_u32 v4, v1, v2",
      "ds_cmpst_rtn_b64 v[4:5], v1, v[2:3], v[8:9]",
      "ds_wrxchg2_rtn_b32 v[4:5], v1, v2, v3 offset1:1",
      "ds_read_b64_tr_b16 v[4:5], v1",
  };
  for (uint32_t beyond : {0x28000u, 0x80000000u, 0xfffffff0u})
    for (const char *read : reads) {
      AsmWave t(Chip::GFX950);
      t.set(1, [=](unsigned lane) { return lane ? beyond : 0u; });
      for (unsigned r = 4; r < 8; ++r)
        t.set(r, 0x11112222u);
      memset(t.group.lds.data(), 0x77, t.group.ldsSize);
      ASSERT_TRUE(t.run(read)) << read << ": " << t.error;
      bool first = std::string(read).find("_tr_") == std::string::npos;
      EXPECT_TRUE(!first || t.get(4, 0)) << read;
      EXPECT_EQ(t.get(4, first ? 1 : 17), 0u) << read;
      EXPECT_EQ(t.get(4, 63), 0u) << read;
    }
  for (const char *write : {"ds_write_b8 v1, v2", "ds_write_b128 v1, v[2:5]",
                            "ds_write2_b64 v1, v[2:3], v[4:5] offset1:1",
                            "ds_or_b32 v1, v2", "ds_max_u64 v1, v[2:3]"}) {
    AsmWave t(Chip::GFX942);
    for (unsigned r = 2; r < 6; ++r)
      t.set(r, ~0u);
    t.set(1, 0x10260u);
    ASSERT_TRUE(t.run(write)) << write << ": " << t.error;
    for (uint8_t byte : t.group.lds)
      EXPECT_EQ(byte, 0) << write;
  }
}

TEST(Lds, OnlyTheElementBeyondTheChipIsZero) {
  AsmWave t(Chip::GFX942);
  t.group.ldsSize = 65536;
  t.group.lds.resize(65536 + 16, 0x77);
  t.set(1, 65532u);
  ASSERT_TRUE(t.run("ds_read2_b32 v[4:5], v1 offset1:1")) << t.error;
  EXPECT_EQ(t.get(4), 0x77777777u);
  EXPECT_EQ(t.get(5), 0u);
}

/// LDS-DMA leaves out the lanes that would write there.
TEST(Lds, DmaBeyondTheChipIsDropped) {
  AsmWave t(Chip::GFX942);
  t.group.ldsSize = 65536;
  t.group.lds.resize(65536 + 16);
  std::vector<uint8_t> bytes(4096, 0x55);
  t.map(12, bytes);
  t.w().s[SgprM0] = 65536 - 8;
  t.set(2, [](unsigned lane) { return lane * 4; });
  ASSERT_TRUE(t.run("global_load_lds_dword v2, s[12:13]")) << t.error;
  EXPECT_EQ(dwordAt(t, 65536 - 12), 0u);
  EXPECT_EQ(dwordAt(t, 65536 - 4), 0x55555555u);
  EXPECT_EQ(dwordAt(t, 65536), 0u);
}

/// Element `index` of the bytes that lane `lane` addresses.
static uint32_t element(AsmWave &t, unsigned lane, unsigned index,
                        unsigned bits, unsigned stride) {
  uint32_t value = 0;
  for (unsigned b = 0; b < bits; ++b) {
    unsigned bit = index * bits + b;
    value |= ((t.group.lds[lane * stride + bit / 8] >> (bit % 8)) & 1) << b;
  }
  return value;
}

TEST(Lds, TransposingReadsFollowTheManual) {
  AsmWave t;
  for (unsigned i = 0; i < 4096; ++i)
    t.group.lds[i] = uint8_t(i * 37 + (i >> 6) * 11);
  t.set(1, [](unsigned lane) { return lane * 8; });
  t.set(2, [](unsigned lane) { return lane * 12; });
  ASSERT_TRUE(t.run("ds_read_b64_tr_b16 v[4:5], v1\n"
                    "ds_read_b64_tr_b8 v[6:7], v1\n"
                    "ds_read_b64_tr_b4 v[8:9], v1\n"
                    "ds_read_b96_tr_b6 v[10:12], v2"));
  for (unsigned l = 0; l < 64; ++l) {
    for (unsigned n = 0; n < 4; ++n)
      EXPECT_EQ(
          (t.get64(4, l) >> (16 * n)) & 0xffff,
          element(t, ((l & ~15u) | ((l >> 2) & 3)) + 4 * n, l & 3, 16, 8));
    for (unsigned n = 0; n < 8; ++n)
      EXPECT_EQ((t.get64(6, l) >> (8 * n)) & 0xff,
                element(t, ((l & ~15u) | ((l >> 3) & 1)) + 2 * n, l & 7, 8, 8));
    for (unsigned n = 0; n < 16; ++n) {
      EXPECT_EQ((t.get64(8, l) >> (4 * n)) & 15,
                element(t, (l & ~15u) + n, l & 15, 4, 8));
      uint64_t low = t.get64(10, l), high = t.get64(11, l);
      unsigned bit = 6 * n;
      uint64_t got = bit < 32 ? low >> bit : high >> (bit - 32);
      EXPECT_EQ(got & 63, element(t, (l & ~15u) + n, l & 15, 6, 12));
    }
  }
}

/// Bank conflicts of one instruction whose lanes read or write at the address
/// that the function gives.
static uint64_t conflictsOf(Chip chip, const std::string &text,
                            const std::function<uint32_t(unsigned)> &address) {
  AsmWave wave(chip);
  Counters counters;
  wave.group.ldsSize = 65536;
  wave.group.lds.resize(65536 + 16);
  wave.w().counters = &counters;
  wave.set(8, address);
  EXPECT_TRUE(wave.run(text)) << text << ": " << wave.error;
  return counters.ldsConflicts;
}

TEST(LdsConflicts, NeighboursNeverConflict) {
  for (Chip chip : {Chip::GFX942, Chip::GFX950})
    for (auto [text, bytes] : {std::pair("ds_read_b32 v0, v8", 4u),
                               {"ds_read_b64 v[0:1], v8", 8u},
                               {"ds_read_b96 v[0:2], v8", 16u},
                               {"ds_read_b128 v[0:3], v8", 16u},
                               {"ds_write_b32 v8, v0", 4u},
                               {"ds_write_b64 v8, v[0:1]", 8u},
                               {"ds_write_b128 v8, v[0:3]", 16u},
                               {"ds_read_u8 v0, v8", 1u},
                               {"ds_read2_b32 v[0:1], v8 offset1:64", 4u}})
      EXPECT_EQ(conflictsOf(chip, text,
                            [bytes = bytes](unsigned l) { return bytes * l; }),
                0u)
          << text;
}

TEST(LdsConflicts, OneBankTakesACycleALane) {
  auto bank0 = [](unsigned l) { return 256 * l; };
  EXPECT_EQ(conflictsOf(Chip::GFX950, "ds_read_b32 v0, v8", bank0), 63u);
  EXPECT_EQ(conflictsOf(Chip::GFX942, "ds_read_b32 v0, v8", bank0), 62u);
  EXPECT_EQ(conflictsOf(Chip::GFX950, "ds_read_b64 v[0:1], v8", bank0), 62u);
  EXPECT_EQ(conflictsOf(Chip::GFX942, "ds_read_b64 v[0:1], v8", bank0), 60u);
  EXPECT_EQ(conflictsOf(Chip::GFX950, "ds_read_b128 v[0:3], v8", bank0), 60u);
  EXPECT_EQ(conflictsOf(Chip::GFX942, "ds_read_b128 v[0:3], v8", bank0), 56u);
  // The banks of gfx942 repeat every 128 bytes, those of gfx950 every 256.
  auto half = [](unsigned l) { return 128 * l; };
  EXPECT_EQ(conflictsOf(Chip::GFX950, "ds_read_b32 v0, v8", half), 31u);
  EXPECT_EQ(conflictsOf(Chip::GFX942, "ds_read_b32 v0, v8", half), 62u);
  EXPECT_EQ(conflictsOf(Chip::GFX950, "ds_read_b32 v0, v8",
                        [](unsigned) { return 512; }),
            0u);
}

TEST(LdsConflicts, WideReadsGoInThePhasesOfTheChip) {
  // Four lanes beside each other; their place within the banks is different for
  // all lanes of a phase, but not for neighbouring groups of four.
  auto for942 = [](unsigned l) {
    return l % 4 * 16 + (l >> 4 & 1) * 64 + l / 4 * 128;
  };
  auto for950 = [](unsigned l) {
    return l % 4 * 16 + l / 8 % 4 * 64 + l / 4 * 256;
  };
  const char *text = "ds_read_b128 v[0:3], v8";
  EXPECT_EQ(conflictsOf(Chip::GFX942, text, for942), 0u);
  EXPECT_EQ(conflictsOf(Chip::GFX950, text, for950), 0u);
  EXPECT_GT(conflictsOf(Chip::GFX942, text, for950), 0u);
  // Phases of writes are not published: lanes in order.
  EXPECT_EQ(conflictsOf(Chip::GFX942, "ds_write_b128 v8, v[0:3]", for942), 8u);
}
