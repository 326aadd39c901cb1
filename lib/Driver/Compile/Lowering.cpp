// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's three calls into the dialect and the pipelines.
#include "Driver/Compile/Lowering.h"
#include "moe/Driver/BuildKernel.h"
#include "moe/InitAll.h"
#include "moe/Pipelines/Pipelines.h"

#include "mlir/Pass/PassManager.h"

namespace moe::driver {

void registerDialects(mlir::DialectRegistry &registry) {
  moe::registerAllDialects(registry);
}

mlir::OwningOpRef<mlir::ModuleOp> buildKernel(mlir::MLIRContext &context,
                                              const KernelOptions &options) {
  return buildKernelModule(context, options);
}

mlir::LogicalResult lower(mlir::ModuleOp module, EmitStage stage,
                          llvm::StringRef chip, const DebugLines &lines) {
  PipelineOptions options;
  options.chip = chip.str();
  options.debugLines = lines.ofInput;
  options.debugTile = lines.tileFile;
  mlir::PassManager passes(module.getContext());
  if (stage == EmitStage::Tile)
    buildMoEToTilePipeline(passes, options);
  else
    buildMoEToROCDLPipeline(passes, options);
  return passes.run(module);
}

} // namespace moe::driver
