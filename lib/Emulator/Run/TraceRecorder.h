//===- TraceRecorder.h - filling a Trace during a run -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scheduler's side of a trace: a clock for each wave of the running
// workgroup and the slices so far. Called by one thread. What a slice looks
// like in a file is in Trace.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_TRACERECORDER_H
#define MOE_LIB_EMULATOR_RUN_TRACERECORDER_H

#include "moe/Emulator/Trace.h"

#include <algorithm>

namespace moe::emulator {

class TraceRecorder {
public:
  explicit TraceRecorder(Trace &trace) : trace(trace) {}

  bool full() const { return trace.slices.size() >= trace.limit; }
  void beginGroup(const std::array<uint32_t, 3> &id, uint64_t ordinal,
                  size_t waves) {
    if (full())
      return;
    clocks.assign(waves, 0);
    last.assign(waves, 0);
    own = uint32_t(trace.groups.size());
    trace.groups.push_back({id, ordinal});
  }
  /// A wave has executed an instruction.
  void executed(unsigned wave, uint32_t inst) {
    if (full()) {
      dropped = true;
      return;
    }
    last[wave] = trace.slices.size();
    TraceSlice slice;
    slice.start = clocks[wave]++;
    slice.inst = inst;
    slice.group = own;
    slice.wave = uint16_t(wave);
    trace.slices.push_back(slice);
  }
  /// All waves of the workgroup have arrived: none goes on before the last one
  /// is there. What was dropped may be one of the arrivals.
  void barrier() {
    if (dropped || clocks.empty())
      return;
    uint64_t now = *std::max_element(clocks.begin(), clocks.end());
    for (size_t wave = 0; wave < clocks.size(); ++wave) {
      TraceSlice &arrival = trace.slices[last[wave]];
      arrival.length = now - arrival.start;
      clocks[wave] = now;
    }
  }
  /// Instructions were executed without executed().
  void skip() { dropped = true; }

private:
  Trace &trace;
  std::vector<uint64_t> clocks;
  std::vector<size_t> last; ///< the latest slice of each wave
  bool dropped = false;
  uint32_t own = 0; ///< the workgroup's index in the trace
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_TRACERECORDER_H
