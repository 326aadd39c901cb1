//===- Workers.cpp - workgroups on threads --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every thread takes the next workgroup, puts those aside that wait for others,
// and resumes them in turn.
//
//===----------------------------------------------------------------------===//

#include "Run/LaunchRun.h"

#include "moe/Emulator/Events.h"

#include <chrono>
#include <thread>

using namespace llvm;
using namespace moe::emulator;

Error LaunchRun::place(const GroupFailure &failed,
                       const std::array<uint32_t, 3> &id) {
  std::string text = "kernel '" + kernel->name + "', workgroup " +
                     std::to_string(id[0]) + "," + std::to_string(id[1]) + "," +
                     std::to_string(id[2]) + ", wave " +
                     std::to_string(failed.wave);
  if (failed.instIndex >= 0 && size_t(failed.instIndex) < program->meta.size())
    text += ", at " + describeInst(object, *disassembler,
                                   program->meta[size_t(failed.instIndex)]);
  return createStringError(inconvertibleErrorCode(),
                           text + ": " + failed.message);
}

/// A workgroup that has started, with all that belongs to it.
struct LaunchRun::ActiveGroup {
  uint64_t turn = 0;  ///< in the order of starting
  uint64_t index = 0; ///< in the grid
  std::array<uint32_t, 3> id = {0, 0, 0};
  std::string where;
  std::unique_ptr<Sanitizers> sanitizers;
  std::optional<TraceRecorder> recorder;
  std::unique_ptr<GroupRunner> runner;
};

std::unique_ptr<LaunchRun::ActiveGroup> LaunchRun::makeGroup() {
  auto made = std::make_unique<ActiveGroup>();
  ActiveGroup *r = made.get();
  if (state.options.sanitizers)
    r->sanitizers = std::make_unique<Sanitizers>(
        state.options.sanitizers, *program, globals,
        [this, r](Sanitizer kind, int64_t first, int64_t second,
                  std::string text) {
          std::lock_guard<std::mutex> lock(mutex);
          findings->add(kind, first, second, std::move(text), r->where);
        });
  if (trace)
    r->recorder.emplace(*trace);
  r->runner = std::make_unique<GroupRunner>(
      state, r->sanitizers.get(), r->recorder ? &*r->recorder : nullptr, warn,
      this);
  return made;
}

/// Begins the next workgroup; false when there is none.
bool LaunchRun::startNext(ActiveGroup &r) {
  EventSink *sink = state.options.events;
  bool wanted = false;
  do {
    r.turn = nextGroup.fetch_add(1);
    if (r.turn >= groups)
      return false;
    r.index = order.empty() ? r.turn : order[r.turn];
    wanted = sink && sink->wants(r.index);
  } while (sink && sink->onlyWanted && !wanted);
  r.id = groupId(r.index);
  r.where = "workgroup " + std::to_string(r.id[0]) + "," +
            std::to_string(r.id[1]) + "," + std::to_string(r.id[2]);
  std::unique_ptr<GroupEvents> events;
  if (wanted) {
    std::lock_guard<std::mutex> lock(mutex);
    events = sink->begin(r.index);
  }
  r.runner->begin(r.id, r.index, std::move(events));
  return true;
}

void LaunchRun::fail(const ActiveGroup &r, const GroupFailure &failed) {
  std::string message = toString(place(failed, r.id));
  std::lock_guard<std::mutex> lock(mutex);
  if (!firstError || r.turn < firstError->first)
    firstError = {r.turn, std::move(message)};
  state.stop = true;
}

/// Runs a workgroup on; false when it waits for others.
bool LaunchRun::resumeGroup(ActiveGroup &r, GroupFailure &failed) {
  GroupEnd end = r.runner->resume(failed);
  if (end == GroupEnd::Spinning)
    return false;
  if (r.sanitizers)
    r.sanitizers->endGroup();
  if (end == GroupEnd::Failed)
    fail(r, failed);
  if (std::unique_ptr<GroupEvents> events = r.runner->takeEvents()) {
    std::lock_guard<std::mutex> lock(mutex);
    state.options.events->end(std::move(events));
  }
  // One that another thread's failure has stopped comes back as finished, and
  // must not be missing from those that wait in the message of that failure.
  if (end != GroupEnd::Failed && state.stop)
    return true;
  ++moves;
  uint64_t done = doneGroups.fetch_add(1) + 1;
  if (state.options.progress) {
    std::lock_guard<std::mutex> lock(mutex);
    state.options.progress(done, groups);
  }
  return true;
}

/// True once every thread has finished a round without progress. A thread that
/// is the first to do so waits a moment for the others.
bool LaunchRun::allIdle(uint64_t seen) {
  std::unique_lock<std::mutex> lock(mutex);
  if (moves.load() != seen)
    return false;
  if (idleMoves != seen)
    idleThreads = 0;
  idleMoves = seen;
  if (++idleThreads < runningThreads.load()) {
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    lock.lock();
  }
  if (moves.load() != seen)
    return false;
  bool all = idleMoves == seen && idleThreads >= runningThreads.load();
  if (!all && idleMoves == seen)
    --idleThreads;
  return all;
}

/// Resumes each waiting workgroup once. False when none makes progress and no
/// other thread can change that.
bool LaunchRun::resumeWaiting(ActiveGroups &waiting, ActiveGroups &spare) {
  uint64_t seen = moves.load();
  bool moved = false;
  GroupFailure failed;
  for (size_t i = 0; i < waiting.size() && !state.stop;) {
    ActiveGroup &r = *waiting[i];
    bool ended = resumeGroup(r, failed);
    moved |= ended || r.runner->progressed();
    if (!ended) {
      ++i;
      continue;
    }
    spare.push_back(std::move(waiting[i]));
    waiting.erase(waiting.begin() + i);
  }
  if (moved) {
    ++moves;
    return true;
  }
  if (state.stop || !allIdle(seen))
    return true;
  resumeGroup(*waiting.front(), failed); // for the place
  // Of all threads: each holds some of those that wait.
  uint64_t started = std::min<uint64_t>(groups, nextGroup);
  failed.message = "waits in a loop for memory that no workgroup changes any "
                   "more: " +
                   std::to_string(started - doneGroups) + " workgroups wait, " +
                   std::to_string(groups - started) + " have not started";
  fail(*waiting.front(), failed);
  return false;
}

void LaunchRun::worker() {
  ActiveGroups waiting, spare;
  spare.push_back(makeGroup());
  // As many workgroups at once as 1 GiB holds, a GPU's worth of them at least.
  uint64_t limit = std::max<uint64_t>(
      1216, (uint64_t(1) << 30) / (spare.back()->runner->bytes() + 1));
  limit = std::min<uint64_t>(limit, 16384);
  GroupFailure failed;
  while (!state.stop) {
    if (waiting.size() < limit && nextGroup.load() < groups) {
      if (spare.empty())
        spare.push_back(makeGroup());
      std::unique_ptr<ActiveGroup> r = std::move(spare.back());
      spare.pop_back();
      bool started = startNext(*r);
      (started && !resumeGroup(*r, failed) ? waiting : spare)
          .push_back(std::move(r));
      continue;
    }
    if (waiting.empty() || !resumeWaiting(waiting, spare))
      break;
  }
  --runningThreads;
  for (ActiveGroups *list : {&waiting, &spare})
    for (auto &r : *list)
      collect(*r->runner);
}

void LaunchRun::collect(const GroupRunner &runner) {
  std::lock_guard<std::mutex> lock(mutex);
  stats.instructions += runner.executed();
  stats.waves += runner.waveCount();
  const Counters &counts = runner.counters();
  stats.globalBytesRead += counts.globalRead;
  stats.globalBytesWritten += counts.globalWritten;
  stats.globalAtomics += counts.globalAtomics;
  stats.ldsBytesRead += counts.ldsRead;
  stats.ldsBytesWritten += counts.ldsWritten;
  stats.ldsBankConflicts += counts.ldsConflicts;
  perInst.resize(counts.perInst.size());
  uint64_t executions = 0;
  for (size_t i = 0; i + 1 < perInst.size(); ++i) {
    executions += counts.perInst[i];
    perInst[i] += executions;
  }
}
