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
    for (const Dma &dma : dmaTargets ? live : none)
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
  struct DmaTarget {        ///< an LDS dword that LDS-DMA writes
    uint32_t instIndex = 0; ///< + 1; 0: none
    uint8_t wave = 0;
    bool arrived = false; ///< the issuing wave has waited
  };
  const Program &program;
  const Sanitizers::Sink &sink;
  Pending registers[maxWaves][registerCount];
  unsigned pendingCount[maxWaves] = {};
  RegSet pendingSet[maxWaves]; ///< the registers that have a instruction
  /// LDS-DMA that has dmaTargets, as bounds.
  struct Dma {
    uint32_t instIndex, low, end;
    uint8_t wave;
    bool arrived;
  };
  std::vector<Dma> live;
  const std::vector<Dma> none;
  void forget(DmaTarget &target);
  std::vector<DmaTarget> lds;
  size_t dmaTargets = 0; ///< that have a instruction
  std::vector<uint32_t> arrivedDwords;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_WAITCHECK_H
