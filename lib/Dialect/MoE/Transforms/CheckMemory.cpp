// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the memory of a kernel may be: LLVM's layout of an array and that of a
// vector differ where an element or a row is no power of two of bytes.

#include "CheckMemory.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

/// True of a scalar that a vector packs closer than an array.
static bool isNarrow(Type element) {
  if (!element.isIntOrFloat())
    return false;
  unsigned bits = element.getIntOrFloatBitWidth();
  return bits < 8 || !llvm::isPowerOf2_32(bits);
}

static LogicalResult refuseNarrow(Operation *op, MemRefType type) {
  return op->emitOpError("expected elements of 8, 16, 32 or 64 bits, got ")
         << type.getElementType() << " in " << type
         << ": a vector packs them by bits, while memref.load and memref.store "
            "give each bytes of its own";
}

/// vector.type_cast makes one vector of an array, row by row.
static LogicalResult checkTypeCast(vector::TypeCastOp op) {
  MemRefType from = op.getMemRefType(), to = op.getResultMemRefType();
  auto vector = dyn_cast<VectorType>(to.getElementType());
  Type element = from.getElementType();
  if (!vector || !element.isIntOrFloat())
    return success();
  if (isNarrow(element))
    return refuseNarrow(op, from);
  int64_t bits =
      vector.getShape().empty()
          ? element.getIntOrFloatBitWidth()
          : vector.getShape().back() * int64_t(element.getIntOrFloatBitWidth());
  if (vector.getRank() < 2 || llvm::isPowerOf2_64(bits))
    return success();
  return op.emitOpError("expected rows of a power of two of bytes, got ")
         << bits / 8 << " bytes in " << from
         << ": the rows of a vector in memory are as far apart as the next "
            "power of two";
}

LogicalResult moe::checkElements(Operation *op) {
  if (auto cast = dyn_cast<vector::TypeCastOp>(op))
    return checkTypeCast(cast);
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return isNarrow(view.getType().getElementType())
               ? refuseNarrow(op, view.getType())
               : success();
  bool isAmdgpu = isa_and_nonnull<amdgpu::AMDGPUDialect>(op->getDialect());
  if (!isAmdgpu &&
      !isa_and_nonnull<affine::AffineDialect, vector::VectorDialect>(
          op->getDialect()))
    return success();
  for (Type type : op->getOperandTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !isNarrow(memref.getElementType()))
      continue;
    auto isPacked = [&](Type other) {
      auto vector = dyn_cast<VectorType>(other);
      return vector && vector.getElementType() == memref.getElementType();
    };
    // Instructions of buffers and of LDS move whole bytes.
    if (isAmdgpu || llvm::any_of(op->getOperandTypes(), isPacked) ||
        llvm::any_of(op->getResultTypes(), isPacked))
      return refuseNarrow(op, memref);
  }
  return success();
}
