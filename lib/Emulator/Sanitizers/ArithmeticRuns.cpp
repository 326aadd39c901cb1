//===- ArithmeticRuns.cpp - runs of instructions checked together ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the sequences of vector and scalar arithmetic between memory
// instructions, waits and branches, and the registers they use. When no load to
// these registers is outstanding and every register read is initialised, the
// sanitizers skip the whole run.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/ArithmeticRuns.h"

namespace moe::emulator {

/// Accesses registers only, and cannot be reported by the `exec` sanitizer.
static bool isPlainArithmetic(const Inst &inst, const InstMeta &meta) {
  switch (meta.kind) {
  case InstClass::Valu:
  case InstClass::Trans:
  case InstClass::Cvt:
    return !(inst.mods & ModDpp) && !(meta.traits & (Permutes | WritesLane));
  case InstClass::Salu:
    // What changes how the next ones are executed (VectorModes.h) ends a run.
    return !(meta.traits &
             (Indexes | KeepsOldValue | RelativeRegisters | SetsHwReg));
  case InstClass::Mfma:
  case InstClass::Nop:
    return true;
  default:
    return false;
  }
}

static void addTo(ArithmeticRun &run, const InstMeta &meta) {
  run.usesAllLanes |= bool(meta.traits & AllLanes);
  for (uint8_t flag : {2, 1})
    for (const RegUse &use : meta.uses) {
      if (!(use.flags & flag))
        continue;
      for (unsigned reg = use.first;
           reg < use.first + unsigned(use.count) && reg < registerCount;
           ++reg) {
        run.accessed.insert(reg);
        if (reg >= 128 && reg < regVector)
          continue; // no registers that one could forget to write
        if (flag == 1) {
          run.written.insert(reg);
          run.writesExec |= reg >= SgprExec && reg < 128;
        } else if (!run.written.has(reg)) {
          run.read.insert(reg);
        }
      }
    }
  ++run.length;
}

ArithmeticRuns findArithmeticRuns(const Program &program) {
  ArithmeticRuns found;
  size_t count = program.meta.size();
  found.at.assign(count, 0);
  for (size_t first = 0; first < count;) {
    ArithmeticRun run;
    size_t end = first;
    // The scheduler handles the last one of a straight-line run separately.
    for (size_t last = first + program.code[first].runLength - 1;
         end < last && isPlainArithmetic(program.code[end], program.meta[end]);
         ++end)
      addTo(run, program.meta[end]);
    if (run.length > 1) {
      found.runs.push_back(run);
      found.at[first] = uint32_t(found.runs.size());
    }
    first = std::max(end, first + 1);
  }
  return found;
}

} // namespace moe::emulator
