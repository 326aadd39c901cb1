// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The three witnesses side by side: the dialect's layouts (affine maps and the
// lane formulas of the op descriptions, written out here), the reference's
// shuffles, and the emulator's matrix instructions. None of them includes
// another; this is the only place where they meet.

#include "Math/Mfma.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Reference/Scalars.h"
#include "moe/Reference/Shuffle.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace moe;
using mlir::AffineMap;

namespace {

/// The linear element that `map` gives to (e, n, k), for physical dimensions
/// whose inner sizes are `inner` (outermost left out).
int64_t linearize(AffineMap map, llvm::ArrayRef<int64_t> inner, int64_t e,
                  int64_t n, int64_t k) {
  llvm::SmallVector<int64_t> place = map.compose({e, n, k});
  int64_t linear = place[0];
  for (size_t i = 1; i < place.size(); ++i)
    linear = linear * inner[i - 1] + place[i];
  return linear;
}

class Layouts : public testing::Test {
protected:
  Layouts() { context.loadDialect<MoEDialect>(); }
  AffineMap map(ShuffleRole role) {
    return PreshuffleAttr::get(&context, role, GateLayout::None).getAffineMap();
  }
  mlir::MLIRContext context;
};

TEST_F(Layouts, WeightElementsOfDialectAndReference) {
  constexpr int64_t experts = 3, n = 48;
  for (int64_t k : {32, 96, 128, 288}) {
    int64_t kBlocks = (k + 127) / 128;
    AffineMap layout = map(ShuffleRole::Weight);
    for (int64_t e = 0; e < experts; ++e)
      for (int64_t row = 0; row < n; ++row)
        for (int64_t i = 0; i < k; ++i) {
          int64_t nibble =
              linearize(layout, {n / 16, kBlocks, 4, 16, 32}, e, row, i);
          ASSERT_EQ(nibble / 2,
                    reference::weightByteOffset(e * n + row, i & ~1, k));
          ASSERT_EQ(nibble % 2, i % 2);
        }
    PreshuffleAttr attr =
        PreshuffleAttr::get(&context, ShuffleRole::Weight, GateLayout::None);
    EXPECT_EQ(attr.getByteSize({experts, n, k}),
              reference::shuffledWeightBytes(experts * n, k));
  }
}

TEST_F(Layouts, ScaleBytesOfDialectAndReference) {
  constexpr int64_t experts = 2, n = 96;
  for (int64_t k : {32, 256, 288, 1120}) {
    int64_t groups = (k + 255) / 256;
    AffineMap layout = map(ShuffleRole::Scale);
    for (int64_t e = 0; e < experts; ++e)
      for (int64_t row = 0; row < n; ++row)
        for (int64_t s = 0; s < k / 32; ++s)
          ASSERT_EQ(linearize(layout, {n / 32, groups, 4, 16, 2, 2}, e, row, s),
                    reference::scaleByteOffset(e * n + row, s, k));
    PreshuffleAttr attr =
        PreshuffleAttr::get(&context, ShuffleRole::Scale, GateLayout::None);
    EXPECT_EQ(attr.getByteSize({experts, n, k / 32}),
              reference::shuffledScaleBytes(experts * n, k));
  }
}

/// A 16 x 16 x 128 product from preshuffled bytes, lane by lane as
/// moe.load_weight and moe.mfma describe it: 16 bytes of a lane are row
/// lane%16, K 32*(lane/16) .. +31; step j multiplies K 32*(lane/16) + 8j .. +7;
/// accumulator v of a lane is row 4*(lane/16) + v of A and column lane%16.
void multiplyBlock(emulator::math::MatChip chip, const char *name,
                   int64_t perLane) {
  constexpr int64_t k = 128;
  std::mt19937 random(7);
  std::vector<uint8_t> codes(16 * k / 2);
  std::vector<double> a(16 * k);
  for (uint8_t &byte : codes)
    byte = random() & 0xFF;
  // Small integers and powers of two: every sum is exact in f32.
  for (double &value : a)
    value = int(random() % 17) - 8;
  std::vector<uint8_t> shuffled =
      reference::shuffleWeightA16W4(codes.data(), 1, 16, k);
  auto code = [&](int64_t row, int64_t i) {
    return (codes[row * k / 2 + i / 2] >> (4 * (i % 2))) & 15;
  };

  const emulator::math::MfmaDesc *desc = emulator::math::findMfma(name, chip);
  ASSERT_NE(desc, nullptr);
  emulator::math::RegRow left[4] = {}, right[4] = {}, acc[4] = {};
  for (int64_t j = 0; j < 4; ++j)
    for (int64_t part = 0; part < 8; part += perLane) {
      for (int64_t lane = 0; lane < 64; ++lane)
        for (int64_t i = 0; i < perLane; ++i) {
          int64_t element = 8 * j + part + i;
          uint8_t byte = shuffled[lane * 16 + element / 2];
          uint16_t w = reference::encodeBF16(
              reference::decodeE2M1((byte >> (4 * (element % 2))) & 15));
          uint16_t x = reference::encodeBF16(
              a[(lane % 16) * k + 32 * (lane / 16) + element]);
          left[i / 2][lane] &= i % 2 ? 0xFFFFu : 0xFFFF0000u;
          right[i / 2][lane] &= i % 2 ? 0xFFFFu : 0xFFFF0000u;
          left[i / 2][lane] |= uint32_t(x) << (16 * (i % 2));
          right[i / 2][lane] |= uint32_t(w) << (16 * (i % 2));
        }
      emulator::math::MfmaOperands operands;
      operands.d = acc;
      operands.a = left;
      operands.b = right;
      operands.c = acc;
      emulator::math::mfma(*desc, chip, operands, {});
    }
  for (int64_t lane = 0; lane < 64; ++lane)
    for (int64_t v = 0; v < 4; ++v) {
      int64_t row = 4 * (lane / 16) + v, column = lane % 16;
      double expected = 0;
      for (int64_t i = 0; i < k; ++i)
        expected += a[row * k + i] * reference::decodeE2M1(code(column, i));
      float got;
      std::memcpy(&got, &acc[v][lane], 4);
      ASSERT_EQ(got, expected) << "lane " << lane << " register " << v;
    }
}

TEST_F(Layouts, LanesOfGfx950) {
  multiplyBlock(emulator::math::MatGfx950, "V_MFMA_F32_16X16X32_BF16", 8);
}

TEST_F(Layouts, LanesOfGfx942) {
  multiplyBlock(emulator::math::MatGfx942, "V_MFMA_F32_16X16X16BF16_1K", 4);
}

} // namespace
