// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiler that has MLIR of its own: it builds the down projection of a layer
// as one op on tensors, with a schedule of which only the tile is said, and
// prints the host code with the launch of its kernel.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/InitAll.h"
#include "moe/Pipelines/Pipelines.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

static OwningOpRef<ModuleOp> build(MLIRContext &context) {
  ImplicitLocOpBuilder b(UnknownLoc::get(&context), &context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getLoc());
  b.setInsertionPointToStart(module->getBody());

  constexpr int64_t e = 8, n = 256, k = 512;
  auto tensor = [&](ArrayRef<int64_t> shape, Type element,
                    Attribute encoding = {}) {
    return RankedTensorType::get(shape, element, encoding);
  };
  int64_t any = ShapedType::kDynamic;
  auto layout = [&](moe::ShuffleRole role) {
    return moe::PreshuffleAttr::get(&context, role, moe::GateLayout::None);
  };
  Type i8 = b.getI8Type(), i32 = b.getI32Type(), f32 = b.getF32Type();
  Type bf16 = b.getBF16Type();
  SmallVector<Type> inputs = {
      tensor({any, n}, f32), tensor({any, k}, bf16), tensor({any}, i8),
      tensor({any}, i8),     tensor({any}, i32),     tensor({any}, i32),
      tensor({any}, f32),    tensor({2}, i32),       i32};
  auto func =
      func::FuncOp::create(b, "down", b.getFunctionType(inputs, {inputs[0]}));
  b.setInsertionPointToStart(func.addEntryBlock());

  moe::GroupedGemmSpec spec;
  spec.stage = moe::Stage::Down;
  spec.accumulate = spec.routingWeight = true;
  spec.out = func.getArgument(0);
  spec.x = func.getArgument(1);
  spec.w = moe::PreshuffledOp::create(b,
                                      tensor({e, n, k},
                                             Float4E2M1FNType::get(&context),
                                             layout(moe::ShuffleRole::Weight)),
                                      func.getArgument(2));
  spec.scale = moe::PreshuffledOp::create(
      b,
      tensor({e, n, k / 32}, Float8E8M0FNUType::get(&context),
             layout(moe::ShuffleRole::Scale)),
      func.getArgument(3));
  spec.sortedIds = func.getArgument(4);
  spec.expertIds = func.getArgument(5);
  spec.sortedWeights = func.getArgument(6);
  spec.numValid = func.getArgument(7);
  spec.tokens = func.getArgument(8);
  spec.topk = 2;
  spec.schedule = moe::Schedule();
  spec.schedule->tileN = 64;
  auto gemm = moe::GroupedGemmOp::create(b, spec);
  func::ReturnOp::create(b, gemm.getResults());
  return module;
}

int main() {
  DialectRegistry registry;
  registry.insert<bufferization::BufferizationDialect>();
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(
      registry);
  moe::registerMoE(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = build(context);

  PassManager passes(&context);
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  passes.addPass(bufferization::createOneShotBufferizePass(bufferize));
  moe::LaunchPipelineOptions launches;
  launches.chip = "gfx950";
  moe::buildMoEToLaunchesPipeline(passes, launches);
  moe::BinaryPipelineOptions binary;
  binary.chip = "gfx950";
  moe::buildMoEToBinaryPipeline(passes, binary);
  if (failed(passes.run(*module)))
    return 1;
  module->print(llvm::outs());
  return 0;
}
