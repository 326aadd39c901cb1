// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass from gpu.module to gpu.binary. The code behind it, CodeObject.h,
// needs no MLIR.
#ifndef MOE_CODEOBJECT_PASSES_TD
#define MOE_CODEOBJECT_PASSES_TD

include "mlir/Pass/PassBase.td"

def MoEGPUModuleToBinary
    : Pass<"moe-gpu-module-to-binary", "::mlir::ModuleOp"> {
  let summary = "compile gpu.module ops to code objects in process";
  let description = [{
    Translates each `gpu.module` to LLVM IR, compiles and links it with LLVM and
    lld as libraries, checks that every word of the result decodes on the chip,
    and puts a `gpu.binary` with one `gpu.object` in its place. Unlike
    `gpu-module-to-binary` it starts no program and reads no environment.

    Each field of a `#rocdl.target` is heeded (chip, O, abi, link: files of LLVM
    bitcode such as AMD's device libraries) or refused (another triple, features,
    flags). Without a library, a call of a function that the module only declares
    is an error at the call. A function that the module defines means what its body
    says, whatever its name, and only kernels have a name in the code object. What
    would make numbers other than the ops say (`denormal_fp_math`, `no_nans_fp_math`
    and their like, also in `passthrough`), `target_features` of a kernel,
    `personality` and `llvm.module_asm` are refused; so are kernels that a loader
    would not find: of another linkage than external, or with a name of other
    characters than printable ones, or with a space, `=` or `@` in it. Modules
    whose targets are all of other kinds are left alone. The `gpu.binary` keeps the offloading handler of
    its module.

    Precondition: the modules hold LLVM and ROCDL ops only and the chip is
    known, from the pass's option or from a `#rocdl.target` on the module; where
    both are given they agree. Postcondition: no `gpu.module` is left but those
    for other targets. The grid of a kernel, the string attribute `moe.grid` of its
    function, is in a note of the code object.

    Example: with `chip=gfx950`

    ```mlir
    gpu.module @kernels {
      llvm.func @empty() attributes {gpu.kernel, rocdl.kernel} {
        llvm.return
      }
    }
    ```

    becomes

    ```mlir
    gpu.binary @kernels [#gpu.object<#rocdl.target<O = 3, chip = "gfx950">, kernels = <[#gpu.kernel_metadata<"empty", ...>]>, bin = "\7FELF...">]
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"",
           "chip to compile for; needed where the module has no target">,
    Option<"format", "format", "std::string", /*default=*/"\"bin\"",
           "bin (linked code object) or isa (assembly text)">,
    Option<"optLevel", "opt-level", "int", /*default=*/"-1",
           "LLVM's optimization level, 0 to 3; -1: that of the module's target, "
           "or 3 where it has none">
  ];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::ROCDL::ROCDLDialect"
  ];
}

#endif // MOE_CODEOBJECT_PASSES_TD
