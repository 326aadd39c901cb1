//===- Run.cpp - a launch from start to end -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks a launch against the kernel's metadata, builds the kernarg segment and
// the address space, and hands workgroups to threads.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Emulator.h"

using namespace llvm;
using namespace moe::emulator;

Expected<RunResult> moe::emulator::run(const CodeObject &, const Launch &,
                                       const RunOptions &) {
  return createStringError(inconvertibleErrorCode(),
                           "the emulator does not execute kernels yet");
}

std::vector<std::string> moe::emulator::implementedMnemonics(Chip) {
  return {};
}
