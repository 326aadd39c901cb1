//===- Model.cpp - the modelled time of a launch --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Deals the workgroups of a launch to dies and compute units as the dispatcher
// does, simulates the compute unit that gets the most, and adds what a launch
// costs by itself. Long lists of workgroups are simulated in part and continued
// in proportion.
//
//===----------------------------------------------------------------------===//

#include "ComputeUnit.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <queue>

using namespace moe::timing;
using namespace moe::emulator;

namespace {

/// The workgroups of one compute unit, in order.
struct CuList {
  std::vector<uint64_t> ordinals;
  double weight = 0;
};

class Launch {
public:
  Launch(const Recording &recording, const Parameters &parameters,
         const SliceSink &slices)
      : recording(recording), p(parameters), slices(slices) {}
  ModelledTime time();

private:
  void deal();
  void countTotals();
  std::vector<CuGroup> groupsOf(const CuList &list, size_t count) const;
  double weightOf(const CuList &list, size_t count) const;
  CuResult simulateList(const CuList &list, double &end) const;
  void describe(const CuResult &cu, double end, ModelledTime &time) const;

  const Recording &recording;
  const Parameters &p;
  const SliceSink &slices;
  std::vector<CuList> units;
  std::vector<double> active; ///< compute units that run an i-th workgroup
  /// Workgroups of each class; those that do not run at first.
  std::vector<uint64_t> counts, laterCounts;
  double hbmBytes = 0, matrixClk = 0;
  /// The same with a line counted for each instruction that touches it.
  double touchedBytes = 0;
};

/// Each workgroup goes to the next die and there to the compute unit that is
/// free first; the instructions it executes stand for its time.
void Launch::deal() {
  auto dies = size_t(p.xcds), perDie = size_t(p.cus / p.xcds);
  unsigned residents = recording.residents();
  using Place = std::tuple<double, unsigned, size_t>; // free at, slot, unit
  using Queue = std::priority_queue<Place, std::vector<Place>, std::greater<>>;
  std::vector<Queue> free(dies);
  units.resize(dies * perDie);
  for (size_t die = 0; die < dies; ++die)
    for (size_t unit = 0; unit < perDie; ++unit)
      for (unsigned slot = 0; slot < residents; ++slot)
        free[die].push({0, slot, die * perDie + unit});
  counts.resize(recording.classes().size());
  laterCounts.resize(counts.size());
  double heaviest = 0;
  for (const GroupClass &kind : recording.classes())
    heaviest = std::max(heaviest, double(kind.instructions));
  for (uint64_t i = 0; i < recording.kernel().groups; ++i) {
    auto [at, slot, unit] = free[i % dies].top();
    free[i % dies].pop();
    unsigned kind = recording.classOf(i);
    auto weight = double(recording.classes()[kind].instructions);
    ++counts[kind];
    laterCounts[kind] += i >= recording.slots();
    units[unit].ordinals.push_back(i);
    units[unit].weight += weight;
    if (weight > heaviest / 4) {
      size_t index = units[unit].ordinals.size() - 1;
      active.resize(std::max(active.size(), index + 1));
      ++active[index];
    }
    free[i % dies].push({at + weight, slot, unit});
  }
}

/// Bytes of HBM and matrix passes of the whole launch.
void Launch::countTotals() {
  for (size_t kind = 0; kind < counts.size(); ++kind) {
    const GroupClass &own = recording.classes()[kind];
    double lines = 0, fresh = 0, clk = 0;
    for (const Sharing &sharing : own.sharing) {
      double part =
          (double(counts[kind]) - double(laterCounts[kind]) * sharing.reused) /
          sharing.onChip;
      lines += sharing.lines * part;
      fresh += sharing.fresh * part;
    }
    for (const Stream &wave : own.examples.front())
      for (uint32_t inst : wave.insts)
        clk += recording.kernel().insts[inst].passes * p.mfma_pass_clk;
    touchedBytes += lines * 128;
    hbmBytes += fresh * 128;
    matrixClk += double(counts[kind]) * clk;
  }
}

std::vector<CuGroup> Launch::groupsOf(const CuList &list, size_t count) const {
  std::vector<CuGroup> groups(count);
  bool fits = touchedBytes <= p.mall_bytes;
  for (size_t i = 0; i < count; ++i) {
    uint64_t ordinal = list.ordinals[i];
    const GroupClass &kind = recording.classes()[recording.classOf(ordinal)];
    groups[i].waves = &kind.examples[i % kind.examples.size()];
    groups[i].sharing = &kind.sharing;
    // The XCDs start workgroups side by side.
    uint64_t round = ordinal / uint64_t(p.xcds);
    groups[i].start = double(round) * p.workgroup_clk;
    groups[i].active = std::max(1.0, i < active.size() ? active[i] : 1.0);
    groups[i].later = i >= recording.residents() && fits;
    groups[i].cached = touchedBytes * p.buffer_sets <= p.mall_bytes;
  }
  return groups;
}

double Launch::weightOf(const CuList &list, size_t count) const {
  double weight = 0;
  for (size_t i = 0; i < count; ++i)
    weight += double(
        recording.classes()[recording.classOf(list.ordinals[i])].instructions);
  return weight;
}

/// `end`: of all its workgroups; the result is of those that were simulated.
CuResult Launch::simulateList(const CuList &list, double &end) const {
  unsigned residents = recording.residents();
  size_t all = list.ordinals.size();
  double heaviest = 0;
  for (uint64_t i : list.ordinals)
    heaviest = std::max(
        heaviest,
        double(recording.classes()[recording.classOf(i)].instructions));
  // Short ones are simulated by the dozen.
  size_t some = std::min<size_t>(all, 4 * residents);
  while (some < all && weightOf(list, some) < 4 * residents * heaviest)
    ++some;
  if (all <= some + residents) {
    CuResult whole =
        simulate(recording.kernel(), p, groupsOf(list, all), residents, slices);
    end = whole.end;
    return whole;
  }
  CuResult part =
      simulate(recording.kernel(), p, groupsOf(list, some), residents, slices);
  double weight = weightOf(list, some);
  llvm::sort(part.ends);
  double rate = (part.ends[some - 1] - part.ends[some / 2 - 1]) /
                (weight - weightOf(list, some / 2));
  end = part.end + (list.weight - weight) * rate;
  return part;
}

void Launch::describe(const CuResult &cu, double end,
                      ModelledTime &time) const {
  double simds = p.simds * cu.end;
  time.busy = {{"mfma", cu.mfma / simds}, {"valu", cu.valu / simds},
               {"lds", cu.lds / cu.end},  {"l1", cu.l1 / cu.end},
               {"l2", cu.l2 / cu.end},    {"mall", cu.mall / cu.end},
               {"hbm", cu.hbm / cu.end}};
  double load = matrixClk / (p.simds * p.cus * std::max(end, 1.0));
  double ghz = p.clock_ghz * (1 - p.matrix_clock_loss * std::min(1.0, load));
  time.launchUs = p.launch_us;
  time.us = p.launch_us + end / ghz / 1000;
  time.idealUs = std::max(hbmBytes / p.hbm_peak_tbs / 1e6,
                          matrixClk / (p.cus * p.simds) / p.clock_ghz / 1000);
  auto most = llvm::max_element(time.busy, [](const auto &a, const auto &b) {
    return a.second < b.second;
  });
  time.boundBy = 2 * p.launch_us > time.us ? "launch"
                 : most->second >= 0.6     ? most->first
                                           : "latency";
}

ModelledTime Launch::time() {
  ModelledTime time;
  time.parameters = p.name;
  time.calibrated = p.calibrated;
  time.sampled = recording.sampledOnly();
  time.us = time.launchUs = p.launch_us;
  time.boundBy = "launch";
  if (recording.classes().empty())
    return time;
  deal();
  countTotals();
  time.hbmBytes = hbmBytes;
  time.matrixClk = matrixClk;
  time.wavesPerSimd =
      unsigned(recording.residents() * recording.kernel().waves / p.simds);
  const CuList &busiest =
      *llvm::max_element(units, [](const CuList &a, const CuList &b) {
        return a.weight < b.weight;
      });
  double end = 0;
  CuResult cu = simulateList(busiest, end);
  describe(cu, end, time);
  time.insts = std::move(cu.insts);
  return time;
}

bool hasScaledCvt(const EventProgram &program) {
  return llvm::any_of(program.insts, [](const EventInst &inst) {
    return llvm::StringRef(inst.mnemonic).starts_with("v_cvt_scalef32");
  });
}

} // namespace

ModelledTime moe::timing::modelOneTime(const Recording &recording,
                                       const Parameters &parameters,
                                       const SliceSink &slices) {
  return Launch(recording, parameters, slices).time();
}

ModelledTime moe::timing::modelTime(const Recording &recording,
                                    const Parameters &parameters,
                                    const SliceSink &slices) {
  ModelledTime time = modelOneTime(recording, parameters, slices);
  if (!hasScaledCvt(recording.kernel()))
    return time;
  for (unsigned clk : {4, 8, 16}) {
    Parameters changed = parameters;
    changed.scaled_cvt_clk = clk;
    double us = clk == parameters.scaled_cvt_clk
                    ? time.us
                    : modelOneTime(recording, changed).us;
    time.byScaledCvt.push_back({clk, us});
  }
  return time;
}

/// A launch without these converts takes the same time with each.
static void addConverts(ModelledTime &sum, const ModelledTime &next) {
  auto &all = sum.byScaledCvt;
  if (all.empty())
    for (const auto &entry : next.byScaledCvt)
      all.emplace_back(entry.first, sum.us);
  for (auto &[clk, us] : all) {
    double more = next.us;
    for (const auto &entry : next.byScaledCvt)
      if (entry.first == clk)
        more = entry.second;
    us += more;
  }
}

void ModelledTime::add(const ModelledTime &next) {
  addConverts(*this, next);
  double longest = longestUs > 0 ? longestUs : us;
  double nextLongest = next.longestUs > 0 ? next.longestUs : next.us;
  if (nextLongest > longest) {
    boundBy = next.boundBy;
    busy = next.busy;
  }
  longestUs = std::max(longest, nextLongest);
  us += next.us;
  idealUs += next.idealUs;
  launchUs += next.launchUs;
  hbmBytes += next.hbmBytes;
  matrixClk += next.matrixClk;
  wavesPerSimd = std::min(wavesPerSimd, next.wavesPerSimd);
  sampled |= next.sampled;
  insts.clear();
}
