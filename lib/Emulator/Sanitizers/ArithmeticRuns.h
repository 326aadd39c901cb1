//===- ArithmeticRuns.h - runs that need no check one by one ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences of arithmetic between memory instructions, waits and branches, by
// the registers they use.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_ARITHMETICRUNS_H
#define MOE_LIB_EMULATOR_SANITIZERS_ARITHMETICRUNS_H

#include "Sanitizers/Registers.h"

namespace moe::emulator {

/// A sequence of instructions that access registers only, with what decides
/// whether checking them one by one could find anything.
struct ArithmeticRun {
  uint16_t length = 0; ///< instructions
  bool writesExec = false;
  bool usesAllLanes = false; ///< those that are off as well
  RegSet accessed, written;
  RegSet read; ///< before the run itself writes them
};

/// The runs of a program: `at[i]` is 0 or the number of the run that starts at
/// instruction i, plus 1.
struct ArithmeticRuns {
  std::vector<uint32_t> at;
  std::vector<ArithmeticRun> runs;
};
ArithmeticRuns findArithmeticRuns(const Program &program);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_ARITHMETICRUNS_H
