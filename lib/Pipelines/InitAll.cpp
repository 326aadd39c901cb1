// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration for tools; nothing else.

#include "moe/InitAll.h"
#include "moe/CodeObject/Passes.h"
#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/BufferizableOpInterfaceImpl.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Pipelines/Pipelines.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void moe::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registry.insert<MoEDialect>();
  registerBufferizableOpInterfaceExternalModels(registry);
}

void moe::registerMoEPasses() {
  registerMoETransformsPasses();
  registerMoEToAMDGPUPasses();
  codeobject::registerMoECodeObjectPasses();
  registerMoEPipelines();
}

void moe::registerAllPasses() {
  mlir::registerAllPasses();
  registerMoEPasses();
}
