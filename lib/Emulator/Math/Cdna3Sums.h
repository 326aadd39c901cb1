// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products with the sums that were measured on CDNA3, bit by bit. The
// default order of accumulation is in Mfma.h.

#ifndef MOE_LIB_EMULATOR_MATH_CDNA3SUMS_H
#define MOE_LIB_EMULATOR_MATH_CDNA3SUMS_H

#include "Math/Mfma.h"
#include "Math/MfmaKernels.h"

namespace moe::emulator::math {

/// Whether the sums of these items differ from fused multiply-adds in turn:
/// f16, bf16, xf32, fp8 and bf8.
bool hasCdna3Sums(MatType type);

/// D = A * B + C in f32, after the model of arXiv 2511.10909: groups of
/// consecutive k (8 of f16 and bf16, 4 of xf32, 16 of 8-bit types) are added to
/// C one after the other. Within a group the exact products are cut off at 24
/// bits after the largest one's binary point and added exactly (8-bit types:
/// the even and the odd k apart, then both floored there); then, at the larger
/// one of that exponent and C's, the sum is floored at 31 bits and C at 24, and
/// their sum is rounded to nearest even. A factor that is zero counts with
/// exponent -126. A product of at least 2^128 is infinite; with infinities and
/// NaN the sum is IEEE's.
void cdna3Product(const detail::MfmaJob &job, MatType a, MatType b);

} // namespace moe::emulator::math

#endif // MOE_LIB_EMULATOR_MATH_CDNA3SUMS_H
