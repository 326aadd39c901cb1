/*===- Weights.h - weights prepared on the device ---------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * For engines that quantise when they load: the kernels moe.quantize and
 * moe.shuffle in one call. Every byte is as the functions of Host.h make it.
 * Weights have `experts` experts of `rows` rows of `k` values in logical order,
 * of stage 1 all gate rows, then all up rows (rows = 2I); rows and k are
 * multiples of 32, k at most 65536, experts * rows below 2^31.
 *
 * `gate` is the order of rows that the configuration of the kernels names:
 * "separated" (as they are, of stage 2 too), "interleaved" or "rows". `outcome`
 * is as in moeRunStage(). After an error the results mean nothing.
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_WEIGHTS_H
#define MOE_C_WEIGHTS_H

#include "moe-c/Executor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x bf16 [experts, rows, k] to MXFP4, in the order of kernels: codes has
 * moeShuffledWeightBytes(experts * rows, k) bytes, scales
 * moeShuffledScaleBytes(experts * rows, k). With NULL for `gate` rows stay as
 * they are: codes [experts, rows, k/2], scales [experts, rows, k/32]. */
MOE_CAPI_EXPORTED MoeStatus moeQuantizeOnDevice(
    const char *chip, const MoeExecutor *executor, const uint16_t *x,
    int64_t experts, int64_t rows, int64_t k, const char *gate, uint8_t *codes,
    uint8_t *scales, char **outcome);

/* Logical codes [experts, rows, k/2] and scales [experts, rows, k/32] to the
 * order of kernels. */
MOE_CAPI_EXPORTED MoeStatus moeShuffleOnDevice(
    const char *chip, const MoeExecutor *executor, const uint8_t *logicalCodes,
    const uint8_t *logicalScales, int64_t experts, int64_t rows, int64_t k,
    const char *gate, uint8_t *codes, uint8_t *scales, char **outcome);

#ifdef __cplusplus
}
#endif

#endif /* MOE_C_WEIGHTS_H */
