//===- PrintOpcodePage.cpp - writes the generated page --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints docs/EmulatorOpcodes.md to standard output.
//
//===----------------------------------------------------------------------===//

#include "OpcodePage.h"

#include <cstdio>

int main() {
  std::string page = moe::emulator::opcodePage();
  fwrite(page.data(), 1, page.size(), stdout);
  return 0;
}
