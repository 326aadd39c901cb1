//===- ValuFloat.cpp - rows of ValuFloat.def ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuFloat.def. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _float, D, A, B, C, expr)
#include "Vector/ValuFloat.def"
#undef OP

extern const ValuRow rowsFloat[];
extern const size_t rowsFloatCount;

const ValuRow rowsFloat[] = {
#define OP(name, D, A, B, C, flags, expr) MOE_VALU_ROW(name, _float, flags),
#include "Vector/ValuFloat.def"
#undef OP
};
const size_t rowsFloatCount = sizeof(rowsFloat) / sizeof(rowsFloat[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
