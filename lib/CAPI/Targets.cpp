//===- Targets.cpp - what of LLVM libmoe.so leaves out --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lld initialises every target of LLVM for link-time optimisation, which no
// link of ours does. Linked statically, that is 25 MB of other targets' code
// generators. Here stand empty functions in
// their place. AMDGPU's own functions keep their names for the archives: the
// macros rename the empty ones.
//
//===----------------------------------------------------------------------===//

#define LLVMInitializeAMDGPUTargetInfo moeUnusedTargetInfo
#define LLVMInitializeAMDGPUTarget moeUnusedTarget
#define LLVMInitializeAMDGPUTargetMC moeUnusedTargetMC
#define LLVMInitializeAMDGPUAsmPrinter moeUnusedAsmPrinter
#define LLVMInitializeAMDGPUAsmParser moeUnusedAsmParser

extern "C" {
#define LLVM_TARGET(name)                                                      \
  void LLVMInitialize##name##TargetInfo() {}                                   \
  void LLVMInitialize##name##Target() {}                                       \
  void LLVMInitialize##name##TargetMC() {}
#include "llvm/Config/Targets.def"
#define LLVM_ASM_PRINTER(name)                                                 \
  void LLVMInitialize##name##AsmPrinter() {}
#include "llvm/Config/AsmPrinters.def"
#define LLVM_ASM_PARSER(name)                                                  \
  void LLVMInitialize##name##AsmParser() {}
#include "llvm/Config/AsmParsers.def"
}
