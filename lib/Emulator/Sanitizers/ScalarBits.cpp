//===- ScalarBits.cpp - which bits of scalar results are defined ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A result bit is defined when no value of the undefined operand bits changes
// it: AND where one side is a known 0, OR where one side is a known 1.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/ScalarBits.h"

#include <algorithm>

namespace moe::emulator {

static PartlyKnown invert(PartlyKnown a) { return {~a.value, a.undefined}; }

static PartlyKnown both(PartlyKnown a, PartlyKnown b) {
  uint64_t zero = (~a.value & ~a.undefined) | (~b.value & ~b.undefined);
  return {a.value & b.value, (a.undefined | b.undefined) & ~zero};
}

static PartlyKnown either(PartlyKnown a, PartlyKnown b) {
  return invert(both(invert(a), invert(b)));
}

static PartlyKnown differ(PartlyKnown a, PartlyKnown b) {
  return {a.value ^ b.value, a.undefined | b.undefined};
}

template <typename F>
static PartlyKnown eachPart(PartlyKnown a, PartlyKnown b, F f) {
  return {f(a.value, b.value), f(a.undefined, b.undefined)};
}

/// The field of a value that a control word names: its first bit, and its width
/// from bit 16 on.
static uint64_t fieldOf(uint64_t x, uint32_t control, unsigned size,
                        bool isSigned) {
  const unsigned first = control & (size - 1), width = control >> 16 & 127;
  const unsigned bits = std::min(width, size - first);
  if (bits == 0)
    return 0;
  const uint64_t top = x << (size - first - bits) << (64 - size);
  return isSigned ? uint64_t(int64_t(top) >> (64 - bits)) : top >> (64 - bits);
}

static PartlyKnown apply(const BitOp &op, PartlyKnown a, PartlyKnown b) {
  unsigned size = op.wide ? 64 : 32, by = unsigned(b.value) & (size - 1);
  switch (op.rule) {
  case BitOp::Not:
    return invert(a);
  case BitOp::And:
    return both(a, b);
  case BitOp::Or:
    return either(a, b);
  case BitOp::Xor:
    return differ(a, b);
  case BitOp::Andn1:
    return both(invert(a), b);
  case BitOp::Andn2:
    return both(a, invert(b));
  case BitOp::Orn1:
    return either(invert(a), b);
  case BitOp::Orn2:
    return either(a, invert(b));
  case BitOp::Nand:
    return invert(both(a, b));
  case BitOp::Nor:
    return invert(either(a, b));
  case BitOp::Xnor:
    return invert(differ(a, b));
  case BitOp::ShiftLeft:
    return {a.value << by, a.undefined << by};
  case BitOp::ShiftRight:
    return {a.value >> by, a.undefined >> by};
  case BitOp::ShiftArithmetic: {
    auto shift = [&](uint64_t x) {
      return uint64_t(op.wide ? int64_t(x) >> by
                              : int64_t(int32_t(uint32_t(x))) >> by);
    };
    return {shift(a.value), shift(a.undefined)};
  }
  case BitOp::Extract:
  case BitOp::ExtractSigned: {
    const bool isSigned = op.rule == BitOp::ExtractSigned;
    auto field = [&](uint64_t x) {
      return fieldOf(x, uint32_t(b.value), size, isSigned);
    };
    return {field(a.value), field(a.undefined)};
  }
  case BitOp::Extend8:
    return {uint64_t(int64_t(int8_t(a.value))),
            uint64_t(int64_t(int8_t(a.undefined)))};
  case BitOp::Extend16:
    return {uint64_t(int64_t(int16_t(a.value))),
            uint64_t(int64_t(int16_t(a.undefined)))};
  case BitOp::PackLL:
    return eachPart(a, b, [](uint64_t x, uint64_t y) {
      return (x & 0xffff) | (y & 0xffff) << 16;
    });
  case BitOp::PackLH:
    return eachPart(a, b, [](uint64_t x, uint64_t y) {
      return (x & 0xffff) | (y & 0xffff0000);
    });
  case BitOp::PackHH:
    return eachPart(a, b, [](uint64_t x, uint64_t y) {
      return (x >> 16 & 0xffff) | (y & 0xffff0000);
    });
  default:
    return a;
  }
}

PartlyKnown applyBitOp(const BitOp &op, PartlyKnown a, PartlyKnown b) {
  uint64_t all = op.wide ? ~uint64_t(0) : 0xffffffff;
  auto cut = [&](PartlyKnown x) {
    return PartlyKnown{x.value & all, x.undefined & all};
  };
  return cut(apply(op, cut(a), cut(b)));
}

} // namespace moe::emulator
