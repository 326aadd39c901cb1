// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The three witnesses side by side: the layout objects that verifiers and
// lowerings ask, the reference's shuffles, and the emulator's matrix
// instructions. None of them includes another; this is the only place where
// they meet. And the A tile against the access phases of LDS.

#include "Math/Mfma.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Layout/ATile.h"
#include "moe/Layout/MfmaFragment.h"
#include "moe/Layout/OutTile.h"
#include "moe/Reference/Scalars.h"
#include "moe/Reference/Shuffle.h"
#include "moe/Target/Chip.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

using namespace moe;
using layout::Axis;
using layout::GateOrder;
using layout::Index3;
using layout::kMXFP4;
using layout::Preshuffle;
using layout::RowOrder;

namespace {

/// The attribute's map says what the layout object says.
void compareMap(ShuffleRole role, const Preshuffle &places,
                const Index3 &shape) {
  mlir::MLIRContext context;
  context.loadDialect<MoEDialect>();
  PreshuffleAttr attr = PreshuffleAttr::get(&context, role, GateLayout::None);
  EXPECT_EQ(attr.getByteSize(shape), *places.getByteSize(shape));
  mlir::AffineMap map = attr.getAffineMap();
  for (int64_t row = 0; row < shape[1]; row += 7)
    for (int64_t k = 0; k < shape[2]; ++k) {
      Index3 element = {shape[0] - 1, row, k};
      int64_t linear = 0;
      for (auto [i, digit] : llvm::enumerate(map.compose(element)))
        linear = linear * places.getExtent(i, shape) + digit;
      ASSERT_EQ(linear, places.getElementPlace(element, shape));
    }
}

TEST(Layouts, WeightElementsOfLayoutAndReference) {
  constexpr int64_t experts = 3, n = 48;
  const Preshuffle &places = Preshuffle::weights(kMXFP4);
  for (int64_t k : {32, 96, 128, 288}) {
    Index3 shape = {experts, n, k};
    for (int64_t e = 0; e < experts; ++e)
      for (int64_t row = 0; row < n; ++row)
        for (int64_t i = 0; i < k; ++i) {
          int64_t nibble = places.getElementPlace({e, row, i}, shape);
          ASSERT_EQ(nibble / 2,
                    reference::weightByteOffset(e * n + row, i & ~1, k));
          ASSERT_EQ(nibble % 2, i % 2);
        }
    EXPECT_EQ(places.getByteSize(shape),
              reference::shuffledWeightBytes(experts * n, k));
    compareMap(ShuffleRole::Weight, places, shape);
    // What the lowering adds up: strides of single steps.
    for (auto [axis, step] : {std::pair(Axis::Row, 1), std::pair(Axis::Row, 16),
                              std::pair(Axis::K, 32), std::pair(Axis::K, 128)})
      if (step < (axis == Axis::Row ? n : k)) {
        int64_t row = axis == Axis::Row ? step : 0;
        int64_t column = axis == Axis::K ? step : 0;
        EXPECT_EQ(places.getByteStride(axis, step, shape),
                  reference::weightByteOffset(row, column, k));
      }
  }
}

TEST(Layouts, ScaleBytesOfLayoutAndReference) {
  constexpr int64_t experts = 2, n = 96;
  const Preshuffle &places = Preshuffle::scales(kMXFP4);
  for (int64_t k : {32, 256, 288, 1120}) {
    Index3 shape = {experts, n, k / 32};
    for (int64_t e = 0; e < experts; ++e)
      for (int64_t row = 0; row < n; ++row)
        for (int64_t s = 0; s < k / 32; ++s)
          ASSERT_EQ(places.getElementPlace({e, row, s}, shape),
                    reference::scaleByteOffset(e * n + row, s, k));
    EXPECT_EQ(places.getByteSize(shape),
              reference::shuffledScaleBytes(experts * n, k));
    compareMap(ShuffleRole::Scale, places, shape);
    EXPECT_EQ(places.getByteStride(Axis::Row, 1, shape),
              reference::scaleByteOffset(1, 0, k));
    EXPECT_EQ(places.getByteStride(Axis::Row, 32, shape),
              reference::scaleByteOffset(32, 0, k));
  }
}

TEST(Layouts, BytesBeyondInt64AreNoNumber) {
  const Preshuffle &weights = Preshuffle::weights(kMXFP4);
  EXPECT_EQ(weights.getByteSize({int64_t(1) << 31, int64_t(1) << 31, 128}),
            std::nullopt);
  EXPECT_EQ(weights.getByteSize({0, 32, 32}), 0);
  EXPECT_EQ(Preshuffle::scales(kMXFP4).getByteSize({1, int64_t(1) << 62, 8}),
            std::nullopt);
}

TEST(Layouts, GateRowsOfLayoutAndReference) {
  for (int64_t rows : {32, 96, 160}) {
    RowOrder separated = RowOrder::get(GateOrder::Separated, rows);
    RowOrder interleaved = RowOrder::get(GateOrder::Interleaved, rows);
    RowOrder alternating = RowOrder::get(GateOrder::Rows, rows);
    RowOrder none = RowOrder::get(GateOrder::None, rows);
    std::set<int64_t> seen;
    for (int64_t source = 0; source < rows; ++source) {
      bool up = source >= rows / 2;
      int64_t column = source % (rows / 2);
      EXPECT_EQ(none.physicalRow(source), source);
      EXPECT_EQ(separated.physicalRow(up, column), source);
      EXPECT_EQ(reference::interleavedSourceRow(
                    interleaved.physicalRow(up, column), rows),
                source);
      EXPECT_EQ(reference::alternatingSourceRow(
                    alternating.physicalRow(up, column), rows),
                source);
      EXPECT_EQ(alternating.physicalRow(up, column), 2 * column + up);
    }
  }
}

//===----------------------------------------------------------------------===//
// The A tile
//===----------------------------------------------------------------------===//

/// The most dwords that lanes of one phase want of one bank; 1 is no conflict.
/// Lanes that read the same dword are served together.
int64_t mostInOneBank(const Chip &chip, uint64_t phase, int64_t bytes,
                      llvm::function_ref<int64_t(int64_t)> address) {
  std::vector<std::set<int64_t>> dwords(chip.ldsBanks);
  for (int64_t lane = 0; lane < chip.waveLanes; ++lane)
    if (phase >> lane & 1)
      for (int64_t dword = address(lane) / 4, i = 0; i < bytes / 4; ++i)
        dwords[(dword + i) % chip.ldsBanks].insert(dword + i);
  size_t most = 0;
  for (const auto &bank : dwords)
    most = std::max(most, bank.size());
  return int64_t(most);
}

TEST(Layouts, PhasesHoldEveryLaneOnce) {
  for (const char *name : {"gfx942", "gfx950"})
    for (int64_t bytes : {4, 8, 16}) {
      const Chip &chip = *lookupChip(name);
      uint64_t all = 0;
      for (uint64_t phase : getLdsPhases(chip, bytes)) {
        EXPECT_EQ(all & phase, 0u);
        all |= phase;
        // A phase moves at most a dword a bank.
        EXPECT_LE(llvm::popcount(phase) * bytes / 4, chip.ldsBanks);
      }
      EXPECT_EQ(all, ~uint64_t(0)) << name << " " << bytes;
    }
}

/// The most conflicts of 16-byte reads of A by MFMA with `rows` rows, the chunk
/// position of chunk c in row r given by `position`.
int64_t
conflictsOfReads(const Chip &chip, int64_t rows, int64_t tileK,
                 llvm::function_ref<int64_t(int64_t, int64_t)> position) {
  layout::MfmaFragment fragment{rows};
  int64_t most = 0;
  for (int64_t run = 0; run < tileK / 128 * fragment.runs(); ++run)
    for (int64_t step = 0; step < 4; ++step) {
      auto address = [&](int64_t lane) {
        int64_t row = lane % rows;
        int64_t chunk = fragment.kOf(lane, run, step, 0) / 8;
        return (row * (tileK / 8) + position(row, chunk)) * 16;
      };
      for (uint64_t phase : getLdsPhases(chip, 16))
        most = std::max(most, mostInOneBank(chip, phase, 16, address));
    }
  return most;
}

TEST(Layouts, ReadsOfTheATileMeetInNoBank) {
  for (const char *name : {"gfx942", "gfx950"})
    for (int64_t rows : {16, 32})
      for (int64_t tileK : {128, 256, 512, 640}) {
        const Chip &chip = *lookupChip(name);
        layout::ATile tile(chip, tileK);
        auto position = [&](int64_t row, int64_t chunk) {
          EXPECT_EQ(tile.getByte(row, chunk),
                    (row * (tileK / 8) + tile.getPosition(row, chunk)) * 16);
          return tile.getPosition(row, chunk);
        };
        EXPECT_EQ(conflictsOfReads(chip, rows, tileK, position), 1)
            << name << " rows " << rows << " tile_k " << tileK;
      }
}

/// The test above is able to fail: with the plain row number as key lanes do
/// meet, and without a key all of them.
TEST(Layouts, PlainKeysHaveConflicts) {
  for (const char *name : {"gfx942", "gfx950"}) {
    const Chip &chip = *lookupChip(name);
    auto plain = [](int64_t row, int64_t chunk) { return chunk ^ (row % 16); };
    auto none = [](int64_t, int64_t chunk) { return chunk; };
    EXPECT_EQ(conflictsOfReads(chip, 16, 128, plain), 2);
    EXPECT_EQ(conflictsOfReads(chip, 16, 128, none),
              std::string(name) == "gfx950" ? 8 : 4);
  }
}

//===----------------------------------------------------------------------===//
// The output tile
//===----------------------------------------------------------------------===//

/// Writes of 2 bytes are counted as dwords: one of each row and column block.
TEST(Layouts, TheOutputTileMeetsInNoBank) {
  for (const char *name : {"gfx942", "gfx950"})
    for (int64_t rows : {16, 32})
      for (int64_t columns : {32, 64, 128, 256}) {
        const Chip &chip = *lookupChip(name);
        layout::OutTile tile{layout::MfmaFragment{rows}, columns,
                             chip.ldsBanks};
        const layout::MfmaFragment &fragment = tile.fragment;
        for (int64_t column = 0; column < columns; column += rows)
          for (int64_t quad = 0; quad < 64 / fragment.quadStep(); ++quad)
            for (int64_t v = 0; v < 4; ++v) {
              auto address = [&](int64_t lane) {
                return 2 * tile.getElement(fragment.rowOf(lane, quad, v),
                                           column + fragment.columnOf(lane));
              };
              for (uint64_t phase : getLdsPhases(chip, 4))
                ASSERT_EQ(mostInOneBank(chip, phase, 4, address), 1)
                    << name << " rows " << rows << " columns " << columns;
            }
        for (int64_t width : {2, 4, 8})
          for (int64_t first = 0; first < 64 * columns / width; first += 64) {
            auto address = [&](int64_t lane) {
              int64_t element = (first + lane) * width;
              return 2 * tile.getElement(element / columns, element % columns);
            };
            for (uint64_t phase : getLdsPhases(chip, 2 * width))
              ASSERT_EQ(mostInOneBank(chip, phase, 2 * width, address), 1)
                  << name << " columns " << columns << " width " << width;
          }
      }
}

/// Parts of K groups are f32; their tiles begin at multiples of all banks.
TEST(Layouts, TheTileOfAGroupMeetsInNoBank) {
  for (const char *name : {"gfx942", "gfx950"})
    for (int64_t columns : {16, 32, 64, 128}) {
      const Chip &chip = *lookupChip(name);
      layout::OutTile tile{layout::MfmaFragment{16}, columns, chip.ldsBanks};
      const layout::MfmaFragment &fragment = tile.fragment;
      for (int64_t column = 0; column < columns; column += 16)
        for (int64_t v = 0; v < 4; ++v) {
          auto address = [&](int64_t lane) {
            return 4 * tile.getElement(fragment.rowOf(lane, 0, v),
                                       column + fragment.columnOf(lane));
          };
          for (uint64_t phase : getLdsPhases(chip, 4))
            EXPECT_EQ(mostInOneBank(chip, phase, 4, address), 1)
                << name << " columns " << columns;
        }
      for (int64_t width : {2, 4}) {
        // Units are narrower where two groups have more lanes than these.
        if (16 * columns / width < 128)
          continue;
        for (int64_t first = 0; first < 16 * columns / width; first += 64) {
          auto address = [&](int64_t lane) {
            int64_t element = (first + lane) * width;
            return 4 * tile.getElement(element / columns, element % columns);
          };
          for (uint64_t phase : getLdsPhases(chip, 4 * width))
            EXPECT_EQ(mostInOneBank(chip, phase, 4 * width, address), 1)
                << name << " columns " << columns << " width " << width;
        }
      }
    }
}

TEST(Layouts, TheOutputTileHoldsEveryElementOnce) {
  for (auto [rows, banks] : {std::pair(16, 32), {32, 32}, {16, 64}, {32, 64}})
    for (int64_t columns : {16, 32, 48, 64, 96, 128}) {
      layout::OutTile tile{layout::MfmaFragment{rows}, columns, banks};
      std::set<int64_t> seen;
      for (int64_t row = 0; row < 64; ++row)
        for (int64_t column = 0; column < columns; ++column) {
          int64_t place = tile.getElement(row, column);
          EXPECT_TRUE(seen.insert(place).second);
          EXPECT_LT(place, 64 * columns);
          if (tile.staysInRow()) {
            EXPECT_EQ(place / columns, row);
          }
          // Runs of up to 16 that are read at once.
          EXPECT_EQ(place % 16, column % 16);
        }
    }
}

/// LDS DMA moves a chunk as it is; where fp4 is decoded by look-ups the even
/// columns come first.
TEST(Layouts, OrdersOfAChunk) {
  layout::ATile dma(*lookupChip("gfx950"), 128);
  layout::ATile staged(*lookupChip("gfx942"), 128);
  EXPECT_EQ(dma.getOrder(), layout::ATile::kInOrder);
  EXPECT_EQ(staged.getOrder(), (layout::ATile::Order{0, 2, 4, 6, 1, 3, 5, 7}));
}

TEST(Layouts, KeysAreLinearAndPermuteChunks) {
  layout::ATile tile(*lookupChip("gfx950"), 256);
  std::set<int64_t> keys;
  for (int64_t row = 0; row < 16; ++row) {
    keys.insert(tile.getKey(row));
    EXPECT_EQ(tile.getKey(row), tile.getKey(row + 16));
    for (int64_t other = 0; other < 16; ++other)
      EXPECT_EQ(tile.getKey(row ^ other),
                tile.getKey(row) ^ tile.getKey(other));
  }
  EXPECT_EQ(keys.size(), 16u);
  EXPECT_EQ(*keys.rbegin(), 15);
}

//===----------------------------------------------------------------------===//
// MFMA
//===----------------------------------------------------------------------===//

/// A rows x rows x 128 product from preshuffled bytes, lane by lane as the
/// fragment says: the bytes of a run from the weights' layout, K in the order
/// of the A tile's chunks for both operands, results by row and column of a
/// lane.
void multiplyBlock(emulator::math::MatChip chip, const char *chipName,
                   const char *name, int64_t rows) {
  constexpr int64_t k = 128;
  layout::ATile tile(*lookupChip(chipName), k);
  layout::MfmaFragment fragment{rows};
  const Preshuffle &places = Preshuffle::weights(kMXFP4);
  std::mt19937 random(7);
  std::vector<uint8_t> codes(rows * k / 2);
  std::vector<double> a(rows * k);
  for (uint8_t &byte : codes)
    byte = random() & 0xFF;
  // Small integers and powers of two: every sum is exact in f32.
  for (double &value : a)
    value = int(random() % 17) - 8;
  std::vector<uint8_t> shuffled =
      reference::shuffleWeightA16W4(codes.data(), 1, rows, k);
  auto code = [&](int64_t row, int64_t i) {
    return (codes[row * k / 2 + i / 2] >> (4 * (i % 2))) & 15;
  };

  const emulator::math::MfmaDesc *desc = emulator::math::findMfma(name, chip);
  ASSERT_NE(desc, nullptr);
  const Chip &facts = *lookupChip(chipName);
  int64_t perLane =
      (rows == 32 ? facts.mfma32K : facts.mfma16K) / fragment.laneGroups();
  emulator::math::RegRow left[4] = {}, right[4] = {}, acc[16] = {};
  for (int64_t step = 0; step < 4 * fragment.runs(); ++step)
    for (int64_t part = 0; part < 8; part += perLane) {
      for (int64_t lane = 0; lane < 64; ++lane)
        for (int64_t i = 0; i < perLane; ++i) {
          int64_t element = tile.getOrder()[part + i];
          int64_t at = fragment.kOf(lane, step / 4, step % 4, element);
          int64_t nibble =
              places.getElementPlace({0, lane % rows, at}, {1, rows, k});
          uint8_t byte = shuffled[nibble / 2];
          uint16_t w = reference::encodeBF16(
              reference::decodeE2M1((byte >> (4 * (nibble % 2))) & 15));
          uint16_t x = reference::encodeBF16(a[(lane % rows) * k + at]);
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
    for (int64_t reg = 0; reg < 4 * fragment.quads(); ++reg) {
      int64_t row = fragment.rowOf(lane, reg / 4, reg % 4);
      int64_t column = fragment.columnOf(lane);
      double expected = 0;
      for (int64_t i = 0; i < k; ++i)
        expected += a[row * k + i] * reference::decodeE2M1(code(column, i));
      float got;
      std::memcpy(&got, &acc[reg][lane], 4);
      ASSERT_EQ(got, expected) << "lane " << lane << " register " << reg;
    }
}

/// A run of a lane is one load of 16 bytes.
TEST(Layouts, RunsAreConsecutiveBytes) {
  const Preshuffle &places = Preshuffle::weights(kMXFP4);
  for (int64_t rows : {16, 32}) {
    layout::MfmaFragment fragment{rows};
    for (int64_t lane = 0; lane < 64; ++lane)
      for (int64_t run = 0; run < fragment.runs(); ++run)
        for (int64_t i = 0; i < 32; ++i) {
          Index3 first = {0, lane % rows, fragment.kOf(lane, run, 0, 0)};
          Index3 element = {0, lane % rows,
                            fragment.kOf(lane, run, i / 8, i % 8)};
          EXPECT_EQ(places.getElementPlace(element, {1, 32, 128}),
                    places.getElementPlace(first, {1, 32, 128}) + i);
        }
  }
}

TEST(Layouts, LanesOfGfx950) {
  multiplyBlock(emulator::math::MatGfx950, "gfx950", "V_MFMA_F32_16X16X32_BF16",
                16);
  multiplyBlock(emulator::math::MatGfx950, "gfx950", "V_MFMA_F32_32X32X16_BF16",
                32);
}

TEST(Layouts, LanesOfGfx942) {
  multiplyBlock(emulator::math::MatGfx942, "gfx942",
                "V_MFMA_F32_16X16X16BF16_1K", 16);
  multiplyBlock(emulator::math::MatGfx942, "gfx942",
                "V_MFMA_F32_32X32X8BF16_1K", 32);
}

} // namespace
