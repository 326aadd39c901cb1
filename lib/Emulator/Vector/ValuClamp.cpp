//===- ValuClamp.cpp - rows of ValuClamp.def ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuClamp.def. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _clamp, D, A, B, C, expr)
#include "Vector/ValuClamp.def"
#undef OP

extern const ValuRow rowsClamp[];
extern const size_t rowsClampCount;

const ValuRow rowsClamp[] = {
#define OP(name, D, A, B, C, flags, expr)                                      \
  {#name, kernel_##name##_clamp, D::id, A::id, B::id, C::id, flags},
#include "Vector/ValuClamp.def"
#undef OP
};
const size_t rowsClampCount = sizeof(rowsClamp) / sizeof(rowsClamp[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
