//===- LivenessTest.cpp - live vector registers ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Straight lines and a loop.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Liveness.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

static EventInst inst(InstClass kind, std::vector<EventRegs> regs = {}) {
  EventInst made;
  made.kind = kind;
  made.regs = std::move(regs);
  return made;
}

TEST(Liveness, FromWriteToLastRead) {
  EventProgram program;
  program.insts = {
      inst(InstClass::Valu, {{256, 2, true, false}}),
      inst(InstClass::Valu, {{256, 1, false, true}, {300, 1, true, false}}),
      inst(InstClass::Valu, {{257, 1, false, true}}), inst(InstClass::End)};
  EXPECT_EQ(moe::timing::liveVgprs(program),
            (std::vector<unsigned>{0, 2, 1, 0}));
}

// Register 0 is read in the next round as well, scalar registers do not count.
TEST(Liveness, AroundALoop) {
  EventProgram program;
  program.insts = {inst(InstClass::Valu, {{256, 1, true, false}}),
                   inst(InstClass::Valu, {{256, 1, false, true}}),
                   inst(InstClass::Salu, {{4, 1, true, true}}),
                   inst(InstClass::Branch), inst(InstClass::End)};
  program.insts[3].target = 1;
  EXPECT_EQ(moe::timing::liveVgprs(program),
            (std::vector<unsigned>{0, 1, 1, 1, 0}));
}
