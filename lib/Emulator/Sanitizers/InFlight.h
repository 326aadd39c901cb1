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
    bool ldsWrite = false, atomic = false;
    bool same = false;         ///< LDS writes that change no byte
    uint32_t globalAccess = 0; ///< of writes to global memory (GlobalCheck)
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
