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

namespace moe::emulator {

/// `race`: two waves, one of them a writer, no barrier between.
class RaceCheck {
public:
  explicit RaceCheck(const Sanitizers::Sink &sink) : sink(sink) {}
  void beginGroup(uint32_t ldsSize);
  void barrier();
  /// `same`: a write that changes no byte.
  void access(unsigned wave, uint32_t instIndex, uint32_t address,
              uint32_t bytes, bool write, bool atomic, bool same);
  /// The same for what is usual: whole quads or dwords, and no conflict. False,
  /// with nothing done, for everything else.
  bool pass(unsigned wave, uint32_t instIndex, uint32_t address, uint32_t bytes,
            bool write) {
    uint32_t quad = address / 16;
    if (bytes != 16 || address % 16 || (splitQuad[quad] && !isWhole(quad)))
      return passDwords(wave, instIndex, address, bytes, write);
    Cell &cell = quads[quad];
    if (conflicts(cell, wave, write))
      return false;
    note(cell, wave, instIndex, write, false);
    return true;
  }

private:
  struct Cell {
    uint32_t writeEpoch = 0, readEpoch = 0;
    uint32_t writeInst = 0, readInst = 0, otherInst = 0;
    uint8_t writer = 0, reader = 0, other = 0;
    bool atomic = false, twoReaders = false;
  };
  void checkCell(Cell &cell, unsigned wave, uint32_t instIndex, bool write,
                 bool atomic, bool same, uint32_t address);
  void report(uint32_t now, uint32_t before, unsigned wave, unsigned otherWave,
              bool nowWrites, bool beforeWrites, uint32_t address);

  const Sanitizers::Sink &sink;
  uint32_t epoch = 1;
  bool conflicts(const Cell &cell, unsigned wave, bool write) const {
    return (cell.writeEpoch == epoch && cell.writer != wave) ||
           (write && cell.readEpoch == epoch &&
            (cell.reader != wave || (cell.twoReaders && cell.other != wave)));
  }
  bool isStale(const Cell &cell) const {
    return cell.writeEpoch != epoch && cell.readEpoch != epoch;
  }
  void note(Cell &cell, unsigned wave, uint32_t instIndex, bool write,
            bool atomic) const {
    if (write) {
      cell.writeEpoch = epoch;
      cell.writer = uint8_t(wave);
      cell.writeInst = instIndex;
      cell.atomic = atomic;
      return;
    }
    if (cell.readEpoch != epoch) {
      cell.readEpoch = epoch;
      cell.twoReaders = false;
    } else if (cell.reader != wave) {
      cell.twoReaders = true;
      cell.other = cell.reader;
      cell.otherInst = cell.readInst;
    }
    cell.reader = uint8_t(wave);
    cell.readInst = instIndex;
  }
  bool isWhole(uint32_t quad);
  bool passDwords(unsigned wave, uint32_t instIndex, uint32_t address,
                  uint32_t bytes, bool write);
  std::vector<Cell> quads;        ///< of 16 bytes
  std::vector<uint8_t> splitQuad; ///< the quad's dwords have cells of their own
  std::vector<Cell> dwords;
  std::vector<uint8_t> split; ///< the dword's bytes have cells of their own
  std::vector<Cell> bytesOf;  ///< four a dword
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_RACECHECK_H
