//===- SanitizerParts.h - the single sanitizers -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One class a sanitizer. Sanitizers.cpp owns them and passes on what happens;
// each keeps its own state and reports through a sink.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERPARTS_H
#define MOE_LIB_EMULATOR_SANITIZERPARTS_H

#include "Sanitizers.h"
#include "ScalarBits.h"

#include <algorithm>
#include <deque>

namespace moe::emulator {

constexpr unsigned maxWaves = 16;
constexpr unsigned registerCount = regVector + 512;

/// A set of registers.
struct RegSet {
  static constexpr unsigned count = registerCount / 64;
  uint64_t words[count] = {};
  void insert(unsigned reg) { words[reg / 64] |= uint64_t(1) << reg % 64; }
  void erase(unsigned reg) { words[reg / 64] &= ~(uint64_t(1) << reg % 64); }
  bool has(unsigned reg) const { return words[reg / 64] >> reg % 64 & 1; }
  bool meets(const RegSet &other) const {
    uint64_t both = 0;
    for (unsigned i = 0; i < count; ++i)
      both |= words[i] & other.words[i];
    return both;
  }
  bool isWithin(const RegSet &other) const {
    uint64_t outside = 0;
    for (unsigned i = 0; i < count; ++i)
      outside |= words[i] & ~other.words[i];
    return !outside;
  }
};

/// A sequence of records that touches registers only, by what is needed to know
/// that checking its instructions one by one would find nothing.
struct QuietRun {
  uint16_t length = 0; ///< records
  bool writesExec = false;
  bool usesAllLanes = false; ///< those that are off as well
  RegSet touched, written;
  RegSet read; ///< before the run itself writes them
};

/// The runs of a program: run `at[record] - 1` starts at a record.
struct QuietRuns {
  std::vector<uint32_t> at;
  std::vector<QuietRun> runs;
};
QuietRuns findQuietRuns(const Program &program);

/// "v12", "a3", "s7", "vcc", "exec", "m0".
std::string registerName(const Program &program, unsigned reg);

/// LDS bytes that one instruction touched: an address a lane and access.
struct LdsTouch {
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

/// What is in flight: the counters vmcnt and lgkmcnt as queues. Both the wait
/// and the race sanitizer ask it.
class InFlight {
public:
  enum class Kind : uint8_t { Vmem, LdsDma, Lds, Smem, Flat };
  struct Op {
    uint32_t record;
    Kind kind;
    bool ldsWrite = false, atomic = false;
    bool same = false;   ///< LDS writes of what was there already
    uint32_t ticket = 0; ///< of writes to global memory (GlobalCheck)
    bool vmProven = false, lgkmProven = false; ///< FLAT needs both
    LdsTouch lds;
  };
  struct WaveQueue {
    std::vector<Op> vm, lgkm;
  };
  /// Calls `done` for every operation that an s_waitcnt proves finished.
  template <typename F>
  void wait(WaveQueue &queue, uint32_t simm, F done);
  /// Room for addresses, taken from operations that have finished.
  LdsTouch freshTouch();
  WaveQueue waves[maxWaves];

private:
  std::vector<Op>::iterator retire(std::vector<Op> &ops,
                                   std::vector<Op>::iterator op);
  std::vector<LdsTouch> spare;
};

/// `wait`: registers and LDS with data still on its way.
class WaitCheck {
public:
  WaitCheck(const Program &program, const Sanitizers::Sink &sink)
      : program(program), sink(sink) {}
  void beginGroup(uint32_t ldsSize);
  void before(Wave &w, uint32_t record);
  void issued(Wave &w, const InFlight::Op &op);
  void finished(Wave &w, const InFlight::Op &op);
  void barrier();
  void access(Wave &w, uint32_t record, uint32_t address, uint32_t bytes,
              bool write);
  /// Whether LDS between two addresses may have data on its way, or data of
  /// which not all waves know.
  bool mayTouch(uint32_t low, uint32_t end) const {
    for (const Dma &dma : landings ? live : none)
      if (low < dma.end && dma.low < end)
        return true;
    return false;
  }
  /// No register of the run has data on its way.
  bool isQuiet(const Wave &w, const QuietRun &run) const {
    return !pendingCount[w.id] || !run.touched.meets(pendingSet[w.id]);
  }

private:
  void arrive(unsigned wave, unsigned reg);
  struct Pending {
    uint32_t record = 0; ///< + 1; 0: none
    uint64_t lanes = 0;  ///< that the load writes
  };
  struct Landing {       ///< an LDS dword that LDS-DMA writes
    uint32_t record = 0; ///< + 1; 0: none
    uint8_t wave = 0;
    bool arrived = false; ///< the issuing wave has waited
  };
  bool readsAllLanes(uint32_t record) const;
  const Program &program;
  const Sanitizers::Sink &sink;
  Pending registers[maxWaves][registerCount];
  unsigned pendingCount[maxWaves] = {};
  RegSet pendingSet[maxWaves]; ///< the registers that have a record
  /// LDS-DMA that has landings, as bounds.
  struct Dma {
    uint32_t record, low, end;
    uint8_t wave;
    bool arrived;
  };
  std::vector<Dma> live;
  const std::vector<Dma> none;
  void forget(Landing &landing);
  std::vector<Landing> lds;
  size_t landings = 0; ///< that have a record
  std::vector<uint32_t> arrivedDwords;
};

/// `race`: two waves, one of them a writer, no barrier between.
class RaceCheck {
public:
  explicit RaceCheck(const Sanitizers::Sink &sink) : sink(sink) {}
  void beginGroup(uint32_t ldsSize);
  void barrier();
  /// `same`: a write that changes no byte.
  void access(unsigned wave, uint32_t record, uint32_t address, uint32_t bytes,
              bool write, bool atomic, bool same);
  /// The same for what is usual: whole quads or dwords, and no conflict. False,
  /// with nothing done, for everything else.
  bool pass(unsigned wave, uint32_t record, uint32_t address, uint32_t bytes,
            bool write);

private:
  struct Cell {
    uint32_t writeEpoch = 0, readEpoch = 0;
    uint32_t writeRecord = 0, readRecord = 0, otherRecord = 0;
    uint8_t writer = 0, reader = 0, other = 0;
    bool atomic = false, twoReaders = false;
  };
  void touch(Cell &cell, unsigned wave, uint32_t record, bool write,
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
  void note(Cell &cell, unsigned wave, uint32_t record, bool write,
            bool atomic) const;
  bool isWhole(uint32_t quad);
  std::vector<Cell> quads;        ///< of 16 bytes
  std::vector<uint8_t> splitQuad; ///< the quad's dwords have cells of their own
  std::vector<Cell> dwords;
  std::vector<uint8_t> split; ///< the dword's bytes have cells of their own
  std::vector<Cell> bytesOf;  ///< four a dword
};

/// `uninit`: registers and LDS bytes never written. Of SGPRs every bit counts
/// by itself: compilers leave those of inactive lanes in masks undefined.
class UninitCheck {
public:
  UninitCheck(const Program &program, const Sanitizers::Sink &sink);
  void beginGroup(Workgroup &group);
  void before(Wave &w, uint32_t record);
  void after(Wave &w, uint32_t record);
  void access(Wave &w, uint32_t record, uint32_t address, uint32_t bytes,
              bool write);
  /// Whether bytes that a lane reads are known.
  bool isKnown(uint32_t address, uint32_t bytes) const {
    const uint8_t *at = lds.data() + address;
    uint8_t all = 1;
    for (uint32_t b = 0; b < bytes; ++b)
      all &= at[b];
    return all;
  }
  void markKnown(uint32_t address, uint32_t bytes) {
    memset(lds.data() + address, 1, bytes);
  }
  /// Whether everything that the run reads is known; then what it writes is
  /// known too.
  bool passRun(const Wave &w, const QuietRun &run);

private:
  bool readsOldResult(uint32_t record, const RegUse &use) const;
  void setKnown(unsigned wave, unsigned row, uint64_t lanes);
  void setUndefined(unsigned wave, unsigned reg, uint32_t bits,
                    uint16_t from = sameRegister);
  void report(const Wave &w, uint32_t record, unsigned reg, uint32_t bits);
  void reportScc(const Wave &w, uint32_t record);
  PartlyKnown operand(const Wave &w, const Src &src, bool wide) const;
  void beforeBits(Wave &w, uint32_t record);
  void afterBits(Wave &w, uint32_t record);
  void needOperand(const Wave &w, uint32_t record, const Src &src, bool wide,
                   uint64_t needed);
  void readScalar(Wave &w, uint32_t record, const RegUse &use, unsigned reg);
  void readVector(Wave &w, uint32_t record, const RegUse &use, unsigned reg);
  uint16_t sourceOf(unsigned wave, unsigned reg) const {
    uint16_t from = origin[wave][reg];
    return from == sameRegister ? uint16_t(reg) : from;
  }
  static constexpr uint16_t sameRegister = 0xffff;
  static constexpr uint8_t laneMask = 4; ///< RegUse::flags in `reads`
  enum : uint8_t {
    Merges = 1,
    Wide = 2,
    AllLanes = 4,
    Copy = 8,
    Matrix = 16,
    Indexes = 32,
    VccBranch = 64
  };
  /// The uses that count as reads of a value.
  struct Reads {
    uint32_t first = 0, last = 0;
  };
  void markIndexed(Wave &w, uint32_t record);
  const Program &program;
  const Sanitizers::Sink &sink;
  std::vector<uint8_t> kinds; ///< bits above, by record
  std::vector<Reads> readsOf; ///< by record, into `reads`
  std::vector<RegUse> reads;
  uint64_t started[maxWaves]; ///< EXEC at the start of each wave
  RegSet known[maxWaves];     ///< written in all lanes of `started`
  uint64_t vector[maxWaves][512];
  uint32_t undefined[maxWaves][128]; ///< the bits of SGPRs never written
  bool sccUndefined[maxWaves];
  /// Where undefined values were copied from.
  uint16_t origin[maxWaves][registerCount];
  std::vector<BitOp> bitOps; ///< by record
  PartlyKnown result;        ///< of the instruction in hand, if it has a BitOp
  uint16_t resultFrom[2] = {sameRegister, sameRegister}; ///< its undefined bits
  std::vector<uint8_t> lds;
  uint64_t execBefore = 0;
  uint64_t copiesUndefined = 0; ///< lanes to which a move brings nothing
  uint16_t copiedFrom = sameRegister;
  uint64_t undefinedHigh = 0; ///< lanes whose upper half stays undefined
};

/// `exec`: exchange between lanes while some of those that the wave started
/// with are off.
void checkExec(Wave &w, uint32_t record, const Program &program,
               uint64_t started, const Sanitizers::Sink &sink);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERPARTS_H
