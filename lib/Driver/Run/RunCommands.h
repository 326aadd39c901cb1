//===- RunCommands.h - the subcommands of moe-run -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function for each subcommand: it parses its flags, does the work, prints
// the summary or the JSON object to standard output and returns an error for
// anything else; and what they share, the flags of the executor.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNCOMMANDS_H
#define MOE_LIB_DRIVER_RUN_RUNCOMMANDS_H

#include "Driver/Options/Flags.h"
#include "moe/Executor/Executor.h"

namespace llvm::json {
class Object;
} // namespace llvm::json

namespace moe::driver {

using Arguments = llvm::ArrayRef<const char *>;

/// What a subcommand found: Failed = it ran to its end and said what is wrong
/// (a mismatch, a sanitizer's report): exit code 1.
enum class Verdict { Good, Failed };

/// moe-run launch FILE.json
llvm::Expected<Verdict> launchCommand(Arguments args);
/// moe-run model FILE.json...: modelled times for many parameter files.
llvm::Expected<Verdict> modelCommand(Arguments args);
/// moe-run annotate FILE.json: modelled cycles of each instruction.
llvm::Expected<Verdict> annotateCommand(Arguments args);
/// moe-run mfma NAME: the layout of a matrix instruction.
llvm::Expected<Verdict> mfmaCommand(Arguments args);
/// moe-run help [SUBCOMMAND|TOPIC]; `args` may be empty.
llvm::Expected<Verdict> helpCommand(Arguments args);
using Command = llvm::Expected<Verdict> (*)(Arguments);
/// The subcommand of that name, null for an unknown one; and its error.
Command findCommand(llvm::StringRef name);
llvm::Error unknownCommand(llvm::StringRef name);

/// moe-run info FILE.hsaco
llvm::Expected<Verdict> infoCommand(Arguments args);
/// moe-run gemm1 and gemm2: a generated problem or the user's tensors.
llvm::Expected<Verdict> gemm1Command(Arguments args);
llvm::Expected<Verdict> gemm2Command(Arguments args);

/// moe-run layer: both stages, generated.
llvm::Expected<Verdict> layerCommand(Arguments args);

/// moe-run block: routing, sorting and both stages on the device.
llvm::Expected<Verdict> blockCommand(Arguments args);

/// moe-run quantize: weights to MXFP4 and to the order of kernels.
llvm::Expected<Verdict> quantizeCommand(Arguments args);

/// --executor, --hip-library, --sanitize, --threads, --order-seed,
/// --interleave, --max-reports, --mute, --print-registers,
/// --max-instructions, --trace, --trace-limit, --time-model, --progress.
struct ExecutorFlags {
  /// A flag's name and the file that it gives the command's output.
  using Output = std::pair<llvm::StringRef, llvm::StringRef>;

  std::string executor = "emulator", hipLibrary, sanitize, trace, interleave,
              mfmaArithmetic;
  std::vector<std::string> mute;
  std::optional<std::pair<uint64_t, int>> watch;
  int64_t maxReports = 20;
  int64_t threads = 0, traceLimit = 1000000;
  uint64_t orderSeed = 0, maxInstructions = 0;
  bool stats = false, progress = false;
  std::optional<std::string> timeModel; ///< a file, or empty: the built-in one
  uint64_t sampleInstructions = 0;      ///< launch alone has the flag
  /// Files of the modelled run: of the last kernel, where there are several.
  std::string timeline, viewer;
  executor::ModelHook modelled; ///< for subcommands

  void add(FlagSet &flags);
  /// The executor asked for; where standard error is a terminal, with a
  /// progress bar, without --progress only when the run is long. Errors: an
  /// unknown sanitizer is a usage error, and so is one file for two of
  /// `outputs` and its own; an executor that is not there is not.
  llvm::Expected<std::unique_ptr<executor::Executor>>
  make(const FlagSet &flags, llvm::ArrayRef<Output> outputs = {}) const;

  /// A usage error where two of `outputs` and its own are one file, or one is
  /// an input by now.
  llvm::Error checkOutputs(llvm::ArrayRef<Output> outputs) const;

private:
  void addFiles(FlagSet &flags);
  executor::ModelHook writeModelled() const;
};

/// Prints warnings and reports of a run to standard error.
void printFindings(const executor::Outcome &outcome);

/// The counters of a run and its modelled time, if there are any: lines of
/// standard output, or the keys "stats", "modelled" and, with debug lines,
/// "lines".
void printStats(const executor::Outcome &outcome);
void addStats(llvm::json::Object &root, const executor::Outcome &outcome);
/// A modelled time as JSON.
llvm::json::Object modelledJSON(const timing::ModelledTime &time);
/// The key "modelled" alone.
void addModelled(llvm::json::Object &root, const executor::Outcome &outcome);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNCOMMANDS_H
