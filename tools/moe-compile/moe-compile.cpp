// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-compile: one kernel from IR or flags to a code object. Everything is in
// lib/Driver.
#include "Driver/Compile/CompileCommand.h"
#include "Driver/Options/Version.h"
#include "Driver/Tune/Tune.h"
#include "Files/Files.h"

int main(int argc, char **argv) {
  moe::files::ToolProcess process(argc, argv);
  if (moe::driver::printedVersion(argc, argv, "moe-compile"))
    return 0;
  return moe::driver::runMoECompile({argv + 1, argv + argc}, moe::driver::tune);
}
