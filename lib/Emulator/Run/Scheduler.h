//===- Scheduler.h - workgroups and waves in turn ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs one workgroup after the other on the calling thread. What a launch is,
// and how threads share its workgroups, is in Run.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_SCHEDULER_H
#define MOE_LIB_EMULATOR_RUN_SCHEDULER_H

#include "Run/EventRecorder.h"
#include "Run/TraceRecorder.h"
#include "Sanitizers/Sanitizers.h"
#include "State/Program.h"
#include "moe/Emulator/Emulator.h"

#include <atomic>

namespace moe::emulator {

/// What all threads of a run share, read-only but for the atomics.
struct RunState {
  const KernelInfo *kernel = nullptr;
  const Program *program = nullptr;
  Memory *memory = nullptr;
  std::array<uint32_t, 3> grid, block;
  uint32_t ldsSize = 0;
  const ChipFeatures *chip = nullptr;
  std::vector<uint32_t> userSgprs;
  unsigned filledSgprs = 0; ///< of userSgprs, by a property of the kernel
  RunOptions options;
  /// The instruction before which registers are printed, or -1; the waves whose
  /// registers have been printed, as bits.
  int64_t watchIndex = -1;
  uint32_t watchedWaves = 0;
  std::atomic<uint64_t> instructions{0};
  std::atomic<bool> stop{false};
};

/// Why a workgroup failed.
struct GroupFailure {
  std::string message;    ///< without place
  int64_t instIndex = -1; ///< instruction, or -1
  unsigned wave = 0;
};

/// How a workgroup left the runner.
enum class GroupEnd : uint8_t {
  Finished,
  Failed,
  /// Every wave that is not at a barrier waits for memory to change, or the
  /// workgroup comes back to the same state from barrier to barrier: to be
  /// resumed when another workgroup has run.
  Spinning
};

/// The waves, LDS and counters of a workgroup, used for one after the other.
class GroupRunner {
public:
  GroupRunner(RunState &state, Sanitizers *sanitizers, TraceRecorder *recorder,
              void (*warn)(void *, const std::string &, const Inst *),
              void *warnContext);
  ~GroupRunner();
  /// \p events: what is told of this workgroup, or null.
  void begin(const std::array<uint32_t, 3> &id, uint64_t ordinal,
             std::unique_ptr<GroupEvents> events);
  /// What `begin` got, after the workgroup's end.
  std::unique_ptr<GroupEvents> takeEvents() { return std::move(groupEvents); }
  /// From where it is on.
  GroupEnd resume(GroupFailure &failure);
  /// Did the last `resume` find something other than the state it left before?
  bool progressed() const { return moved; }
  /// Host bytes of a runner.
  uint64_t bytes() const {
    return registers.size() * 4 + scratch.size() + group.lds.size();
  }
  const Counters &counters() const { return counts; }
  uint64_t waveCount() const { return wavesRun; }
  uint64_t executed() const { return instructionsRun; }

private:
  void startWave(Wave &w, unsigned index, const std::array<uint32_t, 3> &id);
  uint64_t sliceLength();
  void runSlice(Wave &w, uint64_t limit);
  void runLoop(Wave &w, uint64_t limit);
  void runTurn(Wave &w);
  bool runWatched(Wave &w, uint64_t limit);
  void watchSpin(Wave &w, uint64_t done);
  void startLook(const Wave &w);
  void watchSlice(Wave &w, uint64_t limit);
  bool repeatsAtBarrier();
  void releaseBarrier();
  uint64_t digest(const Wave &w) const;
  uint64_t scalarDigest() const;
  uint64_t groupDigest() const;
  bool allSpin() const;
  bool turn(GroupFailure &failure, bool &finished);
  bool overBudget(Wave &w, GroupFailure &failure);
  GroupEnd putAside(GroupFailure &failure);
  uint64_t random();

  RunState &state;
  Sanitizers *sanitizers;
  TraceRecorder *recorder; ///< null: no trace
  std::unique_ptr<GroupEvents> groupEvents;
  std::optional<EventRecorder> events; ///< of groupEvents
  Workgroup group;
  Counters counts;
  std::vector<std::unique_ptr<Wave>> waves;
  std::vector<uint32_t> registers;
  std::vector<uint8_t> scratch;
  std::vector<unsigned> order; ///< of the waves in a turn
  /// What tells that a wave waits for memory: it comes back to a place with the
  /// registers that it had there.
  struct Spin {
    uint64_t instructions = 0;   ///< since it last moved on
    uint64_t nextLook = 1 << 17; ///< instructions by then
    unsigned sleeps = 0, nextSleepLook = 8;
    bool waits = false;
    bool readsOnly = true; ///< its loop changes no memory
    /// A look: it is followed one instruction after the other.
    const Inst *place = nullptr; ///< null: not looked at
    uint64_t before = 0;         ///< digest at the place
    unsigned left = 0, visits = 0;
    const Inst *pc = nullptr; ///< where it was when it was left
    uint64_t state = 0;
  };
  std::vector<Spin> spins;
  /// The same of the workgroup as a whole, looked at when a barrier opens: its
  /// waves may hand on in LDS what one of them polls.
  struct BarrierSpin {
    uint64_t barriers = 0; ///< since the workgroup last moved on
    uint64_t savedAt = 0;  ///< barriers then; 0: nothing is saved
    uint64_t scalars = 0, all = 0;
    bool left = false; ///< the workgroup was put aside at this state
    bool waits = false;
  };
  BarrierSpin barrierSpin;
  bool readsOnly = true; ///< no change of global memory since it was resumed;
                         ///< followed when `left`
  bool moved = true;
  uint64_t randomState = 0, sliceState = 0, wavesRun = 0, instructionsRun = 0;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_SCHEDULER_H
