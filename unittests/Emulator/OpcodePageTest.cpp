//===- OpcodePageTest.cpp - the page says what is there -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/EmulatorOpcodes.md against the tables.
//
//===----------------------------------------------------------------------===//

#include "OpcodePage.h"

#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

TEST(OpcodePage, IsUpToDate) {
  auto file = llvm::MemoryBuffer::getFile(MOE_EMULATOR_OPCODE_PAGE);
  ASSERT_TRUE(bool(file)) << "cannot read " << MOE_EMULATOR_OPCODE_PAGE;
  EXPECT_TRUE((*file)->getBuffer() == moe::emulator::opcodePage())
      << "write it anew: print-opcode-page > " << MOE_EMULATOR_OPCODE_PAGE;
}
