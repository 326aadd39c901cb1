// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pipelines in a program that registers no more than the dialects of its
// input: no extension, no translation, no interface.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Driver/BuildKernel.h"
#include "moe/InitAll.h"
#include "moe/Pipelines/Pipelines.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registry.insert<moe::MoEDialect, gpu::GPUDialect, arith::ArithDialect,
                  memref::MemRefDialect>();
  return registry;
}

/// Stage 1: activations need the math dialect, which is not registered.
OwningOpRef<ModuleOp> buildKernel(MLIRContext &context) {
  moe::driver::KernelOptions options;
  options.kernel = moe::driver::KernelKind::Gemm1;
  options.modelDim = 256;
  options.interDim = 256;
  options.experts = 4;
  options.topk = 2;
  options.tile = moe::driver::TileShape{16, 128, 128};
  return moe::driver::buildKernelModule(context, options);
}

TEST(FewRegistrations, ToBinary) {
  for (const char *chip : {"gfx942", "gfx950"}) {
    MLIRContext context(makeRegistry());
    context.loadAllAvailableDialects();
    OwningOpRef<ModuleOp> module = buildKernel(context);
    ASSERT_TRUE(module);
    PassManager passes(&context);
    moe::BinaryPipelineOptions options;
    options.chip = chip;
    moe::buildMoEToBinaryPipeline(passes, options);
    ASSERT_TRUE(succeeded(passes.run(*module)));
    auto binaries = llvm::to_vector(module->getOps<gpu::BinaryOp>());
    ASSERT_EQ(binaries.size(), 1u);
    auto object = cast<gpu::ObjectAttr>(binaries.front().getObjects()[0]);
    EXPECT_TRUE(object.getObject().getValue().starts_with("\x7f"
                                                          "ELF"));
  }
}

TEST(FewRegistrations, NothingElseIsLeft) {
  MLIRContext context(makeRegistry());
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = buildKernel(context);
  ASSERT_TRUE(module);
  PassManager passes(&context);
  moe::PipelineOptions options;
  options.chip = "gfx950";
  moe::buildMoEToROCDLPipeline(passes, options);
  ASSERT_TRUE(succeeded(passes.run(*module)));
  for (auto gpuModule : module->getOps<gpu::GPUModuleOp>())
    gpuModule.walk([&](Operation *op) {
      if (!isa<gpu::GPUModuleOp>(op)) {
        StringRef dialect = op->getDialect()->getNamespace();
        EXPECT_TRUE(dialect == "llvm" || dialect == "rocdl")
            << op->getName().getStringRef().str();
      }
    });
}

/// A pipeline by its name, and by the text of its passes, which is what a
/// reproducer has.
TEST(Registrations, Everything) {
  DialectRegistry registry;
  moe::registerMoE(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::string text = "moe-to-rocdl{chip=gfx950}", results[2];
  for (std::string &result : results) {
    OwningOpRef<ModuleOp> module = buildKernel(context);
    ASSERT_TRUE(module);
    PassManager passes(&context);
    ASSERT_TRUE(succeeded(parsePassPipeline(text, passes)));
    text.clear();
    llvm::raw_string_ostream stream(text);
    llvm::interleaveComma(passes, stream, [&](Pass &pass) {
      pass.printAsTextualPipeline(stream);
    });
    ASSERT_TRUE(succeeded(passes.run(*module)));
    llvm::raw_string_ostream(result) << *module;
  }
  EXPECT_NE(results[0].find("rocdl.kernel"), std::string::npos);
  EXPECT_EQ(results[0], results[1]);
}

} // namespace
