//===- RaceCheck.cpp - LDS accesses without a barrier between -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `race` sanitizer: for each LDS byte the last writer and the readers of
// the current barrier epoch. Waves that write the same value, one after the
// other, do not conflict with each other. A dword is one cell until something
// narrower touches it; then its four bytes have cells of their own.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/RaceCheck.h"

namespace moe::emulator {

void RaceCheck::beginGroup(uint32_t ldsSize) {
  size_t count = (ldsSize + 15) / 16 * 4 + 4;
  if (dwords.size() < count) {
    dwords.assign(count, Cell());
    bytesOf.assign(count * 4, Cell());
    split.assign(count, 0);
    quads.assign(count / 4 + 1, Cell());
    splitQuad.assign(count / 4 + 1, 0);
  }
  std::fill(splitQuad.begin(), splitQuad.end(), 0);
  ++epoch;
}

void RaceCheck::barrier() { ++epoch; }

void RaceCheck::report(uint32_t now, uint32_t before, unsigned wave,
                       unsigned otherWave, bool nowWrites, bool beforeWrites,
                       uint32_t address) {
  sink(SanitizeRace, now, before,
       "race: wave " + std::to_string(wave) +
           (nowWrites ? " writes LDS byte " : " reads LDS byte ") +
           std::to_string(address) + " at %1, wave " +
           std::to_string(otherWave) +
           (beforeWrites ? " writes it at %2" : " reads it at %2") +
           ", and no barrier orders the two");
}

void RaceCheck::checkCell(Cell &cell, unsigned wave, uint32_t instIndex,
                          bool write, bool atomic, bool same,
                          uint32_t address) {
  if (cell.writeEpoch == epoch && cell.writer != wave &&
      !(atomic && cell.atomic) && !(write && same))
    report(instIndex, cell.writeInst, wave, cell.writer, write, true, address);
  if (write && cell.readEpoch == epoch) {
    if (cell.reader != wave)
      report(instIndex, cell.readInst, wave, cell.reader, true, false, address);
    else if (cell.twoReaders && cell.other != wave)
      report(instIndex, cell.otherInst, wave, cell.other, true, false, address);
  }
  note(cell, wave, instIndex, write, atomic);
}

/// Whether a quad is one cell, or can be again.
bool RaceCheck::isWhole(uint32_t quad) {
  if (!splitQuad[quad])
    return true;
  for (uint32_t dword = 4 * quad; dword < 4 * quad + 4; ++dword) {
    bool stale = isStale(dwords[dword]);
    for (uint32_t byte = 4 * dword; split[dword] && byte < 4 * dword + 4;
         ++byte)
      stale &= isStale(bytesOf[byte]);
    if (!stale)
      return false;
  }
  splitQuad[quad] = 0;
  quads[quad] = Cell();
  return true;
}

bool RaceCheck::passDwords(unsigned wave, uint32_t instIndex, uint32_t address,
                           uint32_t bytes, bool write) {
  uint32_t quad = address / 16;
  if (address % 4 || (bytes != 4 && bytes != 8) || !splitQuad[quad] ||
      !splitQuad[(address + bytes - 1) / 16])
    return false;
  uint32_t first = address / 4, end = first + bytes / 4;
  for (uint32_t dword = first; dword < end; ++dword)
    if (split[dword] || conflicts(dwords[dword], wave, write))
      return false;
  for (uint32_t dword = first; dword < end; ++dword)
    note(dwords[dword], wave, instIndex, write, false);
  return true;
}

void RaceCheck::access(unsigned wave, uint32_t instIndex, uint32_t address,
                       uint32_t bytes, bool write, bool atomic, bool same) {
  uint32_t end = address + bytes;
  while (address < end) {
    uint32_t dword = address / 4, quad = address / 16;
    if (address % 16 == 0 && end - address >= 16 && isWhole(quad)) {
      checkCell(quads[quad], wave, instIndex, write, atomic, same, address);
      address += 16;
      continue;
    }
    if (!splitQuad[quad]) {
      splitQuad[quad] = 1;
      for (unsigned k = 4 * quad; k < 4 * quad + 4; ++k) {
        dwords[k] = quads[quad];
        split[k] = 0;
      }
    }
    if (address % 4 == 0 && end - address >= 4 && !split[dword]) {
      checkCell(dwords[dword], wave, instIndex, write, atomic, same, address);
      address += 4;
      continue;
    }
    if (!split[dword]) {
      split[dword] = 1;
      for (unsigned b = 0; b < 4; ++b)
        bytesOf[dword * 4 + b] = dwords[dword];
    }
    checkCell(bytesOf[address], wave, instIndex, write, atomic, same, address);
    ++address;
  }
}

} // namespace moe::emulator
