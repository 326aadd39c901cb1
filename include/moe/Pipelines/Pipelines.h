// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes, for those who build a pipeline in C++ and, by
// registration, for the command line. This is the only place that knows it.

#ifndef MOE_PIPELINES_PIPELINES_H
#define MOE_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassOptions.h"

#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace moe {

/// What pipelines of kernels need to know: the chip of the gpu.modules that
/// have no #rocdl.target, for which there is no default; and which lines a code
/// object names in debuggers, profilers and sanitizer reports, if any. These
/// are the lines of the input, where all that an op expands to has the op's
/// line, or those of a file with the IR of the tile level, which shows behind
/// each op where it came from. --moe-to-tile ignores both.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> chip{*this, "chip",
                           llvm::cl::desc("gfx942 or gfx950; may be left "
                                          "out where a module has a target")};
  Option<bool> debugLines{
      *this, "debug-lines",
      llvm::cl::desc("keep the lines of the input in the code object"),
      llvm::cl::init(false)};
  Option<std::string> debugTile{
      *this, "debug-tile",
      llvm::cl::desc("write the IR of the tile level to this file and keep its "
                     "lines in the code object")};
};

/// Kernel ops to pipelined tile ops: -moe-check-kernels, then, in each
/// gpu.module that is not for another target, -moe-choose-schedule,
/// -moe-check-target, -moe-expand-kernel, -moe-pipeline, and at last
/// -moe-check-lowered. A gpu.module without a target gets the one of the
/// option. Registered as --moe-to-tile.
void buildMoEToTilePipeline(mlir::OpPassManager &pm,
                            const PipelineOptions &options);

/// Kernel or tile ops to a gpu.module of LLVM and ROCDL ops. Registered as
/// --moe-to-rocdl.
void buildMoEToROCDLPipeline(mlir::OpPassManager &pm,
                             const PipelineOptions &options);

/// The two halves of it, up to tile ops and from there on, for those who do not
/// verify the IR behind each pass of the second: that takes a quarter of the
/// passes' time.
void buildROCDLPipelineToTile(mlir::OpPassManager &pm,
                              const PipelineOptions &options);
void buildROCDLPipelineFromTile(mlir::OpPassManager &pm,
                                const PipelineOptions &options);

/// What --moe-to-binary needs to know in addition.
struct BinaryPipelineOptions : PipelineOptions {
  Option<std::string> format{
      *this, "format",
      llvm::cl::desc("bin (linked code object, the default) or isa (assembly)"),
      llvm::cl::init("bin")};
};

/// Kernel or tile ops to a gpu.binary, without any outside program. Registered
/// as --moe-to-binary.
void buildMoEToBinaryPipeline(mlir::OpPassManager &pm,
                              const BinaryPipelineOptions &options);

/// What --moe-to-launches needs to know.
struct LaunchPipelineOptions
    : mlir::PassPipelineOptions<LaunchPipelineOptions> {
  Option<std::string> chip{*this, "chip",
                           llvm::cl::desc("gfx942 or gfx950 (required)")};
  Option<int64_t> tokens{
      *this, "tokens",
      llvm::cl::desc("tokens expected where an op does not say"),
      llvm::cl::init(16)};
};

/// Kernel ops of host code, on memrefs, to kernels and gpu.launch_func:
/// -moe-choose-schedule, -moe-decompose, -moe-preshuffled-to-bytes,
/// -moe-outline-kernels. Registered as --moe-to-launches. --moe-to-binary then
/// compiles the kernels.
void buildMoEToLaunchesPipeline(mlir::OpPassManager &pm,
                                const LaunchPipelineOptions &options);

/// Registers the pipelines with the command line.
void registerMoEPipelines();

} // namespace moe

#endif // MOE_PIPELINES_PIPELINES_H
