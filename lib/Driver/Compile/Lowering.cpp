// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's three calls into the dialect and the pipelines.
#include "Driver/Compile/Lowering.h"
#include "moe/Driver/BuildKernel.h"
#include "moe/InitAll.h"
#include "moe/Pipelines/Pipelines.h"

#include "mlir/IR/Verifier.h"
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
  mlir::PassManager toTile(module.getContext());
  if (stage == EmitStage::Tile)
    buildMoEToTilePipeline(toTile, options);
  else
    buildROCDLPipelineToTile(toTile, options);
  if (mlir::failed(toTile.run(module)))
    return mlir::failure();
  if (stage == EmitStage::Tile)
    return mlir::success();
  // From here on the IR is large: it is verified once, at the end.
  mlir::PassManager fromTile(module.getContext());
  fromTile.enableVerifier(false);
  buildROCDLPipelineFromTile(fromTile, options);
  if (mlir::failed(fromTile.run(module)))
    return mlir::failure();
  return mlir::verify(module);
}

} // namespace moe::driver
