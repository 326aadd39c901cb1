//===- MXFP4.h - blocks of 32 FP4 values with one scale -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantises rows of numbers to MXFP4 (E2M1 elements, one E8M0 scale for each
// 32 consecutive elements) and back. The packed order is the logical one: byte
// j of a row holds element 2j in bits 3:0 and element 2j+1 in bits 7:4. Not
// here: the shuffled orders the kernels read (Shuffle.h).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_MXFP4_H
#define MOE_REFERENCE_MXFP4_H

#include <cstdint>
#include <vector>

namespace moe::reference {

/// Elements that share a scale.
constexpr int64_t kBlock = 32;

/// How the scale of a block follows from its largest magnitude `m`:
///   Floor: 2^(floor(log2 m) - 2), OCP MX v1.0 section 6.3 (2 is the exponent
///          of the largest E2M1 power of two); elements beyond 6 saturate;
///   Ceil:  2^(ceil(log2 m) - 2): nothing saturates, one bit less precise.
/// The exponent is clamped to what a byte 0..254 says. A block of zeros has
/// scale 0x00; a block with a NaN or an infinity has scale 0xFF and zero codes.
enum class ScaleRule { Floor, Ceil };

struct MXFP4 {
  std::vector<uint8_t> codes;  ///< [rows, k/2]
  std::vector<uint8_t> scales; ///< [rows, k/32]
};

/// The E8M0 byte of one block of 32 values.
uint8_t scaleOfBlock(const float *values, ScaleRule rule);

/// Blocks in `k` elements, the last one maybe shorter.
inline int64_t blocksOf(int64_t k) { return (k + kBlock - 1) / kBlock; }

/// Quantises `rows` rows of `k` values. Precondition: k % 32 == 0.
MXFP4 quantizeMXFP4(const float *values, int64_t rows, int64_t k,
                    ScaleRule rule = ScaleRule::Floor);

/// Decodes one row of `k` values into `out`. Precondition: k % 2 == 0.
void dequantizeRow(const uint8_t *codes, const uint8_t *scales, int64_t k,
                   double *out);

/// Decodes `rows` rows of `k` values. Precondition: k % 32 == 0.
std::vector<double> dequantizeMXFP4(const uint8_t *codes, const uint8_t *scales,
                                    int64_t rows, int64_t k);

} // namespace moe::reference

#endif // MOE_REFERENCE_MXFP4_H
