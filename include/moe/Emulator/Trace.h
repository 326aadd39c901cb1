//===- Trace.h - which instruction each wave executed when ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What RunOptions::traceLimit records of a run, and its form as Chrome/Perfetto
// trace events. The clock counts instructions: nothing here is a time. No file
// is opened here.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_TRACE_H
#define MOE_EMULATOR_TRACE_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace moe::emulator {

/// An instruction of the program.
struct TraceInst {
  uint64_t pc = 0; ///< its address in the ELF
  std::string mnemonic;
  std::string category; ///< "wait", "barrier", "mfma", "valu", ...
  std::string text;     ///< disassembly
  std::string line;     ///< "file:line", empty without debug lines
};

/// One execution of an instruction by one wave.
struct TraceSlice {
  uint64_t start = 0;  ///< instructions of the workgroup's clock
  uint64_t length = 1; ///< more than 1 at barriers only
  uint32_t inst = 0;   ///< index in Trace::insts
  uint32_t group = 0;  ///< index in Trace::groups
  uint16_t wave = 0;   ///< in its workgroup
};

struct TraceGroup {
  std::array<uint32_t, 3> id;
  uint64_t ordinal = 0; ///< position in the grid, x fastest
};

struct Trace {
  std::string kernel, chip;
  std::vector<TraceInst> insts;
  std::vector<TraceGroup> groups; ///< in the order they ran
  std::vector<TraceSlice> slices; ///< in the order they were executed
  uint64_t limit = 0;             ///< at most so many slices
  uint64_t instructions = 0;      ///< of the whole run
  uint64_t reports = 0;           ///< sanitizer findings of the run
  std::string error;              ///< what ended the run; empty: nothing
  bool truncated() const { return slices.size() < instructions; }
};

/// One JSON object in Chrome's trace event format: a process a workgroup, a
/// thread a wave, a complete event a slice. Errors of the stream are the
/// caller's to look at.
void writeChromeTrace(const Trace &trace, llvm::raw_ostream &os);

} // namespace moe::emulator

#endif // MOE_EMULATOR_TRACE_H
