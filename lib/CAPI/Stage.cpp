//===- Stage.cpp - the caller's tensors as problems -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks and views; nothing is computed here.
//
//===----------------------------------------------------------------------===//

#include "Stage.h"
#include "Driver/Options/Flags.h"
#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Shuffle.h"
#include "moe/Reference/Sorting.h"

using namespace llvm;
using namespace moe;
using driver::HostBuffer;
using driver::KernelOptions;

std::array<MoeConfig, 2> capi::splitLayer(const MoeConfig &layer) {
  std::array<MoeConfig, 2> stages = {layer, layer};
  std::array<KernelOptions, 2> options = driver::stagesOf(layer.options);
  for (int i : {0, 1}) {
    stages[i].layer = false;
    stages[i].options = options[i];
  }
  return stages;
}

Expected<KernelOptions> capi::optionsFor(const MoeConfig &config,
                                         StringRef chip,
                                         const MoeBatch &batch) {
  Expected<driver::Configuration> choice = chosen(
      config, chip, batch.tokens, batch.expertMask ? batch.globalExperts : 0);
  if (!choice)
    return choice.takeError();
  return choice->options;
}

Error capi::checkTensors(const MoeConfig &config, const MoeBatch &batch,
                         const MoeWeights &weights, bool logical) {
  const KernelOptions &o = config.options;
  if (batch.tokens < 0)
    return createStringError("tokens: expected at least 0, got " +
                             Twine(batch.tokens));
  if (batch.tokens > 0)
    if (Error error = checkPointers({{batch.x, "x"},
                                     {batch.topkIds, "topkIds"},
                                     {weights.w, "w"},
                                     {weights.scale, "scale"}}))
      return error;
  if (batch.tokens > 0 && o.appliesWeight() && !batch.topkWeights)
    return driver::usageError("topkWeights: expected a pointer where the "
                              "routing weight is applied, got NULL");
  if (o.bias != (weights.bias != nullptr))
    return driver::usageError(
        o.bias ? "bias: expected a pointer with option 'bias', got NULL"
               : "bias: expected NULL without option 'bias', got a pointer");
  if (logical && weights.shuffled)
    return createStringError("weights: expected logical ones for a reference, "
                             "got shuffled ones");
  if (!batch.expertMask)
    return Error::success();
  if (batch.globalExperts < 1 || batch.globalExperts > 1 << 24)
    return createStringError(
        "globalExperts: expected from 1 to 16777216, got " +
        Twine(batch.globalExperts));
  int64_t local =
      reference::countLocalExperts(batch.expertMask, batch.globalExperts);
  if (local != o.experts)
    return createStringError("expertMask: expected " + Twine(o.experts) +
                             " nonzero entries, the experts of the weights, "
                             "got " +
                             Twine(local));
  return Error::success();
}

Expected<driver::Problem> capi::makeProblem(const KernelOptions &options,
                                            const MoeBatch &batch,
                                            const MoeWeights &weights,
                                            const void *x,
                                            const void *initial) {
  if (Error error = driver::checkDimensions(options, batch.tokens))
    return std::move(error);
  driver::Problem problem;
  problem.options = options;
  problem.tokens = batch.tokens;
  problem.shuffled = weights.shuffled != 0;
  int64_t pairs = batch.tokens * options.topk, k = options.k();
  int64_t rows = options.experts * options.n();
  int64_t xRows =
      options.kernel == driver::KernelKind::Gemm2 ? pairs : batch.tokens;
  problem.x = HostBuffer::view(x, uint64_t(xRows * k * 2));
  problem.codes = HostBuffer::view(
      weights.w,
      uint64_t(problem.shuffled ? reference::shuffledWeightBytes(rows, k)
                                : rows * (k / 2)));
  problem.scales = HostBuffer::view(
      weights.scale,
      uint64_t(problem.shuffled ? reference::shuffledScaleBytes(rows, k)
                                : rows * reference::blocksOf(k)));
  if (options.bias)
    problem.bias.assign(weights.bias, weights.bias + rows);
  problem.ids.assign(batch.topkIds, batch.topkIds + pairs);
  if (options.appliesWeight())
    problem.weights.assign(batch.topkWeights, batch.topkWeights + pairs);
  else
    problem.weights.assign(static_cast<size_t>(pairs), 1.0f);
  if (batch.expertMask)
    problem.sharding.mask.assign(batch.expertMask,
                                 batch.expertMask + batch.globalExperts);
  if (initial) {
    problem.initial = HostBuffer::view(initial, uint64_t(problem.outBytes()));
    return std::move(problem);
  }
  if (Error error = HostBuffer::allocate(uint64_t(problem.outBytes()))
                        .moveInto(problem.initial))
    return std::move(error);
  return std::move(problem);
}
