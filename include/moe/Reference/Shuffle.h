//===- Shuffle.h - the byte orders of weights and scales ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two layouts in which A16W4 kernels read their weights, as plain index
// formulas, and their inverses. A matrix here has `rows` = experts * n rows of
// `k` FP4 values; logical order is codes [rows, k/2] and scales [rows, k/32].
// An expert whose n is a multiple of 32 is a contiguous piece of both layouts,
// so one expert can be shuffled alone. Not here: quantising (MXFP4.h).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_SHUFFLE_H
#define MOE_REFERENCE_SHUFFLE_H

#include <cstdint>
#include <vector>

namespace moe::reference {

/// K rounded up as the weight layout pads it (to 128).
int64_t paddedWeightK(int64_t k);
/// The number of 256-wide K groups of the scale layout, rounded up.
int64_t scaleGroupsOfK(int64_t k);
/// Bytes of the shuffled weights: rows * paddedWeightK / 2.
int64_t shuffledWeightBytes(int64_t rows, int64_t k);
/// Bytes of the shuffled scales: rows * scaleGroupsOfK * 8.
int64_t shuffledScaleBytes(int64_t rows, int64_t k);

/// Where the byte of row `r` that holds elements `k` and `k + 1` (k even) is:
///   (r/16)*(8*Kp) + (k/128)*1024 + ((k/32)%4)*256 + (r%16)*16 + (k/2)%16
/// with Kp = paddedWeightK. 16 bytes are 32 consecutive K of one row, 1024
/// bytes are 16 rows x 128 K. For K % 128 == 0 this is the usual (16,16)
/// preshuffle of [rows, K/2] bytes.
int64_t weightByteOffset(int64_t r, int64_t k, int64_t numK);

/// Where the scale of row `r` and block `ks` (K elements 32*ks ..) is:
///   dword (r/32)*(K1*64) + (ks/8)*64 + (ks%4)*16 + r%16, in it byte
///   ((ks/4)%2)*2 + (r/16)%2, with K1 = scaleGroupsOfK.
int64_t scaleByteOffset(int64_t r, int64_t ks, int64_t numK);

/// The row of an expert's logical [gate rows; up rows] matrix (n = 2I rows)
/// that stands in physical row `p` of the interleaved convention, which puts
/// blocks of 16 rows in the order g0, u0, g1, u1, ...:
///   (p/32)*16 + p%16 + ((p/16)%2)*(n/2).
int64_t interleavedSourceRow(int64_t p, int64_t n);

/// The same of the convention where gate and up rows alternate:
///   p/2 + (p%2)*(n/2).
int64_t alternatingSourceRow(int64_t p, int64_t n);
/// Rows of `bytes` bytes of any number of experts, `n` each, in that order.
std::vector<uint8_t> alternateRows(const std::vector<uint8_t> &rows, int64_t n,
                                   int64_t bytes);

/// codes [rows, k/2] -> shuffled bytes, padding K is zero. With `gateUp`, the
/// rows of each expert (`n` each) are first permuted by interleavedSourceRow.
/// Preconditions: n % 16 == 0, k % 32 == 0; with gateUp n % 32 == 0.
std::vector<uint8_t> shuffleWeightA16W4(const uint8_t *codes, int64_t experts,
                                        int64_t n, int64_t k,
                                        bool gateUp = false);
/// The same into memory of shuffledWeightBytes(experts * n, k) bytes that the
/// caller has zeroed (only real elements are written).
void shuffleWeightA16W4Into(const uint8_t *codes, int64_t experts, int64_t n,
                            int64_t k, bool gateUp, uint8_t *out);
/// The inverse: shuffled bytes -> codes [rows, k/2].
std::vector<uint8_t> unshuffleWeightA16W4(const uint8_t *bytes, int64_t experts,
                                          int64_t n, int64_t k,
                                          bool gateUp = false);

/// scales [rows, k/32] -> shuffled bytes, padding K is 0x7F (1.0).
/// Preconditions: n % 32 == 0, k % 32 == 0.
std::vector<uint8_t> shuffleScaleA16W4(const uint8_t *scales, int64_t experts,
                                       int64_t n, int64_t k,
                                       bool gateUp = false);
/// The same into memory of shuffledScaleBytes(experts * n, k) bytes.
void shuffleScaleA16W4Into(const uint8_t *scales, int64_t experts, int64_t n,
                           int64_t k, bool gateUp, uint8_t *out);
/// The inverse: shuffled bytes -> scales [rows, k/32].
std::vector<uint8_t> unshuffleScaleA16W4(const uint8_t *bytes, int64_t experts,
                                         int64_t n, int64_t k,
                                         bool gateUp = false);

} // namespace moe::reference

#endif // MOE_REFERENCE_SHUFFLE_H
