//===- Decoder.h - the decoder's own interface ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turning a kernel of a code object into a Program, and instructions into text
// for messages. Needs LLVM; the handlers do not see it.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_DECODER_H
#define MOE_LIB_EMULATOR_DECODER_H

#include "Decode.h"
#include "moe/Emulator/CodeObject.h"

#include "llvm/MC/MCInst.h"

namespace llvm {
class MCAsmInfo;
class MCContext;
class MCDisassembler;
class MCInstPrinter;
class MCInstrInfo;
class MCRegisterInfo;
class MCSubtargetInfo;
} // namespace llvm

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

/// The program of a kernel. Errors name the kernel, the address and the
/// mnemonic.
llvm::Expected<std::shared_ptr<const Program>>
decodeKernel(const CodeObject &object, const KernelInfo &kernel,
             const Disassembler &disassembler);

/// "v_add_f32_e32 v0, v1, v2"
std::string disassemble(const CodeObject &object,
                        const Disassembler &disassembler, const InstMeta &meta);

/// "0x1810: v_add_f32_e32 v0, v1, v2 [file.c:12]"
std::string describeInst(const CodeObject &object,
                         const Disassembler &disassembler,
                         const InstMeta &meta);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODER_H
