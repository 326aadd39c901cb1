// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks that the verifiers of several ops share: shapes, layouts and memory of
// operands. Each says what it expected and what it got.

#include "Checks.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::checks;

FailureOr<PreshuffleAttr> moe::checks::getLayout(Operation *op,
                                                 StringRef operand,
                                                 ShapedType type,
                                                 ShuffleRole role) {
  PreshuffleAttr layout = getPreshuffle(type);
  if (layout && layout.getRole() == role) {
    if (!llvm::is_contained(type.getShape(), 0))
      return layout;
    return op->emitOpError("expected at least one expert, row and column in '")
           << operand << "', got " << type;
  }
  InFlightDiagnostic diag = op->emitOpError()
                            << "expected '" << operand
                            << "' in the layout #moe.preshuffle<"
                            << stringifyShuffleRole(role) << ">, got ";
  auto memref = dyn_cast<MemRefType>(type);
  if (layout)
    diag << layout;
  else if (memref && !memref.getLayout().isIdentity())
    diag << memref.getLayout();
  else
    diag << "a row-major " << (memref ? "memref" : "tensor");
  if (!layout)
    diag.attachNote() << "bytes get a layout by moe.preshuffled; bufferization "
                         "drops that of a tensor at function boundaries, where "
                         "weights and scales are passed as bytes";
  return failure();
}

LogicalResult moe::checks::checkDim(Operation *op, StringRef operand,
                                    ShapedType type, unsigned dim,
                                    StringRef meaning, int64_t expected) {
  int64_t got = type.getDimSize(dim);
  if (got == expected)
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << "expected dimension " << dim << " of '"
                            << operand << "' to be " << meaning << " = "
                            << expected << ", got ";
  if (ShapedType::isDynamic(got))
    diag << "'?'";
  else
    diag << got;
  return diag;
}

LogicalResult moe::checks::checkActivationK(Operation *op, ShapedType x) {
  int64_t k = x.getDimSize(1);
  if (ShapedType::isDynamic(k))
    return op->emitOpError(
        "expected a static K in dimension 1 of 'x', got '?'");
  if (k <= 0 || k % 32 != 0)
    return op->emitOpError("expected K to be a positive multiple of 32 (one "
                           "scale block), got ")
           << k;
  if (k > 65536)
    return op->emitOpError("expected K to be at most 65536, got ") << k;
  return success();
}

LogicalResult moe::checks::checkWeights(Operation *op, ShapedType w,
                                        ShapedType scale, int64_t k) {
  FailureOr<PreshuffleAttr> wLayout =
      getLayout(op, "w", w, ShuffleRole::Weight);
  FailureOr<PreshuffleAttr> sLayout =
      getLayout(op, "scale", scale, ShuffleRole::Scale);
  if (failed(wLayout) || failed(sLayout))
    return failure();
  if (failed(checkDim(op, "w", w, 2, "K of 'x'", k)) ||
      failed(checkDim(op, "scale", scale, 0, "the experts of 'w'",
                      w.getDimSize(0))) ||
      failed(checkDim(op, "scale", scale, 1, "the rows of 'w'",
                      w.getDimSize(1))) ||
      failed(checkDim(op, "scale", scale, 2, "K/32", k / 32)))
    return failure();
  if (w.getDimSize(0) > std::numeric_limits<int32_t>::max())
    return op->emitOpError("expected at most 2147483647 experts (32 bits of an "
                           "expert id), got ")
           << w.getDimSize(0);
  int64_t bytes = wLayout->getByteSize(w.getShape()) / w.getDimSize(0);
  if (bytes >= kDescriptorBytes)
    return op->emitOpError("expected the weights of one expert to be smaller "
                           "than ")
           << kDescriptorBytes << " bytes (one buffer descriptor), got "
           << bytes;
  if (wLayout->getGate() != sLayout->getGate())
    return op->emitOpError("expected 'w' and 'scale' to order gate and up rows "
                           "alike, got gate = ")
           << stringifyGateLayout(wLayout->getGate())
           << " and gate = " << stringifyGateLayout(sLayout->getGate());
  return success();
}

LogicalResult moe::checks::checkTokens(Operation *op, Value value,
                                       ArrayRef<TokenRows> operands) {
  APInt tokens;
  if (!matchPattern(value, m_ConstantInt(&tokens)))
    return success();
  if (tokens.isNegative() || tokens.uge(1 << 24))
    return op->emitOpError("expected tokens to be below 16777216 (24 bits of a "
                           "sorted id), got ")
           << tokens.getSExtValue();
  for (const TokenRows &operand : operands) {
    if (!operand.value)
      continue;
    int64_t rows = cast<ShapedType>(operand.value.getType()).getDimSize(0);
    int64_t least = tokens.getSExtValue() * operand.perToken;
    if (ShapedType::isDynamic(rows) || rows >= least)
      continue;
    return op->emitOpError("expected at least ")
           << least << " rows in '" << operand.name << "' for "
           << tokens.getSExtValue() << " tokens, got " << rows;
  }
  return success();
}

LogicalResult moe::checks::checkColumnCount(Operation *op, StringRef name,
                                            int64_t n, int64_t multiple) {
  // Rows of no more than 2^30 columns keep all sizes within 64 bits.
  constexpr int64_t kMaxColumns = 1 << 30;
  if (!ShapedType::isDynamic(n) && n % multiple == 0 && n != 0) {
    if (n <= kMaxColumns)
      return success();
    return op->emitOpError("expected ")
           << name << ", dimension 1 of 'out', to be at most " << kMaxColumns
           << ", got " << n;
  }
  return op->emitOpError("expected ")
         << name << ", dimension 1 of 'out', to be a static multiple of "
         << multiple << ", got "
         << (ShapedType::isDynamic(n) ? std::string("'?'") : std::to_string(n));
}

LogicalResult moe::checks::checkActivationParams(Operation *op,
                                                 Activation activation,
                                                 ValueRange params) {
  ArrayRef<StringLiteral> names = getActivationParams(activation);
  if (params.size() == names.size())
    return success();
  return op->emitOpError("expected ")
         << names.size() << " parameters of activation "
         << stringifyActivation(activation) << " ("
         << (names.empty() ? std::string("none") : llvm::join(names, ", "))
         << "), got " << params.size();
}

LogicalResult moe::checks::checkBlockRows(Operation *op, int64_t rows) {
  if (rows == 16 || rows == 32 || rows == 64 || rows == 128)
    return success();
  return op->emitOpError("expected block_rows to be 16, 32, 64 or 128, got ")
         << rows;
}

LogicalResult moe::checks::checkRange(Operation *op, const Twine &what,
                                      int64_t got, int64_t least,
                                      int64_t most) {
  if (got >= least && got <= most)
    return success();
  InFlightDiagnostic diag = op->emitOpError("expected ")
                            << what << " to be from " << least << " to " << most
                            << ", got ";
  if (ShapedType::isDynamic(got))
    return diag << "'?'";
  return diag << got;
}

LogicalResult moe::checks::checkLocality(Operation *op, Value expertMap,
                                         Value localTokens) {
  if (localTokens && failed(checkDim(op, "local_tokens",
                                     cast<ShapedType>(localTokens.getType()), 0,
                                     "its size", 1)))
    return failure();
  if (!expertMap)
    return success();
  return checkRange(op, "the elements of 'expert_map'",
                    cast<ShapedType>(expertMap.getType()).getDimSize(0), 1,
                    65536);
}

LogicalResult moe::checks::checkClear(Operation *op, Value clear) {
  int64_t n = clear ? cast<ShapedType>(clear.getType()).getDimSize(1) : 32;
  if (!ShapedType::isDynamic(n) && n > 0 && n % 32 == 0)
    return success();
  InFlightDiagnostic diag = op->emitOpError(
      "expected dimension 1 of 'clear' to be a static multiple of 32, got ");
  if (ShapedType::isDynamic(n))
    return diag << "'?'";
  return diag << n;
}

LogicalResult moe::checks::checkForm(Operation *op) {
  // Parameters of an activation, which are scalars, may come before.
  auto first = llvm::find_if(op->getOperandTypes(), llvm::IsaPred<ShapedType>);
  bool tensors = isa<TensorType>(*first);
  for (Type type : op->getOperandTypes())
    if (isa<ShapedType>(type) && isa<TensorType>(type) != tensors)
      return op->emitOpError("expected all memory operands to be ")
             << (tensors ? "tensors" : "memrefs") << " like the first, got "
             << type;
  for (Type type : op->getOperandTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.getEncoding() &&
        !isa<PreshuffleAttr>(tensor.getEncoding()))
      return op->emitOpError("expected a tensor of dense rows, or of "
                             "#moe.preshuffle, got ")
             << type;
  }
  return success();
}
