// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The digits of the two layouts, and what follows from them.

#include "moe/Layout/Preshuffle.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

using namespace moe::layout;

namespace {
/// Weights: a run of one scale block's values, 16 rows of runs, 4 of those.
constexpr Digit kWeights[] = {{Axis::Expert, 1, 0}, {Axis::Row, 16, 0},
                              {Axis::K, 128, 0},    {Axis::K, 32, 4},
                              {Axis::Row, 1, 16},   {Axis::K, 1, 32}};
/// Scales: a dword for 2 blocks of 16 rows x 2 blocks of 4 scales.
constexpr Digit kScales[] = {{Axis::Expert, 1, 0}, {Axis::Row, 32, 0},
                             {Axis::K, 8, 0},      {Axis::K, 1, 4},
                             {Axis::Row, 1, 16},   {Axis::K, 4, 2},
                             {Axis::Row, 16, 2}};
} // namespace

const Preshuffle &Preshuffle::weights(const ElementFormat &format) {
  static const Preshuffle mxfp4(kWeights, kMXFP4.valueBits,
                                /*rowMultiple=*/16, kMXFP4.blockK);
  assert(format.valueBits == 4 && format.blockK == 32 && "no such layout yet");
  return mxfp4;
}

const Preshuffle &Preshuffle::scales(const ElementFormat &format) {
  static const Preshuffle mxfp4(kScales, kMXFP4.scaleBits, /*rowMultiple=*/32,
                                /*kMultiple=*/1);
  assert(format.scaleBits == 8 && format.blockK == 32 && "no such layout yet");
  return mxfp4;
}

int64_t Preshuffle::getExtent(size_t i, const Index3 &shape) const {
  const Digit &digit = digits[i];
  if (digit.modulus)
    return digit.modulus;
  int64_t size = shape[static_cast<size_t>(digit.axis)];
  // Without the sum of a rounding division, which may wrap.
  return size / digit.divisor + (size % digit.divisor != 0);
}

int64_t Preshuffle::getByteStride(size_t i, const Index3 &shape) const {
  int64_t elements = 1;
  for (size_t inner = i + 1; inner < digits.size(); ++inner)
    elements *= getExtent(inner, shape);
  return elements * elementBits / 8;
}

int64_t Preshuffle::getByteStride(Axis axis, int64_t divisor,
                                  const Index3 &shape) const {
  for (size_t i = 0; i < digits.size(); ++i)
    if (digits[i].axis == axis && digits[i].divisor == divisor)
      return getByteStride(i, shape);
  llvm_unreachable("no such digit");
}

int64_t Preshuffle::getElementPlace(const Index3 &element,
                                    const Index3 &shape) const {
  int64_t place = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int64_t value =
        element[static_cast<size_t>(digits[i].axis)] / digits[i].divisor;
    if (digits[i].modulus)
      value %= digits[i].modulus;
    place = place * getExtent(i, shape) + value;
  }
  return place;
}

std::optional<int64_t> Preshuffle::getByteSize(const Index3 &shape) const {
  // In bits of an element, so that 4-bit values need no fractions.
  std::optional<int64_t> bits = elementBits;
  for (size_t i = digits.size(); bits && i-- > 0;)
    bits = llvm::checkedMul(*bits, getExtent(i, shape));
  return bits ? std::optional<int64_t>(*bits / 8) : std::nullopt;
}
