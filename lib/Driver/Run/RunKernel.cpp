// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a compiled kernel to an executor's launch.

#include "Driver/Run/RunKernel.h"

using namespace llvm;
using namespace moe::driver;

Expected<KernelRun>
moe::driver::runKernel(executor::Executor &executor,
                       const CompiledKernel &kernel,
                       const codeobject::GridVariables &variables,
                       std::vector<executor::Argument> args) {
  KernelRun run;
  run.kernel = kernel.kernelName;
  if (Error error =
          codeobject::evaluateGrid(kernel.grid, variables).moveInto(run.grid))
    return std::move(error);
  executor::Launch launch;
  launch.elf = kernel.elf;
  launch.kernel = kernel.kernelName;
  launch.grid = run.grid;
  launch.block = kernel.block;
  launch.args = std::move(args);
  if (Error error = executor.run(launch).moveInto(run.outcome))
    return std::move(error);
  return std::move(run);
}

Expected<KernelRun> moe::driver::runIR(executor::Executor &executor,
                                       StringRef chip, StringRef ir,
                                       int64_t tokens,
                                       std::vector<executor::Argument> args) {
  Expected<CompiledKernel> kernel = compileIR(ir, /*name=*/"", chip);
  if (!kernel)
    return kernel.takeError();
  codeobject::GridVariables variables;
  variables.tokens = tokens;
  return runKernel(executor, *kernel, variables, std::move(args));
}
