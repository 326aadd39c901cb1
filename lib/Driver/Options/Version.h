// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What --version of the tools prints.
#ifndef MOE_LIB_DRIVER_OPTIONS_VERSION_H
#define MOE_LIB_DRIVER_OPTIONS_VERSION_H

#include "llvm/ADT/StringRef.h"

namespace moe::driver {

/// Whether --version is among the arguments of main; then the tool's name, the
/// project's version and that of LLVM have been printed to standard output.
bool printedVersion(int argc, char **argv, llvm::StringRef tool);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_OPTIONS_VERSION_H
