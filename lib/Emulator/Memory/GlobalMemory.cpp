//===- GlobalMemory.cpp - global, flat and scratch instructions -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Global, flat and scratch instructions, and what one lane does at an address
// of global memory, which buffers share.
//
// Fields of Inst, vector memory: op = MemRow, dst = row of the address, data =
// row of the data, imm = offset (sign-extended), flags = MemFlags; global,
// scratch: src[0] = saddr.
//
//===----------------------------------------------------------------------===//

#include "Memory/Access.h"

namespace moe::emulator {

//===----------------------------------------------------------------------===//
// Lane accesses
//===----------------------------------------------------------------------===//

void placeLoad(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
               const uint32_t *values) {
  uint32_t value = extend(row, values[0]);
  switch (row.op) {
  case MemOp::LoadD16:
  case MemOp::LoadD16Hi:
    return placeHalf(w, w.v[I.data][lane], value, row.op == MemOp::LoadD16Hi);
  default:
    w.v[I.data][lane] = value;
    for (unsigned k = 1; k < row.dwords; ++k)
      w.v[I.data + k][lane] = values[k];
  }
}

void takeStore(const Wave &w, const Inst &I, const MemRow &row, unsigned lane,
               uint32_t *values) {
  for (unsigned k = 0; k < row.dwords; ++k)
    values[k] = w.v[I.data + k][lane];
  if (row.op == MemOp::StoreD16Hi)
    values[0] >>= 16;
}

/// One atomic of one lane at a host address.
static void atomicLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                       uint8_t *host) {
  unsigned words = row.bytes / 4;
  uint64_t data = w.v[I.data][lane], compare = 0;
  if (words == 2)
    data |= uint64_t(w.v[I.data + 1][lane]) << 32;
  if (row.atomic == AtomicKind::CmpSwap) {
    compare = w.v[I.data + words][lane];
    if (words == 2)
      compare |= uint64_t(w.v[I.data + 3][lane]) << 32;
  }
  uint64_t old = hostAtomic(host, row, data, compare);
  if (I.flags & MemReturn) {
    w.v[I.data1][lane] = uint32_t(old);
    if (words == 2)
      w.v[I.data1 + 1][lane] = uint32_t(old >> 32);
  }
  if (w.counters)
    ++w.counters->globalAtomics;
}

bool toLds(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
           const uint32_t *values) {
  uint32_t size = row.dwords * 4;
  uint64_t address = uint64_t(w.s[SgprM0]) + I.imm + lane * (size > 4 ? 16 : 4);
  uint8_t *host = ldsBytes(w, I, lane, address, size);
  if (!host || host == w.group->outside)
    return host;
  uint32_t copy[4] = {extend(row, values[0]), values[1], values[2], values[3]};
  memcpy(host, copy, size);
  if (w.observer)
    w.observer->ldsDma(w, I, uint32_t(address), size);
  if (w.counters)
    w.counters->ldsWritten += size;
  return true;
}

bool globalLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                uint64_t address) {
  Memory &memory = *w.group->memory;
  uint32_t values[4] = {0, 0, 0, 0};
  if (isAtomic(row)) {
    uint8_t *host = memory.findWritable(address, row.bytes);
    if (!host) {
      w.faultAddress("atomic", lane, address, row.bytes);
      return false;
    }
    if (address % row.bytes) {
      w.fault("misaligned atomic at " + hexAddress(address) + " by lane " +
              std::to_string(lane));
      return false;
    }
    if (w.observer)
      w.observer->global(w, address, row.bytes, GlobalAccess::Atomic, nullptr);
    atomicLane(w, I, row, lane, host);
    return true;
  }
  if (isStore(row.op)) {
    takeStore(w, I, row, lane, values);
    if (w.observer)
      w.observer->global(w, address, row.bytes, GlobalAccess::Write, values);
    if (!memory.store(address, values, row.bytes)) {
      w.faultAddress("store", lane, address, row.bytes);
      return false;
    }
    if (w.counters)
      w.counters->globalWritten += row.bytes;
    return true;
  }
  if (w.observer)
    w.observer->global(w, address, row.bytes, GlobalAccess::Read, nullptr);
  if (!memory.load(address, values, row.bytes)) {
    w.faultAddress("load", lane, address, row.bytes);
    return false;
  }
  if (w.counters)
    w.counters->globalRead += row.bytes;
  if (I.flags & MemLds)
    return toLds(w, I, row, lane, values);
  placeLoad(w, I, row, lane, values);
  return true;
}

//===----------------------------------------------------------------------===//
// Global, flat, scratch
//===----------------------------------------------------------------------===//

void runGlobal(Wave &w, const Inst &I) {
  if (fastGlobal(w, I))
    return;
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  uint64_t base = uint64_t(int64_t(int32_t(I.imm)));
  bool saddr = I.flags & MemSaddr;
  if (saddr)
    base += w.s64(I.src[0].index);
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint64_t address = base + w.v[I.dst][lane];
    if (!saddr)
      address += uint64_t(w.v[I.dst + 1][lane]) << 32;
    if (!globalLane(w, I, row, lane, address))
      return;
  }
}

/// Host bytes of a lane's private memory, or null after a fault.
static uint8_t *privateBytes(Wave &w, unsigned lane, uint64_t offset,
                             unsigned bytes) {
  if (offset + bytes > w.scratchSize) {
    w.fault("out-of-bounds scratch access of " + std::to_string(bytes) +
            " bytes at offset " + std::to_string(offset) + " by lane " +
            std::to_string(lane) + ": a work item has " +
            std::to_string(w.scratchSize) + " bytes");
    return nullptr;
  }
  return w.scratch + uint64_t(lane) * w.scratchSize + offset;
}

/// A load, store or atomic of one lane on host bytes that are there.
static void hostLane(Wave &w, const Inst &I, const MemRow &row, unsigned lane,
                     uint8_t *host) {
  uint32_t values[4] = {0, 0, 0, 0};
  if (isAtomic(row))
    return atomicLane(w, I, row, lane, host);
  if (isStore(row.op)) {
    takeStore(w, I, row, lane, values);
    memcpy(host, values, row.bytes);
    return;
  }
  memcpy(values, host, row.bytes);
  if (I.flags & MemLds)
    return void(toLds(w, I, row, lane, values));
  placeLoad(w, I, row, lane, values);
}

void runScratch(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  uint32_t base = I.imm;
  if (I.flags & MemSaddr)
    base += w.s[I.src[0].index];
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint32_t offset = base + (I.flags & MemVaddr ? w.v[I.dst][lane] : 0);
    uint8_t *host = privateBytes(w, lane, offset, row.bytes);
    if (!host)
      return;
    hostLane(w, I, row, lane, host);
  }
}

void runFlat(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    uint64_t address = w.v[I.dst][lane] | uint64_t(w.v[I.dst + 1][lane]) << 32;
    address += uint64_t(int64_t(int32_t(I.imm)));
    uint32_t aperture = uint32_t(address >> 32);
    if (aperture == privateAperture) {
      uint8_t *host = privateBytes(w, lane, uint32_t(address), row.bytes);
      if (!host)
        return;
      hostLane(w, I, row, lane, host);
    } else if (aperture == sharedAperture) {
      uint8_t *host = ldsBytes(w, I, lane, uint32_t(address), row.bytes);
      if (!host)
        return;
      if (w.observer && host != w.group->outside)
        w.observer->ldsAccess(w, I, uint32_t(address), row.bytes,
                              row.op == MemOp::Load ||
                                      row.op == MemOp::LoadD16 ||
                                      row.op == MemOp::LoadD16Hi
                                  ? LdsAccess::Read
                                  : LdsAccess::Write);
      hostLane(w, I, row, lane, host);
    } else if (!globalLane(w, I, row, lane, address)) {
      return;
    }
  }
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

// clang-format off
#define ATOMIC(name, kind)                                                     \
  {"atomic_" name, MemOp::AtomicInt, 4, 1, false, AtomicKind::kind},           \
  {"atomic_" name "_x2", MemOp::Atomic64, 8, 2, false, AtomicKind::kind},
#define FORMAT(channels, count)                                                \
  {"load_format_" channels, MemOp::FormatLoad, 0, count, false},               \
  {"store_format_" channels, MemOp::FormatStore, 0, count, false},             \
  {"load_format_d16_" channels, MemOp::FormatLoadD16, 0, count, false},        \
  {"store_format_d16_" channels, MemOp::FormatStoreD16, 0, count, false},
static const MemRow rows[] = {
    {"load_ubyte", MemOp::Load, 1, 1, false},
    {"load_sbyte", MemOp::Load, 1, 1, true},
    {"load_ushort", MemOp::Load, 2, 1, false},
    {"load_sshort", MemOp::Load, 2, 1, true},
    {"load_dword", MemOp::Load, 4, 1, false},
    {"load_dwordx2", MemOp::Load, 8, 2, false},
    {"load_dwordx3", MemOp::Load, 12, 3, false},
    {"load_dwordx4", MemOp::Load, 16, 4, false},
    {"load_ubyte_d16", MemOp::LoadD16, 1, 1, false},
    {"load_sbyte_d16", MemOp::LoadD16, 1, 1, true},
    {"load_short_d16", MemOp::LoadD16, 2, 1, false},
    {"load_ubyte_d16_hi", MemOp::LoadD16Hi, 1, 1, false},
    {"load_sbyte_d16_hi", MemOp::LoadD16Hi, 1, 1, true},
    {"load_short_d16_hi", MemOp::LoadD16Hi, 2, 1, false},
    {"store_byte", MemOp::Store, 1, 1, false},
    {"store_short", MemOp::Store, 2, 1, false},
    {"store_dword", MemOp::Store, 4, 1, false},
    {"store_dwordx2", MemOp::Store, 8, 2, false},
    {"store_dwordx3", MemOp::Store, 12, 3, false},
    {"store_dwordx4", MemOp::Store, 16, 4, false},
    {"store_byte_d16_hi", MemOp::StoreD16Hi, 1, 1, false},
    {"store_short_d16_hi", MemOp::StoreD16Hi, 2, 1, false},
    ATOMIC("swap", Swap) ATOMIC("add", Add) ATOMIC("sub", Sub)
    ATOMIC("smin", SMin) ATOMIC("umin", UMin) ATOMIC("smax", SMax)
    ATOMIC("umax", UMax) ATOMIC("and", And) ATOMIC("or", Or) ATOMIC("xor", Xor)
    ATOMIC("inc", Inc) ATOMIC("dec", Dec)
    {"atomic_cmpswap", MemOp::AtomicInt, 4, 2, false, AtomicKind::CmpSwap},
    {"atomic_cmpswap_x2", MemOp::Atomic64, 8, 4, false, AtomicKind::CmpSwap},
    FORMAT("x", 1) FORMAT("xy", 2) FORMAT("xyz", 3) FORMAT("xyzw", 4)
    {"load_format_d16_hi_x", MemOp::FormatLoadD16Hi, 0, 1, false},
    {"store_format_d16_hi_x", MemOp::FormatStoreD16Hi, 0, 1, false},
    {"atomic_add_f32", MemOp::AtomicFloat, 4, 1, false, AtomicKind::FAdd},
    {"atomic_pk_add_f16", MemOp::AtomicPkF16, 4, 1, false, AtomicKind::FAdd},
    {"atomic_pk_add_bf16", MemOp::AtomicPkBf16, 4, 1, false, AtomicKind::FAdd},
    {"atomic_add_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FAdd},
    {"atomic_min_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FMin},
    {"atomic_max_f64", MemOp::AtomicF64, 8, 2, false, AtomicKind::FMax},    // cache control: there are no caches
    {"inv", MemOp::Control, 0, 0, false}, {"wbl2", MemOp::Control, 0, 0, false},
};
// clang-format on

MemTable vmemRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

} // namespace moe::emulator
