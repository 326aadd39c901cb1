//===- HIPExecutor.cpp - kernels on a HIP device --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches by HIP's module API. The places of arguments come from the code
// object's metadata, so that arguments a launch leaves out are zero, as in the
// emulator.
//
//===----------------------------------------------------------------------===//

#include "Translate.h"
#include "moe/Emulator/KernelImage.h"
#include "moe/Executor/HIP.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <chrono>
#include <map>
#include <mutex>

using namespace llvm;
using namespace moe::executor;
namespace hip = moe::hip;

static Error check(int status, const char *function) {
  if (status == hip::hipSuccess)
    return Error::success();
  return createStringError(Twine(function) + ": " +
                           hip::Library::describe(status));
}

Expected<std::shared_ptr<const hip::Library>>
moe::executor::loadHIP(StringRef library) {
  std::string reason;
  std::unique_ptr<hip::Library> loaded =
      hip::Library::load(library.str(), reason);
  if (loaded && loaded->hasDevice(reason))
    return std::shared_ptr<const hip::Library>(std::move(loaded));
  return createStringError(
      reason + "; expected a GPU, or the emulated library and MOE_HIP_CONFIG "
               "(docs/HIP.md)");
}

HIPKernel::HIPKernel(std::shared_ptr<const hip::Library> hip,
                     const Launch &launch)
    : hip(std::move(hip)), launch(launch) {}

/// Frees what there is; errors can no longer be reported.
HIPKernel::~HIPKernel() {
  for (const std::vector<void *> &set : sets)
    for (void *pointer : set)
      if (pointer)
        (void)hip->hipFree(pointer);
  for (hip::Event *event : {start, stop})
    if (event)
      (void)hip->hipEventDestroy(event);
  if (module)
    (void)hip->hipModuleUnload(module);
}

/// Where each argument goes in the kernarg segment, and the explicit bytes.
static Error layOut(const Launch &launch,
                    std::vector<std::optional<uint64_t>> &places,
                    std::vector<uint8_t> &kernarg,
                    std::vector<std::string> &warnings) {
  Expected<moe::emulator::KernelImage> image =
      moe::emulator::KernelImage::load(launch.elf, launch.chip);
  if (!image)
    return image.takeError();
  Expected<const moe::emulator::KernelInfo *> info =
      image->kernel(launch.kernel);
  if (!info)
    return info.takeError();
  moe::emulator::Launch asked;
  for (const Argument &arg : launch.args)
    asked.args.push_back(translate(arg));
  if (Error error =
          moe::emulator::placeArguments(**info, asked).moveInto(places))
    return error;
  if (auto missing = moe::emulator::missingArguments(**info, asked, places))
    warnings.push_back(std::move(*missing));
  for (const moe::emulator::KernelArg &arg : (*info)->args)
    kernarg.resize(std::max<size_t>(kernarg.size(), arg.offset + arg.size));
  for (auto [arg, place] : zip(launch.args, places)) {
    if (!place)
      continue;
    uint64_t size = arg.kind == Argument::Kind::Scalar ? arg.value.size() : 8;
    kernarg.resize(std::max<size_t>(kernarg.size(), *place + size));
    if (arg.kind == Argument::Kind::Scalar)
      llvm::copy(arg.value, kernarg.begin() + *place);
  }
  return Error::success();
}

Expected<std::unique_ptr<HIPKernel>>
HIPKernel::create(std::shared_ptr<const hip::Library> hip, const Launch &launch,
                  unsigned sets) {
  std::unique_ptr<HIPKernel> kernel(new HIPKernel(std::move(hip), launch));
  if (Error error =
          layOut(launch, kernel->places, kernel->kernarg, kernel->missing))
    return std::move(error);
  if (Error error = kernel->load())
    return std::move(error);
  for (unsigned i = 0; i < sets; ++i)
    if (Error error = kernel->makeSet())
      return std::move(error);
  return kernel;
}

Error HIPKernel::load() {
  if (Error error = check(hip->hipModuleLoadData(&module, launch.elf.data()),
                          "hipModuleLoadData"))
    return error;
  if (Error error = check(
          hip->hipModuleGetFunction(&function, module, launch.kernel.c_str()),
          "hipModuleGetFunction"))
    return error;
  for (hip::Event **event : {&start, &stop})
    if (Error error = check(hip->hipEventCreateWithFlags(event, 0),
                            "hipEventCreateWithFlags"))
      return error;
  return Error::success();
}

Error HIPKernel::makeSet() {
  sets.emplace_back(launch.args.size(), nullptr);
  for (auto [arg, pointer] : zip(launch.args, sets.back()))
    if (arg.kind == Argument::Kind::Buffer && !arg.sameAs && !arg.bytes.empty())
      if (Error error =
              check(hip->hipMalloc(&pointer, arg.bytes.size()), "hipMalloc"))
        return error;
  return Error::success();
}

uint64_t HIPKernel::bytes() const {
  uint64_t sum = 0;
  for (const Argument &arg : launch.args)
    sum += arg.bytes.size();
  return sum;
}

/// The device address of an argument's buffer in one set; 0 for null.
uint64_t HIPKernel::address(unsigned set, size_t i) const {
  const Argument &arg = launch.args[i];
  size_t owner = arg.sameAs.value_or(i);
  auto base = reinterpret_cast<uint64_t>(sets[set][owner]);
  return arg.sameAs ? base + arg.plus : base;
}

/// Writes the addresses that an argument's bytes hold; placeArguments has
/// checked them.
void HIPKernel::writePointers(unsigned set, size_t i,
                              MutableArrayRef<uint8_t> bytes) const {
  for (const Argument::Pointer &pointer : launch.args[i].pointers)
    support::endian::write64le(bytes.data() + pointer.at,
                               address(set, pointer.arg) + pointer.plus);
}

Error HIPKernel::upload(unsigned set) {
  for (auto [i, arg] : enumerate(launch.args)) {
    void *pointer = sets[set][i];
    if (!pointer)
      continue;
    // Its own copy of the bytes that say where this set's buffers are.
    std::vector<uint8_t> patched;
    ArrayRef<uint8_t> bytes = arg.bytes;
    if (!arg.pointers.empty()) {
      patched = bytes.vec();
      writePointers(set, i, patched);
      bytes = patched;
    }
    if (Error error = check(hip->hipMemcpy(pointer, bytes.data(), bytes.size(),
                                           hip::hipMemcpyHostToDevice),
                            "hipMemcpy"))
      return error;
  }
  return Error::success();
}

Error HIPKernel::download(unsigned set) {
  for (auto [arg, pointer] : zip(launch.args, sets[set]))
    if (pointer && !arg.readOnly)
      if (Error error =
              check(hip->hipMemcpy(arg.bytes.data(), pointer, arg.bytes.size(),
                                   hip::hipMemcpyDeviceToHost),
                    "hipMemcpy"))
        return error;
  return Error::success();
}

static Error launchOn(const hip::Library &hip, const Launch &launch,
                      hip::Function *function, std::vector<uint8_t> &kernarg,
                      hip::Stream *stream) {
  size_t size = kernarg.size();
  void *extra[] = {hip::launchParamBufferPointer, kernarg.data(),
                   hip::launchParamBufferSize, &size, hip::launchParamEnd};
  const std::array<uint32_t, 3> &grid = launch.grid, &block = launch.block;
  return check(hip.hipModuleLaunchKernel(
                   function, grid[0], grid[1], grid[2], block[0], block[1],
                   block[2], launch.dynamicLds, stream, nullptr, extra),
               "hipModuleLaunchKernel");
}

Expected<double> HIPKernel::run(unsigned set) {
  for (auto [i, arg] : enumerate(launch.args)) {
    if (!places[i])
      continue;
    uint8_t *target = kernarg.data() + *places[i];
    if (arg.kind != Argument::Kind::Scalar)
      support::endian::write64le(target, address(set, i));
    else
      writePointers(set, i, {target, arg.value.size()});
  }
  if (Error error =
          check(hip->hipEventRecord(start, nullptr), "hipEventRecord"))
    return std::move(error);
  if (Error error = launchOn(*hip, launch, function, kernarg, nullptr))
    return std::move(error);
  if (Error error = check(hip->hipEventRecord(stop, nullptr), "hipEventRecord"))
    return std::move(error);
  if (Error error =
          check(hip->hipStreamSynchronize(nullptr), "hipStreamSynchronize"))
    return std::move(error);
  float milliseconds = 0;
  if (Error error = check(hip->hipEventElapsedTime(&milliseconds, start, stop),
                          "hipEventElapsedTime"))
    return std::move(error);
  return milliseconds;
}

namespace {
/// Libraries and code objects that stay loaded.
struct LoadedKernels {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const hip::Library>, std::less<>>
      libraries;
  /// By library, kernel and code object.
  std::map<std::array<std::string, 3>, hip::Function *> functions;
};
} // namespace

Error moe::executor::launchOnStream(StringRef name, const Launch &launch,
                                    void *stream) {
  std::vector<std::optional<uint64_t>> places;
  std::vector<uint8_t> kernarg;
  std::vector<std::string> missing;
  if (Error error = layOut(launch, places, kernarg, missing))
    return error;
  // Never destroyed: HIP may be gone before this library is.
  static auto *loaded = new LoadedKernels();
  std::lock_guard<std::mutex> lock(loaded->mutex);
  std::shared_ptr<const hip::Library> &library = loaded->libraries[name.str()];
  if (!library)
    if (Error error = loadHIP(name).moveInto(library))
      return error;
  hip::Function *&function = loaded->functions[{name.str(), launch.kernel,
                                                toStringRef(launch.elf).str()}];
  if (!function) {
    hip::Module *module = nullptr;
    if (Error error =
            check(library->hipModuleLoadData(&module, launch.elf.data()),
                  "hipModuleLoadData"))
      return error;
    if (Error error = check(library->hipModuleGetFunction(
                                &function, module, launch.kernel.c_str()),
                            "hipModuleGetFunction")) {
      (void)library->hipModuleUnload(module);
      return error;
    }
  }
  return launchOn(*library, launch, function, kernarg,
                  static_cast<hip::Stream *>(stream));
}

namespace {
class HIPExecutor : public Executor {
public:
  explicit HIPExecutor(std::shared_ptr<const hip::Library> library)
      : library(std::move(library)) {}

  StringRef name() const override { return "hip"; }

  Expected<Outcome> run(const Launch &launch) override {
    Expected<std::unique_ptr<HIPKernel>> kernel =
        HIPKernel::create(library, launch, /*sets=*/1);
    if (!kernel)
      return kernel.takeError();
    if (Error error = (*kernel)->upload(0))
      return std::move(error);
    auto begin = std::chrono::steady_clock::now();
    Expected<double> milliseconds = (*kernel)->run(0);
    if (!milliseconds)
      return milliseconds.takeError();
    Outcome outcome;
    outcome.warnings = (*kernel)->warnings();
    // On the emulated device events count instructions.
    outcome.seconds = library->isEmulated()
                          ? std::chrono::duration<double>(
                                std::chrono::steady_clock::now() - begin)
                                .count()
                          : *milliseconds * 1e-3;
    if (Error error = (*kernel)->download(0))
      return std::move(error);
    return outcome;
  }

private:
  std::shared_ptr<const hip::Library> library;
};
} // namespace

Error moe::executor::checkHIPOptions(const Options &options) {
  // What the emulated library's configuration has a key for, and what it lacks.
  const char *configured = !options.sanitizers.empty()   ? "sanitizers"
                           : options.orderSeed           ? "order seed"
                           : !options.interleave.empty() ? "interleaving"
                                                         : nullptr;
  const char *missing = options.stats                ? "counting"
                        : !options.traceFile.empty() ? "tracing"
                        : options.watch              ? "printing of registers"
                        : !options.mfmaArithmetic.empty()
                            ? "arithmetic of matrix instructions"
                        : options.maxInstructions ? "limit of instructions"
                                                  : nullptr;
  if (configured)
    return createStringError(
        "executor 'hip' has no " + Twine(configured) +
        ": expected executor 'emulator', or " + configured +
        " in the emulated library's configuration (docs/HIP.md)");
  if (missing)
    return createStringError("executor 'hip' has no " + Twine(missing) +
                             ": expected executor 'emulator'");
  return Error::success();
}

Expected<std::unique_ptr<Executor>>
moe::executor::makeHIPExecutor(const Options &options) {
  if (Error error = checkHIPOptions(options))
    return std::move(error);
  Expected<std::shared_ptr<const hip::Library>> library =
      loadHIP(options.hipLibrary);
  if (!library)
    return library.takeError();
  return std::make_unique<HIPExecutor>(std::move(*library));
}
