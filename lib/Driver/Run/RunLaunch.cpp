//===- RunLaunch.cpp - moe-run launch -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The subcommand around Launch: run a launch file, compare, write the outputs,
// print. The file's format is in Launch.cpp.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Launch.h"
#include "Driver/Run/RunCommands.h"
#include "Files/JSONNumber.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;

static json::Value describeJSON(const LaunchFile &launch,
                                const moe::executor::Outcome &outcome,
                                const std::optional<ExpectResult> &expect,
                                StringRef executor, bool pass) {
  json::Object root{{"pass", pass},
                    {"kernel", launch.kernel},
                    {"executor", executor},
                    {"instructions", int64_t(outcome.instructions)},
                    {"seconds", outcome.seconds},
                    {"processor_seconds", outcome.processorSeconds},
                    {"warnings", json::Array(outcome.warnings)},
                    {"reports", json::Array(outcome.reports)},
                    {"report_count", int64_t(outcome.reportGroups)},
                    {"advice", json::Array(outcome.advice)}};
  if (expect)
    root["expect"] = json::Object{
        {"arg", launch.args[launch.expect->arg].name},
        {"pass", expect->pass()},
        {"compared", int64_t(expect->compared)},
        {"wrong", int64_t(expect->wrong)},
        {"max_err", moe::files::jsonNumber(expect->maxError)},
        {"worst", int64_t(expect->worst)},
        {"worst_value", moe::files::jsonNumber(expect->worstValue)},
        {"worst_expected", moe::files::jsonNumber(expect->worstExpected)}};
  addStats(root, outcome);
  return root;
}

static void printSummary(const LaunchFile &launch,
                         const moe::executor::Outcome &outcome,
                         const std::optional<ExpectResult> &expect,
                         StringRef executor) {
  outs() << launch.kernel << ": ";
  // A GPU counts no instructions.
  if (outcome.instructions)
    outs() << outcome.instructions << " wave instructions in ";
  outs() << format("%.3f", outcome.seconds) << " s (" << executor << ")\n";
  printStats(outcome);
  if (!expect)
    return;
  outs() << launch.args[launch.expect->arg].name << ": " << expect->wrong
         << " of " << expect->compared << " elements differ, largest error "
         << format("%g", expect->maxError) << '\n';
}

static void explainMismatch(const LaunchFile &launch,
                            const ExpectResult &expect) {
  errs() << "moe-run: error: '" << launch.args[launch.expect->arg].name
         << "': " << expect.wrong << " of " << expect.compared
         << " elements differ; the worst is element " << expect.worst
         << ": expected " << format("%.9g", expect.worstExpected) << ", got "
         << format("%.9g", expect.worstValue) << '\n';
}

Expected<Verdict> moe::driver::launchCommand(Arguments args) {
  std::string path;
  ExecutorFlags executorFlags;
  bool json = false;
  FlagSet flags("moe-run launch FILE.json [flags]",
                "Runs a kernel of any gfx942 or gfx950 code object with the "
                "grid, buffers and scalars that a launch file says.");
  flags.positional("FILE.json", "the launch file", path);
  executorFlags.add(flags);
  flags.integer("sample-instructions",
                "run only what --time-model samples, so many instructions a "
                "wave; no outputs, no comparison",
                executorFlags.sampleInstructions);
  flags.group("the output");
  flags.toggle("stats", "count instructions by class, bytes and conflicts",
               executorFlags.stats);
  flags.toggle("json", "print one JSON object", json);
  flags.example("moe-run launch k.json --sanitize wait,race",
                "look for missing waits and barriers");
  flags.example("moe-run launch k.json --stats --json > stats.json",
                "where the instructions go, for a script");
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  if (path.empty())
    return usageError("expected a launch file (moe-run help launch-file)");
  bool sampled = executorFlags.sampleInstructions != 0;
  if (sampled && !executorFlags.timeModel)
    return usageError("--sample-instructions: expected --time-model besides");

  Expected<std::unique_ptr<moe::executor::Executor>> executor =
      executorFlags.make(flags);
  if (!executor)
    return executor.takeError();
  Expected<LaunchFile> launch = readLaunchFile(path);
  if (!launch)
    return launch.takeError();
  SmallVector<ExecutorFlags::Output> outputs;
  for (const LaunchArg &arg : launch->args)
    outputs.push_back({"'out' of the launch file", arg.out});
  if (Error error = executorFlags.checkOutputs(outputs))
    return std::move(error);
  Expected<moe::executor::Outcome> outcome =
      (*executor)->run(launch->request());
  if (!outcome)
    return outcome.takeError();
  outcome->warnings.insert(outcome->warnings.begin(), launch->warnings.begin(),
                           launch->warnings.end());
  printFindings(*outcome);

  std::optional<ExpectResult> expect;
  if (launch->expect && !sampled)
    expect = compareExpected(*launch);
  bool pass = outcome->reports.empty() && (!expect || expect->pass());
  if (!sampled)
    if (Error error = writeOutputs(*launch))
      return std::move(error);
  if (json)
    outs() << describeJSON(*launch, *outcome, expect, (*executor)->name(), pass)
           << '\n';
  else
    printSummary(*launch, *outcome, expect, (*executor)->name());
  if (expect && !expect->pass())
    explainMismatch(*launch, *expect);
  if (!outcome->reports.empty())
    errs() << "moe-run: error: " << outcome->reportGroups << " sanitizer report"
           << (outcome->reportGroups == 1 ? "" : "s") << '\n';
  return pass ? Verdict::Good : Verdict::Failed;
}
