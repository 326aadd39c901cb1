//===- Translate.h - an argument as the emulator takes it -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the executors share: the emulator knows from a code object's metadata
// where an argument of a launch goes, whatever runs it.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EXECUTOR_TRANSLATE_H
#define MOE_LIB_EXECUTOR_TRANSLATE_H

#include "moe/Emulator/Emulator.h"
#include "moe/Executor/Executor.h"

namespace moe::executor {

/// The same argument, with the same host bytes.
moe::emulator::Arg translate(const Argument &argument);

} // namespace moe::executor

#endif // MOE_LIB_EXECUTOR_TRANSLATE_H
