//===- Recording.cpp - what a launch executed, for its time ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of the sample, the classes, and the lines that workgroups share.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Recording.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <set>

using namespace moe::timing;
using namespace moe::emulator;

/// Lines of one instruction that a wave's footprint has at most.
static constexpr unsigned footprintLines = 16;
/// Workgroups of a class that keep their whole streams.
static constexpr size_t examplesKept = 2;
/// Workgroups of the sample besides the first ones.
static constexpr uint64_t spreadSample = 512;
/// The same when only the sample runs.
static constexpr uint64_t fewSpread = 128;

bool moe::timing::touchesMemory(const EventInst &inst) {
  return inst.kind == InstClass::Smem || isVectorMemory(inst.kind) ||
         isLds(inst.kind);
}

/// The streams of a workgroup that is running.
class Recording::Group : public GroupEvents {
public:
  /// `limits`: of each wave; empty: none.
  Group(const EventProgram &program, uint64_t ordinal,
        std::vector<uint64_t> limits)
      : program(program), ordinal(ordinal), limits(std::move(limits)),
        waves(program.waves),
        seen(program.waves, std::vector<uint8_t>(program.insts.size())) {}

  bool executed(unsigned wave, uint32_t inst,
                const MemoryEvent &memory) override {
    Stream &stream = waves[wave];
    stream.insts.push_back(inst);
    if (touchesMemory(program.insts[inst]))
      access(wave, inst, memory);
    return limits.empty() || stream.insts.size() < limits[wave];
  }

  const EventProgram &program;
  const uint64_t ordinal;
  const std::vector<uint64_t> limits;
  std::vector<Stream> waves;
  Footprint footprint;

private:
  void access(unsigned wave, uint32_t inst, const MemoryEvent &memory) {
    Stream &stream = waves[wave];
    Access a;
    a.firstLine = uint32_t(stream.lines.size());
    a.lineCount = uint16_t(memory.lines.size());
    a.ldsPhases = memory.ldsPhases;
    a.ldsConflicts = memory.ldsConflicts;
    a.bytes = memory.bytes;
    stream.accesses.push_back(a);
    stream.lines.insert(stream.lines.end(), memory.lines.begin(),
                        memory.lines.end());
    uint8_t &count = seen[wave][inst];
    for (uint64_t line : memory.lines) {
      if (count >= footprintLines)
        return;
      ++count;
      footprint.lines.push_back({inst, line});
    }
  }
  /// Lines of each instruction that are in the footprint, of each wave.
  std::vector<std::vector<uint8_t>> seen;
};

Recording::Recording(const Parameters &parameters, Options options)
    : parameters(parameters), options(options) {
  onlyWanted = options.sampleInstructions != 0;
}

void Recording::program(EventProgram program) {
  info = std::move(program);
  const Parameters &p = parameters;
  double wavesHeld = std::min(
      p.waves_per_simd, double(unsigned(p.vgprs / std::max(1u, info.vgprs))));
  double held = p.simds * std::max(1.0, wavesHeld) / std::max(1u, info.waves);
  if (info.ldsBytes)
    held = std::min(held, p.lds_bytes / info.ldsBytes);
  resident = std::max(1u, unsigned(held));
  atOnce = uint64_t(resident) * uint64_t(p.cus);
  first = std::min(info.groups, atOnce + atOnce / 4);
  stride = std::max<uint64_t>(1, (info.groups - first) /
                                     (onlyWanted ? fewSpread : spreadSample));
  limits.assign(info.waves, options.sampleInstructions);
}

bool Recording::wants(uint64_t ordinal) const {
  if (ordinal < first)
    return true;
  return (ordinal - first) % stride == 0;
}

std::unique_ptr<GroupEvents> Recording::begin(uint64_t ordinal) {
  bool whole = !onlyWanted || !haveWhole;
  return std::make_unique<Group>(info, ordinal,
                                 whole ? std::vector<uint64_t>() : limits);
}

static bool isLoad(InstClass kind) {
  return kind == InstClass::VmemLoad || kind == InstClass::FlatLoad ||
         kind == InstClass::LdsDma;
}

/// The loops that count are the longest one and those of half its length: not
/// those before and after the products.
bool Recording::limitToFirstPass(const Group &group) {
  bool loops = false;
  for (size_t wave = 0; wave < limits.size(); ++wave) {
    struct Executions {
      uint64_t first = 0, count = 0;
    };
    std::vector<Executions> loads(info.insts.size());
    uint64_t position = 0, most = 0, last = 0;
    for (uint32_t inst : group.waves[wave].insts) {
      ++position;
      if (!isLoad(info.insts[inst].kind))
        continue;
      if (++loads[inst].count == 1)
        loads[inst].first = position;
      most = std::max(most, loads[inst].count);
    }
    for (const Executions &load : loads)
      if (load.count > 1 && load.count > most / 2)
        last = std::max(last, load.first);
    if (last)
      limits[wave] = std::min(limits[wave], last);
    loops |= last != 0;
  }
  return loops;
}

/// The class of a workgroup, which it joins.
unsigned Recording::classify(Group &group) {
  std::vector<uint64_t> counts;
  uint64_t all = 0;
  for (const Stream &wave : group.waves) {
    counts.push_back(wave.insts.size());
    all += wave.insts.size();
  }
  // Those that were cut off are taken for what the first long one is.
  bool cut = false;
  for (size_t wave = 0; wave < group.limits.size(); ++wave)
    cut |= counts[wave] == group.limits[wave];
  if (cut)
    counts = wholeCounts;
  if (group.limits.empty() && !haveWhole) {
    bool isLong = *std::max_element(counts.begin(), counts.end()) >=
                  options.sampleInstructions;
    bool loops = options.firstPass && limitToFirstPass(group);
    haveWhole = isLong || loops;
    if (haveWhole)
      wholeCounts = counts;
  }
  auto [at, fresh] = byCounts.insert({counts, unsigned(list.size())});
  if (fresh) {
    list.emplace_back();
    list.back().instructions = all;
  }
  return at->second;
}

void Recording::end(std::unique_ptr<GroupEvents> events) {
  auto &group = static_cast<Group &>(*events);
  unsigned kind = classify(group);
  group.footprint.kind = kind;
  GroupClass &own = list[kind];
  ++own.share;
  bool whole = group.limits.empty() || own.examples.empty();
  if (whole && own.examples.size() < examplesKept)
    own.examples.push_back(std::move(group.waves));
  footprints[group.ordinal] = std::move(group.footprint);
}

unsigned Recording::classOf(uint64_t ordinal) const {
  auto it = footprints.upper_bound(ordinal);
  return it == footprints.begin() ? 0 : std::prev(it)->second.kind;
}

/// Counts, for each line of the workgroups that run first, how many have it.
void Recording::shareLines() {
  struct Users {
    uint32_t all = 0, last = ~0u, dies = 0;
  };
  llvm::DenseMap<uint64_t, uint32_t> numbers; ///< of lines
  std::vector<Users> users;
  auto dies = uint32_t(parameters.xcds);
  std::vector<uint32_t> onDie; ///< users of each line on each die
  for (auto &[ordinal, footprint] : footprints) {
    if (ordinal >= std::min(first, atOnce))
      break;
    for (auto &[inst, line] : footprint.lines) {
      auto [found, fresh] = numbers.try_emplace(line, uint32_t(users.size()));
      if (fresh) {
        users.emplace_back();
        onDie.resize(onDie.size() + dies);
      }
      line = found->second; // is looked up once
      Users &u = users[line];
      if (u.last == ordinal)
        continue;
      u.last = uint32_t(ordinal);
      ++u.all;
      u.dies += onDie[line * dies + ordinal % dies]++ == 0;
    }
  }
  struct Sum {
    double onDie = 0, onChip = 0, dies = 0, count = 0;
    double later = 0, known = 0;
  };
  std::vector<std::vector<Sum>> sums(list.size());
  for (auto &sum : sums)
    sum.resize(info.insts.size());
  for (const auto &[ordinal, footprint] : footprints) {
    bool early = ordinal < std::min(first, atOnce);
    for (const auto &[inst, line] : footprint.lines) {
      Sum &sum = sums[footprint.kind][inst];
      if (!early) {
        ++sum.later;
        sum.known += numbers.contains(line);
        continue;
      }
      // Harmonic: the traffic of a line is divided by those who share it.
      const Users &u = users[line];
      sum.onDie += 1.0 / onDie[line * dies + ordinal % dies];
      sum.onChip += 1.0 / u.all;
      sum.dies += double(u.dies);
      ++sum.count;
    }
  }
  for (size_t kind = 0; kind < list.size(); ++kind) {
    list[kind].sharing.resize(info.insts.size());
    for (size_t inst = 0; inst < info.insts.size(); ++inst) {
      const Sum &sum = sums[kind][inst];
      if (sum.count > 0)
        list[kind].sharing[inst] = {sum.count / sum.onDie,
                                    sum.count / sum.onChip,
                                    sum.dies / sum.count};
      if (sum.later > 0)
        list[kind].sharing[inst].reused = sum.known / sum.later;
    }
  }
}

void Recording::finish() {
  shareLines();
  for (GroupClass &own : list) {
    if (own.examples.empty())
      continue;
    std::vector<std::set<uint64_t>> lines(info.insts.size());
    std::set<uint64_t> seen;
    for (const Stream &wave : own.examples.front()) {
      size_t next = 0;
      for (uint32_t inst : wave.insts) {
        if (!touchesMemory(info.insts[inst]))
          continue;
        const Access &a = wave.accesses[next++];
        for (uint16_t i = 0; i < a.lineCount; ++i) {
          uint64_t line = wave.lines[a.firstLine + i];
          lines[inst].insert(line);
          own.sharing[inst].fresh += seen.insert(line).second;
        }
      }
    }
    for (size_t inst = 0; inst < lines.size(); ++inst) {
      Sharing &sharing = own.sharing[inst];
      sharing.lines = double(lines[inst].size());
      double onDie = sharing.lines / sharing.onDie *
                     double(std::min(info.groups, atOnce)) / parameters.xcds;
      sharing.staysInL2 = 128 * onDie < parameters.l2_bytes / 4;
    }
  }
  for (auto &entry : footprints)
    entry.second.lines = {};
}
