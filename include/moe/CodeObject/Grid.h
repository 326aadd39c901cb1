// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The grid that a kernel publishes: three expressions over the launch's
// dimensions, in workgroups. Here they are parsed and evaluated. How they get
// into and out of a code object is in CodeObject.h and Report.h.
#ifndef MOE_CODEOBJECT_GRID_H
#define MOE_CODEOBJECT_GRID_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <string>

namespace moe::codeobject {

/// x, y, z: expressions of `+ - * /` (integer division), `ceildiv(a,b)`,
/// `min(a,b)`, parentheses and decimal numbers over `tokens`, `n`, `k` and
/// `num_blocks`.
using GridExpressions = std::array<std::string, 3>;

/// What the expressions range over: the i32 arguments of the kernel.
struct GridVariables {
  int64_t tokens = 0, n = 0, k = 0, numBlocks = 0;
};

/// Splits "x;y;z" and checks that each expression parses.
llvm::Expected<GridExpressions> parseGrid(llvm::StringRef text);

/// The value of one expression; an error names what does not parse, an unknown
/// variable, a division by zero or an overflow of 64 bits.
llvm::Expected<int64_t> evaluateGridExpression(llvm::StringRef expression,
                                               const GridVariables &variables);

/// All three; each must be in [0, 2^31), y and z in [0, 65535] as HIP has it.
llvm::Expected<std::array<uint32_t, 3>>
evaluateGrid(const GridExpressions &grid, const GridVariables &variables);

} // namespace moe::codeobject

#endif // MOE_CODEOBJECT_GRID_H
