//===- RegisterText.cpp - the registers of a wave as text -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line a register or group of registers.
//
//===----------------------------------------------------------------------===//

#include "Run/RegisterText.h"

#include <algorithm>
#include <cstdio>

namespace moe::emulator {

static std::string word(uint32_t value) {
  char text[16];
  snprintf(text, sizeof(text), "%08x", value);
  return text;
}
static std::string wide(uint64_t value) {
  return word(uint32_t(value >> 32)) + word(uint32_t(value));
}

std::string describeRegisters(const Wave &w) {
  const Workgroup &group = *w.group;
  const Program &program = *group.program;
  std::string text =
      "registers of workgroup " + std::to_string(group.id[0]) + "," +
      std::to_string(group.id[1]) + "," + std::to_string(group.id[2]) +
      ", wave " + std::to_string(w.id) + ", before " +
      hexAddress(program.meta[size_t(w.pc - w.code)].address) + ":\n";
  text += "exec " + wide(w.exec()) + "  vcc " + wide(w.vcc()) + "  scc " +
          (w.scc ? "1" : "0") + "  m0 " + word(w.s[SgprM0]) + "  mode " +
          word(w.mode) + "\n";
  for (unsigned first = 0; first < SgprFlatScratch; first += 8) {
    unsigned end = std::min<unsigned>(first + 8, SgprFlatScratch);
    text += "s[" + std::to_string(first) + ":" + std::to_string(end - 1) + "]";
    for (unsigned i = first; i < end; ++i)
      text += " " + word(w.s[i]);
    text += "\n";
  }
  for (unsigned row = 0; row < w.rows; ++row) {
    bool acc = row >= program.accumOffset;
    text += (acc ? "a" : "v") +
            std::to_string(acc ? row - program.accumOffset : row);
    const uint32_t *lanes = w.v[row];
    bool same = std::all_of(lanes, lanes + 64,
                            [&](uint32_t lane) { return lane == lanes[0]; });
    for (unsigned lane = 0; lane < (same ? 1u : 64u); ++lane)
      text += " " + word(lanes[lane]);
    text += same ? " in all lanes\n" : "\n";
  }
  return text;
}

} // namespace moe::emulator
