//===- GlobalCheckTest.cpp - what orders workgroups on other threads ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two workgroups step by step, in orders that threads of a launch take only now
// and then: an atomic has reached memory, and another workgroup goes on before
// the one that executes it does.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/GlobalCheck.h"
#include "AsmWave.h"
#include "Sanitizers/Polls.h"
#include "gtest/gtest.h"

using namespace moe::emulator;

namespace {
/// The instructions of the program below.
enum Step { Store, Load, Atomic, FlatAtomic, Wait, ScopedStore, ScopedLoad };

class Groups : public ::testing::Test {
protected:
  Groups() : bytes(64), writer(make()), reader(make()) {
    wave.map(12, bytes);
    address = wave.w().s64(12);
    wave.group.waves = {&wave.w()};
    wave.w().code = program.code.data();
    writer->beginGroup(wave.group);
    reader->beginGroup(wave.group);
  }
  std::unique_ptr<Sanitizers> make() {
    if (program.code.empty())
      EXPECT_EQ(decodeText(Chip::GFX950,
                           "global_store_dword v2, v4, s[12:13]\n"
                           "global_load_dword v5, v2, s[12:13]\n"
                           "global_atomic_add v2, v4, s[12:13]\n"
                           "flat_atomic_add v[6:7], v4\n"
                           "s_waitcnt vmcnt(0)\n"
                           "global_store_dword v2, v4, s[12:13] sc0 sc1\n"
                           "global_load_dword v5, v2, s[12:13] sc0 sc1\n",
                           256, 128, program),
                "");
    return std::make_unique<Sanitizers>(
        SanitizeRace, program, check,
        [this](Sanitizer, int64_t, int64_t, const std::string &) {
          ++reports;
        });
  }
  /// An instruction up to the moment in which it reaches memory.
  void begin(Sanitizers &group, Step step, unsigned offset = 0) {
    static const uint32_t stored = 7;
    group.before(wave.w(), program.code[step]);
    if (step != Wait && step != FlatAtomic) // which goes to LDS here
      group.global(wave.w(), address + offset, 4,
                   step == Load || step == ScopedLoad ? GlobalAccess::Read
                   : step == Atomic                   ? GlobalAccess::Atomic
                                                      : GlobalAccess::Write,
                   &stored);
  }
  void end(Sanitizers &group, Step step) {
    group.after(wave.w(), program.code[step]);
  }
  void run(Sanitizers &group, Step step, unsigned offset = 0) {
    begin(group, step, offset);
    end(group, step);
  }
  void writeAndWait() {
    run(*writer, Store);
    run(*writer, Wait);
  }

  AsmWave wave;
  Program program;
  std::vector<uint8_t> bytes;
  uint64_t address = 0;
  GlobalCheck check;
  std::unique_ptr<Sanitizers> writer, reader;
  unsigned reports = 0;
};
} // namespace

TEST_F(Groups, AWriteThatNothingReleases) {
  writeAndWait();
  run(*reader, Load);
  EXPECT_EQ(reports, 1u);
}

TEST_F(Groups, AnAtomicReleasesAsSoonAsOthersSeeIt) {
  writeAndWait();
  begin(*writer, Atomic, 8);
  run(*reader, Atomic, 8);
  run(*reader, Load);
  end(*writer, Atomic);
  EXPECT_EQ(reports, 0u);
}

TEST_F(Groups, AnAtomicInLdsReleasesNothing) {
  writeAndWait();
  run(*writer, FlatAtomic);
  run(*reader, Load);
  EXPECT_EQ(reports, 1u);
}

TEST_F(Groups, AResetThatComesBeforeTheEndOfAnAtomic) {
  begin(*writer, Atomic);
  run(*reader, Atomic);
  run(*reader, Wait);
  run(*reader, Store);
  end(*writer, Atomic);
  EXPECT_EQ(reports, 0u);
}

TEST_F(Groups, AnAtomicOvertakesADeviceScopeStore) {
  run(*writer, ScopedStore);
  run(*writer, Atomic, 8);
  run(*writer, Wait);
  run(*reader, Atomic, 8);
  run(*reader, ScopedLoad);
  EXPECT_EQ(reports, 1u);
}

TEST_F(Groups, AWaitReleasesADeviceScopeStore) {
  run(*writer, ScopedStore);
  run(*writer, Wait);
  run(*writer, Atomic, 8);
  run(*reader, Atomic, 8);
  run(*reader, ScopedLoad);
  EXPECT_EQ(reports, 0u);
}

/// Of other counters, as of tickets, nothing is known about the store.
TEST_F(Groups, ADeviceScopeStoreIsAFlagToOthers) {
  run(*writer, ScopedStore);
  run(*writer, Atomic, 8);
  run(*reader, Atomic, 16);
  run(*reader, ScopedLoad);
  EXPECT_EQ(reports, 0u);
}

TEST_F(Groups, AFlagIsReadAgainOrChangedByAtomics) {
  run(*writer, Store, 32); // from now on reads of these bytes are noted
  run(*writer, Wait);
  run(*reader, ScopedLoad);
  run(*writer, ScopedStore);
  run(*writer, Atomic, 8);
  run(*reader, Atomic, 8);
  run(*reader, ScopedLoad);
  run(*reader, Atomic, 16);
  run(*writer, ScopedStore, 16);
  run(*writer, Atomic, 8);
  run(*reader, Atomic, 8);
  run(*reader, ScopedLoad, 16);
  EXPECT_EQ(reports, 0u);
}

TEST(Polls, AreLoadsThatALoopRepeats) {
  Program program;
  ASSERT_EQ(decodeText(Chip::GFX942,
                       "global_load_dword v5, v2, s[12:13] sc1\n"
                       "s_cbranch_scc1 65534\n"
                       "global_load_dword v5, v2, s[12:13] sc1\n"
                       "v_add_u32 v2, 4, v2\n"
                       "s_cbranch_scc1 65533\n",
                       256, 128, program),
            "");
  program.code[1].imm = 0;
  program.code[4].imm = 2;
  EXPECT_TRUE(isPoll(program, 0));
  EXPECT_FALSE(isPoll(program, 2));
}
