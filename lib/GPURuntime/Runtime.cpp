//===- Runtime.cpp - what upstream's gpu-to-llvm calls --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libmoe_gpu_runtime.so: the mgpu functions that `-gpu-to-llvm` and
// gpu.binary's translation refer to, over HIP's module API. They run on a GPU
// where HIP has one and in the emulator everywhere else, so that host programs
// in MLIR run under the stock mlir-runner. Their signatures are upstream's
// (the conversion GPUToLLVM, the translation of gpu.binary). They return
// nothing that could say an error: an error ends the program with exit code 1.
//
//===----------------------------------------------------------------------===//

#include "moe/HIP/Library.h"
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace moe::hip;

#define MOE_MGPU(TYPE) extern "C" __attribute__((visibility("default"))) TYPE

[[noreturn]] static void fail(const std::string &message) {
  // Not exit(): the caller's frames are code that was compiled at run time.
  std::fflush(nullptr);
  std::fprintf(stderr, "libmoe_gpu_runtime: error: %s\n", message.c_str());
  std::fflush(stderr);
  _exit(1);
}

/// The library of the process, a GPU's, or the emulated one beside this one.
static std::unique_ptr<Library> choose() {
  if (std::unique_ptr<Library> present = Library::ofProcess())
    return present;
  std::string reason;
  std::unique_ptr<Library> gpu = Library::load("", reason);
  if (gpu && gpu->hasDevice(reason))
    return gpu;
  std::unique_ptr<Library> emulated =
      Library::load("libamdhip64_emulated.so", reason);
  if (!emulated)
    fail(reason);
  // What runs brings its code along, and that says its chip.
  reinterpret_cast<int (*)()>(emulated->find("moeHipChipFromCode"))();
  return emulated;
}

static const Library &hip() {
  static const Library *library = choose().release();
  return *library;
}

static void check(int status, const char *function) {
  if (status == hipSuccess)
    return;
  std::string message =
      std::string(function) + ": " + Library::describe(status);
  if (status == hipErrorLaunchFailure)
    message +=
        "; memory that a kernel touches comes from gpu.alloc or is known "
        "by gpu.host_register (-moe-share-buffers makes gpu.alloc of "
        "memref.alloc)";
  fail(message);
}

/// Calls one of the library's functions, by name.
#define MOE_CALL(FUNCTION, ...) check(hip().FUNCTION(__VA_ARGS__), #FUNCTION)

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

/// `image`: a code object or an offload bundle of `size` bytes.
MOE_MGPU(Module *) mgpuModuleLoad(void *image, size_t) {
  Module *module = nullptr;
  MOE_CALL(hipModuleLoadData, &module, image);
  return module;
}
MOE_MGPU(Module *) mgpuModuleLoadJIT(void *, int, size_t) {
  fail("mgpuModuleLoadJIT: expected a gpu.binary with code objects "
       "(format=bin), got one that is to be assembled at run time");
}
MOE_MGPU(void) mgpuModuleUnload(Module *module) {
  MOE_CALL(hipModuleUnload, module);
}
MOE_MGPU(Function *) mgpuModuleGetFunction(Module *module, const char *name) {
  Function *function = nullptr;
  MOE_CALL(hipModuleGetFunction, &function, module, name);
  return function;
}

/// Grid in workgroups, block in work items, `dynamicLds` in bytes; `params`
/// points to each argument.
MOE_MGPU(void)
mgpuLaunchKernel(Function *function, intptr_t gridX, intptr_t gridY,
                 intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                 intptr_t blockZ, int32_t dynamicLds, Stream *stream,
                 void **params, void **extra, size_t) {
  for (intptr_t size : {gridX, gridY, gridZ, blockX, blockY, blockZ})
    if (size < 0 || size > INT32_MAX)
      fail("mgpuLaunchKernel: expected sizes from 0 to 2147483647, got " +
           std::to_string(size));
  if (dynamicLds < 0)
    fail("mgpuLaunchKernel: expected dynamic LDS of at least 0 bytes, got " +
         std::to_string(dynamicLds));
  // A problem of no tokens has a grid without workgroups: nothing to do.
  if (!gridX || !gridY || !gridZ)
    return;
  MOE_CALL(hipModuleLaunchKernel, function, unsigned(gridX), unsigned(gridY),
           unsigned(gridZ), unsigned(blockX), unsigned(blockY),
           unsigned(blockZ), unsigned(dynamicLds), stream, params, extra);
}

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

MOE_MGPU(Stream *) mgpuStreamCreate() {
  Stream *stream = nullptr;
  MOE_CALL(hipStreamCreate, &stream);
  return stream;
}
MOE_MGPU(void) mgpuStreamDestroy(Stream *stream) {
  MOE_CALL(hipStreamDestroy, stream);
}
MOE_MGPU(void) mgpuStreamSynchronize(Stream *stream) {
  MOE_CALL(hipStreamSynchronize, stream);
}
MOE_MGPU(void) mgpuStreamWaitEvent(Stream *stream, Event *event) {
  MOE_CALL(hipStreamWaitEvent, stream, event, 0);
}
MOE_MGPU(Event *) mgpuEventCreate() {
  const unsigned disableTiming = 2;
  Event *event = nullptr;
  MOE_CALL(hipEventCreateWithFlags, &event, disableTiming);
  return event;
}
MOE_MGPU(void) mgpuEventDestroy(Event *event) {
  MOE_CALL(hipEventDestroy, event);
}
MOE_MGPU(void) mgpuEventSynchronize(Event *event) {
  MOE_CALL(hipEventSynchronize, event);
}
MOE_MGPU(void) mgpuEventRecord(Event *event, Stream *stream) {
  MOE_CALL(hipEventRecord, event, stream);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

MOE_MGPU(void *) mgpuMemAlloc(uint64_t size, Stream *, bool isHostShared) {
  void *pointer = nullptr;
  // HIP gives a null pointer for no bytes too, but not of managed memory.
  if (!size)
    return pointer;
  if (isHostShared)
    MOE_CALL(hipMallocManaged, &pointer, size, /*flags: attach globally*/ 1);
  else
    MOE_CALL(hipMalloc, &pointer, size);
  return pointer;
}
MOE_MGPU(void) mgpuMemFree(void *pointer, Stream *) {
  MOE_CALL(hipFree, pointer);
}

static bool isKnown(void *pointer) {
  void *base = nullptr;
  size_t size = 0;
  return hip().hipMemGetAddressRange(&base, &size, pointer) == hipSuccess;
}

MOE_MGPU(void)
mgpuMemcpy(void *target, void *source, size_t size, Stream *stream) {
  if (size && !isKnown(target) && !isKnown(source))
    fail("mgpuMemcpy: expected a side that was allocated by gpu.alloc or "
         "registered by gpu.host_register, got two other pointers");
  MOE_CALL(hipMemcpyAsync, target, source, size, hipMemcpyDefault, stream);
}

/// `count` elements of 4 and of 2 bytes.
MOE_MGPU(void)
mgpuMemset32(void *target, unsigned value, size_t count, Stream *stream) {
  MOE_CALL(hipMemsetD32Async, target, int(value), count, stream);
}
MOE_MGPU(void)
mgpuMemset16(void *target, unsigned short value, size_t count, Stream *stream) {
  MOE_CALL(hipMemsetD16Async, target, value, count, stream);
}

MOE_MGPU(void) mgpuMemHostRegister(void *pointer, uint64_t size) {
  if (size)
    MOE_CALL(hipHostRegister, pointer, size, /*flags: default*/ 0);
}
MOE_MGPU(void) mgpuMemHostUnregister(void *pointer) {
  MOE_CALL(hipHostUnregister, pointer);
}

namespace {
/// A memref descriptor of any rank: `rank` sizes and `rank` strides follow.
struct MemRef {
  char *allocated, *aligned;
  int64_t offset;
  int64_t shape[1];
};
struct Range {
  char *begin;
  uint64_t bytes;
};
} // namespace

/// First byte, and bytes up to the end of the last element.
static Range rangeOf(int64_t rank, const MemRef *memref, int64_t elementBytes) {
  const int64_t *sizes = memref->shape, *strides = sizes + rank;
  int64_t last = 0;
  for (int64_t i = 0; i < rank; ++i) {
    if (sizes[i] == 0)
      return {memref->aligned, 0};
    if (strides[i] < 0)
      fail("gpu.host_register: expected strides of at least 0, got " +
           std::to_string(strides[i]));
    last += (sizes[i] - 1) * strides[i];
  }
  return {memref->aligned + memref->offset * elementBytes,
          uint64_t(last + 1) * uint64_t(elementBytes)};
}

MOE_MGPU(void)
mgpuMemHostRegisterMemRef(int64_t rank, MemRef *memref, int64_t elementBytes) {
  Range range = rangeOf(rank, memref, elementBytes);
  mgpuMemHostRegister(range.begin, range.bytes);
}
MOE_MGPU(void)
mgpuMemHostUnregisterMemRef(int64_t rank, MemRef *memref,
                            int64_t elementBytes) {
  Range range = rangeOf(rank, memref, elementBytes);
  if (range.bytes)
    mgpuMemHostUnregister(range.begin);
}

MOE_MGPU(void) mgpuSetDefaultDevice(int32_t device) {
  MOE_CALL(hipSetDevice, device);
}
