//===- Lds.cpp - DS instructions ------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads, writes and atomics of LDS, lane permutes and transposing reads.
//
// Fields of Inst: op = MemRow, sdst = row of the address, data and data1 = rows
// of the two data operands, dst = row of the result, imm = offset (the two
// 8-bit offsets of the read2/write2 forms in its bytes), flags = MemFlags.
//
//===----------------------------------------------------------------------===//

#include "Memory/Access.h"

#include <algorithm>

namespace moe::emulator {

/// Kernels send lanes that are to do nothing beyond the LDS of the chip. The
/// manuals: reads give zero, writes are discarded, LDS-DMA leaves those lanes
/// out. Within the chip's LDS it is most likely a fault of the kernel.
uint8_t *ldsBytes(Wave &w, const Inst &I, unsigned lane, uint64_t address,
                  unsigned bytes) {
  Workgroup &group = *w.group;
  if (address + bytes <= group.ldsSize)
    return group.lds.data() + address;
  if (address < w.chip->ldsBytes) {
    w.fault("out-of-bounds LDS access of " + std::to_string(bytes) +
            " bytes at offset " + std::to_string(address) + " by lane " +
            std::to_string(lane) + ": the workgroup has " +
            std::to_string(group.ldsSize) +
            " bytes of LDS; hardware would read zero and drop the write");
    return nullptr;
  }
  if (group.warn && std::find(group.beyondLds.begin(), group.beyondLds.end(),
                              &I) == group.beyondLds.end()) {
    group.beyondLds.push_back(&I);
    group.warn(group.warnContext,
               "LDS addresses beyond the " + std::to_string(w.chip->ldsBytes) +
                   " bytes of the chip: reads give zero, writes and atomics "
                   "are dropped",
               &I);
  }
  memset(group.outside, 0, sizeof(group.outside));
  return group.outside;
}

static uint8_t *accessLds(Wave &w, const Inst &I, unsigned lane,
                          uint64_t address, unsigned bytes, bool write,
                          const void *stored = nullptr) {
  uint8_t *host = ldsBytes(w, I, lane, address, bytes);
  if (!host || host == w.group->outside)
    return host;
  if (w.observer)
    w.observer->ldsAccess(w, I, uint32_t(address), bytes,
                          !write ? LdsAccess::Read
                          : stored && !memcmp(host, stored, bytes)
                              ? LdsAccess::WriteSame
                              : LdsAccess::Write);
  if (w.counters)
    (write ? w.counters->ldsWritten : w.counters->ldsRead) += bytes;
  return host;
}

static void loadLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                     uint32_t address) {
  uint8_t *host = accessLds(w, I, lane, address, row.bytes, false);
  if (!host)
    return;
  uint32_t values[4] = {0, 0, 0, 0};
  memcpy(values, host, row.bytes);
  uint32_t value = extend(row, values[0]);
  uint32_t &target = w.v[I.dst][lane];
  if (isD16(row.op))
    return placeHalf(w, target, value, row.op == MemOp::LoadD16Hi);
  target = value;
  for (unsigned k = 1; k < row.dwords; ++k)
    w.v[I.dst + k][lane] = values[k];
}

static void storeLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                      uint32_t address, unsigned dataRow) {
  uint32_t values[4];
  for (unsigned k = 0; k < row.dwords; ++k)
    values[k] = w.v[dataRow + k][lane];
  if (row.op == MemOp::StoreD16Hi)
    values[0] >>= 16;
  uint8_t *host = accessLds(w, I, lane, address, row.bytes, true, values);
  if (!host)
    return;
  memcpy(host, values, row.bytes);
}

static void atomicLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                       uint32_t address) {
  uint8_t *host = accessLds(w, I, lane, address, row.bytes, true);
  if (!host)
    return;
  if (address % row.bytes && host != w.group->outside)
    return w.fault("misaligned LDS atomic at offset " +
                   std::to_string(address) + " by lane " +
                   std::to_string(lane));
  bool wide = row.bytes == 8;
  auto get = [&](unsigned first) {
    uint64_t value = w.v[first][lane];
    return wide ? value | uint64_t(w.v[first + 1][lane]) << 32 : value;
  };
  uint64_t first = get(I.data), second = 0;
  bool swaps =
      row.atomic == AtomicKind::CmpSwap || row.atomic == AtomicKind::FCmpSwap;
  if (swaps || row.atomic == AtomicKind::MSkOr ||
      row.atomic == AtomicKind::Wrap)
    second = get(I.data1);
  // DS names the compare value first; hostAtomic wants the new one first.
  uint64_t old = swaps ? hostAtomic(host, row, second, first)
                       : hostAtomic(host, row, first, second);
  if (!(I.flags & MemReturn))
    return;
  w.v[I.dst][lane] = uint32_t(old);
  if (wide)
    w.v[I.dst + 1][lane] = uint32_t(old >> 32);
}

/// wrxchg2: two exchanges, both old values.
static void exchangeTwo(Wave &w, const Inst &I, const MemRow &row,
                        unsigned lane, uint32_t first, uint32_t second) {
  unsigned words = row.bytes / 4;
  uint32_t old[4];
  for (unsigned k = 0; k < 2; ++k) {
    uint8_t *host = accessLds(w, I, lane, k ? second : first, row.bytes, true);
    if (!host)
      return;
    uint32_t value[2];
    for (unsigned r = 0; r < words; ++r)
      value[r] = w.v[(k ? I.data1 : I.data) + r][lane];
    memcpy(old + k * words, host, row.bytes);
    memcpy(host, value, row.bytes);
  }
  for (unsigned r = 0; r < 2 * words; ++r)
    w.v[I.dst + r][lane] = old[r];
}

/// read2 and write2: two elements; the offsets count elements, or 64 of them.
static void twoLanes(Wave &w, const Inst &I, const MemRow &row, unsigned lane) {
  unsigned unit = row.bytes * (I.flags & MemStride64 ? 64 : 1);
  uint32_t base = w.v[I.sdst][lane];
  uint32_t first = base + (I.imm & 255) * unit;
  uint32_t second = base + ((I.imm >> 8) & 255) * unit;
  unsigned words = row.bytes / 4;
  if (row.atomic != AtomicKind::None)
    return exchangeTwo(w, I, row, lane, first, second);
  if (row.op == MemOp::Store) {
    storeLane(w, I, row, lane, first, I.data);
    storeLane(w, I, row, lane, second, I.data1);
    return;
  }
  uint32_t values[4];
  const uint8_t *a = accessLds(w, I, lane, first, row.bytes, false);
  const uint8_t *b = accessLds(w, I, lane, second, row.bytes, false);
  if (!a || !b)
    return;
  memcpy(values, a, row.bytes);
  memcpy(values + words, b, row.bytes);
  for (unsigned k = 0; k < 2 * words; ++k)
    w.v[I.dst + k][lane] = values[k];
}

void runDs(Wave &w, const Inst &I) {
  if (fastDs(w, I))
    return;
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  if (w.counters)
    w.counters->ldsConflicts += ldsConflicts(w, I, row);
  for (uint64_t m = w.exec(); m && w.stop != Stop::Fault; m &= m - 1) {
    unsigned lane = laneOf(m);
    if (I.flags & MemTwo) {
      twoLanes(w, I, row, lane);
      continue;
    }
    uint32_t address = w.v[I.sdst][lane] + I.imm;
    if (row.atomic != AtomicKind::None)
      atomicLane(w, I, row, lane, address);
    else if (row.op == MemOp::Store || row.op == MemOp::StoreD16Hi)
      storeLane(w, I, row, lane, address, I.data);
    else
      loadLane(w, I, row, lane, address);
  }
}

//===----------------------------------------------------------------------===//
// Exchange between lanes
//===----------------------------------------------------------------------===//

static void writeLanes(Wave &w, unsigned row, const uint32_t *values) {
  for (unsigned i = 0; i < 64; ++i)
    w.v[row][i] = (values[i] & w.execMask[i]) | (w.v[row][i] & ~w.execMask[i]);
}

/// Every lane reads from the lane that its address selects; inactive lanes
/// supply 0.
static void bpermute(Wave &w, const Inst &I) {
  uint32_t out[64];
  for (unsigned i = 0; i < 64; ++i) {
    unsigned from = ((w.v[I.sdst][i] + I.imm) / 4) & 63;
    out[i] = w.v[I.data][from] & w.execMask[from];
  }
  writeLanes(w, I.dst, out);
}

/// Every lane writes to the lane that its address selects; the highest lane
/// wins.
static void permute(Wave &w, const Inst &I) {
  uint32_t out[64] = {};
  for (unsigned i = 0; i < 64; ++i)
    if (w.execMask[i])
      out[((w.v[I.sdst][i] + I.imm) / 4) & 63] = w.v[I.data][i];
  writeLanes(w, I.dst, out);
}

static unsigned swizzleLane(unsigned pattern, unsigned lane) {
  if (pattern >= 0xe000) { // FFT: the bits outside the mask in reverse
    unsigned mask = pattern & 31, reversed = 0;
    for (unsigned bit = 0; bit < 5; ++bit)
      reversed |= ((lane >> bit) & 1) << (4 - bit);
    reversed >>= unsigned(__builtin_popcount(mask));
    return (lane & 32) | (lane & mask) | reversed;
  }
  if (pattern >= 0xc000) { // rotate within 32 lanes
    unsigned amount = (pattern >> 5) & 31, mask = pattern & 31;
    unsigned in = lane & 31;
    unsigned turned = (pattern >> 10) & 1 ? in - amount : in + amount;
    return (lane & 32) | (in & mask) | (turned & 31 & ~mask);
  }
  if (pattern & 0x8000) // quad permute
    return (lane & ~3u) | ((pattern >> (2 * (lane & 3))) & 3);
  unsigned in = lane & 31;
  in = ((in & (pattern & 31)) | ((pattern >> 5) & 31)) ^ ((pattern >> 10) & 31);
  return (lane & 32) | in;
}

static void swizzle(Wave &w, const Inst &I) {
  uint32_t out[64];
  for (unsigned i = 0; i < 64; ++i) {
    unsigned from = swizzleLane(I.imm, i);
    out[i] = w.v[I.sdst][from] & w.execMask[from];
  }
  writeLanes(w, I.dst, out);
}

//===----------------------------------------------------------------------===//
// Transposing reads: every lane reads 8 (or 12) bytes at its own address, then
// the elements of 16 lanes are redistributed. With E elements a lane, element n
// of lane l is element l % E of lane (l / E) % (16 / E) + (16 / E) * n of
// the 16.
//===----------------------------------------------------------------------===//

static void transpose(Wave &w, const Inst &I, unsigned bits, unsigned bytes) {
  uint8_t raw[64][16] = {};
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint8_t *host =
        accessLds(w, I, lane, w.v[I.sdst][lane] + I.imm, bytes, false);
    if (!host)
      return;
    memcpy(raw[lane], host, bytes);
  }
  unsigned elements = bytes * 8 / bits, groups = 16 / elements;
  for (unsigned l = 0; l < 64; ++l) {
    if (!w.execMask[l])
      continue;
    uint8_t out[16] = {};
    for (unsigned n = 0; n < elements; ++n) {
      unsigned from = (l & ~15u) + (l / elements) % groups + groups * n;
      unsigned at = (l % elements) * bits, to = n * bits;
      for (unsigned b = 0; b < bits; ++b) {
        unsigned bit = (raw[from][(at + b) / 8] >> ((at + b) % 8)) & 1;
        out[(to + b) / 8] |= bit << ((to + b) % 8);
      }
    }
    uint32_t words[4];
    memcpy(words, out, 16);
    for (unsigned k = 0; k < bytes / 4; ++k)
      w.v[I.dst + k][l] = words[k];
  }
}
static void transpose16(Wave &w, const Inst &I) { transpose(w, I, 16, 8); }
static void transpose8(Wave &w, const Inst &I) { transpose(w, I, 8, 8); }
static void transpose4(Wave &w, const Inst &I) { transpose(w, I, 4, 8); }
static void transpose6(Wave &w, const Inst &I) { transpose(w, I, 6, 12); }

/// read/write_addtid: M0[15:0] + offset + 4 * lane.
static void readAddTid(Wave &w, const Inst &I) {
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint32_t address = (w.s[SgprM0] & 0xffffu) + I.imm + 4 * lane;
    uint8_t *host = accessLds(w, I, lane, address, 4, false);
    if (!host)
      return;
    memcpy(&w.v[I.dst][lane], host, 4);
  }
}
static void writeAddTid(Wave &w, const Inst &I) {
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint32_t address = (w.s[SgprM0] & 0xffffu) + I.imm + 4 * lane;
    uint8_t *host = accessLds(w, I, lane, address, 4, true);
    if (!host)
      return;
    memcpy(host, &w.v[I.data][lane], 4);
  }
}

/// Two dwords are read; each is replaced by 31 bits of the data when the bit
/// above these is set.
static void conditionalExchange(Wave &w, const Inst &I) {
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint32_t address = (w.v[I.sdst][lane] + I.imm) & 0xfff8u;
    uint8_t *host = accessLds(w, I, lane, address, 8, true);
    if (!host)
      return;
    for (unsigned k = 0; k < 2; ++k) {
      uint32_t old, wanted = w.v[I.data + k][lane];
      memcpy(&old, host + 4 * k, 4);
      w.v[I.dst + k][lane] = old;
      if (wanted >> 31) {
        wanted &= 0x7fffffffu;
        memcpy(host + 4 * k, &wanted, 4);
      }
    }
  }
}

/// append and consume: one counter at M0[31:16] + offset moves by the number of
/// active lanes; every active lane gets the old value.
static void moveCounter(Wave &w, const Inst &I, bool up) {
  uint64_t exec = w.exec();
  if (!exec)
    return;
  uint32_t address = (w.s[SgprM0] >> 16) + I.imm;
  uint8_t *host =
      accessLds(w, I, unsigned(__builtin_ctzll(exec)), address, 4, true);
  if (!host)
    return;
  uint32_t old, count = uint32_t(__builtin_popcountll(exec));
  memcpy(&old, host, 4);
  uint32_t wanted = up ? old + count : old - count;
  memcpy(host, &wanted, 4);
  for (uint64_t m = exec; m; m &= m - 1)
    w.v[I.dst][laneOf(m)] = old;
}
static void append(Wave &w, const Inst &I) { moveCounter(w, I, true); }
static void consume(Wave &w, const Inst &I) { moveCounter(w, I, false); }

static const DsRow special[] = {
    {"ds_bpermute_b32", bpermute, InstClass::DsOther, 1, 1, true, OnBoth,
     FetchesLanes},
    {"ds_permute_b32", permute, InstClass::DsOther, 1, 1, true, OnBoth, 0},
    {"ds_swizzle_b32", swizzle, InstClass::DsOther, 1, 0, true, OnBoth, 0},
    {"ds_read_b64_tr_b16", transpose16, InstClass::DsRead, 2, 0, true, On950,
     NeedsAllLanes},
    {"ds_read_b64_tr_b8", transpose8, InstClass::DsRead, 2, 0, true, On950,
     NeedsAllLanes},
    {"ds_read_b64_tr_b4", transpose4, InstClass::DsRead, 2, 0, true, On950,
     NeedsAllLanes},
    {"ds_read_b96_tr_b6", transpose6, InstClass::DsRead, 3, 0, true, On950,
     NeedsAllLanes},
    {"ds_read_addtid_b32", readAddTid, InstClass::DsOther, 1, 0, false, OnBoth,
     ReadsM0 | M0Late},
    {"ds_write_addtid_b32", writeAddTid, InstClass::DsOther, 0, 1, false,
     OnBoth, ReadsM0 | M0Late},
    {"ds_condxchg32_rtn_b64", conditionalExchange, InstClass::DsAtomic, 2, 2,
     true, OnBoth, 0},
    {"ds_append", append, InstClass::DsAtomic, 1, 0, false, OnBoth, ReadsM0},
    {"ds_consume", consume, InstClass::DsAtomic, 1, 0, false, OnBoth, ReadsM0},
    {"ds_nop", runNothing, InstClass::DsOther, 0, 0, false, OnBoth, 0}};

DsTable dsSpecialRows() {
  return {special, sizeof(special) / sizeof(special[0])};
}

// clang-format off
#define ATOMIC(name, u32, u64, kind)                                           \
  {name "_" u32, MemOp::AtomicInt, 4, 1, false, AtomicKind::kind},             \
  {name "_" u64, MemOp::Atomic64, 8, 2, false, AtomicKind::kind},
static const MemRow rows[] = {
    {"read_b32", MemOp::Load, 4, 1, false},
    {"read_b64", MemOp::Load, 8, 2, false},
    {"read_b96", MemOp::Load, 12, 3, false},
    {"read_b128", MemOp::Load, 16, 4, false},
    {"read_i8", MemOp::Load, 1, 1, true},
    {"read_u8", MemOp::Load, 1, 1, false},
    {"read_i16", MemOp::Load, 2, 1, true},
    {"read_u16", MemOp::Load, 2, 1, false},
    {"read_u8_d16", MemOp::LoadD16, 1, 1, false},
    {"read_i8_d16", MemOp::LoadD16, 1, 1, true},
    {"read_u16_d16", MemOp::LoadD16, 2, 1, false},
    {"read_u8_d16_hi", MemOp::LoadD16Hi, 1, 1, false},
    {"read_i8_d16_hi", MemOp::LoadD16Hi, 1, 1, true},
    {"read_u16_d16_hi", MemOp::LoadD16Hi, 2, 1, false},
    {"write_b8", MemOp::Store, 1, 1, false},
    {"write_b16", MemOp::Store, 2, 1, false},
    {"write_b32", MemOp::Store, 4, 1, false},
    {"write_b64", MemOp::Store, 8, 2, false},
    {"write_b96", MemOp::Store, 12, 3, false},
    {"write_b128", MemOp::Store, 16, 4, false},
    {"write_b8_d16_hi", MemOp::StoreD16Hi, 1, 1, false},
    {"write_b16_d16_hi", MemOp::StoreD16Hi, 2, 1, false},
    ATOMIC("add", "u32", "u64", Add) ATOMIC("sub", "u32", "u64", Sub)
    ATOMIC("rsub", "u32", "u64", RSub) ATOMIC("inc", "u32", "u64", Inc)
    ATOMIC("dec", "u32", "u64", Dec) ATOMIC("min", "i32", "i64", SMin)
    ATOMIC("max", "i32", "i64", SMax) ATOMIC("min", "u32", "u64", UMin)
    ATOMIC("max", "u32", "u64", UMax) ATOMIC("and", "b32", "b64", And)
    ATOMIC("or", "b32", "b64", Or) ATOMIC("xor", "b32", "b64", Xor)
    ATOMIC("mskor", "b32", "b64", MSkOr) ATOMIC("wrxchg", "b32", "b64", Swap)
    ATOMIC("cmpst", "b32", "b64", CmpSwap)
    {"cmpst_f32", MemOp::AtomicFloat, 4, 1, false, AtomicKind::FCmpSwap},
    {"cmpst_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FCmpSwap},
    {"wrap_b32", MemOp::AtomicInt, 4, 1, false, AtomicKind::Wrap},
    {"add_f32", MemOp::AtomicFloat, 4, 1, false, AtomicKind::FAdd},
    {"min_f32", MemOp::AtomicFloat, 4, 1, false, AtomicKind::FMin},
    {"max_f32", MemOp::AtomicFloat, 4, 1, false, AtomicKind::FMax},
    {"pk_add_f16", MemOp::AtomicPkF16, 4, 1, false, AtomicKind::FAdd},
    {"pk_add_bf16", MemOp::AtomicPkBf16, 4, 1, false, AtomicKind::FAdd},
    {"add_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FAdd},
    {"min_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FMin},
    {"max_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FMax},
};
// clang-format on

MemTable dsRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

} // namespace moe::emulator
