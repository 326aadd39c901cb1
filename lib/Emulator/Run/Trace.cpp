//===- Trace.cpp - a trace as Chrome trace events -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes a recorded trace in the JSON form that chrome://tracing and Perfetto
// read. Recording is in TraceRecorder.h.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Trace.h"

#include "State/Program.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <set>

using namespace llvm;
using namespace moe::emulator;

/// What all slices of an instruction have in common, without braces.
static std::string commonPart(const TraceInst &inst) {
  json::Object args{{"pc", hexAddress(inst.pc)},
                    {"asm", json::fixUTF8(inst.text)}};
  if (!inst.line.empty())
    args["line"] = json::fixUTF8(inst.line);
  json::Object object{{"name", inst.mnemonic},
                      {"cat", inst.category},
                      {"args", std::move(args)}};
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(object));
  return text.substr(1, text.size() - 2);
}

/// Process and thread 0 mean the idle task to some readers: numbers are one up.
static void writeNames(const Trace &trace, raw_ostream &os) {
  std::set<std::pair<uint32_t, uint16_t>> tracks;
  for (const TraceSlice &slice : trace.slices)
    tracks.insert({slice.group, slice.wave});
  auto meta = [&](const char *kind, uint64_t pid, unsigned tid, const char *key,
                  json::Value value) {
    os << json::Value(
              json::Object{{"ph", "M"},
                           {"name", kind},
                           {"pid", int64_t(pid)},
                           {"tid", tid},
                           {"args", json::Object{{key, std::move(value)}}}})
       << ",\n";
  };
  int64_t named = -1;
  for (auto [index, wave] : tracks) {
    const TraceGroup &group = trace.groups[index];
    uint64_t pid = group.ordinal + 1;
    if (named != int64_t(index)) {
      std::string id = std::to_string(group.id[0]) + "," +
                       std::to_string(group.id[1]) + "," +
                       std::to_string(group.id[2]);
      meta("process_name", pid, 0, "name", "workgroup " + id);
      meta("process_sort_index", pid, 0, "sort_index", int64_t(pid));
      named = index;
    }
    unsigned tid = wave + 1u;
    meta("thread_name", pid, tid, "name", "wave " + std::to_string(wave));
    meta("thread_sort_index", pid, tid, "sort_index", tid);
  }
}

static json::Object metadata(const Trace &trace) {
  json::Object data{{"kernel", json::fixUTF8(trace.kernel)},
                    {"chip", trace.chip},
                    {"time_axis",
                     "instruction order, not time: one microsecond is one "
                     "instruction of the wave"},
                    {"slices", int64_t(trace.slices.size())},
                    {"wave_instructions", int64_t(trace.instructions)},
                    {"sanitizer_reports", int64_t(trace.reports)},
                    {"truncated", trace.truncated()}};
  if (!trace.error.empty())
    data["error"] = json::fixUTF8(trace.error);
  if (trace.truncated())
    data["note"] = "incomplete: the trace stops after " +
                   std::to_string(trace.slices.size()) + " of " +
                   std::to_string(trace.instructions) +
                   " wave instructions; tracks of the last workgroup may stop "
                   "at different places";
  return data;
}

void moe::emulator::writeChromeTrace(const Trace &trace, raw_ostream &os) {
  std::vector<std::string> common;
  common.reserve(trace.insts.size());
  for (const TraceInst &inst : trace.insts)
    common.push_back(commonPart(inst));
  os << "{\"otherData\":" << json::Value(metadata(trace))
     << ",\n\"displayTimeUnit\":\"ms\",\n\"traceEvents\":[\n";
  writeNames(trace, os);
  bool first = true;
  for (const TraceSlice &slice : trace.slices) {
    if (!first)
      os << ",\n";
    first = false;
    os << "{\"ph\":\"X\",\"pid\":" << trace.groups[slice.group].ordinal + 1
       << ",\"tid\":" << slice.wave + 1 << ",\"ts\":" << slice.start
       << ",\"dur\":" << slice.length << ',' << common[slice.inst] << '}';
  }
  os << "\n]}\n";
}
