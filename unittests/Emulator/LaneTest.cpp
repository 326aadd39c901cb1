//===- LaneTest.cpp - exchange between lanes ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// readlane and its kin, permlane swaps, permutes through the LDS hardware, and
// the matrix instructions' registers. Lane layouts are in the Math room's
// tests.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

static uint32_t laneNumber(unsigned lane) { return lane; }

TEST(Lane, ReadfirstlaneWithoutLanesReadsLaneZero) {
  AsmWave t;
  t.set(1, [](unsigned lane) { return 100 + lane; });
  t.setExec(uint64_t(1) << 37);
  ASSERT_TRUE(t.run("v_readfirstlane_b32 s2, v1"));
  EXPECT_EQ(t.w().s[2], 137u);
  t.setExec(0);
  ASSERT_TRUE(t.run("v_readfirstlane_b32 s2, v1"));
  EXPECT_EQ(t.w().s[2], 100u);
}

TEST(Lane, ReadlaneAndWritelaneIgnoreExec) {
  AsmWave t;
  t.set(1, laneNumber);
  t.set(2, 0u);
  t.setExec(1);
  t.w().s[3] = 64 + 9; // modulo 64
  ASSERT_TRUE(t.run("v_readlane_b32 s4, v1, s3\nv_writelane_b32 v2, s4, 50"));
  EXPECT_EQ(t.w().s[4], 9u);
  EXPECT_EQ(t.get(2, 50), 9u);
  EXPECT_EQ(t.get(2, 0), 0u);
}

TEST(Lane, MbcntCountsLowerLanes) {
  AsmWave t;
  ASSERT_TRUE(t.run("v_mbcnt_lo_u32_b32 v0, -1, 0\n"
                    "v_mbcnt_hi_u32_b32 v0, -1, v0"));
  for (unsigned lane = 0; lane < 64; ++lane)
    EXPECT_EQ(t.get(0, lane), lane);
}

TEST(Lane, PermlaneSwapsExchangeRows) {
  AsmWave t;
  t.set(0, laneNumber);
  t.set(1, [](unsigned lane) { return 100 + lane; });
  ASSERT_TRUE(t.run("v_permlane32_swap_b32 v0, v1"));
  EXPECT_EQ(t.get(0, 5), 5u);
  EXPECT_EQ(t.get(0, 37), 105u);
  EXPECT_EQ(t.get(1, 5), 37u);
  EXPECT_EQ(t.get(1, 37), 137u);
  t.set(0, laneNumber);
  t.set(1, [](unsigned lane) { return 100 + lane; });
  ASSERT_TRUE(t.run("v_permlane16_swap_b32 v0, v1"));
  EXPECT_EQ(t.get(0, 20), 104u);
  EXPECT_EQ(t.get(1, 4), 20u);
  EXPECT_EQ(t.get(0, 36), 36u);
  EXPECT_EQ(t.get(0, 52), 136u);
}

TEST(Lane, BpermuteFetchesAndPermuteSends) {
  AsmWave t;
  t.set(1, [](unsigned lane) { return 4 * ((lane + 1) % 64); });
  t.set(2, [](unsigned lane) { return 100 + lane; });
  ASSERT_TRUE(t.run("ds_bpermute_b32 v3, v1, v2\nds_permute_b32 v4, v1, v2"));
  EXPECT_EQ(t.get(3, 7), 108u);
  EXPECT_EQ(t.get(4, 7), 106u);
  // A lane that is off gives zero.
  t.setExec(~(uint64_t(1) << 8));
  ASSERT_TRUE(t.run("ds_bpermute_b32 v3, v1, v2"));
  EXPECT_EQ(t.get(3, 7), 0u);
  EXPECT_EQ(t.get(3, 8), 109u) << "an inactive lane keeps its value";
}

TEST(Lane, SwizzleModes) {
  AsmWave t;
  t.set(1, laneNumber);
  ASSERT_TRUE(t.run("ds_swizzle_b32 v2, v1 offset:swizzle(SWAP,16)\n"
                    "ds_swizzle_b32 v3, v1 offset:swizzle(QUAD_PERM,3,2,1,0)\n"
                    "ds_swizzle_b32 v4, v1 offset:swizzle(BROADCAST,8,3)"));
  EXPECT_EQ(t.get(2, 5), 21u);
  EXPECT_EQ(t.get(2, 60), 44u);
  EXPECT_EQ(t.get(3, 4), 7u);
  EXPECT_EQ(t.get(4, 13), 11u);
}

TEST(Lane, AccumulationRegistersAreTheirOwnRows) {
  AsmWave t;
  t.set(5, laneNumber);
  ASSERT_TRUE(t.run("v_accvgpr_write_b32 a5, v5\nv_mov_b32 v5, 0\n"
                    "v_accvgpr_mov_b32 a6, a5\nv_accvgpr_read_b32 v6, a6"));
  EXPECT_EQ(t.get(6, 33), 33u);
  EXPECT_EQ(t.get(5, 33), 0u);
}

TEST(Lane, MatrixIgnoresExecAndTakesAnInlineConstant) {
  AsmWave t;
  // A: row lane % 16, all k 1.0; B: column lane % 16, all k = column (bf16).
  const uint32_t bf16[16] = {0,      0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0,
                             0x40c0, 0x40e0, 0x4100, 0x4110, 0x4120, 0x4130,
                             0x4140, 0x4150, 0x4160, 0x4170};
  for (unsigned r = 0; r < 4; ++r) {
    t.set(4 + r, 0x3f803f80u);
    t.set(8 + r, [&](unsigned lane) {
      return bf16[lane % 16] | bf16[lane % 16] << 16;
    });
  }
  t.setExec(0);
  ASSERT_TRUE(t.run("v_mfma_f32_16x16x32_bf16 v[0:3], v[4:7], v[8:11], 1.0"));
  for (unsigned lane = 0; lane < 64; ++lane)
    for (unsigned r = 0; r < 4; ++r)
      EXPECT_EQ(t.getF(r, lane), 1.0f + 32.0f * (lane % 16));
}

TEST(Lane, RegisterIndexingMovesTheOperandsItNames) {
  AsmWave t;
  t.set(1, 11u);
  t.set(4, 44u);
  t.set(5, 55u);
  t.w().s[2] = 3;
  // Branch-free text: on, one move, off.
  ASSERT_TRUE(t.run("s_set_gpr_idx_on s2, gpr_idx(SRC0)\nv_mov_b32 v0, v1\n"
                    "s_set_gpr_idx_off\ns_nop 0"));
  EXPECT_EQ(t.get(0), 44u);
}
