//===- ShuffleTest.cpp - layouts against reshape and permute --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layouts' other definition: view the matrix as a tensor of more
// dimensions, permute them, and write it out. The tests do that literally.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Shuffle.h"
#include "gtest/gtest.h"
#include <numeric>
#include <random>

using namespace moe::reference;

static std::vector<uint8_t> randomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(size);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(random());
  return bytes;
}

/// in.reshape(shape).permute(order), flattened.
static std::vector<uint8_t> permute(const std::vector<uint8_t> &in,
                                    std::vector<size_t> shape,
                                    const std::vector<size_t> &order) {
  size_t rank = shape.size();
  std::vector<size_t> strides(rank, 1);
  for (size_t i = rank - 1; i-- > 0;)
    strides[i] = strides[i + 1] * shape[i + 1];
  std::vector<uint8_t> out;
  std::vector<size_t> at(rank, 0); // indices in the order of the output
  for (size_t count = 0; count < in.size(); ++count) {
    size_t offset = 0;
    for (size_t i = 0; i < rank; ++i)
      offset += at[i] * strides[order[i]];
    out.push_back(in[offset]);
    for (size_t i = rank; i-- > 0;) {
      if (++at[i] < shape[order[i]])
        break;
      at[i] = 0;
    }
  }
  return out;
}

TEST(Shuffle, WeightsAreThe16x16PreshuffleForKMultipleOf128) {
  size_t rows = 2 * 48, k = 256;
  std::vector<uint8_t> w = randomBytes(rows * k / 2, 1);
  // [rows/16, 16, bytes/64, 4, 16] -> [rows/16, bytes/64, 4, 16 rows, 16]:
  // with the bytes as K of an 8-bit matrix, BN = 16, BK = 32 bytes, 16-byte
  // pieces: view(N/16, 16, K/32, 2, 16).permute(0, 2, 3, 1, 4).
  std::vector<uint8_t> expected =
      permute(w, {rows / 16, 16, k / 64, 2, 16}, {0, 2, 3, 1, 4});
  EXPECT_EQ(shuffleWeightA16W4(w.data(), 2, 48, k), expected);
}

TEST(Shuffle, WeightsArePaddedWithZerosTo128) {
  // Pad the logical matrix first, then preshuffle: the same bytes.
  for (size_t k : {32, 96, 160, 288}) {
    size_t rows = 32, padded = (k + 127) / 128 * 128;
    std::vector<uint8_t> w = randomBytes(rows * k / 2, 2);
    std::vector<uint8_t> wide(rows * padded / 2, 0);
    for (size_t r = 0; r < rows; ++r)
      std::copy_n(w.begin() + r * k / 2, k / 2, wide.begin() + r * padded / 2);
    EXPECT_EQ(
        shuffleWeightA16W4(w.data(), 1, rows, k),
        permute(wide, {rows / 16, 16, padded / 64, 2, 16}, {0, 2, 3, 1, 4}));
  }
}

TEST(Shuffle, WeightOffsetsByHand) {
  EXPECT_EQ(weightByteOffset(0, 0, 128), 0);
  EXPECT_EQ(weightByteOffset(0, 30, 128), 15);
  EXPECT_EQ(weightByteOffset(1, 0, 128), 16);
  EXPECT_EQ(weightByteOffset(0, 32, 128), 256);
  EXPECT_EQ(weightByteOffset(16, 0, 128), 1024);
  EXPECT_EQ(weightByteOffset(0, 128, 160), 1024);
  EXPECT_EQ(weightByteOffset(16, 0, 160), 2048);
  EXPECT_EQ(weightByteOffset(35, 290, 2880),
            2 * 8 * 2944 + 2048 + 256 + 48 + 1);
}

TEST(Shuffle, ScalesAreAPermutationOfFourByteGroups) {
  size_t rows = 64, k = 512, blocks = k / 32;
  std::vector<uint8_t> s = randomBytes(rows * blocks, 3);
  // [rows/32, 2 (row block), 16 (row), blocks/8, 2 (ks/4), 4 (ks%4)] ->
  // [rows/32, blocks/8, ks%4, row, ks/4, row block].
  std::vector<uint8_t> expected =
      permute(s, {rows / 32, 2, 16, blocks / 8, 2, 4}, {0, 3, 5, 2, 4, 1});
  EXPECT_EQ(shuffleScaleA16W4(s.data(), 1, rows, k), expected);
}

TEST(Shuffle, ScalesArePaddedWithOnesTo256) {
  size_t rows = 32, k = 96; // 3 blocks of 8
  std::vector<uint8_t> s = randomBytes(rows * 3, 4);
  std::vector<uint8_t> wide(rows * 8, 0x7F);
  for (size_t r = 0; r < rows; ++r)
    std::copy_n(s.begin() + r * 3, 3, wide.begin() + r * 8);
  EXPECT_EQ(shuffleScaleA16W4(s.data(), 1, rows, k),
            permute(wide, {1, 2, 16, 1, 2, 4}, {0, 3, 5, 2, 4, 1}));
}

TEST(Shuffle, ScaleOffsetsByHand) {
  EXPECT_EQ(scaleByteOffset(0, 0, 256), 0);
  EXPECT_EQ(scaleByteOffset(16, 0, 256), 1); // second row block: next byte
  EXPECT_EQ(scaleByteOffset(0, 4, 256), 2);
  EXPECT_EQ(scaleByteOffset(1, 0, 256), 4);
  EXPECT_EQ(scaleByteOffset(0, 1, 256), 64);
  EXPECT_EQ(scaleByteOffset(0, 8, 512), 256);
  EXPECT_EQ(scaleByteOffset(32, 0, 512), 512);
}

TEST(Shuffle, InterleavedRowsAlternateInBlocksOf16) {
  // n = 64, I = 32: g0 u0 g1 u1.
  EXPECT_EQ(interleavedSourceRow(0, 64), 0);
  EXPECT_EQ(interleavedSourceRow(15, 64), 15);
  EXPECT_EQ(interleavedSourceRow(16, 64), 32);
  EXPECT_EQ(interleavedSourceRow(31, 64), 47);
  EXPECT_EQ(interleavedSourceRow(32, 64), 16);
  EXPECT_EQ(interleavedSourceRow(48, 64), 48);
  std::vector<int64_t> rows;
  for (int64_t p = 0; p < 96; ++p)
    rows.push_back(interleavedSourceRow(p, 96));
  std::sort(rows.begin(), rows.end());
  for (int64_t p = 0; p < 96; ++p)
    EXPECT_EQ(rows[p], p);
}

TEST(Shuffle, AlternatingRowsTakeGateAndUpInTurn) {
  std::vector<uint8_t> rows(2 * 8 * 3);
  std::iota(rows.begin(), rows.end(), 0);
  // [experts, gate/up, row, bytes] -> [experts, row, gate/up, bytes].
  EXPECT_EQ(alternateRows(rows, 8, 3),
            permute(rows, {2, 2, 4, 3}, {0, 2, 1, 3}));
}

TEST(Shuffle, GateUpShufflesThePermutedRowsOfEachExpert) {
  size_t experts = 3, n = 64, k = 160;
  std::vector<uint8_t> w = randomBytes(experts * n * k / 2, 5);
  std::vector<uint8_t> s = randomBytes(experts * n * k / 32, 6);
  // [e, gate/up, block of 16, rest] -> [e, block of 16, gate/up, rest].
  std::vector<uint8_t> wPermuted =
      permute(w, {experts, 2, n / 32, 16 * k / 2}, {0, 2, 1, 3});
  std::vector<uint8_t> sPermuted =
      permute(s, {experts, 2, n / 32, 16 * k / 32}, {0, 2, 1, 3});
  EXPECT_EQ(shuffleWeightA16W4(w.data(), experts, n, k, true),
            shuffleWeightA16W4(wPermuted.data(), experts, n, k));
  EXPECT_EQ(shuffleScaleA16W4(s.data(), experts, n, k, true),
            shuffleScaleA16W4(sPermuted.data(), experts, n, k));
}

TEST(Shuffle, InversesRestoreTheLogicalOrder) {
  for (bool gateUp : {false, true})
    for (size_t k : {32, 128, 160, 2880}) {
      size_t experts = 2, n = 96;
      std::vector<uint8_t> w = randomBytes(experts * n * k / 2, 8);
      std::vector<uint8_t> s = randomBytes(experts * n * k / 32, 9);
      std::vector<uint8_t> ws =
          shuffleWeightA16W4(w.data(), experts, n, k, gateUp);
      std::vector<uint8_t> ss =
          shuffleScaleA16W4(s.data(), experts, n, k, gateUp);
      EXPECT_EQ(int64_t(ws.size()), shuffledWeightBytes(experts * n, k));
      EXPECT_EQ(int64_t(ss.size()), shuffledScaleBytes(experts * n, k));
      EXPECT_EQ(unshuffleWeightA16W4(ws.data(), experts, n, k, gateUp), w);
      EXPECT_EQ(unshuffleScaleA16W4(ss.data(), experts, n, k, gateUp), s);
    }
}

TEST(Shuffle, AnExpertIsAContiguousPiece) {
  size_t experts = 3, n = 32, k = 160;
  std::vector<uint8_t> w = randomBytes(experts * n * k / 2, 10);
  std::vector<uint8_t> whole = shuffleWeightA16W4(w.data(), experts, n, k);
  std::vector<uint8_t> one =
      shuffleWeightA16W4(w.data() + 2 * n * k / 2, 1, n, k);
  EXPECT_EQ(std::vector<uint8_t>(whole.begin() + 2 * one.size(), whole.end()),
            one);
}
