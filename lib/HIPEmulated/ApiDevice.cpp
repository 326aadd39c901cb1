//===- ApiDevice.cpp - devices, contexts and errors -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// HIP's functions about the device itself, of which there is one, number 0.
//
//===----------------------------------------------------------------------===//

#include "Api.h"
#include "moe/Emulator/Chip.h"
#include "llvm/ADT/StringRef.h"
#include <atomic>
#include <cstdio>
#include <cstring>

using namespace moe::hip;

Status &moe::hip::lastError() {
  thread_local Status error = hipSuccess;
  return error;
}

MOE_HIP_API hipGetLastError() {
  Status error = lastError();
  lastError() = hipSuccess;
  return error;
}
MOE_HIP_API hipPeekAtLastError() { return lastError(); }

extern "C" __attribute__((visibility("default"))) const char *
hipGetErrorName(int error) {
  switch (error) {
#define MOE_HIP_ERROR(NAME, VALUE, TEXT)                                       \
  case VALUE:                                                                  \
    return #NAME;
#include "moe/HIP/Errors.def"
  default:
    return "hipErrorUnknown";
  }
}

extern "C" __attribute__((visibility("default"))) const char *
hipGetErrorString(int error) {
  switch (error) {
#define MOE_HIP_ERROR(NAME, VALUE, TEXT)                                       \
  case VALUE:                                                                  \
    return TEXT;
#include "moe/HIP/Errors.def"
  default:
    return "unknown error";
  }
}

/// Not HIP's: for a library that brings its own code (libmoe_gpu_runtime.so).
/// Before any other call; then a missing MOE_HIP_CONFIG is no error, and the
/// device's chip is that of the first code object.
MOE_HIP_API moeHipChipFromCode() {
  Device::get().takeChipFromCode();
  return hipSuccess;
}

//===----------------------------------------------------------------------===//
// Which device
//===----------------------------------------------------------------------===//

/// Calls `body(device, facts)` for device 0 of a known chip.
template <typename Body>
static int ofDevice(int ordinal, Body body) {
  return call([&](Device &device) -> Status {
    const ChipFacts *chip = device.chip();
    return ordinal == 0 && chip ? body(device, *chip) : hipErrorInvalidDevice;
  });
}

/// Stores a value where a pointer for it was given.
template <typename T, typename V>
static Status store(T *target, V value) {
  if (!target)
    return hipErrorInvalidValue;
  *target = value;
  return hipSuccess;
}

MOE_HIP_API hipInit(unsigned flags) {
  return flags ? finish(hipErrorInvalidValue) : accept();
}
MOE_HIP_API hipGetDeviceCount(int *count) {
  if (!count)
    return finish(hipErrorInvalidValue);
  *count = Device::get().ready() == hipSuccess;
  return *count ? hipSuccess : finish(hipErrorNoDevice);
}
MOE_HIP_API hipGetDevice(int *ordinal) {
  return call([&](Device &) { return store(ordinal, 0); });
}
MOE_HIP_API hipSetDevice(int ordinal) {
  return call([&](Device &) {
    return ordinal == 0 ? hipSuccess : hipErrorInvalidDevice;
  });
}
MOE_HIP_API hipDeviceGet(int *device, int ordinal) {
  return ordinal ? finish(hipErrorInvalidDevice) : hipGetDevice(device);
}
MOE_HIP_API hipRuntimeGetVersion(int *version) {
  // That of the interface, HIP_VERSION of 5.2.
  return finish(store(version, 50200000));
}
MOE_HIP_API hipDriverGetVersion(int *version) {
  return hipRuntimeGetVersion(version);
}

//===----------------------------------------------------------------------===//
// What it is
//===----------------------------------------------------------------------===//

static int64_t ldsOf(const ChipFacts &chip) {
  auto found = moe::emulator::findChip(chip.name);
  return found ? moe::emulator::ldsLimit(*found) : 0;
}

static std::optional<int> attributeOf(const ChipFacts &chip, int number) {
  const int64_t lds = ldsOf(chip);
  switch (number) {
#define MOE_HIP_ATTRIBUTE(NAME, NUMBER, VALUE)                                 \
  case NUMBER:                                                                 \
    return int(VALUE);
#include "Attributes.def"
  default:
    return std::nullopt;
  }
}

namespace {
/// Names of Attributes.def.
enum Attribute : int {
#define MOE_HIP_ATTRIBUTE(NAME, NUMBER, VALUE) NAME = NUMBER,
#include "Attributes.def"
};
} // namespace

static std::string productOf(const ChipFacts &chip) {
  return std::string(chip.product) + " (emulated)";
}

static void copyName(char (&target)[256], const std::string &name) {
  std::strncpy(target, name.c_str(), sizeof(target) - 1);
}

/// What both layouts of the properties have.
template <typename Properties>
static void fill(Properties &p, const ChipFacts &chip) {
  std::memset(&p, 0, sizeof(p));
  auto get = [&](Attribute attribute) { return *attributeOf(chip, attribute); };
  copyName(p.name, productOf(chip));
  copyName(p.gcnArchName, std::string(chip.name) + ":sramecc+:xnack-");
  p.totalGlobalMem = chip.memoryGiB << 30;
  p.sharedMemPerBlock = size_t(get(MaxSharedMemoryPerBlock));
  p.maxSharedMemoryPerMultiProcessor = p.sharedMemPerBlock;
  p.regsPerBlock = get(MaxRegistersPerBlock);
  p.warpSize = get(WarpSize);
  p.maxThreadsPerBlock = get(MaxThreadsPerBlock);
  p.maxThreadsDim[0] = get(MaxBlockDimX);
  p.maxThreadsDim[1] = get(MaxBlockDimY);
  p.maxThreadsDim[2] = get(MaxBlockDimZ);
  p.maxGridSize[0] = get(MaxGridDimX);
  p.maxGridSize[1] = get(MaxGridDimY);
  p.maxGridSize[2] = get(MaxGridDimZ);
  p.clockRate = get(ClockRate);
  p.memoryClockRate = get(MemoryClockRate);
  p.memoryBusWidth = get(MemoryBusWidth);
  p.totalConstMem = size_t(get(TotalConstantMemory));
  p.major = get(ComputeCapabilityMajor);
  p.minor = get(ComputeCapabilityMinor);
  p.multiProcessorCount = get(MultiprocessorCount);
  p.l2CacheSize = get(L2CacheSize);
  p.maxThreadsPerMultiProcessor = get(MaxThreadsPerMultiProcessor);
  p.clockInstructionRate = get(ClockInstructionRate);
  p.concurrentKernels = get(ConcurrentKernels);
  p.pciBusID = get(PciBusId);
  p.canMapHostMemory = get(CanMapHostMemory);
  p.ECCEnabled = get(EccEnabled);
  p.memPitch = size_t(get(MaxPitch));
  p.textureAlignment = size_t(get(TextureAlignment));
  p.texturePitchAlignment = size_t(get(TexturePitchAlignment));
  p.isLargeBar = get(IsLargeBar);
  p.managedMemory = get(ManagedMemory);
  p.directManagedMemAccessFromHost = get(DirectManagedMemAccessFromHost);
  p.concurrentManagedAccess = get(ConcurrentManagedAccess);
  p.arch = ArchGlobalInt32Atomics | ArchGlobalFloatAtomicExch |
           ArchSharedInt32Atomics | ArchSharedFloatAtomicExch |
           ArchFloatAtomicAdd | ArchGlobalInt64Atomics |
           ArchSharedInt64Atomics | ArchDoubles | ArchWarpVote |
           ArchWarpBallot | ArchWarpShuffle | ArchThreadFenceSystem |
           Arch3dGrid;
}

MOE_HIP_API hipGetDeviceProperties(DeviceProp5 *properties, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &chip) {
    if (!properties)
      return hipErrorInvalidValue;
    fill(*properties, chip);
    properties->gcnArch = std::atoi(chip.name + std::strlen("gfx"));
    return hipSuccess;
  });
}

MOE_HIP_API hipGetDevicePropertiesR0600(DeviceProp6 *properties, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &chip) {
    if (!properties)
      return hipErrorInvalidValue;
    DeviceProp6 &p = *properties;
    fill(p, chip);
    std::memcpy(p.uuid, "moe-emulated-GPU", sizeof(p.uuid));
    auto get = [&](Attribute attribute) {
      return *attributeOf(chip, attribute);
    };
    p.deviceOverlap = get(DeviceOverlap);
    p.asyncEngineCount = get(AsyncEngineCount);
    p.unifiedAddressing = get(UnifiedAddressing);
    p.streamPrioritiesSupported = get(StreamPrioritiesSupported);
    p.sharedMemPerMultiprocessor = p.sharedMemPerBlock;
    p.sharedMemPerBlockOptin = p.sharedMemPerBlock;
    p.regsPerMultiprocessor = get(MaxRegistersPerMultiprocessor);
    p.hostNativeAtomicSupported = get(HostNativeAtomicSupported);
    p.canUseHostPointerForRegisteredMem =
        get(CanUseHostPointerForRegisteredMem);
    p.maxBlocksPerMultiProcessor = get(MaxBlocksPerMultiProcessor);
    p.hostRegisterSupported = 1;
    return hipSuccess;
  });
}

MOE_HIP_API hipDeviceGetAttribute(int *value, int attribute, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &chip) {
    std::optional<int> found = attributeOf(chip, attribute);
    return found ? store(value, *found) : hipErrorInvalidValue;
  });
}
MOE_HIP_API hipDeviceGetName(char *name, int length, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &chip) {
    if (!name || length <= 0)
      return hipErrorInvalidValue;
    std::strncpy(name, productOf(chip).c_str(), size_t(length));
    name[length - 1] = 0;
    return hipSuccess;
  });
}
MOE_HIP_API hipDeviceTotalMem(size_t *bytes, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &chip) {
    return store(bytes, chip.memoryGiB << 30);
  });
}
MOE_HIP_API hipDeviceComputeCapability(int *major, int *minor, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &chip) {
    Status status = store(major, *attributeOf(chip, ComputeCapabilityMajor));
    return status == hipSuccess
               ? store(minor, *attributeOf(chip, ComputeCapabilityMinor))
               : status;
  });
}
MOE_HIP_API hipDeviceGetUuid(char *uuid, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &) {
    if (!uuid)
      return hipErrorInvalidValue;
    std::memcpy(uuid, "moe-emulated-GPU", 16);
    return hipSuccess;
  });
}

/// What the attributes say: domain 0, bus 1, device 0, and function 0.
static constexpr char pciBusId[] = "0000:01:00.0";

MOE_HIP_API hipDeviceGetPCIBusId(char *id, int length, int ordinal) {
  return ofDevice(ordinal, [&](Device &, const ChipFacts &) {
    if (!id || length < int(sizeof(pciBusId)))
      return hipErrorInvalidValue;
    std::memcpy(id, pciBusId, sizeof(pciBusId));
    return hipSuccess;
  });
}
MOE_HIP_API hipDeviceGetByPCIBusId(int *device, const char *id) {
  return call([&](Device &) {
    unsigned domain, bus, slot, function = 0;
    bool isOurs =
        id &&
        std::sscanf(id, "%x:%x:%x.%x", &domain, &bus, &slot, &function) >= 3 &&
        !domain && bus == 1 && !slot && !function;
    return isOurs ? store(device, 0) : hipErrorInvalidValue;
  });
}
/// The best device for some properties is the only one.
MOE_HIP_API hipChooseDevice(int *device, const void *properties) {
  return properties ? hipGetDevice(device) : finish(hipErrorInvalidValue);
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

MOE_HIP_API hipDeviceSynchronize() {
  return call([](Device &device) {
    Status status = device.queue.waitAll();
    return afterWait(device, status);
  });
}
MOE_HIP_API hipDeviceReset() {
  return call([](Device &device) {
    device.queue.waitAll();
    device.reset();
    return hipSuccess;
  });
}
MOE_HIP_API hipDeviceGetStreamPriorityRange(int *least, int *greatest) {
  return call([&](Device &) {
    if (least)
      *least = leastPriority;
    if (greatest)
      *greatest = greatestPriority;
    return hipSuccess;
  });
}

/// How the host waits: stored and told, and of no other effect here.
static std::atomic<unsigned> scheduling{0};

MOE_HIP_API hipSetDeviceFlags(unsigned flags) {
  enum { Spin = 1, Yield = 2, Block = 4, MapHost = 8, ResizeLocal = 0x16 };
  return call([&](Device &) {
    unsigned schedule = flags & (Spin | Yield | Block);
    if ((flags & ~(schedule | MapHost | ResizeLocal)) ||
        (schedule & (schedule - 1)))
      return hipErrorInvalidValue;
    scheduling = schedule;
    return hipSuccess;
  });
}
MOE_HIP_API hipGetDeviceFlags(unsigned *flags) {
  return call([&](Device &) { return store(flags, scheduling.load()); });
}

// Hints about caches and banks, which these chips ignore.
MOE_HIP_API hipDeviceSetCacheConfig(int config) {
  return call([&](Device &) { return checkCacheConfig(config); });
}
MOE_HIP_API hipDeviceGetCacheConfig(int *config) {
  return call([&](Device &) { return store(config, 0); });
}
MOE_HIP_API hipDeviceSetSharedMemConfig(int config) {
  return call([&](Device &) { return checkBankConfig(config); });
}
MOE_HIP_API hipDeviceGetSharedMemConfig(int *config) {
  const int fourByteBanks = 1;
  return call([&](Device &) { return store(config, fourByteBanks); });
}

/// Limits are of a heap and of output of kernels, which they do not have here.
MOE_HIP_API hipDeviceGetLimit(size_t *value, int) {
  return call([&](Device &) {
    return value ? hipErrorUnsupportedLimit : hipErrorInvalidValue;
  });
}

// Peers: there is no other device, and none is a peer of itself.
MOE_HIP_API hipDeviceCanAccessPeer(int *can, int ordinal, int peer) {
  return call([&](Device &) {
    return ordinal || peer ? hipErrorInvalidDevice : store(can, 0);
  });
}
MOE_HIP_API hipDeviceEnablePeerAccess(int, unsigned flags) {
  return call([&](Device &) {
    return flags ? hipErrorInvalidValue : hipErrorInvalidDevice;
  });
}
MOE_HIP_API hipDeviceDisablePeerAccess(int) {
  return call([](Device &) { return hipErrorInvalidDevice; });
}

//===----------------------------------------------------------------------===//
// Contexts: there is one, of the device
//===----------------------------------------------------------------------===//

/// Any address that is no program's.
static char contextObject;
static void *const theContext = &contextObject;

/// How often this thread has made it current and not taken that back. It is
/// the one that calls use in any case.
static unsigned &depth() {
  thread_local unsigned pushed = 0;
  return pushed;
}

MOE_HIP_API hipCtxCreate(void **context, unsigned flags, int ordinal) {
  int status = ordinal    ? finish(hipErrorInvalidDevice)
               : !context ? finish(hipErrorInvalidValue)
                          : hipSetDeviceFlags(flags);
  if (status == hipSuccess) {
    *context = theContext;
    ++depth();
  }
  return status;
}
MOE_HIP_API hipCtxDestroy(void *context) {
  return call([&](Device &) {
    if (context != theContext)
      return hipErrorInvalidValue;
    depth() -= depth() > 0;
    return hipSuccess;
  });
}
MOE_HIP_API hipCtxGetCurrent(void **context) {
  return call([&](Device &) { return store(context, theContext); });
}
/// In place of the one that was current.
MOE_HIP_API hipCtxSetCurrent(void *context) {
  return call([&](Device &) {
    if (context && context != theContext)
      return hipErrorInvalidContext;
    depth() -= depth() > 0;
    depth() += context != nullptr;
    return hipSuccess;
  });
}
MOE_HIP_API hipCtxPushCurrent(void *context) {
  return call([&](Device &) {
    if (context != theContext)
      return hipErrorInvalidContext;
    ++depth();
    return hipSuccess;
  });
}
MOE_HIP_API hipCtxPopCurrent(void **context) {
  return call([&](Device &) {
    if (!depth())
      return hipErrorInvalidContext;
    --depth();
    if (context)
      *context = theContext;
    return hipSuccess;
  });
}
MOE_HIP_API hipCtxGetDevice(int *device) { return hipGetDevice(device); }
MOE_HIP_API hipCtxGetApiVersion(void *context, int *version) {
  return call([&](Device &) {
    return !context || context == theContext ? store(version, 4)
                                             : hipErrorInvalidContext;
  });
}
MOE_HIP_API hipCtxGetFlags(unsigned *flags) { return hipGetDeviceFlags(flags); }
MOE_HIP_API hipCtxSynchronize() { return hipDeviceSynchronize(); }
MOE_HIP_API hipDevicePrimaryCtxRetain(void **context, int ordinal) {
  return ordinal ? finish(hipErrorInvalidDevice) : hipCtxGetCurrent(context);
}
MOE_HIP_API hipDevicePrimaryCtxRelease(int ordinal) {
  return hipSetDevice(ordinal);
}
MOE_HIP_API hipDevicePrimaryCtxReset(int ordinal) {
  return ordinal ? finish(hipErrorInvalidDevice) : hipDeviceReset();
}
/// It is in use from the start, and then its flags are what they are.
MOE_HIP_API hipDevicePrimaryCtxSetFlags(int ordinal, unsigned) {
  return call([&](Device &) {
    return ordinal ? hipErrorInvalidDevice : hipErrorContextAlreadyInUse;
  });
}
MOE_HIP_API hipDevicePrimaryCtxGetState(int ordinal, unsigned *flags,
                                        int *active) {
  return call([&](Device &) {
    if (ordinal)
      return hipErrorInvalidDevice;
    if (flags)
      *flags = scheduling;
    if (active)
      *active = 1;
    return hipSuccess;
  });
}
