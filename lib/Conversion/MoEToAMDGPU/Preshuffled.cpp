// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.preshuffled: no data moves, the result is a view of the bytes.

#include "LaneBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace moe;

namespace {
struct PreshuffledLowering : OpConversionPattern<PreshuffledOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(PreshuffledOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto target =
        getTypeConverter()->convertType<MemRefType>(op.getResult().getType());
    auto source = dyn_cast<MemRefType>(adaptor.getBytes().getType());
    if (!source || !target)
      return failure();
    if (source == target) {
      rewriter.replaceOp(op, adaptor.getBytes());
      return success();
    }
    rewriter.replaceOpWithNewOp<memref::ReinterpretCastOp>(
        op, target, adaptor.getBytes(), /*offset=*/0, target.getShape(),
        ArrayRef<int64_t>{1});
    return success();
  }
};
} // namespace

void moe::populatePreshuffledPatterns(const TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns.add<PreshuffledLowering>(converter, patterns.getContext());
}
