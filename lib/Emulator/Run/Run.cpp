//===- Run.cpp - a launch from start to end -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks a launch against the kernel's metadata, decodes it, starts its threads
// and collects what they found.
//
//===----------------------------------------------------------------------===//

#include "Run/Kernarg.h"
#include "Run/LaunchRun.h"
#include "State/ChipFeatures.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <numeric>
#include <thread>

using namespace llvm;
using namespace moe::emulator;

static Error failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Error LaunchRun::checkShape() {
  uint64_t items = 1;
  groups = 1;
  for (unsigned d = 0; d < 3; ++d) {
    if (launch.grid[d] == 0 || launch.block[d] == 0)
      return failure("expected sizes of grid and block of at least 1, got "
                     "grid " +
                     Twine(launch.grid[0]) + "x" + Twine(launch.grid[1]) + "x" +
                     Twine(launch.grid[2]) + " and block " +
                     Twine(launch.block[0]) + "x" + Twine(launch.block[1]) +
                     "x" + Twine(launch.block[2]));
    if (launch.block[d] > 1024)
      return failure("expected a block of at most 1024 work items, got " +
                     Twine(launch.block[d]) + " in one dimension");
    // The dispatch packet counts work items in 32 bits.
    uint64_t size = uint64_t(launch.grid[d]) * launch.block[d];
    if (size > UINT32_MAX)
      return failure("expected fewer than 2^32 work items in one dimension of "
                     "the grid, got " +
                     Twine(size));
    items *= launch.block[d];
    if (groups > (uint64_t(1) << 40) / launch.grid[d])
      return failure("the grid has more than 2^40 workgroups");
    groups *= launch.grid[d];
  }
  uint32_t most =
      kernel->maxFlatWorkgroupSize ? kernel->maxFlatWorkgroupSize : 1024;
  if (items > std::min<uint32_t>(most, 1024))
    return failure("kernel '" + kernel->name +
                   "': expected a block of at most " +
                   Twine(std::min<uint32_t>(most, 1024)) + " work items, got " +
                   Twine(items));
  if (kernel->reqdWorkgroupSize && *kernel->reqdWorkgroupSize != launch.block) {
    const auto &want = *kernel->reqdWorkgroupSize;
    return failure("kernel '" + kernel->name + "': expected a block of " +
                   Twine(want[0]) + "x" + Twine(want[1]) + "x" +
                   Twine(want[2]) + ", got " + Twine(launch.block[0]) + "x" +
                   Twine(launch.block[1]) + "x" + Twine(launch.block[2]));
  }
  uint64_t lds = uint64_t(kernel->ldsSize) + launch.dynamicLds;
  if (lds > ldsLimit(object.chip()))
    return failure("kernel '" + kernel->name + "': expected at most " +
                   Twine(ldsLimit(object.chip())) + " bytes of LDS on " +
                   chipName(object.chip()) + ", got " + Twine(lds) + " (" +
                   Twine(kernel->ldsSize) + " static, " +
                   Twine(launch.dynamicLds) + " dynamic)");
  // The field for a wave's scratch has 13 bits, in units of 1 KiB.
  if (kernel->scratchSize > 131056)
    return failure("kernel '" + kernel->name +
                   "': expected at most 131056 bytes of scratch a work item, "
                   "got " +
                   Twine(kernel->scratchSize));
  state.ldsSize = uint32_t(lds);
  return Error::success();
}

/// Error: the sums of matrix instructions that are asked for are not known for
/// the chip.
Error LaunchRun::checkArithmetic() const {
  if (state.options.mfmaArithmetic == MfmaArithmetic::Default ||
      hasCdna3Sums(object.chip()))
    return Error::success();
  return failure("expected the default arithmetic of matrix instructions for " +
                 chipName(object.chip()) +
                 ", got cdna3, which is published for gfx942 only");
}

Error LaunchRun::decode() {
  auto made = Disassembler::create(object.chip());
  if (!made)
    return made.takeError();
  disassembler = std::move(*made);
  auto decoded = decodeKernel(object, *kernel, *disassembler);
  if (!decoded)
    return decoded.takeError();
  program = *decoded;
  findings.emplace(state.options, *program, [this](int64_t instIndex) {
    return instIndex < 0 ? std::string("?")
                         : describeInst(object, *disassembler,
                                        program->meta[size_t(instIndex)]);
  });
  return Error::success();
}

/// The instruction at which registers are printed, if any.
Error LaunchRun::findWatched() {
  if (!state.options.watch)
    return Error::success();
  auto found = program->byAddress.find(state.options.watch->pc);
  if (found == program->byAddress.end())
    return failure("kernel '" + kernel->name +
                   "': expected the address of an instruction to print "
                   "registers at, got 0x" +
                   utohexstr(state.options.watch->pc, /*LowerCase=*/true));
  state.watchIndex = found->second;
  return Error::success();
}

/// The order of workgroups, by the seed.
void LaunchRun::shuffleOrder() {
  if (!state.options.orderSeed || groups > (1u << 26))
    return;
  order.resize(groups);
  std::iota(order.begin(), order.end(), 0);
  uint64_t seed = *state.options.orderSeed * 2 + 1;
  for (uint64_t i = groups; i > 1; --i) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    std::swap(order[i - 1], order[(seed >> 33) % i]);
  }
}

/// Traces and printed registers are those of one thread.
unsigned LaunchRun::threadCount() const {
  if (state.options.watch || state.options.traceLimit)
    return 1;
  unsigned threads = state.options.threads
                         ? state.options.threads
                         : std::thread::hardware_concurrency();
  return unsigned(std::min<uint64_t>(std::max(1u, threads), groups));
}

/// Warnings of instructions: one a text, with the first of them.
void LaunchRun::placeWarnings() {
  for (const auto &[text, places] : placedWarnings) {
    std::string line =
        text + ", at " +
        describeInst(object, *disassembler, program->meta[*places.begin()]);
    if (places.size() > 1)
      line += " and " + std::to_string(places.size() - 1) + " more";
    warnings.insert(std::move(line));
  }
}

Expected<RunResult> LaunchRun::run() {
  auto found = object.kernel(launch.kernel);
  if (!found)
    return found.takeError();
  kernel = *found;
  warnings.insert(kernel->notes.begin(), kernel->notes.end());
  if (Error error = checkShape())
    return std::move(error);
  auto placed = placeArguments(*kernel, launch);
  if (!placed)
    return placed.takeError();
  places = std::move(*placed);
  if (!launch.kernarg)
    if (std::optional<std::string> missing =
            missingArguments(*kernel, launch, places))
      warnings.insert(std::move(*missing));
  if (Error error = checkArithmetic())
    return std::move(error);
  if (Error error = decode())
    return std::move(error);
  if (Error error = findWatched())
    return std::move(error);
  if (Error error = mapMemory())
    return std::move(error);
  if (Error error = fillSgprs())
    return std::move(error);
  state.kernel = kernel;
  state.program = program.get();
  state.memory = &memory;
  state.grid = launch.grid;
  state.block = launch.block;
  state.chip = &chipFeatures(object.chip());
  shuffleOrder();
  startEvents();
  if (state.options.traceLimit) {
    trace.emplace();
    trace->limit = state.options.traceLimit;
  }
  unsigned threads = threadCount();
  runningThreads = threads;
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i)
    pool.emplace_back([this] { worker(); });
  worker();
  for (std::thread &thread : pool)
    thread.join();
  if (firstError) {
    if (trace && state.options.failedTrace) {
      fillTrace();
      trace->error = firstError->second;
      state.options.failedTrace(std::move(*trace));
    }
    return failure(firstError->second);
  }
  stats.workgroups = doneGroups;
  if (trace)
    fillTrace();
  RunResult result;
  result.lines = countClasses();
  result.stats = stats;
  findings->moveTo(result);
  placeWarnings();
  result.warnings.assign(warnings.begin(), warnings.end());
  result.trace = std::move(trace);
  return result;
}

Expected<RunResult> moe::emulator::run(const KernelImage &object,
                                       const Launch &launch,
                                       const RunOptions &options) {
  return LaunchRun(object, launch, options).run();
}
