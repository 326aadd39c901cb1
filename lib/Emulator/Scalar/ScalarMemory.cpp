//===- ScalarMemory.cpp - SMEM --------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar loads, stores and atomics. They reach memory at once: there is no
// scalar cache whose lines s_dcache_wb would have to write back.
//
// Fields of Inst: dst = first SGPR of the data, data = dwords, src[0] = base
// SGPR, src[1] = soffset or none, imm = offset, flags = ScalarBuffer,
// ScalarScratch, MemReturn; op = MemRow of an atomic.
//
//===----------------------------------------------------------------------===//

#include "Memory/Access.h"
#include "Scalar/ScalarRows.h"

namespace moe::emulator {

static uint64_t scalarOffset(const Wave &w, const Inst &I) {
  uint64_t offset = uint64_t(int64_t(int32_t(I.imm)));
  uint64_t scale = I.flags & ScalarScratch ? 64 : 1;
  if (I.src[1].kind != SrcKind::None)
    offset += scale * w.scalar(I.src[1]);
  return offset;
}

namespace {
/// Where an access goes, and how many bytes from there on are in range.
struct Place {
  uint64_t address;
  uint64_t bytes;
};
} // namespace

static Place placeOf(const Wave &w, const Inst &I) {
  if (!(I.flags & ScalarBuffer))
    return {(w.s64(I.src[0].index) + scalarOffset(w, I)) & ~uint64_t(3),
            ~uint64_t(0)};
  const uint32_t *d = &w.s[I.src[0].index];
  uint64_t base = d[0] | uint64_t(d[1] & 0xffffu) << 32;
  uint64_t stride = (d[1] >> 16) & 0x3fff;
  uint64_t limit = stride ? stride * d[2] : d[2];
  uint64_t offset = uint64_t(uint32_t(scalarOffset(w, I))) & ~uint64_t(3);
  return {base + offset, offset < limit ? limit - offset : 0};
}

static void outOfBounds(Wave &w, const char *what, uint64_t address,
                        unsigned bytes) {
  w.fault(std::string("out-of-bounds scalar ") + what + " of " +
          std::to_string(bytes) + " bytes at " + hexAddress(address) + ": " +
          w.group->memory->describe(address, bytes));
}

static void runScalarLoad(Wave &w, const Inst &I) {
  Place place = placeOf(w, I);
  uint32_t values[16];
  if (w.observer)
    w.observer->global(w, place.address, 4 * I.data, GlobalAccess::ScalarRead,
                       nullptr);
  if (!w.group->memory->load(place.address, values, 4 * I.data))
    return outOfBounds(w, "load", place.address, 4 * I.data);
  for (unsigned i = 0; i < I.data; ++i)
    w.setS(I.dst + i, values[i]);
  if (w.counters)
    w.counters->globalRead += 4 * I.data;
}

/// Dwords out of the descriptor's range read as zero.
static void runScalarBufferLoad(Wave &w, const Inst &I) {
  Place place = placeOf(w, I);
  for (unsigned i = 0; i < I.data; ++i) {
    uint32_t value = 0;
    uint64_t address = place.address + 4 * i;
    if (w.observer && 4 * i + 4 <= place.bytes)
      w.observer->global(w, address, 4, GlobalAccess::ScalarRead, nullptr);
    if (4 * i + 4 <= place.bytes && !w.group->memory->load(address, &value, 4))
      return outOfBounds(w, "buffer load", address, 4);
    w.setS(I.dst + i, value);
  }
}

static void runScalarStore(Wave &w, const Inst &I) {
  Place place = placeOf(w, I);
  for (unsigned i = 0; i < I.data && 4 * i + 4 <= place.bytes; ++i) {
    uint64_t address = place.address + 4 * i;
    if (w.observer)
      w.observer->global(w, address, 4, GlobalAccess::Write, &w.s[I.dst + i]);
    if (!w.group->memory->store(address, &w.s[I.dst + i], 4))
      return outOfBounds(w, "store", address, 4);
    if (w.counters)
      w.counters->globalWritten += 4;
  }
}

void runScalarAtomic(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  Place place = placeOf(w, I);
  unsigned words = row.bytes / 4;
  uint64_t old = 0;
  if (row.bytes <= place.bytes) {
    uint8_t *host = w.group->memory->findWritable(place.address, row.bytes);
    if (!host)
      return outOfBounds(w, "atomic", place.address, row.bytes);
    if (place.address % row.bytes)
      return w.fault("misaligned atomic at " + hexAddress(place.address));
    if (w.observer)
      w.observer->global(w, place.address, row.bytes, GlobalAccess::Atomic,
                         nullptr);
    auto value = [&](unsigned at) {
      return words == 2 ? w.s64(at) : uint64_t(w.s[at]);
    };
    bool compares = row.atomic == AtomicKind::CmpSwap;
    old = hostAtomic(host, row, value(I.dst),
                     compares ? value(I.dst + words) : 0);
    if (w.counters)
      ++w.counters->globalAtomics;
  }
  if (!(I.flags & MemReturn))
    return;
  if (words == 2)
    w.setS64(I.dst, old);
  else
    w.setS(I.dst, uint32_t(old));
}

static void runScalarTime(Wave &w, const Inst &I) {
  w.setS64(I.dst, w.executed);
}

// clang-format off
#define SIZES(prefix, fn, flags, traits)                                       \
  {prefix "_dword", fn, 1, flags, traits},                                     \
  {prefix "_dwordx2", fn, 2, flags, traits},                                   \
  {prefix "_dwordx4", fn, 4, flags, traits},
#define LARGE(prefix, fn, flags)                                               \
  SIZES(prefix, fn, flags, 0) {prefix "_dwordx8", fn, 8, flags, 0},            \
  {prefix "_dwordx16", fn, 16, flags, 0},
#define NOTHING(name) {name, runNothing, 0, 0, 0},
static const ScalarMemRow rows[] = {
    LARGE("s_load", runScalarLoad, 0)
    LARGE("s_buffer_load", runScalarBufferLoad, ScalarBuffer)
    SIZES("s_scratch_load", runScalarLoad, ScalarScratch, 0)
    SIZES("s_store", runScalarStore, 0, WritesMemory)
    SIZES("s_buffer_store", runScalarStore, ScalarBuffer, WritesMemory)
    SIZES("s_scratch_store", runScalarStore, ScalarScratch, WritesMemory)
    {"s_memtime", runScalarTime, 0, 0, ReadsCounters},
    {"s_memrealtime", runScalarTime, 0, 0, ReadsCounters},
    NOTHING("s_dcache_inv") NOTHING("s_dcache_inv_vol")
    NOTHING("s_dcache_wb") NOTHING("s_dcache_wb_vol")
    NOTHING("s_dcache_discard") NOTHING("s_dcache_discard_x2")
    NOTHING("s_atc_probe") NOTHING("s_atc_probe_buffer")
};
// clang-format on

ScalarMemTable scalarMemRows() {
  return {rows, sizeof(rows) / sizeof(rows[0])};
}

} // namespace moe::emulator
