//===- LoaderTest.cpp - code objects, good and bad ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the loader reads from real code objects, launches that must be refused,
// and damaged files: every cut and many flipped bits must give an error or a
// run, never a crash.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Emulator.h"

#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace moe::emulator;

static std::vector<uint8_t> readInput(const std::string &name) {
  auto file = llvm::MemoryBuffer::getFile(std::string(MOE_EMULATOR_INPUTS) +
                                          "/triton/" + name);
  if (!file) {
    ADD_FAILURE() << "cannot read " << name;
    return {};
  }
  llvm::StringRef text = (*file)->getBuffer();
  return std::vector<uint8_t>(text.bytes_begin(), text.bytes_end());
}
static KernelImage loadInput(const std::string &name) {
  return llvm::cantFail(KernelImage::load(readInput(name)));
}
static std::string loadError(llvm::ArrayRef<uint8_t> bytes) {
  auto object = KernelImage::load(bytes);
  return object ? "" : llvm::toString(object.takeError());
}
static std::string runError(const KernelImage &object, const Launch &launch,
                            RunOptions options = RunOptions()) {
  auto result = run(object, launch, options);
  return result ? "" : llvm::toString(result.takeError());
}

/// A launch of the histogram fixture over its own zeroed buffers.
struct Histogram {
  std::vector<uint8_t> x = std::vector<uint8_t>(12000);
  std::vector<uint8_t> h = std::vector<uint8_t>(256);
  KernelImage object = loadInput("histogram.gfx950.hsaco");
  Launch launch() {
    Launch result;
    result.kernel = "hist";
    result.grid = {3, 1, 1};
    result.block = {256, 1, 1};
    result.dynamicLds = 4096;
    result.args = {Arg::buffer(x, "x"), Arg::buffer(h, "h"),
                   Arg::scalar<int32_t>(3000)};
    return result;
  }
};

TEST(Loader, ReadsMetadataAndDescriptor) {
  KernelImage object = loadInput("moe_a16w4_m16.gfx950.hsaco");
  EXPECT_EQ(object.chip(), Chip::GFX950);
  ASSERT_EQ(object.kernels().size(), 1u);
  const KernelInfo &kernel = object.kernels()[0];
  EXPECT_EQ(kernel.name, "grouped_a16w4");
  ASSERT_EQ(kernel.args.size(), 14u);
  EXPECT_EQ(kernel.args[8].valueKind, "global_buffer");
  EXPECT_EQ(kernel.args[9].offset, 72u);
  EXPECT_EQ(kernel.args[9].size, 4u);
  EXPECT_EQ(kernel.kernargSize, 104u);
  EXPECT_EQ(kernel.vgprCount, 200u);
  EXPECT_EQ(kernel.agprCount, 8u);
  EXPECT_EQ(kernel.accumOffset, 192u);
  EXPECT_EQ(kernel.maxFlatWorkgroupSize, 256u);
  EXPECT_EQ(kernel.entryAddress, 0x1800u);
}

TEST(Loader, NamesWhatIsWrongWithAFile) {
  EXPECT_NE(loadError({}).find("expected an ELF file"), std::string::npos);
  std::vector<uint8_t> bytes = readInput("histogram.gfx950.hsaco");
  std::vector<uint8_t> other = bytes;
  other[18] = 62; // x86-64
  EXPECT_NE(loadError(other).find("expected machine AMDGPU"),
            std::string::npos);
  other = bytes;
  other[48] = 0x3f; // gfx90a
  EXPECT_NE(loadError(other).find("got one for gfx90a"), std::string::npos);
  for (uint8_t machine : {0x00, 0x27, 0x7e, 0xff}) { // nobody's
    other[48] = machine;
    EXPECT_NE(loadError(other).find("got one for an unknown processor"),
              std::string::npos);
  }
  other = bytes;
  other.resize(700);
  EXPECT_NE(loadError(other), "");
}

TEST(Loader, EveryTruncationIsAnErrorOrLoads) {
  std::vector<uint8_t> bytes = readInput("histogram.gfx950.hsaco");
  unsigned refused = 0;
  for (size_t size = 0; size < bytes.size(); size += 13) {
    auto object =
        KernelImage::load(llvm::ArrayRef<uint8_t>(bytes).take_front(size));
    if (!object) {
      ++refused;
      EXPECT_NE(llvm::toString(object.takeError()), "");
    }
  }
  EXPECT_GT(refused, bytes.size() / 13 * 3 / 4);
}

TEST(Loader, FlippedBitsNeverCrash) {
  std::vector<uint8_t> bytes = readInput("histogram.gfx950.hsaco");
  Histogram good;
  RunOptions options;
  options.maxInstructions = 20000;
  unsigned refused = 0;
  uint64_t state = 88172645463325252ull;
  for (unsigned round = 0; round < 800; ++round) {
    std::vector<uint8_t> bad = bytes;
    for (unsigned k = 0; k < 1 + round % 3; ++k) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      bad[state % bad.size()] ^= uint8_t(1u << (state >> 40) % 8);
    }
    auto object = KernelImage::load(bad);
    if (!object) {
      llvm::consumeError(object.takeError());
      ++refused;
      continue;
    }
    Launch launch = good.launch();
    if (!object->kernels().empty())
      launch.kernel = object->kernels()[0].name;
    refused += !runError(*object, launch, options).empty();
  }
  EXPECT_GT(refused, 0u);
}

/// The histogram with another small number behind a key of its metadata.
static std::vector<uint8_t> withNumber(const std::string &key, uint8_t number) {
  std::vector<uint8_t> bytes = readInput("histogram.gfx950.hsaco");
  auto found = std::search(bytes.begin(), bytes.end(), key.begin(), key.end());
  if (found == bytes.end() || bytes.end() - found <= long(key.size()) ||
      found[long(key.size())] > 127)
    ADD_FAILURE() << "no small number behind " << key;
  else
    found[long(key.size())] = number; // MessagePack's shortest form
  return bytes;
}

TEST(Loader, AWaveHas64Lanes) {
  EXPECT_EQ(loadError(withNumber(".wavefront_size", 64)), "");
  EXPECT_NE(loadError(withNumber(".wavefront_size", 32))
                .find("expected wavefront size 64, got 32"),
            std::string::npos);
}

TEST(Loader, RegistersOfTheMetadataThatAreNotAllocatedAreNoted) {
  auto object =
      llvm::cantFail(KernelImage::load(withNumber(".vgpr_count", 127)));
  ASSERT_EQ(object.kernels().size(), 1u);
  ASSERT_EQ(object.kernels()[0].notes.size(), 1u);
  EXPECT_NE(object.kernels()[0].notes[0].find(
                "the metadata says 127 vector registers, the descriptor"),
            std::string::npos);
  EXPECT_TRUE(loadInput("histogram.gfx950.hsaco").kernels()[0].notes.empty());
}

TEST(Launch, RunsAndCounts) {
  Histogram t;
  RunOptions options;
  options.stats = true;
  auto result = run(t.object, t.launch(), options);
  ASSERT_TRUE(bool(result)) << llvm::toString(result.takeError());
  uint32_t zeros;
  memcpy(&zeros, t.h.data(), 4);
  EXPECT_EQ(zeros, 3000u);
  EXPECT_EQ(result->stats.workgroups, 3u);
  EXPECT_EQ(result->stats.waves, 12u);
  EXPECT_GT(result->stats.lds, 0u);
  EXPECT_GT(result->stats.globalAtomics, 0u);
}

TEST(Launch, RefusesWhatDoesNotFitTheKernel) {
  Histogram t;
  Launch launch = t.launch();
  launch.kernel = "histo";
  EXPECT_NE(runError(t.object, launch).find("it has: 'hist'"),
            std::string::npos);
  launch = t.launch();
  launch.args[2] = Arg::scalar<int64_t>(3000);
  EXPECT_NE(runError(t.object, launch).find("expected 4 bytes, got 8"),
            std::string::npos);
  launch = t.launch();
  launch.args.resize(6, Arg::scalar<int32_t>(0));
  EXPECT_NE(runError(t.object, launch).find("arguments, got 6"),
            std::string::npos);
  launch = t.launch();
  launch.dynamicLds = 160 * 1024 + 4;
  EXPECT_NE(runError(t.object, launch).find("at most 163840 bytes of LDS"),
            std::string::npos);
  launch = t.launch();
  launch.block = {512, 1, 1};
  EXPECT_NE(runError(t.object, launch).find("at most 256 work items, got 512"),
            std::string::npos);
  launch = t.launch();
  launch.grid[1] = 0;
  EXPECT_NE(runError(t.object, launch).find("at least 1"), std::string::npos);
  launch = t.launch();
  launch.block = {1, 1025, 1};
  EXPECT_NE(runError(t.object, launch)
                .find("at most 1024 work items, got 1025 in one dimension"),
            std::string::npos);
}

TEST(Launch, MissingArgumentsAreZero) {
  Histogram t;
  Launch launch = t.launch();
  launch.args.pop_back(); // no elements
  ASSERT_EQ(runError(t.object, launch), "");
  EXPECT_EQ(t.h, std::vector<uint8_t>(256));
}

TEST(Launch, ABufferThatIsTooSmallNamesThePlace) {
  Histogram t;
  t.h.resize(16);
  std::fill(t.x.begin(), t.x.end(), 5); // a bin far outside
  std::string error = runError(t.object, t.launch());
  EXPECT_NE(error.find("kernel 'hist', workgroup 0,0,0, wave "),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("buffer_atomic_add"), std::string::npos) << error;
  EXPECT_NE(error.find("'h' (16 bytes)"), std::string::npos) << error;
}

TEST(Launch, TheInstructionBudgetEndsARun) {
  Histogram t;
  RunOptions options;
  options.maxInstructions = 100;
  EXPECT_NE(
      runError(t.object, t.launch(), options).find("instruction budget of 100"),
      std::string::npos);
}

TEST(Coverage, EveryFamilyIsThere) {
  for (Chip chip : {Chip::GFX942, Chip::GFX950}) {
    auto names = implementedMnemonics(chip);
    auto has = [&](const char *name) {
      return std::binary_search(names.begin(), names.end(), name);
    };
    for (const char *name :
         {"v_add_f32", "v_mfma_f32_32x32x8_f16", "ds_read_b128",
          "buffer_load_dwordx4", "global_atomic_pk_add_bf16", "s_load_dwordx16",
          "flat_atomic_add", "scratch_load_dword", "v_pk_fma_f32"})
      EXPECT_TRUE(has(name)) << name;
    EXPECT_EQ(has("v_cvt_scalef32_pk_bf16_fp4"), chip == Chip::GFX950);
    EXPECT_EQ(has("ds_read_b64_tr_b16"), chip == Chip::GFX950);
    EXPECT_FALSE(has("v_screen_partition_4se_b32"));
  }
}
