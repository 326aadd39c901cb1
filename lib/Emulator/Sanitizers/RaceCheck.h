//===- RaceCheck.h - LDS accesses without a barrier between -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `race` sanitizer, but for global memory (GlobalCheck).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_RACECHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_RACECHECK_H

#include "Sanitizers/Sanitizers.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace moe::emulator {

/// How an access to LDS takes part in races. A compare-and-swap finds out
/// itself whether what its wave read before is still there.
enum class RaceAccess : uint8_t { Read, Write, Atomic, CompareSwap };

/// `race`: two waves, one of them a writer, no barrier between.
class RaceCheck {
public:
  explicit RaceCheck(const Sanitizers::Sink &sink) : sink(sink) {}
  void beginGroup(uint32_t ldsSize);
  void barrier();
  /// Reports the races of reads that no compare-and-swap has followed.
  void endGroup();
  /// `isSame`: whether a write changes no byte; asked where it matters.
  void access(unsigned wave, uint32_t instIndex, uint32_t address,
              uint32_t bytes, RaceAccess kind,
              llvm::function_ref<bool()> isSame);
  /// The same of lanes at these addresses, no atomics.
  void accessLanes(unsigned wave, uint32_t instIndex, const uint32_t *addresses,
                   uint64_t lanes, uint32_t bytes, bool write,
                   llvm::function_ref<bool(unsigned lane)> isSame);

  /// The same of any number of addresses.
  void access(unsigned wave, uint32_t instIndex,
              llvm::ArrayRef<uint32_t> addresses, uint32_t bytes,
              RaceAccess kind, bool same);

private:
  /// The last plain write, the last reads of two waves, and whether there are
  /// atomics.
  struct alignas(32) Cell {
    uint32_t writeEpoch = 0, readEpoch = 0, atomicEpoch = 0;
    uint32_t writeInst = 0, readInst = 0, otherInst = 0;
    uint8_t writer = 0, reader = 0, other = 0;
    bool twoReaders = false;
    bool isSplit = false; ///< of a quad: its dwords have their own cells
    /// May this plain access?
    bool conflicts(uint32_t epoch, unsigned wave, bool write) const {
      return (writeEpoch == epoch && writer != wave) || atomicEpoch == epoch ||
             (write && readEpoch == epoch &&
              (reader != wave || (twoReaders && other != wave)));
    }
    /// Forgets the reads of a wave.
    void forget(unsigned wave) {
      if (twoReaders && other == wave)
        twoReaders = false;
      if (reader != wave)
        return;
      reader = other;
      readInst = otherInst;
      readEpoch = twoReaders ? readEpoch : 0;
      twoReaders = false;
    }
    void note(uint32_t epoch, unsigned wave, uint32_t instIndex, bool write) {
      if (write) {
        writeEpoch = epoch;
        writer = uint8_t(wave);
        writeInst = instIndex;
        return;
      }
      if (readEpoch != epoch) {
        readEpoch = epoch;
        twoReaders = false;
      } else if (reader != wave) {
        twoReaders = true;
        other = reader;
        otherInst = readInst;
      }
      reader = uint8_t(wave);
      readInst = instIndex;
    }
  };
  void checkCell(Cell &cell, unsigned wave, uint32_t instIndex, RaceAccess kind,
                 llvm::function_ref<bool()> isSame, uint32_t address);
  struct Conflict {
    uint32_t now, before; ///< instructions
    unsigned wave, otherWave;
    bool nowWrites, beforeWrites;
    uint32_t address;
  };
  void report(const Conflict &conflict);
  void reportUnlessSwapped(unsigned reader, const Conflict &conflict);

  const Sanitizers::Sink &sink;
  uint32_t epoch = 1;
  /// The last atomics of two waves on a dword.
  struct Atomics {
    uint32_t inst = 0, otherInst = 0;
    uint8_t wave = 0, other = 0;
    bool two = false;
  };
  /// Of this epoch, by the number of the dword.
  llvm::DenseMap<uint32_t, Atomics> atomics;
  void noteAtomic(uint32_t dword, unsigned wave, uint32_t instIndex);
  /// Plain reads beside atomics of other waves, by address and wave of the
  /// read.
  llvm::DenseMap<std::pair<uint32_t, unsigned>, std::vector<Conflict>> reads;
  bool isStale(const Cell &cell) const {
    return cell.writeEpoch != epoch && cell.readEpoch != epoch &&
           cell.atomicEpoch != epoch;
  }
  /// Whether a quad is one cell, or can be again, since no access of this epoch
  /// is in its parts.
  bool isWhole(uint32_t quad) {
    if (!quads[quad].isSplit)
      return true;
    if (partsEpoch[quad] == epoch)
      return false;
    quads[quad] = Cell();
    return true;
  }
  bool isWholeDword(uint32_t dword);
  void splitUp(uint32_t quad);
  void splitUpDword(uint32_t dword);
  /// For what is usual: whole quads, dwords or parts of one, and no conflict.
  /// The lanes for which nothing was noted, or whether it was.
  uint64_t pass(unsigned wave, uint32_t instIndex, const uint32_t *addresses,
                uint64_t lanes, uint32_t bytes, bool write);
  template <bool Write>
  uint64_t passQuads(unsigned wave, uint32_t instIndex,
                     const uint32_t *addresses, uint64_t lanes);
  bool passDwords(unsigned wave, uint32_t instIndex, uint32_t address,
                  uint32_t bytes, bool write);
  bool passBytes(unsigned wave, uint32_t instIndex, uint32_t address,
                 uint32_t bytes, bool write);
  std::vector<Cell> quads;          ///< of 16 bytes
  std::vector<uint32_t> partsEpoch; ///< when their dwords were last accessed
  std::vector<Cell> dwords;
  std::vector<uint8_t> split; ///< the dword's bytes have cells of their own
  std::vector<Cell> bytesOf;  ///< four a dword
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_RACECHECK_H
