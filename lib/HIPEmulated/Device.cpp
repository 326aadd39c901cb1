//===- Device.cpp - the one emulated device -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Configuration, code objects and launches. What the emulator says of a launch
// goes to the report; that something was said goes to the stream.
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "moe/Timing/Model.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <pthread.h>
#include <sys/mman.h>

using namespace llvm;
using namespace moe::hip;

static const ChipFacts chips[] = {
#define MOE_HIP_CHIP(NAME, PRODUCT, CUS, XCDS, GIB, MHZ, MEMMHZ, BUS, L2,      \
                     MINOR)                                                    \
  {#NAME, PRODUCT, CUS, XCDS, GIB, MHZ, MEMMHZ, BUS, L2, MINOR},
#include "Chips.def"
};

static const ChipFacts *factsOf(StringRef name) {
  for (const ChipFacts &chip : chips)
    if (name == chip.name)
      return &chip;
  return nullptr;
}

Device &Device::get() {
  static auto *device = new Device;
  return *device;
}

void Device::report(const Twine &text) {
  std::lock_guard<std::mutex> lock(reportMutex);
  std::string line = ("libamdhip64_emulated: " + text + "\n").str();
  if (!options.report.empty()) {
    std::error_code code;
    raw_fd_ostream file(options.report, code, sys::fs::OF_Append);
    if (!code) {
      file << line;
      file.close();
      code = file.error();
      file.clear_error();
    }
    if (!code)
      return;
    errs() << "libamdhip64_emulated: cannot write '" << options.report
           << "': " << code.message() << "\n";
  }
  errs() << line;
}

/// Whether this is a forked child of a process that has used the device.
static std::atomic<bool> isForkedChild{false};

/// Takes no lock, since another thread may have held it when the child began.
static Status refuseForkedChild() {
  static std::atomic<bool> said{false};
  if (!said.exchange(true))
    errs()
        << "libamdhip64_emulated: error: a forked child cannot use the device "
           "of its parent; fork before the first HIP call, or call exec in "
           "the child\n";
  return hipErrorNotInitialized;
}

Status Device::ready() {
  if (isForkedChild)
    return refuseForkedChild();
  std::lock_guard<std::mutex> lock(mutex);
  if (configured)
    return configuration;
  configured = true;
  pthread_atfork(nullptr, nullptr, [] { isForkedChild = true; });
  Expected<Config> read = readConfig(chipFromCode);
  if (!read) {
    report("error: " + toString(read.takeError()));
    return configuration = hipErrorNoDevice;
  }
  std::error_code code;
  if (!read->report.empty()) {
    // Empty from the start: what is in it is of this process.
    raw_fd_ostream file(read->report, code);
    if (code) {
      report("error: cannot write '" + read->report + "': " + code.message());
      return configuration = hipErrorNoDevice;
    }
  }
  options = std::move(*read);
  facts = factsOf(options.chip);
  return hipSuccess;
}

Status Device::loadModule(const void *image, Module **module, uint64_t limit) {
  if (!image || !module)
    return hipErrorInvalidValue;
  *module = nullptr;
  const ChipFacts *known = chip();
  Expected<ArrayRef<uint8_t>> elf =
      findElf(image, limit, known ? known->name : StringRef());
  if (!elf) {
    report("cannot load a code object: " + toString(elf.takeError()));
    return known ? hipErrorNoBinaryForGpu : hipErrorInvalidImage;
  }
  Expected<std::shared_ptr<LoadedCode>> code = LoadedCode::load(*elf);
  if (!code) {
    report("cannot load a code object: " + toString(code.takeError()));
    return hipErrorInvalidImage;
  }
  StringRef target = emulator::chipName((*code)->object().chip());
  std::lock_guard<std::mutex> lock(mutex);
  if (!facts)
    facts = factsOf(target);
  if (target != facts.load()->name) {
    report("cannot load a code object: expected code for " +
           StringRef(facts.load()->name) +
           ", the chip of the configuration, "
           "got code for " +
           target);
    return hipErrorNoBinaryForGpu;
  }
  *module = new Module{std::move(*code), {}};
  modules.insert(*module);
  return hipSuccess;
}

Status Device::unloadModule(Module *module) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!modules.erase(module))
      return hipErrorInvalidHandle;
    for (const auto &entry : module->functions)
      functions.erase(entry.second.get());
  }
  Status status = queue.waitAll();
  for (const auto &[name, place] : module->code->variables())
    memory.remove(module->code->image().data() + place.first,
                  MemoryKind::Variable);
  delete module;
  return status;
}

Status Device::findFunction(Module *module, const char *name,
                            Function **function) {
  if (!name || !function)
    return hipErrorInvalidValue;
  std::lock_guard<std::mutex> lock(mutex);
  if (!modules.count(module))
    return hipErrorInvalidHandle;
  std::unique_ptr<Function> &found = module->functions[name];
  if (!found) {
    auto kernel = module->code->object().kernel(name);
    if (!kernel) {
      module->functions.erase(name);
      report(toString(kernel.takeError()));
      return hipErrorNotFound;
    }
    found.reset(new Function{module->code, *kernel});
    functions.insert(found.get());
  }
  *function = found.get();
  return hipSuccess;
}

Status Device::findVariable(Module *module, const char *name, void **pointer,
                            size_t *size) {
  if (!name || (!pointer && !size))
    return hipErrorInvalidValue;
  std::lock_guard<std::mutex> lock(mutex);
  if (!modules.count(module))
    return hipErrorInvalidHandle;
  auto found = module->code->variables().find(name);
  if (found == module->code->variables().end())
    return hipErrorNotFound;
  auto [offset, bytes] = found->second;
  uint8_t *address = module->code->image().data() + offset;
  if (!memory.find(address))
    memory.add(address, bytes, MemoryKind::Variable, 0, name);
  if (pointer)
    *pointer = address;
  if (size)
    *size = bytes;
  return hipSuccess;
}

std::optional<Function> Device::function(const Function *handle) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!functions.count(handle))
    return std::nullopt;
  return *handle;
}

Status Device::launch(Stream &stream, KernelLaunch launch) {
  if (failure() != hipSuccess)
    return failure();
  launch.timed = takesTimes;
  queue.submit(stream,
               [this, launch = std::move(launch)] { return run(launch); });
  return hipSuccess;
}

Status Device::fail(Error error) {
  report("error: " + toString(std::move(error)));
  return fault = hipErrorLaunchFailure;
}

/// On the queue's thread.
Status Device::run(const KernelLaunch &launch) {
  if (failure() != hipSuccess)
    return failure();
  const Function &function = launch.function;
  emulator::Launch request;
  request.kernel = function.kernel->name;
  request.grid = launch.grid;
  request.block = launch.block;
  request.dynamicLds = launch.dynamicLds;
  request.kernarg = launch.kernarg;
  request.mappings = memory.mappings();
  request.image = function.code->image();
  emulator::RunOptions run;
  run.threads = options.threads;
  run.sanitizers = options.sanitizers;
  run.interleave = options.interleave;
  run.orderSeed = options.orderSeed;
  run.mute = options.mute;
  timing::Parameters parameters;
  std::optional<timing::Recording> recording;
  if (launch.timed) {
    if (Error error =
            timing::builtInParameters(facts.load()->name).moveInto(parameters))
      return fail(std::move(error));
    run.events = &recording.emplace(parameters, timing::Recording::Options());
  }
  Expected<emulator::RunResult> result =
      emulator::run(function.code->object(), request, run);
  if (!result)
    return fail(result.takeError());
  if (recording) {
    recording->finish();
    double us = timing::modelTime(*recording, parameters).us;
    modelled += uint64_t(std::llround(1000 * us));
  }
  for (const std::string &warning : result->warnings)
    report("warning: kernel '" + request.kernel + "': " + warning);
  for (const emulator::Report &finding : result->reports)
    report("kernel '" + request.kernel + "': " + finding.message);
  return result->reports.empty() ? hipSuccess : hipErrorLaunchFailure;
}
