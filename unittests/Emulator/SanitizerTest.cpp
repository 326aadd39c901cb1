//===- SanitizerTest.cpp - mutated kernels must be reported ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes correct kernels, replaces or weakens one wait or barrier at a time, and
// expects the sanitizers to say so. Where a change is not reported the table
// below says why it changes nothing. The kernels as they are give no report.
//
//===----------------------------------------------------------------------===//

#include "Decode/Decoder.h"
#include "moe/Emulator/Emulator.h"

#include "llvm/Object/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <set>

using namespace moe::emulator;

static std::string inputPath(llvm::StringRef name) {
  return (llvm::Twine(MOE_EMULATOR_INPUTS) + "/triton/" + name).str();
}
static std::vector<uint8_t> readBytes(llvm::StringRef name) {
  auto file = llvm::MemoryBuffer::getFile(inputPath(name));
  if (!file) {
    ADD_FAILURE() << "cannot read " << name.str();
    return {};
  }
  llvm::StringRef text = (*file)->getBuffer();
  return std::vector<uint8_t>(text.bytes_begin(), text.bytes_end());
}

namespace {
/// One of the launch files, with its own copies of the buffers.
struct Fixture {
  explicit Fixture(const std::string &name) {
    auto text = readBytes(name + ".launch.json");
    auto parsed = llvm::cantFail(llvm::json::parse(llvm::StringRef(
        reinterpret_cast<const char *>(text.data()), text.size())));
    const llvm::json::Object &root = *parsed.getAsObject();
    code = readBytes(*root.getString("code_object"));
    launch.kernel = root.getString("kernel")->str();
    for (unsigned d = 0; d < 3; ++d) {
      launch.grid[d] = *(*root.getArray("grid"))[d].getAsInteger();
      launch.block[d] = *(*root.getArray("block"))[d].getAsInteger();
    }
    launch.dynamicLds = *root.getInteger("dynamic_lds");
    for (const auto &value : *root.getArray("args")) {
      const llvm::json::Object &arg = *value.getAsObject();
      original.emplace_back();
      if (*arg.getString("kind") == "buffer") {
        original.back() = readBytes(*arg.getString("file"));
        launch.args.emplace_back(); // takes a copy of the bytes in each run
      } else if (*arg.getString("kind") == "f32")
        launch.args.push_back(Arg::scalar(float(*arg.getNumber("value"))));
      else
        launch.args.push_back(Arg::scalar(int32_t(*arg.getInteger("value"))));
    }
  }
  /// Runs the given code; the number of reports, or of errors.
  size_t reports(llvm::ArrayRef<uint8_t> bytes, uint32_t sanitizers,
                 std::string *first = nullptr) {
    auto buffers = original;
    Launch copy = launch;
    for (size_t i = 0; i < buffers.size(); ++i)
      if (!buffers[i].empty())
        copy.args[i] = Arg::buffer(buffers[i]);
    auto object = llvm::cantFail(KernelImage::load(bytes));
    RunOptions options;
    options.sanitizers = sanitizers;
    options.maxReports = 1;
    options.maxInstructions = 10000000;
    options.threads = threads;
    auto result = run(object, copy, options);
    outputs = buffers;
    if (!result) {
      std::string text = llvm::toString(result.takeError());
      if (first)
        *first = text;
      return 1;
    }
    if (first && !result->reports.empty())
      *first = result->reports[0].message;
    return result->reports.size();
  }
  std::vector<uint8_t> code;
  Launch launch;
  std::vector<std::vector<uint8_t>> original;
  std::vector<std::vector<uint8_t>> outputs; ///< the buffers after a run
  unsigned threads = 1;
};

/// A wait or barrier of a kernel.
struct Site {
  uint64_t address, offset;
  uint32_t word;
  InstClass kind;
};
} // namespace

/// All waits, barriers and s_nops that a wave can reach.
static std::vector<Site> sitesOf(const Fixture &fixture) {
  auto object = llvm::cantFail(KernelImage::load(fixture.code));
  auto disassembler = llvm::cantFail(Disassembler::create(object.chip()));
  auto program = llvm::cantFail(decodeKernel(
      object, *llvm::cantFail(object.kernel(fixture.launch.kernel)),
      *disassembler));
  auto elf =
      llvm::cantFail(llvm::object::ELFFile<llvm::object::ELF64LE>::create(
          llvm::StringRef(reinterpret_cast<const char *>(fixture.code.data()),
                          fixture.code.size())));
  std::vector<Site> sites;
  for (const InstMeta &meta : program->meta) {
    if (meta.kind != InstClass::Wait && meta.kind != InstClass::Barrier &&
        meta.kind != InstClass::Nop)
      continue;
    for (const auto &header : llvm::cantFail(elf.program_headers()))
      if (header.p_type == llvm::ELF::PT_LOAD &&
          meta.address >= header.p_vaddr &&
          meta.address < header.p_vaddr + header.p_filesz) {
        uint64_t offset = meta.address - header.p_vaddr + header.p_offset;
        sites.push_back(
            {meta.address, offset,
             llvm::support::endian::read32le(fixture.code.data() + offset),
             meta.kind});
      }
  }
  return sites;
}

/// Both counts of an s_waitcnt one higher.
static uint32_t weaken(uint32_t word) {
  uint32_t vm = (word & 15) | ((word >> 14) & 3) << 4, lgkm = (word >> 8) & 15;
  vm += vm < 63;
  lgkm += lgkm < 15;
  return (word & 0xffff30f0u) | (vm & 15) | (vm >> 4) << 14 | lgkm << 8;
}

static const char *const fixtures[] = {
    "gemm_bf16_16.gfx942",  "gemm_bf16_16.gfx950",  "histogram.gfx950",
    "moe_a16w4_m16.gfx942", "moe_a16w4_m16.gfx950", "mxgemm_e2m1_e2m1.gfx950",
    "softmax.gfx942",       "softmax.gfx950",       "swiglu_bf16.gfx942"};

/// Waits whose removal changes nothing that a wave can see on the paths that
/// these inputs take.
static const std::set<std::pair<std::string, uint64_t>> redundant = {
    // No LDS access is in flight at this barrier.
    {"gemm_bf16_16.gfx942", 0x1ec4},
    {"gemm_bf16_16.gfx950", 0x2570},
    {"mxgemm_e2m1_e2m1.gfx950", 0x1fe8},
    // Orders global memory before the invalidate at the kernel's end.
    {"histogram.gfx950", 0x18c8},
    // Every load before it has been waited for on the paths that are run.
    {"moe_a16w4_m16.gfx942", 0x3708},
    {"moe_a16w4_m16.gfx950", 0x2f00},
    // Nothing is in flight when control gets there.
    {"moe_a16w4_m16.gfx942", 0x3754},
    // vmcnt(63): with as many younger loads the counter has stalled the wave.
    {"moe_a16w4_m16.gfx942", 0x2590},
    {"moe_a16w4_m16.gfx950", 0x25bc},
    {"moe_a16w4_m16.gfx950", 0x2f4c},
};
/// Waits that may be one weaker: what is still in flight then is waited for
/// again before it matters.
static const std::set<std::pair<std::string, uint64_t>> slack = {
    {"moe_a16w4_m16.gfx942", 0x2590},
};

TEST(Sanitizers, SilentOnCorrectKernels) {
  for (const char *name : fixtures) {
    Fixture fixture(name);
    std::string first;
    EXPECT_EQ(fixture.reports(fixture.code, SanitizeAll, &first), 0u)
        << name << ": " << first;
  }
}

/// The thread sanitizer's build looks at this one.
TEST(Sanitizers, SeveralThreadsDoTheSame) {
  for (const char *name : fixtures) {
    Fixture fixture(name);
    for (uint32_t sanitizers : {uint32_t(0), uint32_t(SanitizeAll)}) {
      fixture.threads = 1;
      EXPECT_EQ(fixture.reports(fixture.code, sanitizers), 0u) << name;
      auto expected = fixture.outputs;
      fixture.threads = 4;
      EXPECT_EQ(fixture.reports(fixture.code, sanitizers), 0u) << name;
      EXPECT_EQ(fixture.outputs, expected) << name;
    }
  }
}

TEST(Sanitizers, EveryDeletedBarrierIsReported) {
  unsigned count = 0;
  for (const char *name : fixtures) {
    Fixture fixture(name);
    for (const Site &site : sitesOf(fixture)) {
      if (site.kind != InstClass::Barrier)
        continue;
      auto code = fixture.code;
      llvm::support::endian::write32le(&code[site.offset], 0xbf800000u);
      EXPECT_GT(fixture.reports(code, SanitizeWait | SanitizeRace), 0u)
          << name << " at " << hexAddress(site.address);
      ++count;
    }
  }
  EXPECT_GE(count, 30u);
}

TEST(Sanitizers, EveryDeletedWaitIsReported) {
  unsigned count = 0;
  for (const char *name : fixtures) {
    Fixture fixture(name);
    for (const Site &site : sitesOf(fixture)) {
      if (site.kind != InstClass::Wait)
        continue;
      auto code = fixture.code;
      llvm::support::endian::write32le(&code[site.offset], 0xbf800000u);
      bool reported = fixture.reports(code, SanitizeWait | SanitizeRace) > 0;
      EXPECT_EQ(reported, !redundant.count({name, site.address}))
          << name << " at " << hexAddress(site.address);
      ++count;
    }
  }
  EXPECT_GE(count, 290u);
}

TEST(Sanitizers, EveryWeakenedWaitIsReported) {
  for (const char *name : {"gemm_bf16_16.gfx942", "gemm_bf16_16.gfx950",
                           "moe_a16w4_m16.gfx942", "softmax.gfx950"}) {
    Fixture fixture(name);
    for (const Site &site : sitesOf(fixture)) {
      if (site.kind != InstClass::Wait)
        continue;
      auto code = fixture.code;
      llvm::support::endian::write32le(&code[site.offset], weaken(site.word));
      bool reported = fixture.reports(code, SanitizeWait | SanitizeRace) > 0;
      EXPECT_EQ(reported, !redundant.count({name, site.address}) &&
                              !slack.count({name, site.address}))
          << name << " at " << hexAddress(site.address);
    }
  }
}

TEST(Sanitizers, EveryShortenedNopIsReported) {
  unsigned count = 0;
  for (const char *name : {"histogram.gfx950", "softmax.gfx950"}) {
    Fixture fixture(name);
    for (const Site &site : sitesOf(fixture)) {
      if (site.kind != InstClass::Nop || (site.word & 15) == 0)
        continue;
      auto code = fixture.code;
      llvm::support::endian::write32le(&code[site.offset], 0xbf800000u);
      std::string first;
      EXPECT_GT(
          fixture.reports(code, SanitizeHazard | SanitizeHazardStrict, &first),
          0u)
          << name << " at " << hexAddress(site.address);
      EXPECT_NE(first.find("wait states"), std::string::npos) << first;
      ++count;
    }
  }
  EXPECT_GE(count, 15u);
}

TEST(Sanitizers, AReportNamesBothPlaces) {
  Fixture fixture("softmax.gfx950");
  for (const Site &site : sitesOf(fixture)) {
    if (site.kind != InstClass::Barrier)
      continue;
    auto code = fixture.code;
    llvm::support::endian::write32le(&code[site.offset], 0xbf800000u);
    std::string first;
    fixture.reports(code, SanitizeRace, &first);
    EXPECT_NE(first.find("race: wave "), std::string::npos) << first;
    EXPECT_NE(first.find("ds_read"), std::string::npos) << first;
    EXPECT_NE(first.find("ds_write"), std::string::npos) << first;
    EXPECT_NE(first.find("workgroup "), std::string::npos) << first;
  }
}
