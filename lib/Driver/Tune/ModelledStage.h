// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One stage with one number of tokens, whose time is modelled for one schedule
// after the other. Tensors are zeros, and only a sample of the workgroups runs.
#ifndef MOE_LIB_DRIVER_TUNE_MODELLEDSTAGE_H
#define MOE_LIB_DRIVER_TUNE_MODELLEDSTAGE_H

#include "Driver/Run/RunStage.h"
#include "moe/Schedule/Schedule.h"
#include <map>

namespace moe::driver {

/// The kernels of a stage by name; used by one thread at a time.
using CompiledKernels = std::map<std::string, CompiledKernel>;

class ModelledStage {
public:
  /// Draws the routing.
  static llvm::Expected<ModelledStage> create(const KernelOptions &options,
                                              const std::string &chip,
                                              int64_t tokens,
                                              CompiledKernels &kernels);

  /// Modelled microseconds, of so many instructions of most waves; infinite
  /// where the kernel spills. Error: it does not compile or run.
  llvm::Expected<double> time(const Schedule &schedule, uint64_t instructions);

private:
  ModelledStage(std::string chip, CompiledKernels &kernels)
      : chip(std::move(chip)), kernels(&kernels) {}

  std::string chip;
  CompiledKernels *kernels;
  Problem problem;
};

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_TUNE_MODELLEDSTAGE_H
