// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Natural loops of decoded machine code, for the report's hot loop. Private to
// CodeObject.
#ifndef MOE_LIB_CODEOBJECT_LOOPS_H
#define MOE_LIB_CODEOBJECT_LOOPS_H

#include "Disassembler.h"

#include <cstddef>
#include <vector>

namespace moe::codeobject {

/// The innermost loops of `code`: for each the indices of its instructions, in
/// address order. A loop with another loop inside is not innermost.
std::vector<std::vector<size_t>>
innermostLoops(const Disassembler &disassembler,
               llvm::ArrayRef<Instruction> code);

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_LOOPS_H
