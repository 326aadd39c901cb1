// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel options: derived values, names, and that flags and options are each
// other's inverse.
#include "Driver/Options/KernelFlags.h"

#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

#include <cmath>
#include <set>

using namespace moe::driver;

namespace {

KernelOptions gptOss(KernelKind kernel) {
  KernelOptions options;
  options.kernel = kernel;
  options.modelDim = 2880;
  options.interDim = 1536;
  options.experts = 128;
  options.topk = 4;
  options.tile = TileShape{16, 128, 256};
  return options;
}

TEST(KernelOptions, Dimensions) {
  KernelOptions down = gptOss(KernelKind::Gemm2);
  EXPECT_EQ(down.n(), 2880);
  EXPECT_EQ(down.k(), 1536);
  EXPECT_EQ(down.outColumns(), 2880);
  KernelOptions gateUp = gptOss(KernelKind::Gemm1);
  EXPECT_EQ(gateUp.n(), 3072);
  EXPECT_EQ(gateUp.k(), 2880);
  EXPECT_EQ(gateUp.outColumns(), 1536);
  gateUp.kBatch = 2;
  EXPECT_EQ(gateUp.outColumns(), 1536);
  EXPECT_EQ(gateUp.block(), 256);
}

TEST(KernelOptions, NameOfTheDefaultConfiguration) {
  EXPECT_EQ(gptOss(KernelKind::Gemm2).kernelName(),
            "moe_gemm2_h2880_i1536_e128_t4_16x128x256_bf16");
  EXPECT_EQ(gptOss(KernelKind::Gemm1).kernelName(),
            "moe_gemm1_h2880_i1536_e128_t4_16x128x256_bf16_silu_separated");
}

/// One change of every axis that changes the code.
std::vector<KernelOptions> variants(KernelKind kernel) {
  std::vector<KernelOptions> all(1, gptOss(kernel));
  auto add = [&](auto change) {
    all.push_back(gptOss(kernel));
    change(all.back());
  };
  add([](KernelOptions &o) { o.modelDim = 3072; });
  add([](KernelOptions &o) { o.interDim = 512; });
  add([](KernelOptions &o) { o.experts = 32; });
  add([](KernelOptions &o) { o.topk = 8; });
  add([](KernelOptions &o) { o.tile = TileShape{32, 128, 256}; });
  add([](KernelOptions &o) { o.tile = TileShape{16, 64, 256}; });
  add([](KernelOptions &o) { o.tile = TileShape{16, 128, 128}; });
  add([](KernelOptions &o) { o.outType = OutType::F16; });
  add([](KernelOptions &o) { o.outType = OutType::F32; });
  add([](KernelOptions &o) { o.bias = true; });
  add([](KernelOptions &o) { o.kBatch = 2; });
  add([](KernelOptions &o) { o.kWave = 2; });
  add([](KernelOptions &o) { o.waves = 8; });
  add([](KernelOptions &o) { o.cache = CachePolicy::NonTemporal; });
  add([](KernelOptions &o) { o.xcd = 8; });
  add([](KernelOptions &o) { o.groupM = 4; });
  add([](KernelOptions &o) { o.wavesPerEu = 2; });
  if (kernel == KernelKind::Gemm2) {
    add([](KernelOptions &o) { o.accumulate = false; });
    add([](KernelOptions &o) { o.routingWeight = false; });
  } else {
    add([](KernelOptions &o) { o.act = Activation::Swiglu; });
    add([](KernelOptions &o) { o.act = Activation::Situv2; });
    add([](KernelOptions &o) { o.gate = GateLayout::Interleaved; });
    add([](KernelOptions &o) { o.gate = GateLayout::Rows; });
    add([](KernelOptions &o) { o.doweight = true; });
  }
  return all;
}

TEST(KernelOptions, NamesTellConfigurationsApart) {
  std::set<std::string> names;
  size_t count = 0;
  for (KernelKind kernel : {KernelKind::Gemm1, KernelKind::Gemm2})
    for (const KernelOptions &options : variants(kernel)) {
      names.insert(options.kernelName());
      ++count;
    }
  EXPECT_EQ(names.size(), count);
}

/// The command line made of options, parsed again, makes the same kernel.
TEST(KernelFlags, RoundTrip) {
  for (KernelKind kernel : {KernelKind::Gemm1, KernelKind::Gemm2})
    for (const KernelOptions &options : variants(kernel)) {
      std::string line = kernelFlagsString(options);
      llvm::SmallVector<llvm::StringRef> words;
      llvm::StringRef(line).split(words, ' ');
      std::vector<std::string> copies(words.begin(), words.end());
      std::vector<const char *> args;
      for (const std::string &word : copies)
        args.push_back(word.c_str());
      FlagSet flags("test", "");
      KernelOptions parsed;
      addKernelKindFlag(flags, parsed);
      addKernelFlags(flags, parsed);
      EXPECT_EQ(llvm::toString(flags.parse(args)), "") << line;
      EXPECT_EQ(llvm::toString(requireDimensions(flags)), "");
      EXPECT_EQ(llvm::toString(checkStageFlags(flags, kernel)), "") << line;
      EXPECT_EQ(parsed.kernelName(), options.kernelName());
    }
}

TEST(KernelFlags, Tiles) {
  auto tile = parseTile("64x256x128");
  ASSERT_TRUE(static_cast<bool>(tile)) << llvm::toString(tile.takeError());
  EXPECT_EQ(tile->m, 64);
  EXPECT_EQ(tile->n, 256);
  EXPECT_EQ(tile->k, 128);
  for (const char *bad : {"", "16x128", "16x128x256x1", "-16x128x256",
                          "16x128x1e3", "16X128X256"}) {
    auto refused = parseTile(bad);
    EXPECT_FALSE(static_cast<bool>(refused)) << bad;
    llvm::consumeError(refused.takeError());
  }
  // Well formed: the dialect refuses it, with its own rule.
  auto zero = parseTile("0x128x256");
  EXPECT_TRUE(static_cast<bool>(zero)) << llvm::toString(zero.takeError());
}

TEST(Activation, DefaultsOfEach) {
  KernelOptions options = gptOss(KernelKind::Gemm1);
  EXPECT_TRUE(std::isinf(resolvedActivation(options).limit));
  options.act = Activation::Swiglu;
  EXPECT_EQ(resolvedActivation(options).limit, 7.0f);
  EXPECT_EQ(resolvedActivation(options).alpha, 1.702f);
  options.limit = 3.0f;
  EXPECT_EQ(resolvedActivation(options).limit, 3.0f);
}

} // namespace
