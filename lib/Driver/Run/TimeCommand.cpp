//===- TimeCommand.cpp - moe-launch ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results come from one first run on fresh buffers; times from what follows:
// warm-up, then each file once in turn, so that a clock that drifts drifts for
// all, on the next of several sets of buffers, so that the last-level cache
// does not serve what a real program would read from memory.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/TimeCommand.h"
#include "Driver/Run/Launch.h"
#include "moe/Executor/HIP.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;
using moe::executor::HIPKernel;

/// Last-level cache of the MI300X and the MI355X, in bytes.
static constexpr uint64_t lastLevelCache = uint64_t(256) << 20;

namespace {
struct TimeFlags {
  std::vector<std::string> files;
  std::string library;
  int64_t warmUp = 3, repeat = 20, sets = 5;
  bool json = false;

  void add(FlagSet &flags);
};

/// A launch file with its kernel and what was measured.
struct Timed {
  std::string path;
  LaunchFile file;
  moe::executor::Launch launch;
  std::unique_ptr<HIPKernel> kernel;
  std::optional<ExpectResult> expect;
  std::vector<double> times; ///< sorted at the end

  /// Between the two nearest times, linearly.
  double quantile(double q) const {
    double at = q * double(times.size() - 1);
    size_t below = size_t(at), above = std::min(below + 1, times.size() - 1);
    return times[below] + (at - double(below)) * (times[above] - times[below]);
  }
};
} // namespace

void TimeFlags::add(FlagSet &flags) {
  flags.positionals("FILE.json...", "launch files; several are timed in turns",
                    files);
  flags.string("hip-library", "PATH",
               "HIP's library [the machine's libamdhip64.so]", library);
  flags.group("the measurement");
  flags.integer("warmup", "launches of each file that do not count [3]", warmUp,
                0);
  flags.integer("repeat",
                "launches of each file that count; 0 = run once and "
                "take no time [20]",
                repeat, 0);
  flags.integer("sets", "sets of buffers that take turns [5]", sets, 1);
  flags.group("the output");
  flags.toggle("json", "print one JSON object", json);
}

static Error at(StringRef path, Error error) {
  return createStringError("'" + path + "': " + toString(std::move(error)));
}

/// The first run: results.
static Error runOnce(Timed &timed) {
  if (Error error = timed.kernel->upload(0))
    return error;
  if (Error error = timed.kernel->run(0).takeError())
    return error;
  if (Error error = timed.kernel->download(0))
    return error;
  if (timed.file.expect)
    timed.expect = compareExpected(timed.file);
  return writeOutputs(timed.file);
}

static Error measure(MutableArrayRef<Timed> all, const TimeFlags &flags) {
  for (int64_t i = -flags.warmUp; i < flags.repeat; ++i)
    for (Timed &timed : all) {
      int64_t launch = i + flags.warmUp;
      Expected<double> milliseconds =
          timed.kernel->run(unsigned(launch % flags.sets));
      if (!milliseconds)
        return at(timed.path, milliseconds.takeError());
      if (i >= 0)
        timed.times.push_back(*milliseconds);
    }
  for (Timed &timed : all)
    llvm::sort(timed.times);
  return Error::success();
}

/// Brings what a file says to the device, runs it once.
static Error prepare(Timed &timed, const TimeFlags &flags,
                     std::shared_ptr<const moe::hip::Library> hip) {
  for (const std::string &warning : timed.file.warnings)
    errs() << "moe-launch: warning: " << warning << '\n';
  timed.launch = timed.file.request();
  Expected<std::unique_ptr<HIPKernel>> kernel = HIPKernel::create(
      std::move(hip), timed.launch, flags.repeat ? unsigned(flags.sets) : 1);
  if (!kernel)
    return at(timed.path, kernel.takeError());
  timed.kernel = std::move(*kernel);
  for (const std::string &warning : timed.kernel->warnings())
    errs() << "moe-launch: warning: " << warning << '\n';
  // The sets that are timed get the file's contents too, before the first run
  // changes the host's copy.
  for (int64_t set = 1; flags.repeat && set < flags.sets; ++set)
    if (Error error = timed.kernel->upload(unsigned(set)))
      return at(timed.path, std::move(error));
  if (Error error = runOnce(timed))
    return at(timed.path, std::move(error));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

namespace {
/// What a number of a HIP event means on this device.
struct Unit {
  const char *name;
  double perMillisecond;
};
} // namespace

static void printJSON(ArrayRef<Timed> all, const TimeFlags &flags,
                      StringRef device, const Unit &unit, bool pass) {
  json::Array launches;
  for (const Timed &timed : all) {
    json::Object one{{"file", timed.path},
                     {"kernel", timed.file.kernel},
                     {"set_bytes", int64_t(timed.kernel->bytes())}};
    if (timed.expect)
      one["expect"] =
          json::Object{{"pass", timed.expect->pass()},
                       {"compared", int64_t(timed.expect->compared)},
                       {"wrong", int64_t(timed.expect->wrong)},
                       {"max_err", timed.expect->maxError}};
    if (!timed.times.empty()) {
      auto value = [&](double q) {
        return timed.quantile(q) * unit.perMillisecond;
      };
      one["median"] = value(0.5);
      one["min"] = value(0);
      one["max"] = value(1);
      one["quartiles"] = json::Array{value(0.25), value(0.75)};
      one["ratio"] = timed.quantile(0.5) / all.front().quantile(0.5);
    }
    launches.push_back(std::move(one));
  }
  outs() << json::Value(json::Object{{"pass", pass},
                                     {"device", device},
                                     {"unit", unit.name},
                                     {"warmup", flags.warmUp},
                                     {"repeat", flags.repeat},
                                     {"sets", flags.sets},
                                     {"launches", std::move(launches)}})
         << '\n';
}

static void printSummary(ArrayRef<Timed> all, const TimeFlags &flags,
                         StringRef device, const Unit &unit) {
  outs() << device << '\n';
  for (const Timed &timed : all) {
    outs() << timed.path << ": " << timed.file.kernel;
    if (!timed.times.empty()) {
      auto value = [&](double q) {
        return format("%.2f", timed.quantile(q) * unit.perMillisecond);
      };
      outs() << ": median " << value(0.5) << ' ' << unit.name << ", quartiles "
             << value(0.25) << " to " << value(0.75) << ", range " << value(0)
             << " to " << value(1);
      if (all.size() > 1)
        outs() << ", "
               << format("%.3f",
                         timed.quantile(0.5) / all.front().quantile(0.5))
               << " of the first";
    }
    outs() << '\n';
    if (timed.expect)
      outs() << "  " << timed.file.args[timed.file.expect->arg].name << ": "
             << timed.expect->wrong << " of " << timed.expect->compared
             << " elements differ, largest error "
             << format("%g", timed.expect->maxError) << '\n';
  }
  if (flags.repeat)
    outs() << flags.repeat << " launches after " << flags.warmUp
           << " of warm-up, " << flags.sets << " sets of buffers in turns\n";
}

static void warnOfCache(ArrayRef<Timed> all, const TimeFlags &flags) {
  for (const Timed &timed : all) {
    uint64_t bytes = timed.kernel->bytes() * uint64_t(flags.sets);
    if (flags.repeat && bytes && bytes < lastLevelCache)
      errs() << "moe-launch: warning: '" << timed.path << "': " << flags.sets
             << " sets of buffers are " << bytes
             << " bytes, less than the last-level cache of " << lastLevelCache
             << ": times are those of a warm cache; --sets "
             << lastLevelCache / timed.kernel->bytes() + 1 << " is more\n";
  }
}

Expected<Verdict> moe::driver::timeCommand(Arguments args) {
  TimeFlags options;
  FlagSet flags("moe-launch FILE.json... [flags]",
                "Runs launch files (docs/Runner.md) on a HIP device: writes "
                "and compares their outputs, times them by HIP's events.");
  options.add(flags);
  flags.example("moe-launch k.json", "run on the GPU, compare, take times");
  flags.example("moe-launch old.json new.json --json > times.json",
                "two kernels in turns");
  flags.example("MOE_HIP_CONFIG=config.json moe-launch k.json --hip-library "
                "build/lib/libamdhip64_emulated.so",
                "without a GPU; config.json is {\"chip\": \"gfx950\"}");
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  if (options.files.empty())
    return usageError("expected a launch file (moe-run help launch-file)");
  constexpr int64_t mostSets = int64_t(1) << 24;
  if (options.sets > mostSets)
    return createStringError("--sets: expected at most " + Twine(mostSets) +
                             ", got " + Twine(options.sets));

  std::vector<Timed> all(options.files.size());
  for (auto [timed, path] : zip(all, options.files)) {
    timed.path = path;
    if (Error error = readLaunchFile(path).moveInto(timed.file))
      return std::move(error);
  }
  auto hip = moe::executor::loadHIP(options.library);
  if (!hip)
    return hip.takeError();
  char device[256] = {};
  if (int status = (*hip)->hipDeviceGetName(device, sizeof(device), 0))
    return createStringError("hipDeviceGetName: " +
                             moe::hip::Library::describe(status));
  for (Timed &timed : all)
    if (Error error = prepare(timed, options, *hip))
      return std::move(error);
  if (options.repeat)
    if (Error error = measure(all, options))
      return std::move(error);
  warnOfCache(all, options);

  // The emulated device's events are in modelled time.
  Unit unit{(*hip)->isEmulated() ? "modelled us" : "us", 1e3};
  bool pass = llvm::all_of(all, [](const Timed &timed) {
    return !timed.expect || timed.expect->pass();
  });
  if (options.json)
    printJSON(all, options, device, unit, pass);
  else
    printSummary(all, options, device, unit);
  return pass ? Verdict::Good : Verdict::Failed;
}
