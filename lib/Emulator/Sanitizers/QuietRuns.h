//===- QuietRuns.h - instructions that need no check one by one -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences of arithmetic between memory instructions, waits and branches, by
// the registers they touch.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_QUIETRUNS_H
#define MOE_LIB_EMULATOR_SANITIZERS_QUIETRUNS_H

#include "Sanitizers/Registers.h"

namespace moe::emulator {

/// A sequence of records that touches registers only, by what is needed to know
/// that checking its instructions one by one would find nothing.
struct QuietRun {
  uint16_t length = 0; ///< records
  bool writesExec = false;
  bool usesAllLanes = false; ///< those that are off as well
  RegSet touched, written;
  RegSet read; ///< before the run itself writes them
};

/// The runs of a program: run `at[record] - 1` starts at a record.
struct QuietRuns {
  std::vector<uint32_t> at;
  std::vector<QuietRun> runs;
};
QuietRuns findQuietRuns(const Program &program);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_QUIETRUNS_H
