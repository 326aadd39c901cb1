//===- Decoder.h - the decoder's own interface ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turning a kernel of a code object into a Program. Needs LLVM; the handlers do
// not see it.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_DECODE_DECODER_H
#define MOE_LIB_EMULATOR_DECODE_DECODER_H

#include "Decode/Disassembler.h"
#include "State/ChipFeatures.h"

#include <optional>

namespace moe::emulator {

/// What of a chip and a kernel decides how its instructions decode.
struct DecodeContext {
  const Disassembler &disassembler;
  const ChipFeatures &chip;
  unsigned rows, accumOffset;
};

/// One instruction. `size` 0: the bytes are none of that chip. With an `error`
/// ("instruction not implemented") the instruction is not to be executed.
struct DecodedInst {
  Inst inst;
  InstMeta meta;
  unsigned size = 0;
  std::string text; ///< disassembly
  std::string error;
  std::optional<uint64_t> target; ///< address of a branch
};
DecodedInst decodeInst(const DecodeContext &context,
                       llvm::ArrayRef<uint8_t> bytes, uint64_t address);

/// The program of a kernel. Errors name the kernel, the address and the
/// mnemonic.
llvm::Expected<std::shared_ptr<const Program>>
decodeKernel(const KernelImage &object, const KernelInfo &kernel,
             const Disassembler &disassembler);

/// Fills Inst::runLength of consecutive instructions.
void markRunLengths(llvm::MutableArrayRef<Inst> code,
                    llvm::ArrayRef<InstMeta> meta);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_DECODER_H
