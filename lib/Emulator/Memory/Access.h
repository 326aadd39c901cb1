//===- Access.h - small pieces of memory instructions -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the memory families: extension of narrow loads, LDS bounds checks,
// the access of one lane, and the interface through which sanitizers see
// accesses.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_MEMORY_ACCESS_H
#define MOE_LIB_EMULATOR_MEMORY_ACCESS_H

#include "Math/Numeric.h"
#include "Memory/MemRows.h"

namespace moe::emulator {

/// Zero or sign extension of what a narrow load read.
inline uint32_t extend(const MemRow &row, uint32_t value) {
  if (row.bytes == 1)
    return row.sign ? uint32_t(int32_t(int8_t(value))) : value & 0xffu;
  if (row.bytes == 2)
    return row.sign ? uint32_t(int32_t(int16_t(value))) : value & 0xffffu;
  return value;
}

/// Puts 16 bits that a D16 load brings into a half of its register. The other
/// half becomes zero, as with SRAM-ECC, or is kept.
inline void placeHalf(const Wave &w, uint32_t &target, uint32_t value,
                      bool high) {
  uint32_t kept = !w.keepsHalves ? 0 : target & (high ? 0xffffu : 0xffff0000u);
  target = kept | (high ? value << 16 : value & 0xffffu);
}

inline bool isAtomic(const MemRow &row) {
  return row.atomic != AtomicKind::None;
}

/// Writes the loaded dwords to the registers of a lane; reads those of a store.
void placeLoad(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
               const uint32_t *values);
void takeStore(const Wave &w, const Inst &I, const MemRow &row, unsigned lane,
               uint32_t *values);
/// Writes the data of an LDS-DMA load to LDS. False after a fault.
bool toLds(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
           const uint32_t *values);
/// A load, store or atomic of one lane in global memory. False after a fault.
bool globalLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                uint64_t address);

/// The lane of the lowest set bit.
inline unsigned laneOf(uint64_t mask) {
  return unsigned(__builtin_ctzll(mask));
}

/// Host bytes of LDS, or null after a fault. At and beyond the end of the
/// chip's LDS these are zeros, whose changes nobody sees: Workgroup::outside.
uint8_t *ldsBytes(Wave &w, const Inst &I, unsigned lane, uint64_t address,
                  unsigned bytes);

/// Bank conflicts of a plain DS access or atomic: cycles beyond one a phase.
uint64_t ldsConflicts(const Wave &w, const Inst &I, const MemRow &row);

/// Kind of an access to LDS or global memory. Writes that change no byte do not
/// conflict with each other.
enum class LdsAccess : uint8_t { Read, Write, WriteSame };
enum class GlobalAccess : uint8_t { Read, ScalarRead, Write, Atomic };

/// The data of a plain store, by lane.
struct StoredLanes {
  const Row *rows;
  unsigned bytes, shift;
  const uint8_t *host;
  const uint32_t *offsets;
  /// Whether the lane's store would change no byte.
  bool isSame(unsigned lane) const {
    uint32_t values[4];
    for (unsigned k = 0; 4 * k < bytes; ++k)
      values[k] = rows[k][lane] >> shift;
    return !memcmp(host + offsets[lane], values, bytes);
  }
};

/// Is told of the memory accesses of a workgroup before they happen, when
/// Wave::observer is set. Implemented by the sanitizers.
class AccessObserver {
public:
  virtual ~AccessObserver() = default;
  virtual void ldsDma(Wave &w, const Inst &I, uint32_t address,
                      uint32_t bytes) = 0;
  virtual void ldsAccess(Wave &w, const Inst &I, uint32_t address,
                         uint32_t bytes, LdsAccess kind) = 0;
  /// A plain DS load (`stored` null) or store in all lanes that are on.
  virtual void ldsLanes(Wave &w, const Inst &I, const uint32_t *offsets,
                        uint32_t bytes, const StoredLanes *stored) = 0;
  /// LDS-DMA in all lanes that are on, `step` bytes apart from `target` on.
  virtual void ldsDmaLanes(Wave &w, const Inst &I, uint32_t target,
                           uint32_t step, uint32_t bytes) = 0;
  /// Whether loads from the region of an address need not be reported, since
  /// nothing has written there.
  virtual bool isUnwritten(uint64_t address) const = 0;
  /// Such loads of these lanes, from base + offsets[lane] + add.
  virtual void unreportedLoads(uint64_t base, const uint32_t *offsets,
                               uint32_t add, uint64_t lanes, unsigned bytes) {}
  /// An access to global memory; `stored`: what a plain store writes.
  virtual void global(Wave &w, uint64_t address, unsigned bytes,
                      GlobalAccess kind, const void *stored) = 0;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_MEMORY_ACCESS_H
