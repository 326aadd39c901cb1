// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads of preshuffled weights and scales into registers: moe.load_weight and
// moe.load_scale. docs/Layouts.md, "Weights" and "Scales", has the bytes.

#include "LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

/// The descriptor of one expert of a preshuffled memref; the offset of the
/// expert is 64 bits wide.
static Value describeExpert(LaneBuilder &b, Value memref, MemRefType type,
                            Value expert) {
  auto layout = cast<PreshuffleAttr>(type.getLayout());
  int64_t bytes = layout.getByteSize(type.getShape()) / type.getDimSize(0);
  Value base = b.pointer(memref);
  Value expert64 =
      arith::IndexCastUIOp::create(b, b.getI64Type(), expert);
  Value size = arith::ConstantOp::create(b, b.getI64IntegerAttr(bytes));
  Value offset = arith::MulIOp::create(b, expert64, size);
  Value first =
      LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                          ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(offset)});
  return b.descriptor(first, size);
}

namespace {

struct LoadWeightLowering : OpConversionPattern<LoadWeightOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LoadWeightOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    MemRefType type = op.getW().getType();
    Value rsrc = describeExpert(b, adaptor.getW(), type, adaptor.getExpert());
    // A block of 16 rows is 8 * Kp bytes, one of 16 rows x 128 K is 1024, and
    // the lanes' 16 bytes follow each other: lane * 16.
    int64_t rowBlockBytes = 8 * llvm::alignTo(type.getDimSize(2), 128);
    Value rowBlock = b.toI32(b.div(adaptor.getN(), 16));
    Value offset = b.add(b.mul(rowBlock, rowBlockBytes),
                         b.toI32(b.mul(b.lane(), 16)));
    Value k = b.mul(b.toI32(b.div(adaptor.getK(), 128)), 1024);
    auto fragmentType = VectorType::get({4}, b.getI32Type());
    ArrayRef<int64_t> shape = op.getResult().getType().getShape();
    SmallVector<Value> fragments;
    for (int64_t nb = 0; nb < shape[0]; ++nb) {
      Value row = b.add(offset, b.i32(nb * rowBlockBytes));
      for (int64_t kb = 0; kb < shape[1]; ++kb)
        fragments.push_back(
            b.bufferLoad(fragmentType, rsrc, b.add(row, b.i32(kb * 1024)), k,
                         getCacheAux(op.getCache())));
    }
    rewriter.replaceOpWithMultiple(op, {fragments});
    return success();
  }
};

struct LoadScaleLowering : OpConversionPattern<LoadScaleOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LoadScaleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    MemRefType type = op.getScale().getType();
    Value rsrc =
        describeExpert(b, adaptor.getScale(), type, adaptor.getExpert());
    // 32 rows x 256 K are 64 dwords, one a lane.
    int64_t rowPairBytes = llvm::alignTo(type.getDimSize(2), 8) * 32;
    Value rowPair = b.toI32(b.div(adaptor.getN(), 32));
    Value offset = b.add(b.mul(rowPair, rowPairBytes),
                         b.toI32(b.mul(b.lane(), 4)));
    Value kBlock = b.toI32(b.div(adaptor.getK(), 128));
    ArrayRef<int64_t> shape = op.getResult().getType().getShape();
    bool wholeDwords = shape[1] % 2 == 0;
    SmallVector<Value> dwords;
    for (int64_t nb = 0; nb < shape[0]; nb += 2) {
      Value row = b.add(offset, b.i32(nb / 2 * rowPairBytes));
      for (int64_t kb = 0; kb < shape[1]; kb += wholeDwords ? 2 : 1) {
        Value block = b.add(kBlock, b.i32(kb));
        Value k = b.mul(b.shr(block, 1), 256);
        Value dword = b.bufferLoad(b.getI32Type(), rsrc, row, k);
        // A K block of its own may be the upper half of its dword.
        if (!wholeDwords)
          dword = arith::ShRUIOp::create(
              b, dword,
              b.shl(arith::AndIOp::create(b, block, b.i32(1)), 4));
        // So may a row block.
        if (shape[0] == 1) {
          Value rowBlock = b.toI32(b.div(adaptor.getN(), 16));
          dword = arith::ShRUIOp::create(
              b, dword,
              b.shl(arith::AndIOp::create(b, rowBlock, b.i32(1)), 3));
        }
        dwords.push_back(dword);
      }
    }
    rewriter.replaceOpWithMultiple(op, {dwords});
    return success();
  }
};

} // namespace

void moe::populateLoadPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LoadWeightLowering, LoadScaleLowering>(converter,
                                                      patterns.getContext());
}
