//===- RecordingTest.cpp - classes and shared lines -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workgroups that are told to a recording by hand, and the time of the launch.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Model.h"

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

// 4096 workgroups on 1024 places: more than four rounds take longer than one,
// and no less than their bytes need.
/// A launch without converts takes as long with each of their times.
TEST(Model, LaunchesInTurn) {
  ModelledTime plain, converts;
  plain.us = 3;
  converts.us = 10;
  converts.byScaledCvt = {{4, 10}, {8, 12}};
  ModelledTime first = plain, second = converts;
  first.add(converts);
  second.add(plain);
  for (const ModelledTime &sum : {first, second}) {
    EXPECT_EQ(sum.us, 13);
    ASSERT_EQ(sum.byScaledCvt.size(), 2u);
    EXPECT_EQ(sum.byScaledCvt[0].second, 13);
    EXPECT_EQ(sum.byScaledCvt[1].second, 15);
  }
}

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
