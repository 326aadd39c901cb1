//===- ScalarBitsTest.cpp - undefined bits of scalar results --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Executes each instruction that has a rule with zeros and with ones for the
// undefined bits of its operands: a bit of the result is undefined by the rule
// exactly where two choices give different results.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/ScalarBits.h"
#include "AsmWave.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

/// What the instruction gives for two operands, executed.
static uint64_t execute(AsmWave &wave, const BitOp &op, uint64_t a,
                        uint64_t b) {
  wave.w().setS64(10, a);
  wave.w().setS64(12, b);
  wave.setExec(b);
  EXPECT_TRUE(wave.execute()) << wave.error;
  if (op.savesExec || op.writesExec)
    return wave.w().exec();
  return op.wide ? wave.w().s64(20) : wave.w().s[20];
}

/// The bits in which the results differ as the undefined bits of each operand
/// are zeros or ones: a result bit depends on one bit of each operand at most.
static uint64_t varyingBits(AsmWave &wave, const BitOp &op, PartlyKnown a,
                            PartlyKnown b) {
  auto choices = [](PartlyKnown x) {
    return std::vector<uint64_t>{x.value & ~x.undefined, x.value | x.undefined};
  };
  uint64_t first = 0, differ = 0;
  bool any = false;
  for (uint64_t x : choices(a))
    for (uint64_t y : choices(b)) {
      uint64_t result = execute(wave, op, x, y);
      if (any)
        differ |= result ^ first;
      first = any ? first : result;
      any = true;
    }
  return differ;
}

static void check(const std::string &name, const std::string &text,
                  bool definedAmount) {
  AsmWave wave;
  ASSERT_TRUE(wave.load(text)) << text;
  BitOp op = wave.meta(0).bits;
  ASSERT_NE(op.rule, BitOp::None) << name;
  // Zero, one and undefined on both sides at every bit, in several orders.
  uint64_t state = 1;
  auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 32 | (state * 0x9e3779b97f4a7c15u) >> 32 << 32;
  };
  uint64_t undefinedSeen = 0, definedSeen = 0;
  for (int i = 0; i < 40; ++i) {
    PartlyKnown a{next(), next()}, b{next(), next()};
    if (definedAmount)
      b.undefined = 0;
    uint64_t all = op.wide ? ~uint64_t(0) : 0xffffffff;
    PartlyKnown ruled = applyBitOp(op, a, b);
    EXPECT_EQ(ruled.undefined, varyingBits(wave, op, a, b) & all)
        << text << " " << i;
    EXPECT_EQ((ruled.value ^ execute(wave, op, a.value, b.value)) & all, 0u)
        << text;
    undefinedSeen |= ruled.undefined;
    definedSeen |= ~ruled.undefined & all;
  }
  EXPECT_NE(undefinedSeen, 0u) << name;
  EXPECT_NE(definedSeen, 0u) << name;
}

TEST(ScalarBits, MovesAndBitwiseOperationsAsExecuted) {
  for (const char *size : {"_b32", "_b64"}) {
    bool wide = size[2] == '6';
    std::string d = wide ? "s[20:21]" : "s20", a = wide ? "s[10:11]" : "s10";
    std::string b = wide ? "s[12:13]" : "s12";
    for (const char *stem : {"s_mov", "s_not"})
      check(stem + std::string(size),
            stem + std::string(size) + " " + d + ", " + a, false);
    for (const char *stem : {"s_and", "s_or", "s_xor", "s_andn2", "s_orn2",
                             "s_nand", "s_nor", "s_xnor"})
      check(stem + std::string(size),
            stem + std::string(size) + " " + d + ", " + a + ", " + b, false);
    for (const char *stem : {"s_lshl", "s_lshr"})
      check(stem + std::string(size),
            stem + std::string(size) + " " + d + ", " + a + ", s12", true);
  }
  check("s_ashr_i32", "s_ashr_i32 s20, s10, s12", true);
  check("s_ashr_i64", "s_ashr_i64 s[20:21], s[10:11], s12", true);
  for (const char *name : {"s_bfe_u32", "s_bfe_i32"})
    check(name, name + std::string(" s20, s10, s12"), true);
  for (const char *name : {"s_bfe_u64", "s_bfe_i64"})
    check(name, name + std::string(" s[20:21], s[10:11], s12"), true);
  for (const char *name : {"s_sext_i32_i8", "s_sext_i32_i16"})
    check(name, name + std::string(" s20, s10"), false);
  for (const char *name :
       {"s_pack_ll_b32_b16", "s_pack_lh_b32_b16", "s_pack_hh_b32_b16"})
    check(name, name + std::string(" s20, s10, s12"), false);
}

TEST(ScalarBits, ExecFormsAsExecuted) {
  for (const char *stem : {"and", "or", "xor", "andn1", "andn2", "orn1", "orn2",
                           "nand", "nor", "xnor"}) {
    std::string name = std::string("s_") + stem + "_saveexec_b64";
    check(name, name + " s[20:21], s[10:11]", false);
  }
  for (const char *name : {"s_andn1_wrexec_b64", "s_andn2_wrexec_b64"})
    check(name, std::string(name) + " s[20:21], s[10:11]", false);
}

static BitOp ruleOf(const char *text) {
  AsmWave wave;
  EXPECT_TRUE(wave.load(text)) << text;
  return wave.meta(0).bits;
}

TEST(ScalarBits, OtherInstructionsNeedAllBits) {
  for (const char *text : {"s_add_u32 s0, s1, s2", "s_bcnt1_i32_b64 s0, s[2:3]",
                           "s_cmp_eq_u32 s0, s1", "s_wqm_b64 s[0:1], s[2:3]",
                           "v_mov_b32 v0, v1", "s_mul_i32 s0, s1, s2"})
    EXPECT_EQ(ruleOf(text).rule, BitOp::None) << text;
  BitOp select = ruleOf("s_cselect_b64 s[0:1], s[2:3], s[4:5]");
  EXPECT_EQ(select.rule, BitOp::Select);
  EXPECT_TRUE(select.wide);
  EXPECT_EQ(ruleOf("s_cmov_b32 s0, s1").rule, BitOp::CopyWhenScc);
  EXPECT_FALSE(ruleOf("s_cmov_b32 s0, s1").takesConstant);
  EXPECT_TRUE(ruleOf("s_cmovk_i32 s0, 1").takesConstant);
}

TEST(ScalarBits, ADefinedOneDecidesWhetherAllIsZero) {
  EXPECT_FALSE((PartlyKnown{0, 0}).zeroIsOpen());
  EXPECT_FALSE((PartlyKnown{6, 2}).zeroIsOpen());
  EXPECT_TRUE((PartlyKnown{2, 2}).zeroIsOpen());
  EXPECT_TRUE((PartlyKnown{0, 1}).zeroIsOpen());
}
