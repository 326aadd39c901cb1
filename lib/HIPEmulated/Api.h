//===- Api.h - how HIP's functions are written here -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the Api files share: the export macro, the last error of a thread, and
// the check that there is a device. Their functions have HIP's names, arguments
// and errors; what they do is HIP's documentation, where nothing is said.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_HIPEMULATED_API_H
#define MOE_LIB_HIPEMULATED_API_H

#include "Device.h"

/// Before a function of HIP's C interface. Which names leave the library, and
/// with which version, is said in Exports.map.
#define MOE_HIP_API extern "C" __attribute__((visibility("default"))) int

/// A second name of a function in the same file.
#define MOE_HIP_ALIAS(NAME, TARGET)                                            \
  extern "C" __attribute__((visibility("default"), alias(#TARGET))) int NAME()

namespace moe::hip {

/// Error of the last call that failed in this thread.
Status &lastError();

/// What every function ends with: remembers an error.
inline int finish(Status status) {
  if (status != hipSuccess && status != hipErrorNotReady)
    lastError() = status;
  return status;
}

/// Calls `body(device)` if there is a device.
template <typename Body>
int call(Body body) {
  Device &device = Device::get();
  Status status = device.ready();
  return finish(status == hipSuccess ? body(device) : status);
}

/// The same with the stream of a handle.
template <typename Body>
int callOn(Stream *handle, Body body) {
  return call([&](Device &device) -> Status {
    Stream *stream = device.queue.stream(handle);
    return stream ? body(device, *stream) : hipErrorInvalidHandle;
  });
}

/// What a synchronising function returns: a device that failed stays failed.
inline Status afterWait(Device &device, Status status) {
  return device.failure() != hipSuccess ? device.failure() : status;
}

/// For functions of no effect here.
inline int accept() {
  return call([](Device &) { return hipSuccess; });
}

/// Priorities of streams: a smaller number is a greater one.
inline constexpr int leastPriority = 1, greatestPriority = -1;

/// Whether a number is a hipFuncCache_t or a hipSharedMemConfig.
inline Status checkCacheConfig(int config) {
  return config >= 0 && config <= 3 ? hipSuccess : hipErrorInvalidValue;
}
inline Status checkBankConfig(int config) {
  return config >= 0 && config <= 2 ? hipSuccess : hipErrorInvalidValue;
}

/// The handle of a kernel that is linked into the program (ApiLinked.cpp), by
/// the address of its host function; null if that is none.
Function *findLinkedKernel(Device &device, const void *host);

} // namespace moe::hip

#endif // MOE_LIB_HIPEMULATED_API_H
