//===- ValuTest.cpp - vector ALU semantics --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Facts of the ISA manuals that are easy to get wrong: NaN and signed zero,
// modifiers, inline constants, SDWA and DPP, carries, packed halves.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace moe::emulator;

static constexpr uint32_t qnan = 0x7fc00000, snan = 0x7f800001,
                          inf = 0x7f800000;

TEST(Valu, MinPrefersTheNumberOverANaN) {
  AsmWave t;
  t.set(1, qnan);
  t.setF(2, 3.0f);
  ASSERT_TRUE(t.run("v_min_f32 v0, v1, v2\nv_max_f32 v3, v2, v1"));
  EXPECT_EQ(t.getF(0), 3.0f);
  EXPECT_EQ(t.getF(3), 3.0f);
}

TEST(Valu, MinQuietsASignallingNaNInIeeeModeOnly) {
  AsmWave t;
  t.set(1, snan);
  t.setF(2, 3.0f);
  ASSERT_TRUE(t.run("v_min_f32 v0, v1, v2"));
  EXPECT_EQ(t.get(0), snan | 0x00400000u);
  t.w().mode &= ~0x200u;
  ASSERT_TRUE(t.run("v_min_f32 v0, v1, v2"));
  EXPECT_EQ(t.getF(0), 3.0f);
}

TEST(Valu, MinAndMaxOrderSignedZeros) {
  AsmWave t;
  t.set(1, 0x80000000u);
  t.set(2, 0);
  ASSERT_TRUE(t.run("v_min_f32 v0, v2, v1\nv_max_f32 v3, v1, v2"));
  EXPECT_EQ(t.get(0), 0x80000000u);
  EXPECT_EQ(t.get(3), 0u);
}

TEST(Valu, FractStaysBelowOne) {
  AsmWave t;
  t.setF(1, -0x1p-30f);
  ASSERT_TRUE(t.run("v_fract_f32 v0, v1"));
  EXPECT_EQ(t.get(0), 0x3f7fffffu);
}

TEST(Valu, InlineConstantsOfEachType) {
  AsmWave t;
  ASSERT_TRUE(t.run("v_mov_b32 v0, 0.15915494\nv_mov_b32 v1, -16\n"
                    "v_add_f16 v2, 1.0, 2.0\n"
                    "v_add_f64 v[4:5], 0, 0.15915494309189532\n"
                    "v_lshlrev_b16 v6, 0, -1"));
  EXPECT_EQ(t.get(0), 0x3e22f983u);
  EXPECT_EQ(t.get(1), 0xfffffff0u);
  EXPECT_EQ(t.get(2), 0x4200u);
  EXPECT_EQ(t.get64(4), 0x3fc45f306dc9c882ull);
  EXPECT_EQ(t.get(6), 0xffffu);
}

TEST(Valu, NegAndAbsActOnTheSourcesType) {
  AsmWave t;
  t.set(1, 0xc4003c00u); // f16: -4, 1
  t.setF(2, -2.0f);
  t.set64(4, 0xc008000000000000ull); // -3.0
  ASSERT_TRUE(t.run("v_add_f16_e64 v0, -v1, 0\nv_add_f32_e64 v3, |v2|, 0\n"
                    "v_add_f64 v[6:7], -v[4:5], 0"));
  EXPECT_EQ(t.get(0), 0xbc00u);
  EXPECT_EQ(t.getF(3), 2.0f);
  EXPECT_EQ(t.get64(6), 0x4008000000000000ull);
}

TEST(Valu, ClampTurnsNaNIntoZeroWithDx10Clamp) {
  AsmWave t;
  t.set(1, qnan);
  t.setF(2, 7.0f);
  ASSERT_TRUE(t.run("v_add_f32_e64 v0, v1, v1 clamp\n"
                    "v_add_f32_e64 v3, v2, v2 clamp"));
  EXPECT_EQ(t.get(0), 0u);
  EXPECT_EQ(t.getF(3), 1.0f);
  t.w().mode &= ~0x100u;
  ASSERT_TRUE(t.run("v_add_f32_e64 v0, v1, v1 clamp"));
  EXPECT_TRUE(std::isnan(t.getF(0)));
}

TEST(Valu, IntegerClampSaturates) {
  AsmWave t;
  t.set(1, 0xffffff00u);
  t.set(2, 0x200u);
  t.set(3, 0x7fffffffu);
  ASSERT_TRUE(t.run("v_add_u32_e64 v0, v1, v2 clamp\n"
                    "v_sub_u32_e64 v4, v2, v1 clamp\n"
                    "v_add_i32 v5, v3, v3 clamp"));
  EXPECT_EQ(t.get(0), 0xffffffffu);
  EXPECT_EQ(t.get(4), 0u);
  EXPECT_EQ(t.get(5), 0x7fffffffu);
}

TEST(Valu, OpSelPicksHalvesAndKeepsTheOther) {
  AsmWave t;
  t.set(0, 0xaaaabbbbu);
  t.set(1, 0x3c004000u); // 1, 2
  t.set(2, 0x44004200u); // 4, 3
  ASSERT_TRUE(t.run("v_fma_f16 v0, v1, v2, 0 op_sel:[1,0,0,1]"));
  EXPECT_EQ(t.get(0), 0x4200bbbbu); // 1 * 3 into the upper half
}

TEST(Valu, SixteenBitResultsClearTheUpperHalfOrKeepIt) {
  AsmWave t;
  t.set(0, 0xaaaa0000u);
  t.set(3, 0xaaaa0000u);
  t.set(1, 0x3c00u);
  ASSERT_TRUE(t.run("v_add_f16 v0, v1, v1\nv_fma_f16 v3, v1, v1, v1"));
  EXPECT_EQ(t.get(0), 0x4000u);
  EXPECT_EQ(t.get(3), 0xaaaa4000u);
}

TEST(Valu, SdwaSelectsExtendsAndPreserves) {
  AsmWave t;
  t.set(0, 0x11223344u);
  t.set(1, 0x00f10000u);
  t.set(2, 0x00000005u);
  ASSERT_TRUE(t.run("v_add_u32_sdwa v0, sext(v1), v2 dst_sel:BYTE_1 "
                    "dst_unused:UNUSED_PRESERVE src0_sel:BYTE_2 "
                    "src1_sel:DWORD"));
  EXPECT_EQ(t.get(0), 0x1122f644u);
  ASSERT_TRUE(t.run("v_mov_b32_sdwa v3, v1 dst_sel:WORD_1 "
                    "dst_unused:UNUSED_PAD src0_sel:WORD_1"));
  EXPECT_EQ(t.get(3), 0x00f10000u);
}

TEST(Valu, DppRowShiftLeavesOrZeroesLanesWithoutSource) {
  AsmWave t;
  t.set(1, [](unsigned lane) { return lane; });
  t.set(0, 77u);
  t.set(2, 77u);
  ASSERT_TRUE(t.run("v_mov_b32_dpp v0, v1 row_shr:1 row_mask:0xf "
                    "bank_mask:0xf\n"
                    "v_mov_b32_dpp v2, v1 row_shr:1 row_mask:0xf "
                    "bank_mask:0xf bound_ctrl:1"));
  EXPECT_EQ(t.get(0, 16), 77u);
  EXPECT_EQ(t.get(2, 16), 0u);
  EXPECT_EQ(t.get(0, 17), 16u);
}

TEST(Valu, DppBroadcastsAndMasks) {
  AsmWave t;
  t.set(1, [](unsigned lane) { return lane; });
  t.set(0, 77u);
  t.set(2, 77u);
  ASSERT_TRUE(t.run("v_mov_b32_dpp v0, v1 row_newbcast:3 row_mask:0x5 "
                    "bank_mask:0xf\n"
                    "v_mov_b32_dpp v2, v1 row_bcast:15 row_mask:0xa "
                    "bank_mask:0xf"));
  EXPECT_EQ(t.get(0, 40), 35u);
  EXPECT_EQ(t.get(0, 20), 77u);
  EXPECT_EQ(t.get(2, 20), 15u);
  EXPECT_EQ(t.get(2, 50), 47u);
  EXPECT_EQ(t.get(2, 40), 77u);
}

TEST(Valu, CarriesClearInactiveLanes) {
  AsmWave t;
  t.setExec(0xf0);
  t.w().setS64(SgprVcc, ~uint64_t(0));
  t.set(1, 0xffffffffu);
  t.set(2, [](unsigned lane) { return lane & 1; });
  ASSERT_TRUE(t.run("v_add_co_u32 v0, vcc, v1, v2"));
  EXPECT_EQ(t.w().vcc(), 0xa0ull);
  EXPECT_EQ(t.get(0, 5), 0u);
  EXPECT_EQ(t.get(0, 4), 0xffffffffu);
}

TEST(Valu, MadU64CarriesOutOfSixtyFourBits) {
  AsmWave t;
  t.set(1, 0xffffffffu);
  t.set(2, 0xffffffffu);
  t.set64(4, 0xffffffffffffffffull);
  ASSERT_TRUE(t.run("v_mad_u64_u32 v[6:7], s[2:3], v1, v2, v[4:5]"));
  EXPECT_EQ(t.get64(6), 0xfffffffe00000000ull);
  EXPECT_EQ(t.w().s64(2), ~uint64_t(0));
}

TEST(Valu, PackedHalvesFollowOpSelAndNeg) {
  AsmWave t;
  t.set(1, 0x40003c00u); // hi 2, lo 1
  t.set(2, 0x44004200u); // hi 4, lo 3
  ASSERT_TRUE(t.run("v_pk_add_f16 v0, v1, v2 op_sel:[1,0] op_sel_hi:[0,1] "
                    "neg_lo:[0,1]"));
  EXPECT_EQ(t.get(0), 0x4500bc00u); // hi 1+4, lo 2-3
}

TEST(Valu, PackedHalvesAreClampedToOne) {
  AsmWave t;
  t.set(1, 0x40003800u); // hi 2, lo 0.5
  t.set(2, 0x3c00bc00u); // hi 1, lo -1
  ASSERT_TRUE(t.run("v_pk_add_f16 v0, v1, v2 clamp"));
  EXPECT_EQ(t.get(0), 0x3c000000u); // hi 3, lo -0.5
}

TEST(Valu, PackedFloatPicksDwords) {
  AsmWave t;
  t.setF(2, 2.0f);
  t.setF(3, 3.0f);
  t.setF(4, 5.0f);
  t.setF(5, 7.0f);
  ASSERT_TRUE(t.run("v_pk_mul_f32 v[0:1], v[2:3], v[4:5] op_sel_hi:[1,0]\n"
                    "v_pk_mov_b32 v[6:7], v[2:3], v[4:5] op_sel:[1,0]"));
  EXPECT_EQ(t.getF(0), 10.0f);
  EXPECT_EQ(t.getF(1), 15.0f);
  EXPECT_EQ(t.getF(6), 3.0f);
  EXPECT_EQ(t.getF(7), 5.0f);
}

TEST(Valu, CompareClassTellsTheKinds) {
  AsmWave t;
  const uint32_t values[] = {snan,        qnan,        0xff800000u, 0xc0000000u,
                             0x80000001u, 0x80000000u, 0,           1,
                             0x40000000u, inf};
  for (unsigned k = 0; k < 10; ++k) {
    t.set(1, values[k]);
    t.set(2, 1u << k);
    t.set(3, ~(1u << k));
    ASSERT_TRUE(t.run("v_cmp_class_f32 s[2:3], v1, v2\n"
                      "v_cmp_class_f32 s[4:5], v1, v3"));
    EXPECT_EQ(t.w().s64(2), ~uint64_t(0)) << k;
    EXPECT_EQ(t.w().s64(4), 0u) << k;
  }
}

TEST(Valu, CompareUnorderedAgainstNotGreaterOrEqual) {
  AsmWave t;
  t.set(1, qnan);
  t.setF(2, 1.0f);
  ASSERT_TRUE(t.run("v_cmp_nge_f32 s[2:3], v1, v2\n"
                    "v_cmp_lt_f32 s[4:5], v1, v2\n"
                    "v_cmp_u_f32 s[6:7], v1, v2\n"
                    "v_cmp_lg_f32 s[8:9], v1, v2"));
  EXPECT_EQ(t.w().s64(2), ~uint64_t(0));
  EXPECT_EQ(t.w().s64(4), 0u);
  EXPECT_EQ(t.w().s64(6), ~uint64_t(0));
  EXPECT_EQ(t.w().s64(8), 0u);
}

TEST(Valu, CmpxWritesExec) {
  AsmWave t;
  t.set(1, [](unsigned lane) { return lane; });
  ASSERT_TRUE(t.run("v_cmpx_gt_u32 vcc, 8, v1"));
  EXPECT_EQ(t.w().exec(), 0xffu);
  EXPECT_EQ(t.w().vcc(), 0xffu);
}

TEST(Valu, DivisionSequenceIsCorrectlyRounded) {
  // The sequence that compilers emit for a correctly rounded f32 division.
  const char *text = "v_div_scale_f32 v3, s[2:3], v2, v2, v1\n"
                     "v_div_scale_f32 v4, vcc, v1, v2, v1\n"
                     "v_rcp_f32 v5, v3\n"
                     "v_fma_f32 v6, -v3, v5, 1.0\n"
                     "v_fma_f32 v5, v6, v5, v5\n"
                     "v_mul_f32 v6, v4, v5\n"
                     "v_fma_f32 v7, -v3, v6, v4\n"
                     "v_fma_f32 v6, v7, v5, v6\n"
                     "v_fma_f32 v3, -v3, v6, v4\n"
                     "v_div_fmas_f32 v3, v3, v5, v6\n"
                     "v_div_fixup_f32 v0, v3, v2, v1";
  AsmWave t;
  const float values[] = {1.0f,      3.0f,     0x1p-140f, 0x1.8p127f, -7.5f,
                          0x1p-126f, 0x1p120f, 0.0f,      INFINITY,   1e-20f};
  for (float n : values)
    for (float d : values) {
      t.setF(1, n);
      t.setF(2, d);
      ASSERT_TRUE(t.run(text));
      float want = n / d, got = t.getF(0);
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(got)) << n << "/" << d;
      else if (std::fabs(want) >= 0x1p-126f || want == 0)
        EXPECT_EQ(got, want) << n << "/" << d;
      else
        EXPECT_NEAR(got, want, 0x1p-149) << n << "/" << d;
    }
}

TEST(Valu, ConversionsSaturateAndIgnoreNaN) {
  AsmWave t;
  t.set(1, qnan);
  t.setF(2, -1e30f);
  t.setF(3, 4e9f);
  t.setF(4, 5e9f);
  ASSERT_TRUE(t.run("v_cvt_i32_f32 v10, v1\nv_cvt_i32_f32 v11, v2\n"
                    "v_cvt_u32_f32 v12, v3\nv_cvt_u32_f32 v13, v4\n"
                    "v_cvt_u32_f32 v14, v2"));
  EXPECT_EQ(t.get(10), 0u);
  EXPECT_EQ(t.get(11), 0x80000000u);
  EXPECT_EQ(t.get(12), 4000000000u);
  EXPECT_EQ(t.get(13), 0xffffffffu);
  EXPECT_EQ(t.get(14), 0u);
}

TEST(Valu, CvtPkFp8KeepsTheOtherHalf) {
  AsmWave t;
  t.set(0, 0xaaaabbbbu);
  t.setF(1, 1.0f);
  t.setF(2, -2.0f);
  ASSERT_TRUE(t.run("v_cvt_pk_fp8_f32 v0, v1, v2 op_sel:[0,0,1]"));
  EXPECT_EQ(t.get(0), 0xc038bbbbu); // OCP e4m3: 1 is 0x38, -2 is 0xc0
  AsmWave old(Chip::GFX942);
  old.set(0, 0xaaaabbbbu);
  old.setF(1, 1.0f);
  old.setF(2, -2.0f);
  ASSERT_TRUE(old.run("v_cvt_pk_fp8_f32 v0, v1, v2"));
  EXPECT_EQ(old.get(0), 0xaaaac840u); // FNUZ: the bias is 8
}

TEST(Valu, CvtPkBf16RoundsToEvenAndQuietsNaN) {
  AsmWave t;
  t.set(1, 0x3f808000u); // halfway, even below
  t.set(2, 0x3f818000u); // halfway, odd below
  ASSERT_TRUE(t.run("v_cvt_pk_bf16_f32 v0, v1, v2"));
  EXPECT_EQ(t.get(0), 0x3f823f80u);
  t.set(1, 0x7f800001u);
  t.set(2, 1u);
  ASSERT_TRUE(t.run("v_cvt_pk_bf16_f32 v0, v1, v2"));
  EXPECT_EQ(t.get(0) & 0xffffu, 0x7fc0u);
  EXPECT_EQ(t.get(0) >> 16, 0u);
}

TEST(Valu, ScaledUnpackUsesTheExponentOnly) {
  AsmWave t;
  t.set(1, 0x00005200u);        // byte 1: codes 2 (1.0) and 5 (3.0)
  t.set(2, 130u << 23 | 12345); // 2^3, mantissa ignored
  ASSERT_TRUE(t.run("v_cvt_scalef32_pk_bf16_fp4 v0, v1, v2 op_sel:[1,0,0]"));
  EXPECT_EQ(t.get(0), 0x41c04100u); // 24, 8
  t.set(2, 0u);
  ASSERT_TRUE(t.run("v_cvt_scalef32_pk_bf16_fp4 v0, v1, v2 op_sel:[1,0,0]"));
  EXPECT_EQ(t.get(0) & 0xffffu, 0x0040u); // 2^-127
  t.set(2, 255u << 23);
  ASSERT_TRUE(t.run("v_cvt_scalef32_pk_bf16_fp4 v0, v1, v2 op_sel:[1,0,0]"));
  EXPECT_GT(t.get(0) & 0x7fffu, 0x7f80u);
}

TEST(Valu, Bitop3UsesTheTable) {
  AsmWave t;
  t.set(1, 0xf0f0f0f0u);
  t.set(2, 0xccccccccu);
  t.set(3, 0xaaaaaaaau);
  ASSERT_TRUE(t.run("v_bitop3_b32 v0, v1, v2, v3 bitop3:0x6c"));
  EXPECT_EQ(t.get(0), 0x6c6c6c6cu);
}

TEST(Valu, PermSelectsBytesSignsAndConstants) {
  AsmWave t;
  t.set(1, 0x80112233u);
  t.set(2, 0x44558866u);
  t.set(3, 0x0c0b0501u);
  ASSERT_TRUE(t.run("v_perm_b32 v0, v1, v2, v3"));
  EXPECT_EQ(t.get(0), 0x00ff2288u);
}

TEST(Valu, BitFieldExtractEdges) {
  AsmWave t;
  t.set(1, 0x80000080u);
  ASSERT_TRUE(t.run("v_bfe_i32 v10, v1, 4, 4\nv_bfe_u32 v11, v1, 4, 4\n"
                    "v_bfe_i32 v12, v1, 24, 8\nv_bfe_u32 v13, v1, 0, 0"));
  EXPECT_EQ(t.get(10), 0xfffffff8u);
  EXPECT_EQ(t.get(11), 8u);
  EXPECT_EQ(t.get(12), 0xffffff80u);
  EXPECT_EQ(t.get(13), 0u);
}

TEST(Valu, ModeFlushesDenormalsAndRounds) {
  AsmWave t;
  t.set(1, 1u); // the least denormal
  t.w().mode = 0x3c0;
  ASSERT_TRUE(t.run("v_add_f32 v0, v1, v1\nv_mov_b32 v2, v1"));
  EXPECT_EQ(t.get(0), 0u);
  EXPECT_EQ(t.get(2), 1u);
  t.w().mode = 0x3f1; // towards plus infinity
  t.setF(3, 1.0f);
  t.setF(4, 0x1p-40f);
  ASSERT_TRUE(t.run("v_add_f32 v0, v3, v4"));
  EXPECT_EQ(t.get(0), 0x3f800001u);
}

TEST(Valu, OutputModifierNeedsFlushedDenormals) {
  AsmWave t;
  t.setF(1, 3.0f);
  t.w().mode = 0x0c0; // no IEEE mode, f32 denormals flushed
  ASSERT_TRUE(t.run("v_add_f32_e64 v0, v1, v1 mul:2"));
  EXPECT_EQ(t.getF(0), 12.0f);
  t.w().mode = 0x0f0;
  ASSERT_TRUE(t.run("v_add_f32_e64 v0, v1, v1 mul:2"));
  EXPECT_EQ(t.getF(0), 6.0f);
}

TEST(Valu, MixReadsHalvesAndRoundsOnce) {
  AsmWave t;
  t.set(1, 0x40003c00u); // hi 2, lo 1
  t.setF(2, 0.5f);
  t.set(0, 0xaaaabbbbu);
  ASSERT_TRUE(t.run("v_fma_mix_f32 v3, v1, v2, v2 op_sel:[1,0,0] "
                    "op_sel_hi:[1,0,0]\n"
                    "v_fma_mixhi_f16 v0, v1, v2, v2 op_sel_hi:[1,0,0]"));
  EXPECT_EQ(t.getF(3), 1.5f);
  EXPECT_EQ(t.get(0), 0x3c00bbbbu);
}

TEST(Valu, ShiftOfLshlAddU64AboveFourIsRefused) {
  AsmWave t;
  t.set64(2, 1);
  t.set64(4, 0);
  t.set(6, 5u);
  EXPECT_FALSE(t.run("v_lshl_add_u64 v[0:1], v[2:3], v6, v[4:5]"));
  EXPECT_NE(t.error.find("above 4"), std::string::npos) << t.error;
  EXPECT_FALSE(t.run("v_lshl_add_u64 v[0:1], v[2:3], 5, v[4:5]"));
  EXPECT_NE(t.error.find("above 4"), std::string::npos) << t.error;
  t.set(6, 4u);
  ASSERT_TRUE(t.run("v_lshl_add_u64 v[0:1], v[2:3], v6, v[4:5]"));
  EXPECT_EQ(t.get64(0), 16u);
  ASSERT_TRUE(t.run("v_lshl_add_u64 v[0:1], v[2:3], 4, v[4:5]"));
  EXPECT_EQ(t.get64(0), 16u);
}
