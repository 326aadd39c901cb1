/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C API's calls that take tensors: what they refuse, with both numbers, and
 * what no other test asks of them. Prints what comes back; layer.test says what
 * is expected. */
#include "moe-c/moe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TOKENS = 6, HIDDEN = 64, INTER = 32, EXPERTS = 4, TOPK = 2 };

static uint8_t w[2][EXPERTS * HIDDEN * HIDDEN];
static uint8_t scale[2][EXPERTS * HIDDEN * HIDDEN];
static uint16_t x[TOKENS * HIDDEN];
static int32_t ids[TOKENS * TOPK];
static float topkWeights[TOKENS * TOPK], logits[TOKENS * EXPERTS];
static MoeExecutor *executor;
/* A stage's, and a layer's two. */
static const MoeWeights gateUp = {w[0], scale[0], NULL, 0};
static const MoeWeights down = {w[1], scale[1], NULL, 0};
static const MoeBatch batch = {TOKENS, x, ids, topkWeights, NULL, 0};
static const MoeRouter router = {.experts = EXPERTS,
                                 .logits = logits,
                                 .scale = 1,
                                 .groups = 1,
                                 .bestGroups = 1};

static void expect(MoeStatus status, const char *what) {
  if (status == MOE_OK)
    printf("%s: ok\n", what);
  else
    printf("%s: status %d: %s\n", what, (int)status, moeGetLastError());
}

static MoeConfig *makeConfig(const char *kernel) {
  MoeConfig *config = NULL;
  moeConfigCreate(&config);
  moeConfigSet(config, "kernel", kernel);
  moeConfigSet(config, "model-dim", "64");
  moeConfigSet(config, "inter-dim", "32");
  moeConfigSet(config, "experts", "4");
  moeConfigSet(config, "topk", "2");
  return config;
}

static void fill(void) {
  for (int stage = 0; stage < 2; ++stage)
    for (int i = 0; i < EXPERTS * HIDDEN * HIDDEN; ++i) {
      w[stage][i] = (uint8_t)((i * 37 + stage) % 256);
      scale[stage][i] = (uint8_t)(125 + i % 4);
    }
  for (int i = 0; i < TOKENS * HIDDEN; ++i)
    x[i] = (uint16_t)(0x3f80 | (i * 7 % 128)); /* bf16 from 1 to 2 */
  for (int i = 0; i < TOKENS * TOPK; ++i) {
    ids[i] = (i * 3 + i / 4) % EXPERTS;
    topkWeights[i] = 0.5f;
  }
}

static void refuseStages(void) {
  static uint16_t out[TOKENS * TOPK * HIDDEN];
  static double values[TOKENS * TOPK * HIDDEN];
  MoeConfig *stage = makeConfig("gemm1"), *layer = makeConfig("layer");
  MoeConfig *second = makeConfig("gemm2"), *reduce = makeConfig("reduce");
  MoeBatch bad = batch;
  MoeWeights weights = gateUp;
  float bias = 0;
  int32_t mask[EXPERTS + 1] = {1, 1, 0, 1, 0};
#define RUN(CONFIG, BATCH, WEIGHTS, WHAT)                                      \
  expect(moeRunStage(CONFIG, "gfx950", executor, BATCH, WEIGHTS, out, NULL),   \
         WHAT)
  RUN(layer, &batch, &gateUp, "layer as stage");
  expect(
      moeRunLayer(stage, "gfx950", executor, &batch, &gateUp, &down, out, NULL),
      "stage as layer");
  RUN(reduce, &batch, &gateUp, "reduce");
  expect(moeReferenceStage(reduce, &batch, &gateUp, 1, values),
         "reference of reduce");
  bad.tokens = -1;
  RUN(stage, &bad, &gateUp, "tokens");
  bad.tokens = (int64_t)1 << 40;
  RUN(stage, &bad, &gateUp, "many tokens");
  bad = batch;
  bad.x = NULL;
  RUN(stage, &bad, &gateUp, "no x");
  bad = batch;
  bad.topkWeights = NULL;
  RUN(second, &bad, &down, "no weights");
  weights.bias = &bias;
  RUN(stage, &batch, &weights, "bias");
  moeConfigSet(stage, "bias", NULL);
  RUN(stage, &batch, &gateUp, "no bias");
  bad = batch;
  bad.expertMask = mask;
  RUN(second, &bad, &down, "no experts");
  bad.globalExperts = (1 << 24) + 1;
  RUN(second, &bad, &down, "many experts");
  bad.globalExperts = EXPERTS + 1;
  RUN(second, &bad, &down, "mask");
  weights = down;
  weights.shuffled = 1;
  expect(moeReferenceStage(second, &batch, &weights, 1, values), "shuffled");
#undef RUN
  moeConfigDestroy(stage);
  moeConfigDestroy(second);
  moeConfigDestroy(layer);
  moeConfigDestroy(reduce);
}

static void refuseRouters(void) {
  static uint16_t out[TOKENS * HIDDEN];
  MoeConfig *layer = makeConfig("layer");
  MoeBatch bad = batch;
  MoeRouter other = router;
  int32_t map[EXPERTS + 1] = {0, 1, 2, 3, -1};
#define RUN(BATCH, ROUTER, WHAT)                                               \
  expect(moeRunBlock(layer, "gfx950", executor, BATCH, ROUTER, &gateUp, &down, \
                     out, NULL),                                               \
         WHAT)
  bad.tokens = -2;
  RUN(&bad, &router, "tokens");
  bad.tokens = (int64_t)1 << 40;
  RUN(&bad, &router, "many tokens");
  other.experts = 0;
  RUN(&batch, &other, "no experts");
  other.experts = ((int64_t)1 << 24) + 1;
  RUN(&batch, &other, "many experts");
  other = router;
  other.sharedExperts = TOPK;
  RUN(&batch, &other, "shared experts");
  other.sharedExperts = -1;
  RUN(&batch, &other, "fewer than none");
  other = router;
  other.scale = NAN;
  RUN(&batch, &other, "scale");
  other = router;
  other.sharedWeight = INFINITY;
  RUN(&batch, &other, "shared weight");
  other = router;
  other.logits = NULL;
  RUN(&batch, &other, "no logits");
  other = router;
  other.experts = EXPERTS - 1;
  RUN(&batch, &other, "fewer experts");
  other.experts = EXPERTS + 1;
  other.expertMap = map;
  map[4] = 7;
  RUN(&batch, &other, "map");
#undef RUN
  moeConfigDestroy(layer);
}

static void refuseOthers(void) {
  MoeConfig *config = makeConfig("gemm1");
  MoeKernel *kernel = NULL;
  MoeGridDimensions dimensions = {-5, -1, -1, -1};
  uint32_t grid[3];
  MoeArgument argument = {MOE_ARGUMENT_BUFFER, "out", NULL, 4};
  MoeLaunch launch = {"code", 4, "k", {1, 1, 1}, {64, 1, 1}, 0, &argument, 1};
  MoeSorting s = {TOKENS, TOPK, EXPERTS, 16,          ids, topkWeights, NULL,
                  -1,     0,    ids,     topkWeights, ids, ids,         0};
  expect(moeConfigChoose(config, "gfx950", 0, 0, NULL), "choose for 0");
  expect(moeConfigChoose(config, "gfx950", 1 << 24, 0, NULL), "for 2^24");
  expect(moeConfigChoose(config, "gfx950", TOKENS, 0, NULL), "choose");
  expect(moeCompile(config, "gfx950", &kernel), "compile");
  expect(moeKernelGetGrid(kernel, &dimensions, grid), "grid");
  expect(moeLaunch(executor, &launch, NULL), "no data");
  argument.kind = (MoeArgumentKind)5;
  argument.data = &argument;
  expect(moeLaunch(executor, &launch, NULL), "kind");
  argument.name = NULL;
  expect(moeLaunch(executor, &launch, NULL), "kind without a name");
  expect(moeQuantizeMXFP4(NULL, -1, 32, 0, NULL, NULL), "rows");
  expect(moeQuantizeMXFP4(NULL, 1, ((int64_t)1 << 40) + 32, 0, NULL, NULL),
         "long rows");
  s.topk = 256;
  expect(moeSort(&s), "topk");
  s.topk = 255;
  s.tokens = (1 << 24) - 1;
  expect(moeSort(&s), "rows of a sort");
  moeKernelDestroy(kernel);
  moeConfigDestroy(config);
}

/* MLIR text in place of a configuration. */
static void emit(void) {
  MoeConfig *config = makeConfig("gemm1");
  char *text = NULL, *ours = NULL, *theirs = NULL;
  expect(moeConfigChoose(config, "gfx950", TOKENS, 0, NULL), "choose");
  expect(moeEmit(config, "mlir", NULL, &text), "mlir");
  expect(moeEmit(config, "asm", "gfx950", &ours), "asm");
  expect(moeEmitIR(text, strlen(text), "mine.mlir", "asm", "gfx950", &theirs),
         "asm of IR");
  printf("the texts are %s\n", strcmp(ours, theirs) ? "different" : "equal");
  moeStringDestroy(theirs);
  expect(moeEmitIR(text, strlen(text), "mine.mlir", "mlir", NULL, &theirs),
         "mlir of IR");
  moeStringDestroy(ours);
  expect(moeEmitIR(theirs, strlen(theirs), "mine.mlir", "mlir", NULL, &ours),
         "and of that");
  printf("the IR is %s\n", strcmp(ours, theirs) ? "different" : "equal");
  moeStringDestroy(theirs);
  expect(moeEmitIR(text, strlen(text), "mine.mlir", "hex", "gfx950", &theirs),
         "stage");
  expect(moeEmitIR(text, 40, "mine.mlir", "asm", "gfx950", &theirs), "cut");
  expect(moeEmitIR(NULL, 0, "mine.mlir", "asm", "gfx950", &theirs), "no text");
  expect(moeEmitIR(text, strlen(text), "mine.mlir", "asm", "gfx1100", &theirs),
         "chip");
  moeStringDestroy(text);
  moeStringDestroy(ours);
  moeConfigDestroy(config);
}

static float toFloat(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

/* Stage 1 with and without sorting, for two of six experts here and for all,
 * against its reference. */
static void stage1(void) {
  enum { COUNT = TOKENS * TOPK * INTER };
  static uint16_t out[2][COUNT];
  static double values[COUNT];
  static const char *sorts[] = {"on", "off"};
  int32_t mask[EXPERTS + 2] = {1, 0, 1, 1, 0, 1}, wider[TOKENS * TOPK];
  MoeBatch sharded = batch;
  sharded.topkIds = wider;
  sharded.expertMask = mask;
  sharded.globalExperts = EXPERTS + 2;
  for (int i = 0; i < TOKENS * TOPK; ++i)
    wider[i] = i % (EXPERTS + 2);
  for (int masked = 0; masked < 2; ++masked) {
    const MoeBatch *given = masked ? &sharded : &batch;
    double worst = 0;
    int untouched = 0;
    for (int i = 0; i < 2; ++i) {
      MoeConfig *config = makeConfig("gemm1");
      memset(out[i], 0, sizeof out[i]);
      expect(moeConfigSet(config, "sort", sorts[i]), sorts[i]);
      expect(
          moeRunStage(config, "gfx950", executor, given, &gateUp, out[i], NULL),
          masked ? "run, sharded" : "run");
      expect(moeCheckStage(config, "gfx950", given, &gateUp, 1, out[i], NULL),
             "check");
      expect(moeReferenceStage(config, given, &gateUp, 1, values), "reference");
      moeConfigDestroy(config);
    }
    for (int i = 0; i < COUNT; ++i) {
      double error = fabs(toFloat(out[1][i]) - values[i]);
      if (error > worst * fmax(1, fabs(values[i])))
        worst = error / fmax(1, fabs(values[i]));
      untouched += out[1][i] == 0 && values[i] == 0;
    }
    printf("within 1/128 of the reference: %d, rows of zeros: %d\n",
           worst < 1.0 / 128, untouched / INTER);
  }
}

/* Equal logits: the correction chooses. */
static void block(void) {
  static uint16_t out[TOKENS * HIDDEN];
  static const float correction[EXPERTS] = {0, 2, 1, 3};
  MoeConfig *layer = makeConfig("layer");
  int32_t chosen[TOKENS * TOPK];
  float weights[TOKENS * TOPK];
  MoeRouter other = router;
  other.correction = correction;
  other.topkIds = chosen;
  other.topkWeights = weights;
  other.renormalize = 1;
  expect(moeRunBlock(layer, "gfx950", executor, &batch, &other, &gateUp, &down,
                     out, NULL),
         "block");
  printf("experts %d %d, weights %g %g\n", chosen[10], chosen[11], weights[10],
         weights[11]);
  moeConfigDestroy(layer);
}

/* A kernel with a race: its outcome has every report, the error the first. */
static void race(const char *path) {
  static char code[1 << 16];
  static float in[256], out[256];
  float factor = 2;
  char *outcome = NULL;
  size_t count = 0;
  FILE *file = fopen(path, "rb");
  MoeArgument arguments[] = {
      {MOE_ARGUMENT_BUFFER, "out", out, sizeof out},
      {MOE_ARGUMENT_READ_ONLY, "in", in, sizeof in},
      {MOE_ARGUMENT_SCALAR, "factor", &factor, sizeof factor}};
  MoeLaunch launch = {code,        0, "reverse", {1, 1, 1},
                      {256, 1, 1}, 0, arguments, 3};
  launch.codeSize = fread(code, 1, sizeof code, file);
  fclose(file);
  expect(moeExecutorSet(executor, "sanitize", "race"), "sanitize");
  for (int most = 1; most < 5; most += 3) {
    expect(moeExecutorSet(executor, "max-reports", most > 1 ? "4" : "1"),
           "reports");
    expect(moeLaunch(executor, &launch, &outcome), "launch");
    count = 0;
    for (char *at = outcome; (at = strstr(at, "race: ")); ++at)
      ++count;
    printf("%d in the outcome\n", (int)count);
    moeStringDestroy(outcome);
  }
}

int main(int argc, char **argv) {
  fill();
  expect(moeExecutorCreate("emulator", &executor), "emulator");
  refuseStages();
  refuseRouters();
  refuseOthers();
  emit();
  stage1();
  block();
  if (argc > 1)
    race(argv[1]);
  moeExecutorDestroy(executor);
  return 0;
}
