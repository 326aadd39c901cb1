//===- moe-launch.cpp - runs and times kernels on a HIP device ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// main() of moe-launch. What it does is in the Driver.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/Version.h"
#include "Driver/Run/TimeCommand.h"
#include "Files/Files.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;

int main(int argc, char **argv) {
  moe::files::ToolProcess process(argc, argv);
  if (printedVersion(argc, argv, "moe-launch"))
    return 0;
  Expected<Verdict> verdict =
      timeCommand(ArrayRef<const char *>(argv + 1, size_t(argc - 1)));
  if (!verdict)
    return reportError(verdict.takeError(), "moe-launch", errs());
  if (Error error = moe::files::flushStandardOutput())
    return reportError(std::move(error), "moe-launch", errs());
  return *verdict == Verdict::Good ? 0 : 1;
}
