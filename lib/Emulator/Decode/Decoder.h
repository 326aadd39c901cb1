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

namespace moe::emulator {

/// The program of a kernel. Errors name the kernel, the address and the
/// mnemonic.
llvm::Expected<std::shared_ptr<const Program>>
decodeKernel(const KernelImage &object, const KernelInfo &kernel,
             const Disassembler &disassembler);

/// Fills Inst::straight of consecutive records.
void markStraight(llvm::MutableArrayRef<Inst> code,
                  llvm::ArrayRef<InstMeta> meta);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_DECODER_H
