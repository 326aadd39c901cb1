//===- OpcodePage.h - the generated page of opcodes -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text of docs/EmulatorOpcodes.md, made from the opcode tables; written by
// print-opcode-page and compared by a test.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_UNITTESTS_EMULATOR_OPCODEPAGE_H
#define MOE_UNITTESTS_EMULATOR_OPCODEPAGE_H

#include <string>

namespace moe::emulator {
std::string opcodePage();
}

#endif // MOE_UNITTESTS_EMULATOR_OPCODEPAGE_H
