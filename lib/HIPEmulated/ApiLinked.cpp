//===- ApiLinked.cpp - kernels that are linked into a program -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What clang's HIP host code calls: an offload bundle in the program's own
// image, registered before main, kernels and variables known by the address of
// a host symbol, launches by <<<...>>>. The code is loaded at the first use,
// since no device has been asked for at registration.
//
//===----------------------------------------------------------------------===//

#include "Api.h"

using namespace moe::hip;

MOE_HIP_API hipModuleLaunchKernel(Function *function, unsigned gridX,
                                  unsigned gridY, unsigned gridZ,
                                  unsigned blockX, unsigned blockY,
                                  unsigned blockZ, unsigned dynamicLds,
                                  Stream *stream, void **params, void **extra);
MOE_HIP_API hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
    int *blocks, Function *function, int blockSize, size_t dynamicLds);
MOE_HIP_API hipMemcpyAsync(void *target, const void *source, size_t size,
                           int kind, Stream *stream);
MOE_HIP_API hipMemcpy(void *target, const void *source, size_t size, int kind);

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
/// What the compiler writes into the program, __CudaFatBinaryWrapper.
struct Wrapper {
  uint32_t magic, version;
  const void *image;
  void *unused;
};
constexpr uint32_t wrapperMagic = 0x48495046; // "HIPF"

struct LinkedCode {
  const void *image;
  Module *module = nullptr;
};

/// By the address of the host's symbol.
struct Linked {
  std::mutex mutex;
  struct Symbol {
    LinkedCode *code;
    std::string name;
  };
  std::map<const void *, Symbol> symbols;
};
} // namespace

static Linked &linked() {
  static auto *table = new Linked; // programs unregister after main
  return *table;
}

extern "C" __attribute__((visibility("default"))) LinkedCode *
__hipRegisterFatBinary(const Wrapper *wrapper) {
  bool good = wrapper && wrapper->magic == wrapperMagic;
  if (!good)
    Device::get().report("error: expected a HIP fat binary in the program");
  return new LinkedCode{good ? wrapper->image : nullptr};
}

static void add(LinkedCode *code, const void *host, const char *name) {
  std::lock_guard<std::mutex> lock(linked().mutex);
  linked().symbols[host] = {code, name};
}

extern "C" __attribute__((visibility("default"))) void
__hipRegisterFunction(LinkedCode *code, const void *host, char *,
                      const char *name, unsigned, void *, void *, void *,
                      void *, int *) {
  add(code, host, name);
}
extern "C" __attribute__((visibility("default"))) void
__hipRegisterVar(LinkedCode *code, void *host, char *, const char *name, int,
                 size_t, int, int) {
  add(code, host, name);
}
extern "C" __attribute__((visibility("default"))) void
__hipUnregisterFatBinary(LinkedCode *code) {
  // Work that is still queued has its code; the table keeps what it names.
  std::lock_guard<std::mutex> lock(linked().mutex);
  for (auto it = linked().symbols.begin(); it != linked().symbols.end();)
    it = it->second.code == code ? linked().symbols.erase(it) : std::next(it);
}

/// The module and name of a host symbol; loads the code at the first use.
static Status resolve(Device &device, const void *host, Module *&module,
                      std::string &name) {
  std::lock_guard<std::mutex> lock(linked().mutex);
  auto found = linked().symbols.find(host);
  if (found == linked().symbols.end())
    return hipErrorInvalidSymbol;
  LinkedCode *code = found->second.code;
  if (!code->module)
    if (Status status = device.loadModule(code->image, &code->module))
      return status;
  module = code->module;
  name = found->second.name;
  return hipSuccess;
}

Function *moe::hip::findLinkedKernel(Device &device, const void *host) {
  Module *module = nullptr;
  std::string name;
  Function *function = nullptr;
  if (device.ready() == hipSuccess &&
      resolve(device, host, module, name) == hipSuccess)
    device.findFunction(module, name.c_str(), &function);
  return function;
}

static Status findSymbol(Device &device, const void *host, void **pointer,
                         size_t *size) {
  Module *module = nullptr;
  std::string name;
  Status status = resolve(device, host, module, name);
  return status == hipSuccess
             ? device.findVariable(module, name.c_str(), pointer, size)
             : status;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

namespace {
struct CallConfiguration {
  Dim3 grid, block;
  size_t dynamicLds;
  Stream *stream;
};
} // namespace

/// Between <<<...>>> and the host's stub of the kernel.
static std::vector<CallConfiguration> &pushed() {
  thread_local std::vector<CallConfiguration> configurations;
  return configurations;
}

MOE_HIP_API __hipPushCallConfiguration(Dim3 grid, Dim3 block, size_t dynamicLds,
                                       Stream *stream) {
  pushed().push_back({grid, block, dynamicLds, stream});
  return hipSuccess;
}
MOE_HIP_API __hipPopCallConfiguration(Dim3 *grid, Dim3 *block,
                                      size_t *dynamicLds, Stream **stream) {
  if (pushed().empty())
    return finish(hipErrorMissingConfiguration);
  CallConfiguration top = pushed().back();
  pushed().pop_back();
  *grid = top.grid;
  *block = top.block;
  *dynamicLds = top.dynamicLds;
  *stream = top.stream;
  return hipSuccess;
}

MOE_HIP_API hipLaunchKernel(const void *host, Dim3 grid, Dim3 block,
                            void **params, size_t dynamicLds, Stream *stream) {
  Function *function = nullptr;
  int status = call([&](Device &device) {
    function = findLinkedKernel(device, host);
    return function ? hipSuccess : hipErrorInvalidDeviceFunction;
  });
  if (status != hipSuccess)
    return status;
  return hipModuleLaunchKernel(
      function, grid.x, grid.y, grid.z, block.x, block.y, block.z,
      unsigned(std::min<size_t>(dynamicLds, UINT32_MAX)), stream, params,
      nullptr);
}
MOE_HIP_ALIAS(hipLaunchKernel_spt, hipLaunchKernel);

MOE_HIP_API hipOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                         const void *host,
                                                         int blockSize,
                                                         size_t dynamicLds) {
  Function *function = nullptr;
  int status = call([&](Device &device) {
    function = findLinkedKernel(device, host);
    return function ? hipSuccess : hipErrorInvalidDeviceFunction;
  });
  return status == hipSuccess
             ? hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
                   blocks, function, blockSize, dynamicLds)
             : status;
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

MOE_HIP_API hipGetSymbolAddress(void **pointer, const void *symbol) {
  return call([&](Device &device) {
    return pointer ? findSymbol(device, symbol, pointer, nullptr)
                   : hipErrorInvalidValue;
  });
}
MOE_HIP_API hipGetSymbolSize(size_t *size, const void *symbol) {
  return call([&](Device &device) {
    return size ? findSymbol(device, symbol, nullptr, size)
                : hipErrorInvalidValue;
  });
}

/// The address of `size` bytes from `offset` on in a variable.
static Status within(Device &device, const void *symbol, size_t size,
                     size_t offset, void *&pointer) {
  size_t bytes = 0;
  void *base = nullptr;
  Status status = findSymbol(device, symbol, &base, &bytes);
  if (status != hipSuccess)
    return status;
  if (offset > bytes || size > bytes - offset)
    return hipErrorInvalidValue;
  pointer = static_cast<char *>(base) + offset;
  return hipSuccess;
}

MOE_HIP_API hipMemcpyToSymbol(const void *symbol, const void *source,
                              size_t size, size_t offset, int kind) {
  void *target = nullptr;
  int status = call([&](Device &device) {
    return within(device, symbol, size, offset, target);
  });
  return status == hipSuccess ? hipMemcpy(target, source, size, kind) : status;
}
MOE_HIP_API hipMemcpyFromSymbol(void *target, const void *symbol, size_t size,
                                size_t offset, int kind) {
  void *source = nullptr;
  int status = call([&](Device &device) {
    return within(device, symbol, size, offset, source);
  });
  return status == hipSuccess ? hipMemcpy(target, source, size, kind) : status;
}
MOE_HIP_API hipMemcpyToSymbolAsync(const void *symbol, const void *source,
                                   size_t size, size_t offset, int kind,
                                   Stream *stream) {
  void *target = nullptr;
  int status = call([&](Device &device) {
    return within(device, symbol, size, offset, target);
  });
  return status == hipSuccess
             ? hipMemcpyAsync(target, source, size, kind, stream)
             : status;
}
MOE_HIP_API hipMemcpyFromSymbolAsync(void *target, const void *symbol,
                                     size_t size, size_t offset, int kind,
                                     Stream *stream) {
  void *source = nullptr;
  int status = call([&](Device &device) {
    return within(device, symbol, size, offset, source);
  });
  return status == hipSuccess
             ? hipMemcpyAsync(target, source, size, kind, stream)
             : status;
}
MOE_HIP_ALIAS(hipMemcpyToSymbol_spt, hipMemcpyToSymbol);
MOE_HIP_ALIAS(hipMemcpyFromSymbol_spt, hipMemcpyFromSymbol);
