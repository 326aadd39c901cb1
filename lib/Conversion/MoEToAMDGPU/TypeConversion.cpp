// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fragments as the registers of a lane: the conversion of their types, and the
// casts where ops of other dialects use a fragment. docs/Layouts.md, "MFMA" and
// "Scales", has the elements.

#include "LaneBuilder.h"
#include "moe/Conversion/MoEToAMDGPU/MoEToAMDGPU.h"
#include "moe/Dialect/MoE/Transforms/PreshuffledUses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

/// Fragments of weights (packed or unpacked) and accumulators, by their shape.
static bool isFragment(VectorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  Type element = type.getElementType();
  if (shape.size() != 3 && shape.size() != 4)
    return false;
  bool large = shape.size() == 4;
  if (element.isF32())
    return shape.back() == 4 && (!large || shape[2] == 4);
  return (isa<Float4E2M1FNType>(element) || element.isBF16()) &&
         shape.back() == 32 && (!large || shape[2] == 2);
}

static bool isScaleFragment(VectorType type) {
  return isa<Float8E8M0FNUType>(type.getElementType()) &&
         (type.getRank() == 2 ||
          (type.getRank() == 3 && type.getDimSize(2) == 2));
}

/// A fragment with three dimensions: of MFMA with 32 rows the third is the
/// number of accumulators of a block, or belongs to the second.
static VectorType flatten(VectorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.size() == 3)
    return type;
  if (type.getElementType().isF32())
    return VectorType::get({shape[0], shape[1], shape[2] * shape[3]},
                           type.getElementType());
  return VectorType::get({shape[0], shape[1] * shape[2], shape[3]},
                         type.getElementType());
}

/// One register of a flattened fragment of this type, as a piece of the
/// fragment's own element type, and how many of them make up its last
/// dimension.
static std::pair<VectorType, int64_t> getPiece(VectorType type) {
  Type element = type.getElementType();
  int64_t length = element.isBF16() ? 8 : type.getShape().back();
  return {VectorType::get({length}, element), type.getShape().back() / length};
}

static std::optional<LogicalResult>
convertFragment(VectorType type, SmallVectorImpl<Type> &results) {
  MLIRContext *ctx = type.getContext();
  Type i32 = IntegerType::get(ctx, 32);
  if (isScaleFragment(type)) {
    int64_t nb = type.getDimSize(0), kb = type.getDimSize(1);
    int64_t dwords = (kb + 1) / 2;
    int64_t runs = type.getRank() == 3 ? type.getDimSize(2) : 1;
    results.append(nb * (runs * dwords + 1), i32);
    return success();
  }
  if (!isFragment(type))
    return std::nullopt;
  type = flatten(type);
  auto [piece, perRow] = getPiece(type);
  Type held = isa<Float4E2M1FNType>(type.getElementType())
                  ? Type(VectorType::get({4}, i32))
                  : Type(piece);
  results.append(type.getDimSize(0) * type.getDimSize(1) * perRow, held);
  return success();
}

/// Scales to the registers of moe.load_scale: the bytes of two K blocks in each
/// dword, and no rotation.
static SmallVector<Value> splitScales(LaneBuilder &b, VectorType type,
                                      Value fragment) {
  int64_t runs = type.getRank() == 3 ? type.getDimSize(2) : 1;
  auto bytes = type.cloneWith(std::nullopt, b.getI8Type());
  Value codes = vector::BitCastOp::create(b, bytes, fragment);
  SmallVector<Value> results;
  for (int64_t nb = 0; nb < type.getDimSize(0); ++nb) {
    for (int64_t kb = 0; kb < type.getDimSize(1); kb += 2)
      for (int64_t run = 0; run < runs; ++run) {
        auto scaleOf = [&](int64_t block) -> Value {
          SmallVector<int64_t> place = {nb, block};
          if (type.getRank() == 3)
            place.push_back(run);
          return arith::ExtUIOp::create(
              b, b.getI32Type(), vector::ExtractOp::create(b, codes, place));
        };
        Value dword = scaleOf(kb);
        if (kb + 1 < type.getDimSize(1))
          dword = b.bitOr(dword, b.shl(scaleOf(kb + 1), 16));
        results.push_back(dword);
      }
    results.push_back(b.i32(0));
  }
  return results;
}

/// Fragment to registers, for users outside the dialect.
static SmallVector<Value> split(OpBuilder &builder, TypeRange types,
                                ValueRange inputs, Location loc) {
  if (inputs.size() != 1)
    return {};
  auto type = dyn_cast<VectorType>(inputs[0].getType());
  if (!type)
    return {};
  LaneBuilder b(loc, builder);
  Value fragment = inputs[0];
  if (isScaleFragment(type))
    return splitScales(b, type, fragment);
  if (!isFragment(type))
    return {};
  if (flatten(type) != type) {
    type = flatten(type);
    fragment = vector::ShapeCastOp::create(b, type, fragment);
  }
  auto [piece, perRow] = getPiece(type);
  SmallVector<Value> results;
  for (int64_t i = 0; i < type.getDimSize(0); ++i)
    for (int64_t j = 0; j < type.getDimSize(1); ++j) {
      Value row =
          vector::ExtractOp::create(b, fragment, ArrayRef<int64_t>{i, j});
      for (int64_t p = 0; p < perRow; ++p) {
        int64_t length = piece.getDimSize(0);
        Value part = row;
        if (perRow > 1)
          part = vector::ExtractStridedSliceOp::create(
              b, row, ArrayRef<int64_t>{p * length}, ArrayRef<int64_t>{length},
              ArrayRef<int64_t>{1});
        if (part.getType() != types[results.size()])
          part = vector::BitCastOp::create(
              b, cast<VectorType>(types[results.size()]), part);
        results.push_back(part);
      }
    }
  return results;
}

/// The scales of a fragment out of their dwords.
static Value joinScales(LaneBuilder &b, VectorType type, ValueRange inputs) {
  layout::MfmaFragment fragment{type.getRank() == 3 ? 32 : 16};
  auto one = VectorType::get({1}, b.getI32Type());
  auto four = VectorType::get({4}, type.getElementType());
  SmallVector<Value> scales;
  for (int64_t nb = 0; nb < type.getDimSize(0); ++nb)
    for (int64_t kb = 0; kb < type.getDimSize(1); ++kb)
      for (int64_t run = 0; run < fragment.runs(); ++run) {
        ScalePlace place =
            findScale(fragment, inputs, type.getDimSize(1), nb, kb, run);
        Value dword = arith::ShRUIOp::create(b, place.dword, place.rotation);
        Value bytes = vector::BitCastOp::create(
            b, four, vector::BroadcastOp::create(b, one, dword));
        scales.push_back(vector::ExtractOp::create(b, bytes, place.byte));
      }
  return vector::FromElementsOp::create(b, type, scales);
}

/// Registers to fragment, for users outside the dialect.
static Value join(OpBuilder &builder, VectorType type, ValueRange inputs,
                  Location loc) {
  LaneBuilder b(loc, builder);
  if (isScaleFragment(type))
    return joinScales(b, type, inputs);
  if (!isFragment(type))
    return {};
  VectorType wanted = type;
  type = flatten(type);
  auto [piece, perRow] = getPiece(type);
  int64_t length = piece.getDimSize(0);
  Value result = arith::ConstantOp::create(b, type, b.getZeroAttr(type));
  for (auto [index, input] : llvm::enumerate(inputs)) {
    Value part = input;
    if (part.getType() != piece)
      part = vector::BitCastOp::create(b, piece, part);
    int64_t row = index / perRow, offset = index % perRow * length;
    result = vector::InsertStridedSliceOp::create(
        b, part, result,
        ArrayRef<int64_t>{row / type.getDimSize(1), row % type.getDimSize(1),
                          offset},
        ArrayRef<int64_t>{1});
  }
  if (type != wanted)
    result = vector::ShapeCastOp::create(b, wanted, result);
  return result;
}

void moe::populateMoEToAMDGPUTypeConversions(TypeConverter &converter) {
  converter.addConversion([](Type type) { return type; });
  addPreshuffledConversion(converter);
  converter.addConversion([](VectorType type, SmallVectorImpl<Type> &results) {
    return convertFragment(type, results);
  });
  converter.addTargetMaterialization(
      [](OpBuilder &b, TypeRange types, ValueRange inputs, Location loc) {
        return split(b, types, inputs, loc);
      });
  converter.addSourceMaterialization(
      [](OpBuilder &b, VectorType type, ValueRange inputs, Location loc) {
        return join(b, type, inputs, loc);
      });
}
