//===- DebugLines.h - addresses to source lines -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The line table of a code object, which may come from anywhere. Nothing else
// of its debug information is read.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_LOAD_DEBUGLINES_H
#define MOE_LIB_EMULATOR_LOAD_DEBUGLINES_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <string>

namespace moe::emulator {

/// Debug lines are optional: whatever is wrong with them is no error, the lines
/// are then missing.
class DebugLines {
public:
  /// \p file is a 64-bit little-endian ELF.
  explicit DebugLines(llvm::StringRef file);
  ~DebugLines();
  /// "file:line", or empty.
  std::string find(uint64_t address) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_LOAD_DEBUGLINES_H
