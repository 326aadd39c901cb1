//===- ComputeUnit.cpp - the time of workgroups on one CU -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Waves issue in order, each at most every issue_clk; the one that is ready
// first goes first. An instruction waits for its registers, its unit, its code
// and, at s_waitcnt, for memory. Memory answers after the latency of the level
// that has the line and after all bytes before it have passed.
//
//===----------------------------------------------------------------------===//

#include "ComputeUnit.h"

#include "llvm/ADT/DenseMap.h"

#include <algorithm>
#include <deque>
#include <limits>

using namespace moe::timing;
using namespace moe::emulator;

namespace {

constexpr double never = std::numeric_limits<double>::infinity();
/// Registers of EventRegs, with a row of AGPRs above the largest file.
constexpr unsigned registerCount = 256 + 1024;
constexpr unsigned sccRegister = 250;

/// What issues independently in a SIMD.
enum Port : uint8_t { PortVector, PortScalar, PortMemory, PortLds, PortOther };
constexpr unsigned portCount = 5;

/// An instruction as the simulation needs it.
struct Op {
  InstClass kind = InstClass::Other;
  Port port = PortOther;
  double clk = 4;                                           ///< on its port
  double latency = 4;                                       ///< of its result
  double core = 0;                                          ///< matrix core
  std::vector<std::pair<uint16_t, uint16_t>> reads, writes; ///< first, end
  uint32_t code = 0; ///< number of its 64 bytes of code
  uint8_t vmcnt = 63, lgkmcnt = 15;
  uint32_t target = 0;
  bool memory = false;
};

bool isOneOf(llvm::StringRef name, std::initializer_list<const char *> list) {
  return llvm::any_of(
      list, [&](const char *start) { return name.starts_with(start); });
}

void setVector(Op &op, const EventInst &inst, const Parameters &p) {
  op.port = PortVector;
  op.clk = p.valu_clk;
  if (inst.kind == InstClass::Trans)
    op.clk = p.trans_clk;
  else if (isOneOf(inst.mnemonic, {"v_cvt_scalef32"}))
    op.clk = p.scaled_cvt_clk;
  else if (isOneOf(inst.mnemonic,
                   {"v_mul_lo_u32", "v_mul_hi_u32", "v_mul_hi_i32",
                    "v_mad_u64_u32", "v_mad_i64_i32"}))
    op.clk = p.slow_valu_clk;
  op.latency = op.clk + p.valu_latency_clk - p.valu_clk;
}

Op makeOp(const EventInst &inst, const Parameters &p) {
  Op op;
  op.kind = inst.kind;
  op.clk = op.latency = p.issue_clk;
  op.vmcnt = inst.vmcnt;
  op.lgkmcnt = inst.lgkmcnt;
  op.target = inst.target;
  op.memory = touchesMemory(inst);
  switch (inst.kind) {
  case InstClass::Valu:
  case InstClass::Trans:
  case InstClass::Cvt:
    setVector(op, inst, p);
    break;
  case InstClass::Mfma:
    op.port = PortVector;
    op.clk = p.valu_clk;
    op.core = inst.passes * p.mfma_pass_clk;
    op.latency = op.core;
    break;
  case InstClass::Salu:
    op.port = PortScalar;
    op.clk = op.latency = p.salu_clk;
    break;
  case InstClass::Smem:
    op.port = PortScalar;
    break;
  case InstClass::DsRead:
  case InstClass::DsWrite:
  case InstClass::DsAtomic:
  case InstClass::DsOther:
    op.port = PortLds;
    break;
  case InstClass::Nop:
    op.clk = inst.nops * p.wait_state_clk;
    break;
  default:
    if (op.memory)
      op.port = PortMemory;
    else if (inst.mnemonic == "s_sleep")
      op.clk = p.sleep_clk;
  }
  for (const EventRegs &regs : inst.regs) {
    auto end =
        uint16_t(std::min<unsigned>(regs.first + regs.count, registerCount));
    if (regs.read)
      op.reads.push_back({regs.first, end});
    if (regs.written)
      op.writes.push_back({regs.first, end});
  }
  if (inst.readsScc)
    op.reads.push_back({sccRegister, sccRegister + 1});
  if (inst.writesScc)
    op.writes.push_back({sccRegister, sccRegister + 1});
  return op;
}

/// Something that passes bytes, or accesses, one after the other.
struct Server {
  double free = 0, busy = 0;
  /// When a request that comes at `at` and takes `clk` has passed.
  double pass(double at, double clk) {
    free = std::max(free, at) + clk;
    busy += clk;
    return free;
  }
};

struct WaveState {
  const Stream *stream = nullptr;
  size_t next = 0, nextAccess = 0;
  unsigned simd = 0, slot = 0, index = 0;
  double ready = never;
  double arrived = 0; ///< since when it stands before its instruction
  bool atBarrier = false;
  std::vector<double> vm, lgkm; ///< when what is in flight arrives
  double lastVm = 0, lastLds = 0, stores = 0;
  std::vector<double> regs, accumulators;
};

/// A place for a workgroup.
struct Slot {
  unsigned group = 0;
  unsigned alive = 0, waiting = 0;
  double barrier = 0, end = 0;
};

class ComputeUnit {
public:
  ComputeUnit(const EventProgram &program, const Parameters &p,
              llvm::ArrayRef<CuGroup> groups, const SliceSink &slices)
      : p(p), groups(groups), slices(slices) {
    llvm::DenseMap<uint64_t, uint32_t> code;
    for (const EventInst &inst : program.insts) {
      ops.push_back(makeOp(inst, p));
      ops.back().code =
          code.try_emplace(inst.pc / 64, uint32_t(code.size())).first->second;
    }
    fetched.assign(code.size(), never);
    result.insts.resize(ops.size());
    ports.resize(size_t(p.simds));
    cores.resize(size_t(p.simds));
  }

  CuResult run(unsigned residents);

private:
  void startGroup(unsigned slot, double at);
  void step(WaveState &w);
  double earliest(const WaveState &w, const Op &op);
  double counterTime(const WaveState &w, const Op &op) const;
  void issue(WaveState &w, const Op &op, double at);
  void issueMemory(WaveState &w, const Op &op, double at);
  void vectorMemory(WaveState &w, const Op &op, const Access &a,
                    const uint64_t *lines, double at);
  double loadLines(const CuGroup &group, uint32_t inst, unsigned tag,
                   const Access &a, const uint64_t *lines, double at);
  double writeBytes(const CuGroup &group, const Access &a, bool atomic,
                    double at);
  double limitMisses(double at, double bytes);
  void arriveAtBarrier(WaveState &w, double at);
  void openBarrier(unsigned slot);
  void endWave(WaveState &w, double at);

  double perClk(double tbs) const { return tbs * 1000 / p.clock_ghz; }

  const Parameters &p;
  llvm::ArrayRef<CuGroup> groups;
  const SliceSink &slices;
  std::vector<Op> ops;
  std::vector<std::array<double, portCount>> ports; ///< of each SIMD: when free
  std::vector<double> cores;                        ///< matrix cores
  Server lds, address, l2, mall, hbm;
  std::vector<WaveState> waves;
  std::vector<Slot> slots;
  size_t nextGroup = 0;
  std::vector<double> fetched; ///< when code is there
  /// The number of the last access to a line; the workgroup is in the key.
  llvm::DenseMap<uint64_t, uint64_t> touched;
  uint64_t touches = 0;
  std::deque<std::pair<double, double>> misses; ///< arrival and bytes
  double missBytes = 0;
  CuResult result;
};

void ComputeUnit::startGroup(unsigned slotIndex, double at) {
  Slot &slot = slots[slotIndex];
  slot.group = unsigned(nextGroup++);
  const CuGroup &group = groups[slot.group];
  double start = std::max(at, group.start);
  size_t count = group.waves->size(), firstWave = slotIndex * count;
  if (waves.size() < firstWave + count)
    waves.resize(firstWave + count);
  slot.alive = unsigned(count);
  slot.waiting = 0;
  slot.barrier = slot.end = 0;
  for (size_t i = 0; i < count; ++i) {
    WaveState fresh;
    fresh.stream = &(*group.waves)[i];
    fresh.simd = unsigned((firstWave + i) % ports.size());
    fresh.slot = slotIndex;
    fresh.index = unsigned(i);
    fresh.ready = fresh.arrived = start;
    fresh.regs.assign(registerCount, 0);
    fresh.accumulators.assign(registerCount, 0);
    waves[firstWave + i] = std::move(fresh);
  }
}

/// When at most `allowed` of what is in flight has not arrived.
double whenLeft(const std::vector<double> &flying, unsigned allowed) {
  if (flying.size() <= allowed)
    return 0;
  if (allowed == 0)
    return *std::max_element(flying.begin(), flying.end());
  std::vector<double> sorted(flying);
  size_t at = flying.size() - allowed - 1;
  std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
  return sorted[at];
}

/// Waits of s_waitcnt and of counters that are full.
double ComputeUnit::counterTime(const WaveState &w, const Op &op) const {
  if (op.kind == InstClass::Wait) {
    double vm = op.vmcnt < 63 ? whenLeft(w.vm, op.vmcnt) : 0;
    double lgkm = op.lgkmcnt < 15 ? whenLeft(w.lgkm, op.lgkmcnt) : 0;
    return std::max(vm, lgkm);
  }
  if (!op.memory)
    return 0;
  return op.port == PortMemory ? whenLeft(w.vm, 62) : whenLeft(w.lgkm, 14);
}

/// When an instruction may issue.
double ComputeUnit::earliest(const WaveState &w, const Op &op) {
  double at = std::max(w.ready, ports[w.simd][op.port]);
  const std::vector<double> &regs =
      op.kind == InstClass::Mfma ? w.accumulators : w.regs;
  for (const auto &[first, end] : op.reads)
    for (unsigned r = first; r < end; ++r)
      at = std::max(at, regs[r]);
  if (op.core > 0)
    at = std::max(at, cores[w.simd]);
  double &code = fetched[op.code];
  if (code == never)
    code = w.ready + p.fetch_clk;
  at = std::max(at, code);
  return std::max(at, counterTime(w, op));
}

/// No more than miss_bytes are on their way.
double ComputeUnit::limitMisses(double at, double bytes) {
  while (!misses.empty() &&
         (misses.front().first <= at || missBytes + bytes > p.miss_bytes)) {
    at = std::max(at, misses.front().first);
    missBytes -= misses.front().second;
    misses.pop_front();
  }
  return at;
}

/// When the last line of a load is there.
double ComputeUnit::loadLines(const CuGroup &group, uint32_t inst, unsigned tag,
                              const Access &a, const uint64_t *lines,
                              double at) {
  const Sharing &sharing = (*group.sharing)[inst];
  double perDie = std::max(1.0, group.active / p.xcds);
  double l2Rate = std::min(p.l1_bytes_per_clk, p.l2_bytes_per_clk / perDie);
  uint64_t l1Lines = uint64_t(p.l1_bytes / 128);
  double done = at + p.l1_latency_clk;
  for (unsigned i = 0; i < a.lineCount; ++i) {
    uint64_t key = lines[i] ^ uint64_t(tag) << 50;
    auto [entry, fresh] = touched.try_emplace(key, 0);
    bool inL1 = !fresh && touches - entry->second < l1Lines;
    entry->second = ++touches;
    if (inL1)
      continue;
    double sent = limitMisses(at, 128);
    double passed = l2.pass(sent, 128 / l2Rate);
    double latency = p.l2_latency_clk;
    if (fresh) {
      double known = group.cached ? 1 : group.later ? sharing.reused : 0;
      bool near = group.later && sharing.staysInL2;
      double all = 128 / sharing.onChip * (1 - known);
      passed =
          std::max(passed, mall.pass(sent, 128 / sharing.onDie * group.active /
                                               perClk(p.mall_tbs)));
      passed = std::max(passed,
                        hbm.pass(sent, all * group.active / perClk(p.hbm_tbs)));
      latency = p.hbm_latency_clk +
                known * ((near ? p.l2_latency_clk : p.mall_latency_clk) -
                         p.hbm_latency_clk);
      result.hbmBytes += all;
    }
    double arrival = passed + latency;
    misses.push_back({arrival, 128});
    missBytes += 128;
    done = std::max(done, arrival);
  }
  return done;
}

/// When a store or an atomic is confirmed.
double ComputeUnit::writeBytes(const CuGroup &group, const Access &a,
                               bool atomic, double at) {
  double perDie = std::max(1.0, group.active / p.xcds);
  double l2Rate = std::min(p.l1_bytes_per_clk, p.l2_bytes_per_clk / perDie);
  double clk = a.bytes / l2Rate;
  // 16 channels of a die do atomics at the same time.
  if (atomic)
    clk = std::max(clk, a.lineCount * p.atomic_line_clk * perDie / 16);
  double passed = l2.pass(at, clk);
  passed = std::max(passed,
                    hbm.pass(at, a.bytes * group.active / perClk(p.hbm_tbs)));
  result.hbmBytes += a.bytes;
  return passed + p.l2_latency_clk;
}

void ComputeUnit::vectorMemory(WaveState &w, const Op &op, const Access &a,
                               const uint64_t *lines, double at) {
  const CuGroup &group = groups[slots[w.slot].group];
  uint32_t inst = uint32_t(&op - ops.data());
  double clk =
      std::max({p.vmem_clk, a.bytes / p.l1_bytes_per_clk, double(a.lineCount)});
  double sent = address.pass(at, clk);
  bool writes =
      op.kind == InstClass::VmemStore || op.kind == InstClass::FlatStore ||
      op.kind == InstClass::VmemAtomic || op.kind == InstClass::FlatAtomic;
  bool atomic =
      op.kind == InstClass::VmemAtomic || op.kind == InstClass::FlatAtomic;
  double done =
      writes ? writeBytes(group, a, atomic, sent)
             : loadLines(group, inst, slots[w.slot].group, a, lines, sent);
  if (op.kind == InstClass::LdsDma) {
    // The bytes pass the LDS when they come; what others do there meanwhile is
    // as much as now.
    double clk = a.ldsPhases * p.lds_phase_clk;
    lds.pass(sent, clk);
    done += clk;
  }
  w.lastVm = std::max(w.lastVm, done);
  w.vm.push_back(w.lastVm);
  if (writes)
    w.stores = std::max(w.stores, done);
  if (op.kind >= InstClass::FlatLoad && op.kind <= InstClass::FlatAtomic)
    w.lgkm.push_back(w.lastVm);
}

void ComputeUnit::issueMemory(WaveState &w, const Op &op, double at) {
  const Access &a = w.stream->accesses[w.nextAccess++];
  const uint64_t *lines = w.stream->lines.data() + a.firstLine;
  auto inst = size_t(&op - ops.data());
  result.insts[inst].ldsConflicts += a.ldsConflicts;
  if (op.port == PortMemory) {
    w.vm.erase(std::remove_if(w.vm.begin(), w.vm.end(),
                              [&](double t) { return t <= at; }),
               w.vm.end());
    return vectorMemory(w, op, a, lines, at);
  }
  w.lgkm.erase(std::remove_if(w.lgkm.begin(), w.lgkm.end(),
                              [&](double t) { return t <= at; }),
               w.lgkm.end());
  if (op.kind == InstClass::Smem) {
    double latency = p.smem_latency_clk;
    for (unsigned i = 0; i < a.lineCount; ++i)
      if (touched.try_emplace(lines[i] | uint64_t(1) << 63, 0).second)
        latency = p.hbm_latency_clk;
    w.lgkm.push_back(at + latency);
    return;
  }
  double passed =
      lds.pass(at, std::max<unsigned>(1, a.ldsPhases) * p.lds_phase_clk);
  w.lastLds = std::max(w.lastLds, passed - p.lds_phase_clk + p.lds_latency_clk);
  w.lgkm.push_back(w.lastLds);
}

void ComputeUnit::openBarrier(unsigned slotIndex) {
  Slot &slot = slots[slotIndex];
  slot.waiting = 0;
  for (WaveState &w : waves)
    if (w.stream && w.slot == slotIndex && w.atBarrier) {
      w.atBarrier = false;
      w.ready = slot.barrier + p.barrier_clk;
      result.insts[w.stream->insts[w.next - 1]].stall += w.ready - w.arrived;
      w.arrived = w.ready;
    }
}

void ComputeUnit::arriveAtBarrier(WaveState &w, double at) {
  Slot &slot = slots[w.slot];
  w.atBarrier = true;
  w.arrived = at;
  w.ready = never;
  slot.barrier = std::max(slot.barrier, at);
  if (++slot.waiting == slot.alive)
    openBarrier(w.slot);
}

void ComputeUnit::endWave(WaveState &w, double at) {
  unsigned slotIndex = w.slot;
  Slot &slot = slots[slotIndex];
  slot.end = std::max({slot.end, at, w.stores});
  result.end = std::max(result.end, slot.end);
  w.stream = nullptr;
  w.ready = never;
  --slot.alive;
  if (slot.alive && slot.waiting == slot.alive)
    openBarrier(slotIndex);
  if (slot.alive)
    return;
  result.ends.push_back(slot.end);
  if (nextGroup < groups.size())
    startGroup(slotIndex, slot.end);
}

void ComputeUnit::issue(WaveState &w, const Op &op, double at) {
  auto inst = size_t(&op - ops.data());
  InstTime &time = result.insts[inst];
  ++time.count;
  time.issue += std::max(op.clk, op.core);
  time.stall += at - w.arrived;
  if (slices)
    slices({slots[w.slot].group, w.index, w.simd, uint32_t(inst), w.arrived, at,
            at + std::max(op.clk, op.core)});
  ports[w.simd][op.port] = at + op.clk;
  if (op.port == PortVector)
    result.valu += op.clk;
  if (op.core > 0) {
    cores[w.simd] = at + op.core;
    result.mfma += op.core;
  }
  for (const auto &[first, end] : op.writes)
    for (unsigned r = first; r < end; ++r) {
      w.accumulators[r] = at + op.latency;
      w.regs[r] = at + op.latency + (op.core > 0 ? p.mfma_result_clk : 0);
    }
  ++w.next;
  w.ready = at + std::max(p.issue_clk, op.kind == InstClass::Nop ? op.clk : 0);
  w.arrived = w.ready;
  if (op.memory && w.nextAccess < w.stream->accesses.size())
    issueMemory(w, op, at);
  bool more = w.next < w.stream->insts.size();
  if (op.kind == InstClass::Branch && more &&
      w.stream->insts[w.next] != inst + 1)
    w.ready = w.arrived = at + p.branch_clk;
  if (op.kind == InstClass::Barrier && more)
    return arriveAtBarrier(w, w.ready);
  if (!more)
    endWave(w, w.ready);
}

/// Lets a wave issue, or finds when it can.
void ComputeUnit::step(WaveState &w) {
  const Op &op = ops[w.stream->insts[w.next]];
  double at = earliest(w, op);
  if (at > w.ready)
    w.ready = at;
  else
    issue(w, op, at);
}

CuResult ComputeUnit::run(unsigned residents) {
  slots.resize(residents);
  for (unsigned slot = 0; slot < residents && nextGroup < groups.size(); ++slot)
    startGroup(slot, 0);
  for (;;) {
    WaveState *first = nullptr;
    for (WaveState &w : waves)
      if (w.stream && w.ready != never && (!first || w.ready < first->ready))
        first = &w;
    if (!first)
      break;
    step(*first);
  }
  result.lds = lds.busy;
  result.l1 = address.busy;
  result.l2 = l2.busy;
  result.mall = mall.busy;
  result.hbm = hbm.busy;
  return std::move(result);
}

} // namespace

CuResult moe::timing::simulate(const EventProgram &program,
                               const Parameters &parameters,
                               llvm::ArrayRef<CuGroup> groups,
                               unsigned residents, const SliceSink &slices) {
  return ComputeUnit(program, parameters, groups, slices).run(residents);
}
