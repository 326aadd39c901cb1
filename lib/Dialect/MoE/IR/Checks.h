// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the dialect: checks that the verifiers of several ops share. Each
// emits an error at the op, "expected ... got ...", where it fails.

#ifndef MOE_LIB_DIALECT_MOE_IR_CHECKS_H
#define MOE_LIB_DIALECT_MOE_IR_CHECKS_H

#include "OperandChecks.h"
#include "moe/Dialect/MoE/IR/MoE.h"

namespace moe::checks {

using mlir::LogicalResult;
using mlir::MemRefType;
using mlir::Operation;
using mlir::ShapedType;
using mlir::Value;

/// The preshuffled layout of `type` if it has the given role, else an error
/// that names the operand.
mlir::FailureOr<PreshuffleAttr> getLayout(Operation *op,
                                          llvm::StringRef operand,
                                          ShapedType type, ShuffleRole role);

/// Dimension `dim` of the operand is `expected`, which `meaning` describes.
LogicalResult checkDim(Operation *op, llvm::StringRef operand, ShapedType type,
                       unsigned dim, llvm::StringRef meaning, int64_t expected);

/// The activations' K: static, a multiple of 32 and small enough for the 32-bit
/// offsets of a gather.
LogicalResult checkActivationK(Operation *op, ShapedType x);

/// Weights and scales of one product agree with each other and with K.
LogicalResult checkWeights(Operation *op, ShapedType w, ShapedType scale,
                           int64_t k);

/// An operand with so many rows for each token; null if it is absent.
struct TokenRows {
  llvm::StringRef name;
  Value value;
  int64_t perToken;
};

/// A constant token count fits the 24 bits of a sorted id, and operands of as
/// many rows as their types say.
LogicalResult checkTokens(Operation *op, Value value,
                          llvm::ArrayRef<TokenRows> operands);

/// `got`, which `what` describes, is from `least` to `most`; '?' is not.
LogicalResult checkRange(Operation *op, const llvm::Twine &what, int64_t got,
                         int64_t least, int64_t most);

/// A static number of columns that is a multiple of `multiple`.
LogicalResult checkColumnCount(Operation *op, llvm::StringRef name, int64_t n,
                               int64_t multiple);

/// As many parameters as the activation has.
LogicalResult checkActivationParams(Operation *op, Activation activation,
                                    mlir::ValueRange params);

/// Sorted rows of an M block: 16, 32, 64 or 128.
LogicalResult checkBlockRows(Operation *op, int64_t rows);

/// What says which pairs are computed on this device: a map of a static number
/// of elements, and one number of tokens; null where there is none.
LogicalResult checkLocality(Operation *op, Value expertMap, Value localTokens);

/// The columns of what an op fills with zeros; null where it fills nothing.
LogicalResult checkClear(Operation *op, Value clear);

/// The shaped operands of a kernel op are all memrefs or all tensors.
LogicalResult checkForm(Operation *op);

using Effects = llvm::SmallVectorImpl<
    mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>>;

/// Operands in memory are read, those that the op writes are written, and read
/// as well where `readsOut`. Tensors have no effects.
void addEffects(mlir::DestinationStyleOpInterface op, bool readsOut,
                Effects &effects);

} // namespace moe::checks

#endif // MOE_LIB_DIALECT_MOE_IR_CHECKS_H
