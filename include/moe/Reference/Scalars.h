//===- Scalars.h - the number formats of the kernels, in plain maths ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a code of E2M1, E8M0, bfloat16 and IEEE half is worth, and which code a
// real number rounds to. Not here: blocks of values (MXFP4.h) and anything
// about bytes in memory (Shuffle.h).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_SCALARS_H
#define MOE_REFERENCE_SCALARS_H

#include <cstdint>

namespace moe::reference {

/// The value of an E2M1 code (OCP MX v1.0, section 5.3.3): codes 0..7 are 0,
/// 0.5, 1, 1.5, 2, 3, 4, 6; bit 3 is the sign. Bits 7:4 are ignored.
double decodeE2M1(uint8_t code);

/// The nearest E2M1 code, ties to the even code, values beyond 6 saturate to
/// 6. The sign of a zero is kept. There is no NaN in the format: a NaN gives
/// the positive zero, its block must say NaN in the scale.
uint8_t encodeE2M1(double value);

/// 2^(byte - 127); 0xFF is NaN (OCP MX v1.0, section 5.4.1).
double decodeE8M0(uint8_t byte);

/// An FP4 value times its scale as every implementation delivers it to the
/// matrix unit, a bfloat16: the product is exact, except that 2^128 and above
/// is an infinity (scale bytes 253 and 254), and a scale of 0xFF gives NaN.
double dequantize(uint8_t code, uint8_t scale);

/// bfloat16 (8 bits of significand) and IEEE binary16. Encoding rounds once,
/// nearest even, from the double; overflow gives infinity, subnormals are kept.
double decodeBF16(uint16_t bits);
uint16_t encodeBF16(double value);
double decodeF16(uint16_t bits);
uint16_t encodeF16(double value);

/// The output types of the kernels.
enum class FloatType { BF16, F16, F32 };

/// Unit roundoff: 2^-8, 2^-11, 2^-24.
double unitRoundoff(FloatType type);
/// The smallest positive subnormal: 2^-133, 2^-24, 2^-149.
double smallestSubnormal(FloatType type);
/// The least magnitude that rounds to infinity (the midpoint between the
/// largest finite number and the next power of two).
double overflowThreshold(FloatType type);
/// Bytes of one element.
int byteWidth(FloatType type);
/// Element `index` of an array of `type`.
double loadFloat(FloatType type, const void *data, int64_t index);
/// Rounds `value` to `type` and stores it as element `index`.
void storeFloat(FloatType type, void *data, int64_t index, double value);

} // namespace moe::reference

#endif // MOE_REFERENCE_SCALARS_H
