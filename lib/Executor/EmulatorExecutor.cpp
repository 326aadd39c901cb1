//===- EmulatorExecutor.cpp - the emulator behind the executor interface --===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between the two interfaces, takes the time and writes the trace's
// file. Nothing about how a kernel is executed is here.
//
//===----------------------------------------------------------------------===//

#include "Files/Files.h"
#include "Translate.h"
#include "moe/Emulator/Emulator.h"
#include "moe/Executor/Executor.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <ctime>

using namespace llvm;
using namespace moe::executor;

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

/// The classes that occur.
static std::vector<std::pair<std::string, uint64_t>>
listLine(const moe::emulator::Stats &stats) {
  std::vector<std::pair<std::string, uint64_t>> counts = {
      {"instructions", stats.instructions}};
  for (auto &entry : listStats(stats))
    if (entry.second)
      counts.push_back(std::move(entry));
  return counts;
}

/// A file beside `path` that will become it.
static Expected<sys::fs::TempFile> openBeside(StringRef path) {
  if (Error error = moe::files::checkOutput(path))
    return std::move(error);
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) &&
      status.type() != sys::fs::file_type::regular_file)
    return createStringError("cannot write '" + path + "': not a regular file");
  moe::files::HeldSignals held;
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!file)
    return createStringError("cannot write '" + path +
                             "': " + toString(file.takeError()));
  return file;
}

static Error writeTrace(const moe::emulator::Trace &trace,
                        sys::fs::TempFile &file, StringRef path) {
  raw_fd_ostream os(file.FD, /*shouldClose=*/false);
  moe::emulator::writeChromeTrace(trace, os);
  os.flush();
  if (std::error_code code = os.error()) {
    os.clear_error();
    return createStringError("cannot write '" + path + "': " + code.message());
  }
  return Error::success();
}

namespace {
class EmulatorExecutor : public Executor {
public:
  EmulatorExecutor(moe::emulator::RunOptions run, const Options &options)
      : options(std::move(run)), asked(options) {}

  StringRef name() const override { return "emulator"; }

  Expected<Outcome> run(const Launch &launch) override {
    const std::string &traceFile = asked.traceFile;
    if (traceFile.empty())
      return execute(launch, nullptr);
    // Before the run, so that a place nobody may write to costs no time.
    Expected<sys::fs::TempFile> file = openBeside(traceFile);
    if (!file)
      return file.takeError();
    std::optional<moe::emulator::Trace> failed;
    options.failedTrace = [&](moe::emulator::Trace trace) {
      failed = std::move(trace);
    };
    Expected<Outcome> outcome = execute(launch, &*file);
    options.failedTrace = nullptr;
    if (!outcome) {
      // Up to the error, if the run came that far.
      Error error = failed ? writeTrace(*failed, *file, traceFile)
                           : createStringError("no trace");
      if (error)
        consumeError(joinErrors(std::move(error), file->discard()));
      else
        consumeError(file->keep(traceFile));
      return outcome;
    }
    if (Error error = file->keep(traceFile))
      return createStringError("cannot write '" + traceFile +
                               "': " + toString(std::move(error)));
    return outcome;
  }

private:
  Expected<Outcome> execute(const Launch &launch, sys::fs::TempFile *traceTo) {
    Expected<moe::emulator::KernelImage> object =
        moe::emulator::KernelImage::load(launch.elf, launch.chip);
    if (!object)
      return object.takeError();
    if (Error error = startModel(*object))
      return std::move(error);
    moe::emulator::Launch request;
    request.kernel = launch.kernel;
    request.grid = launch.grid;
    request.block = launch.block;
    request.dynamicLds = launch.dynamicLds;
    for (const Argument &argument : launch.args)
      request.args.push_back(translate(argument));

    auto start = std::chrono::steady_clock::now();
    std::clock_t processorStart = std::clock();
    Expected<moe::emulator::RunResult> result =
        moe::emulator::run(*object, request, options);
    if (!result)
      return result.takeError();
    Outcome outcome;
    outcome.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    outcome.processorSeconds =
        double(std::clock() - processorStart) / CLOCKS_PER_SEC;
    outcome.instructions = result->stats.instructions;
    if (Error error = finishModel(outcome))
      return std::move(error);
    if (traceTo)
      if (Error error = writeTrace(*result->trace, *traceTo, asked.traceFile))
        return std::move(error);
    if (options.stats)
      outcome.stats = listStats(result->stats);
    for (const moe::emulator::LineStats &line : result->lines)
      outcome.lines.push_back({line.line, listLine(line.stats)});
    for (const moe::emulator::Report &report : result->reports)
      outcome.reports.push_back(
          report.message + (report.count > 1
                                ? ", " + std::to_string(report.count) + " times"
                                : ""));
    outcome.reportGroups = result->reportGroups;
    for (const moe::emulator::Report &advice : result->advice)
      outcome.advice.push_back(
          advice.rule + ", " + std::to_string(advice.count) + " times at " +
          std::to_string(advice.places) +
          (advice.places == 1 ? " place: " : " places, the first: ") +
          advice.message);
    outcome.warnings = std::move(result->warnings);
    return outcome;
  }

  /// Makes the run tell what its time depends on.
  Error startModel(const moe::emulator::KernelImage &object) {
    options.events = nullptr;
    if (!asked.timeModel)
      return Error::success();
    if (Error error = moe::timing::loadParameters(*asked.timeModel,
                                                  chipName(object.chip()))
                          .moveInto(parameters))
      return error;
    recording = std::make_shared<moe::timing::Recording>(
        parameters,
        moe::timing::Recording::Options{asked.sampleInstructions, asked.brief});
    options.events = &*recording;
    if (asked.sampleInstructions)
      options.threads = 1;
    return Error::success();
  }
  Error finishModel(Outcome &outcome) {
    if (!options.events)
      return Error::success();
    recording->finish();
    outcome.modelled = asked.brief
                           ? moe::timing::modelOneTime(*recording, parameters)
                           : moe::timing::modelTime(*recording, parameters);
    return asked.modelled
               ? asked.modelled(recording, parameters, *outcome.modelled)
               : Error::success();
  }

  moe::emulator::RunOptions options;
  const Options asked;
  moe::timing::Parameters parameters; ///< of the model
  std::shared_ptr<moe::timing::Recording> recording;
};
} // namespace

Expected<std::unique_ptr<Executor>>
moe::executor::makeEmulatorExecutor(const Options &options) {
  moe::emulator::RunOptions run;
  run.threads = options.threads;
  run.orderSeed = options.orderSeed;
  run.maxInstructions = options.maxInstructions;
  run.stats = options.stats;
  run.maxReports = options.maxReports;
  run.mute = options.mute;
  if (options.watch) {
    run.watch.emplace();
    run.watch->pc = options.watch->first;
    if (options.watch->second >= 0)
      run.watch->wave = unsigned(options.watch->second);
    run.registers = options.registers;
  }
  run.progress = options.progress;
  if (!options.traceFile.empty())
    run.traceLimit = options.traceLimit;
  if (!options.interleave.empty()) {
    Expected<moe::emulator::Interleave> how =
        moe::emulator::parseInterleave(options.interleave);
    if (!how)
      return how.takeError();
    run.interleave = *how;
  }
  if (!options.mfmaArithmetic.empty()) {
    Expected<moe::emulator::MfmaArithmetic> how =
        moe::emulator::parseMfmaArithmetic(options.mfmaArithmetic);
    if (!how)
      return how.takeError();
    run.mfmaArithmetic = *how;
  }
  if (!options.sanitizers.empty()) {
    Expected<uint32_t> bits =
        moe::emulator::parseSanitizers(options.sanitizers);
    if (!bits)
      return bits.takeError();
    run.sanitizers = *bits;
  }
  return std::make_unique<EmulatorExecutor>(std::move(run), options);
}
