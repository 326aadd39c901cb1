// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The v_cvt_scalef32_* instructions of gfx950 as rows, and their execution for
// one lane. Every intermediate value is exact in double; the result is rounded
// once.

#include "Math/ScaledCvt.h"
#include <cmath>
#include <string>
#include <unordered_map>

namespace moe::emulator::math {

namespace {

using T = CvtType;
using S = CvtSelect;

constexpr ScaledCvtDesc rows[] = {
    {"V_CVT_SCALEF32_PK_FP8_F32", T::F32, T::FP8, 2, S::DstHalf, 2, -1, 1, 1, 1,
     1, 1},
    {"V_CVT_SCALEF32_PK_FP8_F16", T::F16, T::FP8, 2, S::DstHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_PK_FP8_BF16", T::BF16, T::FP8, 2, S::DstHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_SR_FP8_F32", T::F32, T::FP8, 1, S::DstByte, 2, 1, -1, 1, 1,
     1, 1},
    {"V_CVT_SCALEF32_SR_FP8_F16", T::F16, T::FP8, 1, S::SrcHalfDstByte, 2, 1,
     -1, 1, 1, 1, 1},
    {"V_CVT_SCALEF32_SR_FP8_BF16", T::BF16, T::FP8, 1, S::SrcHalfDstByte, 2, 1,
     -1, 1, 1, 1, 1},
    {"V_CVT_SCALEF32_PK_F32_FP8", T::FP8, T::F32, 2, S::SrcHalf, 1, -1, -1, 1,
     1, 0, 2},
    {"V_CVT_SCALEF32_PK_F16_FP8", T::FP8, T::F16, 2, S::SrcHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_PK_BF16_FP8", T::FP8, T::BF16, 2, S::SrcHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_F32_FP8", T::FP8, T::F32, 1, S::SrcByte, 1, -1, -1, 1, 1,
     0, 1},
    {"V_CVT_SCALEF32_F16_FP8", T::FP8, T::F16, 1, S::SrcByteDstHalf, 1, -1, -1,
     1, 1, 0, 1},
    {"V_CVT_SCALEF32_PK_BF8_F32", T::F32, T::BF8, 2, S::DstHalf, 2, -1, 1, 1, 1,
     1, 1},
    {"V_CVT_SCALEF32_PK_BF8_F16", T::F16, T::BF8, 2, S::DstHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_PK_BF8_BF16", T::BF16, T::BF8, 2, S::DstHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_SR_BF8_F32", T::F32, T::BF8, 1, S::DstByte, 2, 1, -1, 1, 1,
     1, 1},
    {"V_CVT_SCALEF32_SR_BF8_F16", T::F16, T::BF8, 1, S::SrcHalfDstByte, 2, 1,
     -1, 1, 1, 1, 1},
    {"V_CVT_SCALEF32_SR_BF8_BF16", T::BF16, T::BF8, 1, S::SrcHalfDstByte, 2, 1,
     -1, 1, 1, 1, 1},
    {"V_CVT_SCALEF32_PK_F32_BF8", T::BF8, T::F32, 2, S::SrcHalf, 1, -1, -1, 1,
     1, 0, 2},
    {"V_CVT_SCALEF32_PK_F16_BF8", T::BF8, T::F16, 2, S::SrcHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_PK_BF16_BF8", T::BF8, T::BF16, 2, S::SrcHalf, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_F32_BF8", T::BF8, T::F32, 1, S::SrcByte, 1, -1, -1, 1, 1,
     0, 1},
    {"V_CVT_SCALEF32_F16_BF8", T::BF8, T::F16, 1, S::SrcByteDstHalf, 1, -1, -1,
     1, 1, 0, 1},
    {"V_CVT_SCALEF32_PK_FP4_F32", T::F32, T::FP4, 2, S::DstByte, 2, -1, 1, 1, 1,
     1, 1},
    {"V_CVT_SCALEF32_PK_FP4_F16", T::F16, T::FP4, 2, S::DstByte, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_PK_FP4_BF16", T::BF16, T::FP4, 2, S::DstByte, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_SR_PK_FP4_F32", T::F32, T::FP4, 2, S::DstByte, 2, 1, -1, 2,
     1, 1, 1},
    {"V_CVT_SCALEF32_SR_PK_FP4_F16", T::F16, T::FP4, 2, S::DstByte, 2, 1, -1, 1,
     1, 1, 1},
    {"V_CVT_SCALEF32_SR_PK_FP4_BF16", T::BF16, T::FP4, 2, S::DstByte, 2, 1, -1,
     1, 1, 1, 1},
    {"V_CVT_SCALEF32_PK_F32_FP4", T::FP4, T::F32, 2, S::SrcByte, 1, -1, -1, 1,
     1, 0, 2},
    {"V_CVT_SCALEF32_PK_F16_FP4", T::FP4, T::F16, 2, S::SrcByte, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_PK_BF16_FP4", T::FP4, T::BF16, 2, S::SrcByte, 1, -1, -1, 1,
     1, 0, 1},
    {"V_CVT_SCALEF32_2XPK16_FP6_F32", T::F32, T::FP6, 32, S::None, 2, -1, 1, 16,
     16, 1, 6},
    {"V_CVT_SCALEF32_PK32_FP6_F16", T::F16, T::FP6, 32, S::None, 1, -1, -1, 16,
     1, 0, 6},
    {"V_CVT_SCALEF32_PK32_FP6_BF16", T::BF16, T::FP6, 32, S::None, 1, -1, -1,
     16, 1, 0, 6},
    {"V_CVT_SCALEF32_SR_PK32_FP6_F32", T::F32, T::FP6, 32, S::None, 2, 1, -1,
     32, 1, 1, 6},
    {"V_CVT_SCALEF32_SR_PK32_FP6_F16", T::F16, T::FP6, 32, S::None, 2, 1, -1,
     16, 1, 1, 6},
    {"V_CVT_SCALEF32_SR_PK32_FP6_BF16", T::BF16, T::FP6, 32, S::None, 2, 1, -1,
     16, 1, 1, 6},
    {"V_CVT_SCALEF32_PK32_F32_FP6", T::FP6, T::F32, 32, S::None, 1, -1, -1, 6,
     1, 0, 32},
    {"V_CVT_SCALEF32_PK32_F16_FP6", T::FP6, T::F16, 32, S::None, 1, -1, -1, 6,
     1, 0, 16},
    {"V_CVT_SCALEF32_PK32_BF16_FP6", T::FP6, T::BF16, 32, S::None, 1, -1, -1, 6,
     1, 0, 16},
    {"V_CVT_SCALEF32_2XPK16_BF6_F32", T::F32, T::BF6, 32, S::None, 2, -1, 1, 16,
     16, 1, 6},
    {"V_CVT_SCALEF32_PK32_BF6_F16", T::F16, T::BF6, 32, S::None, 1, -1, -1, 16,
     1, 0, 6},
    {"V_CVT_SCALEF32_PK32_BF6_BF16", T::BF16, T::BF6, 32, S::None, 1, -1, -1,
     16, 1, 0, 6},
    {"V_CVT_SCALEF32_SR_PK32_BF6_F32", T::F32, T::BF6, 32, S::None, 2, 1, -1,
     32, 1, 1, 6},
    {"V_CVT_SCALEF32_SR_PK32_BF6_F16", T::F16, T::BF6, 32, S::None, 2, 1, -1,
     16, 1, 1, 6},
    {"V_CVT_SCALEF32_SR_PK32_BF6_BF16", T::BF16, T::BF6, 32, S::None, 2, 1, -1,
     16, 1, 1, 6},
    {"V_CVT_SCALEF32_PK32_F32_BF6", T::BF6, T::F32, 32, S::None, 1, -1, -1, 6,
     1, 0, 32},
    {"V_CVT_SCALEF32_PK32_F16_BF6", T::BF6, T::F16, 32, S::None, 1, -1, -1, 6,
     1, 0, 16},
    {"V_CVT_SCALEF32_PK32_BF16_BF6", T::BF6, T::BF16, 32, S::None, 1, -1, -1, 6,
     1, 0, 16},
};

uint32_t readBits(const uint32_t *regs, unsigned bit, unsigned count) {
  unsigned r = bit / 32, shift = bit % 32;
  uint64_t window = regs[r];
  if (shift + count > 32)
    window |= uint64_t(regs[r + 1]) << 32;
  return uint32_t(window >> shift & ((uint64_t(1) << count) - 1));
}

void writeBits(uint32_t *regs, unsigned bit, unsigned count, uint32_t value) {
  for (unsigned i = 0; i != count; ++i, ++bit) {
    uint32_t mask = 1u << (bit % 32);
    regs[bit / 32] &= ~mask;
    if (value >> i & 1)
      regs[bit / 32] |= mask;
  }
}

double decodeValue(CvtType t, uint32_t bits) {
  switch (t) {
  case CvtType::F32:
    return bitsToF32(bits);
  case CvtType::F16:
    return f16ToF32(bits);
  case CvtType::BF16:
    return bf16ToF32(bits);
  default:
    return decodeSmall(smallOf(t), bits);
  }
}

/// A wide result; `value` is exact, so this is the only rounding.
uint32_t encodeWide(CvtType t, double value, bool ovfl) {
  float f = float(value); // exact, or beyond f32's range
  if (std::isnan(value))
    return t == CvtType::F32   ? 0x7fc00000u
           : t == CvtType::F16 ? 0x7e00u
                               : 0x7fc0u;
  if (t == CvtType::F32)
    return f32ToBits(f);
  if (t == CvtType::F16)
    return f64ToF16(value, Round::NearestEven, ovfl);
  return f32ToBf16(f);
}

} // namespace

const ScaledCvtDesc *scaledCvtTable(size_t &count) {
  count = sizeof(rows) / sizeof(rows[0]);
  return rows;
}

const ScaledCvtDesc *findScaledCvt(std::string_view name) {
  static const auto map = [] {
    std::unordered_map<std::string, const ScaledCvtDesc *> m;
    for (const ScaledCvtDesc &d : rows)
      m.emplace(d.name, &d);
    return m;
  }();
  auto it = map.find(std::string(name));
  return it == map.end() ? nullptr : it->second;
}

void scaledCvt(const ScaledCvtDesc &desc, uint32_t *dst,
               const uint32_t *const src[3], unsigned opSel,
               bool fp16Overflow) {
  unsigned from = cvtBits(desc.from), to = cvtBits(desc.to), srcBit, dstBit;
  selectOffsets(desc.select, opSel, srcBit, dstBit);
  double scale = scaleValue(*src[desc.scaleSrc]);
  uint32_t random = desc.randomSrc >= 0 ? *src[desc.randomSrc] : 0;
  bool packs = to < from;
  for (unsigned i = 0; i != desc.count; ++i) {
    // With two value sources these alternate.
    const uint32_t *regs =
        desc.value1Src >= 0 && i % 2 ? src[desc.value1Src] : src[0];
    unsigned index = desc.value1Src >= 0 ? i / 2 : i;
    double x =
        decodeValue(desc.from, readBits(regs, srcBit + index * from, from));
    uint32_t code;
    if (!packs)
      code = encodeWide(desc.to, x * scale, fp16Overflow);
    else if (desc.randomSrc < 0)
      code = encodeSmall(smallOf(desc.to), x / scale, to < 8 || fp16Overflow);
    else
      code = encodeSmallSR(smallOf(desc.to), x / scale, random,
                           to < 8 || fp16Overflow, cvtMantissa(desc.from));
    random = prngStep(random);
    writeBits(dst, dstBit + i * to, to, code);
  }
}

} // namespace moe::emulator::math
