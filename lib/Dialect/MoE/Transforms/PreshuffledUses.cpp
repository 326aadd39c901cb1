// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memrefs in a preshuffled layout in the hands of upstream ops: those that only
// pass a value on, and memref.dim. Nothing else can use one.

#include "moe/Dialect/MoE/Transforms/PreshuffledUses.h"
#include "moe/Dialect/MoE/IR/MoE.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/ControlFlow/Transforms/StructuralTypeConversions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace moe;

static bool isPreshuffled(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && isa<PreshuffleAttr>(memref.getLayout());
}

void moe::addPreshuffledConversion(TypeConverter &converter) {
  converter.addConversion([](MemRefType type) -> std::optional<Type> {
    auto layout = dyn_cast<PreshuffleAttr>(type.getLayout());
    if (!layout)
      return std::nullopt;
    return MemRefType::get({layout.getByteSize(type.getShape())},
                           IntegerType::get(type.getContext(), 8),
                           MemRefLayoutAttrInterface(), type.getMemorySpace());
  });
}

LogicalResult moe::checkPreshuffledBytes(PreshuffledOp op) {
  auto bytes = dyn_cast<MemRefType>(op.getBytes().getType());
  if (!op->getParentOfType<gpu::GPUModuleOp>())
    return success();
  if (!bytes)
    return op.emitOpError("expected memrefs in a kernel, got ")
           << op.getBytes().getType();
  SmallVector<int64_t> strides;
  int64_t offset;
  // preshuffled_c4
  if (succeeded(bytes.getStridesAndOffset(strides, offset)) && offset == 0 &&
      strides[0] == 1)
    return success();
  return op.emitOpError("expected contiguous bytes without an offset in a "
                        "kernel (memref.view moves the start), got ")
         << bytes;
}

LogicalResult moe::checkPreshuffledUses(Operation *root) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != root && isa<gpu::GPUModuleOp>(op))
      return WalkResult::skip();
    if (auto view = dyn_cast<PreshuffledOp>(op))
      return WalkResult(checkPreshuffledBytes(view));
    if (isa_and_nonnull<MoEDialect, scf::SCFDialect, cf::ControlFlowDialect>(
            op->getDialect()) ||
        isa<arith::SelectOp, memref::DimOp, func::CallOp, func::ReturnOp,
            gpu::LaunchFuncOp>(op))
      return WalkResult::advance();
    for (Type type :
         llvm::concat<Type>(llvm::to_vector_of<Type>(op->getOperandTypes()),
                            llvm::to_vector_of<Type>(op->getResultTypes())))
      if (isPreshuffled(type))
        return WalkResult(
            op->emitOpError("expected no memref in a preshuffled layout, "
                            "which only moe ops, arith.select, memref.dim, "
                            "branches, loops, calls and launches can use, got ")
            << type);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

namespace {
/// The shape stays logical, so a size is that of the memref before.
struct DimLowering : OpConversionPattern<memref::DimOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(memref::DimOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isPreshuffled(op.getSource().getType()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, value);
    };
    ArrayRef<int64_t> shape =
        cast<MemRefType>(op.getSource().getType()).getShape();
    if (std::optional<int64_t> dim = op.getConstantIndex()) {
      // An index past the rank has no meaning; upstream leaves it undefined.
      bool exists = *dim >= 0 && *dim < static_cast<int64_t>(shape.size());
      rewriter.replaceOp(op, index(exists ? shape[*dim] : 0));
      return success();
    }
    Value wanted = adaptor.getIndex().front(), size = index(shape.front());
    for (auto [dim, length] : llvm::drop_begin(llvm::enumerate(shape))) {
      Value isDim = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, wanted,
                                          index(dim));
      size = arith::SelectOp::create(b, isDim, index(length), size);
    }
    rewriter.replaceOp(op, size);
    return success();
  }
};

struct SelectLowering : OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::SelectOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isPreshuffled(op.getType()))
      return failure();
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, adaptor.getCondition(),
                                                 adaptor.getTrueValue(),
                                                 adaptor.getFalseValue());
    return success();
  }
};
} // namespace

void moe::populatePreshuffledUsePatterns(const TypeConverter &converter,
                                         RewritePatternSet &patterns,
                                         ConversionTarget &target) {
  patterns.add<DimLowering, SelectLowering>(converter, patterns.getContext());
  target.addDynamicallyLegalOp<memref::DimOp>([](memref::DimOp op) {
    return !isPreshuffled(op.getSource().getType());
  });
  target.addDynamicallyLegalOp<arith::SelectOp>(
      [](arith::SelectOp op) { return !isPreshuffled(op.getType()); });
  cf::populateCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                     target);
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                 converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  // Other blocks than the first are converted with the branches to them.
  target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
    return converter.isSignatureLegal(op.getFunctionType()) &&
           (op.isExternal() ||
            converter.isLegal(op.getBody().front().getArgumentTypes()));
  });
  target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
      [&](Operation *op) { return converter.isLegal(op); });
}
