// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers for JSON, which has neither NaN nor infinity.

#ifndef MOE_LIB_FILES_JSONNUMBER_H
#define MOE_LIB_FILES_JSONNUMBER_H

#include "llvm/Support/JSON.h"

#include <cmath>

namespace moe::files {

/// `value`, or "nan", "inf" or "-inf" as a string, as launch files have them.
inline llvm::json::Value jsonNumber(double value) {
  if (std::isfinite(value))
    return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

} // namespace moe::files

#endif // MOE_LIB_FILES_JSONNUMBER_H
