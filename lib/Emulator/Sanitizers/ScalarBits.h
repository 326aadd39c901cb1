//===- ScalarBits.h - which bits of scalar results are defined --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules by which scalar moves, bitwise operations, shifts and fields pass
// on bits that were never written. The state and the reports are UninitCheck's.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_SANITIZERS_SCALARBITS_H
#define MOE_LIB_EMULATOR_SANITIZERS_SCALARBITS_H

#include "State/Traits.h"

namespace moe::emulator {

/// A value, and those of its bits that were never written.
struct PartlyKnown {
  uint64_t value = 0, undefined = 0;
  /// Whether "is not zero" depends on an undefined bit.
  bool zeroIsOpen() const { return undefined && !(value & ~undefined); }
};

/// The result of all rules but the last two. A shift by an amount with
/// undefined bits is not for this function.
PartlyKnown applyBitOp(const BitOp &op, PartlyKnown a, PartlyKnown b);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_SANITIZERS_SCALARBITS_H
