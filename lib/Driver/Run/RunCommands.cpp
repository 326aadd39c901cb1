//===- RunCommands.cpp - what the subcommands of moe-run share ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The executor's flags, findings and counters. No subcommand is here.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCommands.h"
#include "Driver/Run/RunFiles.h"
#include "Driver/Run/RunProgress.h"
#include "Files/Files.h"
#include "moe/Emulator/Emulator.h"
#include "moe/Timing/Timeline.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;

void ExecutorFlags::add(FlagSet &flags) {
  flags.group("the execution");
  flags.choice<std::string>("executor", "what runs the kernel [emulator]",
                            executor,
                            {{"emulator", "emulator"}, {"hip", "hip"}});
  flags.string("hip-library", "PATH",
               "library of executor hip [the machine's libamdhip64.so]",
               hipLibrary);
  flags.value("sanitize", "LIST",
              "wait,race,uninit,bounds,exec,hazard, hazard=strict, all or "
              "none [none]",
              [this](StringRef text) -> Error {
                Expected<uint32_t> bits = moe::emulator::parseSanitizers(text);
                if (!bits)
                  return usageError("--sanitize: " +
                                    toString(bits.takeError()));
                sanitize = text.str();
                return Error::success();
              });
  flags.integer("max-reports", "sanitizer reports at most [20]", maxReports, 1);
  flags.value("mute", "RULE[,RULE]", "sanitizer rules that are not reported",
              [this](StringRef text) -> Error {
                auto rules = moe::emulator::parseRules(text);
                if (!rules)
                  return usageError("--mute: " + toString(rules.takeError()));
                mute = std::move(*rules);
                return Error::success();
              });
  flags.value("print-registers", "PC[:WAVE]",
              "print the registers of waves that get to an instruction",
              [this](StringRef text) -> Error {
                auto [pc, number] = text.split(':');
                uint64_t address;
                unsigned wave = 0;
                if (pc.getAsInteger(0, address) ||
                    (text.contains(':') &&
                     (number.getAsInteger(10, wave) || wave > 15)))
                  return usageError(
                      "--print-registers: expected an address and "
                      "a wave from 0 to 15, as 0x1510:0, got '" +
                      text + "'");
                watch = {address, text.contains(':') ? int(wave) : -1};
                return Error::success();
              });
  flags.integer("threads", "host threads; 0 = one a core [0]", threads, 0);
  flags.integer("order-seed", "shuffles wave, workgroup and atomic order",
                orderSeed);
  flags.choice<std::string>(
      "interleave", "how the waves of a workgroup take turns [barrier]",
      interleave,
      {{"barrier", "barrier"}, {"lockstep", "lockstep"}, {"random", "random"}});
  flags.choice<std::string>(
      "mfma-arithmetic",
      "sums of matrix instructions; cdna3: as measured, gfx942 only [default]",
      mfmaArithmetic, {{"default", "default"}, {"cdna3", "cdna3"}});
  flags.integer("max-instructions", "stop after so many; 0 = no limit [0]",
                maxInstructions);
  addFiles(flags);
}

/// What is written about the execution, and its modelled time.
void ExecutorFlags::addFiles(FlagSet &flags) {
  flags.value("trace", "FILE.json",
              "write what each wave executed as Chrome trace events",
              [this](StringRef text) -> Error {
                if (text.empty() || text == "-")
                  return usageError("--trace: expected a file, got '" + text +
                                    "'");
                trace = text.str();
                return Error::success();
              });
  flags.optionalValue(
      "time-model", "FILE.json",
      "model the time on the chip, with these parameters [built in]",
      [this](StringRef text) -> Error {
        timeModel = text.str();
        return Error::success();
      });
  flags.string("timeline", "FILE.json",
               "with --time-model: modelled times of a compute unit as Chrome "
               "trace events",
               timeline);
  flags.string("viewer", "FOLDER",
               "with --time-model: the same for ROCprof Compute Viewer",
               viewer);
  flags.integer("trace-limit", "instructions in a trace at most [1000000]",
                traceLimit, 1);
  flags.toggle("progress",
               "a bar with rate and remaining time from the start, on a "
               "terminal only; without it when a run takes long",
               progress);
}

static Error writeTimelineFile(const moe::timing::Recording &recording,
                               const moe::timing::Parameters &parameters,
                               const std::string &path) {
  std::string text;
  raw_string_ostream os(text);
  moe::timing::writeTimeline(recording, parameters, os);
  return moe::files::writeFile(path, {arrayRefFromStringRef(os.str())});
}

/// What an executor calls with each recorded run.
moe::executor::ModelHook ExecutorFlags::writeModelled() const {
  return [*this](const std::shared_ptr<const moe::timing::Recording> &recording,
                 const moe::timing::Parameters &parameters,
                 const moe::timing::ModelledTime &time) -> Error {
    if (!timeline.empty())
      if (Error error = writeTimelineFile(*recording, parameters, timeline))
        return error;
    if (!viewer.empty())
      if (Error error = writeViewerFolder(*recording, parameters, viewer))
        return error;
    return modelled ? modelled(recording, parameters, time) : Error::success();
  };
}

Error ExecutorFlags::checkOutputs(ArrayRef<Output> outputs) const {
  StringMap<StringRef> nameOf;
  auto all = to_vector(outputs);
  all.append(
      {{"--trace", trace}, {"--timeline", timeline}, {"--viewer", viewer}});
  for (auto [name, file] : all) {
    // A device takes any number of outputs.
    if (file.empty() ||
        (sys::fs::exists(file) && !sys::fs::is_regular_file(file)))
      continue;
    if (Error error = files::checkOutput(file))
      return usageError(name + ": " + toString(std::move(error)));
    auto [first, isNew] = nameOf.try_emplace(placeOf(file), name);
    if (!isNew)
      return usageError(name + ": expected another file than that of " +
                        first->second + ", got '" + file + "'");
  }
  return Error::success();
}

Expected<std::unique_ptr<moe::executor::Executor>>
ExecutorFlags::make(const FlagSet &flags, ArrayRef<Output> outputs) const {
  if (timeModel)
    files::protectInput(*timeModel);
  if (Error error = checkOutputs(outputs))
    return std::move(error);
  executor::Options options;
  options.threads = static_cast<unsigned>(std::min<int64_t>(threads, 1024));
  if (flags.given("order-seed"))
    options.orderSeed = orderSeed;
  options.interleave = interleave;
  options.mfmaArithmetic = mfmaArithmetic;
  options.maxInstructions = maxInstructions;
  options.sanitizers = sanitize;
  options.hipLibrary = hipLibrary;
  if (flags.given("hip-library") && executor != "hip")
    return usageError("--hip-library: expected --executor hip besides");
  bool sanitizes =
      !sanitize.empty() && cantFail(moe::emulator::parseSanitizers(sanitize));
  for (const char *name : {"mute", "max-reports"})
    if (flags.given(name) && !sanitizes)
      return usageError(Twine("--") + name + ": expected --sanitize besides");
  options.stats = stats;
  options.maxReports =
      static_cast<unsigned>(std::min<int64_t>(maxReports, 1 << 20));
  options.mute = mute;
  options.watch = watch;
  options.registers = [](const std::string &text) {
    errs() << "moe-run: " << text;
  };
  options.timeModel = timeModel;
  options.sampleInstructions = sampleInstructions;
  if (timeModel && executor != "emulator")
    return usageError("--time-model: expected --executor emulator, got " +
                      executor);
  for (const char *name : {"timeline", "viewer"})
    if (flags.given(name) && !timeModel)
      return usageError(Twine("--") + name + ": expected --time-model besides");
  options.modelled = writeModelled();
  options.traceFile = trace;
  options.traceLimit = static_cast<uint64_t>(traceLimit);
  if (flags.given("trace-limit") && !flags.given("trace"))
    return usageError("--trace-limit: expected --trace besides");
  options.progress = makeProgress(progress);
  return executor::makeExecutor(executor, options);
}

void moe::driver::printFindings(const executor::Outcome &outcome) {
  for (const std::string &warning : outcome.warnings)
    errs() << "moe-run: warning: " << warning << '\n';
  for (const std::string &report : outcome.reports)
    errs() << "moe-run: sanitizer: " << report << '\n';
  if (outcome.reportGroups > outcome.reports.size())
    errs() << "moe-run: sanitizer: "
           << outcome.reportGroups - outcome.reports.size()
           << " more; --max-reports shows them\n";
  for (const std::string &advice : outcome.advice)
    errs() << "moe-run: advice: " << advice << '\n';
  bool orders = llvm::any_of(outcome.reports, [](StringRef report) {
    return report.starts_with("race") || report.starts_with("wait");
  });
  if (orders)
    errs() << "moe-run: note: the result may depend on the order of the waves; "
              "compare --interleave barrier, lockstep and random\n";
}

/// Prints a modelled time as such, with the parameters it comes from.
static void printModelled(const moe::timing::ModelledTime &time) {
  outs() << format("  modelled: %.2f us, ideal %.2f us (%.2f times), launch "
                   "%.2f us, bound by ",
                   time.us, time.idealUs,
                   time.idealUs > 0 ? time.us / time.idealUs : 0.0,
                   time.launchUs)
         << time.boundBy << "; parameters " << time.parameters
         << (time.calibrated ? "" : ", uncalibrated")
         << (time.sampled ? ", from a sample" : "") << '\n';
  outs() << "  modelled busy:";
  for (const auto &[unit, part] : time.busy)
    outs() << ' ' << unit << format(" %.0f %%", 100 * part);
  outs() << '\n';
  for (const auto &[clk, us] : time.byScaledCvt)
    outs() << "  modelled with " << clk
           << " cycles a v_cvt_scalef32: " << format("%.2f", us) << " us\n";
}

json::Object moe::driver::modelledJSON(const moe::timing::ModelledTime &time) {
  json::Object busy, converts;
  for (const auto &[unit, part] : time.busy)
    busy[unit] = part;
  for (const auto &[clk, us] : time.byScaledCvt)
    converts[std::to_string(clk)] = us;
  json::Object object{{"us", time.us},
                      {"ideal_us", time.idealUs},
                      {"launch_us", time.launchUs},
                      {"bound_by", time.boundBy},
                      {"parameters", time.parameters},
                      {"calibrated", time.calibrated},
                      {"sampled", time.sampled},
                      {"hbm_bytes", time.hbmBytes},
                      {"waves_per_simd", int64_t(time.wavesPerSimd)},
                      {"busy", std::move(busy)}};
  if (!time.byScaledCvt.empty())
    object["us_by_scaled_cvt_clk"] = std::move(converts);
  return object;
}

void moe::driver::addModelled(json::Object &root,
                              const executor::Outcome &outcome) {
  if (outcome.modelled)
    root["modelled"] = modelledJSON(*outcome.modelled);
}

void moe::driver::printStats(const executor::Outcome &outcome) {
  if (outcome.modelled)
    printModelled(*outcome.modelled);
  for (const auto &[name, count] : outcome.stats)
    outs() << "  " << name << ": " << count << '\n';
  for (const auto &[line, counts] : outcome.lines) {
    outs() << "  " << (line.empty() ? "no line" : line) << ':';
    const char *separator = " ";
    for (const auto &[name, count] : counts) {
      outs() << separator << count << ' ' << name;
      separator = ", ";
    }
    outs() << '\n';
  }
}

void moe::driver::addStats(json::Object &root,
                           const executor::Outcome &outcome) {
  auto object = [](const auto &counts) {
    json::Object result;
    for (const auto &[name, count] : counts)
      result[name] = int64_t(count);
    return result;
  };
  addModelled(root, outcome);
  if (!outcome.stats.empty())
    root["stats"] = object(outcome.stats);
  json::Array lines;
  for (const auto &[line, counts] : outcome.lines) {
    json::Object entry = object(counts);
    entry["line"] = json::fixUTF8(line);
    lines.push_back(std::move(entry));
  }
  if (!lines.empty())
    root["lines"] = std::move(lines);
}
