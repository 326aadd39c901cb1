/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Many allocations, and many threads: many CODE.
 */
#define __HIP_PLATFORM_AMD__
#include <hip/hip_runtime_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(CALL)                                                            \
  do {                                                                         \
    hipError_t error = (CALL);                                                 \
    if (error != hipSuccess) {                                                 \
      printf("%s: %s\n", #CALL, hipGetErrorName(error));                       \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

/* More than there are places apart from each other. */
enum { BUFFERS = 64 * 50, BLOCK = 256 };
static int *table[BUFFERS];
static hipModule_t module;
static hipFunction_t gather, reverse;

static void buffers(void) {
  static int got[BUFFERS];
  int *out, **device;
  for (int i = 0; i < BUFFERS; ++i) {
    CHECK(hipMalloc((void **)&table[i], 4 * sizeof(int)));
    CHECK(hipMemsetD32((hipDeviceptr_t)table[i], 3 * i, 4));
  }
  CHECK(hipMalloc((void **)&out, sizeof(got)));
  CHECK(hipMalloc((void **)&device, sizeof(table)));
  CHECK(hipMemcpy(device, table, sizeof(table), hipMemcpyHostToDevice));
  void *params[] = {&out, &device};
  CHECK(hipModuleLaunchKernel(gather, BUFFERS / 64, 1, 1, 64, 1, 1, 0, NULL,
                              params, NULL));
  CHECK(hipMemcpy(got, out, sizeof(got), hipMemcpyDeviceToHost));
  for (int i = 0; i < BUFFERS; ++i)
    if (got[i] != 3 * i) {
      printf("buffer %d: expected %d, got %d\n", i, 3 * i, got[i]);
      exit(1);
    }
  /* Of a buffer that is freed nothing is read any more. */
  CHECK(hipFree(table[BUFFERS - 1]));
  CHECK(hipModuleLaunchKernel(gather, BUFFERS / 64, 1, 1, 64, 1, 1, 0, NULL,
                              params, NULL));
  printf("freed: %s\n", hipGetErrorName(hipDeviceSynchronize()));
  CHECK(hipDeviceReset());
}

static void *worker(void *argument) {
  float factor = (float)(size_t)argument, host[BLOCK], *in, *out;
  hipStream_t stream;
  CHECK(hipStreamCreate(&stream));
  CHECK(hipMalloc((void **)&in, sizeof(host)));
  CHECK(hipMalloc((void **)&out, sizeof(host)));
  void *params[] = {&out, &in, &factor};
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < BLOCK; ++i)
      host[i] = (float)(round * BLOCK + i);
    CHECK(
        hipMemcpyAsync(in, host, sizeof(host), hipMemcpyHostToDevice, stream));
    CHECK(hipModuleLaunchKernel(reverse, 1, 1, 1, BLOCK, 1, 1, 0, stream,
                                params, NULL));
    CHECK(
        hipMemcpyAsync(host, out, sizeof(host), hipMemcpyDeviceToHost, stream));
    CHECK(hipStreamSynchronize(stream));
    for (int i = 0; i < BLOCK; ++i)
      if (host[i] != factor * (float)(round * BLOCK + BLOCK - 1 - i)) {
        printf("thread %g, round %d: got %g\n", factor, round, host[i]);
        exit(1);
      }
  }
  CHECK(hipFree(in));
  CHECK(hipFree(out));
  CHECK(hipStreamDestroy(stream));
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t threads[8];
  (void)argc;
  CHECK(hipModuleLoad(&module, argv[1]));
  CHECK(hipModuleGetFunction(&gather, module, "gather"));
  CHECK(hipModuleGetFunction(&reverse, module, "reverse"));
  buffers();
  for (size_t i = 0; i < 8; ++i)
    pthread_create(&threads[i], NULL, worker, (void *)(i + 1));
  for (size_t i = 0; i < 8; ++i)
    pthread_join(threads[i], NULL);
  puts("good");
  return 0;
}
