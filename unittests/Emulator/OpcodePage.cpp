//===- OpcodePage.cpp - the generated page of opcodes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sorts mnemonics into executed on both chips, on one of them, and refused.
//
//===----------------------------------------------------------------------===//

#include "OpcodePage.h"

#include "moe/Emulator/Emulator.h"

#include <cstring>
#include <map>

using namespace moe::emulator;

/// "global", "ds", "v_cvt", "v", "s": the heading a mnemonic goes under.
static std::string family(const std::string &name) {
  static const std::pair<const char *, const char *> prefixes[] = {
      {"v_mfma", "Matrix"},
      {"v_smfmac", "Matrix"},
      {"v_cvt", "Vector: conversions"},
      {"v_cmp", "Vector: compares"},
      {"v_pk", "Vector: packed and dot"},
      {"v_dot", "Vector: packed and dot"},
      {"v_", "Vector"},
      {"ds_", "LDS"},
      {"buffer_", "Buffer"},
      {"tbuffer_", "Buffer"},
      {"global_", "Global"},
      {"flat_", "Flat"},
      {"scratch_", "Scratch"},
      {"s_load", "Scalar memory"},
      {"s_store", "Scalar memory"},
      {"s_buffer", "Scalar memory"},
      {"s_scratch", "Scalar memory"},
      {"s_atomic", "Scalar memory"},
      {"s_dcache", "Scalar memory"},
      {"s_atc", "Scalar memory"},
      {"s_mem", "Scalar memory"},
      {"s_", "Scalar"}};
  for (auto [prefix, heading] : prefixes)
    if (name.compare(0, strlen(prefix), prefix) == 0)
      return heading;
  return "Other";
}

/// Why an instruction is refused.
static std::string refusal(const std::string &name) {
  static const std::pair<const char *, const char *> reasons[] = {
      {"s_rfe", "returns from an exception: an instruction of trap handlers"},
      {"s_setkill", "for a debugger's command to kill a wave"},
      {"s_setvskip", "skips vector instructions; no compiler emits it"},
      {"s_endpgm_ordered_ps_done", "ends a pixel shader"},
      {"v_screen_partition_4se_b32",
       "looks up a table of screen tiles, for graphics"}};
  for (auto [prefix, reason] : reasons)
    if (name.compare(0, strlen(prefix), prefix) == 0)
      return reason;
  return "not implemented";
}

static void addRefusals(std::string &page, const std::string &heading,
                        const std::map<std::string, unsigned> &refused,
                        unsigned bit) {
  page += "\n## " + heading + "\n\n";
  for (const auto &[name, bits] : refused)
    if (bits & bit)
      page += "* `" + name + "`: " + refusal(name) + "\n";
}

static void addLists(std::string &page, const std::string &heading,
                     const std::map<std::string, std::string> &lists) {
  page += "\n## " + heading + "\n";
  for (const auto &[name, list] : lists)
    page += "\n**" + name + ":** " + list + "\n";
}

std::string moe::emulator::opcodePage() {
  std::map<std::string, unsigned> executed, refused; // bits: 1 gfx942, 2 gfx950
  unsigned bit = 1;
  for (Chip chip : {Chip::GFX942, Chip::GFX950}) {
    for (const OpcodeSupport &entry : llvm::cantFail(opcodeSupport(chip)))
      (entry.executed ? executed : refused)[entry.mnemonic] |= bit;
    bit <<= 1;
  }
  std::map<std::string, std::string> both, only942, only950;
  auto add = [](std::map<std::string, std::string> &lists,
                const std::string &name) {
    std::string &list = lists[family(name)];
    list += (list.empty() ? "`" : ", `") + name + "`";
  };
  for (auto [name, bits] : executed)
    add(bits == 3 ? both : bits == 1 ? only942 : only950, name);
  std::string page =
      "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->\n"
      "# Instructions of the emulator\n\n"
      "Generated from the opcode tables (`ninja print-opcode-page`); a test "
      "compares it. Every opcode number of every microcode format is given to "
      "LLVM's disassembler, and what it knows for a chip is listed here. A "
      "refused instruction stops a run before its first wave.\n";
  addLists(page, "Executed on gfx942 and gfx950", both);
  addLists(page, "Executed on gfx950 only", only950);
  addLists(page, "Executed on gfx942 only", only942);
  addRefusals(page, "Refused on gfx950", refused, 2);
  addRefusals(page, "Refused on gfx942", refused, 1);
  return page;
}
