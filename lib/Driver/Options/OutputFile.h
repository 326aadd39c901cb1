// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing of whole files and of standard output. A full disk is an error that
// the tool reports, where LLVM's streams would end the process.

#ifndef MOE_LIB_DRIVER_OPTIONS_OUTPUTFILE_H
#define MOE_LIB_DRIVER_OPTIONS_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace moe::driver {

/// Writes the pieces, one behind the other, to a temporary file that then takes
/// the name: a failure leaves no half of a file behind and an older file stays.
/// A link stays one. What is no regular file, a device or a pipe, is written to
/// directly. The error is "cannot write '<path>': <why>".
llvm::Error writeFile(llvm::StringRef path,
                      llvm::ArrayRef<llvm::ArrayRef<uint8_t>> pieces);

/// Flushes standard output. The error is "cannot write to standard output:
/// <why>".
llvm::Error flushStandardOutput();

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_OPTIONS_OUTPUTFILE_H
