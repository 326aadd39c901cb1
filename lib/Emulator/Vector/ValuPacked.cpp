//===- ValuPacked.cpp - VOP3P: packed halves, packed f32, mix, dot --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of the packed instructions. The driver has applied op_sel, op_sel_hi,
// neg and neg_hi before: the low half of a source row feeds the low result.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {
inline uint32_t lo(uint32_t x) { return x & 0xffffu; }
inline uint32_t hi(uint32_t x) { return x >> 16; }
inline int32_t slo(uint32_t x) { return int16_t(x); }
inline int32_t shi(uint32_t x) { return int32_t(x) >> 16; }
inline uint32_t pair(uint32_t l, uint32_t h) { return (l & 0xffffu) | h << 16; }
inline float flo(uint32_t x) { return f16ToF32(x & 0xffffu); }
inline float fhi(uint32_t x) { return f16ToF32(x >> 16); }
inline int32_t nibble(uint32_t x, int k) {
  return int32_t(x << (28 - 4 * k)) >> 28;
}
inline int32_t dot4s(uint32_t a, uint32_t b) {
  int32_t sum = 0;
  for (int k = 0; k < 32; k += 8)
    sum += int32_t(int8_t(a >> k)) * int8_t(b >> k);
  return sum;
}
inline uint32_t dot4u(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (int k = 0; k < 32; k += 8)
    sum += ((a >> k) & 255) * ((b >> k) & 255);
  return sum;
}
inline int32_t dot8s(uint32_t a, uint32_t b) {
  int32_t sum = 0;
  for (int k = 0; k < 8; ++k)
    sum += nibble(a, k) * nibble(b, k);
  return sum;
}
inline uint32_t dot8u(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (int k = 0; k < 32; k += 4)
    sum += ((a >> k) & 15) * ((b >> k) & 15);
  return sum;
}
inline float dot2h(uint32_t a, uint32_t b, float c) {
  return float(double(flo(a)) * flo(b) + double(fhi(a)) * fhi(b) + double(c));
}
inline float dot2b(uint32_t a, uint32_t b, float c) {
  return float(double(bf16ToF32(a)) * bf16ToF32(b) +
               double(bf16ToF32(hi(a))) * bf16ToF32(hi(b)) + double(c));
}
} // namespace

#define PACKED_16(OP)                                                          \
  OP(v_pk_mad_i16, I16, 0, pair(lo(a) * lo(b) + lo(c), hi(a) * hi(b) + hi(c))) \
  OP(v_pk_mad_u16, U16, 0, pair(lo(a) * lo(b) + lo(c), hi(a) * hi(b) + hi(c))) \
  OP(v_pk_mul_lo_u16, U16, 0, pair(lo(a) * lo(b), hi(a) * hi(b)))              \
  OP(v_pk_add_i16, I16, 0, pair(lo(a) + lo(b), hi(a) + hi(b)))                 \
  OP(v_pk_sub_i16, I16, 0, pair(lo(a) - lo(b), hi(a) - hi(b)))                 \
  OP(v_pk_add_u16, U16, 0, pair(lo(a) + lo(b), hi(a) + hi(b)))                 \
  OP(v_pk_sub_u16, U16, 0, pair(lo(a) - lo(b), hi(a) - hi(b)))                 \
  OP(v_pk_lshlrev_b16, U16, 0, pair(lo(b) << (a & 15), hi(b) << (hi(a) & 15))) \
  OP(v_pk_lshrrev_b16, U16, 0, pair(lo(b) >> (a & 15), hi(b) >> (hi(a) & 15))) \
  OP(v_pk_ashrrev_i16, I16, 0,                                                 \
     pair(slo(b) >> (a & 15), shi(b) >> (hi(a) & 15)))                         \
  OP(v_pk_max_i16, I16, 0, pair(most(slo(a), slo(b)), most(shi(a), shi(b))))   \
  OP(v_pk_min_i16, I16, 0, pair(least(slo(a), slo(b)), least(shi(a), shi(b)))) \
  OP(v_pk_max_u16, U16, 0, pair(most(lo(a), lo(b)), most(hi(a), hi(b))))       \
  OP(v_pk_min_u16, U16, 0, pair(least(lo(a), lo(b)), least(hi(a), hi(b))))     \
  OP(v_pk_add_f16, F16, VHalfAdd,                                              \
     pair(f32ToF16(flo(a) + flo(b)), f32ToF16(fhi(a) + fhi(b))))               \
  OP(v_pk_mul_f16, F16, VHalfMul,                                              \
     pair(f32ToF16(flo(a) * flo(b)), f32ToF16(fhi(a) * fhi(b))))               \
  OP(v_pk_fma_f16, F16, VHalfFma,                                              \
     pair(fma16(flo(a), flo(b), flo(c)), fma16(fhi(a), fhi(b), fhi(c))))       \
  OP(v_pk_fmac_f16, F16, VHalfFma,                                             \
     pair(fma16(flo(a), flo(b), flo(c)), fma16(fhi(a), fhi(b), fhi(c))))       \
  OP(v_pk_min_f16, F16, 0,                                                     \
     pair(min16(lo(a), lo(b), io.ieee), min16(hi(a), hi(b), io.ieee)))         \
  OP(v_pk_max_f16, F16, 0,                                                     \
     pair(max16(lo(a), lo(b), io.ieee), max16(hi(a), hi(b), io.ieee)))         \
  OP(v_pk_minimum3_f16, F16, 0,                                                \
     pair(minimum16(minimum16(lo(a), lo(b)), lo(c)),                           \
          minimum16(minimum16(hi(a), hi(b)), hi(c))))                          \
  OP(v_pk_maximum3_f16, F16, 0,                                                \
     pair(maximum16(maximum16(lo(a), lo(b)), lo(c)),                           \
          maximum16(maximum16(hi(a), hi(b)), hi(c))))

#define OP(name, T, half, expr)                                                \
  MOE_VALU_KERNEL(name, _p, B32, B32, B32, B32, expr)
PACKED_16(OP)
#undef OP

/// Clamped packed integers saturate each half.
#define CLAMPED_16(OP)                                                         \
  OP(v_pk_mad_i16, I16, VPacked,                                               \
     pair(clampTo(slo(a) * slo(b) + slo(c), -32768, 32767),                    \
          clampTo(shi(a) * shi(b) + shi(c), -32768, 32767)))                   \
  OP(v_pk_mad_u16, U16, VPacked,                                               \
     pair(saturateU16(uint64_t(lo(a)) * lo(b) + lo(c)),                        \
          saturateU16(uint64_t(hi(a)) * hi(b) + hi(c))))                       \
  OP(v_pk_add_i16, I16, VPacked,                                               \
     pair(clampTo(slo(a) + slo(b), -32768, 32767),                             \
          clampTo(shi(a) + shi(b), -32768, 32767)))                            \
  OP(v_pk_sub_i16, I16, VPacked,                                               \
     pair(clampTo(slo(a) - slo(b), -32768, 32767),                             \
          clampTo(shi(a) - shi(b), -32768, 32767)))                            \
  OP(v_pk_add_u16, U16, VPacked,                                               \
     pair(least(lo(a) + lo(b), 0xffffu), least(hi(a) + hi(b), 0xffffu)))       \
  OP(v_pk_sub_u16, U16, VPacked,                                               \
     pair(lo(a) < lo(b) ? 0 : lo(a) - lo(b),                                   \
          hi(a) < hi(b) ? 0 : hi(a) - hi(b)))                                  \
  OP(v_dot4_i32_i8, I32, VDot, saturate32(int64_t(dot4s(a, b)) + int32_t(c)))  \
  OP(v_dot4_u32_u8, U32, VDot, saturateU32(uint64_t(dot4u(a, b)) + c))         \
  OP(v_dot8_i32_i4, I32, VDot, saturate32(int64_t(dot8s(a, b)) + int32_t(c)))  \
  OP(v_dot8_u32_u4, U32, VDot, saturateU32(uint64_t(dot8u(a, b)) + c))         \
  OP(v_dot2_i32_i16, I32, VDot,                                                \
     saturate32(int64_t(slo(a)) * slo(b) + int64_t(shi(a)) * shi(b) +          \
                int32_t(c)))                                                   \
  OP(v_dot2_u32_u16, U32, VDot,                                                \
     saturateU32(uint64_t(lo(a)) * lo(b) + uint64_t(hi(a)) * hi(b) + c))
#define OP(name, T, flags, expr)                                               \
  MOE_VALU_KERNEL(name, _k, B32, B32, B32, B32, expr)
CLAMPED_16(OP)
#undef OP

/// Dot products: op_sel has been applied to a and b, c is a whole register.
MOE_VALU_KERNEL(v_dot2_f32_f16, _p, F32, B32, B32, F32, dot2h(a, b, c))
MOE_VALU_KERNEL(v_dot2_f32_bf16, _p, F32, B32, B32, F32, dot2b(a, b, c))
MOE_VALU_KERNEL(v_dot2_i32_i16, _p, B32, B32, B32, U32,
                uint32_t(slo(a) * slo(b)) + uint32_t(shi(a) * shi(b)) + c)
MOE_VALU_KERNEL(v_dot2_u32_u16, _p, B32, B32, B32, U32,
                lo(a) * lo(b) + hi(a) * hi(b) + c)
MOE_VALU_KERNEL(v_dot4_i32_i8, _p, B32, B32, B32, U32,
                uint32_t(dot4s(a, b)) + c)
MOE_VALU_KERNEL(v_dot4_u32_u8, _p, B32, B32, B32, U32, dot4u(a, b) + c)
MOE_VALU_KERNEL(v_dot8_i32_i4, _p, B32, B32, B32, U32,
                uint32_t(dot8s(a, b)) + c)
MOE_VALU_KERNEL(v_dot8_u32_u4, _p, B32, B32, B32, U32, dot8u(a, b) + c)
/// Its SDWA, DPP and VOP3 forms: whole registers, MODE is not heeded.
MOE_VALU_KERNEL(pk_fmac_whole, _p, B32, B32, B32, B32,
                pair(fma16(flo(a), flo(b), flo(c)),
                     fma16(fhi(a), fhi(b), fhi(c))))

/// Packed f32: rows 0 and 1 are the two values.
#define PACKED_32(name, count, expr)                                           \
  struct op_##name##_q {                                                       \
    static constexpr int sources = count;                                      \
    static MOE_EMU_INLINE float value(float a, float b, float c) {             \
      (void)c;                                                                 \
      return expr;                                                             \
    }                                                                          \
  };                                                                           \
  static void kernel_##name##_q(LaneIO &io) {                                  \
    uint32_t *d = io.d;                                                        \
    const uint32_t *pa = io.a, *pb = io.b, *pc = io.c;                         \
    for (int half = 0; half < 128; half += 64)                                 \
      MOE_LANES {                                                              \
        float a = bitsToF32(pa[half + i]), b = bitsToF32(pb[half + i]);        \
        float c = bitsToF32(pc[half + i]);                                     \
        d[half + i] = f32ToBits(op_##name##_q::value(a, b, c));                \
      }                                                                        \
  }
PACKED_32(v_pk_fma_f32, 3, __builtin_fmaf(a, b, c))
PACKED_32(v_pk_mul_f32, 2, a *b)
PACKED_32(v_pk_add_f32, 2, a + b)
static void kernel_v_pk_mov_b32_q(LaneIO &io) {
  memcpy(io.d, io.a, 256);
  memcpy(io.d + 64, io.b + 64, 256);
}

/// Mixed precision: the driver has widened every source to f32.
MOE_VALU_KERNEL(v_fma_mix, _m, F32, F32, F32, F32, __builtin_fmaf(a, b, c))
MOE_VALU_KERNEL(v_fma_mix16, _m, B32, F32, F32, F32,
                f32ToF16(__builtin_fmaf(a, b, c)))

extern const ValuRow rowsPacked[], rowsPackedClamp[], rowsPacked32[], rowsMix[],
    rowsDot2c[];
extern const size_t rowsPackedCount, rowsPackedClampCount, rowsPacked32Count,
    rowsMixCount, rowsDot2cCount;
template <class Op, ValueType type, unsigned half>
constexpr ValuRow packedRow(const char *name, LaneFn kernel) {
  constexpr unsigned flags = // MODE applies to floats
      VPacked | half | (type == ValueType::F16 ? VF : 0);
  return {name,
          kernel,
          type,
          type,
          type,
          type,
          flags,
          direct<Op, flags, false, packed>,
          direct<Op, flags, true, packed>};
}
const ValuRow rowsPacked[] = {
#define OP(name, T, half, expr)                                                \
  packedRow<op_##name##_p, T::id, half>(#name, kernel_##name##_p),
    PACKED_16(OP)
#undef OP
        {"v_dot2_f32_f16", kernel_v_dot2_f32_f16_p, ValueType::F32,
         ValueType::F16, ValueType::F16, ValueType::F32, VDot},
    {"v_dot2_f32_bf16", kernel_v_dot2_f32_bf16_p, ValueType::F32,
     ValueType::F16, ValueType::F16, ValueType::F32, VOnly950 | VDot},
    {"v_dot2_i32_i16", kernel_v_dot2_i32_i16_p, ValueType::I32, ValueType::I16,
     ValueType::I16, ValueType::I32, VDot},
    {"v_dot2_u32_u16", kernel_v_dot2_u32_u16_p, ValueType::U32, ValueType::U16,
     ValueType::U16, ValueType::U32, VDot},
    {"v_dot4_i32_i8", kernel_v_dot4_i32_i8_p, ValueType::I32, ValueType::B32,
     ValueType::B32, ValueType::I32, VDot},
    {"v_dot4_u32_u8", kernel_v_dot4_u32_u8_p, ValueType::U32, ValueType::B32,
     ValueType::B32, ValueType::U32, VDot},
    {"v_dot8_i32_i4", kernel_v_dot8_i32_i4_p, ValueType::I32, ValueType::B32,
     ValueType::B32, ValueType::I32, VDot},
    {"v_dot8_u32_u4", kernel_v_dot8_u32_u4_p, ValueType::U32, ValueType::B32,
     ValueType::B32, ValueType::U32, VDot},
};
const size_t rowsPackedCount = sizeof(rowsPacked) / sizeof(rowsPacked[0]);
const ValuRow rowsPackedClamp[] = {
#define OP(name, T, flags, expr)                                               \
  {#name, kernel_##name##_k, T::id, T::id, T::id, T::id, flags},
    CLAMPED_16(OP)
#undef OP
};
const size_t rowsPackedClampCount =
    sizeof(rowsPackedClamp) / sizeof(rowsPackedClamp[0]);
const ValuRow rowsPacked32[] = {
    {"v_pk_fma_f32", kernel_v_pk_fma_f32_q, ValueType::F64, ValueType::F64,
     ValueType::F64, ValueType::F64, VF | VPairs,
     directPacked32<op_v_pk_fma_f32_q>, directPackedVgprs<op_v_pk_fma_f32_q>},
    {"v_pk_mul_f32", kernel_v_pk_mul_f32_q, ValueType::F64, ValueType::F64,
     ValueType::F64, ValueType::None, VF | VPairs,
     directPacked32<op_v_pk_mul_f32_q>, directPackedVgprs<op_v_pk_mul_f32_q>},
    {"v_pk_add_f32", kernel_v_pk_add_f32_q, ValueType::F64, ValueType::F64,
     ValueType::F64, ValueType::None, VF | VPairs,
     directPacked32<op_v_pk_add_f32_q>, directPackedVgprs<op_v_pk_add_f32_q>},
    {"v_pk_mov_b32", kernel_v_pk_mov_b32_q, ValueType::B64, ValueType::B64,
     ValueType::B64, ValueType::None, 0},
};
const size_t rowsPacked32Count = sizeof(rowsPacked32) / sizeof(rowsPacked32[0]);
const ValuRow rowsMix[] = {
    {"v_fma_mix_f32", kernel_v_fma_mix_m, ValueType::F32, ValueType::F32,
     ValueType::F32, ValueType::F32, VF},
    {"v_fma_mixlo_f16", kernel_v_fma_mix16_m, ValueType::F16, ValueType::F32,
     ValueType::F32, ValueType::F32, VF},
    {"v_fma_mixhi_f16", kernel_v_fma_mix16_m, ValueType::F16, ValueType::F32,
     ValueType::F32, ValueType::F32, VF | VHighHalf},
};
const size_t rowsMixCount = sizeof(rowsMix) / sizeof(rowsMix[0]);
/// VOP2 accumulating forms.
const ValuRow rowsDot2c[] = {
    {"v_dot2c_f32_f16", kernel_v_dot2_f32_f16_p, ValueType::F32, ValueType::B32,
     ValueType::B32, ValueType::F32, VReadsDst | VDot},
    {"v_dot2c_f32_bf16", kernel_v_dot2_f32_bf16_p, ValueType::F32,
     ValueType::B32, ValueType::B32, ValueType::F32,
     VReadsDst | VOnly950 | VDot},
    {"v_dot2c_i32_i16", kernel_v_dot2_i32_i16_p, ValueType::I32, ValueType::B32,
     ValueType::B32, ValueType::I32, VReadsDst | VDot},
    {"v_dot4c_i32_i8", kernel_v_dot4_i32_i8_p, ValueType::I32, ValueType::B32,
     ValueType::B32, ValueType::I32, VReadsDst | VDot},
    {"v_dot8c_i32_i4", kernel_v_dot8_i32_i4_p, ValueType::I32, ValueType::B32,
     ValueType::B32, ValueType::I32, VReadsDst | VDot},
    {"v_pk_fmac_f16", kernel_pk_fmac_whole_p, ValueType::B32, ValueType::B32,
     ValueType::B32, ValueType::B32, VReadsDst | VPackedPlain},
};
const size_t rowsDot2cCount = sizeof(rowsDot2c) / sizeof(rowsDot2c[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
