//===- FastMemoryTest.cpp - fast memory paths against the general ones ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and stores with random descriptors, offsets and EXEC, once as they run
// and once with counters, which turns the fast paths off: registers, LDS,
// memory and errors are the same. The loops over lanes of every host set
// against those of the baseline.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"
#include "Memory/LaneMoves.h"

#include "gtest/gtest.h"

#include <random>

using namespace moe::emulator;

namespace {

class Random {
public:
  uint32_t bits() { return uint32_t(engine()); }
  uint32_t below(uint32_t n) { return bits() % n; }
  uint64_t exec() {
    uint64_t mask = uint64_t(bits()) << 32 | bits();
    static const uint64_t some[] = {~uint64_t(0), ~uint64_t(0), 1,
                                    0x00ffffffffffff7full};
    return below(3) ? some[below(4)] : mask;
  }

private:
  std::mt19937_64 engine{11};
};

/// One access: the text, and what it depends on.
struct Access {
  const char *text;
  bool scattered;   ///< lanes in any order, else one after the other
  uint32_t unit;    ///< bytes from lane to lane
  int32_t before;   ///< of the descriptor's base, from the buffer's
  uint32_t records; ///< NUM_RECORDS
  uint32_t soffset;
  uint32_t first;      ///< offset of lane 0
  uint64_t exec, drop; ///< `drop`: lanes with an offset far out of range
};

/// What is left behind.
struct Left {
  std::vector<uint32_t> registers;
  std::vector<uint8_t> memory, lds;
  std::string error;
  bool operator==(const Left &o) const {
    return registers == o.registers && memory == o.memory && lds == o.lds &&
           error == o.error;
  }
};

Left leave(const Access &access, bool general, uint32_t seed) {
  AsmWave t;
  std::mt19937 values(seed);
  std::vector<uint8_t> bytes(8192);
  for (uint8_t &byte : bytes)
    byte = uint8_t(values());
  t.map(0, bytes);
  t.w().setS64(2, t.w().s64(0)); // s[2:3]: the buffer itself
  t.w().setS64(0, t.w().s64(0) - uint64_t(int64_t(access.before)));
  t.descriptor(4, 0, access.records);
  t.w().s[8] = access.soffset;
  t.w().setS(SgprM0, 64);
  t.group.lds.assign(8192 + 16, 0);
  t.group.ldsSize = 8192;
  for (size_t i = 0; i < 8192; ++i)
    t.group.lds[i] = uint8_t(values());
  std::vector<unsigned> order(64);
  for (unsigned i = 0; i < 64; ++i)
    order[i] = i;
  if (access.scattered)
    std::shuffle(order.begin(), order.end(), values);
  for (unsigned reg = 4; reg < 12; ++reg)
    t.set(reg, [&](unsigned) { return uint32_t(values()); });
  t.set(1, [&](unsigned lane) {
    return access.drop >> lane & 1 ? 0xfff00000u
                                   : access.first + access.unit * order[lane];
  });
  t.setExec(access.exec);
  Counters counters;
  if (general)
    t.w().counters = &counters;
  if (t.load(access.text))
    t.execute();
  Left left;
  left.registers.assign(&t.v()[0][0], &t.v()[12][0]);
  left.memory = bytes;
  left.lds = t.group.lds;
  left.error = t.error;
  return left;
}

const char *const texts[] = {
    "buffer_load_dword v4, v1, s[4:7], s8 offen offset:16",
    "buffer_load_dwordx2 v[4:5], v1, s[4:7], s8 offen",
    "buffer_load_dwordx3 v[4:6], v1, s[4:7], s8 offen",
    "buffer_load_dwordx4 v[4:7], v1, s[4:7], s8 offen offset:64",
    "buffer_load_dwordx4 v[0:3], v1, s[4:7], 0 offen",
    "buffer_load_dwordx4 v[4:7], off, s[4:7], s8 offset:64",
    "buffer_load_ubyte v4, v1, s[4:7], s8 offen",
    "buffer_load_sshort v4, v1, s[4:7], s8 offen",
    "buffer_load_short_d16_hi v4, v1, s[4:7], s8 offen",
    "buffer_load_dword v1, s[4:7], s8 offen lds",
    "buffer_load_dwordx3 v1, s[4:7], s8 offen offset:16 lds",
    "buffer_load_dwordx4 v1, s[4:7], s8 offen offset:16 lds",
    "buffer_store_dword v4, v1, s[4:7], s8 offen",
    "buffer_store_dwordx2 v[4:5], v1, s[4:7], s8 offen",
    "buffer_store_dwordx4 v[4:7], v1, s[4:7], s8 offen",
    "buffer_store_byte v4, v1, s[4:7], s8 offen",
    "global_load_dword v4, v1, s[2:3]",
    "global_load_dwordx4 v[4:7], v1, s[2:3] offset:-64",
    "global_load_dwordx4 v[4:7], v1, s[0:1]",
    "global_store_dwordx2 v1, v[4:5], s[0:1]",
    "ds_read_b32 v4, v1 offset:4",
    "ds_read_b64 v[4:5], v1",
    "ds_read_b128 v[4:7], v1 offset:32",
    "ds_read_b128 v[0:3], v1",
    "ds_read2_b32 v[4:5], v1 offset1:7",
    "ds_read2_b32 v[0:1], v1 offset1:7",
    "ds_read2_b64 v[0:3], v1 offset1:2",
    "ds_write_b32 v1, v4",
    "ds_write_b64 v1, v[4:5]",
    "ds_write_b128 v1, v[4:7] offset:16",
    "ds_write2_b64 v1, v[4:5], v[6:7] offset1:2",
};

} // namespace

TEST(FastMemory, DoesWhatTheGeneralPathDoes) {
  Random random;
  unsigned withoutError = 0, dropping = 0;
  for (int round = 0; round < 80; ++round)
    for (const char *text : texts) {
      Access access = {};
      access.text = text;
      access.scattered = random.below(2);
      access.unit = 4u << random.below(4);
      static const int32_t befores[] = {0, 0, 0xc00, 64, -256, 4096};
      access.before = befores[random.below(6)];
      static const uint32_t records[] = {
          8192, 8192, 8192 + 0xc00, 4096, 700, 0x80000000u, 0};
      access.records = records[random.below(7)];
      access.soffset = random.below(2) ? 0 : 16 * random.below(64);
      access.first = 4 * random.below(512);
      if (access.before > 0 && random.below(4))
        access.first += uint32_t(access.before);
      if (random.below(16) == 0)
        access.first = 0xffffff00u;
      access.exec = random.exec();
      access.drop = random.below(3) ? 0 : random.exec() & random.exec();
      Left fast = leave(access, false, uint32_t(round)),
           general = leave(access, true, uint32_t(round));
      ASSERT_EQ(fast.error, general.error) << text << " round " << round;
      ASSERT_TRUE(fast == general) << text << " round " << round;
      withoutError += fast.error.empty();
      dropping += fast.error.empty() && (access.drop & access.exec);
    }
  EXPECT_GT(withoutError, 800u);
  EXPECT_GT(dropping, 100u);
}

TEST(FastMemory, LoopsOfEverySetAreThoseOfTheBaseline) {
  Random random;
  auto sets = allLaneMoves();
  std::vector<uint8_t> memory(4096);
  for (uint8_t &byte : memory)
    byte = uint8_t(random.bits());
  for (int round = 0; round < 200; ++round) {
    alignas(64) uint32_t at[64], mask[64];
    alignas(64) Row rows[2][4];
    bool follow = random.below(2);
    for (unsigned lane = 0; lane < 64; ++lane) {
      at[lane] = follow ? 8 + 16 * lane : random.below(4096 - 16);
      mask[lane] = random.below(2) ? ~0u : 0;
      for (unsigned k = 0; k < 4; ++k)
        rows[0][k][lane] = random.bits();
    }
    uint32_t low = random.below(3000), span = random.below(3000);
    for (const LaneMoves *set : sets) {
      EXPECT_EQ(set->follow(at, 16), follow);
      EXPECT_EQ(set->outside(at, low, span, mask),
                sets[0]->outside(at, low, span, mask));
      for (unsigned k = 0; k < 3; ++k) {
        alignas(64) Row loaded[2][4] = {};
        sets[0]->load[k](loaded[0], memory.data(), at);
        set->load[k](loaded[1], memory.data(), at);
        EXPECT_EQ(memcmp(loaded[0], loaded[1], sizeof(loaded[0])), 0);
        std::vector<uint8_t> stored[2] = {memory, memory};
        sets[0]->store[k](rows[0], stored[0].data(), at);
        set->store[k](rows[0], stored[1].data(), at);
        EXPECT_EQ(stored[0], stored[1]);
      }
      alignas(64) uint32_t sums[2][64];
      sets[0]->offsets(sums[0], at, 0xfffffff0u, 77, mask);
      set->offsets(sums[1], at, 0xfffffff0u, 77, mask);
      EXPECT_EQ(memcmp(sums[0], sums[1], sizeof(sums[0])), 0);
      sets[0]->merge(sums[0], at, mask);
      set->merge(sums[1], at, mask);
      EXPECT_EQ(memcmp(sums[0], sums[1], sizeof(sums[0])), 0);
    }
  }
}
