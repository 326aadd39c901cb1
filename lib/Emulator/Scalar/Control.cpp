//===- Control.cpp - branches, waits, barriers, program counter -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SOPP and the instructions of other formats that change the program counter.
// Fields of Inst: imm = record index of the branch target, or the 16-bit
// constant; dst and src as in Salu.cpp.
//
//===----------------------------------------------------------------------===//

#include "Scalar/ScalarRows.h"
#include "State/Program.h"

namespace moe::emulator {

namespace {
void s_endpgm(Wave &w, const Inst &) { w.stop = Stop::End; }
void s_barrier(Wave &w, const Inst &) { w.stop = Stop::Barrier; }
void s_sleep(Wave &w, const Inst &) { w.stop = Stop::Yield; }
/// What the trap handler of ROCm does with a number.
void s_trap(Wave &w, const Inst &I) {
  unsigned id = I.imm & 255;
  if (id == 3) // a breakpoint in the source: without a debugger, nothing
    return;
  w.fault(
      "trap " + std::to_string(id) + " reached" +
      (id == 2 ? ": the kernel aborts (llvm.trap, a failed assertion)" : ""));
}
void s_sethalt(Wave &w, const Inst &I) {
  if (I.imm & 1)
    w.fault("s_sethalt halts the wave for good");
}
void s_sendmsghalt(Wave &w, const Inst &) {
  w.fault("s_sendmsghalt halts the wave for good");
}
void jump(Wave &w, const Inst &I) { w.pc = w.code + I.imm; }
#define BRANCH(name, condition)                                                \
  void name(Wave &w, const Inst &I) {                                          \
    if (condition)                                                             \
      jump(w, I);                                                              \
  }
BRANCH(s_branch, true)
BRANCH(s_cbranch_scc0, !w.scc)
BRANCH(s_cbranch_scc1, w.scc)
BRANCH(s_cbranch_vccz, w.vcc() == 0)
BRANCH(s_cbranch_vccnz, w.vcc() != 0)
BRANCH(s_cbranch_execz, w.exec() == 0)
BRANCH(s_cbranch_execnz, w.exec() != 0)

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
void s_getpc_b64(Wave &w, const Inst &I) { w.setS64(I.dst, nextAddress(w, I)); }
void s_setpc_b64(Wave &w, const Inst &I) { jumpTo(w, w.scalar64(I.src[0])); }
void s_swappc_b64(Wave &w, const Inst &I) {
  uint64_t target = w.scalar64(I.src[0]);
  w.setS64(I.dst, nextAddress(w, I));
  jumpTo(w, target);
}
void s_call_b64(Wave &w, const Inst &I) {
  w.setS64(I.dst, nextAddress(w, I));
  jump(w, I);
}

/// Forks: of the two sides of a mask the one with fewer lanes goes first, the
/// other waits on a stack of four SGPRs an entry, whose depth is MODE.CSP.
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
void s_cbranch_g_fork(Wave &w, const Inst &I) {
  fork(w, I, w.scalar64(I.src[0]), w.scalar64(I.src[1]));
}
void s_cbranch_i_fork(Wave &w, const Inst &I) {
  const Program &program = *w.group->program;
  fork(w, I, w.scalar64(I.src[0]),
       program.imageBase + program.meta[I.imm].address);
}
void s_cbranch_join(Wave &w, const Inst &I) {
  unsigned depth = w.mode >> 29;
  if (depth == w.scalar(I.src[0]))
    return; // both sides have come
  if (depth == 0)
    return w.fault("s_cbranch_join with an empty stack");
  --depth;
  w.mode = (w.mode & 0x1fffffffu) | depth << 29;
  uint64_t target = w.s64(4 * depth + 2);
  w.setS64(SgprExec, w.s64(4 * depth));
  jumpTo(w, target);
}
} // namespace

// clang-format off
#define R(name) {#name, name, 0},
#define NOTHING(name) {#name, runNothing, 0},
static const ScalarRow rows[] = {
    R(s_endpgm) R(s_barrier) R(s_sleep) R(s_trap) R(s_sethalt) R(s_branch)
    R(s_cbranch_scc0) R(s_cbranch_scc1) R(s_cbranch_vccz) R(s_cbranch_vccnz)
    R(s_cbranch_execz) R(s_cbranch_execnz)
    NOTHING(s_nop) NOTHING(s_waitcnt) NOTHING(s_setprio) NOTHING(s_icache_inv)
    NOTHING(s_sendmsg) NOTHING(s_ttracedata) NOTHING(s_incperflevel)
    NOTHING(s_decperflevel) NOTHING(s_wakeup)
    {"s_endpgm_saved", s_endpgm, 0},
    R(s_sendmsghalt)
    // The conditions of a debugger, which is not there.
    NOTHING(s_cbranch_cdbgsys) NOTHING(s_cbranch_cdbguser)
    NOTHING(s_cbranch_cdbgsys_or_user) NOTHING(s_cbranch_cdbgsys_and_user)
    {"s_cbranch_g_fork", s_cbranch_g_fork, S0Wide | S1Wide},
    {"s_cbranch_i_fork", s_cbranch_i_fork, S0Wide},
    R(s_cbranch_join)
    {"s_set_gpr_idx_mode", setIndexMode, 0},
    {"s_set_gpr_idx_off", endIndexing, 0},
    {"s_getpc_b64", s_getpc_b64, DWide},
    {"s_setpc_b64", s_setpc_b64, S0Wide},
    {"s_swappc_b64", s_swappc_b64, S0Wide | DWide},
    R(s_call_b64)
};
// clang-format on

ScalarTable controlRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

} // namespace moe::emulator
