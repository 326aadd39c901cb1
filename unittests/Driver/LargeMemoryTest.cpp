//===- LargeMemoryTest.cpp - outputs above 4 GiB, without the memory ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels run on outputs and inputs of more than 4 GiB of which a run
// touches a few rows, so that host memory is never there for the rest. A row
// that went to its offset modulo 2^32 or 2^31 would land on rows that must stay
// zero. The weights are an identity, so what is expected is plain.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunFiles.h"
#include "moe/CodeObject/Grid.h"
#include "moe/Driver/Compile.h"
#include "moe/Executor/Executor.h"
#include "moe/Reference/Scalars.h"
#include "moe/Reference/Shuffle.h"
#include "gtest/gtest.h"
#include <cmath>
#include <map>
#include <set>

using namespace llvm;
using namespace moe;
using namespace moe::driver;
using executor::Argument;

namespace {
constexpr int64_t kTokens = 700000, kTopk = 2, kK = 64, kTileM = 16;

template <typename T>
Argument list(const char *name, std::vector<T> &values) {
  return Argument::buffer(name, {reinterpret_cast<uint8_t *>(values.data()),
                                 values.size() * sizeof(T)});
}

/// One block of valid (token, slot) pairs: the first rows, the last ones, and
/// those around 2 and 4 GiB of an output with `rowBytes` a row.
struct Sorted {
  std::vector<int32_t> ids, experts = {0}, numValid = {kTileM, kTokens};
  std::vector<float> weights;
  std::set<int64_t> rows; ///< token * topk + slot

  explicit Sorted(int64_t rowBytes) {
    int64_t last = kTokens * kTopk - 1;
    for (int64_t row :
         {int64_t(0), int64_t(1), last - 1, last, (int64_t(1) << 31) / rowBytes,
          (int64_t(1) << 31) / rowBytes - 1, (int64_t(1) << 32) / rowBytes,
          (int64_t(1) << 32) / rowBytes + 2})
      rows.insert(row);
    for (int64_t row : rows)
      ids.push_back(static_cast<int32_t>(row % kTopk << 24 | row / kTopk));
    ids.resize(kTileM, static_cast<int32_t>(kTopk << 24 | kTokens));
    for (int64_t i = 0; i < kTileM; ++i)
      weights.push_back(1.0f + float(i) / 16);
  }
};

/// Compiles and runs one kernel.
void run(const KernelOptions &options, const char *chip,
         std::vector<Argument> args, int64_t numBlocks) {
  Expected<CompiledKernel> kernel = compileKernel(options, chip);
  ASSERT_TRUE(bool(kernel)) << toString(kernel.takeError());
  codeobject::GridVariables variables;
  variables.tokens = kTokens;
  variables.n = options.n();
  variables.k = options.k();
  variables.numBlocks = numBlocks;
  executor::Launch launch;
  launch.grid = cantFail(codeobject::evaluateGrid(kernel->grid, variables));
  launch.elf = kernel->elf;
  launch.kernel = kernel->kernelName;
  launch.block = kernel->block;
  launch.args = std::move(args);
  executor::Options execution;
  execution.sanitizers = "all";
  auto emulator = cantFail(executor::makeEmulatorExecutor(execution));
  Expected<executor::Outcome> outcome = emulator->run(launch);
  ASSERT_TRUE(bool(outcome)) << toString(outcome.takeError());
  EXPECT_TRUE(outcome->reports.empty());
}

/// The value of x, of a sum or of a part in `row` and `column`: exact in bf16.
double valueOf(int64_t row, int64_t column) {
  return double(row % 61 + 1) + double(column % 4) / 4;
}

KernelOptions stage2(OutType type, bool accumulate) {
  KernelOptions options;
  options.modelDim = 2048;
  options.interDim = kK;
  options.experts = 1;
  options.topk = kTopk;
  options.tile = TileShape{kTileM, 256, 128};
  options.outType = type;
  options.accumulate = accumulate;
  return options;
}

/// x[row, k] = value if column n % K picks it: w[n, k] = 1 where k = n % K.
void runStage2(OutType outType, bool accumulate, const char *chip) {
  KernelOptions o = stage2(outType, accumulate);
  auto type = outType == OutType::F32 ? reference::FloatType::F32
                                      : reference::FloatType::BF16;
  int64_t width = reference::byteWidth(type), n = o.n();
  int64_t outRows = accumulate ? kTokens : kTokens * kTopk;
  Sorted sorted(n * width * (accumulate ? kTopk : 1));
  HostBuffer out = cantFail(HostBuffer::allocate(outRows * n * width));
  ASSERT_GT(out.size(), uint64_t(1) << 32);
  HostBuffer x = cantFail(HostBuffer::allocate(kTokens * kTopk * kK * 2));
  for (int64_t row : sorted.rows)
    for (int64_t k = 0; k < kK; ++k)
      reference::storeFloat(reference::FloatType::BF16, x.data(), row * kK + k,
                            valueOf(row, k));
  std::vector<uint8_t> codes(size_t(n * kK / 2)), scales(size_t(n * kK / 32));
  std::fill(scales.begin(), scales.end(), 127);
  for (int64_t c = 0; c < n; ++c)
    codes[size_t(c * kK / 2 + c % kK / 2)] = c % 2 ? 0x20 : 0x02; // 1.0
  auto w = reference::shuffleWeightA16W4(codes.data(), 1, n, kK, false);
  auto scale = reference::shuffleScaleA16W4(scales.data(), 1, n, kK, false);
  run(o, chip,
      {Argument::buffer("out", out.bytes()), Argument::buffer("x", x.bytes()),
       list("w", w), list("scale", scale), list("ids", sorted.ids),
       list("experts", sorted.experts), list("weights", sorted.weights),
       list("num_valid", sorted.numValid), Argument::null("bias"),
       Argument::scalar("tokens", int32_t(kTokens)),
       Argument::scalar("n", int32_t(n)), Argument::scalar("k", int32_t(kK)),
       Argument::scalar("num_blocks", int32_t(1))},
      1);
  if (testing::Test::HasFatalFailure())
    return;
  // What each output row should hold, and its neighbours nothing.
  std::map<int64_t, std::vector<double>> expected;
  int64_t place = 0;
  for (int64_t row : sorted.rows) {
    int64_t outRow = accumulate ? row / kTopk : row;
    for (int64_t other : {outRow - 1, outRow, outRow + 1})
      if (other >= 0 && other < outRows)
        expected[other].resize(size_t(n), 0);
    for (int64_t c = 0; c < n; ++c)
      expected[outRow][size_t(c)] +=
          valueOf(row, c % kK) * sorted.weights[size_t(place)];
    ++place;
  }
  for (const auto &[row, values] : expected)
    for (int64_t c = 0; c < n; c += 37)
      ASSERT_NEAR(reference::loadFloat(type, out.data(), row * n + c),
                  values[size_t(c)], std::fabs(values[size_t(c)]) / 128)
          << "row " << row << ", column " << c;
}
} // namespace

TEST(LargeMemory, StoredRowsOfStage2) {
  runStage2(OutType::BF16, false, "gfx950");
  runStage2(OutType::F32, false, "gfx942");
}

TEST(LargeMemory, AddedRowsOfStage2) {
  runStage2(OutType::F32, true, "gfx950");
  runStage2(OutType::F32, true, "gfx942");
}

TEST(LargeMemory, RawSumsOfStage1) {
  KernelOptions o;
  o.kernel = KernelKind::Activate;
  o.modelDim = 64;
  o.interDim = 1024;
  o.experts = 1;
  o.topk = kTopk;
  o.tile = TileShape{kTileM, 64, 128};
  o.outType = OutType::F32;
  int64_t inter = o.interDim;
  Sorted sorted(inter * 4);
  HostBuffer out = cantFail(HostBuffer::allocate(kTokens * kTopk * inter * 4));
  HostBuffer sums = cantFail(HostBuffer::allocate(kTokens * kTopk * inter * 8));
  ASSERT_GT(out.size(), uint64_t(1) << 32);
  for (int64_t row : sorted.rows)
    for (int64_t c = 0; c < 2 * inter; ++c)
      sums.as<float>()[row * 2 * inter + c] =
          c < inter ? 1e6f : float(valueOf(row, c)); // sigmoid(1e6) = 1
  run(o, "gfx950",
      {Argument::buffer("out", out.bytes()),
       Argument::buffer("sums", sums.bytes()), Argument::null("w"),
       Argument::null("scale"), list("ids", sorted.ids),
       list("experts", sorted.experts), list("weights", sorted.weights),
       list("num_valid", sorted.numValid), Argument::null("bias"),
       Argument::scalar("tokens", int32_t(kTokens)),
       Argument::scalar("n", int32_t(2 * inter)),
       Argument::scalar("k", int32_t(64)),
       Argument::scalar("num_blocks", int32_t(1)),
       Argument::scalar("alpha", 1.0f), Argument::scalar("limit", 1e9f),
       Argument::scalar("beta", 1.0f), Argument::scalar("linear_beta", 1.0f)},
      1);
  for (int64_t row : sorted.rows)
    for (int64_t c = 0; c < inter; c += 37)
      ASSERT_EQ(out.as<float>()[row * inter + c],
                float(1e6 * valueOf(row, inter + c)))
          << "row " << row << ", column " << c;
}
