//===- ChooseConfigTest.cpp - the choice of a configuration ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of the documented tables, and that what is chosen for random shapes is
// accepted by the op's verifier and by -moe-check-target.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/ChooseConfig.h"
#include "Driver/Options/KernelFlags.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Driver/BuildKernel.h"
#include "moe/Target/Chip.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"
#include <random>

using namespace moe::driver;
using moe::FixedAxes;
using moe::Workload;

static KernelOptions gptOss() {
  KernelOptions options;
  options.modelDim = options.interDim = 2880;
  options.experts = 128;
  options.topk = 4;
  return options;
}

static KernelOptions choose(const KernelOptions &options, int64_t tokens,
                            const char *chip,
                            const FixedAxes &fixed = FixedAxes()) {
  Workload workload;
  workload.tokens = tokens;
  return chooseConfig(options, workload, *moe::lookupChip(chip), fixed).options;
}

TEST(ChooseConfig, ExpectedRowsByHand) {
  EXPECT_DOUBLE_EQ(moe::expectedRowsPerExpert(1, 4, 128), 1);
  EXPECT_DOUBLE_EQ(moe::expectedRowsPerExpert(10, 2, 2), 10);
  // Two tokens, one of two experts each: 1.5 experts are active.
  EXPECT_DOUBLE_EQ(moe::expectedRowsPerExpert(2, 1, 2), 2 / 1.5);
  EXPECT_NEAR(moe::expectedRowsPerExpert(4096, 4, 128), 128, 1e-6);
}

TEST(ChooseConfig, RowsOfTheTable) {
  auto row = [](KernelOptions options, int64_t tokens, const char *chip) {
    KernelOptions o = choose(options, tokens, chip);
    return std::array<int64_t, 6>{o.tile->m, o.tile->n, o.tile->k,
                                  o.kWave,   o.kBatch,  o.groupM};
  };
  using Row = std::array<int64_t, 6>;
  EXPECT_EQ(row(gptOss(), 1, "gfx950"), (Row{16, 64, 256, 4, 1, 1}));
  EXPECT_EQ(row(gptOss(), 2, "gfx950"), (Row{16, 64, 256, 2, 1, 1}));
  EXPECT_EQ(row(gptOss(), 8, "gfx950"), (Row{16, 128, 256, 1, 1, 1}));
  EXPECT_EQ(row(gptOss(), 16, "gfx950"), (Row{16, 128, 256, 1, 1, 1}));
  EXPECT_EQ(row(gptOss(), 1024, "gfx950"), (Row{32, 128, 256, 1, 1, 1}));
  EXPECT_EQ(row(gptOss(), 4096, "gfx950"), (Row{64, 256, 128, 1, 1, 2}));
  EXPECT_EQ(row(gptOss(), 16384, "gfx950"), (Row{128, 256, 128, 1, 1, 4}));
  EXPECT_EQ(row(gptOss(), 4096, "gfx942"), (Row{64, 128, 128, 1, 1, 2}));
  EXPECT_EQ(row(gptOss(), 16, "gfx942"), (Row{16, 128, 256, 1, 1, 1}));
  KernelOptions f32 = gptOss();
  f32.outType = OutType::F32;
  EXPECT_EQ(row(f32, 1, "gfx950"), (Row{16, 64, 256, 4, 1, 1}));
  // One expert of another device: 64 of 128 experts are here, rows as before.
  KernelOptions half = gptOss();
  half.experts = 64;
  Workload workload;
  workload.tokens = 16384;
  workload.globalExperts = 128;
  Configuration c =
      chooseConfig(half, workload, *moe::lookupChip("gfx950"), FixedAxes());
  EXPECT_NEAR(c.rowsPerExpert, 512, 1e-6);
  EXPECT_NEAR(c.activeExperts, 64, 1e-6);
}

TEST(ChooseConfig, FixedAxesStay) {
  KernelOptions options = gptOss();
  options.kWave = 2;
  options.cache = CachePolicy::NonTemporal;
  options.xcd = 5;
  options.groupM = 7;
  options.kBatch = 3;
  FixedAxes fixed;
  fixed.kWave = fixed.cache = fixed.xcd = fixed.groupM = fixed.kBatch = true;
  for (int64_t tokens : {1, 16, 64, 5000, 100000}) {
    KernelOptions o = choose(options, tokens, "gfx942", fixed);
    EXPECT_EQ(o.kWave, 2);
    EXPECT_EQ(o.cache, CachePolicy::NonTemporal);
    EXPECT_EQ(o.xcd, 5);
    EXPECT_EQ(o.groupM, 7);
    EXPECT_EQ(o.kBatch, 3);
  }
  // A tile that is given fixes all.
  options = gptOss();
  options.tile = TileShape{16, 64, 128};
  EXPECT_EQ(choose(options, 1, "gfx950").kernelName(), options.kernelName());
}

namespace {
/// The compiler's opinion, with one context for thousands of kernels.
class Judge {
public:
  Judge() {
    context.disableMultithreading();
    context.appendDialectRegistry([] {
      mlir::DialectRegistry registry;
      registry.insert<moe::MoEDialect, mlir::arith::ArithDialect,
                      mlir::gpu::GPUDialect, mlir::memref::MemRefDialect>();
      return registry;
    }());
  }

  /// What is said against a kernel; empty = nothing.
  std::string refuse(const KernelOptions &options, const char *chip) {
    std::string text;
    mlir::ScopedDiagnosticHandler handler(
        &context, [&](mlir::Diagnostic &d) { text += d.str() + "\n"; });
    auto module = buildKernelModule(context, options);
    if (!module)
      return text.empty() ? "no kernel" : text;
    module->walk([&](moe::GroupedGemmOp op) { lds = op.getLdsBytes(); });
    mlir::PassManager passes(&context);
    moe::MoECheckTargetPassOptions passOptions;
    passOptions.chip = chip;
    passes.addNestedPass<mlir::gpu::GPUModuleOp>(
        moe::createMoECheckTargetPass(passOptions));
    if (failed(passes.run(*module)) && text.empty())
      return "refused";
    return text;
  }

  int64_t lds = 0;

private:
  mlir::MLIRContext context;
};

/// Random shapes: mostly small numbers, all magnitudes.
class Shapes {
public:
  explicit Shapes(unsigned seed) : random(seed) {}

  int64_t below(int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random);
  }
  /// From 1 to 2^bits - 1, each number of bits as likely as any other.
  int64_t magnitude(int64_t bits) {
    int64_t high = int64_t(1) << below(bits);
    return high + below(high);
  }
  template <typename T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[below(int64_t(values.size()))];
  }

  KernelOptions options() {
    KernelOptions o;
    o.kernel = pick({KernelKind::Gemm1, KernelKind::Gemm2});
    o.modelDim = 32 * std::min<int64_t>(magnitude(10), 512);
    o.interDim = 32 * std::min<int64_t>(magnitude(10), 512);
    o.topk = std::min<int64_t>(magnitude(8), 255);
    o.experts = magnitude(12);
    o.outType = pick({OutType::BF16, OutType::F16, OutType::F32});
    o.bias = below(2);
    o.accumulate = o.kernel == KernelKind::Gemm1 || below(2);
    o.gate = pick({GateLayout::Separated, GateLayout::Interleaved});
    o.act = pick({Activation::Silu, Activation::Swiglu, Activation::Situv2});
    o.doweight = below(2);
    return o;
  }

private:
  std::mt19937_64 random;
};
} // namespace

TEST(ChooseConfig, TheCompilerAcceptsWhatIsChosenForAnyShape) {
  constexpr unsigned seed = 20260101;
  Shapes shapes(seed);
  Judge judge;
  for (int i = 0; i < 4000; ++i) {
    const char *chip = shapes.pick({"gfx942", "gfx950"});
    KernelOptions options = shapes.options();
    int64_t tokens = shapes.magnitude(24);
    Workload workload;
    workload.tokens = tokens;
    workload.globalExperts = options.experts * shapes.pick({0, 1, 8});
    Configuration c =
        chooseConfig(options, workload, *moe::lookupChip(chip), FixedAxes());
    std::string refused = judge.refuse(c.options, chip);
    ASSERT_EQ(refused, "") << "seed " << seed << ", case " << i
                           << ": moe-compile " << kernelFlagsString(options)
                           << " --chip " << chip << " --tokens " << tokens
                           << " --explain\n"
                           << explainConfig(c, workload,
                                            *moe::lookupChip(chip));
    EXPECT_EQ(c.ldsBytes, judge.lds) << kernelFlagsString(c.options);
    EXPECT_EQ(c.axes.size(), 9u);
  }
}

/// With axes that the user fixes: possible whenever some tile is.
TEST(ChooseConfig, TheCompilerAcceptsWhatIsChosenAroundFixedAxes) {
  constexpr unsigned seed = 20260102;
  Shapes shapes(seed);
  Judge judge;
  FixedAxes fixed;
  fixed.waves = fixed.kWave = fixed.kBatch = true;
  for (int i = 0; i < 2000; ++i) {
    const char *chip = shapes.pick({"gfx942", "gfx950"});
    KernelOptions options = shapes.options();
    int64_t tilesK = (options.k() + 127) / 128;
    options.kWave = shapes.pick({1, 2, 4});
    options.waves = options.kWave * shapes.pick({1, 2, 4, 8});
    if (options.waves > 8)
      options.waves = 4;
    options.kBatch = options.kernel == KernelKind::Gemm2 && options.accumulate
                         ? 1 + shapes.below(5)
                         : 1;
    if (options.kBatch * options.kWave > tilesK)
      continue;
    int64_t tokens = shapes.magnitude(24);
    KernelOptions o = choose(options, tokens, chip, fixed);
    EXPECT_EQ(o.kWave, options.kWave);
    EXPECT_EQ(o.kBatch, options.kBatch);
    ASSERT_EQ(judge.refuse(o, chip), "")
        << "seed " << seed << ", case " << i << ": moe-compile "
        << kernelFlagsString(options) << " --waves " << options.waves
        << " --k-wave " << options.kWave << " --k-batch " << options.kBatch
        << " --chip " << chip << " --tokens " << tokens << " --explain";
  }
}
