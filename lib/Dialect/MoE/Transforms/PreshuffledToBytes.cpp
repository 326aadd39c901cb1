// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-preshuffled-to-bytes: weights and scales of host code as bytes. Kernels
// are left to -convert-moe-to-amdgpu.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Dialect/MoE/Transforms/PreshuffledUses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace moe {
#define GEN_PASS_DEF_MOEPRESHUFFLEDTOBYTESPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

/// The bytes as `type`, which has no offset; memref.view moves the start.
static Value moveStart(ImplicitLocOpBuilder &b, Value bytes, MemRefType type) {
  auto source = cast<MemRefType>(bytes.getType());
  if (source.getLayout().isIdentity())
    return b.createOrFold<memref::CastOp>(type, bytes);
  auto metadata = memref::ExtractStridedMetadataOp::create(b, bytes);
  Value size = arith::ConstantIndexOp::create(b, type.getDimSize(0));
  Value end = arith::AddIOp::create(b, metadata.getOffset(), size);
  auto whole =
      MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  Value base = memref::ReinterpretCastOp::create(
      b, whole, metadata.getBaseBuffer(), OpFoldResult(b.getIndexAttr(0)),
      SmallVector<OpFoldResult>{end},
      SmallVector<OpFoldResult>{b.getIndexAttr(1)});
  return memref::ViewOp::create(b, type, base, metadata.getOffset(),
                                ValueRange());
}

namespace {
struct PreshuffledPattern : OpConversionPattern<PreshuffledOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(PreshuffledOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type =
        getTypeConverter()->convertType<MemRefType>(op.getResult().getType());
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, moveStart(b, adaptor.getBytes(), type));
    return success();
  }
};

struct LaunchPattern : OpConversionPattern<gpu::LaunchFuncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(gpu::LaunchFuncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.modifyOpInPlace(op,
                             [&] { op->setOperands(adaptor.getOperands()); });
    return success();
  }
};

struct MoEPreshuffledToBytesPass
    : moe::impl::MoEPreshuffledToBytesPassBase<MoEPreshuffledToBytesPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkPreshuffledUses(module)))
      return signalPassFailure();
    SmallVector<Operation *> host;
    for (Operation &op : *module.getBody())
      if (!isa<gpu::GPUModuleOp>(op))
        host.push_back(&op);

    TypeConverter converter;
    converter.addConversion([](Type type) { return type; });
    addPreshuffledConversion(converter);
    converter.addSourceMaterialization([](OpBuilder &b, MemRefType type,
                                          ValueRange inputs,
                                          Location loc) -> Value {
      if (inputs.size() != 1 || !getPreshuffle(type))
        return {};
      return PreshuffledOp::create(b, loc, type, inputs[0]);
    });
    RewritePatternSet patterns(&getContext());
    patterns.add<PreshuffledPattern, LaunchPattern>(converter, &getContext());
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    // One that only moe ops use stays, since these take the layout.
    target.addDynamicallyLegalOp<PreshuffledOp>([](PreshuffledOp op) {
      return isa<TensorType>(op.getResult().getType()) ||
             llvm::all_of(op->getUsers(), [](Operation *user) {
               return isa_and_nonnull<MoEDialect>(user->getDialect());
             });
    });
    // Finds the launched kernels, with symbols as they are before any change.
    SymbolTableCollection symbols;
    target.addDynamicallyLegalOp<gpu::LaunchFuncOp>([&](gpu::LaunchFuncOp op) {
      return converter.isLegal(op->getOperandTypes()) ||
             symbols.lookupNearestSymbolFrom<gpu::GPUFuncOp>(
                 module, op.getKernelAttr());
    });
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         target);
    populatePreshuffledUsePatterns(converter, patterns, target);
    if (failed(applyPartialConversion(host, target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
