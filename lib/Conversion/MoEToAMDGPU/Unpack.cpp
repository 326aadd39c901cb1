// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fp4 to bf16, moe.unpack: by the scaled convert where the chip has it, else by
// exact arithmetic. docs/Rationale.md, "Decoding fp4", says why both are
// exact.

#include "LaneBuilder.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moe;

/// The dword of a scale shifted so that bits 23 to 30 hold its byte.
static Value scaleToExponent(LaneBuilder &b, ScalePlace scale) {
  int64_t left = 23 - 8 * scale.byte;
  APInt known;
  if (matchPattern(scale.rotation, m_ConstantInt(&known))) {
    left -= known.getSExtValue();
    return left >= 0 ? b.shl(scale.dword, left) : b.shr(scale.dword, -left);
  }
  Value right = b.add(scale.rotation, b.i32((32 - left) % 32));
  return LLVM::FshrOp::create(b, scale.dword, scale.dword, right);
}

/// Eight codes to eight bf16 by the scaled convert, which looks at nothing but
/// the exponent field of the scale.
static Value convertByHardware(LaneBuilder &b, Value codes, ScalePlace place) {
  Value scale =
      arith::BitcastOp::create(b, b.getF32Type(), scaleToExponent(b, place));
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

namespace {
/// The bf16 of the eight E2M1 magnitudes times one scale, as the two byte
/// tables that v_perm_b32 looks codes up in: bytes of codes 0 to 3 and of 4
/// to 7.
struct ByteTables {
  Value lower[2], upper[2];
};
} // namespace

/// The tables for one scale. They are products in
/// f32: two significant bits, so that only overflow is not exact, and the upper
/// half is the bf16. Byte 0 is the denormal 2^-127; byte 255 reads as infinity,
/// times zero is NaN, and NaN is added to every product.
static ByteTables scaledTables(LaneBuilder &b, ScalePlace place) {
  auto pair = VectorType::get({2}, b.getF32Type());
  auto bits = VectorType::get({2}, b.getI32Type());
  Value field = b.bitAnd(scaleToExponent(b, place), 0x7F800000);
  Value scale = arith::BitcastOp::create(
      b, b.getF32Type(), arith::MaxUIOp::create(b, field, b.i32(0x00400000)));
  Value zero = arith::MulFOp::create(
      b, scale, arith::ConstantOp::create(b, b.getF32FloatAttr(0)));
  Value scales = vector::BroadcastOp::create(b, pair, scale);
  Value zeros = vector::BroadcastOp::create(b, pair, zero);
  // Bytes 2 and 3 of a code and the next: lower, lower, upper, upper.
  SmallVector<Value> halves;
  for (auto [first, second] :
       {std::pair(0.0f, 0.5f), {1.0f, 1.5f}, {2.0f, 3.0f}, {4.0f, 6.0f}}) {
    Value magnitudes = arith::ConstantOp::create(
        b, DenseElementsAttr::get(pair, ArrayRef<float>{first, second}));
    Value products = math::FmaOp::create(b, magnitudes, scales, zeros);
    Value words = arith::BitcastOp::create(b, bits, products);
    halves.push_back(b.permuteBytes(vector::ExtractOp::create(b, words, 1),
                                    vector::ExtractOp::create(b, words, 0),
                                    b.i32(0x07030602)));
  }
  ByteTables tables;
  for (int i : {0, 1}) {
    Value low = halves[2 * i], high = halves[2 * i + 1];
    tables.lower[i] = b.permuteBytes(high, low, b.i32(0x05040100));
    tables.upper[i] = b.permuteBytes(high, low, b.i32(0x07060302));
  }
  return tables;
}

/// Eight codes to eight bf16 by table look-ups: four magnitudes are the
/// selectors of a byte permutation. Even codes, then odd ones, which is how
/// they come out of the bytes; moe.mfma on these chips takes them in that
/// order.
static Value convertBySoftware(LaneBuilder &b, Value codes,
                               const ByteTables &tables) {
  SmallVector<Value> words;
  for (int64_t odd : {0, 1}) {
    Value magnitudes = b.bitAnd(b.shr(codes, 4 * odd), 0x07070707);
    Value signs = b.bitAnd(odd ? codes : b.shl(codes, 4), 0x80808080);
    Value lower = b.permuteBytes(tables.lower[1], tables.lower[0], magnitudes);
    Value upper = b.bitOr(
        signs, b.permuteBytes(tables.upper[1], tables.upper[0], magnitudes));
    words.push_back(b.permuteBytes(upper, lower, b.i32(0x05010400)));
    words.push_back(b.permuteBytes(upper, lower, b.i32(0x07030602)));
  }
  Value dwords = vector::FromElementsOp::create(
      b, VectorType::get({4}, b.getI32Type()), words);
  Value evenFirst = vector::BitCastOp::create(
      b, VectorType::get({8}, b.getBF16Type()), dwords);
  // The shuffle of moe.mfma undoes this one.
  return b.reorderChunk(evenFirst, layout::ATile::kEvenFirst, /*inverse=*/true);
}

ScalePlace moe::findScale(layout::MfmaFragment fragment, ValueRange registers,
                          int64_t kBlocks, int64_t nb, int64_t kb,
                          int64_t run) {
  int64_t dwordsPerRow = (kBlocks + 1) / 2 * fragment.runs();
  ValueRange row = registers.slice(nb * (dwordsPerRow + 1), dwordsPerRow + 1);
  return {row[kb / 2 * fragment.runs() + run], row.back(), kb % 2 * 2};
}

namespace {
struct UnpackLowering : OpConversionPattern<UnpackOp> {
  UnpackLowering(const TypeConverter &converter, MLIRContext *ctx,
                 const Chip &chip)
      : OpConversionPattern(converter, ctx), chip(chip) {}

  /// The 32 codes of a run with one scale, eight a result.
  void convertRun(LaneBuilder &b, Value source, ScalePlace place,
                  SmallVectorImpl<Value> &results) const {
    ByteTables tables;
    if (!chip.hasScaledFp4Convert)
      tables = scaledTables(b, place);
    for (int64_t j = 0; j < 4; ++j) {
      Value codes = vector::ExtractOp::create(b, source, j);
      results.push_back(chip.hasScaledFp4Convert
                            ? convertByHardware(b, codes, place)
                            : convertBySoftware(b, codes, tables));
    }
  }

  LogicalResult
  matchAndRewrite(UnpackOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    ArrayRef<int64_t> shape = op.getSource().getType().getShape();
    layout::MfmaFragment fragment{shape.size() == 4 ? 32 : 16};
    SmallVector<Value> results;
    for (int64_t nb = 0; nb < shape[0]; ++nb)
      for (int64_t kb = 0; kb < shape[1]; ++kb)
        for (int64_t run = 0; run < fragment.runs(); ++run) {
          int64_t index = (nb * shape[1] + kb) * fragment.runs() + run;
          convertRun(
              b, adaptor.getSource()[index],
              findScale(fragment, adaptor.getScale(), shape[1], nb, kb, run),
              results);
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
