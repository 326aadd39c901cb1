//===- EventRecorder.h - telling a sink what a workgroup does ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes events of the memory accesses of a workgroup's waves and passes these
// on to the sanitizers, where there are any.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_EVENTRECORDER_H
#define MOE_LIB_EMULATOR_RUN_EVENTRECORDER_H

#include "Decode/Disassembler.h"
#include "Memory/Access.h"
#include "State/Program.h"
#include "moe/Emulator/Events.h"

namespace moe::emulator {

/// The instructions of a program as a sink gets them, without text.
std::vector<EventInst> eventInsts(const Program &program,
                                  const ChipFeatures &chip);

class EventRecorder : public AccessObserver {
public:
  EventRecorder(const Program &program, GroupEvents &events,
                AccessObserver *next)
      : program(program), events(events), next(next) {}

  /// Before and after an instruction; false: the wave ends there.
  void before(const Wave &w, const Inst &I);
  bool after(unsigned wave, uint32_t instIndex);

  void ldsDma(Wave &w, const Inst &I, uint32_t address,
              uint32_t bytes) override;
  void ldsAccess(Wave &w, const Inst &I, uint32_t address, uint32_t bytes,
                 LdsAccess kind) override;
  void ldsLanes(Wave &w, const Inst &I, const uint32_t *offsets, uint32_t bytes,
                const StoredLanes *stored) override;
  void ldsDmaLanes(Wave &w, const Inst &I, uint32_t target, uint32_t step,
                   uint32_t bytes) override;
  bool isUnwritten(uint64_t address) const override;
  void unreportedLoads(uint64_t base, const uint32_t *offsets, uint32_t add,
                       uint64_t lanes, unsigned bytes) override;
  void global(Wave &w, uint64_t address, unsigned bytes, GlobalAccess kind,
              const void *stored) override;

private:
  void addLines(uint64_t address, unsigned size);

  const Program &program;
  GroupEvents &events;
  AccessObserver *next; ///< may be null
  std::vector<uint64_t> lines;
  uint32_t bytes = 0;
  uint16_t phases = 0, conflicts = 0;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_EVENTRECORDER_H
