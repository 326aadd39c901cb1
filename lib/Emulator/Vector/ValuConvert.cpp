//===- ValuConvert.cpp - rows of ValuConvert.def --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuConvert.def.
// Compiled once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _convert, D, A, B, C, expr)
#include "Vector/ValuConvert.def"
#undef OP

extern const ValuRow rowsConvert[];
extern const size_t rowsConvertCount;

const ValuRow rowsConvert[] = {
#define OP(name, D, A, B, C, flags, expr) MOE_VALU_ROW(name, _convert, flags),
#include "Vector/ValuConvert.def"
#undef OP
};
const size_t rowsConvertCount = sizeof(rowsConvert) / sizeof(rowsConvert[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
