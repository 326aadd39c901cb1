//===- WaitCheck.h - data still on its way ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `wait` sanitizer, but for global memory (GlobalCheck).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_WAITCHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_WAITCHECK_H

#include "Sanitizers/ArithmeticRuns.h"
#include "Sanitizers/InFlight.h"
#include "Sanitizers/Sanitizers.h"

namespace moe::emulator {

/// `wait`: registers and LDS with outstanding loads.
class WaitCheck {
public:
  WaitCheck(const Program &program, const Sanitizers::Sink &sink)
      : program(program), sink(sink) {}
  void beginGroup(uint32_t ldsSize);
  void before(Wave &w, uint32_t instIndex);
  void issued(Wave &w, const InFlight::Op &op);
  void finished(Wave &w, const InFlight::Op &op);
  void barrier();
  void access(Wave &w, uint32_t instIndex, uint32_t address, uint32_t bytes,
              bool write);
  /// Whether LDS between two addresses may be the target of outstanding
  /// LDS-DMA, or of LDS-DMA that no barrier has published to all waves.
  bool mayOverlap(uint32_t low, uint32_t end) const {
    for (const Dma &dma : live)
      if (low < dma.end && dma.low < end)
        return true;
    return false;
  }
  /// No register of the run has an outstanding load.
  bool canSkip(const Wave &w, const ArithmeticRun &run) const {
    return !pendingCount[w.id] || !run.accessed.meets(pendingSet[w.id]);
  }

private:
  void arrive(unsigned wave, unsigned reg);
  struct Pending {
    uint32_t instIndex = 0; ///< + 1; 0: none
    uint64_t lanes = 0;     ///< that the load writes
  };
  /// An LDS dword that LDS-DMA writes, in one number, so that loops over many
  /// are quick: hasArrived when the issuing wave has waited, the wave, the
  /// instruction + 1. 0: none.
  using DmaTarget = uint64_t;
  static constexpr DmaTarget hasArrived = 1;
  static DmaTarget targetOf(uint32_t instIndex, unsigned wave) {
    return uint64_t(instIndex + 1) << 32 | wave << 1;
  }
  static uint32_t instOf(DmaTarget target) {
    return uint32_t(target >> 32) - 1;
  }
  static unsigned waveOf(DmaTarget target) { return uint32_t(target) >> 1; }
  /// On its way for another wave.
  static bool isOthers(DmaTarget target, unsigned wave) {
    return target && !(target & hasArrived) && waveOf(target) != wave;
  }
  const Program &program;
  const Sanitizers::Sink &sink;
  Pending registers[maxWaves][registerCount];
  unsigned pendingCount[maxWaves] = {};
  RegSet pendingSet[maxWaves]; ///< the registers that have an instruction
  /// LDS-DMA that has not been published by a barrier, as bounds.
  struct Dma {
    uint32_t instIndex, low, end;
    uint8_t wave;
    bool arrived;
  };
  std::vector<Dma> live;
  /// All zero when nothing is live and nothing has arrived.
  std::vector<DmaTarget> lds;
  /// Dwords, from the first to before the last, of which some have arrived.
  std::vector<std::pair<uint32_t, uint32_t>> arrived;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_WAITCHECK_H
