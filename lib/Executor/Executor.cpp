//===- Executor.cpp - arguments, and the choice of an executor ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all executors share: making arguments, and finding a maker by name.
//
//===----------------------------------------------------------------------===//

#include "moe/Executor/HIP.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace moe::executor;

Executor::~Executor() = default;

using Counters = std::vector<std::pair<std::string, uint64_t>>;

/// The entry of that name, a new one at the end if there is none.
template <typename Value>
static Value &entryOf(std::vector<std::pair<std::string, Value>> &entries,
                      const std::string &name) {
  for (auto &entry : entries)
    if (entry.first == name)
      return entry.second;
  return entries.emplace_back(name, Value()).second;
}

static void addCounters(Counters &sums, const Counters &more) {
  for (const auto &[name, count] : more)
    entryOf(sums, name) += count;
}

void Outcome::add(Outcome other) {
  instructions += other.instructions;
  seconds += other.seconds;
  processorSeconds += other.processorSeconds;
  addCounters(stats, other.stats);
  for (const auto &[line, counts] : other.lines)
    addCounters(entryOf(lines, line), counts);
  if (modelled && other.modelled)
    modelled->add(*other.modelled);
  else if (other.modelled)
    modelled = std::move(other.modelled);
  llvm::append_range(reports, std::move(other.reports));
  reportGroups += other.reportGroups;
  llvm::append_range(advice, std::move(other.advice));
  llvm::append_range(warnings, std::move(other.warnings));
}

Argument Argument::buffer(std::string name, MutableArrayRef<uint8_t> bytes,
                          bool readOnly) {
  Argument arg;
  arg.kind = Kind::Buffer;
  arg.name = std::move(name);
  arg.bytes = bytes;
  arg.readOnly = readOnly;
  return arg;
}

Argument Argument::input(std::string name, ArrayRef<uint8_t> bytes) {
  // No executor writes to what is read only.
  return buffer(std::move(name),
                {const_cast<uint8_t *>(bytes.data()), bytes.size()},
                /*readOnly=*/true);
}

Argument Argument::null(std::string name) {
  Argument arg;
  arg.kind = Kind::Null;
  arg.name = std::move(name);
  return arg;
}

Expected<std::unique_ptr<Executor>>
moe::executor::makeExecutor(StringRef name, const Options &options) {
  if (name == "emulator")
    return makeEmulatorExecutor(options);
  if (options.timeModel)
    return createStringError(inconvertibleErrorCode(),
                             "a modelled time: expected executor 'emulator', "
                             "got '" +
                                 name + "'");
  if (name == "hip")
    return makeHIPExecutor(options);
  return createStringError(inconvertibleErrorCode(),
                           "expected executor 'emulator' or 'hip', got '" +
                               name + "'");
}
