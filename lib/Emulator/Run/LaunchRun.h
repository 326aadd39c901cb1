//===- LaunchRun.h - a launch from start to end -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What belongs to one launch, on all its threads. Run.cpp checks and decodes
// it, LaunchMemory.cpp builds its address space, Workers.cpp executes its
// workgroups and Summary.cpp counts what was executed.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_LAUNCHRUN_H
#define MOE_LIB_EMULATOR_RUN_LAUNCHRUN_H

#include "Decode/Decoder.h"
#include "Files/HostBuffer.h"
#include "Run/Findings.h"
#include "Run/Scheduler.h"
#include "Sanitizers/GlobalCheck.h"

#include <map>
#include <mutex>
#include <set>

namespace moe::emulator {

/// Everything of one launch.
class LaunchRun {
public:
  LaunchRun(const KernelImage &object, const Launch &launch,
            const RunOptions &options)
      : object(object), launch(launch) {
    state.options = options;
  }
  llvm::Expected<RunResult> run();

private:
  // Run.cpp
  llvm::Error checkShape();
  llvm::Error checkArithmetic() const;
  llvm::Error decode();
  llvm::Error findWatched();
  void shuffleOrder();
  unsigned threadCount() const;
  // LaunchMemory.cpp
  llvm::Error mapMemory();
  llvm::Error mapGiven();
  llvm::Error fillSgprs();
  uint64_t mapReadOnly(std::vector<uint8_t> &bytes, const char *name);
  // Workers.cpp
  struct ActiveGroup;
  using ActiveGroups = std::vector<std::unique_ptr<ActiveGroup>>;
  std::unique_ptr<ActiveGroup> makeGroup();
  bool startNext(ActiveGroup &r);
  bool resumeGroup(ActiveGroup &r, GroupFailure &failed);
  bool allIdle(uint64_t seen);
  bool resumeWaiting(ActiveGroups &waiting, ActiveGroups &spare);
  void fail(const ActiveGroup &r, const GroupFailure &failed);
  void collect(const GroupRunner &runner);
  void worker();
  llvm::Error place(const GroupFailure &failed,
                    const std::array<uint32_t, 3> &id);
  // Summary.cpp
  std::vector<LineStats> countClasses();
  void describe(TraceInst &inst, const InstMeta &meta);
  void startEvents();
  void fillTrace();
  std::array<uint32_t, 3> groupId(uint64_t index) const {
    return {uint32_t(index % launch.grid[0]),
            uint32_t(index / launch.grid[0] % launch.grid[1]),
            uint32_t(index / launch.grid[0] / launch.grid[1])};
  }
  static void warn(void *self, const std::string &text, const Inst *at) {
    auto &run = *static_cast<LaunchRun *>(self);
    std::lock_guard<std::mutex> lock(run.mutex);
    if (at)
      run.placedWarnings[text].insert(size_t(at - run.program->code.data()));
    else
      run.warnings.insert(text);
  }
  void placeWarnings();

  const KernelImage &object;
  const Launch &launch;
  const KernelInfo *kernel = nullptr;
  std::unique_ptr<Disassembler> disassembler;
  std::shared_ptr<const Program> program;
  Memory memory;
  GlobalCheck globals;
  RunState state;
  HostBuffer image; ///< of the code object, unless the launch has one
  std::vector<uint8_t> kernarg, packet, queue;
  std::vector<std::optional<uint64_t>> places; ///< of the arguments
  uint64_t kernargAddress = 0, packetAddress = 0, queueAddress = 0;
  std::mutex mutex;
  std::set<std::string> warnings;
  /// By text, the instructions that they are about.
  std::map<std::string, std::set<size_t>> placedWarnings;
  std::optional<Findings> findings;
  std::optional<std::pair<uint64_t, std::string>> firstError;
  std::atomic<uint64_t> nextGroup{0}, doneGroups{0};
  /// Progress: workgroups that ended, and rounds in which a waiting one
  /// advanced.
  std::atomic<uint64_t> moves{0};
  std::atomic<unsigned> runningThreads{0};
  uint64_t idleMoves = 0;   ///< value of `moves` that idle threads have seen
  unsigned idleThreads = 0; ///< number of threads idle at that value
  std::vector<uint64_t> order;
  uint64_t groups = 0;
  Stats stats;
  std::vector<uint64_t> perInst; ///< executions by instruction index
  std::optional<Trace> trace;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_LAUNCHRUN_H
