// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration for tools that have all of MLIR; what a host with dialects of
// its own needs is in Register.cpp, which does not refer to all of MLIR.

#include "moe/InitAll.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void moe::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registerPipelineDependencies(registry);
}

void moe::registerAllPasses() {
  mlir::registerAllPasses();
  registerMoEPasses();
}
