//===- FastMemory.cpp - the common memory instructions, quickly -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain loads and stores of 4, 8, 12 and 16 bytes to LDS, buffers and global
// memory, when nobody watches (no sanitizer, no counters). What is not plain,
// or fails a check, is left to the general code, which also makes the messages.
//
//===----------------------------------------------------------------------===//

#include "Access.h"

#include <algorithm>

namespace moe::emulator {
namespace {

/// Moves N registers of a lane from or to host bytes.
template <unsigned N>
inline void loadLane(Row *rows, unsigned lane, const uint8_t *host) {
  uint32_t values[N];
  memcpy(values, host, 4 * N);
  for (unsigned k = 0; k < N; ++k)
    rows[k][lane] = values[k];
}
template <unsigned N>
inline void storeLane(Row *rows, unsigned lane, uint8_t *host) {
  uint32_t values[N];
  for (unsigned k = 0; k < N; ++k)
    values[k] = rows[k][lane];
  memcpy(host, values, 4 * N);
}

/// A window of host memory that starts at offset 0 and is `size` bytes long.
struct Window {
  uint8_t *host = nullptr;
  uint64_t size = 0;
};

/// Lanes at `offset(lane)` of a window. False, with nothing done, when a lane
/// is outside.
template <unsigned N, bool Store, typename F>
bool moveLanes(Wave &w, Row *rows, Window window, F offset) {
  if (window.size < 4 * N)
    return false;
  uint64_t last = window.size - 4 * N;
  uint64_t offsets[64];
  bool inside = true;
  for (unsigned lane = 0; lane < 64; ++lane) {
    offsets[lane] = offset(lane);
    inside &= offsets[lane] <= last || !w.execMask[lane];
  }
  if (!inside)
    return false;
  for (unsigned lane = 0; lane < 64; ++lane) {
    if (!w.execMask[lane])
      continue;
    if (Store)
      storeLane<N>(rows, lane, window.host + offsets[lane]);
    else
      loadLane<N>(rows, lane, window.host + offsets[lane]);
  }
  return true;
}

/// The same with the number of registers known at run time.
template <typename F>
bool moveAny(Wave &w, Row *rows, Window window, unsigned dwords, bool store,
             F offset) {
  switch (dwords * 2 + store) {
  case 2:
    return moveLanes<1, false>(w, rows, window, offset);
  case 3:
    return moveLanes<1, true>(w, rows, window, offset);
  case 4:
    return moveLanes<2, false>(w, rows, window, offset);
  case 5:
    return moveLanes<2, true>(w, rows, window, offset);
  case 6:
    return moveLanes<3, false>(w, rows, window, offset);
  case 7:
    return moveLanes<3, true>(w, rows, window, offset);
  case 8:
    return moveLanes<4, false>(w, rows, window, offset);
  case 9:
    return moveLanes<4, true>(w, rows, window, offset);
  default:
    return false;
  }
}

bool isPlain(const Wave &w, const Inst &I, const MemRow &row) {
  return !w.sanitizers && !w.counters && row.atomic == AtomicKind::None &&
         (row.op == MemOp::Load || row.op == MemOp::Store) &&
         row.bytes == 4 * row.dwords && !(I.flags & (MemTwo | MemIdxen));
}

/// The bytes from an address to the end of its region, of at most `limit`.
Window windowAt(const Memory &memory, uint64_t address, uint64_t limit,
                bool store) {
  const Region *region = memory.regionOf(address);
  if (!region || !region->data || (store && region->readOnly) ||
      address < region->base || address - region->base >= region->size)
    return {};
  uint64_t offset = address - region->base;
  return {region->data + offset, std::min(limit, region->size - offset)};
}

} // namespace

bool fastDs(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  if (!isPlain(w, I, row))
    return false;
  const uint32_t *address = w.v[I.sdst];
  uint32_t base = I.imm;
  bool store = row.op == MemOp::Store;
  Window window{w.group->lds.data(), w.group->ldsSize};
  return moveAny(w, w.v + (store ? I.data : I.dst), window, row.dwords, store,
                 [&](unsigned lane) { return uint32_t(address[lane] + base); });
}

/// Raw buffers: every lane in range of the descriptor and of the region.
bool fastBuffer(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  const uint32_t *r = &w.s[I.src[0].index];
  // Swizzled, with ADD_TID, unbound (DATA_FORMAT 0) or no buffer at all.
  if (!isPlain(w, I, row) || (r[1] >> 31) || ((r[3] >> 23) & 1) ||
      !((r[3] >> 15) & 15) || (r[3] >> 30))
    return false;
  uint64_t base = r[0] | uint64_t(r[1] & 0xffffu) << 32;
  bool store = row.op == MemOp::Store;
  Window window = windowAt(*w.group->memory, base, r[2], store);
  uint64_t soffset = w.scalar(I.src[1]);
  const uint32_t *voffset = I.flags & MemOffen ? w.v[I.dst] : nullptr;
  uint32_t immediate = I.imm;
  auto offset = [&](unsigned lane) {
    uint32_t sum = immediate + (voffset ? voffset[lane] : 0);
    return soffset + sum;
  };
  if (!(I.flags & MemLds))
    return moveAny(w, w.v + I.data, window, row.dwords, store, offset);
  uint32_t step = row.dwords > 1 ? 16 : 4, size = 4 * row.dwords;
  uint64_t target = uint64_t(w.s[SgprM0]) + immediate;
  if (target + 63 * step + size > w.group->ldsSize)
    return false;
  for (unsigned lane = 0; lane < 64; ++lane)
    if (w.execMask[lane] && offset(lane) + size > window.size)
      return false;
  uint8_t *lds = w.group->lds.data() + target;
  for (unsigned lane = 0; lane < 64; ++lane) {
    if (!w.execMask[lane])
      continue;
    if (size == 16)
      memcpy(lds + lane * step, window.host + offset(lane), 16);
    else
      memcpy(lds + lane * step, window.host + offset(lane), size);
  }
  return true;
}

/// Global memory: all lanes in the region of the first active one.
bool fastGlobal(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  uint64_t exec = w.exec();
  if (!isPlain(w, I, row) || (I.flags & MemLds) || !exec)
    return false;
  uint64_t base = uint64_t(int64_t(int32_t(I.imm)));
  bool saddr = I.flags & MemSaddr;
  if (saddr)
    base += w.s64(I.src[0].index);
  const uint32_t *low = w.v[I.dst];
  const uint32_t *high = saddr ? nullptr : w.v[I.dst + 1];
  auto address = [&](unsigned lane) {
    return base + low[lane] + (high ? uint64_t(high[lane]) << 32 : 0);
  };
  bool store = row.op == MemOp::Store;
  const Region *region =
      w.group->memory->regionOf(address(unsigned(__builtin_ctzll(exec))));
  if (!region || !region->data || (store && region->readOnly))
    return false;
  return moveAny(w, w.v + I.data, Window{region->data, region->size},
                 row.dwords, store,
                 [&](unsigned lane) { return address(lane) - region->base; });
}

} // namespace moe::emulator
