//===- Access.h - small pieces of memory instructions -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Memory.cpp, Buffer.cpp and Lds.cpp share: widening of narrow loads, the
// order of lanes, bounds of LDS, and the hooks of the sanitizers.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_ACCESS_H
#define MOE_LIB_EMULATOR_ACCESS_H

#include "Families.h"
#include "moe/Emulator/Math/Numeric.h"

namespace moe::emulator {

std::string hexAddress(uint64_t value);

/// Zero or sign extension of what a narrow load read.
inline uint32_t extend(const MemRow &row, uint32_t value) {
  if (row.bytes == 1)
    return row.sign ? uint32_t(int32_t(int8_t(value))) : value & 0xffu;
  if (row.bytes == 2)
    return row.sign ? uint32_t(int32_t(int16_t(value))) : value & 0xffffu;
  return value;
}

inline bool isAtomic(const MemRow &row) {
  return row.atomic != AtomicKind::None;
}

/// Turns the bytes of a load into registers of a lane, and back for a store.
void placeLoad(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
               const uint32_t *values);
void takeStore(const Wave &w, const Inst &I, const MemRow &row, unsigned lane,
               uint32_t *values);
/// Writes what an LDS form loaded. False after a fault.
bool toLds(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
           const uint32_t *values);
/// A load, store or atomic of one lane in global memory. False after a fault.
bool globalLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                uint64_t address);

/// The lane of the lowest set bit.
inline unsigned laneOf(const Wave &, uint64_t mask) {
  return unsigned(__builtin_ctzll(mask));
}

/// Host bytes of LDS, or null after a fault.
uint8_t *ldsBytes(Wave &w, unsigned lane, uint64_t address, unsigned bytes);

/// What an instruction does to bytes of LDS or of global memory. A write of
/// what is there already conflicts with no other such write.
enum class LdsAccess : uint8_t { Read, Write, WriteSame };
enum class GlobalAccess : uint8_t { Read, ScalarRead, Write, Atomic };

/// Sanitizer hooks, called only when w.sanitizers is set.
void noteLdsDma(Wave &w, const Inst &I, uint32_t address, uint32_t bytes);
void noteLdsAccess(Wave &w, const Inst &I, unsigned lane, uint32_t address,
                   uint32_t bytes, LdsAccess kind);
/// Every access to global memory, before it happens; stores that change no
/// byte are told apart.
void noteGlobal(Wave &w, uint64_t address, unsigned bytes, GlobalAccess kind,
                const void *stored = nullptr);

/// What a plain store is about to write, lane by lane.
struct StoredLanes {
  const Row *rows;
  unsigned bytes, shift;
  const uint8_t *host;
  const uint32_t *offsets;
  /// Whether the lane's bytes are there already.
  bool isSame(unsigned lane) const {
    uint32_t values[4];
    for (unsigned k = 0; 4 * k < bytes; ++k)
      values[k] = rows[k][lane] >> shift;
    return !memcmp(host + offsets[lane], values, bytes);
  }
};
/// A plain DS load (`stored` null) or store in all lanes that are on, before it
/// happens.
void noteLdsLanes(Wave &w, const Inst &I, const uint32_t *offsets,
                  unsigned bytes, const StoredLanes *stored);
/// LDS-DMA in all lanes that are on, `step` bytes apart from `target` on.
void noteLdsDmaLanes(Wave &w, const Inst &I, uint32_t target, unsigned step,
                     unsigned bytes);
/// Whether loads from the region of an address need no note: nothing has
/// written there.
bool isUnwritten(const Wave &w, uint64_t address);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_ACCESS_H
