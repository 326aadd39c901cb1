//===- GlobalCheck.h - global memory between waves --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Global memory in the `race` and `wait` sanitizers: who last wrote a dword,
// and whether anything orders that write before another wave's access. One
// object a launch, asked by all threads. Not here: LDS (RaceCheck).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_GLOBALCHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_GLOBALCHECK_H

#include "Sanitizers/Registers.h"
#include "Sanitizers/Sanitizers.h"

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

namespace moe::emulator {

/// What an instruction did to one lane's bytes of global memory.
struct LaneAccess {
  enum Kind : uint8_t { Read, ScalarRead, Write, WriteSame, Atomic };
  uint64_t address;
  uint32_t bytes;
  Kind kind;
};

class GlobalCheck {
public:
  /// Whether anything in the slot of an address may be written in this launch.
  bool slotMayBeWritten(uint64_t address) const {
    return writtenSlots[slotOf(address)].load(std::memory_order_relaxed);
  }
  /// Loads from the slot of an address are to be noted from the start on: they
  /// may read what another wave writes later.
  void watch(uint64_t address) {
    writtenSlots[slotOf(address)].store(true, std::memory_order_relaxed);
  }
  /// Number of a workgroup that starts.
  uint32_t beginGroup();
  void barrier(uint32_t group);
  /// A wave is about to execute an atomic or device-scope store, which access()
  /// follows. Others can see it before that, since they run at the same time.
  void release(const Wave &w, uint32_t group);
  /// Of an instruction: it is visible to other workgroups by itself (sc1); it
  /// is a load that a loop repeats at the same address.
  struct Traits {
    bool scoped = false, polls = false;
  };
  /// An executed instruction; returns the accessId of its writes, or 0.
  uint32_t access(Wave &w, uint32_t group, uint32_t instIndex, Traits traits,
                  const std::vector<LaneAccess> &lanes, uint32_t bits,
                  const Sanitizers::Sink &sink);
  /// A wait has proven that the writes of an access are finished.
  void proven(uint32_t accessId);
  /// A wave has waited for vmcnt(0).
  void drained(uint32_t group, unsigned wave);

private:
  /// The writes, or the reads, of one instruction.
  struct Access {
    uint32_t instIndex = 0, group = 0;
    uint32_t epoch = 0;       ///< barriers of its group before it
    uint32_t issuedAt = 0;    ///< time of its group
    uint32_t provenAt = 0;    ///< the same; 0: in flight
    uint32_t provenEpoch = 0; ///< barriers of its group by then
    uint8_t wave = 0;
    bool atomic = false, scoped = false;
    /// Of a scoped store: the atomic of its wave that came before its proof,
    /// and that one's address.
    uint32_t overtaker = 0;
    uint64_t overtakenAt = 0;
  };
  /// A workgroup: its clock, and when its waves last did what other workgroups
  /// may see and wait for.
  struct Group {
    uint32_t time = 1, barriers = 0;
    int64_t releaseEpoch = -1; ///< barriers before the last such access
    /// The same, of accesses that their wave did after a barrier and then a
    /// wait for everything.
    int64_t drainedEpoch = -1;
    std::array<uint32_t, maxWaves> released{};
    std::array<uint32_t, maxWaves> known{};  ///< accesses by then
    std::array<uint32_t, maxWaves> drains{}; ///< barriers before a wave's, + 1
    /// Scoped stores that are neither proven nor overtaken.
    std::vector<uint32_t> unproven;
    /// The last atomics at one address each: address and accessId.
    std::vector<std::pair<uint64_t, uint32_t>> atomics;
  };
  static constexpr size_t mostAtomics = 64; ///< in Group::atomics
  struct Cell {
    Cell() : plainBytes(0), isFlag(0) {}
    uint32_t accessId = 0;    ///< of the last writer
    uint32_t plainId = 0;     ///< of the last that was no atomic
    uint32_t readers[2] = {}; ///< the last one, and the last of another wave
    uint8_t bytes = 0;        ///< written, as bits
    uint8_t plainBytes : 7;
    uint8_t isFlag : 1; ///< an atomic touched it, or a wave polled it
    uint8_t readBytes[2] = {};
  };
  static constexpr unsigned pageBits = 12;
  static constexpr size_t mostPages = 1 << 14;
  static constexpr unsigned slots = 1 << 11;
  using Page = std::array<Cell, (1 << pageBits) / 4>;

  static unsigned slotOf(uint64_t address) {
    return unsigned(address >> Memory::slotBits) % slots;
  }
  Page *pageOf(uint64_t address);
  bool acquired(const Cell &cell, const Access &before, const Wave &w,
                uint32_t group) const;
  bool ordered(const Cell &cell, const Access &before, const Wave &w,
               uint32_t group, LaneAccess::Kind kind, bool scoped) const;
  void noteAtomic(const Wave &w, uint32_t group, uint32_t accessId,
                  const std::vector<LaneAccess> &lanes);
  bool overtaken(const Cell &cell, const Access &before, const Wave &w,
                 uint32_t group) const;
  bool orderedRead(const Access &before, const Wave &w, uint32_t group) const;
  uint32_t issue(const Wave &w, uint32_t group, uint32_t instIndex, bool atomic,
                 bool scoped);
  void noteRead(Cell &cell, uint8_t mask, const Wave &w, uint32_t group,
                uint32_t instIndex, bool scoped, uint32_t &accessId);
  /// The access that one of some bytes of a dword conflicts with, or 0; `read`:
  /// that one only reads.
  uint32_t conflict(const Cell &cell, uint32_t accessId, uint8_t mask,
                    const Wave &w, uint32_t group, LaneAccess::Kind kind,
                    bool scoped, bool &read) const;
  void report(const Access &before, bool wasRead, Wave &w, uint32_t group,
              uint32_t instIndex, const LaneAccess &lane, uint64_t address,
              uint32_t bits, const Sanitizers::Sink &sink);

  std::array<std::atomic<bool>, slots> writtenSlots{};
  std::mutex mutex;
  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
  uint64_t lastKey = ~uint64_t(0); ///< of the page last asked for
  Page *lastPage = nullptr;
  std::deque<Access> accesses; ///< number - 1
  std::deque<Group> groups;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_GLOBALCHECK_H
