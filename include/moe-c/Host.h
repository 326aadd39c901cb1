/*===- Host.h - the host functions around the kernels -----------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Quantising, shuffling and sorting, on plain arrays in C order. A matrix of
 * MXFP4 has `rows` rows of `k` values (k % 32 == 0): codes u8 [rows, k/2], the
 * even k in bits 3:0, and E8M0 scales u8 [rows, k/32]. `threads` is the number
 * of host threads, 0 for one a core. Arrays must not overlap. Sizes that are
 * negative or no multiples of what is said here are MOE_FAILED, a NULL is
 * MOE_USAGE; nothing is written then. Functions that return a size cannot fail.
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_HOST_H
#define MOE_C_HOST_H

#include "moe-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* values f32 [rows, k] to codes and scales: round to nearest even, the scale of
 * a block is 2^(floor(log2(max)) - 2) (OCP MX v1.0, section 6.3). */
MOE_CAPI_EXPORTED MoeStatus moeQuantizeMXFP4(const float *values, int64_t rows,
                                             int64_t k, int threads,
                                             uint8_t *codes, uint8_t *scales);
/* The inverse, exact but for scale bytes 253 and 254 (infinities, as the
 * hardware's bfloat16 has them); scale byte 255 gives NaN. */
MOE_CAPI_EXPORTED MoeStatus moeDequantizeMXFP4(const uint8_t *codes,
                                               const uint8_t *scales,
                                               int64_t rows, int64_t k,
                                               int threads, float *values);

/* Sizes in bytes of what the kernels read (docs/Layouts.md). */
MOE_CAPI_EXPORTED int64_t moeShuffledWeightBytes(int64_t rows, int64_t k);
MOE_CAPI_EXPORTED int64_t moeShuffledScaleBytes(int64_t rows, int64_t k);

/* Codes [experts, n, k/2] or scales [experts, n, k/32] to the kernels' order.
 * n % 32 == 0. With `gateUp` nonzero, rows that come as all gate rows, then all
 * up rows are put in alternating blocks of 16 first. */
MOE_CAPI_EXPORTED MoeStatus moeShuffleWeightA16W4(const uint8_t *codes,
                                                  int64_t experts, int64_t n,
                                                  int64_t k, int gateUp,
                                                  int threads, uint8_t *out);
MOE_CAPI_EXPORTED MoeStatus moeShuffleScaleA16W4(const uint8_t *scales,
                                                 int64_t experts, int64_t n,
                                                 int64_t k, int gateUp,
                                                 int threads, uint8_t *out);

typedef struct MoeSorting {
  int64_t tokens, topk, experts; /* experts: the range of the ids */
  int64_t tileM;                 /* rows of a block */
  const int32_t *ids;        /* [tokens, topk]; outside the range: skipped */
  const float *weights;      /* [tokens, topk] */
  const int32_t *expertMask; /* [experts], nonzero = here; NULL = all */
  int64_t localTokens;       /* only the first ones; negative = all */
  int64_t capacity;     /* rows that sortedIds and sortedWeights have room for;
                           expertIds has room for ceil(capacity / tileM) */
  int32_t *sortedIds;   /* slot << 24 | token; padding: topk << 24 | tokens */
  float *sortedWeights; /* 0 in padding rows */
  int32_t *expertIds; /* local expert of each block, -1 past the rows in use */
  int32_t *numValid;  /* [2]: rows in use, tokens */
  int64_t rows;       /* out: the rows written, or needed when too few */
} MoeSorting;

/* The rows that suffice when no token names an expert twice; INT64_MAX where
 * they do not fit in 64 bits. */
MOE_CAPI_EXPORTED int64_t moeMaxSortedRows(int64_t tokens, int64_t topk,
                                           int64_t localExperts, int64_t tileM);
/* Sorts (token, slot) pairs by expert, in the arrays a kernel reads. Fails,
 * with `rows` set, when the capacity does not suffice. */
MOE_CAPI_EXPORTED MoeStatus moeSort(MoeSorting *sorting);

#ifdef __cplusplus
}
#endif

#endif /* MOE_C_HOST_H */
