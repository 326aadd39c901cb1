//===- ChooseConfigTest.cpp - the table of tiles --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of the documented table, and properties that hold for every shape.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/ChooseConfig.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace moe::driver;

static KernelOptions gptOss() {
  KernelOptions options;
  options.modelDim = options.interDim = 2880;
  options.experts = 128;
  options.topk = 4;
  return options;
}

static constexpr int64_t kLarge = 160 * 1024, kSmall = 64 * 1024;

TEST(ChooseConfig, ExpectedRowsByHand) {
  EXPECT_DOUBLE_EQ(expectedRowsPerExpert(1, 4, 128), 1);
  EXPECT_DOUBLE_EQ(expectedRowsPerExpert(10, 2, 2), 10);
  // Two tokens, one of two experts each: 1.5 experts are active.
  EXPECT_DOUBLE_EQ(expectedRowsPerExpert(2, 1, 2), 2 / 1.5);
  EXPECT_NEAR(expectedRowsPerExpert(4096, 4, 128), 128, 1e-6);
}

TEST(ChooseConfig, RowsOfTheTable) {
  auto tile = [](int64_t tokens, int64_t lds) {
    TileShape t = chooseTile(gptOss(), tokens, lds);
    return std::array<int64_t, 3>{t.m, t.n, t.k};
  };
  using Tile = std::array<int64_t, 3>;
  EXPECT_EQ(tile(1, kLarge), (Tile{16, 64, 256}));
  EXPECT_EQ(tile(16, kLarge), (Tile{16, 128, 256}));
  EXPECT_EQ(tile(1024, kLarge), (Tile{32, 128, 256}));
  EXPECT_EQ(tile(4096, kLarge), (Tile{64, 256, 256}));
  EXPECT_EQ(tile(4096, kSmall), (Tile{64, 128, 128}));
  EXPECT_EQ(tile(16, kSmall), (Tile{16, 128, 256}));
}

TEST(ChooseConfig, EveryShapeGetsATileThatFits) {
  for (int64_t lds : {kSmall, kLarge})
    for (int64_t tokens : {1, 2, 3, 17, 300, 5000, 100000})
      for (int64_t experts : {1, 8, 128, 896})
        for (int64_t k : {32, 96, 384, 512, 2880, 7168})
          for (int64_t kBatch : {1, 2, 3}) {
            KernelOptions options = gptOss();
            options.experts = experts;
            options.topk = std::min<int64_t>(4, experts);
            options.interDim = k;
            options.kBatch = kBatch;
            TileShape t = chooseTile(options, tokens, lds);
            EXPECT_TRUE(t.m == 16 || t.m == 32 || t.m == 64);
            EXPECT_TRUE(t.n == 64 || t.n == 128 || t.n == 256);
            EXPECT_TRUE(t.k == 128 || t.k == 256);
            EXPECT_LE(2 * t.m * t.k * 2, lds / 2);
            EXPECT_LE(t.m * t.n * 4, lds);
            if ((k + 127) / 128 >= kBatch)
              EXPECT_GE((k + t.k - 1) / t.k, kBatch);
          }
}
