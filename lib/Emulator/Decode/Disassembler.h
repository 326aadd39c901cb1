//===- Disassembler.h - LLVM's MC layer for a chip --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes to MCInst, MCInst to text and to the registers it reads and
// writes, and the
// text by which messages name an instruction.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_DECODE_DISASSEMBLER_H
#define MOE_LIB_EMULATOR_DECODE_DISASSEMBLER_H

#include "State/Program.h"
#include "moe/Emulator/KernelImage.h"

#include "llvm/MC/MCInst.h"

namespace moe::emulator {

/// LLVM's disassembler for a chip.
class Disassembler {
public:
  static llvm::Expected<std::unique_ptr<Disassembler>> create(Chip chip);
  ~Disassembler();

  /// Decodes one instruction; size 0 when the bytes are none.
  uint64_t decode(llvm::ArrayRef<uint8_t> bytes, uint64_t address,
                  llvm::MCInst &inst) const;
  std::string print(const llvm::MCInst &inst, uint64_t address) const;
  /// MC's name of the opcode without its encoding suffix.
  std::string opcodeName(const llvm::MCInst &inst) const;
  std::vector<RegUse> registers(const llvm::MCInst &inst,
                                unsigned accumOffset) const;
  /// Whether it reads (2) or writes (1) SCC.
  uint8_t usesScc(const llvm::MCInst &inst) const;

private:
  Disassembler();
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// "v_add_f32_e32 v0, v1, v2"
std::string disassemble(const KernelImage &object,
                        const Disassembler &disassembler, const InstMeta &meta);

/// "0x1810: v_add_f32_e32 v0, v1, v2 [file.c:12]"
std::string describeInst(const KernelImage &object,
                         const Disassembler &disassembler,
                         const InstMeta &meta);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_DISASSEMBLER_H
