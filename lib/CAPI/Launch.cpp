// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling once, launching with the call's executor.

#include "Launch.h"
#include <map>
#include <mutex>

using namespace llvm;
using namespace moe;
using namespace moe::capi;

Expected<SharedKernel>
capi::compileOnce(std::string key,
                  function_ref<Expected<driver::CompiledKernel>()> compile) {
  static std::mutex mutex;
  static std::map<std::string, SharedKernel> kernels;
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = kernels.find(key);
    if (found != kernels.end())
      return found->second;
  }
  Expected<driver::CompiledKernel> compiled = compile();
  if (!compiled)
    return compiled.takeError();
  auto kernel =
      std::make_shared<const driver::CompiledKernel>(std::move(*compiled));
  std::lock_guard<std::mutex> lock(mutex);
  return kernels.emplace(key, kernel).first->second;
}

json::Value Call::describe() {
  json::Object object = capi::describe(outcome);
  object["kernels"] = std::move(kernels);
  object["flags"] = std::move(flags);
  return object;
}

Error capi::launchKernel(Call &call, const driver::CompiledKernel &k,
                         const codeobject::GridVariables &variables,
                         std::vector<executor::Argument> args) {
  auto executor =
      executor::makeExecutor(call.executor->name, call.executor->options);
  if (!executor)
    return executor.takeError();
  Expected<driver::KernelRun> run =
      driver::runKernel(**executor, k, variables, std::move(args));
  if (!run)
    return run.takeError();
  call.outcome.add(std::move(run->outcome));
  auto list = [](const std::array<uint32_t, 3> &sizes) {
    return json::Array{sizes[0], sizes[1], sizes[2]};
  };
  call.kernels.push_back(json::Object{{"name", k.kernelName},
                                      {"grid", list(run->grid)},
                                      {"block", list(k.block)}});
  return Error::success();
}

Error capi::launchIR(Call &call, const std::string &ir, int64_t tokens,
                     std::vector<executor::Argument> args) {
  Expected<SharedKernel> kernel =
      compileOnce((call.chip + "/" + ir).str(), [&] {
        return driver::compileIR(ir, /*name=*/"", call.chip, {},
                                 compileCache());
      });
  if (!kernel)
    return kernel.takeError();
  codeobject::GridVariables variables;
  variables.tokens = tokens;
  return launchKernel(call, **kernel, variables, std::move(args));
}

MoeStatus capi::finish(Error error, Call &call, char **outcome) {
  if (error)
    return statusOf(std::move(error));
  giveJSON(outcome, call.describe());
  return statusOf(failureOf(call.outcome));
}
