//===- FastMemory.cpp - fast paths of plain loads and stores --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain loads and stores of LDS, buffers and global memory without --stats: the
// offsets of all lanes are checked together and four lanes are moved at a time.
// Everything else, and every access that fails a check, is handled by the
// general code, which also reports errors.
//
//===----------------------------------------------------------------------===//

#include "Memory/Access.h"

#include <algorithm>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace moe::emulator {
namespace {

/// A window of host memory that starts at offset 0 and is `size` bytes long.
struct Window {
  uint8_t *host = nullptr;
  uint64_t size = 0;
};

/// Offsets of the lanes in a window, below 4 GiB.
struct LaneOffsets {
  uint32_t at[64];
  uint64_t lanes = 0;   ///< active lanes in range
  uint64_t dropped = 0; ///< active lanes out of the buffer's range
  bool all = true;      ///< all 64 lanes are active and in range

  /// False when an active lane is outside the window, unless all of its dwords
  /// lie at or beyond `dropFrom`: such a lane is dropped.
  bool set(const Wave &w, const uint32_t *row, uint32_t add,
           const Window &window, unsigned bytes,
           uint64_t dropFrom = ~uint64_t(0)) {
    if (window.size < bytes)
      return false;
    uint32_t last =
        uint32_t(std::min<uint64_t>(window.size - bytes, 0xffffffffu));
    uint32_t outside = 0;
    for (unsigned lane = 0; lane < 64; ++lane) {
      uint32_t offset = (row ? row[lane] : 0) + add;
      at[lane] = offset;
      outside |= (offset > last ? ~0u : 0u) & w.execMask[lane];
    }
    lanes = w.exec();
    all = w.execFull;
    return !outside || dropLanes(last, dropFrom, bytes);
  }
  bool dropLanes(uint32_t last, uint64_t dropFrom, unsigned bytes) {
    for (uint64_t m = lanes; m; m &= m - 1) {
      unsigned lane = unsigned(__builtin_ctzll(m));
      if (at[lane] <= last)
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
  /// Every lane 4 bytes after the one before.
  bool followEachOther() const {
    uint32_t differ = 0;
    for (uint32_t lane = 0; lane < 64; ++lane)
      differ |= at[lane] ^ (at[0] + 4 * lane);
    return !differ;
  }
};

template <typename F>
inline void forLanes(const LaneOffsets &offsets, F f) {
  if (offsets.all) {
    for (unsigned lane = 0; lane < 64; ++lane)
      f(lane);
    return;
  }
  for (uint64_t m = offsets.lanes; m; m &= m - 1)
    f(unsigned(__builtin_ctzll(m)));
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

#if defined(__SSE2__)
/// Rows of four values to columns, and back.
inline void transpose4(__m128i x[4]) {
  __m128i a = _mm_unpacklo_epi32(x[0], x[1]),
          b = _mm_unpackhi_epi32(x[0], x[1]);
  __m128i c = _mm_unpacklo_epi32(x[2], x[3]),
          d = _mm_unpackhi_epi32(x[2], x[3]);
  x[0] = _mm_unpacklo_epi64(a, c);
  x[1] = _mm_unpackhi_epi64(a, c);
  x[2] = _mm_unpacklo_epi64(b, d);
  x[3] = _mm_unpackhi_epi64(b, d);
}
inline __m128i *vectorAt(void *p) { return static_cast<__m128i *>(p); }

/// 16 bytes a lane, all lanes on.
void loadQuads(Row *rows, const uint8_t *host, const LaneOffsets &offsets) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i x[4];
    for (unsigned k = 0; k < 4; ++k)
      memcpy(&x[k], host + offsets.at[lane + k], 16);
    transpose4(x);
    for (unsigned k = 0; k < 4; ++k)
      _mm_store_si128(vectorAt(&rows[k][lane]), x[k]);
  }
}
void storeQuads(Row *rows, uint8_t *host, const LaneOffsets &offsets) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i x[4];
    for (unsigned k = 0; k < 4; ++k)
      x[k] = _mm_load_si128(vectorAt(&rows[k][lane]));
    transpose4(x);
    for (unsigned k = 0; k < 4; ++k)
      memcpy(host + offsets.at[lane + k], &x[k], 16);
  }
}
/// 8 bytes a lane, all lanes on.
void loadPairs(Row *rows, const uint8_t *host, const LaneOffsets &offsets) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i x[4];
    for (unsigned k = 0; k < 4; ++k)
      x[k] = _mm_loadl_epi64(
          reinterpret_cast<const __m128i *>(host + offsets.at[lane + k]));
    __m128i a = _mm_unpacklo_epi32(x[0], x[1]);
    __m128i b = _mm_unpacklo_epi32(x[2], x[3]);
    _mm_store_si128(vectorAt(&rows[0][lane]), _mm_unpacklo_epi64(a, b));
    _mm_store_si128(vectorAt(&rows[1][lane]), _mm_unpackhi_epi64(a, b));
  }
}
#endif

template <unsigned N>
void loadWords(Row *rows, const uint8_t *host, const LaneOffsets &offsets) {
  if (N == 1 && offsets.all && offsets.followEachOther()) {
    memcpy(rows[0], host + offsets.at[0], 256);
    return;
  }
#if defined(__SSE2__)
  if (N == 4 && offsets.all)
    return loadQuads(rows, host, offsets);
  if (N == 2 && offsets.all)
    return loadPairs(rows, host, offsets);
#endif
  forLanes(offsets, [&](unsigned lane) {
    loadLane<N>(rows, lane, host + offsets.at[lane]);
  });
}
template <unsigned N>
void storeWords(Row *rows, uint8_t *host, const LaneOffsets &offsets) {
  if (N == 1 && offsets.all && offsets.followEachOther()) {
    memcpy(host + offsets.at[0], rows[0], 256);
    return;
  }
#if defined(__SSE2__)
  if (N == 4 && offsets.all)
    return storeQuads(rows, host, offsets);
#endif
  forLanes(offsets, [&](unsigned lane) {
    storeLane<N>(rows, lane, host + offsets.at[lane]);
  });
}

/// Loads of bytes and halves: extension, and which half of the register.
template <typename T>
void loadNarrow(Row *rows, const uint8_t *host, const LaneOffsets &offsets,
                MemOp op) {
  uint32_t *d = rows[0];
  auto value = [&](unsigned lane) {
    T x;
    memcpy(&x, host + offsets.at[lane], sizeof(T));
    return uint32_t(int32_t(x));
  };
  if (op == MemOp::Load)
    forLanes(offsets, [&](unsigned lane) { d[lane] = value(lane); });
  else if (op == MemOp::LoadD16)
    forLanes(offsets, [&](unsigned lane) {
      d[lane] = (d[lane] & 0xffff0000u) | (value(lane) & 0xffffu);
    });
  else
    forLanes(offsets, [&](unsigned lane) {
      d[lane] = (d[lane] & 0xffffu) | value(lane) << 16;
    });
}
template <typename T>
void storeNarrow(Row *rows, uint8_t *host, const LaneOffsets &offsets,
                 MemOp op) {
  unsigned shift = op == MemOp::StoreD16Hi ? 16 : 0;
  forLanes(offsets, [&](unsigned lane) {
    T x = T(rows[0][lane] >> shift);
    memcpy(host + offsets.at[lane], &x, sizeof(T));
  });
}

/// Reports an LDS access to the sanitizers, if any.
void noteLanes(Wave &w, const Inst &I, const MemRow &row, Row *rows,
               const LaneOffsets &offsets) {
  if (!w.observer)
    return;
  unsigned shift = row.op == MemOp::StoreD16Hi ? 16 : 0;
  StoredLanes stored{rows, row.bytes, shift, w.group->lds.data(), offsets.at};
  w.observer->ldsLanes(w, I, offsets.at, row.bytes,
                       isStore(row.op) ? &stored : nullptr);
}

/// Whether the sanitizers need each lane of an access to global memory.
bool isWatched(const Wave &w, const MemRow &row, uint64_t address) {
  return w.observer && (isStore(row.op) || !w.observer->isUnwritten(address));
}

/// Performs the load or store of a row for all lanes.
void moveLanes(const MemRow &row, Row *rows, uint8_t *host,
               const LaneOffsets &offsets) {
  bool store = isStore(row.op);
  for (uint64_t m = store ? 0 : offsets.dropped; m; m &= m - 1)
    for (unsigned k = 0; k < row.dwords; ++k)
      rows[k][__builtin_ctzll(m)] = 0;
  switch (row.bytes) {
  case 1:
    if (store)
      return storeNarrow<uint8_t>(rows, host, offsets, row.op);
    return row.sign ? loadNarrow<int8_t>(rows, host, offsets, row.op)
                    : loadNarrow<uint8_t>(rows, host, offsets, row.op);
  case 2:
    if (store)
      return storeNarrow<uint16_t>(rows, host, offsets, row.op);
    return row.sign ? loadNarrow<int16_t>(rows, host, offsets, row.op)
                    : loadNarrow<uint16_t>(rows, host, offsets, row.op);
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

/// read2 and write2: two elements a lane, in order.
bool fastDsTwo(Wave &w, const Inst &I, const MemRow &row) {
  unsigned unit = row.bytes * (I.flags & MemStride64 ? 64 : 1);
  Window window{w.group->lds.data(), w.group->ldsSize};
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
    moveLanes(row, w.v + I.dst, window.host, first);
    moveLanes(row, w.v + I.dst + row.dwords, window.host, second);
    return true;
  }
  forLanes(first, [&](unsigned lane) {
    uint8_t *a = window.host + first.at[lane];
    uint8_t *b = window.host + second.at[lane];
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

/// Buffer loads to LDS, where lanes are contiguous.
bool bufferToLds(Wave &w, const Inst &I, const MemRow &row, uint8_t *host,
                 const LaneOffsets &offsets) {
  uint32_t step = row.dwords > 1 ? 16 : 4, size = 4 * row.dwords;
  uint64_t target = uint64_t(w.s[SgprM0]) + I.imm;
  if (row.op != MemOp::Load || row.bytes < 4 ||
      target + 63 * step + size > w.group->ldsSize)
    return false;
  if (w.observer)
    w.observer->ldsDmaLanes(w, I, uint32_t(target), step, size);
  uint8_t *lds = w.group->lds.data() + target;
  for (uint64_t m = offsets.dropped; m; m &= m - 1)
    memset(lds + unsigned(__builtin_ctzll(m)) * step, 0, size);
  forLanes(offsets, [&](unsigned lane) {
    if (size == 16)
      memcpy(lds + lane * step, host + offsets.at[lane], 16);
    else
      memcpy(lds + lane * step, host + offsets.at[lane], size);
  });
  return true;
}

} // namespace

bool fastDs(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  if (!isPlain(w, I, row))
    return false;
  if (I.flags & MemTwo)
    return fastDsTwo(w, I, row);
  Window window{w.group->lds.data(), w.group->ldsSize};
  LaneOffsets offsets;
  if (!offsets.set(w, w.v[I.sdst], I.imm, window, row.bytes))
    return false;
  Row *rows = w.v + (isStore(row.op) ? I.data : I.dst);
  noteLanes(w, I, row, rows, offsets);
  moveLanes(row, rows, window.host, offsets);
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
  Window window = windowAt(*w.group->memory, base, r[2], isStore(row.op));
  uint64_t soffset = w.scalar(I.src[1]);
  if (soffset >= window.size || isWatched(w, row, base))
    return false;
  // Lanes are dropped only if they are out of range with and without soffset
  // and the region reaches the end of the buffer; the rest goes lane by lane.
  bool drops =
      window.size == r[2] && (row.op == MemOp::Load || isStore(row.op));
  window.host += soffset;
  window.size -= soffset;
  LaneOffsets offsets;
  if (!offsets.set(w, I.flags & MemOffen ? w.v[I.dst] : nullptr, I.imm, window,
                   row.bytes, drops ? r[2] : ~uint64_t(0)))
    return false;
  if (I.flags & MemLds)
    return bufferToLds(w, I, row, window.host, offsets);
  moveLanes(row, w.v + I.data, window.host, offsets);
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
  if (!region || !region->data || (isStore(row.op) && region->readOnly) ||
      isWatched(w, row, region->base))
    return false;
  Window window{region->data, region->size};
  uint32_t add = 0;
  if (base >= region->base) {
    uint64_t skip = base - region->base;
    if (skip >= window.size)
      return false;
    window.host += skip;
    window.size -= skip;
  } else {
    // Offsets of lanes before the region wrap around to far above its end.
    uint64_t before = region->base - base;
    if (before > (1u << 30) || window.size > (1u << 30))
      return false;
    add = uint32_t(0) - uint32_t(before);
  }
  LaneOffsets offsets;
  if (!offsets.set(w, low, add, window, row.bytes))
    return false;
  moveLanes(row, w.v + I.data, window.host, offsets);
  return true;
}

} // namespace moe::emulator
