//===- Liveness.h - vector registers that hold something --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For each instruction of a program, how many rows of the unified vector file
// will still be read. Registers that are addressed indirectly are not seen.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TIMING_LIVENESS_H
#define MOE_TIMING_LIVENESS_H

#include "moe/Emulator/Events.h"

namespace moe::timing {

/// Rows that are live before each instruction, as EventProgram::insts.
std::vector<unsigned> liveVgprs(const emulator::EventProgram &program);

} // namespace moe::timing

#endif // MOE_TIMING_LIVENESS_H
