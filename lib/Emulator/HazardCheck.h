//===- HazardCheck.h - required wait states ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `hazard` sanitizer: the manual's table of instruction pairs that need
// independent instructions or s_nop between them, checked on the instructions
// as they execute.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_HAZARDCHECK_H
#define MOE_LIB_EMULATOR_HAZARDCHECK_H

#include "SanitizerParts.h"

namespace moe::emulator {

class HazardCheck {
public:
  HazardCheck(const Program &program, const Sanitizers::Sink &sink)
      : program(program), sink(sink) {}
  void beginGroup();
  void before(Wave &w, uint32_t record);

private:
  /// The last write of a register: by which instruction, and at which wait
  /// state of its wave.
  struct Write {
    uint32_t record = 0; ///< + 1
    uint64_t at = 0;
  };
  struct WaveState {
    Write writes[registerCount];
    uint64_t now = 0; ///< wait states issued
  };
  void need(Wave &w, uint32_t record, unsigned reg, unsigned states,
            const char *rule, bool (*writer)(InstClass));

  const Program &program;
  const Sanitizers::Sink &sink;
  WaveState waves[maxWaves];
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_HAZARDCHECK_H
