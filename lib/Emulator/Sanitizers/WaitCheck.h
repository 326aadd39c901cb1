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
  void beginGroup(uint32_t ldsSize, size_t waves);
  void before(Wave &w, uint32_t instIndex);
  void issued(Wave &w, InFlight::Op &op);
  void finished(Wave &w, const InFlight::Op &op);
  void barrier();
  void access(Wave &w, uint32_t instIndex, uint32_t address, uint32_t bytes,
              bool write);
  /// Whether LDS between two addresses may be the target of outstanding
  /// LDS-DMA, or of LDS-DMA that no barrier has published to all waves.
  bool mayOverlap(uint32_t low, uint32_t end) const {
    for (const Dma &dma : dmas)
      if (dma.live && low < dma.end && dma.low < end)
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
  const Program &program;
  const Sanitizers::Sink &sink;
  Pending registers[maxWaves][registerCount];
  unsigned pendingCount[maxWaves] = {};
  RegSet pendingSet[maxWaves]; ///< the registers that have an instruction
  void issuedDma(Wave &w, InFlight::Op &op);
  void publish();
  bool alone = false; ///< a workgroup of one wave, which needs no barrier
  /// LDS-DMA that has not been published by a barrier; free places are not
  /// live.
  struct Dma {
    uint32_t instIndex = 0, low = 0, end = 0;
    uint8_t wave = 0;
    bool live = false, arrived = false;
  };
  uint32_t newDma();
  std::vector<Dma> dmas;
  std::vector<uint32_t> spareDmas;
  /// For each LDS dword the LDS-DMA that writes it, its place in `dmas` + 1, so
  /// that loops over many are quick. All zero when none is live.
  std::vector<uint32_t> lds;
  /// Dwords of LDS-DMA that has arrived, from the first to before the last.
  struct Arrived {
    uint32_t first, end, dma;
  };
  std::vector<Arrived> arrived;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_WAITCHECK_H
