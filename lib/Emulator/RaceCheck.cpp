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

#include "SanitizerParts.h"

namespace moe::emulator {

void RaceCheck::beginGroup(uint32_t ldsSize) {
  size_t count = (ldsSize + 3) / 4 + 1;
  if (dwords.size() < count) {
    dwords.assign(count, Cell());
    bytesOf.assign(count * 4, Cell());
    split.assign(count, 0);
  }
  std::fill(split.begin(), split.end(), 0);
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

void RaceCheck::touch(Cell &cell, unsigned wave, uint32_t record, bool write,
                      bool atomic, bool same, uint32_t address) {
  if (cell.writeEpoch == epoch && cell.writer != wave &&
      !(atomic && cell.atomic) && !(write && same))
    report(record, cell.writeRecord, wave, cell.writer, write, true, address);
  if (!write) {
    if (cell.readEpoch != epoch) {
      cell.readEpoch = epoch;
      cell.twoReaders = false;
    } else if (cell.reader != wave) {
      cell.twoReaders = true;
      cell.other = cell.reader;
      cell.otherRecord = cell.readRecord;
    }
    cell.reader = wave;
    cell.readRecord = record;
    return;
  }
  if (cell.readEpoch == epoch && cell.reader != wave)
    report(record, cell.readRecord, wave, cell.reader, true, false, address);
  else if (cell.readEpoch == epoch && cell.twoReaders && cell.other != wave)
    report(record, cell.otherRecord, wave, cell.other, true, false, address);
  cell.writeEpoch = epoch;
  cell.writer = wave;
  cell.writeRecord = record;
  cell.atomic = atomic;
}

void RaceCheck::access(unsigned wave, uint32_t record, uint32_t address,
                       uint32_t bytes, bool write, bool atomic, bool same) {
  uint32_t end = address + bytes;
  while (address < end) {
    uint32_t dword = address / 4;
    if (address % 4 == 0 && end - address >= 4 && !split[dword]) {
      touch(dwords[dword], wave, record, write, atomic, same, address);
      address += 4;
      continue;
    }
    if (!split[dword]) {
      split[dword] = 1;
      for (unsigned b = 0; b < 4; ++b)
        bytesOf[dword * 4 + b] = dwords[dword];
    }
    touch(bytesOf[address], wave, record, write, atomic, same, address);
    ++address;
  }
}

} // namespace moe::emulator
