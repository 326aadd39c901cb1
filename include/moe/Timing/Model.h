//===- Model.h - the modelled time of a launch ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a recording and a chip's parameters to microseconds, what bounds them,
// and where the cycles go. All times are modelled; docs/Timing.md says how, and
// how far they are from measured ones.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TIMING_MODEL_H
#define MOE_TIMING_MODEL_H

#include "moe/Timing/Recording.h"

#include <functional>

namespace moe::timing {

/// What one instruction of the program cost on the compute unit that was
/// simulated, over all its executions and waves, in clk.
struct InstTime {
  uint64_t count = 0;
  double issue = 0; ///< on its unit
  double stall = 0; ///< until it could issue
  uint64_t ldsConflicts = 0;
};

/// One execution of an instruction, in clk from the start of the launch.
struct Slice {
  unsigned group = 0, wave = 0, simd = 0; ///< group: on this compute unit
  uint32_t inst = 0;
  double ready = 0, issued = 0, end = 0;
};
using SliceSink = std::function<void(const Slice &)>;

struct ModelledTime {
  double us = 0;
  /// max(bytes of HBM / peak bandwidth, matrix passes / peak rate)
  double idealUs = 0;
  std::string boundBy;    ///< "mfma", "valu", "lds", "l1", "l2", "mall", "hbm",
                          ///< "latency", "launch"
  std::string parameters; ///< their name
  bool calibrated = false;
  double launchUs = 0;       ///< the part that an empty kernel takes
  double hbmBytes = 0;       ///< of the whole launch
  double matrixClk = 0;      ///< of all SIMDs of the chip together
  unsigned wavesPerSimd = 0; ///< that fit
  bool sampled = false;      ///< not all workgroups were run
  /// Part of the time that each unit of the simulated compute unit is busy.
  std::vector<std::pair<std::string, double>> busy;
  /// For kernels with v_cvt_scalef32_*, whose time is not published: `us` if
  /// one takes 4, 8 and 16 clk.
  std::vector<std::pair<unsigned, double>> byScaledCvt;
  std::vector<InstTime> insts; ///< as EventProgram::insts
  /// Of several launches, the time of the longest one; 0: it is one launch.
  double longestUs = 0;

  /// The launch after this one: times add up, what bounds the longest one
  /// bounds all.
  void add(const ModelledTime &next);
};

/// The time of the launch. The recording is finished.
ModelledTime modelTime(const Recording &recording, const Parameters &parameters,
                       const SliceSink &slices = nullptr);

/// The same without byScaledCvt, in a third of the time.
ModelledTime modelOneTime(const Recording &recording,
                          const Parameters &parameters,
                          const SliceSink &slices = nullptr);

} // namespace moe::timing

#endif // MOE_TIMING_MODEL_H
