// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs with many levels of brackets, for which LLVM's and MLIR's parsers call
// themselves.
#ifndef MOE_LIB_FILES_NESTING_H
#define MOE_LIB_FILES_NESTING_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace moe::files {

/// Levels of brackets in MLIR text, strings and comments apart.
int64_t nestingOfIR(llvm::StringRef text);

/// Calls `body` on a thread whose stack is large enough for an input of
/// hundreds of thousands of levels, on this thread where no such one can be
/// had.
int onLargeStack(llvm::function_ref<int()> body);

} // namespace moe::files

#endif // MOE_LIB_FILES_NESTING_H
