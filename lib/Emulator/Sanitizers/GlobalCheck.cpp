//===- GlobalCheck.cpp - global memory between waves ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A write is ordered before an access of another wave of its workgroup by a
// barrier: the two share a cache that sees them in order. It is ordered before
// an access of another workgroup by a wait and then an atomic or device-scope
// store: of the writer's wave, or of any after a barrier; or by a barrier and
// then a wave that waits for vmcnt(0) before such a store, which is what
// compilers make of a release by one wave for all. That the reader has seen
// that store is not checked: it runs later, that is all. A device-scope store
// is taken for a flag itself, which a device-scope load may read at any time,
// unless an atomic of its wave overtook it and the reader's workgroup has done
// one at the same address since: then it is data. Writes of the same bytes are
// no conflict between each other, nor are atomics; a plain store that nothing
// orders before an atomic of another wave is one, whatever atomics came
// between. A plain store over what an atomic wrote resets a counter or releases
// a lock, if its workgroup has used atomics itself or has looked at the word
// before; over one of its own workgroup, if its wave has.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/GlobalCheck.h"
#include "llvm/ADT/STLExtras.h"

namespace moe::emulator {

uint32_t GlobalCheck::beginGroup() {
  std::lock_guard<std::mutex> lock(mutex);
  groups.emplace_back();
  return uint32_t(groups.size() - 1);
}

void GlobalCheck::barrier(uint32_t group) {
  std::lock_guard<std::mutex> lock(mutex);
  ++groups[group].barriers;
}

void GlobalCheck::proven(uint32_t accessId) {
  std::lock_guard<std::mutex> lock(mutex);
  Access &done = accesses[accessId - 1];
  Group &group = groups[done.group];
  if (done.provenAt)
    return;
  done.provenAt = ++group.time;
  done.provenEpoch = group.barriers;
  if (done.scoped && !done.atomic)
    llvm::erase(group.unproven, accessId);
}

void GlobalCheck::drained(uint32_t group, unsigned wave) {
  std::lock_guard<std::mutex> lock(mutex);
  if (accesses.empty())
    return;
  groups[group].drains[wave % maxWaves] = groups[group].barriers + 1;
}

GlobalCheck::Page *GlobalCheck::pageOf(uint64_t address) {
  uint64_t key = address >> pageBits;
  if (key == lastKey)
    return lastPage;
  auto found = pages.find(key);
  if (found != pages.end()) {
    lastKey = key;
    return lastPage = found->second.get();
  }
  if (pages.size() >= mostPages)
    return nullptr;
  writtenSlots[slotOf(address)].store(true, std::memory_order_relaxed);
  return pages.emplace(address >> pageBits, new Page).first->second.get();
}

/// Whether a workgroup has taken part in synchronisation, as far as a word is
/// concerned: by any atomic or device-scope store, or by reading it. Within the
/// workgroup that wrote last it is the wave that must have done so.
bool GlobalCheck::acquired(const Cell &cell, const Access &before,
                           const Wave &w, uint32_t group) const {
  const bool inside = before.group == group;
  if (inside ? groups[group].released[w.id % maxWaves] != 0
             : groups[group].releaseEpoch >= 0)
    return true;
  return llvm::any_of(cell.readers, [&](uint32_t reader) {
    if (!reader)
      return false;
    const Access &read = accesses[reader - 1];
    return read.group == group && (!inside || read.wave == w.id);
  });
}

/// An atomic by which a wave may release its stores, or acquire others': of one
/// address.
void GlobalCheck::noteAtomic(const Wave &w, uint32_t group, uint32_t accessId,
                             const std::vector<LaneAccess> &lanes) {
  const uint64_t address = lanes[0].address;
  if (lanes.back().address != address)
    return;
  Group &self = groups[group];
  llvm::erase_if(self.unproven, [&](uint32_t number) {
    Access &store = accesses[number - 1];
    if (store.wave != w.id)
      return false;
    store.overtaker = accessId;
    store.overtakenAt = address;
    return true;
  });
  auto found = llvm::find_if(self.atomics, [&](const auto &atomic) {
    return atomic.first == address;
  });
  if (found != self.atomics.end())
    found->second = accessId;
  else if (self.atomics.size() < mostAtomics)
    self.atomics.push_back({address, accessId});
}

/// Whether a device-scope store is data that this workgroup reads too early:
/// its wave did an atomic before the store had been waited for, this workgroup
/// has done one at the same address since, and the dword is no flag.
bool GlobalCheck::overtaken(const Cell &cell, const Access &before,
                            const Wave &w, uint32_t group) const {
  if (!before.overtaker || before.group == group || cell.isFlag)
    return false;
  for (uint32_t reader : cell.readers)
    if (reader && accesses[reader - 1].group == group &&
        accesses[reader - 1].wave == w.id)
      return false; // reads it again
  return llvm::any_of(groups[group].atomics, [&](const auto &atomic) {
    return atomic.first == before.overtakenAt &&
           atomic.second > before.overtaker;
  });
}

/// Whether a write of a cell is ordered before this access.
bool GlobalCheck::ordered(const Cell &cell, const Access &before, const Wave &w,
                          uint32_t group, LaneAccess::Kind kind,
                          bool scoped) const {
  bool synchronises = kind == LaneAccess::Atomic || scoped;
  bool writes = kind != LaneAccess::Read && kind != LaneAccess::ScalarRead;
  if (kind == LaneAccess::WriteSame)
    return true;
  // Flags and counters: atomics among each other, and what resets them.
  if ((before.atomic || before.scoped) &&
      (synchronises || (writes && acquired(cell, before, w, group))) &&
      (kind != LaneAccess::Read || !overtaken(cell, before, w, group)))
    return true;
  // A scalar load that polls what atomics change: it is repeated until it sees
  // the new value.
  if (before.atomic && kind == LaneAccess::ScalarRead)
    return true;
  if (before.group == group) {
    // Scalar loads bypass the vector cache that vector stores go through.
    if (kind == LaneAccess::ScalarRead && !before.provenAt)
      return false;
    return before.wave == w.id || before.epoch < groups[group].barriers;
  }
  const Group &other = groups[before.group];
  if (other.drainedEpoch > int64_t(before.epoch))
    return true;
  if (!before.provenAt)
    return false;
  return other.released[before.wave] > before.provenAt ||
         other.releaseEpoch > int64_t(before.provenEpoch);
}

/// The same for a read that a write comes after.
bool GlobalCheck::orderedRead(const Access &before, const Wave &w,
                              uint32_t group) const {
  if (before.group == group)
    return before.wave == w.id || before.epoch < groups[group].barriers;
  const Group &other = groups[before.group];
  return other.released[before.wave] > before.issuedAt ||
         other.releaseEpoch > int64_t(before.epoch);
}

void GlobalCheck::report(const Access &before, bool wasRead, Wave &w,
                         uint32_t group, uint32_t instIndex,
                         const LaneAccess &lane, uint64_t address,
                         uint32_t bits, const Sanitizers::Sink &sink) {
  bool barrier = before.group == group && before.wave != w.id &&
                 before.epoch == groups[group].barriers;
  bool waits =
      !wasRead && !before.provenAt && !barrier && (bits & SanitizeWait);
  if (!waits && !(bits & SanitizeRace))
    return;
  bool reads =
      lane.kind == LaneAccess::Read || lane.kind == LaneAccess::ScalarRead;
  const Memory &memory = *w.group->memory;
  std::string text = waits ? "wait: wave " : "race: wave ";
  text += std::to_string(w.id) + (reads ? " reads " : " writes ") +
          memory.describe(address, 1) + " at %1, ";
  text += before.group != group ? "which another workgroup"
          : before.wave != w.id ? "which wave " + std::to_string(before.wave)
                                : std::string("which it");
  text += wasRead ? " reads at %2" : " writes at %2";
  text += barrier ? ", and no barrier orders the two"
          : !wasRead && !before.provenAt
              ? " without a wait for that"
              : ", and no atomic or device-scope store after its "
                "wait orders the two";
  sink(waits ? SanitizeWait : SanitizeRace, instIndex, before.instIndex,
       std::move(text));
}

uint32_t GlobalCheck::issue(const Wave &w, uint32_t group, uint32_t instIndex,
                            bool atomic, bool scoped) {
  Access mine;
  mine.instIndex = instIndex;
  mine.group = group;
  mine.wave = w.id;
  mine.epoch = groups[group].barriers;
  mine.issuedAt = groups[group].time;
  mine.atomic = atomic;
  mine.scoped = scoped;
  accesses.push_back(mine);
  return uint32_t(accesses.size());
}

/// Records a read. Reads of one wave between two barriers share the accessId of
/// the first.
void GlobalCheck::noteRead(Cell &cell, uint8_t mask, const Wave &w,
                           uint32_t group, uint32_t instIndex, bool scoped,
                           uint32_t &accessId) {
  if (cell.readers[0]) {
    const Access &last = accesses[cell.readers[0] - 1];
    bool same = last.group == group && last.wave == w.id;
    if (same && last.epoch == groups[group].barriers) {
      cell.readBytes[0] |= mask;
      return;
    }
    if (!same) {
      cell.readers[1] = cell.readers[0];
      cell.readBytes[1] = cell.readBytes[0];
    }
  }
  if (!accessId)
    accessId = issue(w, group, instIndex, false, scoped);
  cell.readers[0] = accessId;
  cell.readBytes[0] = mask;
}

uint32_t GlobalCheck::conflict(const Cell &cell, uint32_t accessId,
                               uint8_t mask, const Wave &w, uint32_t group,
                               LaneAccess::Kind kind, bool scoped,
                               bool &read) const {
  read = false;
  if (cell.accessId && cell.accessId != accessId && (cell.bytes & mask) &&
      !ordered(cell, accesses[cell.accessId - 1], w, group, kind, scoped))
    return cell.accessId;
  // Atomics of others since then do not order a plain write before this one.
  if (kind == LaneAccess::Atomic && cell.plainId &&
      cell.plainId != cell.accessId && (cell.plainBytes & mask) &&
      !ordered(cell, accesses[cell.plainId - 1], w, group, kind, scoped))
    return cell.plainId;
  read = true;
  if (kind == LaneAccess::Write && !scoped)
    for (unsigned i = 0; i < 2; ++i)
      if (cell.readers[i] && (cell.readBytes[i] & mask) &&
          !orderedRead(accesses[cell.readers[i] - 1], w, group))
        return cell.readers[i];
  return 0;
}

void GlobalCheck::release(const Wave &w, uint32_t group) {
  std::lock_guard<std::mutex> lock(mutex);
  Group &self = groups[group];
  self.released[w.id % maxWaves] = ++self.time;
  self.known[w.id % maxWaves] = uint32_t(accesses.size());
  self.releaseEpoch = self.barriers;
  if (self.drains[w.id % maxWaves] == self.barriers + 1)
    self.drainedEpoch = self.barriers;
}

uint32_t GlobalCheck::access(Wave &w, uint32_t group, uint32_t instIndex,
                             Traits traits,
                             const std::vector<LaneAccess> &lanes,
                             uint32_t bits, const Sanitizers::Sink &sink) {
  std::lock_guard<std::mutex> lock(mutex);
  const bool scoped = traits.scoped;
  auto isRead = [](const LaneAccess &lane) {
    return lane.kind == LaneAccess::Read || lane.kind == LaneAccess::ScalarRead;
  };
  bool atomic = lanes[0].kind == LaneAccess::Atomic;
  bool reads = isRead(lanes[0]), told = false;
  const uint32_t known =
      atomic || scoped ? groups[group].known[w.id % maxWaves] : ~0u;
  uint32_t accessId = reads ? 0 : issue(w, group, instIndex, atomic, scoped);
  if (atomic)
    noteAtomic(w, group, accessId, lanes);
  else if (!reads && scoped)
    groups[group].unproven.push_back(accessId);
  for (const LaneAccess &lane : lanes) {
    uint64_t end = lane.address + lane.bytes;
    for (uint64_t at = lane.address; at < end; at = (at & ~uint64_t(3)) + 4) {
      Page *page = pageOf(at);
      if (!page)
        continue;
      Cell &cell = (*page)[(at >> 2) & (page->size() - 1)];
      // A write since this one's release may have come before or after it.
      if (!reads && cell.accessId > known && cell.accessId != accessId)
        continue;
      unsigned count = unsigned(std::min<uint64_t>(end, (at & ~3ull) + 4) - at);
      uint8_t mask = uint8_t(((1u << count) - 1) << (at & 3));
      cell.isFlag |= atomic || (reads && traits.polls);
      bool wasRead;
      uint32_t other = told ? 0
                            : conflict(cell, accessId, mask, w, group,
                                       lane.kind, scoped, wasRead);
      if (other) {
        report(accesses[other - 1], wasRead, w, group, instIndex, lane, at,
               bits, sink);
        told = true;
      }
      if (reads) {
        noteRead(cell, mask, w, group, instIndex, scoped, accessId);
        continue;
      }
      bool mine = cell.accessId == accessId;
      cell.accessId = accessId;
      cell.bytes = uint8_t(mine ? cell.bytes | mask : mask);
      if (atomic || scoped)
        continue;
      cell.plainId = accessId;
      cell.plainBytes = cell.bytes;
    }
  }
  if (reads)
    return 0;
  return accessId;
}

} // namespace moe::emulator
