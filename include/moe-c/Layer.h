/*===- Layer.h - a stage or a layer in one call -----------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * From logical tensors to the result: choosing a configuration, compiling (what
 * was compiled is kept), sorting, shuffling, running; the same in double
 * precision on the CPU; and the comparison of the two. All arrays are in C
 * order. H = model-dim, I = inter-dim, E = experts, T = tokens; stage 1 (gemm1)
 * has N = 2I and K = H, stage 2 (gemm2) has N = H and K = I. `threads` of the
 * host: 0 for one a core. What a configuration, chip or array does not allow is
 * MOE_FAILED, an unknown name or a NULL that has no meaning here MOE_USAGE.
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_LAYER_H
#define MOE_C_LAYER_H

#include "moe-c/Compiler.h"
#include "moe-c/Executor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Weights of one stage. */
typedef struct MoeWeights {
  const uint8_t *w; /* [E, N, K/2], or shuffled, see moeShuffleWeightA16W4 */
  const uint8_t *scale; /* [E, N, K/32], or shuffled */
  const float *bias;    /* [E, N] in logical order; NULL without "bias" */
  /* Nonzero: w and scale are in the kernel's order, with the "gate" of the
   * configuration. Else logical: in stage 1 all gate rows, then all up rows. */
  int shuffled;
} MoeWeights;

typedef struct MoeBatch {
  int64_t tokens;
  const uint16_t *x; /* bf16: [T, H] in stage 1 and a layer, [T*topk, I] in 2 */
  const int32_t *topkIds;   /* [T, topk]; outside the range: skipped */
  const float *topkWeights; /* [T, topk]; NULL where no weight is applied */
  const int32_t
      *expertMask;       /* [globalExperts], nonzero = one of E; NULL = all */
  int64_t globalExperts; /* read where there is a mask */
} MoeBatch;

/* Runs the configuration's stage. `out` has the configuration's out-type: stage
 * 1 [T*topk, I]; stage 2 [T, H], to which is added, or with "no-accumulate"
 * [T*topk, H]. Rows that nothing is routed to stay as they are, and after an
 * error so does all of it. `outcome` may be NULL, else it gets the object of
 * moeLaunch() with "kernels": [{"name", "grid", "block"}] and "flags", the
 * configuration. */
MOE_CAPI_EXPORTED MoeStatus moeRunStage(const MoeConfig *config,
                                        const char *chip,
                                        const MoeExecutor *executor,
                                        const MoeBatch *batch,
                                        const MoeWeights *weights, void *out,
                                        char **outcome);
/* Both stages, for a configuration with kernel "layer". out: [T, H]. */
MOE_CAPI_EXPORTED MoeStatus moeRunLayer(
    const MoeConfig *config, const char *chip, const MoeExecutor *executor,
    const MoeBatch *batch, const MoeWeights *gateUp, const MoeWeights *down,
    void *out, char **outcome);

/* A router's logits, and what is made of them; docs/Dialects/MoE.md, moe.route.
 */
typedef struct MoeRouter {
  int64_t experts;    /* of the whole model: columns of logits */
  const void *logits; /* [T, experts], f32, or bf16 with bf16Logits */
  int bf16Logits;
  const float *correction; /* [experts], added for the choice; NULL = none */
  /* [experts + sharedExperts]: the number among the E experts of the weights,
   * negative where an expert is on another device; NULL = all are here, in
   * order. */
  const int32_t *expertMap;
  int sigmoid;     /* 0: softmax */
  int renormalize; /* weights of a token sum to the scale */
  float scale;
  int64_t groups, bestGroups; /* 1, 1: experts come from all of them */
  int32_t *topkIds;           /* gets [T, topk], -1 for none; may be NULL */
  float *topkWeights;         /* gets [T, topk]; may be NULL */
  /* Experts that every token goes to, in the last slots of the configuration's
   * topk, each with that weight. They are numbered behind those of the logits,
   * and the map has entries for them too. */
  int64_t sharedExperts;
  float sharedWeight;
} MoeRouter;

/* Routing, sorting and both stages on the device, for a configuration with
 * kernel "layer". Few tokens are not sorted, unless its "sort" is on. Of the
 * batch, tokens and x are read. out: [T, H], which is overwritten; a token
 * without an expert of this device gets zeros. */
MOE_CAPI_EXPORTED MoeStatus moeRunBlock(
    const MoeConfig *config, const char *chip, const MoeExecutor *executor,
    const MoeBatch *batch, const MoeRouter *router, const MoeWeights *gateUp,
    const MoeWeights *down, void *out, char **outcome);

/* The exact values in double precision, of the shape of `out` and starting from
 * zeros. Weights must be logical. */
MOE_CAPI_EXPORTED MoeStatus moeReferenceStage(const MoeConfig *config,
                                              const MoeBatch *batch,
                                              const MoeWeights *weights,
                                              int threads, double *values);
MOE_CAPI_EXPORTED MoeStatus moeReferenceLayer(const MoeConfig *config,
                                              const MoeBatch *batch,
                                              const MoeWeights *gateUp,
                                              const MoeWeights *down,
                                              int threads, double *values);

/* Compares a result `out`, of the run's shape, that started from zeros with the
 * reference, element by element within the bounds of docs/Numerics.md.
 * MOE_FAILED if it is wrong. `verdict` may be NULL, else it gets {"pass",
 * "max_err", "max_bound_ratio", "logits_diff", "wrong", "compared", "rows",
 * "sampled_rows"}. */
MOE_CAPI_EXPORTED MoeStatus moeCheckStage(
    const MoeConfig *config, const char *chip, const MoeBatch *batch,
    const MoeWeights *weights, int threads, const void *out, char **verdict);
MOE_CAPI_EXPORTED MoeStatus moeCheckLayer(const MoeConfig *config,
                                          const char *chip,
                                          const MoeBatch *batch,
                                          const MoeWeights *gateUp,
                                          const MoeWeights *down, int threads,
                                          const void *out, char **verdict);

#ifdef __cplusplus
}
#endif

#endif /* MOE_C_LAYER_H */
