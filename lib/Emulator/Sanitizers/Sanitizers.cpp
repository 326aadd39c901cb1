//===- Sanitizers.cpp - what happens, told to the sanitizers --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes what happens on to the sanitizers that are on, and keeps the queues of
// operations in flight. The rules are in the checks.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/Sanitizers.h"

#include "Sanitizers/ArithmeticRuns.h"
#include "Sanitizers/ExecCheck.h"
#include "Sanitizers/GlobalCheck.h"
#include "Sanitizers/HazardCheck.h"
#include "Sanitizers/InFlight.h"
#include "Sanitizers/Polls.h"
#include "Sanitizers/RaceCheck.h"
#include "Sanitizers/UninitCheck.h"
#include "Sanitizers/WaitCheck.h"
#include "Vector/VectorModes.h"

namespace moe::emulator {

struct Sanitizers::Impl {
  uint32_t bits;
  const Program &program;
  Sink sink;
  InFlight flight;
  WaitCheck waits;
  RaceCheck races;
  UninitCheck uninit;
  ExecCheck execs;
  HazardCheck hazards;
  ArithmeticRuns runs;
  GlobalCheck &globals;
  uint32_t group = 0;   ///< its number in `globals`
  LdsAddresses current; ///< of the instruction that executes
  bool currentWrite = false, currentSame = true;
  uint64_t started[maxWaves] = {};      ///< EXEC at the start of each wave
  std::vector<LaneAccess> laneAccesses; ///< by it
  bool scoped = false;                  ///< other workgroups see its stores
  /// Instructions of which it is known whether they poll.
  std::unordered_map<uint32_t, bool> polling;

  Impl(uint32_t bits, const Program &program, GlobalCheck &globals, Sink given)
      : bits(bits), program(program), sink(std::move(given)),
        waits(program, sink), races(sink), uninit(program, sink),
        execs(program, sink), hazards(program, sink),
        runs(findArithmeticRuns(program)), globals(globals) {}
  bool has(uint32_t bit) const { return bits & bit; }
  bool polls(uint32_t instIndex);
  RaceAccess raceAccess(uint32_t instIndex, bool write) const;
  void overReads(Wave &w, const InFlight::Op &dma);
};

bool Sanitizers::Impl::polls(uint32_t instIndex) {
  auto found = polling.find(instIndex);
  if (found == polling.end())
    found = polling.emplace(instIndex, isPoll(program, instIndex)).first;
  return found->second;
}

static bool isLdsAtomic(const InstMeta &meta) {
  return meta.kind == InstClass::DsAtomic || meta.kind == InstClass::FlatAtomic;
}

RaceAccess Sanitizers::Impl::raceAccess(uint32_t instIndex, bool write) const {
  const InstMeta &meta = program.meta[instIndex];
  if (!isLdsAtomic(meta))
    return write ? RaceAccess::Write : RaceAccess::Read;
  return meta.traits & ComparesMemory ? RaceAccess::CompareSwap
                                      : RaceAccess::Atomic;
}

/// LDS-DMA overlaps an outstanding DS access of the same wave: vmcnt and
/// lgkmcnt operations are unordered.
void Sanitizers::Impl::overReads(Wave &w, const InFlight::Op &dma) {
  if (dma.lds.addresses.empty())
    return;
  for (const InFlight::Op &op : flight.waves[w.id % maxWaves].lgkm) {
    if (op.kind != InFlight::Kind::Lds || op.lds.addresses.empty() ||
        op.lds.low >= dma.lds.high + dma.lds.bytes ||
        op.lds.high + op.lds.bytes <= dma.lds.low)
      continue;
    for (uint32_t a : op.lds.addresses)
      for (uint32_t b : dma.lds.addresses)
        if (a < b + dma.lds.bytes && b < a + op.lds.bytes)
          return sink(SanitizeWait, dma.instIndex, op.instIndex,
                      "wait: wave " + std::to_string(w.id) +
                          " writes LDS byte " + std::to_string(std::max(a, b)) +
                          " at %1 before %2 is known to have finished");
  }
}

Sanitizers::Sanitizers(uint32_t bits, const Program &program,
                       GlobalCheck &globals, Sink sink)
    : impl(new Impl(bits, program, globals, std::move(sink))) {
  runAt = impl->runs.at.data();
}
Sanitizers::~Sanitizers() = default;

void Sanitizers::beginGroup(Workgroup &group) {
  for (auto &queue : impl->flight.waves) {
    queue.vm.clear();
    queue.lgkm.clear();
  }
  impl->waits.beginGroup(group.ldsSize, group.waves.size());
  impl->races.beginGroup(group.ldsSize);
  if (impl->has(SanitizeUninit))
    impl->uninit.beginGroup(group);
  impl->execs.beginGroup();
  if (impl->has(SanitizeHazard))
    impl->hazards.beginGroup(*group.waves[0]->chip);
  impl->group = impl->globals.beginGroup();
  for (const Wave *w : group.waves)
    impl->started[w->id % maxWaves] = w->exec();
}

void Sanitizers::endGroup() {
  if (impl->has(SanitizeRace))
    impl->races.endGroup();
}

/// VSKIP: nothing happens, and the waits do not count it.
static bool isSkipped(const Wave &w, const InstMeta &meta) {
  return (w.mode & modeSkip) && isSkippable(meta.kind);
}

void Sanitizers::before(Wave &w, const Inst &I) {
  uint32_t instIndex = uint32_t(&I - w.code);
  if (isSkipped(w, impl->program.meta[instIndex]))
    return;
  if (impl->has(SanitizeWait))
    impl->waits.before(w, instIndex);
  if (impl->has(SanitizeUninit))
    impl->uninit.before(w, instIndex);
  if (impl->has(SanitizeExec))
    impl->execs.before(w, instIndex, impl->started[w.id % maxWaves]);
  if (impl->has(SanitizeHazard) && !impl->hazards.canSkip(instIndex))
    impl->hazards.before(w, instIndex);
  impl->current.clear();
  impl->currentWrite = false;
  impl->currentSame = true;
  impl->laneAccesses.clear();
  impl->scoped = I.flags & MemScoped;
}

uint32_t Sanitizers::passRunAt(Wave &w, uint32_t index, uint32_t instIndex,
                               size_t most) {
  const ArithmeticRun &run = impl->runs.runs[index];
  if (run.length > most || (w.mode & (modeIndexing | modeSkip)) ||
      !impl->execs.tracksNothing(w) ||
      (impl->has(SanitizeWait) && !impl->waits.canSkip(w, run)) ||
      (impl->has(SanitizeUninit) && !impl->uninit.passRun(w, run)))
    return 0;
  // Hazards depend on which instructions execute, not on what they do.
  if (impl->has(SanitizeHazard))
    for (uint32_t i = instIndex; i != instIndex + run.length; ++i)
      if (!impl->hazards.canSkip(i))
        impl->hazards.before(w, i);
  return run.length;
}

/// The queue an instruction goes to; false when it is in none.
static bool flightKind(const InstMeta &meta, InFlight::Kind &kind) {
  switch (meta.kind) {
  case InstClass::VmemLoad:
  case InstClass::VmemStore:
  case InstClass::VmemAtomic:
    kind = InFlight::Kind::Vmem;
    return true;
  case InstClass::LdsDma:
    kind = InFlight::Kind::LdsDma;
    return true;
  case InstClass::FlatLoad:
  case InstClass::FlatStore:
  case InstClass::FlatAtomic:
    kind = InFlight::Kind::Flat;
    return true;
  case InstClass::DsRead:
  case InstClass::DsWrite:
  case InstClass::DsAtomic:
  case InstClass::DsOther:
    kind = InFlight::Kind::Lds;
    return true;
  case InstClass::Smem:
    kind = InFlight::Kind::Smem;
    return true;
  default:
    return false;
  }
}

void Sanitizers::after(Wave &w, const Inst &I) {
  uint32_t instIndex = uint32_t(&I - w.code);
  const InstMeta &meta = impl->program.meta[instIndex];
  if (isSkipped(w, meta))
    return;
  if (impl->has(SanitizeExec))
    impl->execs.after(w, instIndex);
  if (impl->has(SanitizeUninit))
    impl->uninit.after(w, instIndex);
  auto &queue = impl->flight.waves[w.id % maxWaves];
  if (meta.kind == InstClass::Wait) {
    arrived(w, I.imm);
    if (!(I.imm & 0xc00f))
      impl->globals.drained(impl->group, w.id);
    return;
  }
  InFlight::Op op;
  if (!flightKind(meta, op.kind))
    return;
  op.instIndex = instIndex;
  if (!impl->laneAccesses.empty())
    op.globalAccess = impl->globals.access(
        w, impl->group, instIndex,
        {impl->scoped, impl->scoped && impl->polls(instIndex)},
        impl->laneAccesses, impl->bits, impl->sink);
  op.ldsWrite = impl->currentWrite;
  op.same = impl->currentSame;
  if (!impl->current.addresses.empty()) {
    op.lds = std::move(impl->current);
    impl->current = impl->flight.freshAddresses();
  }
  if (impl->has(SanitizeWait)) {
    impl->waits.issued(w, op);
    if (op.kind == InFlight::Kind::LdsDma)
      impl->overReads(w, op);
  }
  bool scalar = op.kind == InFlight::Kind::Smem;
  if (scalar || op.kind == InFlight::Kind::Lds) {
    queue.lgkm.push_back(std::move(op));
  } else {
    if (op.kind == InFlight::Kind::Flat)
      queue.lgkm.push_back(op);
    queue.vm.push_back(std::move(op));
  }
  // A full counter stalls the wave until the oldest has finished.
  if (queue.vm.size() > mostVmcnt || queue.lgkm.size() > mostLgkmcnt)
    arrived(w, fullCounters);
}

/// What s_waitcnt with these counts proves.
void Sanitizers::arrived(Wave &w, uint32_t counts) {
  impl->flight.wait(impl->flight.waves[w.id % maxWaves], counts,
                    [&](const InFlight::Op &op) {
                      if (impl->has(SanitizeWait))
                        impl->waits.finished(w, op);
                      if (op.globalAccess)
                        impl->globals.proven(op.globalAccess);
                    });
}

void Sanitizers::barrier(Workgroup &group) {
  impl->waits.barrier();
  impl->globals.barrier(impl->group);
  if (!impl->has(SanitizeRace))
    return;
  impl->races.barrier();
  // What is still in flight may access LDS after the barrier as well.
  for (Wave *w : group.waves) {
    auto &queue = impl->flight.waves[w->id % maxWaves];
    for (const auto *ops : {&queue.vm, &queue.lgkm})
      for (const InFlight::Op &op : *ops)
        impl->races.access(w->id, op.instIndex, op.lds.addresses, op.lds.bytes,
                           impl->raceAccess(op.instIndex, op.ldsWrite),
                           op.same);
  }
}

void Sanitizers::ldsDma(Wave &w, const Inst &I, uint32_t address,
                        uint32_t bytes) {
  uint32_t instIndex = uint32_t(&I - w.code);
  impl->current.add(address);
  impl->current.bytes = bytes;
  impl->currentWrite = true;
  impl->currentSame = false;
  if (impl->has(SanitizeRace))
    impl->races.access(w.id, instIndex, address, bytes, RaceAccess::Write,
                       [] { return false; });
  if (impl->has(SanitizeUninit))
    impl->uninit.access(w, instIndex, address, bytes, true);
}

void Sanitizers::ldsAccess(Wave &w, const Inst &I, uint32_t address,
                           uint32_t bytes, LdsAccess kind) {
  uint32_t instIndex = uint32_t(&I - w.code);
  bool write = kind != LdsAccess::Read, same = kind == LdsAccess::WriteSame;
  bool atomic = isLdsAtomic(impl->program.meta[instIndex]);
  if (impl->has(SanitizeWait))
    impl->waits.access(w, instIndex, address, bytes, write);
  impl->current.add(address);
  impl->current.bytes = bytes;
  impl->currentWrite |= write;
  impl->currentSame &= same;
  if (impl->has(SanitizeRace))
    impl->races.access(w.id, instIndex, address, bytes,
                       impl->raceAccess(instIndex, write),
                       [&] { return same; });
  if (impl->has(SanitizeUninit))
    impl->uninit.access(w, instIndex, address, bytes, write && !atomic);
}

void Sanitizers::ldsLanes(Wave &w, const Inst &I, const uint32_t *offsets,
                          uint32_t bytes, const StoredLanes *stored) {
  uint32_t instIndex = uint32_t(&I - w.code);
  bool write = stored;
  auto lanes = [&](auto f) {
    for (uint64_t m = w.exec(); m; m &= m - 1)
      f(unsigned(__builtin_ctzll(m)));
  };
  impl->current.bytes = bytes;
  impl->currentWrite |= write;
  impl->current.addLanes(offsets, w.exec());
  if (impl->has(SanitizeWait) &&
      impl->waits.mayOverlap(impl->current.low, impl->current.high + bytes))
    lanes([&](unsigned lane) {
      impl->waits.access(w, instIndex, offsets[lane], bytes, write);
    });
  if (stored)
    for (uint64_t m = w.exec(); m && impl->currentSame; m &= m - 1)
      impl->currentSame = stored->isSame(unsigned(__builtin_ctzll(m)));
  else
    impl->currentSame = false;
  if (impl->has(SanitizeRace))
    impl->races.accessLanes(
        w.id, instIndex, offsets, w.exec(), bytes, write,
        [&](unsigned lane) { return stored && stored->isSame(lane); });
  if (!impl->has(SanitizeUninit))
    return;
  lanes([&](unsigned lane) {
    if (write)
      impl->uninit.markKnown(offsets[lane], bytes);
    else if (!impl->uninit.isKnown(offsets[lane], bytes))
      impl->uninit.access(w, instIndex, offsets[lane], bytes, false);
  });
}

void Sanitizers::ldsDmaLanes(Wave &w, const Inst &I, uint32_t target,
                             uint32_t step, uint32_t bytes) {
  uint32_t instIndex = uint32_t(&I - w.code), at[64];
  for (uint32_t lane = 0; lane < 64; ++lane)
    at[lane] = target + step * lane;
  impl->current.bytes = bytes;
  impl->currentWrite = true;
  impl->currentSame = false;
  impl->current.addLanes(at, w.exec());
  if (impl->has(SanitizeRace))
    impl->races.accessLanes(w.id, instIndex, at, w.exec(), bytes, true,
                            [](unsigned) { return false; });
  if (!impl->has(SanitizeUninit))
    return;
  if (w.execFull && step == bytes)
    return impl->uninit.markKnown(target, 64 * bytes);
  for (uint64_t m = w.exec(); m; m &= m - 1)
    impl->uninit.markKnown(at[laneOf(m)], bytes);
}

bool Sanitizers::isUnwritten(uint64_t address) const {
  return !impl->has(SanitizeRace | SanitizeWait) ||
         !impl->globals.slotMayBeWritten(address);
}

void Sanitizers::global(Wave &w, uint64_t address, unsigned bytes,
                        GlobalAccess kind, const void *stored) {
  if (!impl->has(SanitizeRace | SanitizeWait))
    return;
  LaneAccess access{address, bytes, LaneAccess::Read};
  switch (kind) {
  case GlobalAccess::Read:
  case GlobalAccess::ScalarRead:
    if (!impl->globals.slotMayBeWritten(address))
      return;
    if (kind == GlobalAccess::ScalarRead)
      access.kind = LaneAccess::ScalarRead;
    break;
  case GlobalAccess::Atomic:
    access.kind = LaneAccess::Atomic;
    break;
  case GlobalAccess::Write: {
    const uint8_t *host = w.group->memory->find(address, bytes);
    bool same = host && stored && !memcmp(host, stored, bytes);
    access.kind = same ? LaneAccess::WriteSame : LaneAccess::Write;
    break;
  }
  }
  // Now, since others can see the value before the instruction is finished.
  const bool releases = access.kind == LaneAccess::Atomic ||
                        (impl->scoped && kind == GlobalAccess::Write);
  if (releases && impl->laneAccesses.empty())
    impl->globals.release(w, impl->group);
  impl->laneAccesses.push_back(access);
}

} // namespace moe::emulator
