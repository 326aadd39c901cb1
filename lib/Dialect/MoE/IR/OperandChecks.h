// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the dialect: checks of memory operands that the verifiers of
// several ops share. Relations between operands are in the files of the ops.

#ifndef MOE_LIB_DIALECT_MOE_IR_OPERANDCHECKS_H
#define MOE_LIB_DIALECT_MOE_IR_OPERANDCHECKS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace moe {

/// More rows or columns of a tile than any chip's LDS holds.
inline constexpr int64_t kMaxTileSize = 65536;

/// An operand in global memory, by the name that messages use.
struct GlobalOperand {
  llvm::StringRef name;
  mlir::Value value; ///< null if the operand is absent; a tensor has no memory
  /// True if the kernel accesses it 16 bytes at a time: then the offset and the
  /// row stride, where static, are multiples of 16 bytes.
  bool wide = false;
};

/// Each operand is in the default or the global memory space. The elements of a
/// row follow each other, rows do not overlap; offset and row stride may be
/// anything that `wide` allows. Preshuffled operands have neither. One that the
/// op writes is none of the others; those come first.
mlir::LogicalResult checkGlobal(mlir::Operation *op,
                                llvm::ArrayRef<GlobalOperand> operands);

/// `x`, as far as its rows and their stride are static, is smaller than one
/// buffer descriptor covers.
mlir::LogicalResult checkDescriptorSize(mlir::Operation *op,
                                        llvm::StringRef name,
                                        mlir::ShapedType type);

/// An A tile: static and row-major in workgroup memory, rows a positive
/// multiple of 16 and columns of 128, both at most kMaxTileSize.
mlir::LogicalResult checkLdsTile(mlir::Operation *op, llvm::StringRef name,
                                 mlir::MemRefType type);

/// Two LDS buffers of this type: static and without a layout, in workgroup
/// memory.
mlir::LogicalResult checkLdsBuffers(mlir::Operation *op, mlir::MemRefType type);

/// More than the registers of a lane.
inline constexpr int64_t kMaxFragments = 1024;

/// A lane can hold the value: leading dimensions of a fragment or accumulators
/// with a product of at most kMaxFragments.
mlir::LogicalResult checkFragmentSize(mlir::Operation *op, llvm::StringRef what,
                                      mlir::VectorType type);

} // namespace moe

#endif // MOE_LIB_DIALECT_MOE_IR_OPERANDCHECKS_H
