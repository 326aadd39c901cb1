//===- ExecCheck.h - exchange with lanes that are off -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `exec` sanitizer.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_EXECCHECK_H
#define MOE_LIB_EMULATOR_SANITIZERS_EXECCHECK_H

#include "Sanitizers/Sanitizers.h"

namespace moe::emulator {

/// `exec`: exchange between lanes while some of those that the wave started
/// with are off.
void checkExec(Wave &w, uint32_t record, const Program &program,
               uint64_t started, const Sanitizers::Sink &sink);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_EXECCHECK_H
