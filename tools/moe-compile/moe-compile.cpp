// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-compile: one kernel from IR or flags to a code object. Everything is in
// lib/Driver.
#include "moe/Driver/CompileCommand.h"

int main(int argc, char **argv) {
  return moe::driver::runMoECompile({argv + 1, argv + argc});
}
