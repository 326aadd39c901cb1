// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pipelines. Clean-up passes stand where a stage would otherwise not read
// well when printed.

#include "moe/Pipelines/Pipelines.h"
#include "moe/CodeObject/Passes.h"
#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"

#include "mlir/Conversion/AMDGPUToROCDL/AMDGPUToROCDL.h"
#include "mlir/Conversion/GPUToROCDL/GPUToROCDLPass.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace moe;

static void addCleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void moe::buildMoEToTilePipeline(OpPassManager &pm,
                                 const PipelineOptions &options) {
  OpPassManager &gpu = pm.nest<gpu::GPUModuleOp>();
  gpu.addPass(createMoECheckTargetPass({options.chip}));
  gpu.addPass(createMoEExpandKernelPass());
  gpu.addPass(createMoEPipelinePass());
  addCleanUp(gpu);
}

void moe::buildMoEToROCDLPipeline(OpPassManager &pm,
                                  const PipelineOptions &options) {
  buildMoEToTilePipeline(pm, options);
  OpPassManager &gpu = pm.nest<gpu::GPUModuleOp>();
  gpu.addPass(createConvertMoEToAMDGPUPass({options.chip}));
  addCleanUp(gpu);
  gpu.addPass(createLoopInvariantCodeMotionPass());
  gpu.addPass(createMoEInsertWaitsPass());

  ConvertAMDGPUToROCDLPassOptions amdgpuOptions;
  amdgpuOptions.chipset = options.chip;
  gpu.addPass(createConvertAMDGPUToROCDLPass(amdgpuOptions));
  gpu.addPass(memref::createExpandStridedMetadataPass());
  gpu.addPass(createLowerAffinePass());
  gpu.addPass(createSCFToControlFlowPass());
  ConvertGpuOpsToROCDLOpsOptions gpuOptions;
  gpuOptions.chipset = options.chip;
  gpuOptions.useBarePtrCallConv = true;
  gpuOptions.runtime = gpu::amd::Runtime::HIP;
  gpu.addPass(createConvertGpuOpsToROCDLOps(gpuOptions));
  // What the pass above leaves of vector ops.
  gpu.addPass(createConvertVectorToLLVMPass());
  addCleanUp(gpu);
  gpu.addPass(createReconcileUnrealizedCastsPass());
}

void moe::buildMoEToBinaryPipeline(OpPassManager &pm,
                                   const BinaryPipelineOptions &options) {
  PipelineOptions lowering;
  lowering.chip = options.chip;
  buildMoEToROCDLPipeline(pm, lowering);
  codeobject::MoEGPUModuleToBinaryOptions binary;
  binary.chip = options.chip;
  binary.format = options.format;
  pm.addPass(codeobject::createMoEGPUModuleToBinary(binary));
}

void moe::registerMoEPipelines() {
  PassPipelineRegistration<PipelineOptions>("moe-to-tile",
                                            "kernel ops to pipelined tile ops",
                                            buildMoEToTilePipeline);
  PassPipelineRegistration<PipelineOptions>(
      "moe-to-rocdl", "moe ops to a gpu.module of LLVM and ROCDL ops",
      buildMoEToROCDLPipeline);
  PassPipelineRegistration<BinaryPipelineOptions>(
      "moe-to-binary", "moe ops to a gpu.binary with a linked code object",
      buildMoEToBinaryPipeline);
}
