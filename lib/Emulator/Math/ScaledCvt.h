// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of gfx950's v_cvt_scalef32_* instructions: one data row an
// instruction, and one function that executes any of them for one lane. Not
// here: operand decoding, EXEC.
//
// The scale is an f32 operand of which only the exponent field counts: field e
// is 2^(e-127) (0 is 2^-127), 255 is NaN. Unpacking multiplies by the scale,
// packing divides by it.

#ifndef MOE_LIB_EMULATOR_MATH_SCALEDCVT_H
#define MOE_LIB_EMULATOR_MATH_SCALEDCVT_H

#include "Math/Numeric.h"
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::emulator::math {

enum class CvtType : uint8_t { F32, F16, BF16, FP8, BF8, FP6, BF6, FP4 };

/// Bits of a number, and the stored mantissa bits of a wide one.
constexpr unsigned cvtBits(CvtType t) {
  return t == CvtType::F32                         ? 32
         : t == CvtType::F16 || t == CvtType::BF16 ? 16
         : t == CvtType::FP8 || t == CvtType::BF8  ? 8
         : t == CvtType::FP6 || t == CvtType::BF6  ? 6
                                                   : 4;
}
constexpr unsigned cvtMantissa(CvtType t) {
  return t == CvtType::F32 ? 23 : t == CvtType::F16 ? 10 : 7;
}

/// The format of a number of 8 bits or fewer: gfx950 has OCP's.
constexpr SmallFormat smallOf(CvtType t) {
  return t == CvtType::FP8   ? SmallFormat::FP8
         : t == CvtType::BF8 ? SmallFormat::BF8
         : t == CvtType::FP6 ? SmallFormat::FP6
         : t == CvtType::BF6 ? SmallFormat::BF6
                             : SmallFormat::FP4;
}

/// Where op_sel points for the forms narrower than their registers.
enum class CvtSelect : uint8_t {
  None,    ///< whole registers in and out
  SrcByte, ///< op_sel[1:0] picks the source byte
  SrcHalf, ///< op_sel[0] picks the source half
  DstByte, ///< op_sel[3:2] picks the destination byte, the others are kept
  DstHalf, ///< op_sel[3] picks the destination half, the other is kept
  SrcByteDstHalf, ///< both op_sel[1:0] and op_sel[3]
  SrcHalfDstByte, ///< both op_sel[0] and op_sel[3:2]
};

/// One v_cvt_scalef32 instruction. Operand order in the encoding:
///   unpack:            src0 = packed, src1 = scale
///   pack f32 pairs:    src0, src1 = the two values, src2 = scale
///   pack f16/bf16:     src0 = the pair, src1 = scale
///   sr forms:          src0 = values, src1 = random bits, src2 = scale
///   2xpk16:            src0, src1 = 16 f32 each, which alternate in the
///                      result: src0[0], src1[0], src0[1]...; src2 = scale
/// `scaleSrc`, `randomSrc` and `value1Src` say it as data (-1: absent).
struct ScaledCvtDesc {
  const char *name; ///< MC name without suffix: "V_CVT_SCALEF32_PK_BF16_FP4"
  CvtType from, to;
  uint8_t count; ///< values converted
  CvtSelect select;
  int8_t scaleSrc, randomSrc, value1Src;
  uint8_t src0Regs, src1Regs, src2Regs, dstRegs; ///< 32-bit registers a lane
};

/// First bit read in source 0 and first bit written in the destination, by the
/// 4-bit op_sel field.
constexpr void selectOffsets(CvtSelect select, unsigned opSel, unsigned &src,
                             unsigned &dst) {
  using S = CvtSelect;
  const bool srcByte = select == S::SrcByte || select == S::SrcByteDstHalf;
  const bool srcHalf = select == S::SrcHalf || select == S::SrcHalfDstByte;
  const bool dstByte = select == S::DstByte || select == S::SrcHalfDstByte;
  const bool dstHalf = select == S::DstHalf || select == S::SrcByteDstHalf;
  src = srcByte ? 8 * (opSel & 3) : srcHalf ? 16 * (opSel & 1) : 0;
  dst = dstByte ? 8 * (opSel >> 2 & 3) : dstHalf ? 16 * (opSel >> 3 & 1) : 0;
}

const ScaledCvtDesc *scaledCvtTable(size_t &count);

/// The row by LLVM's MC name without encoding suffix, or null.
const ScaledCvtDesc *findScaledCvt(std::string_view name);

/// One lane. `src[i]` points to the registers of source i, contiguous (null
/// when absent). `dst` holds the old destination registers on entry (the forms
/// with a destination select keep the rest) and the result on exit; it must not
/// overlap the sources. `opSel` is the 4-bit op_sel field. `fp16Overflow` is
/// MODE.FP16_OVFL: f16 and fp8/bf8 results clamp to the largest finite value
/// instead of overflowing. Source modifiers have been applied by the caller.
void scaledCvt(const ScaledCvtDesc &desc, uint32_t *dst,
               const uint32_t *const src[3], unsigned opSel, bool fp16Overflow);

/// 2^(e-127) of the exponent field of `scaleBits`; NaN for 255.
inline float scaleValue(uint32_t scaleBits) {
  uint32_t e = (scaleBits >> 23) & 0xff;
  uint32_t bits = e == 0 ? 0x00400000u : e == 255 ? 0x7fc00000u : e << 23;
  return bitsToF32(bits);
}

/// E2M1 code (low 4 bits) to f32 without a table, so that lane loops vectorise.
inline float fp4ToF32(uint32_t code) {
  uint32_t mag = f32ToBits(narrowMagnitude<1, 1>(code & 7u));
  return bitsToF32(mag | ((code & 8u) << 28));
}

} // namespace moe::emulator::math

#endif // MOE_LIB_EMULATOR_MATH_SCALEDCVT_H
