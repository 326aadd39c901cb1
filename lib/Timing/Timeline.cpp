//===- Timeline.cpp - modelled executions as files ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Perfetto's JSON and ROCprof Compute Viewer's folder, both from the slices of
// one more simulation.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Timeline.h"
#include "Files/Files.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <map>
#include <set>

using namespace llvm;
using namespace moe::timing;
using moe::emulator::EventInst;
using moe::emulator::InstClass;

/// The executions of the simulated compute unit, at most so many.
static std::vector<Slice> slicesOf(const Recording &recording,
                                   const Parameters &parameters, size_t limit,
                                   ModelledTime &time) {
  std::vector<Slice> slices;
  time = modelTime(recording, parameters, [&](const Slice &slice) {
    if (slices.size() < limit)
      slices.push_back(slice);
  });
  return slices;
}

static void writeName(raw_ostream &os, const char *kind, unsigned pid,
                      unsigned tid, const std::string &name) {
  os << json::Value(json::Object{{"ph", "M"},
                                 {"name", kind},
                                 {"pid", pid},
                                 {"tid", tid},
                                 {"args", json::Object{{"name", name}}}})
     << ",\n";
}

/// Process numbers: 1 is the units, workgroups follow.
static void writeNames(raw_ostream &os, const std::vector<Slice> &slices) {
  writeName(os, "process_name", 1, 0, "units (modelled)");
  std::set<std::pair<unsigned, unsigned>> waves;
  std::set<unsigned> simds;
  for (const Slice &slice : slices) {
    waves.insert({slice.group, slice.wave});
    simds.insert(slice.simd);
  }
  for (unsigned simd : simds) {
    writeName(os, "thread_name", 1, 2 * simd + 1,
              "SIMD " + std::to_string(simd) + " vector");
    writeName(os, "thread_name", 1, 2 * simd + 2,
              "SIMD " + std::to_string(simd) + " matrix");
  }
  for (auto [group, wave] : waves) {
    if (wave == 0)
      writeName(os, "process_name", group + 2, 0,
                "workgroup " + std::to_string(group) +
                    " of the compute unit (modelled)");
    writeName(os, "thread_name", group + 2, wave + 1,
              "wave " + std::to_string(wave));
  }
}

static bool isVector(InstClass kind) {
  return kind == InstClass::Valu || kind == InstClass::Trans ||
         kind == InstClass::Cvt || kind == InstClass::Mfma;
}

void moe::timing::writeTimeline(const Recording &recording,
                                const Parameters &parameters, raw_ostream &os,
                                size_t limit) {
  ModelledTime time;
  std::vector<Slice> slices = slicesOf(recording, parameters, limit, time);
  double perUs = parameters.clock_ghz * 1000;
  auto event = [&](unsigned pid, unsigned tid, const std::string &name,
                   const std::string &text, const char *category, double start,
                   double end) {
    os << format("{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.4f,"
                 "\"dur\":%.4f,\"cat\":\"%s\",\"name\":",
                 pid, tid, start / perUs, (end - start) / perUs, category)
       << json::Value(json::fixUTF8(name))
       << ",\"args\":{\"asm\":" << json::Value(json::fixUTF8(text)) << "}},\n";
  };
  os << "{\"traceEvents\":[\n";
  for (const Slice &slice : slices) {
    const EventInst &inst = recording.kernel().insts[slice.inst];
    if (slice.issued > slice.ready)
      event(slice.group + 2, slice.wave + 1, "stall", inst.text, "stall",
            slice.ready, slice.issued);
    event(slice.group + 2, slice.wave + 1, inst.mnemonic, inst.text,
          inst.category.c_str(), slice.issued, slice.end);
    if (isVector(inst.kind))
      event(1, 2 * slice.simd + (inst.passes ? 2 : 1), inst.mnemonic, inst.text,
            inst.category.c_str(), slice.issued, slice.end);
  }
  writeNames(os, slices);
  os << json::Value(json::Object{{"ph", "M"}, {"name", "end"}, {"pid", 1}})
     << "],\n\"displayTimeUnit\":\"ns\",\"otherData\":"
     << json::Value(json::Object{
            {"kernel", json::fixUTF8(recording.kernel().kernel)},
            {"chip", recording.kernel().chip},
            {"modelled_us", time.us},
            {"parameters", time.parameters},
            {"note", "modelled times of one compute unit, not measured"},
            {"truncated", slices.size() >= limit}})
     << "}\n";
}

/// The kinds of instruction of the viewer.
static int viewerKind(const EventInst &inst) {
  switch (inst.kind) {
  case InstClass::Smem:
    return 1;
  case InstClass::Salu:
    return 2;
  case InstClass::VmemLoad:
  case InstClass::VmemStore:
  case InstClass::VmemAtomic:
  case InstClass::LdsDma:
    return 3;
  case InstClass::FlatLoad:
  case InstClass::FlatStore:
  case InstClass::FlatAtomic:
    return 4;
  case InstClass::DsRead:
  case InstClass::DsWrite:
  case InstClass::DsAtomic:
  case InstClass::DsOther:
    return 5;
  case InstClass::Valu:
  case InstClass::Trans:
  case InstClass::Cvt:
  case InstClass::Mfma:
    return 6;
  case InstClass::Branch:
    return 7;
  default:
    return 9;
  }
}

static Error writeJSON(StringRef folder, StringRef name,
                       const json::Value &value) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  std::string text;
  raw_string_ostream(text) << value << '\n';
  return moe::files::writeFile(path, {arrayRefFromStringRef(text)});
}

static json::Value codeTable(const Recording &recording,
                             const ModelledTime &time) {
  json::Array code;
  for (size_t i = 0; i < recording.kernel().insts.size(); ++i) {
    const EventInst &inst = recording.kernel().insts[i];
    const InstTime &cost = time.insts[i];
    code.push_back(json::Array{
        json::fixUTF8(inst.text), 0, int64_t(i), json::fixUTF8(inst.line), 0,
        int64_t(inst.pc), int64_t(cost.count),
        int64_t(cost.issue + cost.stall + 0.5), int64_t(cost.stall + 0.5), 0});
  }
  return json::Object{{"code", std::move(code)},
                      {"version", "3.0.0"},
                      {"header", "ISA, _, LineNumber, Source, Codeobj, Vaddr, "
                                 "Hit, Latency, Stall, Idle"}};
}

/// A wave with what it executed: cycle, kind, stall, all cycles, instruction.
static json::Value waveObject(const Recording &recording,
                              const std::vector<Slice> &slices) {
  json::Array instructions, timeline;
  for (const Slice &slice : slices) {
    const EventInst &inst = recording.kernel().insts[slice.inst];
    auto stall = int64_t(slice.issued - slice.ready);
    auto issue = int64_t(slice.end - slice.issued);
    instructions.push_back(json::Array{int64_t(slice.ready), viewerKind(inst),
                                       stall, stall + issue,
                                       int64_t(slice.inst)});
    bool waits =
        inst.kind == InstClass::Wait || inst.kind == InstClass::Barrier;
    if (stall)
      timeline.push_back(json::Array{waits ? 3 : 4, stall});
    timeline.push_back(json::Array{2, issue});
  }
  const Slice &first = slices.front();
  return json::Object{
      {"name", "SE0"},
      {"duration", int64_t(slices.back().end - first.ready)},
      {"wave", json::Object{{"cu", 0},
                            {"id", int64_t(first.wave)},
                            {"simd", int64_t(first.simd)},
                            {"slot", int64_t(first.group)},
                            {"begin", int64_t(first.ready)},
                            {"end", int64_t(slices.back().end)},
                            {"instructions", std::move(instructions)},
                            {"timeline", std::move(timeline)},
                            {"waitcnt", json::Array{}}}}};
}

Error moe::timing::writeViewerFolder(const Recording &recording,
                                     const Parameters &parameters,
                                     StringRef folder, size_t limit) {
  if (std::error_code code = sys::fs::create_directories(folder))
    return createStringError("cannot make the folder '" + folder +
                             "': " + code.message());
  ModelledTime time;
  // By SIMD, workgroup and wave.
  std::map<std::array<unsigned, 3>, std::vector<Slice>> waves;
  for (const Slice &slice : slicesOf(recording, parameters, limit, time))
    waves[{slice.simd, slice.group, slice.wave}].push_back(slice);
  json::Object simds;
  for (const auto &[key, slices] : waves) {
    std::string simd = std::to_string(key[0]), slot = std::to_string(key[1]),
                wave = std::to_string(key[2]);
    std::string file = "se0_sm" + simd + "_sl" + slot + "_wv" + wave + ".json";
    if (Error error = writeJSON(folder, file, waveObject(recording, slices)))
      return error;
    auto child = [](json::Object &object, StringRef name) -> json::Object & {
      if (!object.getObject(name))
        object[name.str()] = json::Object{};
      return *object.getObject(name);
    };
    child(child(simds, simd), slot)[wave] = json::Array{
        file, int64_t(slices.front().ready), int64_t(slices.back().end)};
  }
  json::Object names{{"wave_filenames", json::Object{{"0", std::move(simds)}}},
                     {"counter_names", json::Array{}},
                     {"gfxip", 9},
                     {"gfxv", "vega"},
                     {"global_begin_time", 0},
                     {"pc_sampling", false},
                     {"thread_trace", true},
                     {"modelled", true},
                     {"version", "3.0.0"}};
  if (Error error = writeJSON(folder, "code.json", codeTable(recording, time)))
    return error;
  // The list of files last: a folder without it is not finished.
  return writeJSON(folder, "filenames.json", std::move(names));
}
