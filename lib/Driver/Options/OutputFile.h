// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tools write: Files' functions under the driver's names.

#ifndef MOE_LIB_DRIVER_OPTIONS_OUTPUTFILE_H
#define MOE_LIB_DRIVER_OPTIONS_OUTPUTFILE_H

#include "Files/Files.h"

namespace moe::driver {

using files::flushStandardOutput;
using files::writeFile;

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_OPTIONS_OUTPUTFILE_H
