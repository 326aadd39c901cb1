//===- TimeCommand.h - moe-launch -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The whole of moe-launch but its main().
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_TIMECOMMAND_H
#define MOE_LIB_DRIVER_RUN_TIMECOMMAND_H

#include "Driver/Run/RunCommands.h"

namespace moe::driver {

/// moe-launch FILE.json...: runs launch files on a HIP device, writes and
/// compares their outputs, and times them in turns.
llvm::Expected<Verdict> timeCommand(Arguments args);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_TIMECOMMAND_H
