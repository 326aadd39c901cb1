//===- Polls.h - loads that a loop repeats ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells loads of flags from loads of data, for the `race` and `wait`
// sanitizers.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_POLLS_H
#define MOE_LIB_EMULATOR_SANITIZERS_POLLS_H

#include "State/Program.h"

namespace moe::emulator {

/// Whether a load is in a loop that does not change its address: it waits for
/// another value.
bool isPoll(const Program &program, uint32_t instIndex);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_POLLS_H
