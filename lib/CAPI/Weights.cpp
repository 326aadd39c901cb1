//===- Weights.cpp - weights prepared on the device, for C ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One launch of moe.quantize or moe.shuffle on the caller's arrays.
//
//===----------------------------------------------------------------------===//

#include "moe-c/Weights.h"
#include "Driver/Compile/WeightKernels.h"
#include "Driver/Options/Flags.h"
#include "Files/CLocale.h"
#include "Launch.h"

using namespace llvm;
using namespace moe;
using driver::WeightKernel;
using executor::Argument;

/// The kernel of the caller's sizes and order of rows.
static Expected<WeightKernel> makeKernel(int64_t experts, int64_t rows,
                                         int64_t k, const char *gate,
                                         bool shuffleOnly) {
  WeightKernel kernel;
  kernel.experts = experts;
  kernel.rows = rows;
  kernel.k = k;
  kernel.shuffleOnly = shuffleOnly;
  kernel.logical = !gate;
  using driver::GateLayout;
  bool found = !gate;
  for (GateLayout order :
       {GateLayout::Separated, GateLayout::Interleaved, GateLayout::Rows})
    if (gate && StringRef(gate) == driver::toString(order)) {
      kernel.gate = order;
      found = true;
    }
  if (!found)
    return driver::usageError(
        "gate: expected separated, interleaved or rows, got '" + Twine(gate) +
        "'");
  if (Error error = driver::checkSizes(kernel))
    return std::move(error);
  return kernel;
}

static Argument input(const char *name, const void *data, int64_t bytes) {
  return Argument::input(name,
                         {static_cast<const uint8_t *>(data), size_t(bytes)});
}

static MoeStatus run(const char *chip, const MoeExecutor *executor,
                     const WeightKernel &kernel, std::vector<Argument> inputs,
                     uint8_t *codes, uint8_t *scales, char **outcome) {
  if (Error error = driver::checkChip(chip))
    return capi::statusOf(std::move(error));
  std::vector<Argument> args = {
      Argument::buffer("codes", {codes, size_t(kernel.codeBytes())}),
      Argument::buffer("scales", {scales, size_t(kernel.scaleBytes())})};
  llvm::append_range(args, inputs);
  args.push_back(Argument::scalar("rows", int32_t(kernel.allRows())));
  capi::Call call{chip, executor, {}, {}, {}};
  Error error = capi::launchIR(call, driver::weightIR(kernel), kernel.allRows(),
                               std::move(args));
  return capi::finish(std::move(error), call, outcome);
}

MoeStatus moeQuantizeOnDevice(const char *chip, const MoeExecutor *executor,
                              const uint16_t *x, int64_t experts, int64_t rows,
                              int64_t k, const char *gate, uint8_t *codes,
                              uint8_t *scales, char **outcome) {
  files::CLocale locale;
  if (outcome)
    *outcome = nullptr;
  if (Error error = capi::checkPointers({{chip, "chip"},
                                         {executor, "executor"},
                                         {x, "x"},
                                         {codes, "codes"},
                                         {scales, "scales"}}))
    return capi::statusOf(std::move(error));
  auto kernel = makeKernel(experts, rows, k, gate, /*shuffleOnly=*/false);
  if (!kernel)
    return capi::statusOf(kernel.takeError());
  return run(chip, executor, *kernel,
             {input("x", x, kernel->allRows() * k * 2)}, codes, scales,
             outcome);
}

MoeStatus moeShuffleOnDevice(const char *chip, const MoeExecutor *executor,
                             const uint8_t *logicalCodes,
                             const uint8_t *logicalScales, int64_t experts,
                             int64_t rows, int64_t k, const char *gate,
                             uint8_t *codes, uint8_t *scales, char **outcome) {
  files::CLocale locale;
  if (outcome)
    *outcome = nullptr;
  if (Error error = capi::checkPointers({{chip, "chip"},
                                         {executor, "executor"},
                                         {logicalCodes, "logicalCodes"},
                                         {logicalScales, "logicalScales"},
                                         {gate, "gate"},
                                         {codes, "codes"},
                                         {scales, "scales"}}))
    return capi::statusOf(std::move(error));
  auto kernel = makeKernel(experts, rows, k, gate, /*shuffleOnly=*/true);
  if (!kernel)
    return capi::statusOf(kernel.takeError());
  return run(
      chip, executor, *kernel,
      {input("logical_codes", logicalCodes, kernel->allRows() * k / 2),
       input("logical_scales", logicalScales, kernel->allRows() * k / 32)},
      codes, scales, outcome);
}
