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
#include <string>
#include <vector>

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
  /// Beside SanitizeHazard: what is advice otherwise is a finding too.
  SanitizeHazardStrict = 1 << 5,
};

/// "wait,race", "all", "none", "hazard=strict" to bits; "all" is the ordinary
/// level of each. The error lists the names there are.
llvm::Expected<uint32_t> parseSanitizers(llvm::StringRef list);

/// The names of rules that can be muted: sanitizers, and rules of theirs.
std::vector<std::string> ruleNames();
/// "race,hazard-m0" to names; the error lists those that there are.
llvm::Expected<std::vector<std::string>> parseRules(llvm::StringRef list);

} // namespace moe::emulator

#endif // MOE_EMULATOR_SANITIZER_H
