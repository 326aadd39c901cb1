//===- Config.h - what the file behind MOE_HIP_CONFIG says ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options of the emulated HIP library and where they come from. A host
// program knows nothing of the library, so a file named by an environment
// variable is the only way to it. What the options do is elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_HIPEMULATED_CONFIG_H
#define MOE_LIB_HIPEMULATED_CONFIG_H

#include "moe/Emulator/Emulator.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moe::hip {

struct Config {
  std::string chip;        ///< "gfx942" or "gfx950"; empty: the code decides
  uint32_t sanitizers = 0; ///< bits of emulator::Sanitizer
  unsigned threads = 0;    ///< host threads, 0 = one a core
  /// How waves take turns, and what shuffles them; rules that are not reported.
  emulator::Interleave interleave = emulator::Interleave::Barrier;
  std::optional<uint64_t> orderSeed;
  std::vector<std::string> mute;
  std::string report; ///< file for findings and reasons; empty: stderr
};

/// Reads the file that MOE_HIP_CONFIG names; "report" is relative to it. Errors
/// name the file and the key. With `chipOptional` an unset variable is an empty
/// configuration.
llvm::Expected<Config> readConfig(bool chipOptional);

} // namespace moe::hip

#endif // MOE_LIB_HIPEMULATED_CONFIG_H
