// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's link-time optimizer, which lld refers to and no link of ours uses,
// asks for Polly. A program that links LLVM's static archives, which come
// without Polly, gets this in its place; libLLVM.so has its own.

#include "llvm/Plugins/PassPlugin.h"

llvm::PassPluginLibraryInfo getPollyPluginInfo();
llvm::PassPluginLibraryInfo getPollyPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "none", "", [](llvm::PassBuilder &) {}};
}
