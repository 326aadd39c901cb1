//===- moe-run.cpp - runs kernels and checks their numbers ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// main() of moe-run: finds the subcommand. What they do is in the Driver.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/Version.h"
#include "Driver/Run/RunCommands.h"
#include "Files/Files.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;

int main(int argc, char **argv) {
  moe::files::ToolProcess process(argc, argv);
  if (printedVersion(argc, argv, "moe-run"))
    return 0;
  StringRef name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h")
    name = "help";
  auto command = findCommand(name);
  if (!command)
    return reportError(unknownCommand(name), "moe-run", errs());
  Expected<Verdict> verdict =
      command(ArrayRef<const char *>(argv + 2, static_cast<size_t>(argc - 2)));
  if (!verdict)
    return reportError(verdict.takeError(), "moe-run", errs());
  if (Error error = moe::files::flushStandardOutput())
    return reportError(std::move(error), "moe-run", errs());
  return *verdict == Verdict::Good ? 0 : 1;
}
