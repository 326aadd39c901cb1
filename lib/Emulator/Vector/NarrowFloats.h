//===- NarrowFloats.h - formats of 8 bits and fewer, vectorised -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Codes of FP8, BF8, FP6, BF6 and FP4 from and to f32 without tables, branches
// and f64, so that loops over lanes become vector code. The values are those of
// Math/Numeric.h, which has the rules and works in f64.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_NARROWFLOATS_H
#define MOE_LIB_EMULATOR_VECTOR_NARROWFLOATS_H

#include "Math/Numeric.h"
#include "State/Machine.h"

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

using namespace moe::emulator::math;

/// A magnitude that may be too large, or NaN, with the sign of `x`.
MOE_EMU_INLINE uint32_t finishNarrow(const NarrowFormat &f, uint32_t code,
                                     uint32_t x, bool saturate) {
  // The minimum, where it is one, is a single operation of the host.
  const uint32_t most = saturate ? f.maxCode : f.overflow;
  if (saturate || f.overflow == f.maxCode + 1)
    code = code < most ? code : most;
  else
    code = code > f.maxCode ? most : code;
  // A NaN has the exponent of what is too large.
  if (f.nan != most)
    code = (x & 0x7fffffffu) > 0x7f800000u ? f.nan : code;
  uint32_t sign = x >> 31 ? f.sign : 0;
  sign = f.fnuz && (code == 0 || code == 0x80) ? 0 : sign;
  return code | sign;
}

/// An f32 as a code, to nearest even: encodeSmall.
MOE_EMU_INLINE uint32_t encodeNarrow(const NarrowFormat &f, uint32_t x,
                                     bool saturate) {
  const uint32_t a = x & 0x7fffffffu;
  const unsigned dropped = 23 - f.mantissa;
  // Its exponent field, at least that of the smallest normal number.
  const uint32_t least = (128 - f.bias) << 23, own = x & 0x7f800000u;
  const uint32_t exponent = own > least ? own : least;
  // Adding this power puts the code's last bit at that of the f32. What wraps
  // around is too large in any case.
  const uint32_t power = exponent + (dropped << 23);
  const uint32_t sum = f32ToBits(bitsToF32(a) + bitsToF32(power));
  const uint32_t code = sum - power + ((exponent - least) >> dropped);
  return finishNarrow(f, code, x, saturate);
}

/// An f32 as a code, rounded by random bits: encodeSmallSR of a source of that
/// many mantissa bits.
MOE_EMU_INLINE uint32_t encodeNarrowSR(const NarrowFormat &f, uint32_t x,
                                       uint32_t random, bool saturate,
                                       unsigned sourceMantissa) {
  const uint32_t a = x & 0x7fffffffu;
  const unsigned dropped = sourceMantissa - f.mantissa;
  // The significand in parts of 2^-dropped of the result's last place; nothing
  // of one below the smallest normal of f32 remains.
  const int least = int(128 - f.bias), field = int(a >> 23);
  const uint32_t significand = (a & 0x7fffffu) | 0x800000u;
  int shift = int(23 - sourceMantissa) + (field < least ? least - field : 0);
  shift = shift > 31 ? 31 : shift;
  const uint32_t units = (significand >> shift) + (random >> (32 - dropped));
  const uint32_t exponent = uint32_t(field > least ? field - least : 0);
  uint32_t code = (exponent << f.mantissa) + (units >> dropped);
  return finishNarrow(f, a == 0 ? 0 : code, x, saturate);
}

/// A code's value, its upper bits ignored: decodeSmall.
MOE_EMU_INLINE float decodeNarrow(const NarrowFormat &f, uint32_t code) {
  const uint32_t magnitude = code & (f.sign - 1);
  uint32_t value = f32ToBits(narrowMagnitude(f.mantissa, f.bias, magnitude));
  // Beyond the largest number only OCP's BF8 has an infinity.
  const uint32_t beyond =
      magnitude == 0x7c && f.mantissa == 2 ? 0x7f800000u : 0x7fc00000u;
  value = magnitude > f.maxCode ? beyond : value;
  value |= code & f.sign ? 0x80000000u : 0;
  const bool nan = f.fnuz && (code & 0xff) == 0x80;
  return bitsToF32(nan ? 0x7fc00000u : value);
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_NARROWFLOATS_H
