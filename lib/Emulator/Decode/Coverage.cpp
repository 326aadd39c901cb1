//===- Coverage.cpp - which instructions of a chip are executed -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Enumerates every opcode number of every microcode format, asks LLVM's
// disassembler which of them a chip has, and the decoder which of those it
// executes. Source of the table in the documentation and of its test.
//
//===----------------------------------------------------------------------===//

#include "Decode/Decoder.h"
#include "moe/Emulator/OpcodeSupport.h"

#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace moe::emulator;

namespace {

using Words = std::array<uint32_t, 5>;

/// One encoding for each opcode number of each format, in the variants that
/// have mnemonics of their own.
std::vector<Words> encodings() {
  std::vector<Words> all;
  auto add = [&](uint32_t w0, uint32_t w1 = 0, uint32_t w2 = 0,
                 uint32_t w3 = 0) { all.push_back({w0, w1, w2, w3, 0}); };
  for (uint32_t op = 0; op < 128; ++op) {
    if (op < 0x60)
      add(2u << 30 | op << 23);
    if (op < 32)
      add(0xbu << 28 | op << 23);
    add(0x17eu << 23 | op << 16);
    add(0x17fu << 23 | op << 16);
  }
  for (uint32_t op = 0; op < 256; ++op) {
    add(0x17du << 23 | op << 8);
    add(0x3fu << 25 | op << 9 | 256);       // VOP1
    add(0x3eu << 25 | op << 17 | 256);      // VOPC
    add(0x30u << 26 | op << 18 | 1u << 17); // SMEM
    add(0x36u << 26 | op << 17);            // DS
  }
  for (uint32_t op = 0; op < 64; ++op)
    add(op << 25 | 256); // VOP2
  for (uint32_t op = 0; op < 1024; ++op)
    add(0x34u << 26 | op << 16, 256 | 256 << 9 | 256 << 18);
  for (uint32_t op = 0; op < 128; ++op) {
    for (uint32_t segment = 0; segment < 3; ++segment) {
      add(0x37u << 26 | op << 18 | segment << 14, 0x7f << 16);
      add(0x37u << 26 | op << 18 | segment << 14, 0);
    }
    add(0x38u << 26 | op << 18, 0x80u << 24);
    add(0x3au << 26 | op << 15, 0x80u << 24);
    // VOP3P: plain operands, and register classes of matrix instructions.
    add(0x1a7u << 23 | op << 16, 256 | 256 << 9 | 256 << 18);
    add(0x1a7u << 23 | op << 16, 256 | 256 << 9 | 128u << 18);
    add(0x1a7u << 23 | 0x2c << 16, 256 | 256 << 9, 0x1a7u << 23 | op << 16,
        256 | 256 << 9 | 256 << 18);
  }
  return all;
}

} // namespace

Expected<std::vector<OpcodeSupport>> moe::emulator::opcodeSupport(Chip chip) {
  auto made = Disassembler::create(chip);
  if (!made)
    return made.takeError();
  std::map<std::string, OpcodeSupport> found;
  for (const Words &words : encodings()) {
    uint8_t bytes[20];
    for (unsigned i = 0; i < 5; ++i)
      support::endian::write32le(bytes + 4 * i, words[i]);
    DecodedInst decoded =
        decodeInst({**made, chipFeatures(chip), 512, 256}, bytes, 0);
    if (!decoded.size)
      continue;
    const std::string &name = decoded.meta.mnemonic;
    if (name == "v_mfma_ld_scale_b32")
      continue; // the first half of v_mfma_scale_*
    OpcodeSupport &entry = found[name];
    entry.mnemonic = name;
    entry.executed |= decoded.error.empty();
    if (!decoded.error.empty())
      entry.reason = decoded.error;
  }
  std::vector<OpcodeSupport> list;
  for (auto &[name, entry] : found)
    list.push_back(entry);
  return list;
}

std::vector<std::string> moe::emulator::implementedMnemonics(Chip chip) {
  std::vector<std::string> names;
  auto list = opcodeSupport(chip);
  if (!list) {
    consumeError(list.takeError());
    return names;
  }
  for (const OpcodeSupport &entry : *list)
    if (entry.executed)
      names.push_back(entry.mnemonic);
  return names;
}
