// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM IR to code objects: what the report reads back, and that what a chip
// cannot run, or LLVM cannot compile, is an error that names it.
#include "moe/CodeObject/CodeObject.h"
#include "moe/CodeObject/Report.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

using namespace moe::codeobject;

namespace {

struct Source {
  explicit Source(const std::string &text) {
    llvm::SMDiagnostic diagnostic;
    module = llvm::parseAssemblyString(text, diagnostic, context);
    if (!module)
      ADD_FAILURE() << diagnostic.getMessage().str();
  }
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
};

CompileOptions optionsFor(const std::string &chip) {
  CompileOptions options;
  options.chip = chip;
  return options;
}

std::string errorOf(const std::string &text, const std::string &chip) {
  Source source(text);
  auto object = compile(*source.module, optionsFor(chip));
  if (!object)
    return llvm::toString(object.takeError());
  ADD_FAILURE() << "compiles for " << chip;
  return "";
}

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

/// A loop of one MFMA per 16 bytes, with LDS, a fixed block and a grid.
const char *const loopKernel = R"(
declare <4 x float> @llvm.amdgcn.mfma.f32.16x16x16bf16.1k(
    <4 x i16>, <4 x i16>, <4 x float>, i32, i32, i32)
declare i32 @llvm.amdgcn.workitem.id.x()
@tile = internal addrspace(3) global [2048 x i8] poison, align 16
define amdgpu_kernel void @looping(ptr addrspace(1) %a, ptr addrspace(1) %c, i32 %k)
    #0 !reqd_work_group_size !0 {
entry:
  %id = call i32 @llvm.amdgcn.workitem.id.x()
  %slot = getelementptr <4 x i16>, ptr addrspace(3) @tile, i32 %id
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %acc = phi <4 x float> [ zeroinitializer, %entry ], [ %sum, %loop ]
  %at = add i32 %i, %id
  %p = getelementptr <4 x i16>, ptr addrspace(1) %a, i32 %at
  %v = load <4 x i16>, ptr addrspace(1) %p
  store volatile <4 x i16> %v, ptr addrspace(3) %slot
  %sum = call <4 x float> @llvm.amdgcn.mfma.f32.16x16x16bf16.1k(
      <4 x i16> %v, <4 x i16> %v, <4 x float> %acc, i32 0, i32 0, i32 0)
  %next = add i32 %i, 64
  %more = icmp slt i32 %next, %k
  br i1 %more, label %loop, label %done
done:
  %q = getelementptr <4 x float>, ptr addrspace(1) %c, i32 %id
  store <4 x float> %sum, ptr addrspace(1) %q
  ret void
}
attributes #0 = { "amdgpu-flat-work-group-size"="256,256" "moe.grid"="ceildiv(n,128); num_blocks;1" }
!0 = !{i32 256, i32 1, i32 1}

)";

TEST(CodeObject, ReportReadsTheObject) {
  for (const char *chip : {"gfx90a", "gfx942", "gfx950"}) {
    Source source(loopKernel);
    auto object = compile(*source.module, optionsFor(chip));
    ASSERT_TRUE(static_cast<bool>(object))
        << llvm::toString(object.takeError());
    auto reports = readReports(object->elf);
    ASSERT_TRUE(static_cast<bool>(reports))
        << llvm::toString(reports.takeError());
    ASSERT_EQ(reports->size(), 1u);
    const KernelReport &report = reports->front();
    EXPECT_EQ(report.kernel, "looping");
    EXPECT_EQ(report.chip, chip);
    EXPECT_EQ(report.lds, 2048u);
    EXPECT_EQ(report.scratch, 0u);
    EXPECT_EQ(report.spills, 0u);
    EXPECT_EQ(report.wavesPerSimd, 8u);
    EXPECT_GT(report.vgpr, 4u);
    EXPECT_GT(report.textBytes, 64u);
    EXPECT_EQ(report.block, (std::array<uint32_t, 3>{256, 1, 1}));
    ASSERT_TRUE(report.grid.has_value());
    EXPECT_EQ((*report.grid)[0], "ceildiv(n,128)");
    EXPECT_EQ((*report.grid)[1], "num_blocks");
    ASSERT_TRUE(report.hotLoop.has_value());
    EXPECT_EQ(report.hotLoop->mfma, 1u);
    EXPECT_EQ(report.hotLoop->vmem, 1u);
    EXPECT_EQ(report.hotLoop->lds, 1u);
    EXPECT_GE(report.hotLoop->waitcnt, 1u);
    EXPECT_EQ(report.hotLoop->barrier, 0u);
    EXPECT_LE(report.hotLoop->insts, 30u);
  }
}

TEST(CodeObject, InputModuleStaysAsItIs) {
  Source source(loopKernel);
  std::string before, after;
  llvm::raw_string_ostream(before) << *source.module;
  auto object = compile(*source.module, optionsFor("gfx950"));
  ASSERT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
  llvm::raw_string_ostream(after) << *source.module;
  EXPECT_EQ(before, after);
}

/// Compilations share the target machines of the process: others in between,
/// one that is refused among them, change nothing.
TEST(CodeObject, SameInputGivesTheSameBytes) {
  Source source(loopKernel), other(R"(
define amdgpu_kernel void @other(ptr addrspace(1) %p, <32 x float> %v) {
  store <32 x float> %v, ptr addrspace(1) %p
  ret void
}
)");
  auto first = compile(*source.module, optionsFor("gfx950"));
  for (const char *chip : {"gfx950", "gfx942"})
    for (unsigned level : {0u, 3u}) {
      CompileOptions options = optionsFor(chip);
      options.optLevel = level;
      auto object = compile(*other.module, options);
      EXPECT_TRUE(static_cast<bool>(object))
          << llvm::toString(object.takeError());
    }
  errorOf("define amdgpu_kernel void @k() #0 {\n  ret void\n}\n"
          "attributes #0 = { \"moe.grid\"=\"1;1\" }\n",
          "gfx950");
  auto second = compile(*source.module, optionsFor("gfx950"));
  ASSERT_TRUE(static_cast<bool>(first)) << llvm::toString(first.takeError());
  ASSERT_TRUE(static_cast<bool>(second)) << llvm::toString(second.takeError());
  EXPECT_EQ(first->elf, second->elf);
}

TEST(CodeObject, AssemblyOfTheKernel) {
  Source source(loopKernel);
  auto text = compileToAssembly(*source.module, optionsFor("gfx942"));
  ASSERT_TRUE(static_cast<bool>(text)) << llvm::toString(text.takeError());
  EXPECT_TRUE(contains(*text, "v_mfma_f32_16x16x16_bf16"));
  EXPECT_TRUE(contains(*text, "--gfx942"));
}

/// 40 KiB of LDS a workgroup of 4 waves, one a SIMD: 4 (160 KiB) or 1
/// (64 KiB) workgroups a compute unit.
TEST(CodeObject, LdsLimitsTheOccupancy) {
  std::string text = R"(
@big = internal addrspace(3) global [40960 x i8] poison, align 16
define amdgpu_kernel void @k(ptr addrspace(1) %p, i32 %i) #0 !reqd_work_group_size !0 {
  %a = getelementptr i8, ptr addrspace(3) @big, i32 %i
  store volatile i8 1, ptr addrspace(3) %a
  ret void
}
attributes #0 = { "amdgpu-flat-work-group-size"="256,256" }
!0 = !{i32 256, i32 1, i32 1}
)";
  for (auto [chip, waves] :
       {std::pair<const char *, uint32_t>{"gfx950", 4u}, {"gfx942", 1u}}) {
    Source source(text);
    auto object = compile(*source.module, optionsFor(chip));
    ASSERT_TRUE(static_cast<bool>(object))
        << llvm::toString(object.takeError());
    auto reports = readReports(object->elf);
    ASSERT_TRUE(static_cast<bool>(reports))
        << llvm::toString(reports.takeError());
    EXPECT_EQ(reports->front().wavesPerSimd, waves) << chip;
    EXPECT_FALSE(reports->front().hotLoop.has_value());
    EXPECT_FALSE(reports->front().grid.has_value());
  }
}

/// LLVM emits the gfx950 encoding for any chip; the finished object is refused.
TEST(CodeObject, ScaledConvertIsRefusedWhereTheChipHasNone) {
  std::string text = R"(
declare <2 x bfloat> @llvm.amdgcn.cvt.scalef32.pk.bf16.fp4(i32, float, i32)
define amdgpu_kernel void @k(ptr addrspace(1) %p, i32 %v, float %s) {
  %r = call <2 x bfloat> @llvm.amdgcn.cvt.scalef32.pk.bf16.fp4(i32 %v, float %s, i32 0)
  store <2 x bfloat> %r, ptr addrspace(1) %p
  ret void
}
)";
  for (const char *chip : {"gfx942", "gfx90a"}) {
    std::string error = errorOf(text, chip);
    EXPECT_TRUE(contains(error, "is no instruction of")) << error;
    EXPECT_TRUE(contains(error, chip)) << error;
    EXPECT_TRUE(contains(error, "at 0x")) << error;
    EXPECT_TRUE(contains(error, "word 0x")) << error;
  }
  Source source(text);
  auto object = compile(*source.module, optionsFor("gfx950"));
  EXPECT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
}

/// "Cannot select" ends the process by default; here it is an error, again and
/// again, and good kernels compile after it.
TEST(CodeObject, FatalErrorsOfTheBackEndAreErrors) {
  std::string text = R"(
declare <4 x float> @llvm.amdgcn.mfma.f32.16x16x32.bf16(
    <8 x bfloat>, <8 x bfloat>, <4 x float>, i32, i32, i32)
define amdgpu_kernel void @k(ptr addrspace(1) %p, <8 x bfloat> %a, <4 x float> %c) {
  %r = call <4 x float> @llvm.amdgcn.mfma.f32.16x16x32.bf16(
      <8 x bfloat> %a, <8 x bfloat> %a, <4 x float> %c, i32 0, i32 0, i32 0)
  store <4 x float> %r, ptr addrspace(1) %p
  ret void
}
)";
  for (int i = 0; i < 3; ++i) {
    std::string error = errorOf(text, "gfx942");
    EXPECT_TRUE(contains(error, "Cannot select")) << error;
    EXPECT_TRUE(contains(error, "gfx942")) << error;
  }
  Source source(loopKernel);
  auto object = compile(*source.module, optionsFor("gfx942"));
  EXPECT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
}

TEST(CodeObject, LdsOverTheLimitIsRefused) {
  std::string error = errorOf(R"(
@big = internal addrspace(3) global [70000 x i8] poison, align 16
define amdgpu_kernel void @k(i32 %i) {
  %a = getelementptr i8, ptr addrspace(3) @big, i32 %i
  store volatile i8 1, ptr addrspace(3) %a
  ret void
}
)",
                              "gfx942");
  EXPECT_TRUE(contains(error, "70000")) << error;
  EXPECT_TRUE(contains(error, "65536")) << error;
}

TEST(CodeObject, UndefinedSymbolsAreRefused) {
  std::string error = errorOf(R"(
@elsewhere = external addrspace(1) global i32
define amdgpu_kernel void @k() {
  store i32 1, ptr addrspace(1) @elsewhere
  ret void
}
)",
                              "gfx950");
  EXPECT_TRUE(contains(error, "elsewhere")) << error;
}

TEST(CodeObject, UnknownChipIsRefused) {
  EXPECT_TRUE(contains(errorOf(loopKernel, "gfx951"), "'gfx951'"));
  EXPECT_TRUE(contains(errorOf(loopKernel, ""), "unknown chip"));
}

TEST(CodeObject, GridThatDoesNotParseIsRefused) {
  std::string text = loopKernel;
  size_t at = text.find("ceildiv");
  text.replace(at, 7, "roundup");
  EXPECT_TRUE(contains(errorOf(text, "gfx950"), "roundup"));
}

TEST(CodeObject, FunctionForAnotherChipIsRefused) {
  std::string error = errorOf(
      "define amdgpu_kernel void @k() \"target-cpu\"=\"gfx942\" { ret void }",
      "gfx950");
  EXPECT_TRUE(contains(error, "gfx942")) << error;
}

/// lld would set every option of the process back to its default.
TEST(CodeObject, LinkingKeepsTheOptionsOfTheProcess) {
  static llvm::cl::opt<int> option("moe-test-option", llvm::cl::init(1));
  option = 5;
  Source source(loopKernel);
  auto object = compile(*source.module, optionsFor("gfx950"));
  ASSERT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
  EXPECT_EQ(option.getValue(), 5);
}

/// Three loops: one without MFMA but longer, and two nested ones. The hot loop
/// is the inner of the nested, and the store after it is not counted.
TEST(Report, HotLoopIsTheInnermostWithMostMfma) {
  Source source(R"(
declare <4 x float> @llvm.amdgcn.mfma.f32.16x16x16bf16.1k(
    <4 x i16>, <4 x i16>, <4 x float>, i32, i32, i32)
define amdgpu_kernel void @k(ptr addrspace(1) %a, ptr addrspace(1) %c, i32 %k) {
entry:
  br label %plain
plain:
  %j = phi i32 [ 0, %entry ], [ %jn, %plain ]
  store volatile i32 %j, ptr addrspace(1) %c
  store volatile i32 %j, ptr addrspace(1) %c
  store volatile i32 %j, ptr addrspace(1) %c
  store volatile i32 %j, ptr addrspace(1) %c
  store volatile i32 %j, ptr addrspace(1) %c
  %jn = add i32 %j, 1
  %jm = icmp slt i32 %jn, %k
  br i1 %jm, label %plain, label %outer
outer:
  %o = phi i32 [ 0, %plain ], [ %on, %latch ]
  br label %inner
inner:
  %i = phi i32 [ 0, %outer ], [ %in, %inner ]
  %acc = phi <4 x float> [ zeroinitializer, %outer ], [ %s2, %inner ]
  %v = load volatile <4 x i16>, ptr addrspace(1) %a
  %s1 = call <4 x float> @llvm.amdgcn.mfma.f32.16x16x16bf16.1k(
      <4 x i16> %v, <4 x i16> %v, <4 x float> %acc, i32 0, i32 0, i32 0)
  %s2 = call <4 x float> @llvm.amdgcn.mfma.f32.16x16x16bf16.1k(
      <4 x i16> %v, <4 x i16> %v, <4 x float> %s1, i32 0, i32 0, i32 0)
  %in = add i32 %i, 1
  %im = icmp slt i32 %in, %k
  br i1 %im, label %inner, label %latch
latch:
  store volatile <4 x float> %s2, ptr addrspace(1) %c
  %on = add i32 %o, 1
  %om = icmp slt i32 %on, %k
  br i1 %om, label %outer, label %done
done:
  ret void
}
)");
  auto object = compile(*source.module, optionsFor("gfx950"));
  ASSERT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
  auto reports = readReports(object->elf);
  ASSERT_TRUE(static_cast<bool>(reports))
      << llvm::toString(reports.takeError());
  ASSERT_TRUE(reports->front().hotLoop.has_value());
  EXPECT_EQ(reports->front().hotLoop->mfma, 2u);
  EXPECT_EQ(reports->front().hotLoop->vmem, 1u);
}

TEST(Report, RefusesWhatIsNoCodeObject) {
  std::vector<uint8_t> bytes = {0x7f, 'E', 'L', 'F', 2, 1};
  auto reports = readReports(bytes);
  ASSERT_FALSE(static_cast<bool>(reports));
  EXPECT_TRUE(contains(llvm::toString(reports.takeError()), "not a valid"));
}

TEST(Report, RefusesTruncatedObjects) {
  Source source(loopKernel);
  auto object = compile(*source.module, optionsFor("gfx950"));
  ASSERT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
  for (size_t size : {16, 64, 200, 1000}) {
    auto reports =
        readReports(llvm::ArrayRef<uint8_t>(object->elf).take_front(size));
    EXPECT_FALSE(static_cast<bool>(reports)) << size;
    llvm::consumeError(reports.takeError());
  }
}

} // namespace
