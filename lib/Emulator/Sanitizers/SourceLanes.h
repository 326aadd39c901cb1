//===- SourceLanes.h - which lanes of a register are read -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of instructions that do not read every source in the lanes that are on: DPP
// and ds_bpermute, which exchange lanes, selects, and those that name one lane.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_SOURCELANES_H
#define MOE_LIB_EMULATOR_SANITIZERS_SOURCELANES_H

#include "State/Machine.h"
#include "State/Program.h"

namespace moe::emulator {

/// On vector registers, without matrix instructions.
bool isArithmetic(const InstMeta &meta);
bool isDpp(const Inst &inst, const InstMeta &meta);

/// The lane that an active lane fetches from by DPP or ds_bpermute; 64: none.
unsigned sourceLane(const Wave &w, const Inst &inst, const InstMeta &meta,
                    unsigned lane);

/// Bit l is lane l: of v_readlane, v_readfirstlane and v_writelane.
uint64_t namedLane(const Wave &w, const Inst &inst, const InstMeta &meta,
                   uint64_t exec);

/// The lanes that a select takes from source k, 0 or 1.
uint64_t selectedLanes(const Wave &w, const Inst &inst, unsigned k,
                       uint64_t exec);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_SOURCELANES_H
