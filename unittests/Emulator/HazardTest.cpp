//===- HazardTest.cpp - wait states over more than two instructions -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences that execute once, without branches. Pairs of instructions are
// compared with LLVM in test/Emulator/Hazards.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"
#include "Sanitizers/HazardCheck.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

/// The reports of a sequence.
static std::vector<std::string> reportsOf(Chip chip, const std::string &text) {
  Program program;
  EXPECT_EQ(decodeText(chip, text, 512, 256, program), "") << text;
  std::vector<std::string> found;
  Sanitizers::Sink sink = [&](Sanitizer, int64_t, int64_t, std::string report) {
    found.push_back(std::move(report));
  };
  HazardCheck check(program, sink);
  check.beginGroup(chipFeatures(chip));
  Wave wave;
  for (uint32_t record = 0; record < program.code.size(); ++record)
    if (!check.canSkip(record))
      check.before(wave, record);
  return found;
}

static const char *const writer =
    "v_mfma_f32_16x16x32_bf16 v[32:35], v[0:3], v[4:7], 0\n";
static const char *const user = "v_mov_b32 v100, v32\n";

TEST(Hazards, MatrixInstructionsBetweenOccupyTheCore) {
  const std::string other =
      "v_mfma_f32_32x32x4_2b_bf16 v[64:95], v[8:9], v[10:11], 0\n";
  EXPECT_EQ(reportsOf(Chip::GFX950, std::string(writer) + user).size(), 1u);
  // The core is free for it after 4 passes; then it is alone.
  EXPECT_EQ(reportsOf(Chip::GFX950, writer + other + user).size(), 1u);
  // The second one waits for the 16 passes of the first.
  EXPECT_EQ(reportsOf(Chip::GFX950, writer + other + other + user).size(), 0u);
  std::string moves;
  for (int i = 0; i < 2; ++i)
    moves += "v_mov_b32 v100, v101\n";
  EXPECT_EQ(reportsOf(Chip::GFX950, writer + moves + user).size(), 1u);
}

TEST(Hazards, OneReportNamesTheLargestRule) {
  // The result is a part of the addend (6 wait states) and a factor (8).
  auto found = reportsOf(
      Chip::GFX950,
      std::string(writer) +
          "v_mfma_f32_16x16x32_bf16 v[40:43], v[32:35], v[4:7], v[34:37]\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find("expected 8 wait states between, got 0"),
            std::string::npos)
      << found[0];
}

TEST(Hazards, TheSameAddendIsTheSameRegisters) {
  const std::string same =
      "v_mfma_f32_16x16x32_bf16 v[32:35], v[0:3], v[4:7], v[32:35]\n";
  EXPECT_EQ(reportsOf(Chip::GFX950, writer + same).size(), 0u);
  const std::string larger =
      "v_mfma_f32_32x32x16_bf16 v[64:79], v[0:3], v[4:7], v[32:47]\n";
  EXPECT_EQ(reportsOf(Chip::GFX950, writer + larger).size(), 1u);
}

TEST(Hazards, TheLongestOfAllIsCountedToItsEnd) {
  // 16 passes: a vector instruction may read the result after 20 wait states
  // on gfx950 and after 19 on gfx942.
  const std::string longest =
      "v_mfma_f32_32x32x4_2b_bf16 v[32:63], v[0:1], v[4:5], 0\n";
  for (auto [chip, states] :
       {std::pair(Chip::GFX950, 20u), {Chip::GFX942, 19u}}) {
    std::string moves;
    for (unsigned i = 0; i + 1 < states; ++i)
      moves += "v_mov_b32 v100, v101\n";
    auto found = reportsOf(chip, longest + moves + user);
    ASSERT_EQ(found.size(), 1u) << states;
    EXPECT_NE(found[0].find("expected " + std::to_string(states) +
                            " wait states between, got " +
                            std::to_string(states - 1)),
              std::string::npos)
        << found[0];
    moves += "v_mov_b32 v100, v101\n";
    EXPECT_EQ(reportsOf(chip, longest + moves + user).size(), 0u) << states;
  }
}

TEST(Hazards, VcczAndExeczAreLate) {
  const std::string moves = "v_mov_b32 v100, v101\n";
  const std::pair<const char *, const char *> pairs[] = {
      {"v_cmpx_eq_u32 exec, v1, v2\n", "v_mov_b32 v3, src_execz\n"},
      {"v_cmp_eq_u32 vcc, v1, v2\n", "v_mov_b32 v3, src_vccz\n"},
      {"v_add_co_u32 v4, vcc, v1, v2\n", "v_add_u32 v3, src_vccz, v1\n"}};
  for (auto [first, second] : pairs)
    for (Chip chip : {Chip::GFX942, Chip::GFX950}) {
      std::string text = first;
      for (unsigned i = 0; i < 5; ++i, text += moves) {
        auto found = reportsOf(chip, text + second);
        ASSERT_EQ(found.size(), 1u) << text << second;
        EXPECT_NE(found[0].find("expected 5 wait states between, got " +
                                std::to_string(i)),
                  std::string::npos)
            << found[0];
      }
      EXPECT_EQ(reportsOf(chip, text + second).size(), 0u);
    }
  // Scalar writes are no hazard.
  EXPECT_EQ(reportsOf(Chip::GFX950,
                      "s_mov_b64 exec, s[2:3]\nv_mov_b32 v3, src_execz\n")
                .size(),
            0u);
}

TEST(Hazards, ACarryInNeedsNoWaitStatesButAConstantDoes) {
  for (const char *user :
       {"v_addc_co_u32_e32 v4, vcc, v1, v2, vcc\n",
        "v_addc_co_u32_e64 v4, s[8:9], v1, v2, vcc\n",
        "v_subb_co_u32_e64 v4, vcc, v1, v2, s[6:7]\n",
        "v_addc_co_u32_sdwa v4, vcc, v1, v2, vcc dst_sel:DWORD "
        "dst_unused:UNUSED_PAD src0_sel:DWORD src1_sel:DWORD\n"})
    for (const char *first : {"v_cmp_ne_u32_e64 vcc, v1, v2\n",
                              "v_cmp_ne_u32_e64 s[6:7], v1, v2\n"})
      EXPECT_EQ(reportsOf(Chip::GFX942, std::string(first) + user).size(), 0u)
          << first << user;
  EXPECT_EQ(reportsOf(Chip::GFX942, "v_cmp_ne_u32_e64 vcc, v1, v2\n"
                                    "v_add_u32 v4, vcc_lo, v1\n")
                .size(),
            1u);
}

TEST(Hazards, ADotProductInALoopForwardsItsAddend) {
  Program program;
  ASSERT_EQ(decodeText(Chip::GFX942,
                       "v_dot4_i32_i8 v3, v1, v2, v3\n"
                       "v_dot4_i32_i8 v5, v4, v2, v5\n"
                       "s_cbranch_scc1 65531\n",
                       512, 256, program),
            "");
  unsigned reports = 0;
  Sanitizers::Sink sink = [&](Sanitizer, int64_t, int64_t, std::string) {
    ++reports;
  };
  HazardCheck check(program, sink);
  check.beginGroup(chipFeatures(Chip::GFX942));
  Wave wave;
  for (unsigned turn = 0; turn < 3; ++turn)
    for (uint32_t record = 0; record < 3; ++record)
      check.before(wave, record);
  EXPECT_EQ(reports, 0u);
}
