// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles, launches in the emulator and asks the timing model.
#include "Driver/Tune/ModelledStage.h"
#include "Driver/Run/RunKernel.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Compile.h"
#include "moe/Reference/Shuffle.h"
#include <limits>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

/// Instructions of most waves that run, where no loop says when it is enough.
static constexpr uint64_t kSample = 4000;

Expected<Problem *> ModelledStage::problemOf(uint64_t seed) {
  auto found = problems.find(seed);
  if (found != problems.end())
    return &found->second;
  auto made = generateProblem(options, tokens, Routing::Uniform, seed,
                              Sharding(), Values::Zero);
  if (!made)
    return made.takeError();
  // Zeros are in any order.
  int64_t rows = options.experts * options.n(), k = options.k();
  if (problems.empty()) {
    if (Error error = HostBuffer::allocate(
                          uint64_t(reference::shuffledWeightBytes(rows, k)))
                          .moveInto(codes))
      return std::move(error);
    if (Error error = HostBuffer::allocate(
                          uint64_t(reference::shuffledScaleBytes(rows, k)))
                          .moveInto(scales))
      return std::move(error);
  }
  made->codes = HostBuffer::view(codes.data(), codes.size());
  made->scales = HostBuffer::view(scales.data(), scales.size());
  made->shuffled = true;
  return &problems.emplace(seed, std::move(*made)).first->second;
}

Expected<const CompiledKernel *>
ModelledStage::kernelOf(const KernelOptions &wanted) {
  std::string name = wanted.kernelName();
  auto found = kernels->find(name);
  if (found == kernels->end()) {
    auto made = compileKernel(wanted, chip);
    if (!made)
      return made.takeError();
    found = kernels->emplace(name, std::move(*made)).first;
  }
  return &found->second;
}

Expected<double> ModelledStage::time(const Schedule &schedule, uint64_t seed) {
  Expected<Problem *> found = problemOf(seed);
  if (!found)
    return found.takeError();
  Problem &problem = **found;
  problem.options = withSchedule(options, schedule);
  Expected<const CompiledKernel *> kernel = kernelOf(problem.options);
  if (!kernel)
    return kernel.takeError();
  if ((*kernel)->report.spills || (*kernel)->report.scratch)
    return std::numeric_limits<double>::infinity();
  auto buffers = prepare(problem, schedule.tileM, /*threads=*/1);
  if (!buffers)
    return buffers.takeError();
  moe::executor::Options how;
  how.threads = 1;
  how.timeModel = "";
  how.sampleInstructions = kSample;
  how.brief = true;
  auto executor = moe::executor::makeEmulatorExecutor(how);
  if (!executor)
    return executor.takeError();
  auto run = runKernel(**executor, **kernel,
                       gridVariables(problem, buffers->numBlocks()),
                       buffers->arguments(problem));
  if (!run)
    return run.takeError();
  return run->outcome.modelled->us;
}
