// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The versions that the build has, as text.
#include "Driver/Options/Version.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

bool moe::driver::printedVersion(int argc, char **argv, llvm::StringRef tool) {
  if (std::none_of(argv, argv + argc, [](const char *argument) {
        return llvm::StringRef(argument) == "--version";
      }))
    return false;
  llvm::outs() << tool << " " MOE_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  return true;
}
