//===- PrintWords.cpp - what the decoder makes of machine code ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For test/Fuzz/words.test: print-words CHIP reads lines of hexadecimal bytes,
// one instruction a line, and prints for each
//
//   SIZE | TEXT | ERROR | FIELDS
//
// separated by tabs: SIZE 0 means no instruction, ERROR one that is not
// executed, FIELDS everything that a handler sees.
//
//===----------------------------------------------------------------------===//

#include "Decode/Decoder.h"
#include "State/Machine.h"
#include "moe/Emulator/Chip.h"

#include "llvm/ADT/StringExtras.h"

#include <cstdio>
#include <iostream>

using namespace moe::emulator;

static std::string describe(const Inst &inst) {
  std::string text;
  auto add = [&](uint64_t value) { text += std::to_string(value) + " "; };
  for (const Src &src : inst.src) {
    add(uint64_t(src.kind));
    add(src.index);
    add(src.value);
  }
  for (uint64_t value :
       {uint64_t(inst.dst), uint64_t(inst.sdst), uint64_t(inst.imm),
        uint64_t(inst.mods), uint64_t(inst.ext), uint64_t(inst.data),
        uint64_t(inst.data1), uint64_t(inst.flags), uint64_t(inst.vector)})
    add(value);
  return text;
}

int main(int argc, char **argv) {
  auto chip = findChip(argc > 1 ? argv[1] : "");
  if (!chip) {
    std::fprintf(stderr, "print-words: error: expected a chip\n");
    return 2;
  }
  auto disassembler = llvm::cantFail(Disassembler::create(*chip));
  DecodeContext context{*disassembler, chipFeatures(*chip), 512, 256};
  for (std::string line, bytes; std::getline(std::cin, line);) {
    bytes.clear();
    if (!llvm::tryGetFromHex(line, bytes)) {
      std::fprintf(stderr, "print-words: error: expected bytes, got '%s'\n",
                   line.c_str());
      return 2;
    }
    DecodedInst decoded =
        decodeInst(context, llvm::arrayRefFromStringRef(bytes), 0);
    std::printf("%u\t%s\t%s\t%s%s\n", decoded.size, decoded.text.c_str(),
                decoded.error.c_str(),
                decoded.size ? describe(decoded.inst).c_str() : "",
                decoded.meta.mnemonic.c_str());
  }
  return 0;
}
