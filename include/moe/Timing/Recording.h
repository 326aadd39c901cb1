//===- Recording.h - what a launch executed, for its time -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keeps the instruction streams and memory lines of a sample of a launch's
// workgroups, and which lines workgroups that run at once have in common. Not
// here: how long any of it takes.
//
// The sample: the workgroups that a chip runs at first, a quarter of those
// after them, and others at equal distances. They are put into classes by how
// many instructions each of their waves executes; of each class a few keep
// everything, of the others only the first lines of each instruction remain.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TIMING_RECORDING_H
#define MOE_TIMING_RECORDING_H

#include "moe/Emulator/Events.h"
#include "moe/Timing/Parameters.h"

#include <map>

namespace moe::timing {

/// A memory instruction that was executed.
struct Access {
  uint32_t firstLine = 0; ///< in Stream::lines
  uint16_t lineCount = 0; ///< of 128 bytes
  uint16_t ldsPhases = 0, ldsConflicts = 0;
  uint32_t bytes = 0;
};

/// What one wave executed.
struct Stream {
  std::vector<uint32_t> insts;  ///< indices of EventProgram::insts
  std::vector<Access> accesses; ///< one for each memory instruction, in order
  std::vector<uint64_t> lines;
};

/// Whether executions of an instruction have an Access.
bool touchesMemory(const emulator::EventInst &inst);

/// How many workgroups read or write the lines of an instruction.
struct Sharing {
  double onDie = 1;  ///< workgroups that run at once on the die
  double onChip = 1; ///< on all dies
  double dies = 1;   ///< dies with such workgroups
  double lines = 0;  ///< different lines a workgroup touches with it
  double fresh = 0;  ///< those of them that no instruction before has touched
  /// Part of the lines of later workgroups that the first ones have touched,
  /// and whether these stay in the L2 of a die.
  double reused = 0;
  bool staysInL2 = false;
};

struct GroupClass {
  uint64_t instructions = 0;                 ///< of its waves together
  uint64_t share = 0;                        ///< workgroups of the sample
  std::vector<std::vector<Stream>> examples; ///< of each, its waves
  std::vector<Sharing> sharing;              ///< by instruction
};

class Recording : public emulator::EventSink {
public:
  struct Options {
    /// Runs the sample alone, and of all but the first workgroups only so many
    /// instructions a wave; 0: runs everything.
    uint64_t sampleInstructions = 0;
    /// Of those no more than until a wave has executed each load of its loops
    /// once, as the first workgroup shows.
    bool firstPass = false;
  };
  Recording(const Parameters &parameters, Options options);

  void program(emulator::EventProgram program) override;
  bool wants(uint64_t ordinal) const override;
  std::unique_ptr<emulator::GroupEvents> begin(uint64_t ordinal) override;
  void end(std::unique_ptr<emulator::GroupEvents> events) override;

  /// After the run: works out the sharing. Frees what is needed no more.
  void finish();

  const emulator::EventProgram &kernel() const { return info; }
  const std::vector<GroupClass> &classes() const { return list; }
  /// The class of a workgroup; of one outside the sample, that of the nearest
  /// sampled one before it.
  unsigned classOf(uint64_t ordinal) const;
  /// Workgroups of this kernel that a compute unit, and the chip, hold at once.
  unsigned residents() const { return resident; }
  uint64_t slots() const { return atOnce; }
  bool sampledOnly() const { return options.sampleInstructions != 0; }

private:
  class Group;
  struct Footprint {
    /// Instruction and line, in order of first touch.
    std::vector<std::pair<uint32_t, uint64_t>> lines;
    unsigned kind = 0;
  };
  void shareLines();
  unsigned classify(Group &group);
  bool limitToFirstPass(const Group &group);

  Parameters parameters;
  Options options;
  emulator::EventProgram info;
  unsigned resident = 1;
  uint64_t atOnce = 1, first = 0, stride = 1;
  std::map<uint64_t, Footprint> footprints; ///< by position in the grid
  std::map<std::vector<uint64_t>, unsigned> byCounts;
  /// Of the first workgroup that ran to its end and is not shorter than a
  /// sample, or has loops of which one pass is enough.
  std::vector<uint64_t> wholeCounts;
  bool haveWhole = false;
  /// Instructions of each wave of the workgroups after it.
  std::vector<uint64_t> limits;
  std::vector<GroupClass> list;
};

} // namespace moe::timing

#endif // MOE_TIMING_RECORDING_H
