//===- RunModel.cpp - moe-run model ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Records launches once and models their times for any number of parameter
// files, whose names come on standard input: what a calibration needs.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Launch.h"
#include "Driver/Run/RunCommands.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <iostream>

using namespace llvm;
using namespace moe::driver;
using namespace moe::timing;

using Recordings = std::vector<std::shared_ptr<const Recording>>;

static Expected<std::shared_ptr<const Recording>>
record(StringRef path, uint64_t sampleInstructions) {
  std::shared_ptr<const Recording> kept;
  moe::executor::Options options;
  options.timeModel = "";
  options.sampleInstructions = sampleInstructions;
  options.modelled = [&](std::shared_ptr<const Recording> recording,
                         const Parameters &, const ModelledTime &) {
    kept = std::move(recording);
    return Error::success();
  };
  auto executor = moe::executor::makeEmulatorExecutor(options);
  if (!executor)
    return executor.takeError();
  Expected<LaunchFile> launch = readLaunchFile(path);
  if (!launch)
    return launch.takeError();
  Expected<moe::executor::Outcome> outcome =
      (*executor)->run(launch->request());
  if (!outcome)
    return createStringError("'" + path +
                             "': " + toString(outcome.takeError()));
  return kept;
}

/// One line of times for a parameter file.
static Error printTimes(const Recordings &recordings, StringRef path) {
  json::Array times;
  for (const auto &recording : recordings) {
    Expected<Parameters> parameters =
        loadParameters(path, recording->kernel().chip);
    if (!parameters)
      return parameters.takeError();
    ModelledTime time = modelTime(*recording, *parameters);
    times.push_back(json::Object{{"us", time.us},
                                 {"ideal_us", time.idealUs},
                                 {"bound_by", time.boundBy}});
  }
  outs() << json::Value(std::move(times)) << '\n';
  outs().flush();
  return Error::success();
}

Expected<Verdict> moe::driver::modelCommand(Arguments args) {
  std::vector<std::string> files;
  uint64_t sampleInstructions = 0;
  FlagSet flags("moe-run model FILE.json... [flags]",
                "Records launches, then models their times with each parameter "
                "file that a line of standard input names (an empty line: the "
                "built-in ones). Prints a JSON array for each line.");
  flags.positionals("FILE.json", "launch files", files);
  flags.integer("sample-instructions",
                "run only what the model samples, so many instructions a wave; "
                "0 = run everything [0]",
                sampleInstructions);
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  if (files.empty())
    return usageError("expected launch files");
  Recordings recordings;
  for (const std::string &file : files) {
    auto recording = record(file, sampleInstructions);
    if (!recording)
      return recording.takeError();
    recordings.push_back(std::move(*recording));
  }
  std::string line;
  while (std::getline(std::cin, line))
    if (Error error = printTimes(recordings, line))
      return std::move(error);
  return Verdict::Good;
}
