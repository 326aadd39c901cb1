// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-compile as a function: its main() only calls this.
#ifndef MOE_LIB_DRIVER_COMPILE_COMPILECOMMAND_H
#define MOE_LIB_DRIVER_COMPILE_COMPILECOMMAND_H

#include "llvm/ADT/ArrayRef.h"

namespace moe::driver {

/// Runs moe-compile with the arguments after the program's name and returns the
/// exit code: 0 = worked, 1 = refused or failed, 2 = wrong usage.
int runMoECompile(llvm::ArrayRef<const char *> args);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_COMPILECOMMAND_H
