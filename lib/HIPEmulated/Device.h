//===- Device.h - the one emulated device -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the HIP functions share: the configuration, memory, streams and code
// objects of the process' only device, and where reports go. The functions
// themselves are in the Api files.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_HIPEMULATED_DEVICE_H
#define MOE_LIB_HIPEMULATED_DEVICE_H

#include "Code.h"
#include "Config.h"
#include "Memory.h"
#include "Queue.h"
#include "llvm/ADT/Twine.h"
#include <atomic>

namespace moe::hip {

/// One row of Chips.def.
struct ChipFacts {
  const char *name, *product;
  int computeUnits, xcds;
  uint64_t memoryGiB;
  int engineMHz, memoryMHz, memoryBusBits, l2KiB, minor;
};

/// A kernel launch as the program asked for it.
struct KernelLaunch {
  Function function;
  std::array<uint32_t, 3> grid, block; ///< workgroups, work items
  uint32_t dynamicLds = 0;
  std::vector<uint8_t> kernarg;
  bool timed = false; ///< an event was recorded before
};

class Device {
public:
  /// Of the process; never destroyed, since its thread may outlive main.
  static Device &get();

  /// Reads the configuration at the first call: hipErrorNoDevice, with the
  /// reason on stderr, where there is none. hipErrorNotInitialized in a forked
  /// child of a process that has used the device: the thread that does the
  /// device's work is not there, and locks may be held for ever.
  Status ready();
  /// From now on a missing MOE_HIP_CONFIG means the chip of the first code
  /// object. Only before the first ready().
  void takeChipFromCode() { chipFromCode = true; }
  /// The facts of the chip; null as long as the first code object is to decide.
  const ChipFacts *chip() const { return facts.load(); }

  /// A line of the report: "libamdhip64_emulated: ...".
  void report(const llvm::Twine &text);

  /// Loads a code object, or the one for this chip in an offload bundle. Of an
  /// ELF the headers say how long it is, at most `limit` bytes.
  Status loadModule(const void *image, Module **module,
                    uint64_t limit = UINT64_MAX);
  Status unloadModule(Module *module);
  Status findFunction(Module *module, const char *name, Function **function);
  Status findVariable(Module *module, const char *name, void **pointer,
                      size_t *size);
  /// The function of a handle, or nothing.
  std::optional<Function> function(const Function *handle);

  Status launch(Stream &stream, KernelLaunch launch);
  /// The program takes times: launches from now on are modelled.
  void takeTimes() { takesTimes = true; }
  /// Modelled nanoseconds (docs/Timing.md) of the launches that ended and for
  /// which times were taken.
  uint64_t nanoseconds() const { return modelled; }
  /// What ended the device: a launch that failed, until it is reset.
  Status failure() const { return fault.load(); }
  void reset() { fault = hipSuccess; }

  DeviceMemory memory{uint64_t(288) << 30};
  Queue queue;

private:
  Device() = default;
  Status run(const KernelLaunch &launch);
  Status fail(llvm::Error error);

  std::mutex mutex; ///< of what follows
  bool configured = false, chipFromCode = false;
  Status configuration = hipSuccess;
  Config options;
  std::set<Module *> modules;
  std::set<const Function *> functions;
  std::mutex reportMutex;
  std::atomic<const ChipFacts *> facts{nullptr};
  std::atomic<uint64_t> modelled{0};
  std::atomic<bool> takesTimes{false};
  std::atomic<Status> fault{hipSuccess};
};

} // namespace moe::hip

#endif // MOE_LIB_HIPEMULATED_DEVICE_H
