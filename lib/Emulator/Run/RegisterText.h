//===- RegisterText.h - the registers of a wave as text ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What --print-registers shows. Nothing here runs anything.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_REGISTERTEXT_H
#define MOE_LIB_EMULATOR_RUN_REGISTERTEXT_H

#include "State/Program.h"

namespace moe::emulator {

/// Wave and workgroup, then a line each of EXEC, VCC, SCC, M0 and MODE, of
/// every eight SGPRs, and of every vector register: one value where all lanes
/// have it, else 64. Numbers are hexadecimal.
std::string describeRegisters(const Wave &w);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_REGISTERTEXT_H
