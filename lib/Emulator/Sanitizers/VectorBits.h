//===- VectorBits.h - which bits of a register are read ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With SRAM-ECC a D16 load does not keep the other half of its register, and no
// manual promises zero. The `uninit` sanitizer asks here whether an instruction
// reads that half.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_VECTORBITS_H
#define MOE_LIB_EMULATOR_SANITIZERS_VECTORBITS_H

#include "State/Program.h"

namespace moe::emulator {

/// The bits of a row of vector registers on which the result depends: all where
/// nothing else is certain.
uint32_t bitsRead(const Wave &w, const Inst &inst, const InstMeta &meta,
                  unsigned row);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_VECTORBITS_H
