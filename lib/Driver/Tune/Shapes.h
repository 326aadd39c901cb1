// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shapes of models as data, benchmarks/shapes.json.
#ifndef MOE_LIB_DRIVER_TUNE_SHAPES_H
#define MOE_LIB_DRIVER_TUNE_SHAPES_H

#include "moe/Driver/KernelOptions.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace moe::driver {

/// One stage of a model, and for how many tokens.
struct StageShape {
  std::string model;
  KernelOptions options; ///< without a tile
  std::vector<int64_t> tokens;
};

/// Both stages of each shape whose name matches `only`, each different product
/// once, with the tokens of the list or else of the file ("tune_tokens").
/// Errors name the file and what is expected.
llvm::Expected<std::vector<StageShape>>
readShapes(llvm::StringRef path, llvm::StringRef only, llvm::StringRef tokens);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_TUNE_SHAPES_H
