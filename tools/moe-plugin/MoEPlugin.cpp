// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MoEPlugin.so: the dialect and the passes for tools that load plug-ins, such
// as the stock mlir-opt (--load-dialect-plugin, --load-pass-plugin).

#include "moe/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/Compiler.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "MoE", MOE_VERSION,
          [](mlir::DialectRegistry *registry) {
            moe::registerPipelineDependencies(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "MoE", MOE_VERSION,
          [] { moe::registerMoEPasses(); }};
}
