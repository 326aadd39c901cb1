//===- ApiMemory.cpp - allocation, copies, sets ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// HIP's functions about linear memory. Copies and sets check at the call that
// every byte on the device's side lies in one allocation, and the report says
// which does not; what is on the host's side is the program's own business, as
// it is for HIP. A copy from or to pageable host memory is done when the call
// returns, stream or not.
//
//===----------------------------------------------------------------------===//

#include "Api.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace moe::hip;

/// Refuses a pointer: the report says what the call wants of it and what is
/// there.
static Status refuse(Device &device, const char *name,
                     const std::string &expected, const void *pointer) {
  device.report(name + (": expected " + expected) + ", got " +
                device.memory.describe(pointer));
  return hipErrorInvalidValue;
}

static std::string bytesOf(size_t bytes, const char *what) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes") +
         " of one allocation as " + what;
}

//===----------------------------------------------------------------------===//
// Allocation
//===----------------------------------------------------------------------===//

static int allocate(void **pointer, size_t size, MemoryKind kind,
                    unsigned flags = 0) {
  return call([&](Device &device) {
    return device.memory.allocate(size, kind, flags, pointer);
  });
}

/// Freeing waits for the device, since its work may still use the memory.
static int release(const char *name, void *pointer, MemoryKind kind,
                   MemoryKind orKind, const char *allocators) {
  return call([&](Device &device) {
    Status waited = device.queue.waitAll();
    if (device.memory.release(pointer, kind, orKind) != hipSuccess)
      return refuse(device, name,
                    std::string("the start of an allocation of ") + allocators,
                    pointer);
    return afterWait(device, waited);
  });
}

MOE_HIP_API hipMalloc(void **pointer, size_t size) {
  return allocate(pointer, size, MemoryKind::Device);
}
MOE_HIP_API hipExtMallocWithFlags(void **pointer, size_t size, unsigned flags) {
  // Uncached and contiguous memory are HIP 6's; a signal is one number.
  enum { Default, FineGrained, Signal, Uncached, Contiguous };
  if (flags > Contiguous || (flags == Signal && size != 8))
    return finish(hipErrorInvalidValue);
  return allocate(pointer, size, MemoryKind::Device, flags);
}
/// Unlike the others not of no bytes.
MOE_HIP_API hipMallocManaged(void **pointer, size_t size, unsigned flags) {
  enum { AttachGlobal = 1, AttachHost };
  if (!size || (flags != AttachGlobal && flags != AttachHost))
    return finish(hipErrorInvalidValue);
  return allocate(pointer, size, MemoryKind::Managed, flags);
}
MOE_HIP_API hipHostMalloc(void **pointer, size_t size, unsigned flags) {
  const unsigned both = 0xc0000000u; // coherent, and not coherent
  if ((flags & both) == both)
    return finish(hipErrorInvalidValue);
  return allocate(pointer, size, MemoryKind::Host, flags);
}
MOE_HIP_API hipHostAlloc(void **pointer, size_t size, unsigned flags) {
  return hipHostMalloc(pointer, size, flags);
}
MOE_HIP_API hipMallocHost(void **pointer, size_t size) {
  return allocate(pointer, size, MemoryKind::Host);
}
MOE_HIP_API hipMemAllocHost(void **pointer, size_t size) {
  return allocate(pointer, size, MemoryKind::Host);
}
MOE_HIP_API hipFree(void *pointer) {
  return release(__func__, pointer, MemoryKind::Device, MemoryKind::Managed,
                 "hipMalloc or hipMallocManaged");
}
MOE_HIP_API hipHostFree(void *pointer) {
  return release(__func__, pointer, MemoryKind::Host, MemoryKind::Host,
                 "hipHostMalloc");
}
MOE_HIP_API hipFreeHost(void *pointer) { return hipHostFree(pointer); }

MOE_HIP_API hipMallocPitch(void **pointer, size_t *pitch, size_t width,
                           size_t height) {
  if (!pitch || width > SIZE_MAX - 127)
    return finish(hipErrorInvalidValue);
  *pitch = (width + 127) / 128 * 128;
  if (height && *pitch > SIZE_MAX / height)
    return finish(hipErrorOutOfMemory);
  return hipMalloc(pointer, *pitch * height);
}
MOE_HIP_API hipMemAllocPitch(void **pointer, size_t *pitch, size_t width,
                             size_t height, unsigned) {
  return hipMallocPitch(pointer, pitch, width, height);
}

MOE_HIP_API hipMallocAsync(void **pointer, size_t size, Stream *handle) {
  return callOn(handle, [&](Device &device, Stream &) {
    return device.memory.allocate(size, MemoryKind::Device, 0, pointer);
  });
}
/// From the call on nothing may use it; what was called before still does.
MOE_HIP_API hipFreeAsync(void *pointer, Stream *handle) {
  const char *name = __func__;
  return callOn(handle, [&](Device &device, Stream &stream) -> Status {
    if (device.memory.retire(pointer) != hipSuccess)
      return refuse(device, name,
                    "the start of an allocation of hipMallocAsync", pointer);
    device.queue.submit(stream, [&device, pointer] {
      device.memory.unmap(pointer);
      return hipSuccess;
    });
    return hipSuccess;
  });
}

MOE_HIP_API hipHostRegister(void *pointer, size_t size, unsigned flags) {
  return call([&](Device &device) {
    return device.memory.add(pointer, size, MemoryKind::Registered, flags, "");
  });
}
MOE_HIP_API hipHostUnregister(void *pointer) {
  return call([&](Device &device) {
    Status waited = device.queue.waitAll();
    Status removed = device.memory.remove(pointer, MemoryKind::Registered);
    if (removed == hipSuccess)
      return afterWait(device, waited);
    refuse(device, "hipHostUnregister", "memory of hipHostRegister", pointer);
    return removed;
  });
}

//===----------------------------------------------------------------------===//
// Questions about pointers
//===----------------------------------------------------------------------===//

static bool isHostMemory(const Allocation &allocation) {
  return allocation.kind == MemoryKind::Host ||
         allocation.kind == MemoryKind::Registered;
}

MOE_HIP_API hipHostGetDevicePointer(void **target, void *pointer,
                                    unsigned flags) {
  return call([&](Device &device) -> Status {
    std::optional<Allocation> found = device.memory.find(pointer);
    if (!target || flags || !found || !isHostMemory(*found))
      return hipErrorInvalidValue;
    *target = pointer;
    return hipSuccess;
  });
}
MOE_HIP_API hipHostGetFlags(unsigned *flags, void *pointer) {
  return call([&](Device &device) -> Status {
    std::optional<Allocation> found = device.memory.find(pointer);
    if (!flags || !found || !isHostMemory(*found))
      return hipErrorInvalidValue;
    *flags = found->flags;
    return hipSuccess;
  });
}
MOE_HIP_API hipMemGetInfo(size_t *free, size_t *total) {
  return call([&](Device &device) -> Status {
    const ChipFacts *chip = device.chip();
    if (!free || !total)
      return hipErrorInvalidValue;
    *total = chip ? chip->memoryGiB << 30 : device.memory.total();
    uint64_t used = device.memory.used();
    *free = *total > used ? *total - used : 0;
    return hipSuccess;
  });
}
MOE_HIP_API hipMemGetAddressRange(void **base, size_t *size, void *pointer) {
  return call([&](Device &device) -> Status {
    std::optional<Allocation> found = device.memory.find(pointer);
    if (!found)
      return hipErrorNotFound;
    if (base)
      *base = reinterpret_cast<void *>(found->base);
    if (size)
      *size = found->size;
    return hipSuccess;
  });
}
MOE_HIP_API hipMemPtrGetInfo(void *pointer, size_t *size) {
  return call([&](Device &device) -> Status {
    std::optional<Allocation> found = device.memory.find(pointer);
    if (!size || !found)
      return hipErrorInvalidValue;
    *size = found->size;
    return hipSuccess;
  });
}
MOE_HIP_API hipPointerGetAttributes(PointerAttribute5 *target,
                                    const void *pointer) {
  return call([&](Device &device) -> Status {
    std::optional<Allocation> found = device.memory.find(pointer);
    if (!target || !found)
      return hipErrorInvalidValue;
    *target = PointerAttribute5();
    target->memoryType = !isHostMemory(*found);
    target->devicePointer = const_cast<void *>(pointer);
    if (found->kind != MemoryKind::Device &&
        found->kind != MemoryKind::Variable)
      target->hostPointer = const_cast<void *>(pointer);
    target->isManaged = found->kind == MemoryKind::Managed;
    target->allocationFlags = found->flags;
    return hipSuccess;
  });
}
MOE_HIP_API hipPointerGetAttribute(void *target, int attribute, void *pointer) {
  // Numbers of hipPointer_attribute.
  enum { Context = 1, Type, DevicePtr, HostPtr, BufferId = 7, IsManaged };
  enum { Ordinal = 9, RangeStart = 11, RangeSize, Mapped, Last = 17 };
  return call([&](Device &device) -> Status {
    std::optional<Allocation> found = device.memory.find(pointer);
    if (!target || !found)
      return hipErrorInvalidValue;
    auto set = [&](auto value) {
      std::memcpy(target, &value, sizeof(value));
      return hipSuccess;
    };
    switch (attribute) {
    case Type:
      return set(int(!isHostMemory(*found)));
    case DevicePtr:
      return set(pointer);
    case HostPtr:
      return isHostMemory(*found) || found->kind == MemoryKind::Managed
                 ? set(pointer)
                 : hipErrorInvalidValue;
    case BufferId:
      return set(unsigned(found->id));
    case IsManaged:
      return set(found->kind == MemoryKind::Managed);
    case Ordinal:
      return set(0);
    case RangeStart:
      return set(found->base);
    case RangeSize:
      return set(size_t(found->size));
    case Mapped:
      return set(true);
    default:
      return attribute >= Context && attribute <= Last ? hipErrorNotSupported
                                                       : hipErrorInvalidValue;
    }
  });
}

/// A hint where memory should be, the device's or the host's: of no effect
/// here, but it has to be about memory.
static Status takeHint(Device &device, const char *name, const void *pointer,
                       size_t bytes, int place) {
  const int host = -1;
  if (place != 0 && place != host)
    return hipErrorInvalidDevice;
  return bytes && device.memory.covers(pointer, bytes)
             ? hipSuccess
             : refuse(device, name, bytesOf(bytes, "memory"), pointer);
}
MOE_HIP_API hipMemAdvise(const void *pointer, size_t bytes, int advice,
                         int place) {
  enum { ReadMostly = 1, NotReadMostly, NotAccessedBy = 6 };
  enum { CoarseGrain = 100, NotCoarseGrain };
  const char *name = __func__;
  return call([&](Device &device) -> Status {
    if ((advice < ReadMostly || advice > NotAccessedBy) &&
        advice != CoarseGrain && advice != NotCoarseGrain)
      return hipErrorInvalidValue;
    bool isPlaceless = advice == ReadMostly || advice == NotReadMostly;
    return takeHint(device, name, pointer, bytes, isPlaceless ? 0 : place);
  });
}
MOE_HIP_API hipMemPrefetchAsync(const void *pointer, size_t bytes, int place,
                                Stream *handle) {
  const char *name = __func__;
  return callOn(handle, [&](Device &device, Stream &) {
    return takeHint(device, name, pointer, bytes, place);
  });
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

namespace {
/// `height` rows of `width` bytes, a pitch apart.
struct Block {
  void *target;
  size_t targetPitch;
  const void *source;
  size_t sourcePitch, width, height;
};
} // namespace

/// From the first byte of the rows to the last; where that passes 2^64, more
/// than any allocation has.
static size_t extent(size_t pitch, size_t width, size_t height) {
  return llvm::SaturatingMultiplyAdd(pitch, height - 1, width);
}

/// Whether a side is what the kind says it is; sets `pageable` where it is
/// memory that HIP does not know.
static bool isSide(Device &device, const void *pointer, size_t bytes,
                   bool mustBeDevice, bool &pageable) {
  if (device.memory.covers(pointer, bytes))
    return true;
  // Begins in an allocation: it does not fit there.
  if (!pointer || mustBeDevice || device.memory.find(pointer))
    return false;
  pageable = true;
  return true;
}

static Status copy(const char *name, Device &device, Stream &stream,
                   const Block &block, int kind, bool async) {
  if (!block.width || !block.height)
    return hipSuccess;
  if (kind < hipMemcpyHostToHost || kind > hipMemcpyDefault)
    return hipErrorInvalidMemcpyDirection;
  if (block.height > 1 &&
      (block.targetPitch < block.width || block.sourcePitch < block.width))
    return hipErrorInvalidPitchValue;
  bool toDevice =
      kind == hipMemcpyHostToDevice || kind == hipMemcpyDeviceToDevice;
  bool fromDevice =
      kind == hipMemcpyDeviceToHost || kind == hipMemcpyDeviceToDevice;
  bool pageable = false;
  size_t written = extent(block.targetPitch, block.width, block.height);
  if (!isSide(device, block.target, written, toDevice, pageable))
    return refuse(device, name, bytesOf(written, "target"), block.target);
  size_t read = extent(block.sourcePitch, block.width, block.height);
  if (!isSide(device, block.source, read, fromDevice, pageable))
    return refuse(device, name, bytesOf(read, "source"), block.source);
  device.queue.submit(stream, [block] {
    for (size_t row = 0; row < block.height; ++row)
      std::memmove(static_cast<char *>(block.target) + row * block.targetPitch,
                   static_cast<const char *>(block.source) +
                       row * block.sourcePitch,
                   block.width);
    return hipSuccess;
  });
  if (async && !pageable)
    return hipSuccess;
  return afterWait(device, device.queue.wait(stream));
}

static int copyLinear(const char *name, void *target, const void *source,
                      size_t size, int kind, Stream *handle, bool async) {
  return callOn(handle, [&](Device &device, Stream &stream) {
    return copy(name, device, stream, {target, size, source, size, size, 1},
                kind, async);
  });
}

MOE_HIP_API hipMemcpy(void *target, const void *source, size_t size, int kind) {
  return copyLinear(__func__, target, source, size, kind, nullptr, false);
}
MOE_HIP_API hipMemcpyAsync(void *target, const void *source, size_t size,
                           int kind, Stream *stream) {
  return copyLinear(__func__, target, source, size, kind, stream, true);
}
MOE_HIP_API hipMemcpyWithStream(void *target, const void *source, size_t size,
                                int kind, Stream *stream) {
  return copyLinear(__func__, target, source, size, kind, stream, false);
}
MOE_HIP_API hipMemcpyHtoD(void *target, void *source, size_t size) {
  return hipMemcpy(target, source, size, hipMemcpyHostToDevice);
}
MOE_HIP_API hipMemcpyDtoH(void *target, void *source, size_t size) {
  return hipMemcpy(target, source, size, hipMemcpyDeviceToHost);
}
MOE_HIP_API hipMemcpyDtoD(void *target, void *source, size_t size) {
  return hipMemcpy(target, source, size, hipMemcpyDeviceToDevice);
}
MOE_HIP_API hipMemcpyHtoDAsync(void *target, void *source, size_t size,
                               Stream *stream) {
  return hipMemcpyAsync(target, source, size, hipMemcpyHostToDevice, stream);
}
MOE_HIP_API hipMemcpyDtoHAsync(void *target, void *source, size_t size,
                               Stream *stream) {
  return hipMemcpyAsync(target, source, size, hipMemcpyDeviceToHost, stream);
}
MOE_HIP_API hipMemcpyDtoDAsync(void *target, void *source, size_t size,
                               Stream *stream) {
  return hipMemcpyAsync(target, source, size, hipMemcpyDeviceToDevice, stream);
}
MOE_HIP_API hipMemcpyPeer(void *target, int targetDevice, const void *source,
                          int sourceDevice, size_t size) {
  return targetDevice || sourceDevice
             ? finish(hipErrorInvalidDevice)
             : hipMemcpy(target, source, size, hipMemcpyDeviceToDevice);
}
MOE_HIP_API hipMemcpyPeerAsync(void *target, int targetDevice,
                               const void *source, int sourceDevice,
                               size_t size, Stream *stream) {
  return targetDevice || sourceDevice
             ? finish(hipErrorInvalidDevice)
             : hipMemcpyAsync(target, source, size, hipMemcpyDeviceToDevice,
                              stream);
}
MOE_HIP_API hipMemcpy2D(void *target, size_t targetPitch, const void *source,
                        size_t sourcePitch, size_t width, size_t height,
                        int kind) {
  const char *name = __func__;
  return callOn(nullptr, [&](Device &device, Stream &stream) {
    return copy(name, device, stream,
                {target, targetPitch, source, sourcePitch, width, height}, kind,
                false);
  });
}
MOE_HIP_API hipMemcpy2DAsync(void *target, size_t targetPitch,
                             const void *source, size_t sourcePitch,
                             size_t width, size_t height, int kind,
                             Stream *handle) {
  const char *name = __func__;
  return callOn(handle, [&](Device &device, Stream &stream) {
    return copy(name, device, stream,
                {target, targetPitch, source, sourcePitch, width, height}, kind,
                true);
  });
}

//===----------------------------------------------------------------------===//
// Sets
//===----------------------------------------------------------------------===//

/// Sets `count` elements; a set never waits unless asked to.
template <typename T>
static int set(const char *name, void *target, T value, size_t count,
               Stream *handle, bool async) {
  return callOn(handle, [&](Device &device, Stream &stream) -> Status {
    if (!count)
      return hipSuccess;
    if (count > SIZE_MAX / sizeof(T))
      return hipErrorInvalidValue;
    if (!device.memory.covers(target, count * sizeof(T)))
      return refuse(device, name, bytesOf(count * sizeof(T), "target"), target);
    device.queue.submit(stream, [target, value, count] {
      for (size_t i = 0; i < count; ++i)
        std::memcpy(static_cast<char *>(target) + i * sizeof(T), &value,
                    sizeof(T));
      return hipSuccess;
    });
    return async ? hipSuccess : afterWait(device, device.queue.wait(stream));
  });
}

MOE_HIP_API hipMemset(void *target, int value, size_t size) {
  return set(__func__, target, uint8_t(value), size, nullptr, false);
}
MOE_HIP_API hipMemsetAsync(void *target, int value, size_t size,
                           Stream *stream) {
  return set(__func__, target, uint8_t(value), size, stream, true);
}
MOE_HIP_API hipMemsetD8(void *target, unsigned char value, size_t count) {
  return set(__func__, target, value, count, nullptr, false);
}
MOE_HIP_API hipMemsetD8Async(void *target, unsigned char value, size_t count,
                             Stream *stream) {
  return set(__func__, target, value, count, stream, true);
}
MOE_HIP_API hipMemsetD16(void *target, unsigned short value, size_t count) {
  return set(__func__, target, value, count, nullptr, false);
}
MOE_HIP_API hipMemsetD16Async(void *target, unsigned short value, size_t count,
                              Stream *stream) {
  return set(__func__, target, value, count, stream, true);
}
MOE_HIP_API hipMemsetD32(void *target, int value, size_t count) {
  return set(__func__, target, value, count, nullptr, false);
}
MOE_HIP_API hipMemsetD32Async(void *target, int value, size_t count,
                              Stream *stream) {
  return set(__func__, target, value, count, stream, true);
}

static int setRows(const char *name, void *target, size_t pitch, int value,
                   size_t width, size_t height, Stream *handle, bool async) {
  return callOn(handle, [&](Device &device, Stream &stream) -> Status {
    if (!width || !height)
      return hipSuccess;
    if (height > 1 && pitch < width)
      return hipErrorInvalidPitchValue;
    size_t bytes = extent(pitch, width, height);
    if (!device.memory.covers(target, bytes))
      return refuse(device, name, bytesOf(bytes, "target"), target);
    device.queue.submit(stream, [=] {
      for (size_t row = 0; row < height; ++row)
        std::memset(static_cast<char *>(target) + row * pitch, value, width);
      return hipSuccess;
    });
    return async ? hipSuccess : afterWait(device, device.queue.wait(stream));
  });
}
MOE_HIP_API hipMemset2D(void *target, size_t pitch, int value, size_t width,
                        size_t height) {
  return setRows(__func__, target, pitch, value, width, height, nullptr, false);
}
MOE_HIP_API hipMemset2DAsync(void *target, size_t pitch, int value,
                             size_t width, size_t height, Stream *stream) {
  return setRows(__func__, target, pitch, value, width, height, stream, true);
}

// Built with a default stream for each thread: here the one default stream.
MOE_HIP_ALIAS(hipMemcpy_spt, hipMemcpy);
MOE_HIP_ALIAS(hipMemcpyAsync_spt, hipMemcpyAsync);
MOE_HIP_ALIAS(hipMemcpy2D_spt, hipMemcpy2D);
MOE_HIP_ALIAS(hipMemset_spt, hipMemset);
MOE_HIP_ALIAS(hipMemset2D_spt, hipMemset2D);
