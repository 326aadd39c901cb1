// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-compile as a function: its main() only calls this.
#ifndef MOE_LIB_DRIVER_COMPILE_COMPILECOMMAND_H
#define MOE_LIB_DRIVER_COMPILE_COMPILECOMMAND_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace moe::driver {

/// What --tune asks for.
struct TuneRequest {
  std::string shapes; ///< file of the models' shapes
  std::string chip;
  std::string output; ///< the table; entries that it has already stay
  std::string only;   ///< regular expression on the names of shapes
  std::string tokens; ///< comma-separated; empty: the file's
  int64_t jobs = 0;   ///< threads, 0 = one a core
};
/// The search for schedules, which runs what it compiles.
using Tuner = std::function<llvm::Error(const TuneRequest &)>;

/// Runs moe-compile with the arguments after the program's name and returns the
/// exit code: 0 = worked, 1 = refused or failed, 2 = wrong usage.
int runMoECompile(llvm::ArrayRef<const char *> args, const Tuner &tuner);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_COMPILECOMMAND_H
