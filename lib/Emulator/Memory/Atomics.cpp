//===- Atomics.cpp - atomics on host memory -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The new value of every atomic operation, and its exchange on host memory.
// What an instruction takes from registers is in the files of its family.
//
//===----------------------------------------------------------------------===//

#include "Math/Numeric.h"
#include "Memory/MemRows.h"

namespace moe::emulator {

template <typename U, typename S>
static U combine(AtomicKind kind, U old, U data) {
  switch (kind) {
  case AtomicKind::Swap:
    return data;
  case AtomicKind::Add:
    return old + data;
  case AtomicKind::Sub:
    return old - data;
  case AtomicKind::RSub:
    return data - old;
  case AtomicKind::SMin:
    return S(old) < S(data) ? old : data;
  case AtomicKind::SMax:
    return S(old) > S(data) ? old : data;
  case AtomicKind::UMin:
    return old < data ? old : data;
  case AtomicKind::UMax:
    return old > data ? old : data;
  case AtomicKind::And:
    return old & data;
  case AtomicKind::Or:
    return old | data;
  case AtomicKind::Xor:
    return old ^ data;
  case AtomicKind::Inc:
    return old >= data ? 0 : old + 1;
  case AtomicKind::Dec:
    return old == 0 || old > data ? data : old - 1;
  default:
    return old;
  }
}

static uint64_t newValue(const MemRow &row, uint64_t old, uint64_t data,
                         uint64_t compare) {
  using namespace math;
  if (row.atomic == AtomicKind::CmpSwap)
    return old == compare ? data : old;
  if (row.atomic == AtomicKind::MSkOr)
    return (old & ~data) | compare;
  if (row.atomic == AtomicKind::Wrap)
    return old >= data ? old - data : old + compare;
  if (row.atomic == AtomicKind::FCmpSwap)
    return (row.bytes == 8
                ? bitsToF64(old) == bitsToF64(compare)
                : bitsToF32(uint32_t(old)) == bitsToF32(uint32_t(compare)))
               ? data
               : old;
  switch (row.op) {
  case MemOp::AtomicPkBf16:
    return pkAddBf16(uint32_t(old), uint32_t(data));
  case MemOp::AtomicPkF16:
    return pkAddF16(uint32_t(old), uint32_t(data));
  case MemOp::AtomicFloat: {
    float a = bitsToF32(uint32_t(old)), b = bitsToF32(uint32_t(data));
    if (row.atomic == AtomicKind::FMin)
      return b < a ? uint32_t(data) : uint32_t(old);
    if (row.atomic == AtomicKind::FMax)
      return b > a ? uint32_t(data) : uint32_t(old);
    return f32ToBits(a + b);
  }
  case MemOp::AtomicF64: {
    double a = bitsToF64(old), b = bitsToF64(data);
    if (row.atomic == AtomicKind::FMin)
      return b < a ? data : old;
    if (row.atomic == AtomicKind::FMax)
      return b > a ? data : old;
    return f64ToBits(a + b);
  }
  default:
    return row.bytes == 8 ? combine<uint64_t, int64_t>(row.atomic, old, data)
                          : combine<uint32_t, int32_t>(
                                row.atomic, uint32_t(old), uint32_t(data));
  }
}

template <typename U>
static uint64_t exchange(uint8_t *host, const MemRow &row, uint64_t data,
                         uint64_t compare) {
  U *target = reinterpret_cast<U *>(host);
  U old = __atomic_load_n(target, __ATOMIC_RELAXED);
  U wanted;
  do
    wanted = U(newValue(row, old, data, compare));
  while (!__atomic_compare_exchange_n(target, &old, wanted, false,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}

uint64_t hostAtomic(uint8_t *host, const MemRow &row, uint64_t data,
                    uint64_t compare) {
  return row.bytes == 8 ? exchange<uint64_t>(host, row, data, compare)
                        : exchange<uint32_t>(host, row, data, compare);
}

} // namespace moe::emulator
