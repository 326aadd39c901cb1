//===- Lanes.h - 64-lane loops ----------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and macros of the vector instruction families. Their sources are
// compiled once for each host instruction set (MOE_EMU_VARIANT names the
// namespace); one set is chosen at run time, see ValuTable.h. A lane kernel is
// a loop over the 64 lanes of register rows and ignores EXEC; ValuDriver.cpp
// fetches operands, applies modifiers and merges by EXEC.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_LANES_H
#define MOE_LIB_EMULATOR_VECTOR_LANES_H

#include "Math/Numeric.h"
#include "State/Machine.h"
#include "Vector/ValuTable.h"

#include <cmath>

#ifndef MOE_EMU_VARIANT
#define MOE_EMU_VARIANT base
#endif

// A destination row is either identical to a source row or disjoint from it:
// the driver ensures it, so lanes are independent.
#define MOE_LANES                                                              \
  _Pragma(                                                                     \
      "clang loop vectorize(assume_safety) unroll(disable)") for (int i = 0;   \
                                                                  i < 64; ++i)

namespace moe::emulator::MOE_EMU_VARIANT {

using namespace moe::emulator::math;

struct B32 {
  using Type = uint32_t;
  static constexpr ValueType id = ValueType::B32;
  static inline Type get(const uint32_t *p, int i) { return p[i]; }
  static inline void put(uint32_t *d, int i, Type x) { d[i] = x; }
};
struct U32 : B32 {
  static constexpr ValueType id = ValueType::U32;
};
struct I32 {
  using Type = int32_t;
  static constexpr ValueType id = ValueType::I32;
  static inline Type get(const uint32_t *p, int i) { return int32_t(p[i]); }
  static inline void put(uint32_t *d, int i, Type x) { d[i] = uint32_t(x); }
};
struct F32 {
  using Type = float;
  static constexpr ValueType id = ValueType::F32;
  static inline Type get(const uint32_t *p, int i) { return bitsToF32(p[i]); }
  static inline void put(uint32_t *d, int i, Type x) { d[i] = f32ToBits(x); }
};
/// f32 as bits: arithmetic that must see NaN payloads and signs of zero.
struct R32 : B32 {
  static constexpr ValueType id = ValueType::F32;
};
struct U16 {
  using Type = uint32_t;
  static constexpr ValueType id = ValueType::U16;
  static inline Type get(const uint32_t *p, int i) { return p[i] & 0xffffu; }
  static inline void put(uint32_t *d, int i, Type x) { d[i] = x & 0xffffu; }
};
struct I16 {
  using Type = int32_t;
  static constexpr ValueType id = ValueType::I16;
  static inline Type get(const uint32_t *p, int i) { return int16_t(p[i]); }
  static inline void put(uint32_t *d, int i, Type x) {
    d[i] = uint32_t(x) & 0xffffu;
  }
};
/// f16, computed in f32 and rounded once.
struct F16 {
  using Type = float;
  static constexpr ValueType id = ValueType::F16;
  static inline Type get(const uint32_t *p, int i) {
    return f16ToF32(p[i] & 0xffffu);
  }
  static inline void put(uint32_t *d, int i, Type x) { d[i] = f32ToF16(x); }
};
struct R16 : U16 {
  static constexpr ValueType id = ValueType::F16;
};
struct B64 {
  using Type = uint64_t;
  static constexpr ValueType id = ValueType::B64;
  static inline Type get(const uint32_t *p, int i) {
    return p[i] | uint64_t(p[i + 64]) << 32;
  }
  static inline void put(uint32_t *d, int i, Type x) {
    d[i] = uint32_t(x);
    d[i + 64] = uint32_t(x >> 32);
  }
};
struct U64 : B64 {
  static constexpr ValueType id = ValueType::U64;
};
struct I64 {
  using Type = int64_t;
  static constexpr ValueType id = ValueType::I64;
  static inline Type get(const uint32_t *p, int i) {
    return int64_t(B64::get(p, i));
  }
  static inline void put(uint32_t *d, int i, Type x) {
    B64::put(d, i, uint64_t(x));
  }
};
struct F64 {
  using Type = double;
  static constexpr ValueType id = ValueType::F64;
  static inline Type get(const uint32_t *p, int i) {
    return bitsToF64(B64::get(p, i));
  }
  static inline void put(uint32_t *d, int i, Type x) {
    B64::put(d, i, f64ToBits(x));
  }
};
struct R64 : B64 {
  static constexpr ValueType id = ValueType::F64;
};
/// No operand.
struct NO {
  using Type = uint32_t;
  static constexpr ValueType id = ValueType::None;
  static inline Type get(const uint32_t *, int) { return 0; }
  static inline void put(uint32_t *, int, Type) {}
};

} // namespace moe::emulator::MOE_EMU_VARIANT

/// Makes the operation of a row and its kernel; `expr` computes from a, b, c
/// (and pm[i]: the mask lane, io: the whole).
#define MOE_VALU_KERNEL(name, suffix, TD, TA, TB, TC, expr)                    \
  struct op_##name##suffix {                                                   \
    using D = TD;                                                              \
    using A = TA;                                                              \
    using B = TB;                                                              \
    using C = TC;                                                              \
    template <typename M>                                                      \
    static MOE_EMU_INLINE D::Type value(const A::Type a, const B::Type b,      \
                                        const C::Type c, const M &pm, int i,   \
                                        const LaneIO &io) {                    \
      (void)a, (void)b, (void)c, (void)pm, (void)i, (void)io;                  \
      return D::Type(expr);                                                    \
    }                                                                          \
  };                                                                           \
  static void kernel_##name##suffix(LaneIO &io) {                              \
    using Op = op_##name##suffix;                                              \
    uint32_t *d = io.d;                                                        \
    const uint32_t *pa = io.a, *pb = io.b, *pc = io.c, *pm = io.m;             \
    MOE_LANES {                                                                \
      const TA::Type a = TA::get(pa, i);                                       \
      const TB::Type b = TB::get(pb, i);                                       \
      const TC::Type c = TC::get(pc, i);                                       \
      TD::put(d, i, Op::value(a, b, c, pm, i, io));                            \
    }                                                                          \
  }

#endif // MOE_LIB_EMULATOR_VECTOR_LANES_H
