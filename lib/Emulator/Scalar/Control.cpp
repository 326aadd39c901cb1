//===- Control.cpp - branches, waits, barriers, program counter -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handlers and rows of Control.def, and what its lines call. Fields of
// Inst: imm = instruction index of the branch target, or the 16-bit constant;
// dst and src as in Salu.cpp.
//
//===----------------------------------------------------------------------===//

#include "Scalar/ScalarRows.h"
#include "State/Program.h"

namespace moe::emulator {
namespace {

/// s_trap, as the trap handler of ROCm treats its number.
void trap(Wave &w, unsigned id) {
  if (id == 3) // a breakpoint in the source: without a debugger, nothing
    return;
  w.fault(
      "trap " + std::to_string(id) + " reached" +
      (id == 2 ? ": the kernel aborts (llvm.trap, a failed assertion)" : ""));
}
void jump(Wave &w, const Inst &I) { w.pc = w.code + I.imm; }

uint64_t nextAddress(const Wave &w, const Inst &I) {
  return w.group->program->addressAfter(&I - w.code);
}
void jumpTo(Wave &w, uint64_t address) {
  uint32_t index;
  if (!w.group->program->indexOf(address, index))
    return w.fault("branch to an address outside the program's text: " +
                   hexAddress(address));
  w.pc = w.code + index;
}
uint64_t addressOf(const Wave &w, uint32_t instIndex) {
  const Program &program = *w.group->program;
  return program.imageBase + program.meta[instIndex].address;
}

/// Forks: the side of the mask with fewer lanes runs first; the other is pushed
/// on a stack of four SGPRs per entry, whose depth is MODE.CSP.
void fork(Wave &w, const Inst &I, uint64_t mask, uint64_t target) {
  uint64_t exec = w.exec(), pass = mask & exec, fail = ~mask & exec;
  uint64_t next = nextAddress(w, I);
  if (pass == exec)
    return jumpTo(w, target);
  if (fail == exec)
    return;
  unsigned depth = w.mode >> 29;
  if (depth == 7)
    return w.fault("the stack of s_cbranch_fork is full");
  bool failFirst = __builtin_popcountll(fail) < __builtin_popcountll(pass);
  w.setS64(SgprExec, failFirst ? fail : pass);
  w.setS64(4 * depth, failFirst ? pass : fail);
  w.setS64(4 * depth + 2, failFirst ? target : next);
  w.mode = (w.mode & 0x1fffffffu) | (depth + 1) << 29;
  if (!failFirst)
    jumpTo(w, target);
}
void join(Wave &w, const Inst &I) {
  unsigned depth = w.mode >> 29;
  if (depth == w.scalar(I.src[0]))
    return; // both sides have arrived
  if (depth == 0)
    return w.fault("s_cbranch_join with an empty stack");
  --depth;
  w.mode = (w.mode & 0x1fffffffu) | depth << 29;
  uint64_t target = w.s64(4 * depth + 2);
  w.setS64(SgprExec, w.s64(4 * depth));
  jumpTo(w, target);
}

#define CODE(name, shape, kind, traits, ...)                                   \
  void name([[maybe_unused]] Wave &w, [[maybe_unused]] const Inst &I) {        \
    __VA_ARGS__;                                                               \
  }
#define FN(name, shape, kind, traits, function)
#include "Scalar/Control.def"
#undef CODE
#undef FN

const ScalarRow rows[] = {
#define CODE(name, shape, kind, traits, ...)                                   \
  {#name, name, shape, InstClass::kind, BitOp::None, traits},
#define FN(name, shape, kind, traits, function)                                \
  {#name, function, shape, InstClass::kind, BitOp::None, traits},
#include "Scalar/Control.def"
};

} // namespace

ScalarTable controlRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

} // namespace moe::emulator
