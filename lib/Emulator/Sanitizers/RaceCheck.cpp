//===- RaceCheck.cpp - LDS accesses without a barrier between -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `race` sanitizer: for each LDS byte the last writer and the readers of
// the current barrier epoch. Waves that write the same value, one after the
// other, do not conflict with each other. Nor does a plain read beside atomics
// of others if its wave swaps by comparing before the next barrier: the loop by
// which LLVM makes the atomics that the hardware lacks reads plainly at first.
// A dword is one cell until something narrower touches it; then its four bytes
// have cells of their own.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/RaceCheck.h"

#include "llvm/ADT/STLExtras.h"

namespace moe::emulator {

void RaceCheck::beginGroup(uint32_t ldsSize) {
  size_t count = (ldsSize + 15) / 16 * 4 + 4;
  if (dwords.size() < count) {
    dwords.assign(count, Cell());
    bytesOf.assign(count * 4, Cell());
    split.assign(count, 0);
    quads.assign(count / 4 + 1, Cell());
    partsEpoch.assign(count / 4 + 1, 0);
  }
  ++epoch;
}

void RaceCheck::barrier() {
  endGroup();
  ++epoch;
}

void RaceCheck::endGroup() {
  atomics.clear();
  if (reads.empty())
    return;
  // In the order of addresses and waves, not of hashes.
  std::vector<std::pair<uint32_t, unsigned>> keys;
  for (const auto &entry : reads)
    keys.push_back(entry.first);
  llvm::sort(keys);
  for (const auto &key : keys)
    for (const Conflict &conflict : reads[key])
      report(conflict);
  reads.clear();
}

void RaceCheck::report(const Conflict &c) {
  sink(SanitizeRace, c.now, c.before,
       "race: wave " + std::to_string(c.wave) +
           (c.nowWrites ? " writes LDS byte " : " reads LDS byte ") +
           std::to_string(c.address) + " at %1, wave " +
           std::to_string(c.otherWave) +
           (c.beforeWrites ? " writes it at %2" : " reads it at %2") +
           ", and no barrier orders the two");
}

void RaceCheck::reportUnlessSwapped(unsigned reader, const Conflict &conflict) {
  std::vector<Conflict> &known = reads[{conflict.address, reader}];
  for (const Conflict &k : known)
    if (k.now == conflict.now && k.before == conflict.before)
      return;
  known.push_back(conflict);
}

void RaceCheck::checkCell(Cell &cell, unsigned wave, uint32_t instIndex,
                          RaceAccess kind, llvm::function_ref<bool()> isSame,
                          uint32_t address) {
  const bool write = kind != RaceAccess::Read;
  const bool atomic = write && kind != RaceAccess::Write;
  if (kind == RaceAccess::CompareSwap) {
    reads.erase({address, wave});
    cell.forget(wave);
  }
  const bool changes = !(write && isSame());
  if (cell.writeEpoch == epoch && cell.writer != wave && changes)
    report(
        {instIndex, cell.writeInst, wave, cell.writer, write, true, address});
  if (cell.atomicEpoch == epoch && !atomic && changes) {
    const Atomics &last = atomics[address / 4];
    const bool first = last.wave != wave;
    if (first || (last.two && last.other != wave)) {
      const Conflict conflict = {instIndex, first ? last.inst : last.otherInst,
                                 wave,      first ? last.wave : last.other,
                                 write,     true,
                                 address};
      if (write)
        report(conflict);
      else
        reportUnlessSwapped(wave, conflict);
    }
  }
  auto meetReader = [&](unsigned reader, uint32_t readInst) {
    const Conflict conflict = {instIndex, readInst, wave,   reader,
                               true,      false,    address};
    if (atomic)
      reportUnlessSwapped(reader, conflict);
    else
      report(conflict);
  };
  if (write && cell.readEpoch == epoch) {
    if (cell.reader != wave)
      meetReader(cell.reader, cell.readInst);
    else if (cell.twoReaders && cell.other != wave)
      meetReader(cell.other, cell.otherInst);
  }
  if (!atomic)
    return cell.note(epoch, wave, instIndex, write);
  cell.atomicEpoch = epoch;
  noteAtomic(address / 4, wave, instIndex);
}

void RaceCheck::noteAtomic(uint32_t dword, unsigned wave, uint32_t instIndex) {
  auto [entry, isNew] = atomics.try_emplace(dword);
  Atomics &last = entry->second;
  if (!isNew && last.wave != wave) {
    last.two = true;
    last.other = last.wave;
    last.otherInst = last.inst;
  }
  last.wave = uint8_t(wave);
  last.inst = instIndex;
}

/// The same of a dword, for its bytes.
bool RaceCheck::isWholeDword(uint32_t dword) {
  if (!split[dword])
    return true;
  for (uint32_t byte = 4 * dword; byte < 4 * dword + 4; ++byte)
    if (!isStale(bytesOf[byte]))
      return false;
  split[dword] = 0;
  dwords[dword] = Cell();
  return true;
}

/// Cells for the dwords of a quad. Where the quad's is of an earlier epoch, so
/// are theirs and those of their bytes.
void RaceCheck::splitUp(uint32_t quad) {
  Cell &whole = quads[quad];
  if (whole.isSplit)
    return;
  partsEpoch[quad] = epoch;
  if (!isStale(whole))
    for (uint32_t dword = 4 * quad; dword < 4 * quad + 4; ++dword) {
      dwords[dword] = whole;
      split[dword] = 0;
    }
  whole.isSplit = true;
}

/// The same for the bytes of a dword.
void RaceCheck::splitUpDword(uint32_t dword) {
  if (split[dword])
    return;
  split[dword] = 1;
  if (isStale(dwords[dword]))
    return;
  for (unsigned byte = 0; byte < 4; ++byte)
    bytesOf[4 * dword + byte] = dwords[dword];
}

bool RaceCheck::passDwords(unsigned wave, uint32_t instIndex, uint32_t address,
                           uint32_t bytes, bool write) {
  if (address % 4 || (bytes != 4 && bytes != 8))
    return false;
  uint32_t quad = address / 16, lastQuad = (address + bytes - 1) / 16;
  splitUp(quad);
  splitUp(lastQuad);
  uint32_t first = address / 4, end = first + bytes / 4;
  for (uint32_t dword = first; dword < end; ++dword)
    if (!isWholeDword(dword) || dwords[dword].conflicts(epoch, wave, write))
      return false;
  for (uint32_t dword = first; dword < end; ++dword)
    dwords[dword].note(epoch, wave, instIndex, write);
  partsEpoch[quad] = partsEpoch[lastQuad] = epoch;
  return true;
}

bool RaceCheck::passBytes(unsigned wave, uint32_t instIndex, uint32_t address,
                          uint32_t bytes, bool write) {
  uint32_t dword = address / 4, end = address + bytes;
  if (end > 4 * dword + 4)
    return false;
  splitUp(dword / 4);
  splitUpDword(dword);
  for (uint32_t byte = address; byte < end; ++byte)
    if (bytesOf[byte].conflicts(epoch, wave, write))
      return false;
  for (uint32_t byte = address; byte < end; ++byte)
    bytesOf[byte].note(epoch, wave, instIndex, write);
  partsEpoch[dword / 4] = epoch;
  return true;
}

/// The members are copied, since the cells' bytes may alias them.
template <bool Write>
uint64_t RaceCheck::passQuads(unsigned wave, uint32_t instIndex,
                              const uint32_t *addresses, uint64_t lanes) {
  const uint32_t now = epoch;
  Cell *const cells = quads.data();
  uint64_t left = 0;
  for (uint64_t m = lanes; m; m &= m - 1) {
    const unsigned lane = laneOf(m);
    const uint32_t quad = addresses[lane] / 16;
    if (addresses[lane] % 16 || (cells[quad].isSplit && !isWhole(quad)) ||
        cells[quad].conflicts(now, wave, Write))
      left |= uint64_t(1) << lane;
    else
      cells[quad].note(now, wave, instIndex, Write);
  }
  return left;
}

uint64_t RaceCheck::pass(unsigned wave, uint32_t instIndex,
                         const uint32_t *addresses, uint64_t lanes,
                         uint32_t bytes, bool write) {
  if (bytes == 16)
    return write ? passQuads<true>(wave, instIndex, addresses, lanes)
                 : passQuads<false>(wave, instIndex, addresses, lanes);
  uint64_t left = 0;
  for (uint64_t m = lanes; m; m &= m - 1) {
    const unsigned lane = laneOf(m);
    if (bytes < 4 ? !passBytes(wave, instIndex, addresses[lane], bytes, write)
                  : !passDwords(wave, instIndex, addresses[lane], bytes, write))
      left |= uint64_t(1) << lane;
  }
  return left;
}

void RaceCheck::access(unsigned wave, uint32_t instIndex, uint32_t address,
                       uint32_t bytes, RaceAccess kind,
                       llvm::function_ref<bool()> isSame) {
  uint32_t end = address + bytes;
  while (address < end) {
    uint32_t dword = address / 4, quad = address / 16;
    if (address % 16 == 0 && end - address >= 16 && isWhole(quad)) {
      checkCell(quads[quad], wave, instIndex, kind, isSame, address);
      address += 16;
      continue;
    }
    splitUp(quad);
    partsEpoch[quad] = epoch;
    if (address % 4 == 0 && end - address >= 4 && isWholeDword(dword)) {
      checkCell(dwords[dword], wave, instIndex, kind, isSame, address);
      address += 4;
      continue;
    }
    splitUpDword(dword);
    checkCell(bytesOf[address], wave, instIndex, kind, isSame, address);
    ++address;
  }
}

void RaceCheck::access(unsigned wave, uint32_t instIndex,
                       llvm::ArrayRef<uint32_t> addresses, uint32_t bytes,
                       RaceAccess kind, bool same) {
  if (kind == RaceAccess::Atomic || kind == RaceAccess::CompareSwap) {
    for (uint32_t address : addresses)
      access(wave, instIndex, address, bytes, kind, [same] { return same; });
    return;
  }
  for (; !addresses.empty();
       addresses = addresses.drop_front(std::min<size_t>(addresses.size(), 64)))
    accessLanes(wave, instIndex, addresses.data(),
                addresses.size() < 64 ? (uint64_t(1) << addresses.size()) - 1
                                      : ~uint64_t(0),
                bytes, kind == RaceAccess::Write,
                [same](unsigned) { return same; });
}

void RaceCheck::accessLanes(unsigned wave, uint32_t instIndex,
                            const uint32_t *addresses, uint64_t lanes,
                            uint32_t bytes, bool write,
                            llvm::function_ref<bool(unsigned lane)> isSame) {
  for (uint64_t m = pass(wave, instIndex, addresses, lanes, bytes, write); m;
       m &= m - 1) {
    const unsigned lane = laneOf(m);
    access(wave, instIndex, addresses[lane], bytes,
           write ? RaceAccess::Write : RaceAccess::Read,
           [&] { return isSame(lane); });
  }
}

} // namespace moe::emulator
