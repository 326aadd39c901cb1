//===- Sanitizer.h - names of the sanitizers --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sanitizers as bits, and their names.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_SANITIZER_H
#define MOE_EMULATOR_SANITIZER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace moe::emulator {

/// Bits of RunOptions::sanitizers.
enum Sanitizer : uint32_t {
  SanitizeNone = 0,
  SanitizeWait = 1 << 0,
  SanitizeRace = 1 << 1,
  SanitizeUninit = 1 << 2,
  SanitizeExec = 1 << 3,
  SanitizeHazard = 1 << 4,
  SanitizeAll = (1 << 5) - 1,
};

/// "wait,race", "all", "none" to bits; the error lists the names there are.
llvm::Expected<uint32_t> parseSanitizers(llvm::StringRef list);

} // namespace moe::emulator

#endif // MOE_EMULATOR_SANITIZER_H
