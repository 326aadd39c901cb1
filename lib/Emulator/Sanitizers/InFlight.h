//===- InFlight.h - memory operations that have not arrived -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The counters vmcnt and lgkmcnt as queues. The wait and the race sanitizer
// ask it.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_INFLIGHT_H
#define MOE_LIB_EMULATOR_SANITIZERS_INFLIGHT_H

#include "Memory/Access.h"
#include "Sanitizers/Registers.h"

#include <algorithm>
#include <functional>

namespace moe::emulator {

/// What the counters hold at most: a wave that would exceed it stalls.
constexpr unsigned mostVmcnt = 63, mostLgkmcnt = 15;
/// The operand of an s_waitcnt with these counts.
constexpr uint32_t fullCounters = 0xcf7f;

/// LDS bytes that one instruction accesses: an address per lane and element.
struct LdsAddresses {
  std::vector<uint32_t> addresses;
  uint32_t bytes = 0;
  uint32_t low = ~0u, high = 0; ///< least and greatest address
  void add(uint32_t address) {
    addresses.push_back(address);
    low = std::min(low, address);
    high = std::max(high, address);
  }
  /// Those of all lanes, or of the lanes of a mask.
  void addLanes(const uint32_t *at, uint64_t lanes) {
    if (lanes != ~uint64_t(0)) {
      for (uint64_t m = lanes; m; m &= m - 1)
        add(at[laneOf(m)]);
      return;
    }
    addresses.insert(addresses.end(), at, at + 64);
    uint32_t least = at[0], greatest = at[0];
    for (unsigned lane = 1; lane < 64; ++lane) {
      least = std::min(least, at[lane]);
      greatest = std::max(greatest, at[lane]);
    }
    low = std::min(low, least);
    high = std::max(high, greatest);
  }
  void clear() {
    addresses.clear();
    low = ~0u;
    high = 0;
  }
};

/// What is in flight.
class InFlight {
public:
  enum class Kind : uint8_t { Vmem, LdsDma, Lds, Smem, Flat };
  struct Op {
    uint32_t instIndex;
    Kind kind;
    bool ldsWrite = false;
    bool same = false;         ///< LDS writes that change no byte
    uint32_t globalAccess = 0; ///< of writes to global memory (GlobalCheck)
    uint32_t dma = 0;          ///< of LDS-DMA (WaitCheck)
    bool vmProven = false, lgkmProven = false; ///< FLAT needs both
    LdsAddresses lds;
  };
  struct WaveQueue {
    std::vector<Op> vm, lgkm;
  };
  /// Calls `done` for every operation that an s_waitcnt proves finished.
  void wait(WaveQueue &queue, uint32_t simm,
            const std::function<void(const Op &)> &done);
  /// Storage for addresses, reused from operations that have finished.
  LdsAddresses freshAddresses();
  WaveQueue waves[maxWaves];

private:
  std::vector<Op>::iterator retire(std::vector<Op> &ops,
                                   std::vector<Op>::iterator op);
  std::vector<LdsAddresses> spare;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_INFLIGHT_H
