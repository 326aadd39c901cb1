//===- FastMemory.cpp - fast paths of plain loads and stores --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain loads and stores of LDS, buffers and global memory without --stats: the
// offsets of all lanes are checked together, and all lanes are moved by the
// loops of LaneMoves.h. Everything else, and every access that fails a check,
// is handled by the general code, which also reports errors.
//
//===----------------------------------------------------------------------===//

#include "Memory/Access.h"
#include "Memory/LaneMoves.h"

#include <algorithm>

namespace moe::emulator {
namespace {

/// Offsets from `first` to `end` and where their bytes are: at host + offset,
/// of which host alone need not be in the memory.
struct Window {
  uint8_t *host = nullptr;
  uint64_t first = 0, end = 0;

  /// The part of a region from an address on, up to `limit` bytes from there. A
  /// region may begin behind the address.
  static Window from(const Region &region, uint64_t address, uint64_t limit) {
    Window window;
    uint64_t behind = region.base - address; // or wraps around
    window.first = address < region.base ? behind : 0;
    if (window.first < limit &&
        address - region.base + window.first < region.size)
      window.end = std::min(limit, region.size + behind);
    window.host = reinterpret_cast<uint8_t *>(
        reinterpret_cast<uintptr_t>(region.data) - behind);
    return window;
  }
  /// With `more` added to every offset.
  void skip(uint64_t more) {
    host += more;
    first -= std::min(first, more);
    end -= std::min(end, more);
  }
};

/// Offsets of the lanes in a window, below 4 GiB.
struct LaneOffsets {
  /// Less `add`: the register that has them, where no sum wraps around.
  const uint32_t *at = nullptr;
  uint32_t add = 0;
  uint64_t lanes = 0;             ///< active lanes in range
  uint64_t dropped = 0;           ///< active lanes out of the buffer's range
  bool all = true;                ///< all 64 lanes are active and in range
  const uint32_t *mask = nullptr; ///< of the active lanes
  uint32_t sums[64];

  uint64_t of(unsigned lane) const { return uint64_t(at[lane]) + add; }
  /// False when an active lane is outside the window, unless all of its dwords
  /// lie at or beyond `dropFrom`: such a lane is dropped. Without a row all
  /// offsets are `plus`.
  bool set(const Wave &w, const uint32_t *row, uint32_t plus,
           const Window &window, unsigned bytes,
           uint64_t dropFrom = ~uint64_t(0)) {
    if (window.end < window.first + bytes || window.first > 0xffffffffu)
      return false;
    const uint32_t first = uint32_t(window.first);
    const uint32_t last =
        uint32_t(std::min<uint64_t>(window.end - bytes, 0xffffffffu));
    lanes = w.exec();
    all = w.execFull;
    mask = w.execMask;
    at = row;
    add = plus;
    const uint32_t low = std::max(first, plus) - plus;
    if (row && plus <= last &&
        !laneMoves().outside(row, low, last - plus - low, mask))
      return true;
    for (unsigned lane = 0; lane < 64; ++lane)
      sums[lane] = (row ? row[lane] : 0) + plus;
    at = sums;
    add = 0;
    return !laneMoves().outside(sums, first, last - first, mask) ||
           dropLanes(first, last, dropFrom, bytes);
  }
  bool dropLanes(uint32_t first, uint32_t last, uint64_t dropFrom,
                 unsigned bytes) {
    for (uint64_t m = lanes; m; m &= m - 1) {
      unsigned lane = laneOf(m);
      if (at[lane] >= first && at[lane] <= last)
        continue;
      if (dropFrom == ~uint64_t(0) ||
          uint64_t(at[lane]) + std::min(4u, bytes) <= dropFrom)
        return false;
      dropped |= uint64_t(1) << lane;
    }
    lanes &= ~dropped;
    all = false;
    return true;
  }
  /// Copies them, since their register may be written before they are used.
  void copy() {
    laneMoves().offsets(sums, at, add, 0, mask);
    at = sums;
    add = 0;
  }
  /// Every lane is on and `step` bytes after the one before.
  bool followEachOther(uint32_t step) const {
    return all && at[1] == at[0] + step && laneMoves().follow(at, step);
  }
};

/// Calls f(lane, offset) for each. The offsets are kept apart from what f
/// writes: stores of bytes may change anything that is reached by a pointer.
template <typename F>
inline void forLanes(const LaneOffsets &offsets, F f) {
  const uint32_t *const at = offsets.at;
  const uint64_t add = offsets.add;
  if (offsets.all) {
    for (unsigned lane = 0; lane < 64; ++lane)
      f(lane, at[lane] + add);
    return;
  }
  for (uint64_t m = offsets.lanes; m; m &= m - 1)
    f(laneOf(m), at[laneOf(m)] + add);
}

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

/// The place of N dwords in the lists of LaneMoves, or 3.
constexpr unsigned moveOf(unsigned dwords) {
  return dwords == 1 ? 0 : dwords == 2 ? 1 : dwords == 4 ? 2 : 3;
}

template <unsigned N>
void loadWords(Row *rows, const uint8_t *host, const LaneOffsets &offsets) {
  if (N == 1 && offsets.followEachOther(4)) {
    memcpy(rows[0], host + offsets.of(0), 256);
    return;
  }
  if constexpr (moveOf(N) < 3) {
    const auto load = laneMoves().load[moveOf(N)];
    if (offsets.all)
      return load(rows, host + offsets.add, offsets.at);
    if (offsets.lanes && !offsets.dropped) {
      // Lanes that are off read where the first one does, into spare rows.
      alignas(64) Row loaded[N];
      alignas(64) uint32_t at[64];
      uint32_t first = uint32_t(offsets.of(laneOf(offsets.lanes)));
      laneMoves().offsets(at, offsets.at, offsets.add, first, offsets.mask);
      load(loaded, host, at);
      for (unsigned k = 0; k < N; ++k)
        laneMoves().merge(rows[k], loaded[k], offsets.mask);
      return;
    }
  }
  forLanes(offsets, [=](unsigned lane, uint64_t at) {
    loadLane<N>(rows, lane, host + at);
  });
}
template <unsigned N>
void storeWords(Row *rows, uint8_t *host, const LaneOffsets &offsets) {
  if (N == 1 && offsets.followEachOther(4)) {
    memcpy(host + offsets.of(0), rows[0], 256);
    return;
  }
  if constexpr (moveOf(N) < 3)
    if (offsets.all)
      return laneMoves().store[moveOf(N)](rows, host + offsets.add, offsets.at);
  forLanes(offsets, [=](unsigned lane, uint64_t at) {
    storeLane<N>(rows, lane, host + at);
  });
}

/// Loads of bytes and halves: extension, and which half of the register.
template <typename T>
void loadNarrow(const Wave &w, Row *rows, const uint8_t *host,
                const LaneOffsets &offsets, MemOp op) {
  uint32_t *d = rows[0];
  auto value = [=](uint64_t at) {
    T x;
    memcpy(&x, host + at, sizeof(T));
    return uint32_t(int32_t(x));
  };
  if (op == MemOp::Load)
    forLanes(offsets, [=](unsigned lane, uint64_t at) { d[lane] = value(at); });
  else
    forLanes(offsets, [=, &w](unsigned lane, uint64_t at) {
      placeHalf(w, d[lane], value(at), op == MemOp::LoadD16Hi);
    });
}
template <typename T>
void storeNarrow(Row *rows, uint8_t *host, const LaneOffsets &offsets,
                 MemOp op) {
  unsigned shift = op == MemOp::StoreD16Hi ? 16 : 0;
  const uint32_t *const from = rows[0];
  forLanes(offsets, [=](unsigned lane, uint64_t at) {
    T x = T(from[lane] >> shift);
    memcpy(host + at, &x, sizeof(T));
  });
}

/// Reports an LDS access to the sanitizers, if any.
void noteLanes(Wave &w, const Inst &I, const MemRow &row, Row *rows,
               const LaneOffsets &offsets) {
  if (!w.observer)
    return;
  unsigned shift = row.op == MemOp::StoreD16Hi ? 16 : 0;
  uint32_t at[64];
  laneMoves().offsets(at, offsets.at, offsets.add, 0, offsets.mask);
  StoredLanes stored{rows, row.bytes, shift, w.group->lds.data(), at};
  w.observer->ldsLanes(w, I, at, row.bytes,
                       isStore(row.op) ? &stored : nullptr);
}

/// Whether a row's accesses to a region can be made of host memory.
bool usable(const Region *region, const MemRow &row) {
  return region && region->data && !(isStore(row.op) && region->readOnly);
}

/// Whether the sanitizers need each lane of an access to global memory.
bool isWatched(const Wave &w, const MemRow &row, uint64_t address) {
  return w.observer && (isStore(row.op) || !w.observer->isUnwritten(address));
}

/// Reports loads that the sanitizers do not need lane by lane; returns true.
bool noteLoads(Wave &w, const MemRow &row, uint64_t base,
               const LaneOffsets &offsets) {
  if (w.observer)
    w.observer->unreportedLoads(base, offsets.at, offsets.add, offsets.lanes,
                                row.bytes);
  return true;
}

/// Performs the load or store of a row for all lanes.
void moveLanes(const Wave &w, const MemRow &row, Row *rows, uint8_t *host,
               const LaneOffsets &offsets) {
  bool store = isStore(row.op);
  for (uint64_t m = store ? 0 : offsets.dropped; m; m &= m - 1)
    for (unsigned k = 0; k < row.dwords; ++k)
      rows[k][__builtin_ctzll(m)] = 0;
  switch (row.bytes) {
  case 1:
    if (store)
      return storeNarrow<uint8_t>(rows, host, offsets, row.op);
    return row.sign ? loadNarrow<int8_t>(w, rows, host, offsets, row.op)
                    : loadNarrow<uint8_t>(w, rows, host, offsets, row.op);
  case 2:
    if (store)
      return storeNarrow<uint16_t>(rows, host, offsets, row.op);
    return row.sign ? loadNarrow<int16_t>(w, rows, host, offsets, row.op)
                    : loadNarrow<uint16_t>(w, rows, host, offsets, row.op);
  case 4:
    return store ? storeWords<1>(rows, host, offsets)
                 : loadWords<1>(rows, host, offsets);
  case 8:
    return store ? storeWords<2>(rows, host, offsets)
                 : loadWords<2>(rows, host, offsets);
  case 12:
    return store ? storeWords<3>(rows, host, offsets)
                 : loadWords<3>(rows, host, offsets);
  default:
    return store ? storeWords<4>(rows, host, offsets)
                 : loadWords<4>(rows, host, offsets);
  }
}

bool isPlain(const Wave &w, const Inst &I, const MemRow &row) {
  return !w.counters && !isFormat(row.op) && row.atomic == AtomicKind::None &&
         (row.op == MemOp::Load || row.op == MemOp::LoadD16 ||
          row.op == MemOp::LoadD16Hi || isStore(row.op)) &&
         !(I.flags & MemIdxen);
}

/// read2 and write2: two elements a lane, in order.
bool fastDsTwo(Wave &w, const Inst &I, const MemRow &row) {
  unsigned unit = row.bytes * (I.flags & MemStride64 ? 64 : 1);
  const Window window{w.group->lds.data(), 0, w.group->ldsSize};
  const uint32_t *address = w.v[I.sdst];
  LaneOffsets first, second;
  if ((row.op != MemOp::Load && row.op != MemOp::Store) || row.bytes < 4 ||
      !first.set(w, address, (I.imm & 255) * unit, window, row.bytes) ||
      !second.set(w, address, ((I.imm >> 8) & 255) * unit, window, row.bytes))
    return false;
  bool load = row.op == MemOp::Load;
  noteLanes(w, I, row, w.v + I.data, first);
  noteLanes(w, I, row, w.v + I.data1, second);
  if (load) {
    second.copy();
    moveLanes(w, row, w.v + I.dst, window.host, first);
    moveLanes(w, row, w.v + I.dst + row.dwords, window.host, second);
    return true;
  }
  forLanes(first, [&](unsigned lane, uint64_t at) {
    uint8_t *a = window.host + at;
    uint8_t *b = window.host + second.of(lane);
    if (row.dwords == 1) {
      storeLane<1>(w.v + I.data, lane, a);
      storeLane<1>(w.v + I.data1, lane, b);
    } else {
      storeLane<2>(w.v + I.data, lane, a);
      storeLane<2>(w.v + I.data1, lane, b);
    }
  });
  return true;
}

/// Size bytes a lane into LDS, `step` bytes apart; lanes that are dropped give
/// zeros.
template <unsigned Size>
void copyToLds(uint8_t *lds, unsigned step, const uint8_t *host,
               const LaneOffsets &offsets) {
  for (uint64_t m = offsets.dropped; m; m &= m - 1)
    memset(lds + laneOf(m) * step, 0, Size);
  if (step == Size && offsets.followEachOther(step)) {
    memcpy(lds, host + offsets.of(0), 64 * Size);
    return;
  }
  forLanes(offsets, [=](unsigned lane, uint64_t at) {
    memcpy(lds + lane * step, host + at, Size);
  });
}

/// Buffer loads to LDS, where lanes are contiguous.
bool bufferToLds(Wave &w, const Inst &I, const MemRow &row, uint8_t *host,
                 const LaneOffsets &offsets) {
  uint32_t step = row.dwords > 1 ? 16 : 4, size = 4 * row.dwords;
  uint64_t target = uint64_t(w.s[SgprM0]) + I.imm;
  if (row.op != MemOp::Load || (size != 4 && size != 12 && size != 16) ||
      row.bytes < 4 || target + 63 * step + size > w.group->ldsSize)
    return false;
  if (w.observer)
    w.observer->ldsDmaLanes(w, I, uint32_t(target), step, size);
  const auto copy = size == 4    ? copyToLds<4>
                    : size == 12 ? copyToLds<12>
                                 : copyToLds<16>;
  copy(w.group->lds.data() + target, step, host, offsets);
  return true;
}

} // namespace

bool fastDs(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  if (!isPlain(w, I, row))
    return false;
  if (I.flags & MemTwo)
    return fastDsTwo(w, I, row);
  const Window window{w.group->lds.data(), 0, w.group->ldsSize};
  LaneOffsets offsets;
  if (!offsets.set(w, w.v[I.sdst], I.imm, window, row.bytes))
    return false;
  Row *rows = w.v + (isStore(row.op) ? I.data : I.dst);
  noteLanes(w, I, row, rows, offsets);
  moveLanes(w, row, rows, window.host, offsets);
  return true;
}

/// Raw buffers: every lane in range of the region, and of the descriptor or
/// outside it with all dwords.
bool fastBuffer(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  const uint32_t *r = &w.s[I.src[0].index];
  // Swizzled, with ADD_TID, unbound (DATA_FORMAT 0) or no buffer at all.
  if (!isPlain(w, I, row) || (r[1] >> 31) || ((r[3] >> 23) & 1) ||
      !((r[3] >> 15) & 15) || (r[3] >> 30))
    return false;
  uint64_t base = r[0] | uint64_t(r[1] & 0xffffu) << 32;
  const Region *region = w.group->memory->regionOf(base);
  if (!usable(region, row) || isWatched(w, row, region->base))
    return false;
  // Lanes are dropped only if they are out of range with and without soffset;
  // other lanes that are not in the region make it go lane by lane.
  bool drops = row.op == MemOp::Load || isStore(row.op);
  Window window = Window::from(*region, base, r[2]);
  window.skip(w.scalar(I.src[1]));
  LaneOffsets offsets;
  if (!offsets.set(w, I.flags & MemOffen ? w.v[I.dst] : nullptr, I.imm, window,
                   row.bytes, drops ? r[2] : ~uint64_t(0)))
    return false;
  uint64_t from = base + w.scalar(I.src[1]);
  if (I.flags & MemLds)
    return bufferToLds(w, I, row, window.host, offsets) &&
           noteLoads(w, row, from, offsets);
  noteLoads(w, row, from, offsets);
  moveLanes(w, row, w.v + I.data, window.host, offsets);
  return true;
}

/// The upper halves of the addresses of active lanes, when they are all equal.
static bool upperHalf(const Wave &w, const uint32_t *high, unsigned lane,
                      uint32_t &half) {
  half = high[lane];
  uint32_t differ = 0;
  for (unsigned i = 0; i < 64; ++i)
    differ |= (high[i] ^ half) & w.execMask[i];
  return !differ;
}

/// Global memory: all lanes in the region of the first active one.
bool fastGlobal(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  uint64_t exec = w.exec();
  if (!isPlain(w, I, row) || (I.flags & MemLds) || !exec)
    return false;
  uint64_t base = uint64_t(int64_t(int32_t(I.imm)));
  const uint32_t *low = w.v[I.dst];
  unsigned lane = unsigned(__builtin_ctzll(exec));
  uint32_t high = 0;
  if (I.flags & MemSaddr)
    base += w.s64(I.src[0].index);
  else if (!upperHalf(w, w.v[I.dst + 1], lane, high))
    return false;
  base += uint64_t(high) << 32;
  const Region *region = w.group->memory->regionOf(base + low[lane]);
  if (!usable(region, row) || isWatched(w, row, region->base))
    return false;
  const Window window = Window::from(*region, base, ~uint64_t(0));
  LaneOffsets offsets;
  if (!offsets.set(w, low, 0, window, row.bytes))
    return false;
  noteLoads(w, row, base, offsets);
  moveLanes(w, row, w.v + I.data, window.host, offsets);
  return true;
}

} // namespace moe::emulator
