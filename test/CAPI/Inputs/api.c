/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Calls the C API as a program would and prints what comes back; api.test says
 * what is expected. Errors are provoked on purpose: each prints its status and
 * message. */
#include "moe-c/moe.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void expect(MoeStatus status, const char *what) {
  if (status == MOE_OK)
    printf("%s: ok\n", what);
  else
    printf("%s: status %d: %s\n", what, (int)status, moeGetLastError());
}

static MoeConfig *makeConfig(const char *kernel, const char *tile) {
  MoeConfig *config = NULL;
  expect(moeConfigCreate(&config), "create");
  moeConfigSet(config, "kernel", kernel);
  moeConfigSet(config, "model-dim", "256");
  moeConfigSet(config, "inter-dim", "512");
  moeConfigSet(config, "experts", "4");
  moeConfigSet(config, "topk", "2");
  if (tile)
    moeConfigSet(config, "tile", tile);
  return config;
}

static void refuse(void) {
  MoeConfig *config = makeConfig("gemm2", NULL);
  MoeExecutor *executor = NULL;
  MoeKernel *kernel = NULL;
  char *text = NULL;
  expect(moeConfigCreate(NULL), "null");
  expect(moeConfigSet(config, "tiel", "16x128x256"), "unknown option");
  expect(moeConfigSet(config, "tile", "16x128"), "bad tile");
  expect(moeConfigSet(config, "topk", "0"), "topk 0");
  expect(moeConfigSet(config, "kernel", "route"), "route");
  expect(moeConfigSet(config, "bias", "yes"), "bias yes");
  expect(moeCompile(config, "gfx950", &kernel), "no tile");
  expect(moeConfigChoose(config, "gfx950", 16, -5, NULL), "experts -5");
  expect(moeConfigChoose(config, "gfx950", 16, 3, NULL), "experts 3");
  expect(moeConfigChoose(config, "gfx950", 16, (1 << 24) + 1, NULL),
         "experts 2^24 + 1");
  expect(moeConfigSet(config, "tile", "16x128x100"), "odd tile");
  expect(moeCompile(config, "gfx1100", &kernel), "unknown chip");
  expect(moeCompile(config, "gfx950", &kernel), "impossible tile");
  expect(moeEmit(config, "hsaco", "gfx950", &text), "unknown stage");
  expect(moeCompileIR("module {", 8, "mine.mlir", "gfx950", &kernel), "bad IR");
  expect(moeExecutorCreate("cuda", &executor), "unknown executor");
  expect(moeExecutorCreate("emulator", &executor), "emulator");
  expect(moeExecutorSet(executor, "sanitize", "everything"), "sanitizer");
  expect(moeQuantizeMXFP4(NULL, 1, 33, 0, NULL, NULL), "k 33");
  expect(moeQuantizeMXFP4(NULL, 1, 32, -1, NULL, NULL), "threads");
  moeExecutorDestroy(executor);
  moeConfigDestroy(config);
}

/* What goes together only with an option that comes later. */
static void anyOrder(void) {
  MoeConfig *config = NULL;
  char *text = NULL;
  expect(moeConfigCreate(&config), "create");
  expect(moeConfigSet(config, "beta", "2"), "beta");
  expect(moeConfigSet(config, "act", "silu"), "act");
  expect(moeConfigSet(config, "kernel", "gemm2"), "kernel");
  expect(moeConfigSet(config, "model-dim", "256"), "model-dim");
  expect(moeConfigSet(config, "inter-dim", "512"), "inter-dim");
  expect(moeConfigSet(config, "experts", "4"), "experts");
  expect(moeConfigSet(config, "topk", "2"), "topk");
  expect(moeConfigChoose(config, "gfx950", 16, 0, NULL), "other stage");
  expect(moeEmit(config, "mlir", NULL, &text), "other stage");
  expect(moeConfigSet(config, "kernel", "gemm1"), "kernel");
  expect(moeConfigChoose(config, "gfx950", 16, 0, NULL), "other act");
  expect(moeConfigSet(config, "act", "situv2"), "act");
  expect(moeConfigChoose(config, "gfx950", 16, 0, NULL), "all");
  expect(moeEmit(config, "mlir", NULL, &text), "emit");
  moeStringDestroy(text);
  moeConfigDestroy(config);
}

/* Getters of a kernel that is not there. */
static void noKernel(void) {
  size_t size = 7;
  uint32_t block[3] = {7, 7, 7};
  const void *code = moeKernelGetCode(NULL, &size);
  printf("no kernel: %d %d %d, %u bytes, block %u: %s\n", code == NULL,
         moeKernelGetName(NULL) == NULL, moeKernelGetReport(NULL) == NULL,
         (unsigned)size, (moeKernelGetBlock(NULL, block), (unsigned)block[0]),
         moeGetLastError());
  moeKernelGetBlock(NULL, NULL);
  moeKernelDestroy(NULL);
}

/* Options of executors, and launches that need another one. */
static void executors(void) {
  MoeExecutor *emulator = NULL, *hip = NULL;
  MoeArgument argument = {MOE_ARGUMENT_DEVICE, "out", NULL, 0};
  MoeLaunch launch = {"code", 4, "k", {1, 1, 1}, {64, 1, 1}, 0, &argument, 1};
  expect(moeExecutorCreate("emulator", &emulator), "emulator");
  expect(moeExecutorSet(emulator, "mute", "luck"), "mute");
  expect(moeExecutorSet(emulator, "mute", "race"), "mute race");
  expect(moeExecutorSet(emulator, "max-reports", "0"), "no reports");
  expect(moeExecutorSet(emulator, "hip-library", "x.so"), "library");
  expect(moeLaunch(emulator, &launch, NULL), "device pointer");
  expect(moeLaunchOnStream(emulator, &launch, NULL), "stream");
  expect(moeExecutorCreate("hip", &hip), "hip");
  expect(moeExecutorSet(hip, "hip-library", "/nowhere/hip.so"), "hip library");
  expect(moeExecutorSet(hip, "sanitize", "race"), "hip sanitize");
  argument.kind = MOE_ARGUMENT_BUFFER;
  expect(moeLaunchOnStream(hip, &launch, NULL), "host buffer");
  expect(moeLaunchOnStream(hip, NULL, NULL), "no launch");
  moeExecutorDestroy(emulator);
  moeExecutorDestroy(hip);
}

static void kernel(void) {
  MoeConfig *config = makeConfig("gemm2", NULL);
  MoeKernel *kernel = NULL, *again = NULL;
  char *text = NULL;
  MoeGridDimensions dimensions = {16, -1, -1, -1};
  uint32_t grid[3], block[3];
  size_t size = 0, sizeAgain = 0;
  const void *code, *codeAgain;
  expect(moeConfigChoose(config, "gfx950", 16, 0, &text), "choose");
  printf("choice %s\n", text);
  moeStringDestroy(text);
  expect(moeSetCompileCache("", 1), "cache without a name");
  expect(moeSetCompileCache("/etc/passwd", 1), "cache in a file");
  expect(moeSetCompileCache("cache", 1), "cache");
  expect(moeCompile(config, "gfx950", &kernel), "compile");
  moeKernelDestroy(kernel);
  expect(moeCompile(config, "gfx950", &kernel), "compile from the cache");
  expect(moeKernelGetGrid(kernel, &dimensions, grid), "grid");
  dimensions.tokens = (int64_t)1 << 40;
  expect(moeKernelGetGrid(kernel, &dimensions, grid), "grid of 2^40");
  dimensions.tokens = (int64_t)1 << 60;
  expect(moeKernelGetGrid(kernel, &dimensions, grid), "grid of 2^60");
  dimensions.tokens = INT64_MAX;
  expect(moeKernelGetGrid(kernel, &dimensions, grid), "grid of INT64_MAX");
  dimensions.tokens = 16;
  moeKernelGetBlock(kernel, block);
  printf("grid %u %u %u, block %u %u %u\n", grid[0], grid[1], grid[2], block[0],
         block[1], block[2]);
  printf("report %s\n", moeKernelGetReport(kernel));
  expect(moeEmit(config, "mlir", NULL, &text), "emit");
  expect(moeCompileIR(text, strlen(text), "emitted", "gfx950", &again), "IR");
  code = moeKernelGetCode(kernel, &size);
  codeAgain = moeKernelGetCode(again, &sizeAgain);
  printf("the IR's bytes are %s\n",
         size == sizeAgain && !memcmp(code, codeAgain, size) ? "equal"
                                                             : "different");
  expect(moeKernelGetGrid(again, &dimensions, grid), "grid of IR");
  moeStringDestroy(text);
  expect(moeSetCompileCache(NULL, 0), "no cache");
  moeKernelDestroy(kernel);
  moeKernelDestroy(again);
  moeConfigDestroy(config);
}

/* A second choice is made of what was set, as if there were no first one. */
static void chooseAgain(void) {
  MoeConfig *twice = makeConfig("gemm1", NULL);
  MoeConfig *once = makeConfig("gemm1", NULL);
  char *few = NULL, *again = NULL, *want = NULL;
  moeConfigSet(twice, "waves", "2");
  moeConfigSet(once, "waves", "2");
  expect(moeConfigChoose(twice, "gfx950", 1, 0, &few), "choose for 1");
  expect(moeConfigChoose(twice, "gfx950", 4096, 0, &again), "choose for 4096");
  expect(moeConfigChoose(once, "gfx950", 4096, 0, &want), "only for 4096");
  printf("second choice %s\n", again);
  printf("the second choice is %s, the first %s\n",
         strcmp(again, want) ? "another" : "the same",
         strcmp(few, want) ? "another" : "the same");
  moeStringDestroy(few);
  moeStringDestroy(again);
  moeStringDestroy(want);
  moeConfigDestroy(twice);
  moeConfigDestroy(once);
}

static MoeConfig *shared;

static void *compile(void *result) {
  MoeKernel *kernel = NULL;
  if (moeCompile(shared, "gfx942", &kernel) == MOE_OK)
    *(MoeKernel **)result = kernel;
  return NULL;
}

static void threads(void) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  MoeKernel *kernels[THREADS] = {NULL};
  int equal = 0;
  shared = makeConfig("gemm1", "32x128x256");
  for (int i = 0; i < THREADS; ++i)
    pthread_create(&threads[i], NULL, compile, &kernels[i]);
  for (int i = 0; i < THREADS; ++i)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < THREADS; ++i) {
    size_t size = 0, first = 0;
    const void *a = kernels[0] ? moeKernelGetCode(kernels[0], &first) : NULL;
    const void *b = kernels[i] ? moeKernelGetCode(kernels[i], &size) : NULL;
    equal += a && b && size == first && !memcmp(a, b, size);
  }
  printf("%d of %d threads have equal bytes\n", equal, (int)THREADS);
  for (int i = 0; i < THREADS; ++i)
    moeKernelDestroy(kernels[i]);
  moeConfigDestroy(shared);
}

/* A sort whose arrays are too small says how large they must be. */
static void sorting(void) {
  int32_t ids[4] = {1, 0, 1, 3}, sortedIds[66], expertIds[5], numValid[2];
  float weights[4] = {0.25f, 0.75f, 0.5f, 0.5f}, sortedWeights[66];
  MoeSorting s = {2,        2,  4, 16,        ids,           weights,
                  NULL,     -1, 8, sortedIds, sortedWeights, expertIds,
                  numValid, 0};
  expect(moeSort(&s), "small");
  s.capacity = s.rows;
  expect(moeSort(&s), "sort");
  printf("%d rows in use, experts %d %d %d %d\n", numValid[0], expertIds[0],
         expertIds[1], expertIds[2], expertIds[3]);
  printf("first row of expert 1: slot %d of token %d, weight %g\n",
         sortedIds[16] >> 24, sortedIds[16] & 0xffffff, sortedWeights[16]);
}

static void weights(void) {
  enum { EXPERTS = 2, ROWS = 64, K = 96, COUNT = EXPERTS * ROWS * K };
  static uint16_t x[COUNT];
  static float values[COUNT];
  static uint8_t codes[COUNT / 2], scales[COUNT / 32];
  /* K is padded to 128 and to 256. */
  static uint8_t host[2][EXPERTS * ROWS * 64], device[2][EXPERTS * ROWS * 64];
  size_t bytes = (size_t)moeShuffledWeightBytes(EXPERTS * ROWS, K);
  size_t scaleBytes = (size_t)moeShuffledScaleBytes(EXPERTS * ROWS, K);
  MoeExecutor *executor = NULL;
  char *outcome = NULL;
  for (int i = 0; i < COUNT; ++i) {
    uint32_t bits;
    x[i] = (uint16_t)(i * 40503u >> 3);
    bits = (uint32_t)x[i] << 16;
    memcpy(&values[i], &bits, sizeof bits);
  }
  expect(moeExecutorCreate("emulator", &executor), "emulator");
  expect(moeExecutorSet(executor, "sanitize", "all"), "sanitize");
  expect(moeQuantizeMXFP4(values, EXPERTS * ROWS, K, 1, codes, scales), "host");
  expect(moeQuantizeOnDevice("gfx950", executor, x, EXPERTS, ROWS, K, NULL,
                             device[0], device[1], NULL),
         "device, logical");
  printf("logical bytes are %s\n",
         !memcmp(device[0], codes, sizeof codes) &&
                 !memcmp(device[1], scales, sizeof scales)
             ? "equal"
             : "different");
  moeShuffleWeightA16W4(codes, EXPERTS, ROWS, K, 1, 1, host[0]);
  moeShuffleScaleA16W4(scales, EXPERTS, ROWS, K, 1, 1, host[1]);
  expect(moeQuantizeOnDevice("gfx942", executor, x, EXPERTS, ROWS, K,
                             "interleaved", device[0], device[1], &outcome),
         "device, interleaved");
  printf("outcome %s\n", outcome);
  moeStringDestroy(outcome);
  printf("quantised bytes are %s\n",
         !memcmp(device[0], host[0], bytes) &&
                 !memcmp(device[1], host[1], scaleBytes)
             ? "equal"
             : "different");
  memset(device, 0xA5, sizeof device);
  expect(moeShuffleOnDevice("gfx950", executor, codes, scales, EXPERTS, ROWS, K,
                            "interleaved", device[0], device[1], NULL),
         "shuffle");
  printf("shuffled bytes are %s\n",
         !memcmp(device[0], host[0], bytes) &&
                 !memcmp(device[1], host[1], scaleBytes)
             ? "equal"
             : "different");
  expect(moeQuantizeOnDevice("gfx950", executor, x, EXPERTS, ROWS, K, "odd",
                             device[0], device[1], NULL),
         "gate odd");
  expect(moeQuantizeOnDevice("gfx950", executor, x, INT64_MAX, 32, K, NULL,
                             device[0], device[1], NULL),
         "many experts");
  expect(moeQuantizeOnDevice("gfx1100", executor, x, EXPERTS, ROWS, K, NULL,
                             device[0], device[1], NULL),
         "other chip");
  expect(moeShuffleOnDevice("gfx950", executor, codes, NULL, EXPERTS, ROWS, K,
                            "rows", device[0], device[1], NULL),
         "no scales");
  expect(moeShuffleOnDevice("gfx950", executor, codes, scales, EXPERTS, ROWS, K,
                            NULL, device[0], device[1], NULL),
         "no gate");
  moeExecutorDestroy(executor);
}

int main(void) {
  printf("version %s\n", moeGetVersion());
  refuse();
  anyOrder();
  noKernel();
  executors();
  kernel();
  chooseAgain();
  threads();
  sorting();
  weights();
  return 0;
}
