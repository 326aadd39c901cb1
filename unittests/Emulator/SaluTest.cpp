//===- SaluTest.cpp - scalar ALU ------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results and SCC of scalar instructions at their edges.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

TEST(Salu, AdditionCarriesOrOverflows) {
  AsmWave t;
  t.w().s[1] = 0x7fffffffu;
  ASSERT_TRUE(t.run("s_add_i32 s2, s1, 1"));
  EXPECT_TRUE(t.w().scc);
  ASSERT_TRUE(t.run("s_add_u32 s2, s1, 1"));
  EXPECT_FALSE(t.w().scc);
  ASSERT_TRUE(t.run("s_add_u32 s2, -1, 1\ns_addc_u32 s3, 0, 0"));
  EXPECT_EQ(t.w().s[3], 1u);
  EXPECT_FALSE(t.w().scc);
  ASSERT_TRUE(t.run("s_sub_u32 s2, 0, 1\ns_subb_u32 s3, 5, 0"));
  EXPECT_EQ(t.w().s[3], 4u);
}

TEST(Salu, BitFieldsAndCounts) {
  AsmWave t;
  t.w().s[1] = 0x80f0;
  t.w().setS64(4, 0xff00000000000000ull);
  ASSERT_TRUE(t.run("s_bfe_u32 s2, s1, 0x40004\ns_bfe_i32 s3, s1, 0x40004\n"
                    "s_bfe_i64 s[6:7], s[4:5], 0x80038\n"
                    "s_ff1_i32_b64 s8, s[4:5]\ns_flbit_i32_b32 s9, s1\n"
                    "s_ff1_i32_b32 s10, 0\ns_bcnt1_i32_b64 s11, s[4:5]"));
  EXPECT_EQ(t.w().s[2], 15u);
  EXPECT_EQ(t.w().s[3], 0xffffffffu);
  EXPECT_EQ(t.w().s64(6), ~uint64_t(0));
  EXPECT_EQ(t.w().s[8], 56u);
  EXPECT_EQ(t.w().s[9], 16u);
  EXPECT_EQ(t.w().s[10], 0xffffffffu);
  EXPECT_EQ(t.w().s[11], 8u);
}

TEST(Salu, SaveexecReadsExecBeforeItWritesIt) {
  AsmWave t;
  t.w().setS64(4, 0xff);
  ASSERT_TRUE(t.run("s_and_saveexec_b64 s[4:5], s[4:5]"));
  EXPECT_EQ(t.w().s64(4), ~uint64_t(0));
  EXPECT_EQ(t.w().exec(), 0xffu);
  EXPECT_TRUE(t.w().scc);
  ASSERT_TRUE(t.run("s_andn2_saveexec_b64 s[6:7], -1"));
  EXPECT_EQ(t.w().exec(), ~uint64_t(0xff));
}

TEST(Salu, ConstantsOf64Bits) {
  AsmWave t;
  ASSERT_TRUE(t.run("s_mov_b64 s[2:3], -1\ns_mov_b64 s[4:5], 1.0\n"
                    "s_lshl_b64 s[6:7], 1, 40\ns_mov_b64 s[8:9], 0x12345678"));
  EXPECT_EQ(t.w().s64(2), ~uint64_t(0));
  EXPECT_EQ(t.w().s64(4), 0x3ff0000000000000ull);
  EXPECT_EQ(t.w().s64(6), uint64_t(1) << 40);
  EXPECT_EQ(t.w().s64(8), 0x12345678ull);
}

TEST(Salu, SetregChangesFieldsOfMode) {
  AsmWave t;
  ASSERT_TRUE(t.run("s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 2), 0\n"
                    "s_getreg_b32 s2, hwreg(HW_REG_MODE, 4, 4)"));
  EXPECT_EQ(t.w().mode, 0x3c0u);
  EXPECT_EQ(t.w().s[2], 0xcu);
}

TEST(Salu, KConstantsAreSigned) {
  AsmWave t;
  t.w().s[2] = 10;
  ASSERT_TRUE(t.run("s_addk_i32 s2, 0xfff6"));
  EXPECT_EQ(t.w().s[2], 0u);
  ASSERT_TRUE(t.run("s_movk_i32 s3, 0x8000\ns_cmpk_lt_u32 s2, 0xffff"));
  EXPECT_EQ(t.w().s[3], 0xffff8000u);
  EXPECT_TRUE(t.w().scc);
}

// Each fork takes four SGPRs of a stack, whose depth has three bits in MODE.
TEST(Salu, TheStackOfForksHasSevenEntries) {
  for (unsigned depth : {6u, 7u}) {
    AsmWave t;
    t.w().mode = depth << 29;
    t.w().setS64(40, 0xff);
    t.run("s_cbranch_i_fork s[40:41], 1\ns_nop 0\ns_nop 0");
    EXPECT_EQ(t.error.find("stack of s_cbranch_fork is full") !=
                  std::string::npos,
              depth == 7)
        << t.error;
  }
}
