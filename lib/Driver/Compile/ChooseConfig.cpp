//===- ChooseConfig.cpp - a configuration for a shape ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel options to the choice of a schedule and back.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/ChooseConfig.h"
#include "Driver/Options/Flags.h"
#include "moe/Target/Chip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace moe;
using namespace moe::driver;
using llvm::formatv;

FixedAxes moe::driver::fixedAxes(const FlagSet &flags) {
  FixedAxes fixed;
  fixed.waves = flags.given("waves");
  fixed.kBatch = flags.given("k-batch");
  fixed.kWave = flags.given("k-wave");
  fixed.cache = flags.given("cache");
  fixed.xcd = flags.given("xcd");
  fixed.groupM = flags.given("group-m");
  return fixed;
}

Product moe::driver::productOf(const KernelOptions &o) {
  Product product;
  product.gateUp = o.kernel == KernelKind::Gemm1;
  product.activated = product.gateUp && !o.leavesRawSums();
  product.accumulate = o.usesAtomics();
  product.deterministic = o.deterministic;
  product.rows = o.n();
  product.k = o.k();
  product.experts = o.experts;
  product.blockRows = o.blockRows;
  product.unsorted = o.unsorted();
  product.topk = o.topk;
  bool f32 = o.outType == OutType::F32 || o.leavesRawSums();
  product.outBytes = f32 ? 4 : 2;
  product.outType = driver::toString(f32 ? OutType::F32 : o.outType);
  return product;
}

Schedule moe::driver::scheduleOf(const KernelOptions &o) {
  TileShape tile = o.tile.value_or(TileShape());
  Schedule s;
  s.tileM = tile.m;
  s.tileN = tile.n;
  s.tileK = tile.k;
  s.waves = o.waves;
  s.kBatch = o.kBatch;
  s.kWave = o.kWave;
  s.nonTemporal = o.cache == CachePolicy::NonTemporal;
  s.xcd = o.xcd;
  s.groupM = o.groupM;
  s.wavesPerEu = o.wavesPerEu;
  return s;
}

KernelOptions moe::driver::withSchedule(const KernelOptions &options,
                                        const Schedule &s) {
  KernelOptions result = options;
  result.tile = TileShape{s.tileM, s.tileN, s.tileK};
  result.waves = s.waves;
  result.kBatch = s.kBatch;
  result.kWave = s.kWave;
  result.cache =
      s.nonTemporal ? CachePolicy::NonTemporal : CachePolicy::Default;
  result.xcd = s.xcd;
  result.groupM = s.groupM;
  result.wavesPerEu = s.wavesPerEu;
  return result;
}

int64_t moe::driver::ldsBytesOf(const KernelOptions &o) {
  return ldsBytes(productOf(o), scheduleOf(o));
}

/// A tile that was given: nothing is chosen.
static Configuration asGiven(const KernelOptions &o) {
  Configuration result;
  result.options = o;
  result.ldsBytes = ldsBytesOf(o);
  auto say = [&](const char *axis, int64_t value) {
    result.axes.push_back({axis, std::to_string(value), "as given"});
  };
  say("tile_m", o.tile->m);
  say("tile_n", o.tile->n);
  say("tile_k", o.tile->k);
  const char *reason = "nothing is chosen for a given tile";
  for (auto [axis, value] :
       {std::pair<const char *, int64_t>("k_batch", o.kBatch),
        {"k_wave", o.kWave},
        {"xcd", o.xcd},
        {"group_m", o.groupM}})
    result.axes.push_back({axis, std::to_string(value), reason});
  result.axes.push_back({"cache", driver::toString(o.cache), reason});
  return result;
}

Configuration moe::driver::chooseConfig(const KernelOptions &options,
                                        const Workload &workload,
                                        const Chip &chip,
                                        const FixedAxes &fixed,
                                        const ScheduleTable &table) {
  if (options.tile)
    return asGiven(options);
  // The verifier refuses these waves for any tile; a tile is set so that it is
  // the one to say why.
  auto isOneOf = [](int64_t value, std::initializer_list<int64_t> values) {
    return llvm::is_contained(values, value);
  };
  if (!isOneOf(options.waves, {1, 2, 4, 8}) ||
      !isOneOf(options.kWave, {1, 2, 4}) || options.waves % options.kWave) {
    KernelOptions refused = options;
    refused.tile = TileShape{16, 128, 128};
    return asGiven(refused);
  }
  FixedAxes axes = fixed;
  if (options.deterministic)
    axes.kBatch = axes.kWave = true;
  ChosenSchedule chosen = chooseSchedule(productOf(options), workload, chip,
                                         scheduleOf(options), axes, table);
  Configuration result;
  result.options = withSchedule(options, chosen.schedule);
  result.axes = std::move(chosen.axes);
  for (AxisChoice &choice : result.axes)
    if (options.deterministic && ((choice.axis == "k_batch" && !fixed.kBatch) ||
                                  (choice.axis == "k_wave" && !fixed.kWave)))
      choice.reason = "deterministic: one order of sums";
  result.source = std::move(chosen.source);
  result.activeExperts = chosen.activeExperts;
  result.rowsPerExpert = chosen.rowsPerExpert;
  result.ldsBytes = ldsBytesOf(result.options);
  return result;
}

llvm::Expected<SortChoice> moe::driver::chooseSort(const KernelOptions &gemm1,
                                                   int64_t tokens) {
  switch (gemm1.sort) {
  case Sorting::Chosen:
    return moe::chooseSort(tokens, gemm1.kBatch > 1);
  case Sorting::On:
    return SortChoice{true, "as given"};
  case Sorting::Off:
    break;
  }
  if (gemm1.kBatch > 1)
    return llvm::createStringError(
        "--sort off: expected --k-batch 1 in stage 1, since the kernel that "
        "finishes it reads sorted lists, got " +
        llvm::Twine(gemm1.kBatch));
  return SortChoice{false, "as given"};
}

std::string moe::driver::explainConfig(const Configuration &c,
                                       const Workload &workload,
                                       const Chip &chip) {
  const KernelOptions &o = c.options;
  std::string text =
      formatv("configuration of {0} on {1}: H {2}, I {3}, {4} experts, top "
              "{5}, {6}{7}\n",
              driver::toString(o.kernel), chip.name, o.modelDim, o.interDim,
              o.experts, o.topk, driver::toString(o.outType),
              !o.usesAtomics() ? "" : ", accumulating");
  if (c.rowsPerExpert > 0)
    text += formatv("  {0,-10} {1:F1} of {2} experts active, {3:F1} rows each, "
                    "if {4} token{5} choose uniformly\n",
                    "expected", c.activeExperts, o.experts, c.rowsPerExpert,
                    workload.tokens, workload.tokens == 1 ? "" : "s");
  if (!c.source.empty())
    text += formatv("  {0,-10} {1}\n", "decided by", c.source);
  for (const AxisChoice &axis : c.axes)
    text +=
        formatv("  {0,-8} {1,-8} {2}\n", axis.axis, axis.value, axis.reason);
  text += formatv("  {0,-8} {1,-8} of {2} bytes on {3}\n", "lds", c.ldsBytes,
                  chip.ldsBytes, chip.name);
  return text;
}
