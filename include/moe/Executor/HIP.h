//===- HIP.h - kernels on a HIP device --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A launch on the device of a HIP library that is loaded at run time: a GPU, or
// the emulated one. Here is what timing needs beyond the executor interface:
// several sets of buffers, and the time of one launch.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EXECUTOR_HIP_H
#define MOE_EXECUTOR_HIP_H

#include "moe/Executor/Executor.h"
#include "moe/HIP/Library.h"

namespace moe::executor {

/// The HIP library of that name or path; with an empty one what the process
/// has, else the machine's libamdhip64.so. Errors: none, or no device.
llvm::Expected<std::shared_ptr<const hip::Library>>
loadHIP(llvm::StringRef library);

/// A kernel with its buffers on the device. One thread at a time.
class HIPKernel {
public:
  /// Loads the code object and makes `sets` copies of every buffer. The launch
  /// and what it refers to outlive this object. Errors: what HIP refuses, each
  /// with HIP's function and error.
  static llvm::Expected<std::unique_ptr<HIPKernel>>
  create(std::shared_ptr<const hip::Library> hip, const Launch &launch,
         unsigned sets);
  ~HIPKernel();

  /// Brings the buffers' contents to one set.
  llvm::Error upload(unsigned set);
  /// Runs on one set and waits. Milliseconds between two events around the
  /// launch.
  llvm::Expected<double> run(unsigned set);
  /// Brings a set's contents back to the launch's buffers.
  llvm::Error download(unsigned set);

  /// Bytes of one set on the device.
  uint64_t bytes() const;
  /// What is worth telling of the launch.
  llvm::ArrayRef<std::string> warnings() const { return missing; }

private:
  HIPKernel(std::shared_ptr<const hip::Library> hip, const Launch &launch);
  llvm::Error load();
  llvm::Error makeSet();
  uint64_t address(unsigned set, size_t i) const;
  void writePointers(unsigned set, size_t i,
                     llvm::MutableArrayRef<uint8_t> bytes) const;

  std::shared_ptr<const hip::Library> hip;
  const Launch &launch;
  hip::Module *module = nullptr;
  hip::Function *function = nullptr;
  hip::Event *start = nullptr, *stop = nullptr;
  /// Of each set: device memory of each argument with a buffer of its own.
  std::vector<std::vector<void *>> sets;
  /// Where each argument goes in the kernarg segment, and the explicit bytes.
  std::vector<std::optional<uint64_t>> places;
  std::vector<uint8_t> kernarg;
  std::vector<std::string> missing; ///< a warning, or none
};

/// Starts a launch on a stream of the device of the HIP library of that name
/// (see loadHIP; a null stream is the default one) and does not wait for it.
/// Every argument is a scalar, a device pointer one of 8 bytes: nothing is
/// copied. Code objects stay loaded for the life of the process. From any
/// thread. Errors: what HIP refuses.
llvm::Error launchOnStream(llvm::StringRef library, const Launch &launch,
                           void *stream);

/// Nothing is counted and nothing is sanitized on a HIP device: errors for
/// options that ask for either.
llvm::Error checkHIPOptions(const Options &options);

/// An executor on the device of a HIP library. Errors: those of checkHIPOptions
/// and of loadHIP.
llvm::Expected<std::unique_ptr<Executor>>
makeHIPExecutor(const Options &options);

} // namespace moe::executor

#endif // MOE_EXECUTOR_HIP_H
