//===- EmulatorExecutor.cpp - the emulator behind the executor interface --===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between the two interfaces and takes the time. Nothing about how
// a kernel is executed is here.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Emulator.h"
#include "moe/Executor/Executor.h"
#include <chrono>

using namespace llvm;
using namespace moe::executor;

static moe::emulator::Arg translate(const Argument &argument) {
  switch (argument.kind) {
  case Argument::Kind::Null:
    return moe::emulator::Arg::nullBuffer(argument.name);
  case Argument::Kind::Buffer: {
    moe::emulator::Arg arg =
        moe::emulator::Arg::buffer(argument.bytes, argument.name);
    arg.readOnly = argument.readOnly;
    return arg;
  }
  case Argument::Kind::Scalar:
    break;
  }
  moe::emulator::Arg arg;
  arg.name = argument.name;
  arg.value = argument.value;
  return arg;
}

static std::vector<std::pair<std::string, uint64_t>>
listStats(const moe::emulator::Stats &s) {
  return {{"workgroups", s.workgroups},
          {"waves", s.waves},
          {"mfma", s.mfma},
          {"valu", s.valu},
          {"cvt", s.cvt},
          {"trans", s.trans},
          {"salu", s.salu},
          {"smem", s.smem},
          {"vmem", s.vmem},
          {"flat", s.flat},
          {"lds", s.lds},
          {"waitcnt", s.waitcnt},
          {"barrier", s.barrier},
          {"branch", s.branch},
          {"nop", s.nop},
          {"other", s.other},
          {"global_bytes_read", s.globalBytesRead},
          {"global_bytes_written", s.globalBytesWritten},
          {"global_atomics", s.globalAtomics},
          {"lds_bytes_read", s.ldsBytesRead},
          {"lds_bytes_written", s.ldsBytesWritten},
          {"lds_bank_conflicts", s.ldsBankConflicts}};
}

namespace {
class EmulatorExecutor : public Executor {
public:
  explicit EmulatorExecutor(moe::emulator::RunOptions options)
      : options(std::move(options)) {}

  StringRef name() const override { return "emulator"; }

  Expected<Outcome> run(const Launch &launch) override {
    Expected<moe::emulator::CodeObject> object =
        moe::emulator::CodeObject::load(launch.elf);
    if (!object)
      return object.takeError();
    moe::emulator::Launch request;
    request.kernel = launch.kernel;
    request.grid = launch.grid;
    request.block = launch.block;
    request.dynamicLds = launch.dynamicLds;
    for (const Argument &argument : launch.args)
      request.args.push_back(translate(argument));

    auto start = std::chrono::steady_clock::now();
    Expected<moe::emulator::RunResult> result =
        moe::emulator::run(*object, request, options);
    if (!result)
      return result.takeError();
    Outcome outcome;
    outcome.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    outcome.instructions = result->stats.instructions;
    if (options.stats)
      outcome.stats = listStats(result->stats);
    for (const moe::emulator::Report &report : result->reports)
      outcome.reports.push_back(report.message);
    outcome.warnings = std::move(result->warnings);
    return outcome;
  }

private:
  moe::emulator::RunOptions options;
};
} // namespace

Expected<std::unique_ptr<Executor>>
moe::executor::makeEmulatorExecutor(const Options &options) {
  moe::emulator::RunOptions run;
  run.threads = options.threads;
  run.orderSeed = options.orderSeed;
  run.maxInstructions = options.maxInstructions;
  run.stats = options.stats;
  run.progress = options.progress;
  if (!options.sanitizers.empty()) {
    Expected<uint32_t> bits =
        moe::emulator::parseSanitizers(options.sanitizers);
    if (!bits)
      return bits.takeError();
    run.sanitizers = *bits;
  }
  return std::make_unique<EmulatorExecutor>(std::move(run));
}
