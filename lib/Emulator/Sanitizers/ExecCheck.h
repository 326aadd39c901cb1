//===- ExecCheck.h - exchange with lanes that are off -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `exec` sanitizer.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_EXECCHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_EXECCHECK_H

#include "Sanitizers/Registers.h"
#include "Sanitizers/Sanitizers.h"

namespace moe::emulator {

/// `exec`: exchange between lanes while some of those that the wave started
/// with are off. A value fetched from such a lane is tracked until it is used:
/// compilers fetch more than they need and select afterwards.
class ExecCheck {
public:
  ExecCheck(const Program &program, const Sanitizers::Sink &sink)
      : program(program), sink(sink) {}
  void beginGroup();
  /// `started`: EXEC at the start of the wave.
  void before(Wave &w, uint32_t instIndex, uint64_t started);
  void after(Wave &w, uint32_t instIndex);
  /// No register of the wave holds such a value.
  bool tracksNothing(const Wave &w) const { return !tracked[w.id]; }

private:
  /// Lanes of a register, or bits of a lane mask, that depend on a value from a
  /// lane that was off; where the first one comes from.
  struct Fetched {
    uint64_t lanes = 0;
    uint32_t instIndex = 0;
    uint8_t lane = 0, from = 0;
    void add(const Fetched &other, uint64_t which);
  };
  void set(const Wave &w, Fetched &slot, const Fetched &value);
  void use(const Wave &w, uint32_t instIndex, Fetched &value);
  Fetched fetch(const Wave &w, uint32_t instIndex, uint64_t started) const;
  Fetched exchanged(const Wave &w, uint32_t instIndex) const;
  Fetched result(const Wave &w, uint32_t instIndex) const;
  void scalar(const Wave &w, uint32_t instIndex);
  void useRegisters(const Wave &w, uint32_t instIndex);
  const Program &program;
  const Sanitizers::Sink &sink;
  Fetched rows[maxWaves][512];
  Fetched masks[maxWaves][128];    ///< by the first SGPR of the pair
  unsigned tracked[maxWaves] = {}; ///< entries of both that have lanes
  Fetched next;                    ///< the result of the current instruction
  uint64_t execBefore = 0;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_EXECCHECK_H
