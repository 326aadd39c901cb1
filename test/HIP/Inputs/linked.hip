// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program with its kernels in it, as hipcc builds one; without hipcc's own
// headers, which want device libraries.
#define __HIP_PLATFORM_AMD__
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#include <cstdio>
#include <cstdlib>
#include <hip/hip_runtime_api.h>

extern "C" hipError_t __hipPushCallConfiguration(dim3, dim3, size_t,
                                                 hipStream_t);

static void check(hipError_t error, const char *what) {
  if (error == hipSuccess)
    return;
  std::printf("%s: %s\n", what, hipGetErrorName(error));
  std::exit(1);
}
#define CHECK(CALL) check(CALL, #CALL)

__device__ int offset = 3;

__global__ void shift(int *out, int step) {
  __shared__ int staged[64];
  int i = __builtin_amdgcn_workitem_id_x();
  staged[i] = step * i;
  __builtin_amdgcn_s_barrier();
  out[i] = staged[63 - i] + offset;
}

static int run(int *device, int index) {
  int host[64];
  shift<<<dim3(1), dim3(64)>>>(device, 2);
  CHECK(hipGetLastError());
  CHECK(hipMemcpy(host, device, sizeof(host), hipMemcpyDeviceToHost));
  return host[index];
}

int main() {
  int *device, value = 100, read = 0, blocks = 0;
  hipFuncAttributes attributes;
  CHECK(hipMalloc((void **)&device, 64 * sizeof(int)));
  std::printf("%d %d\n", run(device, 0), run(device, 63));
  CHECK(hipMemcpyToSymbol(offset, &value, sizeof(value), 0,
                          hipMemcpyHostToDevice));
  std::printf("%d %d\n", run(device, 0), run(device, 63));
  CHECK(hipMemcpyFromSymbol(&read, offset, sizeof(read), 0,
                            hipMemcpyDeviceToHost));
  CHECK(hipFuncGetAttributes(&attributes, (const void *)shift));
  CHECK(hipOccupancyMaxActiveBlocksPerMultiprocessor(
      &blocks, (const void *)shift, 64, 0));
  std::printf("%d, LDS %zu, resident %d\n", read, attributes.sharedSizeBytes,
              blocks);
  std::printf("%s\n",
              hipGetErrorName(hipMemcpyToSymbol(offset, &value, sizeof(value),
                                                1, hipMemcpyHostToDevice)));
  std::printf("%s\n",
              hipGetErrorName(hipLaunchKernel((const void *)&value, dim3(1),
                                              dim3(1), nullptr, 0, nullptr)));
}
