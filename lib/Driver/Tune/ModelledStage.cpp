// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles, launches in the emulator and asks the timing model.
#include "Driver/Tune/ModelledStage.h"
#include "Driver/Run/RunKernel.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Compile.h"
#include <limits>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

Expected<ModelledStage> ModelledStage::create(const KernelOptions &options,
                                              const std::string &chip,
                                              int64_t tokens,
                                              CompiledKernels &kernels) {
  ModelledStage stage(chip, kernels);
  if (Error error =
          generateProblem(paddedOptions(options), tokens, Routing::Uniform,
                          /*seed=*/0, Sharding(), Values::Zero)
              .moveInto(stage.problem))
    return std::move(error);
  return std::move(stage);
}

Expected<double> ModelledStage::time(const Schedule &schedule,
                                     uint64_t instructions) {
  problem.options = withSchedule(problem.options, schedule);
  std::string name = problem.options.kernelName();
  auto found = kernels->find(name);
  if (found == kernels->end()) {
    auto made = compileKernel(problem.options, chip);
    if (!made)
      return made.takeError();
    found = kernels->emplace(name, std::move(*made)).first;
  }
  const CompiledKernel &kernel = found->second;
  if (kernel.report.spills || kernel.report.scratch)
    return std::numeric_limits<double>::infinity();
  auto buffers = prepare(problem, schedule.tileM, /*threads=*/1);
  if (!buffers)
    return buffers.takeError();
  codeobject::GridVariables variables;
  variables.tokens = problem.tokens;
  variables.n = problem.options.n();
  variables.k = problem.options.k();
  variables.numBlocks = buffers->numBlocks;
  moe::executor::Options how;
  how.threads = 1;
  how.timeModel = "";
  how.sampleInstructions = instructions;
  auto executor = moe::executor::makeEmulatorExecutor(how);
  if (!executor)
    return executor.takeError();
  auto run =
      runKernel(**executor, kernel, variables, buffers->arguments(problem));
  if (!run)
    return run.takeError();
  return run->outcome.modelled->us;
}
