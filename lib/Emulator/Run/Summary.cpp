//===- Summary.cpp - what was executed ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions by class and source line; the program as traces and observers of
// events see it.
//
//===----------------------------------------------------------------------===//

#include "Run/EventRecorder.h"
#include "Run/LaunchRun.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace llvm;
using namespace moe::emulator;

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
  told.ldsGranule = state.chip->ldsGranule;
  told.ldsBytes = uint32_t(alignTo(state.ldsSize, told.ldsGranule));
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
