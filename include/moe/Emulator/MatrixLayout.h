//===- MatrixLayout.h - where matrix instructions keep elements -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lane and register of each element of A, B and D of a dense matrix
// instruction, as the emulator executes it. C lies as D.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_MATRIXLAYOUT_H
#define MOE_EMULATOR_MATRIXLAYOUT_H

#include "moe/Emulator/Chip.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace moe::emulator {

struct MatrixPlace {
  unsigned lane = 0;
  unsigned bit = 0; ///< of the operand's registers, 32 each, from the first
};

struct MatrixOperand {
  std::string type; ///< "bf16", "fp4", "f32"
  unsigned bits = 0, registers = 0, rows = 0, columns = 0;
  /// [block][row][column]; A is m x k, B k x n, D m x n.
  std::vector<MatrixPlace> places;
};

struct MatrixLayout {
  std::string name; ///< as the table of instructions has it
  unsigned m = 0, n = 0, k = 0, blocks = 0;
  unsigned passes = 0; ///< of four cycles
  MatrixOperand a, b, d;
  const MatrixPlace &place(const MatrixOperand &operand, unsigned block,
                           unsigned row, unsigned column) const {
    return operand
        .places[(size_t(block) * operand.rows + row) * operand.columns +
                column];
  }
};

/// The layout of an instruction, by its mnemonic. `formatA` and `formatB` are
/// cbsz and blgp of f8f6f4 instructions: 0 fp8, 1 bf8, 2 fp6, 3 bf6, 4 fp4.
/// Errors: no such instruction on the chip, one for sparse matrices, a format
/// that does not exist.
llvm::Expected<MatrixLayout> matrixLayout(llvm::StringRef mnemonic, Chip chip,
                                          unsigned formatA = 0,
                                          unsigned formatB = 0);

} // namespace moe::emulator

#endif // MOE_EMULATOR_MATRIXLAYOUT_H
