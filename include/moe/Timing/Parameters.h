//===- Parameters.h - numbers of a chip ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One set of numbers a chip, read from JSON. Those of the known chips are
// built in (lib/Timing/Parameters). What is done with them is elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TIMING_PARAMETERS_H
#define MOE_TIMING_PARAMETERS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace moe::timing {

/// Clk are cycles of the shader clock. The sources are in the JSON files.
struct Parameters {
  std::string name;        ///< of the file, or "gfx950" for a built-in set
  std::string chip;        ///< "gfx950"
  bool calibrated = false; ///< fitted to measured times
#define PARAMETER(key, meaning) double key = 0; ///< meaning
#include "moe/Timing/Parameters.def"
};

/// Reads {"chip", "calibrated", "parameters": {key: {"value", "source"}}}.
/// Errors: no JSON, a key that is missing or unknown, a value that is no
/// positive number (0 is allowed where the table of keys says OR_ZERO), a value
/// without a source.
llvm::Expected<Parameters> parseParameters(llvm::StringRef text,
                                           llvm::StringRef name);

/// The set that is built in for a chip. Error: there is none.
llvm::Expected<Parameters> builtInParameters(llvm::StringRef chip);

/// That of a file, or the built-in one where `path` is empty; the error says so
/// when the file is for another chip.
llvm::Expected<Parameters> loadParameters(llvm::StringRef path,
                                          llvm::StringRef chip);

} // namespace moe::timing

#endif // MOE_TIMING_PARAMETERS_H
