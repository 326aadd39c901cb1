/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A HIP host program as anybody writes one: HIP's own header, no word of the
 * emulator. host CODE [KERNEL] runs `reverse` twice on two streams, or does
 * what KERNEL is for, and checks the numbers.
 */
#define __HIP_PLATFORM_AMD__
#include <hip/hip_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(CALL)                                                            \
  do {                                                                         \
    hipError_t error = (CALL);                                                 \
    if (error != hipSuccess) {                                                 \
      printf("%s: %s\n", #CALL, hipGetErrorName(error));                       \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)
#define EXPECT(CALL, ERROR)                                                    \
  do {                                                                         \
    hipError_t error = (CALL);                                                 \
    if (error != (ERROR)) {                                                    \
      printf("%s: expected %s, got %s\n", #CALL, #ERROR,                       \
             hipGetErrorName(error));                                          \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

enum { BLOCK = 256, BLOCKS = 4, COUNT = BLOCK * BLOCKS };

static void die(const char *what, int index, double want, double got) {
  printf("%s[%d]: expected %g, got %g\n", what, index, want, got);
  exit(1);
}

static void count_call(hipStream_t stream, hipError_t status, void *calls) {
  (void)stream;
  *(int *)calls += status == hipSuccess;
}

static void reverse(hipFunction_t kernel) {
  float *in, *out[2];
  hipStream_t streams[2];
  hipEvent_t copied, start, stop;
  float *staged, *result[2];
  size_t bytes = COUNT * sizeof(float);
  CHECK(hipHostMalloc((void **)&staged, bytes, hipHostMallocDefault));
  CHECK(hipMalloc((void **)&in, bytes));
  for (int i = 0; i < COUNT; ++i)
    staged[i] = (float)i;
  CHECK(hipEventCreateWithFlags(&copied, hipEventDisableTiming));
  CHECK(hipEventCreate(&start));
  CHECK(hipEventCreate(&stop));
  for (int s = 0; s < 2; ++s) {
    CHECK(hipStreamCreateWithFlags(&streams[s], hipStreamNonBlocking));
    CHECK(hipMalloc((void **)&out[s], bytes));
    CHECK(hipHostMalloc((void **)&result[s], bytes, hipHostMallocDefault));
  }
  CHECK(hipMemcpyAsync(in, staged, bytes, hipMemcpyHostToDevice, streams[0]));
  CHECK(hipEventRecord(copied, streams[0]));
  CHECK(hipStreamWaitEvent(streams[1], copied, 0));
  /* Arguments one by one on the first stream, as a buffer on the second. */
  float factor = 2;
  void *params[] = {&out[0], &in, &factor};
  CHECK(hipEventRecord(start, streams[0]));
  CHECK(hipModuleLaunchKernel(kernel, BLOCKS, 1, 1, BLOCK, 1, 1, 0, streams[0],
                              params, NULL));
  factor = 7; /* the launch has its arguments */
  CHECK(hipEventRecord(stop, streams[0]));
  struct {
    float *out, *in;
    float factor;
  } packed = {out[1], in, 3};
  size_t size = sizeof(packed);
  void *extra[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &packed,
                   HIP_LAUNCH_PARAM_BUFFER_SIZE, &size, HIP_LAUNCH_PARAM_END};
  CHECK(hipModuleLaunchKernel(kernel, BLOCKS, 1, 1, BLOCK, 1, 1, 0, streams[1],
                              NULL, extra));
  int calls = 0;
  for (int s = 0; s < 2; ++s) {
    CHECK(hipMemcpyAsync(result[s], out[s], bytes, hipMemcpyDeviceToHost,
                         streams[s]));
    CHECK(hipStreamAddCallback(streams[s], count_call, &calls, 0));
  }
  for (int s = 0; s < 2; ++s) {
    CHECK(hipStreamSynchronize(streams[s]));
    for (int i = 0; i < COUNT; ++i) {
      int source = i / BLOCK * BLOCK + BLOCK - 1 - i % BLOCK;
      if (result[s][i] != (float)((2 + s) * source))
        die("out", i, (2 + s) * source, result[s][i]);
    }
  }
  if (calls != 2)
    die("calls", 0, 2, calls);
  float milliseconds = -1;
  CHECK(hipEventSynchronize(stop));
  CHECK(hipEventElapsedTime(&milliseconds, start, stop));
  if (!(milliseconds > 0))
    die("elapsed", 0, 1, milliseconds);
  for (int s = 0; s < 2; ++s) {
    CHECK(hipFree(out[s]));
    CHECK(hipHostFree(result[s]));
    CHECK(hipStreamDestroy(streams[s]));
  }
  CHECK(hipEventDestroy(copied));
  CHECK(hipEventDestroy(start));
  CHECK(hipEventDestroy(stop));
  CHECK(hipFree(in));
  CHECK(hipHostFree(staged));
}

static void overrun(hipFunction_t kernel) {
  float *out, *other;
  int count = 100;
  CHECK(hipMalloc((void **)&out, 400));
  CHECK(hipMalloc((void **)&other, 400));
  void *params[] = {&out, &count};
  CHECK(hipModuleLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
  EXPECT(hipDeviceSynchronize(), hipErrorLaunchFailure);
  /* The device stays as it is until it is reset. */
  EXPECT(hipModuleLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL),
         hipErrorLaunchFailure);
  EXPECT(hipGetLastError(), hipErrorLaunchFailure);
  EXPECT(hipGetLastError(), hipSuccess);
  CHECK(hipDeviceReset());
  CHECK(hipDeviceSynchronize());
}

static void follow(hipFunction_t kernel) {
  int registered[64], *target, *pointers[1] = {registered}, **table;
  struct {
    int *target, count;
  } links;
  int result[64] = {0};
  for (int i = 0; i < 64; ++i)
    registered[i] = 10 * i;
  CHECK(
      hipHostRegister(registered, sizeof(registered), hipHostRegisterDefault));
  EXPECT(hipHostRegister(registered + 4, 16, hipHostRegisterDefault),
         hipErrorHostMemoryAlreadyRegistered);
  CHECK(hipMalloc((void **)&target, sizeof(result) + 256));
  CHECK(hipMemset(target, 0, sizeof(result)));
  CHECK(hipMalloc((void **)&table, sizeof(pointers)));
  CHECK(hipMemcpyHtoD(table, pointers, sizeof(pointers)));
  links.target = target + 16; /* the middle of an allocation */
  links.count = 48;
  unsigned offset = 0;
  void *params[] = {&links, &table, &offset};
  CHECK(hipModuleLaunchKernel(kernel, 1, 1, 1, 64, 1, 1, 64 * sizeof(int), NULL,
                              params, NULL));
  CHECK(hipMemcpy(result, target, sizeof(result), hipMemcpyDefault));
  for (int i = 0; i < 64; ++i)
    if (result[i] != (i < 16 ? 0 : 10 * (i - 16) + 1))
      die("result", i, i < 16 ? 0 : 10 * (i - 16) + 1, result[i]);
  CHECK(hipHostUnregister(registered));
  EXPECT(hipHostUnregister(registered), hipErrorHostMemoryNotRegistered);
}

static void count(hipModule_t module, hipFunction_t kernel) {
  int *out, result[3], *counter, value;
  size_t size = 0;
  CHECK(hipMallocManaged((void **)&out, sizeof(int), hipMemAttachGlobal));
  void *params[] = {&out};
  CHECK(
      hipModuleGetGlobal((hipDeviceptr_t *)&counter, &size, module, "counter"));
  for (int i = 0; i < 3; ++i) {
    CHECK(
        hipModuleLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
    CHECK(hipDeviceSynchronize());
    result[i] = *out;
    if (i == 1) { /* the host writes it between two launches */
      value = 70;
      CHECK(hipMemcpyHtoD(counter, &value, sizeof(value)));
    }
  }
  CHECK(hipMemcpyDtoH(&value, counter, sizeof(value)));
  printf("count: %d %d %d %d, %zu bytes\n", result[0], result[1], result[2],
         value, size);
}

/* Errors that programs meet. */
static void misuse(hipModule_t module, hipFunction_t kernel) {
  char host[64] = {0}, *device, *freed;
  hipFunction_t none;
  void *unknown = (void *)0x123456;
  CHECK(hipMalloc((void **)&device, 64));
  CHECK(hipMalloc((void **)&freed, 64));
  CHECK(hipFree(freed));
  EXPECT(hipFree(freed), hipErrorInvalidValue);
  EXPECT(hipFree(device + 4), hipErrorInvalidValue);
  EXPECT(hipMemcpy(device, host, 65, hipMemcpyHostToDevice),
         hipErrorInvalidValue);
  EXPECT(hipMemcpy(unknown, host, 1, hipMemcpyHostToDevice),
         hipErrorInvalidValue);
  EXPECT(hipMemcpy(host, freed, 1, hipMemcpyDeviceToHost),
         hipErrorInvalidValue);
  EXPECT(hipMemset(device + 32, 0, 33), hipErrorInvalidValue);
  EXPECT(hipMemset(unknown, 0, 1), hipErrorInvalidValue);
  EXPECT(hipMemcpy(device, host, 1, (hipMemcpyKind)9),
         hipErrorInvalidMemcpyDirection);
  EXPECT(hipMalloc((void **)&freed, (size_t)1 << 50), hipErrorOutOfMemory);
  EXPECT(hipModuleGetFunction(&none, module, "nothing"), hipErrorNotFound);
  EXPECT(
      hipModuleLaunchKernel(kernel, 1, 1, 1, 2048, 1, 1, 0, NULL, NULL, NULL),
      hipErrorInvalidValue);
  void *params[] = {&device, &device, &device};
  EXPECT(
      hipModuleLaunchKernel(kernel, 1, 1, 1, 2048, 1, 1, 0, NULL, params, NULL),
      hipErrorInvalidConfiguration);
  EXPECT(
      hipModuleLaunchKernel(kernel, 0, 1, 1, 64, 1, 1, 0, NULL, params, NULL),
      hipErrorInvalidConfiguration);
  EXPECT(hipModuleLaunchKernel(kernel, 1, 1, 1, 64, 1, 1, 1 << 20, NULL, params,
                               NULL),
         hipErrorInvalidValue);
  EXPECT(hipModuleLaunchKernel((hipFunction_t)unknown, 1, 1, 1, 64, 1, 1, 0,
                               NULL, params, NULL),
         hipErrorInvalidHandle);
  EXPECT(hipStreamSynchronize((hipStream_t)unknown), hipErrorInvalidHandle);
  EXPECT(hipEventSynchronize((hipEvent_t)unknown), hipErrorInvalidHandle);
  EXPECT(hipSetDevice(1), hipErrorInvalidDevice);
  hipGraph_t graph;
  EXPECT(hipGraphCreate(&graph, 0), hipErrorNotSupported);
  CHECK(hipModuleUnload(module));
  EXPECT(hipModuleUnload(module), hipErrorInvalidHandle);
  EXPECT(
      hipModuleLaunchKernel(kernel, 1, 1, 1, 64, 1, 1, 0, NULL, params, NULL),
      hipErrorInvalidHandle);
}

static void describe(hipFunction_t kernel) {
  hipDeviceProp_t properties;
  int value, blocks, grid, block;
  size_t free, total;
  char name[64];
  hipPointerAttribute_t attributes;
  float *device;
  CHECK(hipGetDeviceProperties(&properties, 0));
  printf("name: %s\narch: %s\nunits: %d\nlds: %zu\nmemory: %zu GiB\n",
         properties.name, properties.gcnArchName,
         properties.multiProcessorCount, properties.sharedMemPerBlock,
         properties.totalGlobalMem >> 30);
  CHECK(hipDeviceGetName(name, sizeof(name), 0));
  printf("same name: %d\n", !strcmp(name, properties.name));
  CHECK(hipDeviceGetAttribute(&value, hipDeviceAttributeWarpSize, 0));
  printf("wave: %d\n", value);
  EXPECT(hipDeviceGetAttribute(&value, hipDeviceAttributeMaxSurface1D, 0),
         hipErrorInvalidValue);
  CHECK(hipMalloc((void **)&device, 1 << 20));
  CHECK(hipMemGetInfo(&free, &total));
  printf("used: %zu\n", total - free);
  CHECK(hipPointerGetAttributes(&attributes, device + 5));
  printf("device memory: %d\n", attributes.memoryType == hipMemoryTypeDevice);
  CHECK(hipFuncGetAttribute(&value, HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
                            kernel));
  printf("static lds: %d\n", value);
  CHECK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256,
                                                           32768));
  CHECK(hipModuleOccupancyMaxPotentialBlockSize(&grid, &block, kernel, 0, 0));
  printf("resident: %d, block %d, grid %d\n", blocks, block, grid);
  /* 54272 bytes three times would fit gfx950, but LDS is given out in units of
   * 1280. */
  CHECK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 256,
                                                           53248));
  printf("in units of LDS: %d\n", blocks);
}

/* A child of a process that has used the device gets an error, not its
 * parent's device, and ends; the parent goes on. */
static void forked(hipFunction_t kernel) {
  reverse(kernel);
  pid_t child = fork();
  if (!child) {
    void *memory;
    EXPECT(hipMalloc(&memory, 64), hipErrorNotInitialized);
    EXPECT(hipDeviceSynchronize(), hipErrorNotInitialized);
    exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (status != 0)
    die("status", 0, 0, status);
  reverse(kernel);
}

int main(int argc, char **argv) {
  hipModule_t module;
  hipFunction_t kernel;
  int devices = 0;
  const char *what = argc > 2 ? argv[2] : "reverse";
  CHECK(hipInit(0));
  CHECK(hipGetDeviceCount(&devices));
  CHECK(hipSetDevice(0));
  CHECK(hipModuleLoad(&module, argv[1]));
  int hasKernel = !strcmp(what, "overrun") || !strcmp(what, "follow") ||
                  !strcmp(what, "count");
  CHECK(hipModuleGetFunction(&kernel, module, hasKernel ? what : "reverse"));
  if (!strcmp(what, "overrun"))
    overrun(kernel);
  else if (!strcmp(what, "follow"))
    follow(kernel);
  else if (!strcmp(what, "count"))
    count(module, kernel);
  else if (!strcmp(what, "misuse"))
    misuse(module, kernel);
  else if (!strcmp(what, "describe"))
    describe(kernel);
  else if (!strcmp(what, "forked"))
    forked(kernel);
  else
    reverse(kernel);
  printf("%s: good\n", what);
  return 0;
}
