// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fp4 to bf16, moe.unpack: by the scaled convert where the chip has it, else by
// exact arithmetic. docs/Rationale.md, "Decoding fp4", says why both are
// exact.

#include "LaneBuilder.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

/// `dword` shifted so that bits 23 to 30 hold its byte number `byte`.
static Value scaleToExponent(LaneBuilder &b, Value dword, int64_t byte) {
  int64_t left = 23 - 8 * byte;
  return left >= 0 ? b.shl(dword, left) : b.shr(dword, -left);
}

/// Eight codes to eight bf16 by the scaled convert, which looks at nothing but
/// the exponent field of the scale.
static Value convertByHardware(LaneBuilder &b, Value codes, Value dword,
                               int64_t byte) {
  Value scale = arith::BitcastOp::create(b, b.getF32Type(),
                                         scaleToExponent(b, dword, byte));
  Value one = vector::BroadcastOp::create(
      b, VectorType::get({1}, b.getI32Type()), codes);
  auto fp4 = VectorType::get({8}, Float4E2M1FNType::get(b.getContext()));
  Value source = vector::BitCastOp::create(b, fp4, one);
  auto pair = VectorType::get({2}, b.getBF16Type());
  SmallVector<Value> elements;
  for (int32_t i = 0; i < 4; ++i) {
    Value two = amdgpu::ScaledExtPackedOp::create(b, pair, source, scale, i);
    elements.push_back(vector::ExtractOp::create(b, two, 0));
    elements.push_back(vector::ExtractOp::create(b, two, 1));
  }
  return vector::FromElementsOp::create(
      b, VectorType::get({8}, b.getBF16Type()), elements);
}

/// 2^(byte - 127) as f32: byte 0 is a denormal, byte 255 is NaN.
static Value softwareScale(LaneBuilder &b, Value dword, int64_t byte) {
  Value exponent = b.bitAnd(b.shr(dword, 8 * byte), 0xFF);
  Value bits =
      arith::MaxUIOp::create(b, b.shl(exponent, 23), b.i32(0x00400000));
  Value isNaN =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, exponent, b.i32(0xFF));
  bits = b.select(isNaN, b.i32(0x7FC00000), bits);
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}

/// Eight codes to eight bf16 by integer and f32 arithmetic. The two exponent
/// bits and the mantissa bit of a code, put at the low end of f32's exponent
/// field, are the code's value times 2^-126, denormal code included; the
/// product with 2^126 is exact, and so is that with the scale unless it
/// overflows. The upper half of the result is the bf16, the lower half is zero.
static Value convertBySoftware(LaneBuilder &b, Value codes, Value scale) {
  auto i32s = VectorType::get({8}, b.getI32Type());
  auto f32s = VectorType::get({8}, b.getF32Type());
  auto splat = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(i32s, static_cast<int32_t>(value)));
  };
  Value all = vector::BroadcastOp::create(b, i32s, codes);
  Value places = arith::ConstantOp::create(
      b, DenseElementsAttr::get(
             i32s, ArrayRef<int32_t>{0, 4, 8, 12, 16, 20, 24, 28}));
  Value code = arith::ShRUIOp::create(b, all, places);
  Value magnitude = arith::ShLIOp::create(
      b, arith::AndIOp::create(b, code, splat(7)), splat(22));
  Value sign = arith::ShLIOp::create(
      b, arith::AndIOp::create(b, code, splat(8)), splat(28));
  Value bits = arith::OrIOp::create(b, magnitude, sign);
  Value small = arith::BitcastOp::create(b, f32s, bits);
  Value rescale =
      arith::ConstantOp::create(b, DenseElementsAttr::get(f32s, 0x1p126f));
  Value value = arith::MulFOp::create(b, small, rescale);
  Value scales = vector::BroadcastOp::create(b, f32s, scale);
  value = arith::MulFOp::create(b, value, scales);
  Value wide = arith::BitcastOp::create(b, i32s, value);
  Value upper =
      arith::TruncIOp::create(b, VectorType::get({8}, b.getIntegerType(16)),
                              arith::ShRUIOp::create(b, wide, splat(16)));
  return arith::BitcastOp::create(b, VectorType::get({8}, b.getBF16Type()),
                                  upper);
}

namespace {
struct UnpackLowering : OpConversionPattern<UnpackOp> {
  UnpackLowering(const TypeConverter &converter, MLIRContext *ctx,
                 const Chip &chip)
      : OpConversionPattern(converter, ctx), chip(chip) {}

  LogicalResult
  matchAndRewrite(UnpackOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    ArrayRef<int64_t> shape = op.getSource().getType().getShape();
    int64_t dwordsPerRow = (shape[1] + 1) / 2;
    SmallVector<Value> results;
    for (int64_t nb = 0; nb < shape[0]; ++nb)
      for (int64_t kb = 0; kb < shape[1]; ++kb) {
        Value source = adaptor.getSource()[nb * shape[1] + kb];
        Value dword = adaptor.getScale()[nb / 2 * dwordsPerRow + kb / 2];
        int64_t byte = nb % 2 + kb % 2 * 2;
        Value scale =
            chip.hasScaledFp4Convert ? Value() : softwareScale(b, dword, byte);
        for (int64_t j = 0; j < 4; ++j) {
          Value codes = vector::ExtractOp::create(b, source, j);
          results.push_back(chip.hasScaledFp4Convert
                                ? convertByHardware(b, codes, dword, byte)
                                : convertBySoftware(b, codes, scale));
        }
      }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }

  const Chip &chip;
};
} // namespace

void moe::populateUnpackPatterns(const TypeConverter &converter,
                                 const Chip &chip,
                                 RewritePatternSet &patterns) {
  patterns.add<UnpackLowering>(converter, patterns.getContext(), chip);
}
