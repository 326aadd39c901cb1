//===- VectorModes.h - register indexing and VSKIP --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two bits of MODE that change what every vector instruction does:
// MODE.GPR_IDX_EN adds an index to its registers, MODE.VSKIP makes it do
// nothing. Only programs that set them pay for it. The scalar instructions that
// set them are in Salu.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_VECTORMODES_H
#define MOE_LIB_EMULATOR_VECTOR_VECTORMODES_H

#include "State/Program.h"

namespace moe::emulator {

/// Bits of Wave::mode.
constexpr uint32_t modeIndexing = 1u << 27; ///< MODE.GPR_IDX_EN
constexpr uint32_t modeSkip = 1u << 28;     ///< MODE.VSKIP

/// Does VSKIP skip instructions of this class?
bool isSkippable(InstClass kind);

/// A use of vector registers as s_set_gpr_idx moves it at the moment; others
/// come back as they are.
RegUse movedUse(const Wave &w, const Inst &inst, InstClass kind, RegUse use);

/// Puts handlers that heed both bits in front of the program's vector
/// instructions, if it has an instruction that may set them.
void heedVectorModes(Program &program);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_VECTOR_VECTORMODES_H
