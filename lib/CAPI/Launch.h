// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a call of the C API that runs kernels has, and one launch of it.
// Compiled kernels are kept for the life of the process, since programs call a
// layer again and again.

#ifndef MOE_LIB_CAPI_LAUNCH_H
#define MOE_LIB_CAPI_LAUNCH_H

#include "Driver/Run/RunKernel.h"
#include "Support.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>

namespace moe::capi {

using SharedKernel = std::shared_ptr<const driver::CompiledKernel>;

/// What `compile` makes, from an earlier call with the same key where there was
/// one.
llvm::Expected<SharedKernel> compileOnce(
    std::string key,
    llvm::function_ref<llvm::Expected<driver::CompiledKernel>()> compile);

/// What one call runs with, and what it reports.
struct Call {
  llvm::StringRef chip;
  const MoeExecutor *executor;
  executor::Outcome outcome;
  llvm::json::Array kernels, flags;

  llvm::json::Value describe();
};

llvm::Error launchKernel(Call &call, const driver::CompiledKernel &kernel,
                         const codeobject::GridVariables &variables,
                         std::vector<executor::Argument> args);

/// The only kernel of `ir`, which is made from options; its grid is one over
/// tokens.
llvm::Error launchIR(Call &call, const std::string &ir, int64_t tokens,
                     std::vector<executor::Argument> args);

/// Gives the outcome to the caller, also where a sanitizer found something.
MoeStatus finish(llvm::Error error, Call &call, char **outcome);

} // namespace moe::capi

#endif // MOE_LIB_CAPI_LAUNCH_H
