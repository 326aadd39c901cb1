// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Draws the progress bar of a run.
#include "Driver/Run/RunProgress.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <memory>

using namespace llvm;

/// "4 s", "3 min 20 s", "2 h 5 min".
static std::string duration(double seconds) {
  auto whole = uint64_t(seconds + 0.5);
  if (whole < 60)
    return formatv("{0} s", whole);
  if (whole < 3600)
    return formatv("{0} min {1} s", whole / 60, whole % 60);
  return formatv("{0} h {1} min", whole / 3600, whole / 60 % 60);
}

std::string moe::driver::progressLine(uint64_t done, uint64_t all,
                                      double seconds, const char *what) {
  constexpr unsigned width = 20;
  auto filled = unsigned(double(width) * double(done) / double(all));
  std::string line =
      formatv("[{0}{1}] {2} % {3} of {4} {5}", std::string(filled, '#'),
              std::string(width - filled, '.'),
              uint64_t(100.0 * double(done) / double(all)), done, all, what);
  if (!done || seconds < 0.5)
    return line;
  double rate = double(done) / seconds;
  return line + formatv(", {0}/s, {1} left",
                        rate < 10 ? formatv("{0:F1}", rate).str()
                                  : formatv("{0:F0}", rate).str(),
                        duration(double(all - done) / rate))
                    .str();
}

std::function<void(uint64_t, uint64_t)>
moe::driver::makeProgress(bool now, const char *what) {
  if (!errs().is_displayed())
    return nullptr;
  using Clock = std::chrono::steady_clock;
  struct State {
    Clock::time_point start = Clock::now(), next;
    bool drawn = false;
  };
  auto state = std::make_shared<State>();
  state->next = state->start + std::chrono::seconds(now ? 0 : 2);
  return [state, what](uint64_t done, uint64_t all) {
    auto time = Clock::now();
    // The run after this one, of a layer for instance, counts anew.
    if (done == all) {
      if (state->drawn)
        errs() << "\r\033[K";
      *state = State{time, time, false};
      return;
    }
    if (time < state->next)
      return;
    state->next = time + std::chrono::milliseconds(200);
    state->drawn = true;
    std::chrono::duration<double> passed = time - state->start;
    errs() << '\r' << progressLine(done, all, passed.count(), what) << "\033[K";
  };
}
