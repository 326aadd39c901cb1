//===- ValuCompare.cpp - compares and carries -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector instructions whose result is, or comes with, a mask: v_cmp*, v_cmpx*,
// add and subtract with carry, v_mad_u64_u32, v_div_scale. A mask is a row of
// all ones or zero, after the rows of the result.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

#include <limits>

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {
struct MK : NO {
  using Type = bool;
  static inline void put(uint32_t *d, int i, bool x) { d[i] = x ? ~0u : 0u; }
};
inline bool classOf(uint32_t sign, bool nan, bool quiet, bool inf, bool zero,
                    bool denormal, uint32_t mask) {
  if (nan)
    return (mask >> (quiet ? 1 : 0)) & 1;
  unsigned magnitude = inf ? 3 : zero ? 0 : denormal ? 1 : 2;
  // negative: inf 2, normal 3, denormal 4, zero 5; positive: 9, 8, 7, 6
  return (mask >> (sign ? 5 - magnitude : 6 + magnitude)) & 1;
}
inline bool addOverflows(int64_t x, int64_t y) {
  int64_t sum;
  return __builtin_add_overflow(x, y, &sum);
}
inline bool class32(uint32_t u, uint32_t mask) {
  uint32_t m = u & 0x7fffffffu;
  return classOf(u >> 31, m > 0x7f800000u, u & 0x00400000u, m == 0x7f800000u,
                 m == 0, m < 0x00800000u, mask);
}
inline bool class16(uint32_t u, uint32_t mask) {
  uint32_t m = u & 0x7fffu;
  return classOf((u >> 15) & 1, m > 0x7c00u, u & 0x200u, m == 0x7c00u, m == 0,
                 m < 0x400u, mask);
}
inline bool class64(uint64_t u, uint32_t mask) {
  uint64_t m = u & 0x7fffffffffffffffull;
  return classOf(u >> 63, m > 0x7ff0000000000000ull, u & 0x8000000000000ull,
                 m == 0x7ff0000000000000ull, m == 0, m < 0x10000000000000ull,
                 mask);
}
} // namespace

// clang-format off
#define FLOAT_COMPARES(OP, T, type)                                            \
  OP(f, T, type, false) OP(lt, T, type, a < b) OP(eq, T, type, a == b)         \
  OP(le, T, type, a <= b) OP(gt, T, type, a > b)                               \
  OP(lg, T, type, (a < b) | (a > b)) OP(ge, T, type, a >= b)                   \
  OP(o, T, type, (a == a) & (b == b)) OP(u, T, type, (a != a) | (b != b))      \
  OP(nge, T, type, !(a >= b)) OP(nlg, T, type, !((a < b) | (a > b)))           \
  OP(ngt, T, type, !(a > b)) OP(nle, T, type, !(a <= b))                       \
  OP(neq, T, type, !(a == b)) OP(nlt, T, type, !(a < b))                       \
  OP(tru, T, type, true)
#define INT_COMPARES(OP, T, type)                                              \
  OP(f, T, type, false) OP(lt, T, type, a < b) OP(eq, T, type, a == b)         \
  OP(le, T, type, a <= b) OP(gt, T, type, a > b) OP(ne, T, type, a != b)       \
  OP(ge, T, type, a >= b) OP(t, T, type, true)
#define ALL_COMPARES(FOP, IOP)                                                 \
  FLOAT_COMPARES(FOP, F16, f16) FLOAT_COMPARES(FOP, F32, f32)                  \
  FLOAT_COMPARES(FOP, F64, f64) INT_COMPARES(IOP, I16, i16)                    \
  INT_COMPARES(IOP, U16, u16) INT_COMPARES(IOP, I32, i32)                      \
  INT_COMPARES(IOP, U32, u32) INT_COMPARES(IOP, I64, i64)                      \
  INT_COMPARES(IOP, U64, u64)
// clang-format on

#define OP(cond, T, t, expr)                                                   \
  MOE_VALU_KERNEL(v_cmp_##cond##_##t, _c, MK, T, T, NO, expr)
ALL_COMPARES(OP, OP)
#undef OP
MOE_VALU_KERNEL(v_cmp_class_f32, _c, MK, R32, U32, NO, class32(a, b))
MOE_VALU_KERNEL(v_cmp_class_f64, _c, MK, R64, U32, NO, class64(a, b))
MOE_VALU_KERNEL(v_cmp_class_f16, _c, MK, R16, U32, NO, class16(a, b))

/// Two results: d and the mask row after it; m is all ones or zero.
#define CARRY(name, TD, rows, TA, TB, TC, result, overflow)                    \
  struct op_##name##_c {                                                       \
    using D = TD;                                                              \
    using A = TA;                                                              \
    using B = TB;                                                              \
    using C = TC;                                                              \
    static MOE_EMU_INLINE D::Type value(A::Type a, B::Type b, C::Type c,       \
                                        uint32_t m) {                          \
      (void)c, (void)m;                                                        \
      return D::Type(result);                                                  \
    }                                                                          \
    static MOE_EMU_INLINE bool carry(A::Type a, B::Type b, C::Type c,          \
                                     uint32_t m) {                             \
      (void)c, (void)m;                                                        \
      return overflow;                                                         \
    }                                                                          \
  };                                                                           \
  static void kernel_##name##_c(LaneIO &io) {                                  \
    using Op = op_##name##_c;                                                  \
    uint32_t *d = io.d;                                                        \
    const uint32_t *pa = io.a, *pb = io.b, *pc = io.c, *pm = io.m;             \
    MOE_LANES {                                                                \
      const TA::Type a = TA::get(pa, i);                                       \
      const TB::Type b = TB::get(pb, i);                                       \
      const TC::Type c = TC::get(pc, i);                                       \
      const uint32_t m = pm ? pm[i] : 0;                                       \
      TD::put(d, i, Op::value(a, b, c, m));                                    \
      d[64 * rows + i] = Op::carry(a, b, c, m) ? ~0u : 0u;                     \
    }                                                                          \
  }
CARRY(v_add_co_u32, U32, 1, U32, U32, NO, a + b, a + b < a)
CARRY(v_sub_co_u32, U32, 1, U32, U32, NO, a - b, a < b)
CARRY(v_subrev_co_u32, U32, 1, U32, U32, NO, b - a, b < a)
CARRY(v_addc_co_u32, U32, 1, U32, U32, NO, a + b + (m & 1),
      uint64_t(a) + b + (m & 1) > 0xffffffffu)
CARRY(v_subb_co_u32, U32, 1, U32, U32, NO, a - b - (m & 1),
      uint64_t(a) < uint64_t(b) + (m & 1))
CARRY(v_subbrev_co_u32, U32, 1, U32, U32, NO, b - a - (m & 1),
      uint64_t(b) < uint64_t(a) + (m & 1))
CARRY(v_mad_u64_u32, U64, 2, U32, U32, U64, uint64_t(a) * b + c,
      uint64_t(a) * b + c < c)
CARRY(v_mad_i64_i32, U64, 2, I32, I32, I64,
      uint64_t(int64_t(a) * b) + uint64_t(c), addOverflows(int64_t(a) * b, c))

/// V_DIV_SCALE: a is the value to scale, b the denominator, c the numerator.
/// Returns the scaled value and sets the mask, which makes V_DIV_FMAS scale
/// back. Where both the inverse and the quotient are denormal, the manual's
/// text scales the denominator up, which would overflow; it must go down for
/// the quotient to come out 2^64 (2^128) times too large, as in the other case
/// with a tiny one.
template <typename F>
static inline F divScale(F a, F b, F c, int expB, int expC, int maxDistance,
                         int smallNumerator, F up, F down, F leastNormal,
                         uint32_t &mask) {
  mask = 0;
  auto denormal = [&](F x) { return x != 0 && std::fabs(x) < leastNormal; };
  if (c == 0 || b == 0)
    return std::numeric_limits<F>::quiet_NaN();
  if (expC - expB >= maxDistance) {
    mask = ~0u;
    return a == b ? a * up : a;
  }
  if (denormal(b))
    return a * up;
  bool tinyInverse = denormal(F(1) / b);
  bool tinyQuotient = std::fabs(c / b) < leastNormal;
  if (tinyInverse && tinyQuotient) {
    mask = ~0u;
    return a == b ? a * down : a;
  }
  if (tinyInverse)
    return a * down;
  if (tinyQuotient) {
    mask = ~0u;
    return a == c ? a * up : a;
  }
  return expC <= smallNumerator ? a * up : a;
}
static void kernel_v_div_scale_f32_c(LaneIO &io) {
  for (int i = 0; i < 64; ++i) {
    int expB = (io.b[i] >> 23) & 255, expC = (io.c[i] >> 23) & 255;
    F32::put(io.d, i,
             divScale<float>(bitsToF32(io.a[i]), bitsToF32(io.b[i]),
                             bitsToF32(io.c[i]), expB, expC, 96, 23, 0x1p64f,
                             0x1p-64f, 0x1p-126f, io.d[64 + i]));
  }
}
static void kernel_v_div_scale_f64_c(LaneIO &io) {
  for (int i = 0; i < 64; ++i) {
    int expB = (io.b[64 + i] >> 20) & 2047, expC = (io.c[64 + i] >> 20) & 2047;
    F64::put(io.d, i,
             divScale<double>(F64::get(io.a, i), F64::get(io.b, i),
                              F64::get(io.c, i), expB, expC, 768, 53, 0x1p128,
                              0x1p-128, 0x1p-1022, io.d[128 + i]));
  }
}

extern const ValuRow rowsCompare[];
extern const size_t rowsCompareCount;
const ValuRow rowsCompare[] = {
// clang-format off
#define COMPARE(cond, t, T, B, name, flags)                                    \
  {name, kernel_v_cmp_##cond##_##t##_c, ValueType::None, T::id, B::id,         \
   ValueType::None, flags, directCompare<op_v_cmp_##cond##_##t##_c, flags, false>,\
   directCompare<op_v_cmp_##cond##_##t##_c, flags, true>},
#define BOTH(cond, t, T, B, flags)                                             \
  COMPARE(cond, t, T, B, "v_cmp_" #cond "_" #t, VCompare | (flags))            \
  COMPARE(cond, t, T, B, "v_cmpx_" #cond "_" #t, VCompare | VCmpx | (flags))
#define FOP(cond, T, t, expr) BOTH(cond, t, T, T, VF)
#define IOP(cond, T, t, expr) BOTH(cond, t, T, T, 0)
    ALL_COMPARES(FOP, IOP)
    BOTH(class, f32, F32, U32, 0) BOTH(class, f64, F64, U32, 0)
    BOTH(class, f16, F16, U32, 0)
#define ROW(name, D, A, B, C, flags)                                           \
  {#name, kernel_##name##_c, D::id, A::id, B::id, C::id, flags,                \
   directCarry<op_##name##_c, flags, false>,                                   \
   directCarry<op_##name##_c, flags, true>},
    ROW(v_add_co_u32, U32, U32, U32, NO, VCarryOut)
    ROW(v_sub_co_u32, U32, U32, U32, NO, VCarryOut)
    ROW(v_subrev_co_u32, U32, U32, U32, NO, VCarryOut)
    ROW(v_addc_co_u32, U32, U32, U32, NO, VCarryOut | VCarryIn)
    ROW(v_subb_co_u32, U32, U32, U32, NO, VCarryOut | VCarryIn)
    ROW(v_subbrev_co_u32, U32, U32, U32, NO, VCarryOut | VCarryIn)
    ROW(v_mad_u64_u32, U64, U32, U32, U64, VCarryOut | VHighToHigh)
    ROW(v_mad_i64_i32, I64, I32, I32, I64, VCarryOut | VHighToHigh)
    {"v_div_scale_f32", kernel_v_div_scale_f32_c, ValueType::F32,
     ValueType::F32, ValueType::F32, ValueType::F32, VCarryOut | VF},
    {"v_div_scale_f64", kernel_v_div_scale_f64_c, ValueType::F64,
     ValueType::F64, ValueType::F64, ValueType::F64, VCarryOut | VF}};
// clang-format on
const size_t rowsCompareCount = sizeof(rowsCompare) / sizeof(rowsCompare[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
