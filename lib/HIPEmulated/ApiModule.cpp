//===- ApiModule.cpp - code objects, kernels, launches --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// HIP's functions about modules: loading, launching, asking about kernels. A
// launch is checked against the kernel's metadata at the call.
//
//===----------------------------------------------------------------------===//

#include "Api.h"
#include "Files/Files.h"
#include "moe/Target/Chip.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace moe::hip;

MOE_HIP_API hipEventRecord(Event *event, Stream *stream);

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

MOE_HIP_API hipModuleLoadData(Module **module, const void *image) {
  return call([&](Device &device) { return device.loadModule(image, module); });
}
MOE_HIP_API hipModuleLoadDataEx(Module **module, const void *image, unsigned,
                                void *, void **) {
  return hipModuleLoadData(module, image);
}
MOE_HIP_API hipModuleLoad(Module **module, const char *path) {
  return call([&](Device &device) -> Status {
    if (!path || !module)
      return hipErrorInvalidValue;
    auto file = moe::files::readText(path, uint64_t(1) << 30);
    if (!file) {
      device.report(toString(file.takeError()));
      return hipErrorFileNotFound;
    }
    return device.loadModule(file->data(), module, file->size());
  });
}
MOE_HIP_API hipModuleUnload(Module *module) {
  return call([&](Device &device) { return device.unloadModule(module); });
}
MOE_HIP_API hipModuleGetFunction(Function **function, Module *module,
                                 const char *name) {
  return call([&](Device &device) {
    return device.findFunction(module, name, function);
  });
}
MOE_HIP_API hipModuleGetGlobal(void **pointer, size_t *size, Module *module,
                               const char *name) {
  return call([&](Device &device) {
    return device.findVariable(module, name, pointer, size);
  });
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// The arguments of kernelParams, one pointer each, as they lie in the kernarg
/// segment.
static Status packArguments(const moe::emulator::KernelInfo &kernel,
                            void **params, std::vector<uint8_t> &kernarg) {
  if (!params)
    return kernel.args.empty() ? hipSuccess : hipErrorInvalidValue;
  for (size_t i = 0; i < kernel.args.size(); ++i) {
    const moe::emulator::KernelArg &arg = kernel.args[i];
    if (!params[i])
      return hipErrorInvalidValue;
    kernarg.resize(std::max<size_t>(kernarg.size(), arg.offset + arg.size));
    std::memcpy(kernarg.data() + arg.offset, params[i], arg.size);
  }
  return hipSuccess;
}

/// The list {key, value, ..., end} with a buffer that is the segment.
static Status takeBuffer(void **extra, std::vector<uint8_t> &kernarg) {
  const void *buffer = nullptr;
  const size_t *size = nullptr;
  for (; *extra != launchParamEnd; extra += 2) {
    if (*extra == launchParamBufferPointer)
      buffer = extra[1];
    else if (*extra == launchParamBufferSize)
      size = static_cast<const size_t *>(extra[1]);
    else
      return hipErrorInvalidValue;
  }
  if (!size || (*size && !buffer))
    return hipErrorInvalidValue;
  const auto *bytes = static_cast<const uint8_t *>(buffer);
  kernarg.assign(bytes, bytes + *size);
  return hipSuccess;
}

static Status launch(Device &device, Stream &stream, Function *handle,
                     Dim3 grid, Dim3 block, size_t dynamicLds, void **params,
                     void **extra) {
  std::optional<Function> function = device.function(handle);
  if (!function)
    return hipErrorInvalidHandle;
  const moe::emulator::KernelInfo &kernel = *function->kernel;
  KernelLaunch request;
  request.function = *function;
  request.grid = {grid.x, grid.y, grid.z};
  request.block = {block.x, block.y, block.z};
  if (params && extra)
    return hipErrorInvalidValue;
  Status status = extra ? takeBuffer(extra, request.kernarg)
                        : packArguments(kernel, params, request.kernarg);
  if (status != hipSuccess) {
    device.report("kernel '" + llvm::Twine(kernel.name) +
                  "': expected its arguments as kernelParams or as extra");
    return status;
  }
  auto refuse = [&](Status status, const llvm::Twine &why) {
    device.report("kernel '" + llvm::Twine(kernel.name) + "': " + why);
    return status;
  };
  // A structure with padding at its end is larger than the arguments.
  if (request.kernarg.size() > kernel.kernargSize)
    request.kernarg.resize(kernel.kernargSize);
  for (uint64_t size : {grid.x, grid.y, grid.z, block.x, block.y, block.z})
    if (!size || size > INT32_MAX)
      return refuse(hipErrorInvalidConfiguration,
                    "expected sizes of grid and block from 1 to 2147483647, "
                    "got " +
                        llvm::Twine(size));
  for (auto [groups, items] :
       {std::pair(grid.x, block.x), {grid.y, block.y}, {grid.z, block.z}})
    if (uint64_t size = uint64_t(groups) * items; size > UINT32_MAX)
      return refuse(hipErrorInvalidConfiguration,
                    "expected fewer than 2^32 work items in one dimension of "
                    "the grid, got " +
                        llvm::Twine(size));
  uint64_t most = kernel.maxFlatWorkgroupSize ? kernel.maxFlatWorkgroupSize
                                              : uint64_t(1024);
  uint64_t items = llvm::SaturatingMultiply<uint64_t>(
      llvm::SaturatingMultiply<uint64_t>(block.x, block.y), block.z);
  if (items > most)
    return refuse(hipErrorInvalidConfiguration,
                  "expected a block of at most " + llvm::Twine(most) +
                      " work items, got " + llvm::Twine(items));
  uint64_t limit = moe::emulator::ldsLimit(function->code->object().chip());
  if (dynamicLds > limit || kernel.ldsSize + dynamicLds > limit)
    return refuse(hipErrorInvalidValue,
                  "expected at most " + llvm::Twine(limit) +
                      " bytes of LDS, got " + llvm::Twine(kernel.ldsSize) +
                      " static and " + llvm::Twine(dynamicLds) + " dynamic");
  request.dynamicLds = uint32_t(dynamicLds);
  return device.launch(stream, std::move(request));
}

MOE_HIP_API hipModuleLaunchKernel(Function *function, unsigned gridX,
                                  unsigned gridY, unsigned gridZ,
                                  unsigned blockX, unsigned blockY,
                                  unsigned blockZ, unsigned dynamicLds,
                                  Stream *handle, void **params, void **extra) {
  return callOn(handle, [&](Device &device, Stream &stream) {
    return launch(device, stream, function, {gridX, gridY, gridZ},
                  {blockX, blockY, blockZ}, dynamicLds, params, extra);
  });
}

/// Its grid counts work items.
MOE_HIP_API hipExtModuleLaunchKernel(Function *function, uint32_t itemsX,
                                     uint32_t itemsY, uint32_t itemsZ,
                                     uint32_t blockX, uint32_t blockY,
                                     uint32_t blockZ, size_t dynamicLds,
                                     Stream *handle, void **params,
                                     void **extra, Event *start, Event *stop,
                                     uint32_t flags) {
  for (auto [items, block] :
       {std::pair(itemsX, blockX), {itemsY, blockY}, {itemsZ, blockZ}})
    if (!block || items % block) {
      Device::get().report("hipExtModuleLaunchKernel: expected a multiple of "
                           "the block's " +
                           llvm::Twine(block) + " work items, got " +
                           llvm::Twine(items) +
                           ": a grid that ends inside a block is not emulated");
      return finish(hipErrorInvalidConfiguration);
    }
  if (flags)
    return finish(hipErrorNotSupported);
  int status = start ? hipEventRecord(start, handle) : hipSuccess;
  if (status == hipSuccess)
    status = hipModuleLaunchKernel(
        function, itemsX / blockX, itemsY / blockY, itemsZ / blockZ, blockX,
        blockY, blockZ, unsigned(std::min<size_t>(dynamicLds, UINT32_MAX)),
        handle, params, extra);
  if (status == hipSuccess && stop)
    status = hipEventRecord(stop, handle);
  return status;
}
MOE_HIP_API hipHccModuleLaunchKernel(Function *function, uint32_t itemsX,
                                     uint32_t itemsY, uint32_t itemsZ,
                                     uint32_t blockX, uint32_t blockY,
                                     uint32_t blockZ, size_t dynamicLds,
                                     Stream *stream, void **params,
                                     void **extra, Event *start, Event *stop) {
  return hipExtModuleLaunchKernel(function, itemsX, itemsY, itemsZ, blockX,
                                  blockY, blockZ, dynamicLds, stream, params,
                                  extra, start, stop, 0);
}

// HIP 5 declares these two as C++: the same functions by their mangled names.
// A program's ihipModuleSymbol_t is our Function.
MOE_HIP_ALIAS(
    _Z24hipExtModuleLaunchKernelP18ihipModuleSymbol_tjjjjjjmP12ihipStream_tPPvS4_P11ihipEvent_tS6_j,
    hipExtModuleLaunchKernel);
MOE_HIP_ALIAS(
    _Z24hipHccModuleLaunchKernelP18ihipModuleSymbol_tjjjjjjmP12ihipStream_tPPvS4_P11ihipEvent_tS6_,
    hipHccModuleLaunchKernel);

//===----------------------------------------------------------------------===//
// Questions about kernels
//===----------------------------------------------------------------------===//

/// Calls `body(device, function)` for a function that exists.
template <typename Body>
static int ofFunction(Function *handle, Body body) {
  return call([&](Device &device) -> Status {
    std::optional<Function> function = device.function(handle);
    return function ? body(device, *function) : hipErrorInvalidHandle;
  });
}

static int mostThreads(const moe::emulator::KernelInfo &kernel) {
  return kernel.maxFlatWorkgroupSize ? int(kernel.maxFlatWorkgroupSize) : 1024;
}

static int freeLds(const Function &function) {
  return int(moe::emulator::ldsLimit(function.code->object().chip()) -
             function.kernel->ldsSize);
}

/// The function of a handle or of a host function that is linked in.
static std::optional<Function> findKernel(Device &device, const void *handle) {
  if (Function *linked = findLinkedKernel(device, handle))
    handle = linked;
  return device.function(static_cast<const Function *>(handle));
}

static FuncAttributes attributesOf(Device &device, const Function &function) {
  FuncAttributes found = FuncAttributes();
  found.binaryVersion = found.ptxVersion = 90 + device.chip()->minor;
  found.localSizeBytes = function.kernel->scratchSize;
  found.maxDynamicSharedSizeBytes = freeLds(function);
  found.maxThreadsPerBlock = mostThreads(*function.kernel);
  found.numRegs = int(function.kernel->vgprCount);
  found.sharedSizeBytes = function.kernel->ldsSize;
  return found;
}

MOE_HIP_API hipFuncGetAttribute(int *value, int attribute, Function *handle) {
  return ofFunction(handle, [&](Device &device, const Function &f) -> Status {
    const FuncAttributes all = attributesOf(device, f);
    // In the order of hipFunction_attribute.
    const size_t values[] = {
        size_t(all.maxThreadsPerBlock),
        all.sharedSizeBytes,
        all.constSizeBytes,
        all.localSizeBytes,
        size_t(all.numRegs),
        size_t(all.ptxVersion),
        size_t(all.binaryVersion),
        size_t(all.cacheModeCA),
        size_t(all.maxDynamicSharedSizeBytes),
        size_t(all.preferredShmemCarveout),
    };
    if (!value || attribute < 0 || size_t(attribute) >= std::size(values))
      return hipErrorInvalidValue;
    *value = int(values[attribute]);
    return hipSuccess;
  });
}

/// Calls `body(device, function)` for a kernel of either kind.
template <typename Body>
static int ofKernel(const void *handle, Body body) {
  return call([&](Device &device) -> Status {
    std::optional<Function> function = findKernel(device, handle);
    return function ? body(device, *function) : hipErrorInvalidDeviceFunction;
  });
}
MOE_HIP_API hipFuncGetAttributes(FuncAttributes *target, const void *handle) {
  return ofKernel(handle, [&](Device &device, const Function &f) -> Status {
    if (!target)
      return hipErrorInvalidValue;
    *target = attributesOf(device, f);
    return hipSuccess;
  });
}
/// A launch may ask for all the LDS there is without this: it only says
/// whether there is as much.
MOE_HIP_API hipFuncSetAttribute(const void *handle, int attribute, int value) {
  enum { MaxDynamicShared = 8, PreferredCarveout = 9 }; // of hipFuncAttribute
  return ofKernel(handle, [&](Device &, const Function &f) -> Status {
    bool isGood = attribute == MaxDynamicShared
                      ? value >= 0 && value <= freeLds(f)
                  : attribute == PreferredCarveout ? value >= -1 && value <= 100
                                                   : false;
    return isGood ? hipSuccess : hipErrorInvalidValue;
  });
}
MOE_HIP_API hipFuncSetCacheConfig(const void *handle, int config) {
  return ofKernel(handle, [&](Device &, const Function &) {
    return checkCacheConfig(config);
  });
}
MOE_HIP_API hipFuncSetSharedMemConfig(const void *handle, int config) {
  return ofKernel(handle, [&](Device &, const Function &) {
    return checkBankConfig(config);
  });
}

/// Workgroups on a compute unit: what its registers and wave slots hold, and
/// what its LDS does, which is given out in units.
static int residentBlocks(const Function &function, int blockSize,
                          size_t dynamicLds) {
  const moe::emulator::KernelInfo &kernel = *function.kernel;
  uint64_t limit = moe::emulator::ldsLimit(function.code->object().chip());
  uint64_t lds = llvm::SaturatingAdd<uint64_t>(kernel.ldsSize, dynamicLds);
  if (blockSize <= 0 || blockSize > mostThreads(kernel) || lds > limit)
    return 0;
  const moe::Chip &chip = *moe::lookupKnownChip(
      moe::emulator::chipName(function.code->object().chip()));
  auto waves = uint64_t(
      chip.simds *
      moe::computeOccupancy(chip, kernel.vgprsAllocated, 0, 0).byRegisters);
  uint64_t blocks =
      waves / llvm::divideCeil(uint64_t(blockSize), uint64_t(chip.waveLanes));
  if (!lds)
    return int(blocks);
  return int(std::min(blocks, uint64_t(chip.ldsBytes) /
                                  llvm::alignTo(lds, uint64_t(chip.ldsUnit))));
}

MOE_HIP_API hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
    int *blocks, Function *handle, int blockSize, size_t dynamicLds) {
  return ofFunction(handle, [&](Device &, const Function &f) -> Status {
    if (!blocks || blockSize <= 0)
      return hipErrorInvalidValue;
    *blocks = residentBlocks(f, blockSize, dynamicLds);
    return hipSuccess;
  });
}
MOE_HIP_API hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, Function *function, int blockSize, size_t dynamicLds,
    unsigned) {
  return hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
      blocks, function, blockSize, dynamicLds);
}
MOE_HIP_API hipModuleOccupancyMaxPotentialBlockSize(int *gridSize,
                                                    int *blockSize,
                                                    Function *handle,
                                                    size_t dynamicLds,
                                                    int limit) {
  return ofFunction(handle, [&](Device &device, const Function &f) -> Status {
    if (!gridSize || !blockSize)
      return hipErrorInvalidValue;
    int most = mostThreads(*f.kernel), best = 0;
    if (limit > 0)
      most = std::min(most, limit);
    *gridSize = *blockSize = 0;
    // The largest block among those with the most waves.
    for (int size = 64; size <= most; size += 64) {
      int blocks = residentBlocks(f, size, dynamicLds);
      if (blocks * size < best)
        continue;
      best = blocks * size;
      *blockSize = size;
      *gridSize = blocks * device.chip()->computeUnits;
    }
    return hipSuccess;
  });
}
MOE_HIP_API hipModuleOccupancyMaxPotentialBlockSizeWithFlags(
    int *gridSize, int *blockSize, Function *function, size_t dynamicLds,
    int limit, unsigned) {
  return hipModuleOccupancyMaxPotentialBlockSize(gridSize, blockSize, function,
                                                 dynamicLds, limit);
}
