// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pipelines. Clean-up passes stand where a stage would otherwise not read
// well when printed.

#include "moe/Pipelines/Pipelines.h"
#include "ExactUserCode.h"
#include "Files/Files.h"
#include "Interfaces.h"
#include "LaneOps.h"
#include "LowerUserCode.h"
#include "moe/CodeObject/Passes.h"
#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/Conversion/AMDGPUToROCDL/AMDGPUToROCDL.h"
#include "mlir/Conversion/GPUToROCDL/GPUToROCDLPass.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/AMDGPU/Utils/Chipset.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LocationSnapshot.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe;

namespace {
/// The passes of this file can be part of a textual pipeline, such as that of a
/// reproducer: they take what they need as options, and they are registered.
struct ChipOption : Pass::Option<std::string> {
  explicit ChipOption(Pass &pass)
      : Option(pass, "chip", llvm::cl::desc("the chip, like gfx950")) {}
  using Option::operator=;
};
} // namespace

static void addCleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

namespace {
/// Vector ops that convert to LLVM ops only by others: transfers, products and
/// reductions of several dimensions in user code. Memory spaces of the gpu
/// dialect are converted later, with the loads and stores that remain.
struct LowerVectorsPass : PassWrapper<LowerVectorsPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerVectorsPass)

  StringRef getArgument() const override { return "moe-lower-vectors"; }
  StringRef getDescription() const override {
    return "vector ops without a conversion to LLVM to those that have one";
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    vector::populateVectorContractLoweringPatterns(
        patterns, vector::VectorContractLowering::OuterProduct);
    vector::populateVectorOuterProductLoweringPatterns(patterns);
    vector::populateVectorMultiReductionLoweringPatterns(
        patterns, vector::VectorMultiReductionLowering::InnerReduction);
    vector::populateVectorTransposeLoweringPatterns(
        patterns, vector::VectorTransposeLowering::EltWise);
    vector::populateVectorMaskOpLoweringPatterns(patterns);
    vector::populateVectorStepLoweringPatterns(patterns);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/true);
    vector::populateVectorTransferLoweringPatterns(patterns,
                                                   /*maxTransferRank=*/1);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Passes of one gpu.module
//===----------------------------------------------------------------------===//

static void addTilePasses(OpPassManager &gpu, const std::string &chip) {
  gpu.addPass(createExactUserCodePass());
  MoEChooseSchedulePassOptions schedule;
  schedule.chip = chip;
  gpu.addPass(createMoEChooseSchedulePass(schedule));
  gpu.addPass(createMoECheckTargetPass({chip}));
  gpu.addPass(createMoEExpandKernelPass());
  gpu.addPass(createMoEPipelinePass());
  addCleanUp(gpu);
}

namespace {
/// gpu.subgroup_reduce over a wave to DPP moves, which take no LDS, in clusters
/// to gpu.shuffle; gpu.shuffle to what the conversion to ROCDL does in groups
/// of lanes; gpu.rotate to gpu.shuffle.
struct LowerReductionsPass
    : PassWrapper<LowerReductionsPass, OperationPass<gpu::GPUModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerReductionsPass)

  LowerReductionsPass() = default;
  LowerReductionsPass(const LowerReductionsPass &other) : PassWrapper(other) {}
  explicit LowerReductionsPass(const std::string &name) { chip = name; }

  StringRef getArgument() const override { return "moe-lower-reductions"; }
  StringRef getDescription() const override {
    return "gpu.subgroup_reduce to DPP moves, gpu.shuffle in groups of lanes";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<amdgpu::AMDGPUDialect, arith::ArithDialect, LLVM::LLVMDialect,
                ROCDL::ROCDLDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    FailureOr<const Chip *> found = getChip(getOperation(), chip);
    if (failed(found))
      return signalPassFailure();
    unsigned lanes = (*found)->waveLanes;
    if (failed(checkLaneOps(getOperation(), lanes)))
      return signalPassFailure();
    prepareReductions(getOperation(), lanes);
    RewritePatternSet patterns(&getContext());
    populateGpuLowerSubgroupReduceToDPPPatterns(
        patterns, lanes, *amdgpu::Chipset::parse((*found)->name));
    for (unsigned bits : {32, 64})
      populateGpuLowerClusteredSubgroupReduceToShufflePatterns(
          patterns, lanes, /*shuffleBitwidth=*/bits,
          /*benefit=*/bits == 32 ? 2 : 1);
    populateShufflePatterns(patterns, lanes);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }

  ChipOption chip{*this};
};
} // namespace

static void addROCDLPasses(OpPassManager &gpu, const std::string &chip) {
  gpu.addPass(createLowerUserCodePass());
  gpu.addPass(std::make_unique<LowerReductionsPass>(chip));
  gpu.addPass(createConvertMoEToAMDGPUPass({chip}));
  addCleanUp(gpu);
  gpu.addPass(createLoopInvariantCodeMotionPass());
  gpu.addPass(createMoEOverlapProductsPass());
  gpu.addPass(createMoEInsertWaitsPass());

  ConvertAMDGPUToROCDLPassOptions amdgpuOptions;
  amdgpuOptions.chipset = chip;
  gpu.addPass(createConvertAMDGPUToROCDLPass(amdgpuOptions));
  gpu.addPass(memref::createExpandStridedMetadataPass());
  gpu.addPass(createLowerAffinePass());
  gpu.addPass(std::make_unique<LowerVectorsPass>());
  gpu.addPass(createSCFToControlFlowPass());
  ConvertGpuOpsToROCDLOpsOptions gpuOptions;
  gpuOptions.chipset = chip;
  gpuOptions.useBarePtrCallConv = true;
  gpuOptions.runtime = gpu::amd::Runtime::HIP;
  gpu.addPass(createConvertGpuOpsToROCDLOps(gpuOptions));
  // What the pass above leaves of vector and ub ops, and the constants and sums
  // that those become.
  gpu.addPass(createConvertVectorToLLVMPass());
  gpu.addPass(createArithToLLVMConversionPass());
  gpu.addPass(createUBToLLVMConversionPass());
  addCleanUp(gpu);
  gpu.addPass(createReconcileUnrealizedCastsPass());
}

namespace {
/// Gives each gpu.module without a target the one of the option, and refuses
/// what cannot be compiled for.
struct AttachTargetPass
    : PassWrapper<AttachTargetPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AttachTargetPass)

  AttachTargetPass() = default;
  AttachTargetPass(const AttachTargetPass &other) : PassWrapper(other) {}
  explicit AttachTargetPass(const std::string &name) { chip = name; }

  StringRef getArgument() const override { return "moe-attach-target"; }
  StringRef getDescription() const override {
    return "a #rocdl.target for each gpu.module without a target";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<ROCDL::ROCDLDialect>();
  }

  void runOnOperation() override {
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      if (isForeign(module))
        continue;
      FailureOr<const Chip *> found = getChip(module, chip);
      if (failed(found))
        return signalPassFailure();
      if (!module.getTargetsAttr())
        module.setTargetsAttr(ArrayAttr::get(
            &getContext(), {ROCDL::ROCDLTargetAttr::get(
                               &getContext(), /*optLevel=*/3,
                               "amdgcn-amd-amdhsa", (*found)->name)}));
    }
  }

  ChipOption chip{*this};
};

/// Which passes of one gpu.module.
enum class Part { ToTile, TileToROCDL };

/// Runs the passes of one gpu.module on each that is not for another target,
/// with the chip of its target.
struct LowerKernelsPass
    : PassWrapper<LowerKernelsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerKernelsPass)
  LowerKernelsPass() = default;
  LowerKernelsPass(const LowerKernelsPass &other) : PassWrapper(other) {}
  explicit LowerKernelsPass(Part which) { part = which; }

  StringRef getArgument() const override { return "moe-lower-kernels"; }
  StringRef getDescription() const override {
    return "the passes of a pipeline, on each gpu.module for its own chip";
  }

  /// Also what the conversions look up among the registered interfaces: a
  /// program that uses a pipeline need not know them.
  void getDependentDialects(DialectRegistry &registry) const override {
    OpPassManager passes(gpu::GPUModuleOp::getOperationName());
    addPasses(passes, /*chip=*/"");
    passes.getDependentDialects(registry);
    registerConversionInterfaces(registry);
  }

  void runOnOperation() override {
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      if (isForeign(module))
        continue;
      FailureOr<const Chip *> chip = getChip(module, /*option=*/"");
      if (failed(chip))
        return signalPassFailure();
      OpPassManager passes(gpu::GPUModuleOp::getOperationName());
      addPasses(passes, (*chip)->name.str());
      if (failed(runPipeline(passes, module)))
        return signalPassFailure();
    }
  }

  void addPasses(OpPassManager &passes, const std::string &chip) const {
    if (part == Part::ToTile)
      addTilePasses(passes, chip);
    else
      addROCDLPasses(passes, chip);
  }

  Option<Part> part{
      *this, "part", llvm::cl::desc("which passes"),
      llvm::cl::init(Part::ToTile),
      llvm::cl::values(
          clEnumValN(Part::ToTile, "to-tile", "kernel ops to tile ops"),
          clEnumValN(Part::TileToROCDL, "tile-to-rocdl",
                     "tile ops to LLVM and ROCDL ops"))};
};
} // namespace

namespace {
/// What -snapshot-op-locations does, with a file that is written whole or not
/// at all and an error where upstream's stream would end the process.
struct SnapshotLinesPass : PassWrapper<SnapshotLinesPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SnapshotLinesPass)

  SnapshotLinesPass() = default;
  SnapshotLinesPass(const SnapshotLinesPass &other) : PassWrapper(other) {}
  explicit SnapshotLinesPass(const std::string &path) { file = path; }

  StringRef getArgument() const override { return "moe-snapshot-lines"; }
  StringRef getDescription() const override {
    return "writes the IR to a file, whose lines are then its locations";
  }

  void runOnOperation() override {
    std::string text;
    llvm::raw_string_ostream os(text);
    generateLocationsFromIR(os, file, getOperation(),
                            OpPrintingFlags().enableDebugInfo());
    if (llvm::Error error =
            files::writeFile(file, {llvm::arrayRefFromStringRef(text)})) {
      getOperation()->emitError() << llvm::toString(std::move(error));
      signalPassFailure();
    }
  }

  Option<std::string> file{*this, "file", llvm::cl::desc("the file")};
};
} // namespace

//===----------------------------------------------------------------------===//
// Pipelines
//===----------------------------------------------------------------------===//

void moe::buildMoEToTilePipeline(OpPassManager &pm,
                                 const PipelineOptions &options) {
  pm.addPass(std::make_unique<AttachTargetPass>(options.chip));
  pm.addPass(createMoECheckKernelsPass());
  pm.addPass(std::make_unique<LowerKernelsPass>(Part::ToTile));
  pm.addPass(createMoECheckLoweredPass());
}

void moe::buildROCDLPipelineToTile(OpPassManager &pm,
                                   const PipelineOptions &options) {
  pm.addPass(std::make_unique<AttachTargetPass>(options.chip));
  pm.addPass(createMoECheckKernelsPass({/*arguments=*/true}));
  pm.addPass(std::make_unique<LowerKernelsPass>(Part::ToTile));
  if (!options.debugTile.empty())
    pm.addPass(std::make_unique<SnapshotLinesPass>(options.debugTile));
}

void moe::buildROCDLPipelineFromTile(OpPassManager &pm,
                                     const PipelineOptions &options) {
  pm.addPass(std::make_unique<LowerKernelsPass>(Part::TileToROCDL));
  if (options.debugLines || !options.debugTile.empty())
    pm.addPass(LLVM::createDIScopeForLLVMFuncOpPass(
        {LLVM::DIEmissionKind::LineTablesOnly}));
  pm.addPass(createMoECheckLoweredPass({/*translatable=*/true}));
}

void moe::buildMoEToROCDLPipeline(OpPassManager &pm,
                                  const PipelineOptions &options) {
  buildROCDLPipelineToTile(pm, options);
  buildROCDLPipelineFromTile(pm, options);
}

void moe::buildMoEToBinaryPipeline(OpPassManager &pm,
                                   const BinaryPipelineOptions &options) {
  buildMoEToROCDLPipeline(pm, options);
  codeobject::MoEGPUModuleToBinaryOptions binary;
  binary.chip = options.chip;
  binary.format = options.format;
  pm.addPass(codeobject::createMoEGPUModuleToBinary(binary));
  // Host code that launches the kernels with weights as arguments.
  pm.addPass(createMoEPreshuffledToBytesPass());
}

void moe::buildMoEToLaunchesPipeline(OpPassManager &pm,
                                     const LaunchPipelineOptions &options) {
  MoEChooseSchedulePassOptions schedule;
  schedule.chip = options.chip;
  schedule.tokens = options.tokens;
  pm.addPass(createMoEChooseSchedulePass(schedule));
  pm.addPass(createMoEDecomposePass());
  pm.addPass(createMoEPreshuffledToBytesPass());
  pm.addPass(createMoEOutlineKernelsPass({options.chip}));
}

void moe::registerMoEPipelines() {
  PassRegistration<AttachTargetPass>();
  PassRegistration<LowerKernelsPass>();
  PassRegistration<LowerReductionsPass>();
  PassRegistration<LowerVectorsPass>();
  registerPass(createExactUserCodePass);
  registerPass(createLowerUserCodePass);
  PassRegistration<SnapshotLinesPass>();
  PassPipelineRegistration<LaunchPipelineOptions>(
      "moe-to-launches",
      "kernel ops of host code, on memrefs, to kernels and launches",
      buildMoEToLaunchesPipeline);
  PassPipelineRegistration<PipelineOptions>("moe-to-tile",
                                            "kernel ops to pipelined tile ops",
                                            buildMoEToTilePipeline);
  PassPipelineRegistration<PipelineOptions>(
      "moe-to-rocdl", "moe ops to a gpu.module of LLVM and ROCDL ops",
      buildMoEToROCDLPipeline);
  PassPipelineRegistration<BinaryPipelineOptions>(
      "moe-to-binary", "moe ops to a gpu.binary with a linked code object",
      buildMoEToBinaryPipeline);
}
