//===- ValuInt.cpp - rows of ValuInt.def ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuInt.def. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _int, D, A, B, C, expr)
#include "ValuInt.def"
#undef OP

extern const ValuRow rowsInt[];
extern const size_t rowsIntCount;

const ValuRow rowsInt[] = {
#define OP(name, D, A, B, C, flags, expr)                                      \
  {#name, kernel_##name##_int, D::id, A::id, B::id, C::id, flags},
#include "ValuInt.def"
#undef OP
};
const size_t rowsIntCount = sizeof(rowsInt) / sizeof(rowsInt[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
