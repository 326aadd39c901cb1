//===- HazardCheck.h - required wait states ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `hazard` sanitizer: the manual's table of instruction pairs that need
// independent instructions or s_nop between them, checked on the instructions
// as they execute.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_HAZARDCHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_HAZARDCHECK_H

#include "Sanitizers/Registers.h"
#include "Sanitizers/Sanitizers.h"

namespace moe::emulator {

class HazardCheck {
public:
  HazardCheck(const Program &program, const Sanitizers::Sink &sink);
  void beginGroup(const ChipFeatures &features);
  void before(Wave &w, uint32_t instIndex);
  /// Whether the instruction can neither break a rule nor affect a later one,
  /// on any path: `before` need not be called.
  bool canSkip(uint32_t instIndex) const { return skippable[instIndex]; }

private:
  /// A register that an instruction uses late, or a state register.
  struct Use {
    uint32_t instIndex = 0; ///< + 1
    uint64_t at = 0;        ///< wait state of its wave
  };
  /// "If an instruction of these classes wrote `reg`, so many wait states."
  struct Rule {
    uint16_t reg;
    uint16_t writers; ///< bits of Class; 0: asks for its last late reader
    uint8_t states;   ///< 0: depends on the matrix instruction, see `matrix`
    uint8_t matrix;   ///< of MatrixUse
    const char *what;
  };
  enum MatrixUse : uint8_t {
    NoMatrix,
    ByValu,
    ByMemory,
    Overwritten,
    AsFactor,
    AsAddend,
    AddendOverwritten
  };
  /// What an instruction is, and how long a matrix instruction takes.
  struct Kind {
    uint16_t classes = 0;
    uint8_t passes = 0; ///< of 4 cycles
    uint8_t waits = 1;  ///< wait states that it counts for
    uint32_t firstRule = 0, lastRule = 0;
    uint16_t lateRead = 0, lateCount = 0;   ///< registers that are read late
    uint32_t firstWrite = 0, lastWrite = 0; ///< into `writesOf`
  };
  enum : unsigned { hwRegs = registerCount, tracked = hwRegs + 64 };
  struct WaveState {
    Use writes[tracked];
    Use reads[registerCount]; ///< late: addends and wide store data
    uint64_t now = 0;         ///< wait states issued
    uint64_t coreFree = 0;    ///< when the matrix core can take the next one
    uint32_t next = 0;        ///< the instruction after the last one seen
  };

  void describe(uint32_t instIndex);
  void addRules(uint32_t instIndex);
  void addValuRules(uint32_t instIndex);
  void addMaskRules(const Inst &inst);
  void addScalarRules(uint32_t instIndex);
  void addMatrixRules(uint32_t instIndex);
  void addMatrixSources(uint32_t instIndex);
  void add(unsigned first, unsigned count, uint16_t writers, unsigned states,
           const char *what, MatrixUse matrix = NoMatrix);
  unsigned matrixStates(const Kind &writer, const Rule &rule, const Kind &user,
                        bool sameAddend) const;
  unsigned statesOf(const Rule &rule, uint32_t before,
                    uint32_t instIndex) const;
  void check(const WaveState &wave, uint32_t instIndex, const Rule &rule);
  void report(uint32_t instIndex);
  void observe(WaveState &wave, uint32_t instIndex);
  void prepare();
  void findOffsets();
  void dropRules();
  void keepWrites();
  std::vector<uint8_t> findChains();
  void findSkippable(uint32_t first, uint32_t end);

  const Program &program;
  const Sanitizers::Sink &sink;
  std::vector<Kind> kinds;
  std::vector<Rule> rules;
  std::vector<uint16_t> writesOf; ///< registers that some rule asks about
  std::vector<uint8_t> starts; ///< instructions that are not reached from the
                               ///< one before only
  std::vector<uint8_t> skippable;
  std::vector<uint64_t> offsets; ///< wait states from the first instruction on
  /// Wait states for which the matrix core is busy still, by instruction.
  std::vector<uint8_t> busyBefore;
  const ChipFeatures *chip = nullptr;
  /// The rules that the instruction in hand breaks: of each earlier instruction
  /// that with the most wait states.
  struct Broken {
    uint32_t before;
    const Rule *rule;
    unsigned states;
    uint64_t passed;
  };
  std::vector<Broken> broken;
  bool trial = false, trialFailed = false; ///< see findSkippable
  WaveState waves[maxWaves];
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_HAZARDCHECK_H
