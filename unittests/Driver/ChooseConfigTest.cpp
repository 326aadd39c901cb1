//===- ChooseConfigTest.cpp - the choice of a configuration ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of the documented rules, when a table of schedules decides instead, and
// that what is chosen for random shapes is accepted by the op's verifier and by
// -moe-check-target.
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
  EXPECT_EQ(row(gptOss(), 1024, "gfx950"), (Row{32, 128, 128, 1, 1, 1}));
  KernelOptions padded = gptOss();
  padded.modelDim = 3072;
  EXPECT_EQ(row(padded, 1024, "gfx950"), (Row{32, 256, 128, 1, 1, 1}));
  EXPECT_EQ(row(gptOss(), 4096, "gfx950"), (Row{64, 256, 128, 1, 1, 2}));
  EXPECT_EQ(row(gptOss(), 16384, "gfx950"), (Row{128, 256, 128, 1, 1, 4}));
  // Without an FP4 convert tiles have fewer rows.
  EXPECT_EQ(row(gptOss(), 4096, "gfx942"), (Row{32, 128, 128, 1, 1, 4}));
  EXPECT_EQ(row(padded, 4096, "gfx942"), (Row{32, 256, 128, 1, 1, 4}));
  EXPECT_EQ(row(gptOss(), 16384, "gfx942"), (Row{64, 256, 128, 1, 1, 8}));
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

TEST(ChooseConfig, BordersOfTheRules) {
  // Every expert gets all tokens, so rows an expert are tokens.
  KernelOptions all = gptOss();
  all.experts = all.topk = 2;
  auto tileM = [&](int64_t tokens) {
    return choose(all, tokens, "gfx950").tile->m;
  };
  EXPECT_EQ(tileM(15), 16);
  EXPECT_EQ(tileM(16), 32);
  EXPECT_EQ(tileM(47), 32);
  EXPECT_EQ(tileM(48), 64);
  EXPECT_EQ(tileM(199), 64);
  EXPECT_EQ(tileM(200), 128);
  // K groups are for tile_m 16 only, however few workgroups have work.
  EXPECT_EQ(choose(all, 20, "gfx950").kWave, 1);
  EXPECT_EQ(choose(all, 100, "gfx950").waves, 4);
  EXPECT_EQ(choose(all, 400, "gfx950").waves, 4);
  // 360 workgroups of 64 columns are enough not to add slices of K.
  KernelOptions f32 = gptOss();
  f32.outType = OutType::F32;
  EXPECT_EQ(choose(f32, 2, "gfx950").kBatch, 1);
  // Blocks of 64 rows hold no tile of 128.
  moe::Product product;
  product.rows = product.k = 2880;
  product.experts = product.topk = 2;
  product.blockRows = 64;
  Workload workload;
  workload.tokens = 400;
  EXPECT_EQ(moe::chooseSchedule(product, workload, *moe::lookupChip("gfx950"))
                .schedule.tileM,
            64);
}

TEST(ScheduleBuffers, ByHand) {
  // Two groups of two waves, one register of 4 f32 a lane: half of it, rounded
  // up, through each buffer.
  EXPECT_EQ(moe::sumsBufferBytes(2, 2, 1), 2 * 64 * 4 * 4);
  EXPECT_EQ(moe::sumsBufferBytes(4, 2, 3), 3 * 2 * 2 * 64 * 4 * 4);
  EXPECT_EQ(moe::sumsBufferBytes(1, 4, 8), 0);
  // A tile of 32 x 128 bf16 is 8 KiB; half of an output tile of 32 x 512 in 2
  // bytes is 16 KiB, and one in 4 bytes is not put together in the LDS.
  moe::Product product;
  product.rows = product.k = 2880;
  product.experts = product.topk = 2;
  moe::Schedule schedule;
  schedule.tileM = 32;
  schedule.tileN = 512;
  schedule.tileK = 128;
  EXPECT_EQ(moe::bufferBytes(product, schedule), 16384);
  product.outBytes = 4;
  EXPECT_EQ(moe::bufferBytes(product, schedule), 8192);
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
    o.sort = pick({Sorting::Chosen, Sorting::Off});
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

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// A table with one entry, of GPT-OSS's stage 2 on gfx950.
static moe::ScheduleTable tableWith(const moe::Schedule &schedule) {
  moe::ScheduleTable table;
  table.name = table.chip = "gfx950";
  table.calibrated = true;
  moe::TableEntry entry;
  entry.tokens = 16;
  entry.schedule = schedule;
  entry.us = 40;
  entry.ruleUs = 50;
  table.shapes.push_back({false, 2880, 2880, 128, 4, {entry}});
  return table;
}

static moe::Schedule narrowSchedule() {
  moe::Schedule s;
  s.tileM = 32;
  s.tileN = 64;
  s.tileK = 128;
  s.kWave = 2;
  return s;
}

static Configuration chooseFrom(const moe::ScheduleTable &table,
                                const KernelOptions &options, int64_t tokens,
                                const FixedAxes &fixed = FixedAxes(),
                                int64_t globalExperts = 0) {
  Workload workload;
  workload.tokens = tokens;
  workload.globalExperts = globalExperts;
  return chooseConfig(options, workload, *moe::lookupChip("gfx950"), fixed,
                      table);
}

TEST(ChooseConfig, AnEntryOfTheTableDecides) {
  moe::ScheduleTable table = tableWith(narrowSchedule());
  // 16 times the square root of two is 22.6.
  for (int64_t tokens : {12, 16, 22}) {
    Configuration c = chooseFrom(table, gptOss(), tokens);
    EXPECT_EQ(c.options.tile->m, 32);
    EXPECT_EQ(c.options.tile->n, 64);
    EXPECT_EQ(c.options.tile->k, 128);
    EXPECT_EQ(c.options.kWave, 2);
    EXPECT_EQ(c.options.xcd, 1);
    EXPECT_EQ(c.axes.size(), 9u);
    EXPECT_EQ(c.axes.front().reason, "the table; 16 by the rules");
    EXPECT_EQ(c.source, "the table of gfx950, entry of 16 tokens: 40.00 us "
                        "modelled, 50.00 us by the rules");
  }
  // The policy of the weights is not the table's.
  EXPECT_EQ(chooseFrom(table, gptOss(), 16).options.cache,
            CachePolicy::Default);
  EXPECT_EQ(chooseFrom(table, gptOss(), 20).options.cache,
            CachePolicy::NonTemporal);
  table.calibrated = false;
  EXPECT_NE(chooseFrom(table, gptOss(), 16).source.find("uncalibrated"),
            std::string::npos);
}

TEST(ChooseConfig, WhereTheTableDoesNotFitTheRulesDecide) {
  moe::ScheduleTable table = tableWith(narrowSchedule());
  auto expectRules = [&](const Configuration &c, const KernelOptions &options,
                         int64_t tokens, const FixedAxes &fixed,
                         const char *reason) {
    KernelOptions byRule = choose(options, tokens, "gfx950", fixed);
    EXPECT_EQ(kernelFlagsString(c.options), kernelFlagsString(byRule));
    EXPECT_EQ(c.source, std::string("the rules: ") + reason);
  };
  KernelOptions other = gptOss();
  other.experts = 64;
  expectRules(chooseFrom(table, other, 16), other, 16, {},
              "the table of gfx950 does not have this shape");
  expectRules(chooseFrom(table, gptOss(), 23), gptOss(), 23, {},
              "the table of gfx950 has no entry near 23 tokens");
  EXPECT_EQ(chooseFrom(table, gptOss(), 16, {}, 256).source,
            "the rules: the table of gfx950 is for experts that are all local");
  KernelOptions unsorted = gptOss();
  unsorted.sort = Sorting::Off;
  expectRules(chooseFrom(table, unsorted, 16), unsorted, 16, {},
              "the table of gfx950 is for sorted lists");
  FixedAxes fixed;
  fixed.waves = true;
  KernelOptions eight = gptOss();
  eight.waves = 8;
  expectRules(chooseFrom(table, eight, 16, fixed), eight, 16, fixed,
              "waves is given, and the table of gfx950 has another one");
  // As given, so that the entry has it.
  eight.waves = 4;
  EXPECT_EQ(chooseFrom(table, eight, 16, fixed).options.tile->n, 64);
  KernelOptions blocks = gptOss();
  blocks.blockRows = 16;
  expectRules(chooseFrom(table, blocks, 16), blocks, 16, {},
              "the schedule of the table of gfx950 is not possible here: "
              "expected tile_m to be a divisor of block_rows = 16, got 32");
  KernelOptions sure = gptOss();
  sure.deterministic = true;
  sure.accumulate = false;
  EXPECT_EQ(chooseFrom(table, sure, 16).source,
            "the rules: k_wave is given, and the table of gfx950 has another "
            "one");
  // The output tile takes LDS with two bytes an element only.
  moe::Schedule large;
  large.tileM = 128;
  large.tileN = 512;
  large.tileK = 512;
  large.waves = 8;
  EXPECT_EQ(chooseFrom(tableWith(large), gptOss(), 16).source,
            "the rules: the schedule of the table of gfx950 is not possible "
            "here: expected at most 163840 bytes of LDS on gfx950, got 262144");
}

TEST(ScheduleTable, TextAndBack) {
  moe::ScheduleTable table = tableWith(narrowSchedule());
  table.parameters = "00";
  std::string text = printScheduleTable(table);
  auto again = moe::parseScheduleTable(text, "again");
  ASSERT_TRUE(bool(again)) << toString(again.takeError());
  EXPECT_EQ(printScheduleTable(*again), text);
  EXPECT_EQ(again->shapes[0].entries[0].schedule.kWave, 2);
  auto refused = [&](const char *from, const char *to) {
    std::string changed = text;
    size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, strlen(from), to);
    auto table = moe::parseScheduleTable(changed, "t");
    return table ? std::string("accepted") : toString(table.takeError());
  };
  EXPECT_EQ(
      refused("\"k_wave\": 2", "\"k_wave\": 3"),
      "schedule table 't': shapes[0].entries[0]: expected k_wave to be 1, "
      "2 or 4, got 3");
  EXPECT_EQ(refused("\"k_wave\"", "\"xcd\""),
            "schedule table 't': shapes[0].entries[0]: expected no key 'xcd'");
  EXPECT_EQ(refused("32x64x128", "32x64"),
            "schedule table 't': shapes[0].entries[0]: 'tile': expected MxNxK, "
            "got '32x64'");
  EXPECT_EQ(refused("\"32x64x128\"", "32"),
            "schedule table 't': shapes[0].entries[0]: 'tile': expected a "
            "string MxNxK, got another kind of value");
  EXPECT_EQ(
      refused("\"topk\": 4", "\"topk\": 0"),
      "schedule table 't': shapes[0]: 'topk': expected a number from 1 to "
      "4294967295");
  EXPECT_EQ(refused("gemm2", "gemm3"),
            "schedule table 't': shapes[0]: 'stage': expected gemm1 or gemm2, "
            "got 'gemm3'");
}

/// The built-in tables: each entry is what is chosen, and the compiler takes
/// it.
TEST(ScheduleTable, TheCompilerAcceptsEveryBuiltInEntry) {
  Judge judge;
  for (const char *chip : {"gfx942", "gfx950"}) {
    const moe::ScheduleTable &table = moe::builtInScheduleTable(chip);
    EXPECT_EQ(table.chip, chip);
    EXPECT_EQ(table.calibrated, chip == std::string("gfx950"));
    for (const moe::TableShape &shape : table.shapes)
      for (const moe::TableEntry &entry : shape.entries) {
        KernelOptions options;
        options.kernel = shape.gateUp ? KernelKind::Gemm1 : KernelKind::Gemm2;
        options.modelDim = shape.gateUp ? shape.k : shape.rows;
        options.interDim = shape.gateUp ? shape.rows / 2 : shape.k;
        options.experts = shape.experts;
        options.topk = shape.topk;
        Workload workload;
        workload.tokens = entry.tokens;
        Configuration c = chooseConfig(
            options, workload, *moe::lookupChip(chip), FixedAxes(), table);
        EXPECT_EQ(c.source.rfind("the table", 0), 0u) << c.source;
        EXPECT_EQ(judge.refuse(c.options, chip), "")
            << kernelFlagsString(c.options);
        EXPECT_LE(entry.us, entry.ruleUs);
      }
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

/// Few tokens are not sorted, unless something needs the lists or says so.
TEST(ChooseConfig, SortingIsChosenByTheTokens) {
  KernelOptions options;
  options.kernel = KernelKind::Gemm1;
  auto sorts = [&](int64_t tokens) {
    llvm::Expected<SortChoice> choice = chooseSort(options, tokens);
    if (choice)
      return choice->sort ? std::string("on") : "off";
    return llvm::toString(choice.takeError());
  };
  EXPECT_EQ(sorts(0), "off");
  EXPECT_EQ(sorts(8), "off");
  EXPECT_EQ(sorts(9), "on");
  options.sort = Sorting::On;
  EXPECT_EQ(sorts(1), "on");
  options.sort = Sorting::Off;
  EXPECT_EQ(sorts(1000), "off");
  options.kBatch = 2;
  EXPECT_EQ(sorts(1), "--sort off: expected --k-batch 1 in stage 1, since the "
                      "kernel that finishes it reads sorted lists, got 2");
  options.sort = Sorting::Chosen;
  EXPECT_EQ(sorts(1), "on");
}
