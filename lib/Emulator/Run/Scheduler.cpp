//===- Scheduler.cpp - workgroups and waves in turn -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The start state of waves, the execution loop, barriers and the instruction
// budget. A wave runs until it ends, reaches a barrier, sleeps, or has used up
// its slice, whose length RunOptions::interleave decides.
//
//===----------------------------------------------------------------------===//

#include "Run/Scheduler.h"

#include "Run/RegisterText.h"
#include "Vector/ValuDpp.h"

#include <algorithm>

namespace moe::emulator {

/// A slice of Interleave::Barrier: long, but not endless.
static constexpr uint64_t longSlice = 1 << 16;
/// Of Interleave::Lockstep: a few instructions, as if the waves of a SIMD took
/// turns.
static constexpr uint64_t shortSlice = 4;
/// Instructions in which a loop that waits comes back to its start.
static constexpr unsigned longestLoop = 4096;
/// Barriers in one round of a loop of several waves.
static constexpr uint64_t longestRound = 64;

GroupRunner::GroupRunner(
    RunState &state, Sanitizers *sanitizers, TraceRecorder *recorder,
    void (*warn)(void *, const std::string &, const Inst *), void *warnContext)
    : state(state), sanitizers(sanitizers), recorder(recorder) {
  uint64_t items = uint64_t(state.block[0]) * state.block[1] * state.block[2];
  unsigned count = unsigned((items + 63) / 64);
  unsigned rows = state.program->rows + spareRows;
  registers.resize(size_t(count) * rows * 64 + 16);
  uint32_t scratchSize = state.kernel->scratchSize;
  if (state.kernel->dynamicStack)
    scratchSize += 16384;
  scratch.resize(size_t(count) * 64 * scratchSize);
  uintptr_t base = (uintptr_t(registers.data()) + 63) & ~uintptr_t(63);
  for (unsigned i = 0; i < count; ++i) {
    waves.emplace_back(new Wave);
    Wave &w = *waves.back();
    w.v = reinterpret_cast<Row *>(base) + size_t(i) * rows;
    w.scratch = scratch.data() + size_t(i) * 64 * scratchSize;
    w.scratchSize = scratchSize;
    group.waves.push_back(&w);
  }
  order.resize(count);
  group.ldsSize = state.ldsSize;
  group.lds.resize(state.ldsSize + 16);
  group.program = state.program;
  group.memory = state.memory;
  group.warn = warn;
  group.warnContext = warnContext;
  if (state.options.stats)
    counts.perInst.resize(state.program->code.size() + 1);
}

GroupRunner::~GroupRunner() = default;

static uint64_t xorshift(uint64_t &state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

uint64_t GroupRunner::random() { return xorshift(randomState); }

/// Instructions that a wave may run before it is the next one's turn.
uint64_t GroupRunner::sliceLength() {
  switch (state.options.interleave) {
  case Interleave::Barrier:
    return longSlice;
  case Interleave::Lockstep:
    return shortSlice;
  case Interleave::Random:
    break;
  }
  // Mostly short ones, some long enough to overtake a whole loop.
  uint64_t r = xorshift(sliceState) >> 16;
  return 1 + (r >> 8) % (uint64_t(1) << (1 + (r & 255) % 10));
}

void GroupRunner::startWave(Wave &w, unsigned index,
                            const std::array<uint32_t, 3> &id) {
  const KernelInfo &kernel = *state.kernel;
  memset(w.s, 0, sizeof(w.s));
  memset(w.v, 0, size_t(state.program->rows) * sizeof(Row));
  if (w.scratchSize)
    memset(w.scratch, 0, size_t(64) * w.scratchSize);
  w.code = state.program->code.data();
  w.pc = w.code + state.program->entry;
  w.inst = w.pc;
  w.group = &group;
  w.rows = state.program->rows;
  w.chip = state.chip;
  w.keepsHalves = !state.program->sramEcc;
  w.cdna3Sums = state.options.mfmaArithmetic == MfmaArithmetic::Cdna3;
  w.id = uint8_t(index);
  w.scc = false;
  w.stop = Stop::None;
  w.executed = 0;
  w.error.clear();
  w.observer = events ? static_cast<AccessObserver *>(&*events) : sanitizers;
  w.counters = state.options.stats ? &counts : nullptr;
  w.mode = ((kernel.rsrc1 >> 12) & 0xff) | ((kernel.rsrc1 >> 21) & 1) << 8 |
           ((kernel.rsrc1 >> 23) & 1) << 9 | ((kernel.rsrc1 >> 26) & 1) << 23;
  std::copy(state.userSgprs.begin(), state.userSgprs.end(), w.s);
  unsigned next = unsigned(state.userSgprs.size());
  for (unsigned d = 0; d < 3; ++d)
    if ((kernel.rsrc2 >> (7 + d)) & 1)
      w.s[next++] = id[d];
  w.initialSgprs = uint8_t(next);
  w.filledSgprs = uint8_t(state.filledSgprs);
  w.userSgprs = uint8_t(state.userSgprs.size());
  const auto &block = state.block;
  uint64_t items = uint64_t(block[0]) * block[1] * block[2];
  uint64_t exec = 0;
  for (unsigned lane = 0; lane < 64; ++lane) {
    uint64_t item = uint64_t(index) * 64 + lane;
    if (item >= items)
      break;
    exec |= uint64_t(1) << lane;
    uint32_t x = item % block[0], y = item / block[0] % block[1];
    uint32_t z = uint32_t(item / block[0] / block[1]);
    w.v[0][lane] = x | y << 10 | z << 20;
  }
  w.setS64(SgprExec, exec);
}

/// One instruction, with everything that watches it.
template <bool Checked, bool Traced>
static inline void step(Wave &w, const Inst &I, Sanitizers *sanitizers,
                        TraceRecorder *recorder) {
  if (Checked)
    sanitizers->before(w, I);
  I.run(w, I);
  if (Checked)
    sanitizers->after(w, I);
  if (Traced)
    recorder->executed(w.id, uint32_t(&I - w.code));
}

/// Runs `limit` instructions, or fewer when the wave stops. Within a
/// straight-line run nothing reads the program counter or the counters, so
/// these are updated once a run; a fault records where it was.
template <bool Counted, bool Checked, bool Traced = false>
static void loop(Wave &w, uint64_t limit, Counters &counts,
                 Sanitizers *sanitizers, TraceRecorder *recorder = nullptr) {
  do {
    const Inst *pc = w.pc;
    uint64_t count = std::min<uint64_t>(pc->runLength, limit);
    const Inst *last = pc + count - 1;
    limit -= count;
    if (Counted) {
      ++counts.perInst[size_t(pc - w.code)];
      --counts.perInst[size_t(last - w.code) + 1];
    }
    const Inst *unwatched = pc;
    for (; pc != last; ++pc) {
      if (Checked && pc >= unwatched)
        unwatched = pc + sanitizers->passRun(w, *pc, size_t(last - pc));
      if (Checked && pc >= unwatched)
        step<true, Traced>(w, *pc, sanitizers, recorder);
      else
        step<false, Traced>(w, *pc, sanitizers, recorder);
      if (__builtin_expect(w.stop != Stop::None, 0)) {
        w.inst = pc;
        return;
      }
    }
    w.executed += count - 1;
    w.inst = last;
    w.pc = last + 1;
    step<Checked, Traced>(w, *last, sanitizers, recorder);
    ++w.executed;
  } while (w.stop == Stop::None && limit);
}

void GroupRunner::runLoop(Wave &w, uint64_t limit) {
  bool counted = state.options.stats, checked = sanitizers;
  if (recorder && recorder->full())
    recorder->skip();
  if (recorder && !recorder->full()) {
    if (counted)
      checked ? loop<true, true, true>(w, limit, counts, sanitizers, recorder)
              : loop<true, false, true>(w, limit, counts, sanitizers, recorder);
    else
      checked
          ? loop<false, true, true>(w, limit, counts, sanitizers, recorder)
          : loop<false, false, true>(w, limit, counts, sanitizers, recorder);
  } else if (counted)
    checked ? loop<true, true>(w, limit, counts, sanitizers)
            : loop<true, false>(w, limit, counts, sanitizers);
  else
    checked ? loop<false, true>(w, limit, counts, sanitizers)
            : loop<false, false>(w, limit, counts, sanitizers);
}

void GroupRunner::runSlice(Wave &w, uint64_t limit) {
  if (state.options.maxInstructions)
    limit = std::min<uint64_t>(limit, state.options.maxInstructions);
  uint64_t before = w.executed;
  if (!events)
    runLoop(w, limit);
  for (; events && limit && w.stop == Stop::None; --limit) {
    auto instIndex = uint32_t(w.pc - w.code);
    events->before(w, *w.pc);
    runLoop(w, 1);
    if (w.stop != Stop::Fault && !events->after(w.id, instIndex))
      w.stop = Stop::End;
  }
  uint64_t done = w.executed - before;
  instructionsRun += done;
  state.instructions.fetch_add(done, std::memory_order_relaxed);
}

bool GroupRunner::overBudget(Wave &w, GroupFailure &failure) {
  uint64_t limit = state.options.maxInstructions;
  if (!limit || state.instructions.load(std::memory_order_relaxed) <= limit)
    return false;
  failure.message = "the instruction budget of " + std::to_string(limit) +
                    " wave instructions is used up";
  failure.instIndex = w.pc - w.code;
  failure.wave = w.id;
  return true;
}

static uint64_t mix(uint64_t sum) {
  sum *= 0xff51afd7ed558ccdull;
  return sum ^ sum >> 32;
}
static uint64_t mixWords(uint64_t sum, const uint32_t *words, size_t count) {
  for (size_t i = 0; i < count; i += 2)
    sum = mix(sum ^ (words[i] | uint64_t(words[i + 1]) << 32));
  return sum;
}

/// Registers and condition code, as one number.
uint64_t GroupRunner::digest(const Wave &w) const {
  uint64_t sum = mixWords(w.scc + 0x9e3779b97f4a7c15ull * w.mode, w.s, 128);
  return mixWords(sum, w.v[0], size_t(w.rows) * 64);
}

/// May an instruction change what other workgroups see?
static bool changesGlobal(const InstMeta &meta) {
  switch (meta.kind) {
  case InstClass::Smem:
    return meta.traits & WritesMemory;
  case InstClass::VmemStore:
  case InstClass::VmemAtomic:
  case InstClass::FlatStore:
  case InstClass::FlatAtomic:
    return true;
  default:
    return false;
  }
}

/// May it change something that is no register of its wave?
static bool changesMemory(const InstMeta &meta) {
  return changesGlobal(meta) || meta.kind == InstClass::LdsDma ||
         meta.kind == InstClass::DsWrite || meta.kind == InstClass::DsAtomic;
}

/// After a slice: a wave that has run for long without a barrier, or slept
/// several times, is looked at closely, ever more rarely while it moves on.
void GroupRunner::watchSpin(Wave &w, uint64_t done) {
  Spin &spin = spins[w.id];
  if (w.stop != Stop::None && w.stop != Stop::Yield) {
    spin = Spin();
    return;
  }
  spin.instructions += done;
  spin.sleeps += w.stop == Stop::Yield;
  if (spin.place || spin.waits)
    return;
  // A wave that counts how long it waits never repeats a state.
  if (spin.instructions >= uint64_t(1024) * longSlice || spin.sleeps >= 4096) {
    spin.waits = true;
    spin.readsOnly = false;
    return;
  }
  if (spin.instructions < spin.nextLook && spin.sleeps < spin.nextSleepLook)
    return;
  startLook(w);
  spin.nextLook = 2 * std::max(spin.instructions, longSlice);
  spin.nextSleepLook = 2 * std::max(spin.sleeps, 4u);
}

/// Begins to follow a wave: does it come back to where it is, as it is now?
void GroupRunner::startLook(const Wave &w) {
  Spin &spin = spins[w.id];
  spin.place = w.pc;
  spin.before = digest(w);
  spin.readsOnly = true;
  spin.visits = 0;
  spin.left = longestLoop;
}

/// A slice of a wave that is looked at.
void GroupRunner::watchSlice(Wave &w, uint64_t limit) {
  Spin &spin = spins[w.id];
  for (; limit && spin.place && w.stop == Stop::None; --limit) {
    spin.readsOnly &= !changesMemory(state.program->meta[w.pc - w.code]);
    runSlice(w, 1);
    bool failed = --spin.left == 0;
    if (w.pc == spin.place) {
      if (digest(w) == spin.before) {
        spin.waits = true;
        spin.place = nullptr;
        return;
      }
      failed |= ++spin.visits == 2;
    }
    if (!failed)
      continue;
    spin.place = nullptr;
    if (spin.waits || spin.pc) // it waited, and does no longer
      spin = Spin();
  }
}

/// Runs to the instruction at which registers are printed, and prints them.
/// False when none are to be printed for the wave.
bool GroupRunner::runWatched(Wave &w, uint64_t limit) {
  uint32_t bit = uint32_t(1) << w.id;
  const auto &watch = state.options.watch;
  if (!watch || (state.watchedWaves & bit) ||
      (watch->wave && *watch->wave != w.id))
    return false;
  for (; limit && w.stop == Stop::None; --limit) {
    if (w.pc - w.code == state.watchIndex && !(state.watchedWaves & bit)) {
      state.watchedWaves |= bit;
      state.options.registers(describeRegisters(w));
    }
    runSlice(w, 1);
  }
  return true;
}

/// One turn of one wave.
void GroupRunner::runTurn(Wave &w) {
  Spin &spin = spins[w.id];
  uint64_t limit = sliceLength(), before = w.executed;
  w.stop = Stop::None;
  if (spin.waits && !spin.place)
    startLook(w);
  if (spin.place)
    watchSlice(w, std::min<uint64_t>(limit, longestLoop));
  else if (runWatched(w, limit))
    ;
  else if (barrierSpin.left)
    for (; limit && w.stop == Stop::None; --limit) {
      readsOnly &= !changesGlobal(state.program->meta[w.pc - w.code]);
      runSlice(w, 1);
    }
  else
    runSlice(w, limit);
  watchSpin(w, w.executed - before);
}

bool GroupRunner::allSpin() const {
  bool some = false;
  for (const auto &w : waves) {
    if (w->stop == Stop::End || w->stop == Stop::Barrier)
      continue;
    if (!spins[w->id].waits || spins[w->id].place)
      return false;
    some = true;
  }
  return some;
}

/// Where the waves are and what is in their scalar registers.
uint64_t GroupRunner::scalarDigest() const {
  uint64_t sum = 0;
  for (const auto &w : waves) {
    sum = mix(sum ^ uint64_t(w->pc - w->code) ^ uint64_t(w->stop) << 32);
    sum = mixWords(sum, w->s, 128);
  }
  return sum;
}

/// All that a workgroup knows by itself: registers, LDS, scratch.
uint64_t GroupRunner::groupDigest() const {
  uint64_t sum = scalarDigest();
  for (const auto &w : waves)
    sum = mix(sum ^ digest(*w));
  for (const auto *bytes : {&group.lds, &scratch})
    for (size_t i = 0; i + 8 <= bytes->size(); i += 8) {
      uint64_t word;
      memcpy(&word, bytes->data() + i, 8);
      sum = mix(sum ^ word);
    }
  return sum;
}

/// At a barrier: has the workgroup been here as it is now? All is compared with
/// a state saved ever more rarely, the scalar registers first.
bool GroupRunner::repeatsAtBarrier() {
  BarrierSpin &spin = barrierSpin;
  ++spin.barriers;
  if (spin.savedAt) {
    if (scalarDigest() == spin.scalars && groupDigest() == spin.all)
      return true;
    if (spin.barriers - spin.savedAt >= longestRound) {
      spin.savedAt = 0;
      spin.left = false;
    }
  }
  bool power = (spin.barriers & (spin.barriers - 1)) == 0;
  if (power && spin.barriers >= 16 && !spin.left) {
    spin.savedAt = spin.barriers;
    spin.scalars = scalarDigest();
    spin.all = groupDigest();
  }
  return false;
}

/// All waves that have not ended wait at a barrier: they go on.
void GroupRunner::releaseBarrier() {
  if (recorder)
    recorder->barrier();
  if (sanitizers)
    sanitizers->barrier(group);
  barrierSpin.waits = repeatsAtBarrier();
  for (auto &w : waves)
    if (w->stop != Stop::End)
      w->stop = Stop::None;
}

/// One turn for every wave that can run; then barriers.
bool GroupRunner::turn(GroupFailure &failure, bool &finished) {
  for (unsigned i = 0; i < order.size(); ++i)
    order[i] = i;
  bool random = state.options.interleave == Interleave::Random;
  if (randomState || random)
    for (unsigned i = unsigned(order.size()); i > 1; --i)
      std::swap(order[i - 1],
                order[xorshift(random ? sliceState : randomState) % i]);
  bool ran = false, waiting = false;
  for (unsigned i : order) {
    Wave &w = *waves[i];
    waiting |= w.stop == Stop::Barrier;
    if (w.stop == Stop::End || w.stop == Stop::Barrier)
      continue;
    ran = true;
    runTurn(w);
    if (w.stop == Stop::Fault) {
      failure.message = w.error;
      failure.instIndex = w.inst - w.code;
      failure.wave = w.id;
      return false;
    }
    if (overBudget(w, failure))
      return false;
    if (state.stop.load(std::memory_order_relaxed)) {
      finished = true;
      return true;
    }
  }
  finished = !ran && !waiting;
  if (!ran && waiting)
    releaseBarrier();
  return true;
}

void GroupRunner::begin(const std::array<uint32_t, 3> &id, uint64_t ordinal,
                        std::unique_ptr<GroupEvents> wanted) {
  groupEvents = std::move(wanted);
  events.reset();
  if (groupEvents)
    events.emplace(*state.program, *groupEvents, sanitizers);
  std::copy(id.begin(), id.end(), group.id);
  std::fill(group.lds.begin(), group.lds.end(), 0);
  randomState = 0;
  if (state.options.orderSeed) {
    randomState = (*state.options.orderSeed + 1) * 0x9e3779b97f4a7c15ull +
                  ordinal * 0xbf58476d1ce4e5b9ull;
    randomState |= 1;
    for (int i = 0; i < 8; ++i)
      random();
  }
  sliceState = (state.options.orderSeed.value_or(0) * 0x9e3779b97f4a7c15ull) ^
               (ordinal + 1) * 0xbf58476d1ce4e5b9ull;
  for (unsigned i = 0; i < waves.size(); ++i)
    startWave(*waves[i], i, id);
  wavesRun += waves.size();
  if (recorder)
    recorder->beginGroup(id, ordinal, waves.size());
  if (sanitizers)
    sanitizers->beginGroup(group);
  spins.assign(waves.size(), Spin());
  barrierSpin = BarrierSpin();
}

/// Leaves a workgroup that waits, and says whether that is news.
GroupEnd GroupRunner::putAside(GroupFailure &failure) {
  moved = false;
  if (barrierSpin.waits) {
    moved = !barrierSpin.left || !readsOnly;
    barrierSpin.waits = false;
    barrierSpin.left = true;
    barrierSpin.savedAt = barrierSpin.barriers;
  }
  for (auto &w : waves) {
    Spin &spin = spins[w->id];
    const Inst *pc = spin.waits ? w->pc : nullptr;
    uint64_t now = spin.waits ? digest(*w) : 0;
    moved |= spin.pc != pc || spin.state != now || (pc && !spin.readsOnly);
    spin.pc = pc;
    spin.state = now;
    if (w->stop == Stop::End)
      continue;
    if (pc || failure.instIndex < 0) { // where, when no wave moves any more
      failure.instIndex = (pc ? pc : w->inst) - w->code;
      failure.wave = w->id;
    }
  }
  return GroupEnd::Spinning;
}

GroupEnd GroupRunner::resume(GroupFailure &failure) {
  failure.instIndex = -1;
  readsOnly = true;
  for (auto &w : waves)
    if (Spin &spin = spins[w->id]; spin.waits) { // does it still?
      startLook(*w);
      spin.waits = false;
    }
  bool finished = false;
  while (!finished) {
    if (!turn(failure, finished))
      return GroupEnd::Failed;
    if (!finished && (barrierSpin.waits || allSpin()))
      return putAside(failure);
  }
  return GroupEnd::Finished;
}

} // namespace moe::emulator
