//===- Findings.cpp - what the sanitizers report, collected ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The names of the rules, which of them are advice, and the grouping.
//
//===----------------------------------------------------------------------===//

#include "Run/Findings.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace llvm;
using namespace moe::emulator;

namespace {
/// A rule of its own within a sanitizer, known by how its text begins.
struct RuleName {
  StringLiteral name, text;
  bool advice;
};
} // namespace

/// AMD's own assemblers ignore the ones that are advice by the thousand.
static constexpr RuleName hazardRules[] = {
    {"hazard-m0", "use of M0", true},
    {"hazard-valu-sgpr", "VALU read after a VALU write of an SGPR", true},
    {"hazard-valu-sgpr", "VALU read after a VALU write of EXEC", true},
    {"hazard-valu-sgpr", "VALU read of", true},
    {"hazard-vmem-sgpr", "vector memory after a VALU write", false},
    {"hazard-lane-select", "lane select", false},
    {"hazard-setreg", "access to a hardware register", false},
    {"hazard-partial", "use of a result of which only a part", false},
    {"hazard-trans", "use of a transcendental's result", false},
    {"hazard-dot", "use of a dot product's result", false},
    {"hazard-exec", "lane access after", false},
    {"hazard-exec", "permlane after a VALU write of EXEC", false},
    {"hazard-exec", "DPP after a VALU write of EXEC", false},
    {"hazard-lanes", "readlane after", false},
    {"hazard-lanes", "permlane after", false},
    {"hazard-lanes", "DPP after", false},
    {"hazard-div-fmas", "v_div_fmas", false},
    {"hazard-matrix", "matrix", false},
    {"hazard-matrix", "use of a matrix result", false},
    {"hazard-matrix", "overwriting", false}};

/// Reads of what another wave writes, whose value nothing uses.
static constexpr StringLiteral deadRead = "dead-read";

static StringRef sanitizerName(Sanitizer sanitizer) {
  switch (sanitizer) {
  case SanitizeWait:
    return "wait";
  case SanitizeRace:
    return "race";
  case SanitizeUninit:
    return "uninit";
  case SanitizeExec:
    return "exec";
  case SanitizeHazard:
    return "hazard";
  default:
    return "bounds";
  }
}

std::vector<std::string> moe::emulator::ruleNames() {
  std::vector<std::string> names = {"wait", "race", "uninit", "exec", "hazard"};
  names.push_back(deadRead.str());
  for (const RuleName &rule : hazardRules)
    if (!is_contained(names, rule.name.str()))
      names.push_back(rule.name.str());
  return names;
}

Expected<std::vector<std::string>> moe::emulator::parseRules(StringRef list) {
  std::vector<std::string> known = ruleNames(), rules;
  SmallVector<StringRef, 8> parts;
  list.split(parts, ',');
  for (StringRef part : parts) {
    if (!is_contained(known, part.str()))
      return createStringError(inconvertibleErrorCode(),
                               "unknown rule '" + part + "', expected " +
                                   join(known, ", "));
    rules.push_back(part.str());
  }
  return rules;
}

/// Whether nothing that can follow a load reads a register that it writes.
/// Overwritten registers are not followed up: a read of the new value counts.
bool Findings::isDeadRead(int64_t instIndex) const {
  if (instIndex < 0)
    return false;
  const InstMeta &load = program.meta[size_t(instIndex)];
  if (load.kind != InstClass::DsRead && load.kind != InstClass::VmemLoad &&
      load.kind != InstClass::FlatLoad)
    return false;
  auto overlaps = [&](const RegUse &read) {
    return (read.flags & 2) && any_of(load.uses, [&](const RegUse &written) {
             return (written.flags & 1) &&
                    read.first < written.first + written.count &&
                    written.first < read.first + read.count;
           });
  };
  std::vector<uint8_t> seen(program.meta.size(), 0);
  std::vector<size_t> work = {size_t(instIndex) + 1};
  while (!work.empty()) {
    size_t at = work.back();
    work.pop_back();
    if (at >= seen.size() || seen[at])
      continue;
    seen[at] = 1;
    const InstMeta &meta = program.meta[at];
    if (any_of(meta.uses, overlaps))
      return false;
    StringRef name = meta.mnemonic;
    if (name == "s_setpc_b64" || name == "s_swappc_b64" ||
        name.starts_with("s_cbranch_g_fork") || name == "s_cbranch_join")
      return false; // anything may follow
    if (meta.kind == InstClass::Branch)
      work.push_back(program.code[at].imm);
    if (meta.kind != InstClass::End && name != "s_branch")
      work.push_back(at + 1);
  }
  return true;
}

bool Findings::isAdvice(Sanitizer sanitizer, int64_t first, int64_t second,
                        const std::string &text, std::string &rule) const {
  rule = sanitizerName(sanitizer).str();
  if (sanitizer == SanitizeRace && (isDeadRead(first) || isDeadRead(second))) {
    rule = deadRead.str();
    return true;
  }
  if (sanitizer != SanitizeHazard)
    return false;
  StringRef what = StringRef(text).split(": ").second;
  for (const RuleName &known : hazardRules)
    if (what.starts_with(known.text)) {
      rule = known.name.str();
      return known.advice && !(options.sanitizers & SanitizeHazardStrict);
    }
  return false;
}

void Findings::add(Sanitizer sanitizer, int64_t first, int64_t second,
                   std::string text, const std::string &where) {
  std::string rule;
  bool advises = isAdvice(sanitizer, first, second, text, rule);
  if (is_contained(options.mute, rule) ||
      is_contained(options.mute, sanitizerName(sanitizer).str()))
    return;
  auto [place, fresh] = places.insert({{rule, first, second}, 0});
  if (!advises) {
    groupCount += fresh;
    if (!fresh) {
      if (place->second)
        ++reports[place->second - 1].count;
      return;
    }
    if (reports.size() >= options.maxReports)
      return;
  } else if (auto known = advice.find(rule); known != advice.end()) {
    known->second.count += 1;
    known->second.places += fresh;
    return;
  }
  for (auto [mark, instIndex] :
       {std::pair("%1", first), std::pair("%2", second)})
    for (size_t at; (at = text.find(mark)) != std::string::npos;)
      text.replace(at, 2, describe(instIndex));
  Report entry;
  entry.sanitizer = sanitizer;
  entry.rule = rule;
  entry.message = text + " (" + where + ")";
  entry.pc = first < 0 ? 0 : program.meta[size_t(first)].address;
  entry.otherPc = second < 0 ? 0 : program.meta[size_t(second)].address;
  if (advises) {
    advice.emplace(rule, std::move(entry));
    return;
  }
  reports.push_back(std::move(entry));
  place->second = reports.size();
}

void Findings::moveTo(RunResult &result) {
  // What a race or a missing wait leaves unwritten is a consequence: last.
  for (bool consequence : {false, true})
    for (Report &entry : reports)
      if ((entry.sanitizer == SanitizeUninit) == consequence)
        result.reports.push_back(std::move(entry));
  for (auto &[rule, entry] : advice)
    result.advice.push_back(std::move(entry));
  result.reportGroups = groupCount;
}
