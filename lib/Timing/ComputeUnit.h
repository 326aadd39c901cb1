//===- ComputeUnit.h - the time of workgroups on one CU ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Discrete-event simulation of one compute unit: its waves issue what was
// recorded, its caches and the shares it has of what all compute units share
// answer. Which workgroups run here, and what the whole launch takes, is in
// Model.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_TIMING_COMPUTEUNIT_H
#define MOE_LIB_TIMING_COMPUTEUNIT_H

#include "moe/Timing/Model.h"

namespace moe::timing {

/// A workgroup that the compute unit runs.
struct CuGroup {
  const std::vector<Stream> *waves = nullptr;
  const std::vector<Sharing> *sharing = nullptr;
  double start = 0;    ///< clk, not before
  double active = 1;   ///< compute units of the chip that run one at that time
  bool later = false;  ///< other workgroups of the launch ran before it
  bool cached = false; ///< the last-level cache holds all that is read
};

/// What the units of the compute unit did, in clk.
struct CuResult {
  double end = 0;
  std::vector<double> ends;  ///< of the groups, in the order they ended
  double mfma = 0, valu = 0; ///< of all SIMDs together
  double lds = 0, l1 = 0, l2 = 0, mall = 0, hbm = 0;
  double hbmBytes = 0;
  std::vector<InstTime> insts;
};

/// Runs the groups in order, `residents` at once. `slices`, when given, is told
/// of each execution.
CuResult simulate(const emulator::EventProgram &program,
                  const Parameters &parameters, llvm::ArrayRef<CuGroup> groups,
                  unsigned residents, const SliceSink &slices = nullptr);

} // namespace moe::timing

#endif // MOE_LIB_TIMING_COMPUTEUNIT_H
