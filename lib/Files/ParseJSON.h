// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON from files of others.
#ifndef MOE_LIB_FILES_PARSEJSON_H
#define MOE_LIB_FILES_PARSEJSON_H

#include "llvm/Support/JSON.h"

namespace moe::files {

/// LLVM's parser calls itself for each level of brackets; a text with more than
/// 64 is an error instead of the end of the stack. So is a key that an object
/// has twice.
llvm::Expected<llvm::json::Value> parseJSON(llvm::StringRef text);

} // namespace moe::files

#endif // MOE_LIB_FILES_PARSEJSON_H
