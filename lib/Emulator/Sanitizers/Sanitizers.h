//===- Sanitizers.h - checks beside the execution ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interface between the scheduler, the memory handlers and the sanitizers.
// One object a workgroup; nothing here changes what a kernel computes.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_SANITIZERS_H
#define MOE_LIB_EMULATOR_SANITIZERS_SANITIZERS_H

#include "Memory/Access.h"
#include "State/Program.h"
#include "moe/Emulator/Sanitizer.h"

#include <functional>
#include <memory>

namespace moe::emulator {

class GlobalCheck;

/// Finds what hardware would hide. Called by one thread.
class Sanitizers final : public AccessObserver {
public:
  /// A finding: which sanitizer, the two instruction indices (or -1) and the
  /// text, in which %1 and %2 stand for the two instructions.
  using Sink = std::function<void(Sanitizer, int64_t, int64_t, std::string)>;

  /// `globals`: shared by all workgroups of the launch.
  Sanitizers(uint32_t bits, const Program &program, GlobalCheck &globals,
             Sink sink);
  ~Sanitizers() override;
  void beginGroup(Workgroup &group);
  /// Its waves have ended, or one has failed.
  void endGroup();
  /// Before and after an instruction executes.
  void before(Wave &w, const Inst &I);
  void after(Wave &w, const Inst &I);
  /// How many instructions from this one on, `most` at most, may run without
  /// `before` and `after`, since these would find nothing; often 0.
  uint32_t passRun(Wave &w, const Inst &I, size_t most) {
    uint32_t run = runAt[&I - w.code];
    return run ? passRunAt(w, run - 1, uint32_t(&I - w.code), most) : 0;
  }
  /// All waves have arrived at a barrier.
  void barrier(Workgroup &group);
  void ldsDma(Wave &w, const Inst &I, uint32_t address,
              uint32_t bytes) override;
  void ldsAccess(Wave &w, const Inst &I, uint32_t address, uint32_t bytes,
                 LdsAccess kind) override;
  void ldsLanes(Wave &w, const Inst &I, const uint32_t *offsets, uint32_t bytes,
                const StoredLanes *stored) override;
  void ldsDmaLanes(Wave &w, const Inst &I, uint32_t target, uint32_t step,
                   uint32_t bytes) override;
  bool isUnwritten(uint64_t address) const override;
  void global(Wave &w, uint64_t address, unsigned bytes, GlobalAccess kind,
              const void *stored) override;

private:
  void arrived(Wave &w, uint32_t counts);
  uint32_t passRunAt(Wave &w, uint32_t run, uint32_t instIndex, size_t most);
  const uint32_t *runAt; ///< by instruction: 0, or a run of arithmetic + 1
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_SANITIZERS_H
