//===- Events.h - what a timing model is told of a run ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instructions of a kernel with what decides how long they take, and for
// chosen workgroups each execution with the memory it touched. Nothing here is
// a time. Without a sink a run costs no more than before.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_EVENTS_H
#define MOE_EMULATOR_EVENTS_H

#include "moe/Emulator/InstClass.h"
#include "moe/Emulator/Trace.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>

namespace moe::emulator {

/// Registers that follow each other: SGPRs are 0 to 127 (VCC 106, M0 124, EXEC
/// 126), the rows of the unified vector file 256 and up.
struct EventRegs {
  uint16_t first = 0;
  uint8_t count = 0;
  bool written = false, read = false;
};

/// An instruction of the program.
struct EventInst : TraceInst {
  InstClass kind = InstClass::Other;
  uint8_t bytes = 4; ///< of its encoding
  std::vector<EventRegs> regs;
  bool readsScc = false, writesScc = false;
  uint8_t passes = 0; ///< of a matrix instruction: 4 cycles each
  /// s_waitcnt: what may still be in flight; 63 and 15 say nothing.
  uint8_t vmcnt = 63, lgkmcnt = 15;
  uint16_t nops = 0;   ///< s_nop: wait states
  uint32_t target = 0; ///< of a branch to a known place: index in insts
};

struct EventProgram {
  std::string kernel, chip;
  std::vector<EventInst> insts;
  uint64_t groups = 0; ///< workgroups of the launch
  uint32_t waves = 0;  ///< of a workgroup
  uint32_t vgprs = 0;  ///< allocated to a wave, granule included
  /// Allocated to a workgroup, dynamic LDS and granule included.
  uint32_t ldsBytes = 0;
  uint32_t ldsGranule = 1;
};

/// What one executed instruction did besides registers.
struct MemoryEvent {
  /// Lines of 128 bytes of global memory (address / 128), each once.
  llvm::ArrayRef<uint64_t> lines;
  uint32_t bytes = 0; ///< of global memory, over all lanes
  /// Phases of the LDS access, with those that bank conflicts add; the latter
  /// by themselves. Fits the model's LDS instructions; 0 elsewhere.
  uint16_t ldsPhases = 0, ldsConflicts = 0;
};

/// The events of one workgroup; used by one thread at a time.
class GroupEvents {
public:
  virtual ~GroupEvents() = default;
  /// A wave has executed an instruction, an index in EventProgram::insts.
  /// False ends the wave there, for runs with EventSink::onlyWanted.
  virtual bool executed(unsigned wave, uint32_t inst,
                        const MemoryEvent &memory) = 0;
};

/// Who wants the events of a run. No two calls at once.
class EventSink {
public:
  virtual ~EventSink() = default;
  /// Before the first workgroup.
  virtual void program(EventProgram program) = 0;
  /// Whether the events of a workgroup, by its position in the grid (x
  /// fastest), are wanted.
  virtual bool wants(uint64_t ordinal) const = 0;
  virtual std::unique_ptr<GroupEvents> begin(uint64_t ordinal) = 0;
  virtual void end(std::unique_ptr<GroupEvents> events) = 0;
  /// Runs no other workgroups: the contents of the buffers mean nothing then.
  bool onlyWanted = false;
};

} // namespace moe::emulator

#endif // MOE_EMULATOR_EVENTS_H
