//===- RecordingTest.cpp - classes and shared lines -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workgroups that are told to a recording by hand, and the time of the launch.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Timeline.h"

#include "gtest/gtest.h"

using namespace moe::timing;
using namespace moe::emulator;

namespace {

/// A load, a wait for it, the end; one wave a workgroup.
EventProgram loadAndWait(uint64_t groups) {
  EventProgram program;
  program.chip = "gfx950";
  program.insts.resize(3);
  program.insts[0].kind = InstClass::VmemLoad;
  program.insts[1].kind = InstClass::Wait;
  program.insts[1].vmcnt = 0;
  program.insts[2].kind = InstClass::End;
  program.groups = groups;
  program.waves = 1;
  program.vgprs = 512;
  program.ldsBytes = 0;
  return program;
}

void runGroup(Recording &recording, uint64_t ordinal,
              std::vector<uint64_t> lines) {
  std::unique_ptr<GroupEvents> group = recording.begin(ordinal);
  MemoryEvent event;
  event.lines = lines;
  event.bytes = uint32_t(lines.size() * 128);
  if (!lines.empty())
    group->executed(0, 0, event);
  group->executed(0, 1, MemoryEvent());
  group->executed(0, 2, MemoryEvent());
  recording.end(std::move(group));
}

} // namespace

// Workgroups 0, 1 and 8 read line 7; 0 and 8 are on the same of eight dies.
TEST(Recording, WhoSharesALine) {
  Recording recording(llvm::cantFail(builtInParameters("gfx950")), {});
  recording.program(loadAndWait(9));
  EXPECT_EQ(recording.residents(), 4u); // one wave a SIMD
  for (uint64_t i = 0; i < 9; ++i)
    runGroup(recording, i, {i % 7 < 2 ? 7 : 100 + i});
  recording.finish();
  ASSERT_EQ(recording.classes().size(), 1u);
  // Lines: 7 of {0, 1, 7, 8} and one each of the others.
  const Sharing &load = recording.classes()[0].sharing[0];
  EXPECT_NEAR(load.onChip, 9.0 / (4 * 0.25 + 5), 1e-9);
  EXPECT_NEAR(load.onDie, 9.0 / (2 * 0.5 + 7), 1e-9);
  EXPECT_NEAR(load.dies, (4 * 3 + 5) / 9.0, 1e-9);
}

// Two loads of parts of one line: HBM sends the line once.
TEST(Recording, ALineCountsOnce) {
  Recording recording(llvm::cantFail(builtInParameters("gfx950")), {});
  EventProgram program = loadAndWait(1);
  program.insts[1].kind = InstClass::VmemLoad;
  recording.program(program);
  std::unique_ptr<GroupEvents> group = recording.begin(0);
  MemoryEvent event;
  std::vector<uint64_t> first = {7, 8}, second = {8, 9};
  event.bytes = 64;
  event.lines = first;
  group->executed(0, 0, event);
  event.lines = second;
  group->executed(0, 1, event);
  group->executed(0, 2, MemoryEvent());
  recording.end(std::move(group));
  recording.finish();
  const std::vector<Sharing> &loads = recording.classes()[0].sharing;
  EXPECT_EQ(loads[0].lines, 2);
  EXPECT_EQ(loads[0].fresh, 2);
  EXPECT_EQ(loads[1].lines, 2);
  EXPECT_EQ(loads[1].fresh, 1);
  ModelledTime time =
      modelTime(recording, llvm::cantFail(builtInParameters("gfx950")));
  EXPECT_EQ(time.hbmBytes, 3 * 128);
}

TEST(Recording, ClassesByWhatWavesExecute) {
  Recording recording(llvm::cantFail(builtInParameters("gfx950")), {});
  recording.program(loadAndWait(4));
  runGroup(recording, 0, {1});
  runGroup(recording, 1, {});
  runGroup(recording, 2, {2});
  runGroup(recording, 3, {});
  recording.finish();
  ASSERT_EQ(recording.classes().size(), 2u);
  EXPECT_EQ(recording.classes()[0].instructions, 3u);
  EXPECT_EQ(recording.classes()[1].instructions, 2u);
  EXPECT_EQ(recording.classOf(3), 1u);
}

// A load ahead of a loop and one in it: the second workgroup ends when it has
// executed both, and is taken for what the first one is. One without a loop is
// not.
TEST(Recording, OnePassOfALoop) {
  Recording::Options options;
  options.sampleInstructions = 100;
  options.firstPass = true;
  Recording recording(llvm::cantFail(builtInParameters("gfx950")), options);
  EventProgram program = loadAndWait(3);
  program.insts[1] = program.insts[0];
  recording.program(program);
  MemoryEvent event;
  std::vector<uint64_t> lines = {7};
  event.lines = lines;
  auto whole = recording.begin(0);
  for (uint32_t inst : {0, 1, 1, 1, 2})
    EXPECT_TRUE(whole->executed(0, inst, event));
  recording.end(std::move(whole));
  auto cut = recording.begin(1);
  EXPECT_TRUE(cut->executed(0, 0, event));
  EXPECT_FALSE(cut->executed(0, 1, event));
  recording.end(std::move(cut));
  auto idle = recording.begin(2);
  EXPECT_TRUE(idle->executed(0, 2, MemoryEvent()));
  recording.end(std::move(idle));
  recording.finish();
  ASSERT_EQ(recording.classes().size(), 2u);
  EXPECT_EQ(recording.classes()[0].share, 2u);
  EXPECT_EQ(recording.classes()[0].instructions, 5u);
  EXPECT_EQ(recording.classOf(2), 1u);
}

// The workgroups that run first say who shares a line: 1024 of 2048, each with
// a line of its own, though 256 of those behind them read the first one's.
TEST(Recording, OnlyTheFirstRoundShares) {
  Recording recording(llvm::cantFail(builtInParameters("gfx950")), {});
  recording.program(loadAndWait(2048));
  ASSERT_EQ(recording.slots(), 1024u);
  for (uint64_t i = 0; i < 2048; ++i)
    if (recording.wants(i))
      runGroup(recording, i, {i < 1024 ? i : 0});
  recording.finish();
  const Sharing &load = recording.classes()[0].sharing[0];
  EXPECT_EQ(load.onChip, 1);
  EXPECT_EQ(load.reused, 1);
}

/// The modelled time of workgroups that each execute some loads of lines of
/// their own, a wait if there are any, and the end.
static double usOf(llvm::ArrayRef<unsigned> loads) {
  Parameters p = llvm::cantFail(builtInParameters("gfx950"));
  Recording recording(p, {});
  recording.program(loadAndWait(loads.size()));
  for (uint64_t i = 0; i < loads.size(); ++i) {
    std::unique_ptr<GroupEvents> group = recording.begin(i);
    MemoryEvent event;
    event.bytes = 128;
    for (unsigned load = 0; load < loads[i]; ++load) {
      std::vector<uint64_t> line = {8 * i + load};
      event.lines = line;
      group->executed(0, 0, event);
    }
    if (loads[i])
      group->executed(0, 1, MemoryEvent());
    group->executed(0, 2, MemoryEvent());
    recording.end(std::move(group));
  }
  recording.finish();
  return modelTime(recording, p).us;
}

// One workgroup on each compute unit. One with 8 instructions shares the memory
// with those of 3, more than a quarter of it, as with its like, and not with
// those of one.
TEST(Model, LightWorkgroupsShareTheMemory) {
  std::vector<unsigned> alike(256, 6), light(256, 1), idle(256, 0);
  light[0] = idle[0] = 6;
  EXPECT_EQ(usOf(light), usOf(alike));
  EXPECT_LT(usOf(idle), usOf(light));
}

// Lines that the first round has read are in the MALL for the second, not for
// the first itself: where all of a round start at once, the second one adds its
// own latency to the time of one.
TEST(Model, TheFirstRoundReadsHbm) {
  Parameters p = llvm::cantFail(builtInParameters("gfx950"));
  p.workgroup_clk = 0;
  p.buffer_sets = 1e6; // what earlier launches left is gone
  double us[2];
  for (unsigned i : {0, 1}) {
    uint64_t groups = 1024 * (i + 1);
    Recording recording(p, {});
    recording.program(loadAndWait(groups));
    for (uint64_t g = 0; g < groups; ++g)
      if (recording.wants(g))
        runGroup(recording, g, {g % 1024});
    recording.finish();
    us[i] = modelTime(recording, p).us;
  }
  double least = std::min(p.l2_latency_clk, p.mall_latency_clk);
  EXPECT_GE(us[1] - us[0], least / p.clock_ghz / 1000);
}

// The load waits for its code, the wait for the load, the end for nothing.
TEST(Model, TimelineOfStalls) {
  Parameters p = llvm::cantFail(builtInParameters("gfx950"));
  Recording recording(p, {});
  recording.program(loadAndWait(1));
  runGroup(recording, 0, {7});
  recording.finish();
  std::string text;
  llvm::raw_string_ostream os(text);
  writeTimeline(recording, p, os, 100);
  EXPECT_EQ(llvm::StringRef(text).count("\"cat\":\"stall\""), 2u) << text;
}

/// The longest launch says what bounds all, also where those before it take
/// longer together.
TEST(Model, TheLongestOfThreeLaunches) {
  ModelledTime sum, second, third;
  sum.us = 10;
  sum.boundBy = "launch";
  second.us = 9;
  second.boundBy = "hbm";
  third.us = 15;
  third.boundBy = "mfma";
  ModelledTime last = second;
  sum.add(second);
  sum.add(third);
  EXPECT_EQ(sum.us, 34);
  EXPECT_EQ(sum.boundBy, "mfma");
  last.add(sum);
  EXPECT_EQ(last.boundBy, "mfma");
}

/// A launch without converts takes as long with each of their times; the longer
/// one says what bounds both.
TEST(Model, LaunchesInTurn) {
  ModelledTime plain, converts;
  plain.us = 3;
  plain.boundBy = "launch";
  converts.us = 10;
  converts.boundBy = "mfma";
  converts.byScaledCvt = {{4, 10}, {8, 12}};
  ModelledTime first = plain, second = converts;
  first.add(converts);
  second.add(plain);
  for (const ModelledTime &sum : {first, second}) {
    EXPECT_EQ(sum.us, 13);
    EXPECT_EQ(sum.boundBy, "mfma");
    ASSERT_EQ(sum.byScaledCvt.size(), 2u);
    EXPECT_EQ(sum.byScaledCvt[0].second, 13);
    EXPECT_EQ(sum.byScaledCvt[1].second, 15);
  }
}

// 65536 workgroups on 1024 places: many rounds take longer than one of 256, and
// no less than their bytes need.
TEST(Model, ManyWorkgroups) {
  Parameters p = llvm::cantFail(builtInParameters("gfx950"));
  double us[2];
  for (unsigned i : {0, 1}) {
    uint64_t groups = i ? 65536 : 256;
    Recording recording(p, {});
    recording.program(loadAndWait(groups));
    for (uint64_t g = 0; g < groups; ++g)
      if (recording.wants(g)) {
        std::vector<uint64_t> lines;
        for (uint64_t line = 0; line < 64; ++line)
          lines.push_back(64 * g + line);
        runGroup(recording, g, lines);
      }
    recording.finish();
    ModelledTime time = modelTime(recording, p);
    us[i] = time.us;
    double bytes = double(groups) * 64 * 128;
    EXPECT_NEAR(time.hbmBytes, bytes, 1);
    EXPECT_GE(time.us - p.launch_us, bytes / p.hbm_tbs / 1e6 * 0.9);
    EXPECT_NEAR(time.idealUs, bytes / p.hbm_peak_tbs / 1e6, 1e-6);
  }
  EXPECT_GT(us[1], 4 * us[0]);
}
