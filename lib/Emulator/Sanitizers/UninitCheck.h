//===- UninitCheck.h - reads of what was never written ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `uninit` sanitizer. The rules for single bits are in ScalarBits.h.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_UNINITCHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_UNINITCHECK_H

#include "Sanitizers/ArithmeticRuns.h"
#include "Sanitizers/Sanitizers.h"
#include "Sanitizers/ScalarBits.h"

namespace moe::emulator {

/// `uninit`: registers and LDS bytes never written. Of SGPRs every bit counts
/// by itself: compilers leave those of inactive lanes in masks undefined.
class UninitCheck {
public:
  UninitCheck(const Program &program, const Sanitizers::Sink &sink);
  void beginGroup(Workgroup &group);
  void before(Wave &w, uint32_t instIndex);
  void after(Wave &w, uint32_t instIndex);
  void access(Wave &w, uint32_t instIndex, uint32_t address, uint32_t bytes,
              bool write);
  /// Whether bytes that a lane reads are known.
  bool isKnown(uint32_t address, uint32_t bytes) const {
    const uint8_t *at = lds.data() + address;
    constexpr uint64_t all = 0x0101010101010101u;
    if (bytes % 8 == 0) {
      uint64_t found = all;
      for (uint32_t b = 0; b < bytes; b += 8) {
        uint64_t word;
        memcpy(&word, at + b, 8);
        found &= word;
      }
      return found == all;
    }
    uint8_t found = 1;
    for (uint32_t b = 0; b < bytes; ++b)
      found &= at[b];
    return found;
  }
  void markKnown(uint32_t address, uint32_t bytes) {
    memset(lds.data() + address, 1, bytes);
  }
  /// Whether everything that the run reads is known; then what it writes is
  /// known too.
  bool passRun(const Wave &w, const ArithmeticRun &run);

private:
  bool readsOldResult(uint32_t instIndex, const RegUse &use) const;
  void setKnown(unsigned wave, unsigned row, uint64_t lanes);
  void setUndefined(unsigned wave, unsigned reg, uint32_t bits,
                    uint16_t from = sameRegister);
  void report(const Wave &w, uint32_t instIndex, unsigned reg, uint32_t bits,
              const char *note = "");
  void reportScc(const Wave &w, uint32_t instIndex);
  PartlyKnown operand(const Wave &w, const Src &src, bool wide) const;
  void beforeBits(Wave &w, uint32_t instIndex);
  void afterBits(Wave &w, uint32_t instIndex);
  void needOperand(const Wave &w, uint32_t instIndex, const Src &src, bool wide,
                   uint64_t needed);
  void readScalar(Wave &w, uint32_t instIndex, const RegUse &use, unsigned reg);
  struct LaneUse;
  LaneUse lanesOf(const Wave &w, uint32_t instIndex, unsigned given,
                  uint64_t written) const;
  void openHalves(const Wave &w, unsigned reg, unsigned halves, uint64_t lanes);
  void readVector(Wave &w, uint32_t instIndex, const RegUse &use, unsigned reg,
                  unsigned given);
  void readHalves(Wave &w, uint32_t instIndex, unsigned row, uint64_t lanes);
  void writeHalves(const Wave &w, uint32_t instIndex, unsigned row,
                   uint64_t lanes, bool last);
  uint16_t sourceOf(unsigned wave, unsigned reg) const {
    uint16_t from = origin[wave][reg];
    return from == sameRegister ? uint16_t(reg) : from;
  }
  static constexpr uint16_t sameRegister = 0xffff;
  static constexpr uint8_t laneMask = 4; ///< RegUse::flags in `reads`
  /// The uses that count as reads of a value.
  struct Reads {
    uint32_t first = 0, last = 0;
  };
  const Program &program;
  const Sanitizers::Sink &sink;
  std::vector<Reads> readsOf; ///< by instruction, into `reads`
  std::vector<RegUse> reads;
  uint64_t started[maxWaves]; ///< EXEC at the start of each wave
  RegSet known[maxWaves];     ///< written in all lanes of `started`
  uint64_t vector[maxWaves][512];
  uint32_t undefined[maxWaves][128]; ///< the bits of SGPRs never written
  bool sccUndefined[maxWaves];
  /// Where undefined values were copied from.
  uint16_t origin[maxWaves][registerCount];
  PartlyKnown result; ///< of the instruction in hand, if it has a BitOp
  uint16_t resultFrom[2] = {sameRegister, sameRegister}; ///< its undefined bits
  /// Lanes in which D16 loads left the lower or upper half of a vector register
  /// undefined; kept for programs that have such loads.
  bool hasHalves = false;
  uint64_t halves[2][maxWaves][512];
  std::vector<uint8_t> lds;
  uint64_t execBefore = 0;
  uint64_t copiesUndefined = 0; ///< lanes to which a move brings nothing
  uint16_t copiedFrom = sameRegister;
  uint64_t undefinedLow = 0, undefinedHigh = 0; ///< lanes of a pair's halves
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_UNINITCHECK_H
