// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The search of one entry, and the entries of a table by several threads. From
// the schedule that the rules choose the search goes to a neighbour that is
// faster, and on from there, until none is. Neighbours that cannot be faster by
// bytes and products are not modelled. A time is the mean over several
// routings: one or two on the way, more for the schedules that came out best
// and the rules' own, the half of which goes out after each further routing.
#include "Driver/Tune/Tune.h"
#include "Driver/Run/RunProgress.h"
#include "Driver/Tune/Candidates.h"
#include "Driver/Tune/ModelledStage.h"
#include "Driver/Tune/Shapes.h"
#include "Files/Files.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Schedule/ScheduleTable.h"
#include "moe/Target/Chip.h"
#include "moe/Timing/Parameters.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

/// Schedules of an entry that are modelled at most.
static constexpr size_t kMostModelled = 40;
/// Those of them that are compared by several routings, besides the rules' own,
/// and how much slower than the best one they may be on the way.
static constexpr size_t kFinalists = 6;
static constexpr double kClose = 1.15;
/// A schedule replaces another one if it takes less than this part of its time.
static constexpr double kBetter = 0.995;
/// The same for the rules' one in the end: the time of the sample of a launch
/// of many tokens is often a tenth off.
static double betterThanRules(int64_t tokens) {
  return tokens <= 256 ? kBetter : 0.9;
}

/// The routings that a search looks at on the way and in the end, the seeds 0
/// and up. With few tokens the number of experts that have work differs much,
/// with many all have.
static std::pair<uint64_t, uint64_t> routingsFor(int64_t tokens) {
  if (tokens <= 32)
    return {2, 8};
  return {1, tokens <= 512 ? 4 : 2};
}

namespace {
/// What the search did, over all entries.
struct Counts {
  size_t entries = 0, kept = 0, modelled = 0, pruned = 0, compiled = 0;
};

/// The search of one entry.
class Search {
public:
  Search(const TunedProduct &tuned, ModelledStage &stage, Counts &counts)
      : tuned(tuned), stage(stage), counts(counts) {}
  Expected<TableEntry> run();

private:
  using Key = std::array<int64_t, 6>;
  static Key keyOf(const Schedule &s) {
    return {s.tileM, s.tileN, s.tileK, s.waves, s.kWave, s.groupM};
  }
  /// A schedule and its time over some routings.
  struct Tried {
    Schedule schedule;
    double sum = 0;
    uint64_t routings = 0;
    double us() const { return sum / double(routings); }
  };
  Error extend(Tried &tried, uint64_t routings);
  Error step(bool &moved);
  Error choose();

  const TunedProduct &tuned;
  ModelledStage &stage;
  Counts &counts;
  std::set<Key> seen;
  std::vector<Tried> tried; ///< the rules' own first
  size_t best = 0;          ///< of them
};

/// The table that grows, its file, and who takes which stage.
class Table {
public:
  Table(const TuneRequest &request, std::vector<StageShape> shapes)
      : request(request), shapes(std::move(shapes)) {}
  /// Takes over the entries of a file that is there.
  Error start();
  Error fill();
  Counts counts;

private:
  Error tuneStage(const StageShape &shape);
  Error add(const TunedProduct &tuned, const TableEntry &entry);
  bool has(const TunedProduct &tuned);
  Error write() const;
  void work();

  const TuneRequest &request;
  std::vector<StageShape> shapes;
  ScheduleTable table;
  std::mutex mutex; ///< of everything below and of the table
  size_t next = 0, done = 0, all = 0;
  std::string failure; ///< of the first stage that failed
  std::atomic<bool> stopped = false;
  std::function<void(uint64_t, uint64_t)> progress;
};
} // namespace

//===----------------------------------------------------------------------===//
// One entry
//===----------------------------------------------------------------------===//

/// Models it with more routings.
Error Search::extend(Tried &tried, uint64_t routings) {
  for (; tried.routings < routings; ++tried.routings) {
    Expected<double> us = stage.time(tried.schedule, tried.routings);
    if (!us)
      return us.takeError();
    ++counts.modelled;
    tried.sum += *us;
  }
  return Error::success();
}

/// Models the neighbours of the best one; `moved` if one of them is better.
Error Search::step(bool &moved) {
  moved = false;
  for (const Schedule &s : tuned.neighbours(tried[best].schedule)) {
    if (seen.size() >= kMostModelled || !seen.insert(keyOf(s)).second)
      continue;
    if (tuned.leastMicroseconds(s) >= tried[best].us()) {
      ++counts.pruned;
      continue;
    }
    tried.push_back({s});
    if (Error error =
            extend(tried.back(), routingsFor(tuned.workload.tokens).first))
      return error;
    if (tried.back().us() >= kBetter * tried[best].us())
      continue;
    best = tried.size() - 1;
    moved = true;
  }
  return Error::success();
}

/// Leaves the rules' own and the best one of the others, modelled with all
/// routings.
Error Search::choose() {
  auto isFaster = [](const Tried &a, const Tried &b) {
    return std::pair(a.us(), keyOf(a.schedule)) <
           std::pair(b.us(), keyOf(b.schedule));
  };
  auto [few, all] = routingsFor(tuned.workload.tokens);
  double limit = kClose * tried[best].us();
  auto others = tried.begin() + 1;
  std::sort(others, tried.end(), isFaster);
  tried.erase(std::find_if(others, tried.end(),
                           [&](const Tried &t) { return t.us() > limit; }),
              tried.end());
  if (tried.size() > kFinalists + 1)
    tried.resize(kFinalists + 1);
  for (uint64_t routings = few + 1; routings <= all; ++routings) {
    for (Tried &t : tried)
      if (Error error = extend(t, routings))
        return error;
    std::sort(tried.begin() + 1, tried.end(), isFaster);
    tried.resize(std::min(tried.size(), 1 + tried.size() / 2));
  }
  return Error::success();
}

Expected<TableEntry> Search::run() {
  tried.push_back({tuned.byRule.schedule});
  seen.insert(keyOf(tuned.byRule.schedule));
  if (Error error = extend(tried[0], routingsFor(tuned.workload.tokens).first))
    return std::move(error);
  for (bool moved = true; moved;)
    if (Error error = step(moved))
      return std::move(error);
  if (Error error = choose())
    return std::move(error);
  const Tried &rule = tried[0];
  const double limit = betterThanRules(tuned.workload.tokens) * rule.us();
  const Tried &chosen =
      tried.size() > 1 && tried[1].us() < limit ? tried[1] : rule;
  TableEntry entry;
  entry.tokens = tuned.workload.tokens;
  entry.schedule = chosen.schedule;
  entry.us = chosen.us();
  entry.ruleUs = rule.us();
  return entry;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

/// What the modelled times depend on besides the code.
static std::string hashOf(const timing::Parameters &parameters) {
  std::string text;
#define PARAMETER(key, meaning)                                                \
  text += formatv("{0} {1:E9}\n", #key, parameters.key);
#include "moe/Timing/Parameters.def"
  return utohexstr(xxh3_64bits(text), /*LowerCase=*/true, /*Width=*/16);
}

Error Table::start() {
  Expected<timing::Parameters> parameters =
      timing::builtInParameters(request.chip);
  if (!parameters)
    return parameters.takeError();
  std::string hash = hashOf(*parameters);
  if (sys::fs::exists(request.output)) {
    if (Error error =
            loadScheduleTable(request.output, request.chip).moveInto(table))
      return error;
    if (!table.shapes.empty() && table.parameters != hash)
      return createStringError("schedule table '" + request.output +
                               "': expected one of these timing parameters, " +
                               hash + ", got " + table.parameters +
                               ": write to another file");
  }
  table.chip = request.chip;
  table.calibrated = parameters->calibrated;
  table.parameters = hash;
  for (const StageShape &shape : shapes)
    all += shape.tokens.size();
  progress = makeProgress(/*now=*/true, "entries");
  return write();
}

Error Table::write() const {
  std::string text = printScheduleTable(table);
  return files::writeFile(request.output, {arrayRefFromStringRef(text)});
}

bool Table::has(const TunedProduct &tuned) {
  std::lock_guard<std::mutex> lock(mutex);
  const TableShape *shape = table.find(tuned.product);
  if (!shape || !shape->find(tuned.workload.tokens))
    return false;
  ++counts.kept;
  ++done;
  return true;
}

/// Shapes and entries have an order of their own, not that of the search.
Error Table::add(const TunedProduct &tuned, const TableEntry &entry) {
  const Product &p = tuned.product;
  std::lock_guard<std::mutex> lock(mutex);
  auto shape = find_if(table.shapes, [&](const TableShape &known) {
    return known.key() == TableShape::keyOf(p);
  });
  if (shape == table.shapes.end()) {
    TableShape fresh{p.gateUp, p.rows, p.k, p.experts, p.topk, {}};
    shape =
        table.shapes.insert(partition_point(table.shapes,
                                            [&](const TableShape &known) {
                                              return known.key() < fresh.key();
                                            }),
                            fresh);
  }
  shape->entries.insert(partition_point(shape->entries,
                                        [&](const TableEntry &known) {
                                          return known.tokens < entry.tokens;
                                        }),
                        entry);
  ++counts.entries;
  ++done;
  if (progress)
    progress(done, all);
  return write();
}

Error Table::tuneStage(const StageShape &shape) {
  KernelOptions options = paddedOptions(shape.options);
  CompiledKernels kernels;
  Counts own;
  for (int64_t tokens : shape.tokens) {
    TunedProduct tuned(productOf(options), tokens, *lookupChip(request.chip));
    if (stopped)
      break;
    if (has(tuned))
      continue;
    ModelledStage stage(options, request.chip, tokens, kernels);
    auto entry = Search(tuned, stage, own).run();
    if (!entry)
      return createStringError(shape.model + ", " + toString(options.kernel) +
                               ", " + Twine(tokens) +
                               " tokens: " + toString(entry.takeError()));
    if (Error error = add(tuned, *entry))
      return error;
  }
  std::lock_guard<std::mutex> lock(mutex);
  counts.modelled += own.modelled;
  counts.pruned += own.pruned;
  counts.compiled += kernels.size();
  return Error::success();
}

/// Takes stages until there are none, or one has failed.
void Table::work() {
  while (true) {
    const StageShape *shape = nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (stopped || next == shapes.size())
        return;
      shape = &shapes[next++];
    }
    if (Error error = tuneStage(*shape)) {
      std::lock_guard<std::mutex> lock(mutex);
      std::string text = toString(std::move(error));
      if (!stopped.exchange(true))
        failure = text;
    }
  }
}

Error Table::fill() {
  size_t jobs = request.jobs
                    ? size_t(request.jobs)
                    : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(jobs, shapes.size()); ++i)
    threads.emplace_back([this] { work(); });
  for (std::thread &thread : threads)
    thread.join();
  return stopped ? createStringError(failure) : Error::success();
}

Error moe::driver::tune(const TuneRequest &request) {
  auto start = std::chrono::steady_clock::now();
  auto shapes = readShapes(request.shapes, request.only, request.tokens);
  if (!shapes)
    return shapes.takeError();
  Table table(request, std::move(*shapes));
  if (Error error = table.start())
    return error;
  if (Error error = table.fill())
    return error;
  std::chrono::duration<double> passed =
      std::chrono::steady_clock::now() - start;
  const Counts &c = table.counts;
  errs() << formatv("moe-compile: {0} entries made, {1} were there; {2} times "
                    "modelled, {3} schedules ruled out by bounds, {4} kernels "
                    "compiled, {5:F0} s\n",
                    c.entries, c.kept, c.modelled, c.pruned, c.compiled,
                    passed.count());
  return Error::success();
}
