// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The byte order of preshuffled weights and of their scales, as data. An
// element (expert, row, K) has mixed-radix digits; in memory it stands where it
// would in the row-major tensor of these digits. docs/Layouts.md, "Weights" and
// "Scales". Which row is gate and which is up is in RowOrder.h.

#ifndef MOE_LAYOUT_PRESHUFFLE_H
#define MOE_LAYOUT_PRESHUFFLE_H

#include "moe/Layout/ElementFormat.h"

#include "llvm/ADT/ArrayRef.h"
#include <array>
#include <optional>

namespace moe::layout {

/// The dimensions of a preshuffled memref. K counts elements of weights and
/// scale blocks of scales.
enum class Axis { Expert, Row, K };

/// (index / divisor) % modulus of an axis. A modulus of 0 is the axis' highest
/// digit: it has as many values as the axis needs, which pads the axis.
struct Digit {
  Axis axis;
  int64_t divisor, modulus;
};

/// Sizes along the three axes, or a place in them.
using Index3 = std::array<int64_t, 3>;

/// One of the two layouts.
class Preshuffle {
public:
  /// Weights of `format`, and their scales.
  static const Preshuffle &weights(const ElementFormat &format);
  static const Preshuffle &scales(const ElementFormat &format);

  /// Digits, outermost first.
  llvm::ArrayRef<Digit> getDigits() const { return digits; }
  /// Rows of an expert, and K, must be multiples of these.
  int64_t getRowMultiple() const { return rowMultiple; }
  int64_t getKMultiple() const { return kMultiple; }

  /// Number of values of digit `i` in a tensor of `shape`.
  int64_t getExtent(size_t i, const Index3 &shape) const;
  /// Bytes between neighbours in digit `i`; a whole number except for the
  /// elements of one byte.
  int64_t getByteStride(size_t i, const Index3 &shape) const;
  /// The same of the digit (index of `axis` / divisor) % ...
  int64_t getByteStride(Axis axis, int64_t divisor, const Index3 &shape) const;
  /// The place of an element, counted in elements.
  int64_t getElementPlace(const Index3 &element, const Index3 &shape) const;
  /// Bytes of all elements, padding included; nothing where they pass 2^63.
  std::optional<int64_t> getByteSize(const Index3 &shape) const;

private:
  Preshuffle(llvm::ArrayRef<Digit> digits, int64_t elementBits,
             int64_t rowMultiple, int64_t kMultiple)
      : digits(digits), elementBits(elementBits), rowMultiple(rowMultiple),
        kMultiple(kMultiple) {}

  llvm::ArrayRef<Digit> digits;
  int64_t elementBits, rowMultiple, kMultiple;
};

} // namespace moe::layout

#endif // MOE_LAYOUT_PRESHUFFLE_H
