//===- RunAnnotate.cpp - moe-run annotate ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instructions of a launch side by side with what each costs in the timing
// model, as text or as a page (AnnotatePage.cpp).
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Annotate.h"

#include "Driver/Run/Launch.h"
#include "Driver/Run/RunCommands.h"
#include "Files/Files.h"
#include "moe/Timing/Liveness.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;
using namespace moe::timing;

static void printRows(const Annotated &a) {
  const auto &insts = a.recording->kernel().insts;
  outs() << "  executed      stall      issue  vgpr  conflicts  address  "
            "instruction\n";
  for (size_t i = 0; i < insts.size(); ++i) {
    const InstTime &cost = a.time.insts[i];
    outs() << format("%10llu %10.0f %10.0f %5u %10llu %8llx  ",
                     (unsigned long long)cost.count, cost.stall, cost.issue,
                     a.live[i], (unsigned long long)cost.ldsConflicts,
                     (unsigned long long)insts[i].pc)
           << insts[i].text;
    if (!insts[i].line.empty())
      outs() << "  ; " << insts[i].line;
    outs() << '\n';
  }
}

std::vector<std::string> moe::driver::occupancyLines(const Annotated &a) {
  const auto &kernel = a.recording->kernel();
  const Parameters &p = a.parameters;
  std::vector<std::string> lines;
  lines.push_back(std::to_string(a.time.wavesPerSimd) + " waves a SIMD with " +
                  std::to_string(kernel.vgprs) + " VGPRs and " +
                  std::to_string(kernel.ldsBytes) + " bytes of LDS");
  // One more workgroup on the compute unit.
  unsigned groups = a.recording->residents() + 1;
  auto waves = unsigned((groups * kernel.waves + p.simds - 1) / p.simds);
  if (waves > p.waves_per_simd) {
    lines.push_back("no more waves fit a SIMD");
    return lines;
  }
  constexpr unsigned granule = 8;
  unsigned vgprs = unsigned(p.vgprs / waves) / granule * granule;
  auto lds = unsigned(p.lds_bytes / groups);
  lds -= lds % kernel.ldsGranule;
  lines.push_back("for " + std::to_string(waves) +
                  " waves a SIMD: <= " + std::to_string(vgprs) +
                  " VGPRs and <= " + std::to_string(lds) + " bytes of LDS");
  return lines;
}

static Error annotate(const std::string &path, const std::string &page,
                      ExecutorFlags &flags, const FlagSet &given,
                      moe::executor::Outcome &outcome) {
  Annotated a;
  flags.modelled = [&](std::shared_ptr<const Recording> recording,
                       const Parameters &parameters, const ModelledTime &time) {
    a.recording = std::move(recording);
    a.parameters = parameters;
    a.time = time;
    return Error::success();
  };
  auto executor = flags.make(given);
  if (!executor)
    return executor.takeError();
  Expected<LaunchFile> launch = readLaunchFile(path);
  if (!launch)
    return launch.takeError();
  if (Error error = (*executor)->run(launch->request()).moveInto(outcome))
    return error;
  printFindings(outcome);
  if (a.time.insts.empty())
    return createStringError("'" + path + "': expected a workgroup that runs");
  a.live = liveVgprs(a.recording->kernel());
  if (!page.empty()) {
    std::string text = annotatedPage(a);
    if (Error error =
            moe::files::writeFile(page, {arrayRefFromStringRef(text)}))
      return error;
  }
  outs() << a.recording->kernel().kernel << " on " << a.recording->kernel().chip
         << ", one compute unit, cycles\n";
  printStats(outcome);
  for (const std::string &line : occupancyLines(a))
    outs() << "  " << line << '\n';
  printRows(a);
  return Error::success();
}

Expected<Verdict> moe::driver::annotateCommand(Arguments args) {
  std::string path, page;
  ExecutorFlags executorFlags;
  FlagSet flags("moe-run annotate FILE.json [flags]",
                "Runs a launch file and prints its instructions with modelled "
                "stall and issue cycles, live VGPRs and LDS conflicts.");
  flags.positional("FILE.json", "the launch file", path);
  executorFlags.add(flags);
  flags.integer("sample-instructions",
                "run only what the model samples, so many instructions a wave",
                executorFlags.sampleInstructions);
  flags.group("the output");
  flags.string("html", "FILE.html", "write a page as well", page);
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  if (path.empty())
    return usageError("expected a launch file");
  if (!executorFlags.timeModel)
    executorFlags.timeModel = "";
  moe::executor::Outcome outcome;
  if (Error error = annotate(path, page, executorFlags, flags, outcome))
    return std::move(error);
  return outcome.reports.empty() ? Verdict::Good : Verdict::Failed;
}
