// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-compile --tune as a function.
#ifndef MOE_LIB_DRIVER_TUNE_TUNE_H
#define MOE_LIB_DRIVER_TUNE_TUNE_H

#include "Driver/Compile/CompileCommand.h"

namespace moe::driver {

/// Writes the table after each entry, so that a search that was stopped goes on
/// where it was. What is written depends on the request, the compiler and the
/// timing model alone. A summary goes to standard error.
llvm::Error tune(const TuneRequest &request);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_TUNE_TUNE_H
