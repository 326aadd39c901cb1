// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One stage with one number of tokens, whose time is modelled for one schedule
// and one routing after the other. Tensors are zeros, and only a sample of the
// workgroups runs.
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
  ModelledStage(const KernelOptions &options, std::string chip, int64_t tokens,
                CompiledKernels &kernels)
      : options(options), chip(std::move(chip)), tokens(tokens),
        kernels(&kernels) {}

  /// Modelled microseconds with the routing of `seed`; infinite where the
  /// kernel spills. Error: it does not compile or run.
  llvm::Expected<double> time(const Schedule &schedule, uint64_t seed);

private:
  llvm::Expected<Problem *> problemOf(uint64_t seed);
  llvm::Expected<const CompiledKernel *> kernelOf(const KernelOptions &wanted);

  KernelOptions options;
  std::string chip;
  int64_t tokens;
  CompiledKernels *kernels;
  HostBuffer codes, scales;             ///< zeros, of all problems
  std::map<uint64_t, Problem> problems; ///< by the seed of their routing
};

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_TUNE_MODELLEDSTAGE_H
