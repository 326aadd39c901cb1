//===- ScaledOperands.h - rows of a scaled conversion -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_SCALEDOPERANDS_H
#define MOE_LIB_EMULATOR_VECTOR_SCALEDOPERANDS_H

#include <cstdint>

namespace moe::emulator {

/// The registers of an instruction, as rows of 64 lanes.
struct ScaledOperands {
  const uint32_t *values[2]; ///< whose numbers alternate, if there are two
  const uint32_t *scale, *random;
  uint32_t *d;
  const uint32_t *old; ///< the result's registers as they were
  unsigned sourceBit, resultBit;
  bool fp16Overflow;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_VECTOR_SCALEDOPERANDS_H
