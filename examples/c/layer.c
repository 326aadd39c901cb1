/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * From weights in float to a checked result, through libmoe.so alone: quantises
 * the down projection of a small layer, compiles it for gfx950, runs the code
 * object in the emulator and compares with the reference. docs/C.md walks
 * through it. Build:
 *   cc -std=c99 layer.c -I PREFIX/include -L PREFIX/lib -lmoe -o layer
 */
#include "moe-c/moe.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOKENS = 16, HIDDEN = 256, INTER = 512, EXPERTS = 8, TOPK = 2 };

static float weights[EXPERTS * HIDDEN * INTER];
static uint8_t w[EXPERTS * HIDDEN * INTER / 2];
static uint8_t scale[EXPERTS * HIDDEN * INTER / 32];
static uint16_t x[TOKENS * TOPK * INTER], out[TOKENS * HIDDEN];
static int32_t ids[TOKENS * TOPK];
static float topkWeights[TOKENS * TOPK];

/* Ends the program with the library's message where a call failed. */
static void check(MoeStatus status) {
  if (status == MOE_OK)
    return;
  fprintf(stderr, "layer: error: %s\n", moeGetLastError());
  exit(1);
}

static void fill(void) {
  for (int i = 0; i < EXPERTS * HIDDEN * INTER; ++i)
    weights[i] = (float)((i * 37) % 101 - 50) / 25.0f;
  for (int i = 0; i < TOKENS * TOPK * INTER; ++i)
    x[i] = (uint16_t)(0x3f80 | (i % 128)); /* bf16 from 1 to 2 */
  for (int i = 0; i < TOKENS * TOPK; ++i) {
    ids[i] = i % EXPERTS;
    topkWeights[i] = 0.5f;
  }
}

int main(void) {
  const char *options[][2] = {{"kernel", "gemm2"},
                              {"model-dim", "256"},
                              {"inter-dim", "512"},
                              {"experts", "8"},
                              {"topk", "2"}};
  MoeConfig *config;
  MoeExecutor *emulator;
  MoeBatch batch = {TOKENS, x, ids, topkWeights, NULL, 0};
  MoeWeights down = {w, scale, NULL, 0};
  char *outcome, *verdict;

  fill();
  check(moeQuantizeMXFP4(weights, EXPERTS * HIDDEN, INTER, 0, w, scale));
  check(moeConfigCreate(&config));
  for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); ++i)
    check(moeConfigSet(config, options[i][0], options[i][1]));
  check(moeExecutorCreate("emulator", &emulator));
  check(moeRunStage(config, "gfx950", emulator, &batch, &down, out, &outcome));
  check(moeCheckStage(config, "gfx950", &batch, &down, 0, out, &verdict));
  printf("%s\n%s\n", outcome, verdict);
  moeStringDestroy(outcome);
  moeStringDestroy(verdict);
  moeExecutorDestroy(emulator);
  moeConfigDestroy(config);
  return 0;
}
