// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The element formats of typed buffers: how a data format (DFMT) splits the
// bytes of an element into channels, and what a numeric format (NFMT) makes of
// a channel's bits. No addresses and no registers here.

#ifndef MOE_LIB_EMULATOR_MATH_BUFFERFORMAT_H
#define MOE_LIB_EMULATOR_MATH_BUFFERFORMAT_H

#include <cstdint>

namespace moe::emulator::math {

/// Channels X, Y, Z, W, the first in the lowest bits.
struct ElementLayout {
  uint8_t channels; ///< 0: no such format
  uint8_t bytes;
  uint8_t bits[4];
};
const ElementLayout &elementLayout(unsigned dataFormat);

/// Numbered as NFMT.
enum class NumberFormat : uint8_t {
  Unorm = 0,
  Snorm = 1,
  Uscaled = 2,
  Sscaled = 3,
  Uint = 4,
  Sint = 5,
  Reserved = 6,
  Float = 7
};

/// Does the manual define this numeric format for a channel of so many bits?
bool hasNumberFormat(unsigned bits, NumberFormat format);
/// Is a channel an integer in a register, and no float?
inline bool isIntegerFormat(NumberFormat format) {
  return format == NumberFormat::Uint || format == NumberFormat::Sint;
}

/// A channel's bits to a register: f32, or a 32-bit integer.
uint32_t fromChannel(uint32_t raw, unsigned bits, NumberFormat format);
/// And back. Floats are clamped to the format's range and rounded to nearest
/// even. False when the manual does not say what is stored: an integer that
/// does not fit, a float that a channel of 10 or 11 bits cannot hold.
bool toChannel(uint32_t value, unsigned bits, NumberFormat format,
               uint32_t &raw);

} // namespace moe::emulator::math

#endif // MOE_LIB_EMULATOR_MATH_BUFFERFORMAT_H
