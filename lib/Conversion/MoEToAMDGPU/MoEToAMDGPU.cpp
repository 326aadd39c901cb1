// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -convert-moe-to-amdgpu: the function signatures and the driver. The types are
// in TypeConversion.cpp, the patterns in the files of their families.

#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "CheckBlocks.h"
#include "FreeBuffers.h"
#include "LaneBuilder.h"
#include "moe/Dialect/MoE/Transforms/PreshuffledUses.h"
#include "moe/Target/ModuleTarget.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTMOETOAMDGPUPASS
#include "moe/Conversion/MoEToAMDGPU/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// The patterns of all tile ops but moe.sync.
static void populatePatterns(const TypeConverter &converter, const Chip &chip,
                             const FreeBuffers &free,
                             RewritePatternSet &patterns) {
  populateGatherPatterns(converter, chip, patterns);
  populateLoadPatterns(converter, patterns);
  populateUnpackPatterns(converter, chip, patterns);
  populateMfmaPatterns(converter, chip, patterns);
  populateEpiloguePatterns(converter, patterns);
  populatePreshuffledPatterns(converter, patterns);
  populateScatterPatterns(converter, chip, free, patterns);
}

namespace {
/// Converts the argument types of a gpu.func, attributions included.
struct FuncSignatureLowering : OpConversionPattern<gpu::GPUFuncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TypeRange blockTypes = op.getBody().front().getArgumentTypes();
    TypeConverter::SignatureConversion signature(blockTypes.size());
    if (failed(getTypeConverter()->convertSignatureArgs(blockTypes, signature)))
      return failure();
    TypeConverter::SignatureConversion inputs(op.getNumArguments());
    if (failed(getTypeConverter()->convertSignatureArgs(op.getArgumentTypes(),
                                                        inputs)))
      return failure();
    if (inputs.getConvertedTypes().size() != op.getNumArguments())
      return rewriter.notifyMatchFailure(
          op, "a fragment cannot be a function argument");
    rewriter.modifyOpInPlace(op, [&] {
      op.setType(FunctionType::get(op.getContext(), inputs.getConvertedTypes(),
                                   op.getResultTypes()));
      rewriter.applySignatureConversion(&op.getBody().front(), signature);
    });
    return success();
  }
};

struct ConvertMoEToAMDGPUPass
    : moe::impl::ConvertMoEToAMDGPUPassBase<ConvertMoEToAMDGPUPass> {
  using ConvertMoEToAMDGPUPassBase::ConvertMoEToAMDGPUPassBase;

  void runOnOperation() override {
    if (isForeign(getOperation()))
      return;
    FailureOr<const Chip *> found = getChip(getOperation(), chip);
    if (failed(found))
      return signalPassFailure();
    const Chip *target = *found;
    if (failed(checkBlocks(getOperation())))
      return signalPassFailure();
    TypeConverter converter;
    populateMoEToAMDGPUTypeConversions(converter);
    RewritePatternSet patterns(&getContext());
    populatePatterns(converter, *target, FreeBuffers(getOperation()), patterns);
    patterns.add<FuncSignatureLowering>(converter, &getContext());

    ConversionTarget conversion(getContext());
    conversion.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    conversion.addIllegalDialect<MoEDialect>();
    conversion.addLegalOp<SyncOp>();
    conversion.addDynamicallyLegalOp<gpu::GPUFuncOp>([&](gpu::GPUFuncOp op) {
      return converter.isLegal(op.getBody().front().getArgumentTypes());
    });
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         conversion);
    populatePreshuffledUsePatterns(converter, patterns, conversion);
    if (failed(checkPreshuffledUses(getOperation())) ||
        failed(applyPartialConversion(getOperation(), conversion,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void moe::populateMoEToAMDGPUPatterns(const TypeConverter &converter,
                                      const Chip &chip,
                                      RewritePatternSet &patterns) {
  populatePatterns(converter, chip, FreeBuffers(), patterns);
}
