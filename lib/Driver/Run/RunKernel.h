// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One launch of a compiled kernel on the grid that it publishes, and the same
// of a kernel in IR. What is launched and what becomes of the result are the
// caller's.

#ifndef MOE_LIB_DRIVER_RUN_RUNKERNEL_H
#define MOE_LIB_DRIVER_RUN_RUNKERNEL_H

#include "moe/CodeObject/Grid.h"
#include "moe/Driver/Compile.h"
#include "moe/Executor/Executor.h"

namespace moe::driver {

struct KernelRun {
  std::string kernel; ///< its name
  std::array<uint32_t, 3> grid = {0, 0, 0};
  executor::Outcome outcome;
};

llvm::Expected<KernelRun> runKernel(executor::Executor &executor,
                                    const CompiledKernel &kernel,
                                    const codeobject::GridVariables &variables,
                                    std::vector<executor::Argument> args);

/// Compiles the only kernel of `ir`, which is made from options, and runs it;
/// its grid is one over tokens.
llvm::Expected<KernelRun> runIR(executor::Executor &executor,
                                llvm::StringRef chip, llvm::StringRef ir,
                                int64_t tokens,
                                std::vector<executor::Argument> args);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNKERNEL_H
