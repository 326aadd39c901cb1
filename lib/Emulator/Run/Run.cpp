//===- Run.cpp - a launch from start to end -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks a launch against the kernel's metadata, builds the address space,
// hands workgroups to threads and collects what they found.
//
//===----------------------------------------------------------------------===//

#include "Decode/Decoder.h"
#include "Run/Findings.h"
#include "Run/Kernarg.h"
#include "Run/Scheduler.h"
#include "Sanitizers/GlobalCheck.h"
#include "State/ChipFeatures.h"
#include "moe/Emulator/Events.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

#include <chrono>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

using namespace llvm;
using namespace moe::emulator;

static Error failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

namespace {

/// Everything of one launch.
class LaunchRun {
public:
  LaunchRun(const KernelImage &object, const Launch &launch,
            const RunOptions &options)
      : object(object), launch(launch) {
    state.options = options;
  }
  Expected<RunResult> run();

private:
  Error checkShape();
  Error mapMemory();
  Error mapGiven();
  Error findWatched();
  void shuffleOrder();
  unsigned threadCount() const;
  Error fillSgprs();
  uint64_t mapOwned(std::vector<uint8_t> &bytes, const char *name,
                    bool readOnly);
  struct Resident;
  using Residents = std::vector<std::unique_ptr<Resident>>;
  std::unique_ptr<Resident> makeResident();
  bool startNext(Resident &r);
  bool goOn(Resident &r, GroupFailure &failed);
  bool allIdle(uint64_t seen);
  bool resumeWaiting(Residents &waiting, Residents &spare);
  void fail(const Resident &r, const GroupFailure &failed);
  void collect(const GroupRunner &runner);
  void worker();
  void report(Sanitizer sanitizer, int64_t first, int64_t second,
              std::string text, const std::string &place);
  Error place(const GroupFailure &failed, const std::array<uint32_t, 3> &id);
  void fillTrace();
  void describe(TraceInst &inst, const InstMeta &meta);
  void startEvents();
  std::vector<LineStats> countClasses();
  std::array<uint32_t, 3> groupId(uint64_t index) const {
    return {uint32_t(index % launch.grid[0]),
            uint32_t(index / launch.grid[0] % launch.grid[1]),
            uint32_t(index / launch.grid[0] / launch.grid[1])};
  }
  static void warn(void *self, const std::string &text) {
    auto &run = *static_cast<LaunchRun *>(self);
    std::lock_guard<std::mutex> lock(run.mutex);
    run.warnings.insert(text);
  }

  const KernelImage &object;
  const Launch &launch;
  const KernelInfo *kernel = nullptr;
  std::unique_ptr<Disassembler> disassembler;
  std::shared_ptr<const Program> program;
  Memory memory;
  GlobalCheck globals;
  RunState state;
  std::vector<uint8_t> kernarg, image, packet, queue;
  std::vector<std::optional<uint64_t>> places; ///< of the arguments
  uint64_t kernargAddress = 0, packetAddress = 0, queueAddress = 0;
  std::mutex mutex;
  std::set<std::string> warnings;
  std::optional<Findings> findings;
  std::optional<std::pair<uint64_t, std::string>> firstError;
  std::atomic<uint64_t> nextGroup{0}, doneGroups{0};
  /// Progress: workgroups that ended, and rounds in which a waiting one
  /// advanced.
  std::atomic<uint64_t> moves{0};
  std::atomic<unsigned> runningThreads{0};
  uint64_t idleMoves = 0;   ///< value of `moves` that idle threads have seen
  unsigned idleThreads = 0; ///< number of threads idle at that value
  std::vector<uint64_t> order;
  uint64_t groups = 0;
  Stats stats;
  std::vector<uint64_t> perInst; ///< executions by record index
  std::optional<Trace> trace;
};

Error LaunchRun::checkShape() {
  uint64_t items = 1;
  groups = 1;
  for (unsigned d = 0; d < 3; ++d) {
    if (launch.grid[d] == 0 || launch.block[d] == 0)
      return failure("grid and block must be at least 1 in every dimension");
    if (launch.block[d] > 1024)
      return failure("expected a block of at most 1024 work items, got " +
                     Twine(launch.block[d]) + " in one dimension");
    items *= launch.block[d];
    if (groups > (uint64_t(1) << 40) / launch.grid[d])
      return failure("the grid has more than 2^40 workgroups");
    groups *= launch.grid[d];
  }
  uint32_t most =
      kernel->maxFlatWorkgroupSize ? kernel->maxFlatWorkgroupSize : 1024;
  if (items > std::min<uint32_t>(most, 1024))
    return failure("kernel '" + kernel->name +
                   "': expected a block of at most " +
                   Twine(std::min<uint32_t>(most, 1024)) + " work items, got " +
                   Twine(items));
  if (kernel->reqdWorkgroupSize && *kernel->reqdWorkgroupSize != launch.block) {
    const auto &want = *kernel->reqdWorkgroupSize;
    return failure("kernel '" + kernel->name + "': expected a block of " +
                   Twine(want[0]) + "x" + Twine(want[1]) + "x" +
                   Twine(want[2]) + ", got " + Twine(launch.block[0]) + "x" +
                   Twine(launch.block[1]) + "x" + Twine(launch.block[2]));
  }
  uint64_t lds = uint64_t(kernel->ldsSize) + launch.dynamicLds;
  if (lds > ldsLimit(object.chip()))
    return failure("kernel '" + kernel->name + "': expected at most " +
                   Twine(ldsLimit(object.chip())) + " bytes of LDS on " +
                   chipName(object.chip()) + ", got " + Twine(lds) + " (" +
                   Twine(kernel->ldsSize) + " static, " +
                   Twine(launch.dynamicLds) + " dynamic)");
  // The field for a wave's scratch has 13 bits, in units of 1 KiB.
  if (kernel->scratchSize > 131056)
    return failure("kernel '" + kernel->name +
                   "': expected at most 131056 bytes of scratch a work item, "
                   "got " +
                   Twine(kernel->scratchSize));
  state.ldsSize = uint32_t(lds);
  return Error::success();
}

uint64_t LaunchRun::mapOwned(std::vector<uint8_t> &bytes, const char *name,
                             bool readOnly) {
  Region region;
  region.size = bytes.size();
  region.data = bytes.data();
  region.readOnly = readOnly;
  region.name = name;
  return memory.map(std::move(region));
}

/// The caller's memory at the caller's addresses.
Error LaunchRun::mapGiven() {
  std::vector<Region> regions;
  for (const Mapping &mapping : launch.mappings) {
    Region region;
    region.base = mapping.address;
    region.size = mapping.bytes.size();
    region.data = mapping.bytes.data();
    region.name = mapping.name;
    regions.push_back(std::move(region));
  }
  llvm::sort(regions,
             [](const Region &a, const Region &b) { return a.base < b.base; });
  for (const Region &region : regions)
    if (region.size && region.size <= 65536)
      globals.watch(region.base);
  if (!memory.mapAt(std::move(regions)))
    return failure("expected memory mapped in [1, 2^47) without overlaps and "
                   "outside [2^36, 2^37)");
  return Error::success();
}

Error LaunchRun::mapMemory() {
  if (Error error = mapGiven())
    return error;
  Region code;
  code.name = "code object";
  code.size = object.image().size();
  if (launch.image.empty())
    image.assign(object.image().begin(), object.image().end());
  else if (launch.image.size() != code.size)
    return failure("expected an image of " + Twine(code.size) + " bytes, got " +
                   Twine(launch.image.size()));
  code.data = launch.image.empty() ? image.data() : launch.image.data();
  uint64_t imageBase = memory.map(std::move(code));
  if (imageBase != program->imageBase)
    return failure("internal: the code object is mapped at another address");
  // Compilers widen scalar loads to a power of two, past the last argument; the
  // segment that the runtime allocates is larger too.
  kernarg.assign(kernel->kernargSize / 64 * 64 + 128, 0);
  packet.assign(64, 0);
  queue.assign(256, 0);
  queueAddress = mapOwned(queue, "queue", true);
  if (launch.kernarg)
    llvm::copy(*launch.kernarg, kernarg.begin());
  if (Error error = fillExplicit(*kernel, launch, places, memory, kernarg,
                                 [&](uint64_t at) { globals.watch(at); }))
    return error;
  fillHidden(*kernel, launch, queueAddress, kernarg);
  kernargAddress = mapOwned(kernarg, "kernel arguments", true);
  using namespace support::endian;
  for (unsigned d = 0; d < 3; ++d) {
    write16le(packet.data() + 4 + 2 * d, launch.block[d]);
    write32le(packet.data() + 12 + 4 * d, launch.grid[d] * launch.block[d]);
  }
  write32le(packet.data() + 24, kernel->scratchSize);
  write32le(packet.data() + 28, state.ldsSize);
  write64le(packet.data() + 32, imageBase + kernel->descriptorAddress);
  write64le(packet.data() + 40, kernargAddress);
  packetAddress = mapOwned(packet, "dispatch packet", true);
  return Error::success();
}

/// User SGPRs in the order of the descriptor's bits, then preloaded arguments;
/// what no bit fills up to their number is undefined.
Error LaunchRun::fillSgprs() {
  std::vector<uint32_t> &s = state.userSgprs;
  unsigned count = (kernel->rsrc2 >> 1) & 31;
  auto wide = [&](uint64_t value) {
    s.push_back(uint32_t(value));
    s.push_back(uint32_t(value >> 32));
  };
  uint16_t bits = kernel->codeProperties;
  if (bits & 1)
    s.resize(4, 0);
  if (bits & 2)
    wide(packetAddress);
  if (bits & 4)
    wide(queueAddress);
  if (bits & 8)
    wide(kernargAddress);
  if (bits & 16)
    wide(0);
  if (bits & 32)
    wide(0);
  if (bits & 64)
    s.push_back(kernel->scratchSize);
  unsigned length = kernel->kernargPreload & 0x7f;
  unsigned offset = (kernel->kernargPreload >> 7) & 0x1ff;
  for (unsigned i = 0; i < length; ++i) {
    uint64_t at = uint64_t(offset + i) * 4;
    s.push_back(at + 4 <= kernarg.size()
                    ? support::endian::read32le(kernarg.data() + at)
                    : 0);
  }
  if (s.size() > count)
    return failure("kernel '" + kernel->name + "': its descriptor asks for " +
                   Twine(s.size()) + " user SGPRs but counts " + Twine(count));
  state.filledSgprs = unsigned(s.size());
  s.resize(count, 0);
  return Error::success();
}

void LaunchRun::report(Sanitizer sanitizer, int64_t first, int64_t second,
                       std::string text, const std::string &where) {
  std::lock_guard<std::mutex> lock(mutex);
  findings->add(sanitizer, first, second, std::move(text), where);
}

Error LaunchRun::place(const GroupFailure &failed,
                       const std::array<uint32_t, 3> &id) {
  std::string text = "kernel '" + kernel->name + "', workgroup " +
                     std::to_string(id[0]) + "," + std::to_string(id[1]) + "," +
                     std::to_string(id[2]) + ", wave " +
                     std::to_string(failed.wave);
  if (failed.record >= 0 && size_t(failed.record) < program->meta.size())
    text += ", at " + describeInst(object, *disassembler,
                                   program->meta[size_t(failed.record)]);
  return failure(text + ": " + failed.message);
}

/// A workgroup that has started, with all that belongs to it.
struct LaunchRun::Resident {
  uint64_t turn = 0;  ///< in the order of starting
  uint64_t index = 0; ///< in the grid
  std::array<uint32_t, 3> id = {0, 0, 0};
  std::string where;
  std::unique_ptr<Sanitizers> sanitizers;
  std::optional<TraceRecorder> recorder;
  std::unique_ptr<GroupRunner> runner;
};

std::unique_ptr<LaunchRun::Resident> LaunchRun::makeResident() {
  auto made = std::make_unique<Resident>();
  Resident *r = made.get();
  if (state.options.sanitizers)
    r->sanitizers = std::make_unique<Sanitizers>(
        state.options.sanitizers, *program, globals,
        [this, r](Sanitizer kind, int64_t first, int64_t second,
                  std::string text) {
          report(kind, first, second, std::move(text), r->where);
        });
  if (trace)
    r->recorder.emplace(*trace);
  r->runner = std::make_unique<GroupRunner>(
      state, r->sanitizers.get(), r->recorder ? &*r->recorder : nullptr, warn,
      this);
  return made;
}

/// Begins the next workgroup; false when there is none.
bool LaunchRun::startNext(Resident &r) {
  EventSink *sink = state.options.events;
  bool wanted = false;
  do {
    r.turn = nextGroup.fetch_add(1);
    if (r.turn >= groups)
      return false;
    r.index = order.empty() ? r.turn : order[r.turn];
    wanted = sink && sink->wants(r.index);
  } while (sink && sink->onlyWanted && !wanted);
  r.id = groupId(r.index);
  r.where = "workgroup " + std::to_string(r.id[0]) + "," +
            std::to_string(r.id[1]) + "," + std::to_string(r.id[2]);
  std::unique_ptr<GroupEvents> events;
  if (wanted) {
    std::lock_guard<std::mutex> lock(mutex);
    events = sink->begin(r.index);
  }
  r.runner->begin(r.id, r.index, std::move(events));
  return true;
}

void LaunchRun::fail(const Resident &r, const GroupFailure &failed) {
  std::string message = toString(place(failed, r.id));
  std::lock_guard<std::mutex> lock(mutex);
  if (!firstError || r.turn < firstError->first)
    firstError = {r.turn, std::move(message)};
  state.stop = true;
}

/// Runs a workgroup on; false when it waits for others.
bool LaunchRun::goOn(Resident &r, GroupFailure &failed) {
  GroupEnd end = r.runner->resume(failed);
  if (end == GroupEnd::Spinning)
    return false;
  if (end == GroupEnd::Failed)
    fail(r, failed);
  if (std::unique_ptr<GroupEvents> events = r.runner->takeEvents()) {
    std::lock_guard<std::mutex> lock(mutex);
    state.options.events->end(std::move(events));
  }
  ++moves;
  uint64_t done = doneGroups.fetch_add(1) + 1;
  if (state.options.progress) {
    std::lock_guard<std::mutex> lock(mutex);
    state.options.progress(done, groups);
  }
  return true;
}

/// True once every thread has finished a round without progress. A thread that
/// is the first to do so waits a moment for the others.
bool LaunchRun::allIdle(uint64_t seen) {
  std::unique_lock<std::mutex> lock(mutex);
  if (moves.load() != seen)
    return false;
  if (idleMoves != seen)
    idleThreads = 0;
  idleMoves = seen;
  if (++idleThreads < runningThreads.load()) {
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    lock.lock();
  }
  if (moves.load() != seen)
    return false;
  bool all = idleMoves == seen && idleThreads >= runningThreads.load();
  if (!all && idleMoves == seen)
    --idleThreads;
  return all;
}

/// Resumes each waiting workgroup once. False when none makes progress and no
/// other thread can change that.
bool LaunchRun::resumeWaiting(Residents &waiting, Residents &spare) {
  uint64_t seen = moves.load();
  bool moved = false;
  GroupFailure failed;
  for (size_t i = 0; i < waiting.size() && !state.stop;) {
    Resident &r = *waiting[i];
    bool ended = goOn(r, failed);
    moved |= ended || r.runner->progressed();
    if (!ended) {
      ++i;
      continue;
    }
    spare.push_back(std::move(waiting[i]));
    waiting.erase(waiting.begin() + i);
  }
  if (moved) {
    ++moves;
    return true;
  }
  if (state.stop || !allIdle(seen))
    return true;
  goOn(*waiting.front(), failed); // for the place
  failed.message =
      "waits in a loop for memory that no workgroup changes any "
      "more: " +
      std::to_string(waiting.size()) + " workgroups wait, " +
      std::to_string(groups - std::min<uint64_t>(groups, nextGroup)) +
      " have not started";
  fail(*waiting.front(), failed);
  return false;
}

void LaunchRun::worker() {
  Residents waiting, spare;
  spare.push_back(makeResident());
  // As many workgroups at once as 1 GiB holds, a GPU's worth of them at least.
  uint64_t limit = std::max<uint64_t>(
      1216, (uint64_t(1) << 30) / (spare.back()->runner->bytes() + 1));
  limit = std::min<uint64_t>(limit, 16384);
  GroupFailure failed;
  while (!state.stop) {
    if (waiting.size() < limit && nextGroup.load() < groups) {
      if (spare.empty())
        spare.push_back(makeResident());
      std::unique_ptr<Resident> r = std::move(spare.back());
      spare.pop_back();
      bool started = startNext(*r);
      (started && !goOn(*r, failed) ? waiting : spare).push_back(std::move(r));
      continue;
    }
    if (waiting.empty() || !resumeWaiting(waiting, spare))
      break;
  }
  --runningThreads;
  for (Residents *list : {&waiting, &spare})
    for (auto &r : *list)
      collect(*r->runner);
}

void LaunchRun::collect(const GroupRunner &runner) {
  std::lock_guard<std::mutex> lock(mutex);
  stats.instructions += runner.executed();
  stats.waves += runner.waveCount();
  const Counters &counts = runner.counters();
  stats.globalBytesRead += counts.globalRead;
  stats.globalBytesWritten += counts.globalWritten;
  stats.globalAtomics += counts.globalAtomics;
  stats.ldsBytesRead += counts.ldsRead;
  stats.ldsBytesWritten += counts.ldsWritten;
  stats.ldsBankConflicts += counts.ldsConflicts;
  perInst.resize(counts.perInst.size());
  uint64_t executions = 0;
  for (size_t i = 0; i + 1 < perInst.size(); ++i) {
    executions += counts.perInst[i];
    perInst[i] += executions;
  }
}

/// The counter of a class.
static uint64_t Stats::*counterOf(InstClass kind) {
  switch (kind) {
  case InstClass::Valu:
    return &Stats::valu;
  case InstClass::Trans:
    return &Stats::trans;
  case InstClass::Cvt:
    return &Stats::cvt;
  case InstClass::Mfma:
    return &Stats::mfma;
  case InstClass::Salu:
    return &Stats::salu;
  case InstClass::Smem:
    return &Stats::smem;
  case InstClass::VmemLoad:
  case InstClass::VmemStore:
  case InstClass::VmemAtomic:
  case InstClass::LdsDma:
    return &Stats::vmem;
  case InstClass::FlatLoad:
  case InstClass::FlatStore:
  case InstClass::FlatAtomic:
    return &Stats::flat;
  case InstClass::DsRead:
  case InstClass::DsWrite:
  case InstClass::DsAtomic:
  case InstClass::DsOther:
    return &Stats::lds;
  case InstClass::Wait:
    return &Stats::waitcnt;
  case InstClass::Barrier:
    return &Stats::barrier;
  case InstClass::Branch:
    return &Stats::branch;
  case InstClass::Nop:
    return &Stats::nop;
  case InstClass::End:
  case InstClass::Other:
    break;
  }
  return &Stats::other;
}

/// By class, for the kernel and for each source line.
std::vector<LineStats> LaunchRun::countClasses() {
  std::map<std::string, Stats> byLine;
  for (size_t i = 0; i < perInst.size(); ++i) {
    if (!perInst[i])
      continue;
    uint64_t Stats::*counter = counterOf(program->meta[i].kind);
    stats.*counter += perInst[i];
    Stats &line = byLine[object.sourceLine(program->meta[i].address)];
    line.*counter += perInst[i];
    line.instructions += perInst[i];
  }
  std::vector<LineStats> lines;
  if (byLine.empty() || byLine.rbegin()->first.empty())
    return lines; // no instruction has a line
  for (auto &[name, counts] : byLine)
    lines.push_back({name, counts});
  llvm::sort(lines, [](const LineStats &a, const LineStats &b) {
    if (a.stats.instructions != b.stats.instructions)
      return a.stats.instructions > b.stats.instructions;
    return a.line < b.line;
  });
  return lines;
}

static const char *categoryOf(InstClass kind) {
  static const std::pair<uint64_t Stats::*, const char *> names[] = {
      {&Stats::valu, "valu"},       {&Stats::trans, "trans"},
      {&Stats::cvt, "cvt"},         {&Stats::mfma, "mfma"},
      {&Stats::salu, "salu"},       {&Stats::smem, "smem"},
      {&Stats::vmem, "vmem"},       {&Stats::flat, "flat"},
      {&Stats::lds, "lds"},         {&Stats::waitcnt, "wait"},
      {&Stats::barrier, "barrier"}, {&Stats::branch, "branch"},
      {&Stats::nop, "nop"}};
  for (auto &[counter, name] : names)
    if (counter == counterOf(kind))
      return name;
  return "other";
}

void LaunchRun::describe(TraceInst &inst, const InstMeta &meta) {
  inst.pc = meta.address;
  inst.mnemonic = meta.mnemonic;
  inst.category = categoryOf(meta.kind);
  inst.text = disassemble(object, *disassembler, meta);
  inst.line = object.sourceLine(meta.address);
}

/// Tells the sink, if there is one, what will run.
void LaunchRun::startEvents() {
  if (!state.options.events)
    return;
  EventProgram told;
  told.kernel = kernel->name;
  told.chip = chipName(object.chip()).str();
  told.insts = eventInsts(*program, *state.chip);
  for (size_t i = 0; i < told.insts.size(); ++i)
    describe(told.insts[i], program->meta[i]);
  told.groups = groups;
  uint64_t items =
      uint64_t(launch.block[0]) * launch.block[1] * launch.block[2];
  told.waves = uint32_t((items + 63) / 64);
  told.vgprs = kernel->vgprsAllocated;
  told.ldsBytes = state.ldsSize;
  state.options.events->program(std::move(told));
}

/// Everything of the trace but its slices and groups.
void LaunchRun::fillTrace() {
  trace->kernel = kernel->name;
  trace->chip = chipName(object.chip()).str();
  trace->instructions = stats.instructions;
  trace->reports = findings->groups();
  for (const InstMeta &meta : program->meta) {
    TraceInst inst;
    describe(inst, meta);
    trace->insts.push_back(std::move(inst));
  }
  if (trace->truncated())
    warnings.insert("the trace stops after " +
                    std::to_string(trace->slices.size()) + " of " +
                    std::to_string(trace->instructions) + " wave instructions");
}

/// The instruction at which registers are printed, if any.
Error LaunchRun::findWatched() {
  if (!state.options.watch)
    return Error::success();
  auto found = program->byAddress.find(state.options.watch->pc);
  if (found == program->byAddress.end())
    return failure("kernel '" + kernel->name +
                   "': expected the address of an instruction to print "
                   "registers at, got 0x" +
                   utohexstr(state.options.watch->pc, /*LowerCase=*/true));
  state.watchRecord = found->second;
  return Error::success();
}

/// The order of workgroups, by the seed.
void LaunchRun::shuffleOrder() {
  if (!state.options.orderSeed || groups > (1u << 26))
    return;
  order.resize(groups);
  std::iota(order.begin(), order.end(), 0);
  uint64_t seed = *state.options.orderSeed * 2 + 1;
  for (uint64_t i = groups; i > 1; --i) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    std::swap(order[i - 1], order[(seed >> 33) % i]);
  }
}

/// Traces and printed registers are those of one thread.
unsigned LaunchRun::threadCount() const {
  if (state.options.watch || state.options.traceLimit)
    return 1;
  unsigned threads = state.options.threads
                         ? state.options.threads
                         : std::thread::hardware_concurrency();
  return unsigned(std::min<uint64_t>(std::max(1u, threads), groups));
}

Expected<RunResult> LaunchRun::run() {
  auto found = object.kernel(launch.kernel);
  if (!found)
    return found.takeError();
  kernel = *found;
  warnings.insert(kernel->notes.begin(), kernel->notes.end());
  if (Error error = checkShape())
    return std::move(error);
  auto placed = placeArguments(*kernel, launch);
  if (!placed)
    return placed.takeError();
  places = std::move(*placed);
  if (state.options.mfmaArithmetic == MfmaArithmetic::Cdna3 &&
      object.chip() != Chip::GFX942)
    return failure("expected the default arithmetic of matrix instructions "
                   "for " +
                   chipName(object.chip()) +
                   ", got cdna3, which is published for gfx942 only");
  auto made = Disassembler::create(object.chip());
  if (!made)
    return made.takeError();
  disassembler = std::move(*made);
  auto decoded = decodeKernel(object, *kernel, *disassembler);
  if (!decoded)
    return decoded.takeError();
  program = *decoded;
  findings.emplace(state.options, *program, [this](int64_t record) {
    return record < 0 ? std::string("?")
                      : describeInst(object, *disassembler,
                                     program->meta[size_t(record)]);
  });
  if (Error error = findWatched())
    return std::move(error);
  if (Error error = mapMemory())
    return std::move(error);
  if (Error error = fillSgprs())
    return std::move(error);
  state.kernel = kernel;
  state.program = program.get();
  state.memory = &memory;
  state.grid = launch.grid;
  state.block = launch.block;
  state.chip = &chipFeatures(object.chip());
  shuffleOrder();
  startEvents();
  if (state.options.traceLimit) {
    trace.emplace();
    trace->limit = state.options.traceLimit;
  }
  unsigned threads = threadCount();
  runningThreads = threads;
  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i)
    pool.emplace_back([this] { worker(); });
  worker();
  for (std::thread &thread : pool)
    thread.join();
  if (firstError) {
    if (trace && state.options.failedTrace) {
      fillTrace();
      trace->error = firstError->second;
      state.options.failedTrace(std::move(*trace));
    }
    return failure(firstError->second);
  }
  stats.workgroups = doneGroups;
  if (trace)
    fillTrace();
  RunResult result;
  result.lines = countClasses();
  result.stats = stats;
  findings->moveTo(result);
  result.warnings.assign(warnings.begin(), warnings.end());
  result.trace = std::move(trace);
  return result;
}

} // namespace

Expected<RunResult> moe::emulator::run(const KernelImage &object,
                                       const Launch &launch,
                                       const RunOptions &options) {
  return LaunchRun(object, launch, options).run();
}
