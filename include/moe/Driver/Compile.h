// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiling one kernel in process, for tools and libraries: options or IR text
// in, a linked code object with its report out. No MLIR type appears here, so
// users of this header need none.
#ifndef MOE_DRIVER_COMPILE_H
#define MOE_DRIVER_COMPILE_H

#include "moe/CodeObject/Grid.h"
#include "moe/CodeObject/Report.h"
#include "moe/Driver/KernelOptions.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace moe::driver {

/// A linked code object with one kernel.
struct CompiledKernel {
  /// The ELF file, as a loader takes it.
  std::vector<uint8_t> elf;
  /// Symbol of the kernel (its descriptor is kernelName + ".kd").
  std::string kernelName;
  /// Everything read back from `elf`.
  codeobject::KernelReport report;
  /// Workgroups in x, y, z as expressions; codeobject::evaluateGrid() makes
  /// numbers of them. Empty for hand-written IR without a moe.grid attribute.
  codeobject::GridExpressions grid;
  /// Threads of a workgroup in x, y, z.
  std::array<uint32_t, 3> block = {0, 0, 0};
  /// Why the cache does not keep it; empty where it does, or was not asked to.
  std::string cacheWarning;
};

/// Stages whose text can be had: kernel-level IR, tile-level IR after
/// pipelining, LLVM IR, assembly, and the linked code object itself.
enum class EmitStage { Mlir, Tile, Llvm, Asm, Hsaco };

/// Which lines a code object carries for debuggers and reports, if any.
struct DebugLines {
  /// Those of the input text.
  bool ofInput = false;
  /// Those of a file that is written with the IR of the tile level; "" = none.
  std::string tileFile;
};

/// A folder of finished code objects that processes may share. What it holds is
/// found by everything a code object depends on: the IR, the chip, LLVM's
/// version and the build of this compiler.
struct CompileCache {
  /// Created if it is missing; "" = no cache. One that cannot be made is an
  /// error, one that cannot be written to, or is full, a warning.
  std::string folder;
  /// Files that were used longest ago are removed above it.
  uint64_t megabytes = 256;
};

/// Error unless `chip` is exactly one of the known chips; the message lists
/// them.
llvm::Error checkChip(llvm::StringRef chip);

/// Compiles the kernel that `options` describe, or takes it from `cache`, which
/// kernels with debug lines do not use. The message of an error is one or more
/// complete diagnostics.
llvm::Expected<CompiledKernel> compileKernel(const KernelOptions &options,
                                             llvm::StringRef chip,
                                             const DebugLines &lines = {},
                                             const CompileCache &cache = {});

/// The same for MLIR text: a module with one kernel in any stage from
/// kernel-level IR on. `name` is what diagnostics call the text; empty: it is
/// made from options and nobody has seen it, so that they name no line. `chip`
/// may be empty where the gpu.module has a #rocdl.target, else both agree.
llvm::Expected<CompiledKernel>
compileIR(llvm::StringRef text, llvm::StringRef name, llvm::StringRef chip,
          const DebugLines &lines = {}, const CompileCache &cache = {});

/// The text of a stage before the code object (not EmitStage::Hsaco).
llvm::Expected<std::string> emitKernel(const KernelOptions &options,
                                       EmitStage stage, llvm::StringRef chip,
                                       const DebugLines &lines = {});
llvm::Expected<std::string> emitIR(llvm::StringRef text, llvm::StringRef name,
                                   EmitStage stage, llvm::StringRef chip,
                                   const DebugLines &lines = {});

} // namespace moe::driver

#endif // MOE_DRIVER_COMPILE_H
