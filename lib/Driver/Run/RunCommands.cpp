//===- RunCommands.cpp - what the subcommands of moe-run share ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The executor's flags, the progress line, findings and counters. No subcommand
// is here.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCommands.h"
#include "Driver/Run/RunFiles.h"
#include "moe/Emulator/Emulator.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

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
  flags.value("trace", "FILE.json",
              "write what each wave executed as Chrome trace events",
              [this](StringRef text) -> Error {
                if (text.empty() || text == "-")
                  return usageError("--trace: expected a file, got '" + text +
                                    "'");
                trace = text.str();
                return Error::success();
              });
  flags.integer("trace-limit", "instructions in a trace at most [1000000]",
                traceLimit, 1);
}

Expected<std::unique_ptr<moe::executor::Executor>>
ExecutorFlags::make(const FlagSet &flags) const {
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
  options.stats = stats;
  options.maxReports =
      static_cast<unsigned>(std::min<int64_t>(maxReports, 1 << 20));
  options.mute = mute;
  options.watch = watch;
  options.registers = [](const std::string &text) {
    errs() << "moe-run: " << text;
  };
  options.traceFile = trace;
  options.traceLimit = static_cast<uint64_t>(traceLimit);
  if (flags.given("trace-limit") && !flags.given("trace"))
    return usageError("--trace-limit: expected --trace besides");
  if (errs().is_displayed()) {
    using Clock = std::chrono::steady_clock;
    auto last = std::make_shared<Clock::time_point>(Clock::now() +
                                                    std::chrono::seconds(2));
    options.progress = [last](uint64_t done, uint64_t all) {
      auto now = Clock::now();
      bool started = *last < now;
      if (started && done < all) {
        *last = now + std::chrono::milliseconds(200);
        errs() << '\r' << done << " of " << all << " workgroups"
               << format(" (%.0f %%)", 100.0 * double(done) / double(all));
      }
      if (started && done == all)
        errs() << "\r\033[K";
    };
  }
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

void moe::driver::printStats(const executor::Outcome &outcome) {
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
