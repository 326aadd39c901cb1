//===- Scheduler.cpp - workgroups and waves in turn -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The start state of waves, the execution loop, barriers and the instruction
// budget. A wave runs until it ends, reaches a barrier, sleeps, or has used up
// its slice.
//
//===----------------------------------------------------------------------===//

#include "Run/Scheduler.h"

#include <algorithm>

namespace moe::emulator {

static constexpr uint64_t sliceInstructions = 1 << 16;

GroupRunner::GroupRunner(RunState &state, Sanitizers *sanitizers,
                         TraceRecorder *recorder,
                         void (*warn)(void *, const std::string &),
                         void *warnContext)
    : state(state), sanitizers(sanitizers), recorder(recorder) {
  uint64_t items = uint64_t(state.block[0]) * state.block[1] * state.block[2];
  unsigned count = unsigned((items + 63) / 64);
  unsigned rows = state.program->rows;
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
  states.resize(count);
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

uint64_t GroupRunner::random() {
  randomState ^= randomState << 13;
  randomState ^= randomState >> 7;
  randomState ^= randomState << 17;
  return randomState;
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
  w.gfx950 = state.gfx950;
  w.id = uint8_t(index);
  w.scc = false;
  w.stop = Stop::None;
  w.executed = 0;
  w.error.clear();
  w.observer = sanitizers;
  w.counters = state.options.stats ? &counts : nullptr;
  w.mode = ((kernel.rsrc1 >> 12) & 0xff) | ((kernel.rsrc1 >> 21) & 1) << 8 |
           ((kernel.rsrc1 >> 23) & 1) << 9 | ((kernel.rsrc1 >> 26) & 1) << 23;
  std::copy(state.userSgprs.begin(), state.userSgprs.end(), w.s);
  unsigned next = unsigned(state.userSgprs.size());
  for (unsigned d = 0; d < 3; ++d)
    if ((kernel.rsrc2 >> (7 + d)) & 1)
      w.s[next++] = id[d];
  w.initialSgprs = uint8_t(next);
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

/// Runs `limit` instructions, or fewer when the wave stops. Within a straight
/// run nobody looks at the program counter or at the counters, so these are
/// brought up to date once a run; a fault says where it was.
template <bool Counted, bool Checked, bool Traced = false>
static void loop(Wave &w, uint64_t limit, Counters &counts,
                 Sanitizers *sanitizers, TraceRecorder *recorder = nullptr) {
  do {
    const Inst *pc = w.pc;
    uint64_t count = std::min<uint64_t>(pc->straight, limit);
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

void GroupRunner::runSlice(Wave &w, uint64_t limit) {
  if (state.options.maxInstructions)
    limit = std::min<uint64_t>(limit, state.options.maxInstructions);
  uint64_t before = w.executed;
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
  failure.record = w.pc - w.code;
  failure.wave = w.id;
  return true;
}

/// Registers and condition code, as one number.
uint64_t GroupRunner::digest(const Wave &w) const {
  uint64_t sum = w.scc + 0x9e3779b97f4a7c15ull * w.mode;
  auto add = [&](const uint32_t *words, size_t count) {
    for (size_t i = 0; i < count; i += 2)
      sum = (sum ^ (words[i] | uint64_t(words[i + 1]) << 32)) *
            0xff51afd7ed558ccdull;
    sum ^= sum >> 32;
  };
  add(w.s, 128);
  add(w.v[0], size_t(w.rows) * 64);
  return sum;
}

/// May an instruction of this kind change memory or LDS? Not these.
static bool readsOnly(InstClass kind) {
  switch (kind) {
  case InstClass::Smem:
  case InstClass::VmemStore:
  case InstClass::VmemAtomic:
  case InstClass::FlatStore:
  case InstClass::FlatAtomic:
  case InstClass::LdsDma:
  case InstClass::DsWrite:
  case InstClass::DsAtomic:
    return false;
  default:
    return true;
  }
}

/// Is a wave in a loop that comes back to the same place with the same state,
/// sleeps or not? Runs at most a few thousand instructions, one by one.
bool GroupRunner::repeats(Wave &w) {
  const Inst *place = w.pc;
  spins[w.id].readsOnly = true;
  uint64_t before = digest(w);
  for (unsigned n = 0, visits = 0; n < 4096 && visits < 2; ++n) {
    w.stop = Stop::None;
    spins[w.id].readsOnly &= readsOnly(state.program->meta[w.pc - w.code].kind);
    runSlice(w, 1);
    if (w.stop != Stop::None && w.stop != Stop::Yield)
      return false;
    if (w.pc != place)
      continue;
    if (digest(w) == before)
      return true;
    ++visits;
  }
  return false;
}

/// After a slice: a wave that has used up several, or slept several times, is
/// looked at closely, ever more rarely while it moves on.
void GroupRunner::watchSpin(Wave &w) {
  Spin &spin = spins[w.id];
  spin.waits = false;
  if (w.stop != Stop::None && w.stop != Stop::Yield) {
    spin.turns = 0;
    return;
  }
  unsigned turns = ++spin.turns;
  bool look =
      (turns & (turns - 1)) == 0 && turns >= (w.stop == Stop::Yield ? 8 : 2);
  // A wave that counts how long it waits never repeats a state.
  bool tired = turns % (w.stop == Stop::Yield ? 4096 : 1024) == 0;
  if (look || tired)
    spin.waits = repeats(w) || tired;
}

bool GroupRunner::allSpin() const {
  bool some = false;
  for (const auto &w : waves) {
    if (w->stop == Stop::End || w->stop == Stop::Barrier)
      continue;
    if (!spins[w->id].waits)
      return false;
    some = true;
  }
  return some;
}

/// One turn for every wave that can run; then barriers.
bool GroupRunner::turn(GroupFailure &failure, bool &finished) {
  std::vector<unsigned> order(waves.size());
  for (unsigned i = 0; i < order.size(); ++i)
    order[i] = i;
  if (randomState)
    for (unsigned i = unsigned(order.size()); i > 1; --i)
      std::swap(order[i - 1], order[random() % i]);
  bool ran = false;
  for (unsigned i : order) {
    Wave &w = *waves[i];
    if (w.stop == Stop::End || w.stop == Stop::Barrier)
      continue;
    ran = true;
    w.stop = Stop::None;
    if (Spin &spin = spins[i]; spin.pc) { // it waited: does it still?
      spin.waits = repeats(w);
      if (!spin.waits)
        spin = Spin();
    } else {
      runSlice(w, sliceInstructions);
      watchSpin(w);
    }
    if (w.stop == Stop::Fault) {
      failure.message = w.error;
      failure.record = w.inst - w.code;
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
  if (ran)
    return true;
  Wave *waiting = nullptr, *ended = nullptr;
  for (auto &w : waves)
    (w->stop == Stop::Barrier ? waiting : ended) = w.get();
  finished = !waiting;
  if (waiting && ended) {
    failure.message = "barrier that wave " + std::to_string(ended->id) +
                      " never reaches: it has ended";
    failure.record = waiting->inst - waiting->code;
    failure.wave = waiting->id;
    return false;
  }
  if (waiting) {
    if (recorder)
      recorder->barrier();
    if (sanitizers)
      sanitizers->barrier(group);
    for (auto &w : waves)
      w->stop = Stop::None;
  }
  return true;
}

void GroupRunner::begin(const std::array<uint32_t, 3> &id, uint64_t ordinal) {
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
  group.orderState = randomState;
  for (unsigned i = 0; i < waves.size(); ++i)
    startWave(*waves[i], i, id);
  wavesRun += waves.size();
  if (recorder)
    recorder->beginGroup(id, ordinal, waves.size());
  if (sanitizers)
    sanitizers->beginGroup(group);
  spins.assign(waves.size(), Spin());
}

GroupEnd GroupRunner::resume(GroupFailure &failure) {
  bool finished = false;
  while (!finished) {
    if (!turn(failure, finished))
      return GroupEnd::Failed;
    if (finished || !allSpin())
      continue;
    moved = false;
    for (auto &w : waves) {
      Spin &spin = spins[w->id];
      const Inst *pc = spin.waits ? w->pc : nullptr;
      uint64_t now = spin.waits ? digest(*w) : 0;
      moved |= spin.pc != pc || spin.state != now || !spin.readsOnly;
      spin.pc = pc;
      spin.state = now;
      if (pc) { // for the message when nobody moves any more
        failure.record = pc - w->code;
        failure.wave = w->id;
      }
    }
    return GroupEnd::Spinning;
  }
  return GroupEnd::Finished;
}

} // namespace moe::emulator
