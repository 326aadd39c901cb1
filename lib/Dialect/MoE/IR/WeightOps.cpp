// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers and effects of moe.quantize and moe.shuffle. The labels C1, C2, ...
// are those of WeightOps.td; a comment such as quantize_c2 marks where a
// constraint is enforced.

#include "moe/Dialect/MoE/IR/WeightOps.h"
#include "Checks.h"
#include "moe/Layout/Preshuffle.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moe;
using namespace moe::checks;

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/WeightOps.cpp.inc"

/// quantize_c2, shuffle_c2
template <typename Op>
static LogicalResult checkRows(Op op) {
  int64_t rows = op.getExpertRows();
  if (rows < 32 || rows % 32 || rows > (1 << 24))
    return op.emitOpError("expected expert_rows to be a multiple of 32 from 32 "
                          "to 16777216, got ")
           << rows;
  APInt given;
  if (op.getLogical() || !matchPattern(op.getRows(), m_ConstantInt(&given)))
    return success();
  if (given.getZExtValue() % uint64_t(rows))
    return op.emitOpError("expected rows to be a multiple of the ")
           << rows << " rows of an expert, got " << given.getZExtValue();
  return success();
}

/// The number of experts in an operand of `perExpert` bytes for each of them;
/// an error if that is not a whole number.
static FailureOr<int64_t> countExperts(Operation *op, StringRef name,
                                       ShapedType type, int64_t perExpert) {
  int64_t bytes = type.getDimSize(0);
  if (!ShapedType::isDynamic(bytes) && bytes > 0 && bytes % perExpert == 0)
    return bytes / perExpert;
  InFlightDiagnostic diag = op->emitOpError("expected '")
                            << name << "' to have a multiple of the "
                            << perExpert << " bytes of an expert, got ";
  if (ShapedType::isDynamic(bytes))
    return FailureOr<int64_t>(diag << "'?'");
  return FailureOr<int64_t>(diag << bytes);
}

/// Bytes of codes and of scales of one expert.
template <typename Op>
static std::pair<int64_t, int64_t> bytesOfExpert(Op op) {
  int64_t rows = op.getExpertRows(), k = op.getK();
  if (op.getLogical())
    return {rows * k / 2, rows * k / 32};
  const auto &weights = layout::Preshuffle::weights(layout::kMXFP4);
  const auto &scales = layout::Preshuffle::scales(layout::kMXFP4);
  return {*weights.getByteSize({1, rows, k}),
          *scales.getByteSize({1, rows, k / 32})};
}

template <typename Op>
static int64_t countRows(Op op) {
  return op.getCodes().getType().getDimSize(0) / bytesOfExpert(op).first *
         op.getExpertRows();
}
int64_t QuantizeOp::getAllRows() { return countRows(*this); }
int64_t ShuffleOp::getAllRows() { return countRows(*this); }

/// quantize_c3, shuffle_c3, and quantize_c2, shuffle_c2 as far as they are
/// about the number of experts
template <typename Op>
static LogicalResult checkBytes(Op op) {
  auto [codeBytes, scaleBytes] = bytesOfExpert(op);
  FailureOr<int64_t> experts =
      countExperts(op, "codes", op.getCodes().getType(), codeBytes);
  if (failed(experts))
    return failure();
  FailureOr<int64_t> scales =
      countExperts(op, "scales", op.getScales().getType(), scaleBytes);
  if (failed(scales))
    return failure();
  if (*experts != *scales)
    return op.emitOpError("expected 'scales' to have the bytes of the ")
           << *experts << " experts of 'codes', got those of " << *scales;
  APInt given;
  int64_t most = *experts * op.getExpertRows();
  if (matchPattern(op.getRows(), m_ConstantInt(&given)) &&
      given.getZExtValue() > uint64_t(most))
    return op.emitOpError("expected rows to be at most the ")
           << most << " of the experts of 'codes', got "
           << given.getZExtValue();
  return success();
}

//===----------------------------------------------------------------------===//
// QuantizeOp
//===----------------------------------------------------------------------===//

void QuantizeOp::getEffects(Effects &effects) {
  addEffects(*this, /*readsOut=*/false, effects);
}

LogicalResult QuantizeOp::verify() {
  // quantize_c5, quantize_c1
  if (failed(checkForm(*this)) ||
      failed(checkActivationK(*this, getX().getType())))
    return failure();
  if (failed(checkRows(*this)) || failed(checkBytes(*this)))
    return failure();
  // quantize_c6
  if (getLogical() && getGate() != GateLayout::None)
    return emitOpError("expected gate none with logical, which leaves rows as "
                       "they are, got gate = ")
           << stringifyGateLayout(getGate());
  // quantize_c4
  return checkGlobal(*this, {{"codes", getCodes(), /*wide=*/true},
                             {"scales", getScales()},
                             {"x", getX(), /*wide=*/true}});
}

//===----------------------------------------------------------------------===//
// ShuffleOp
//===----------------------------------------------------------------------===//

void ShuffleOp::getEffects(Effects &effects) {
  addEffects(*this, /*readsOut=*/false, effects);
}

LogicalResult ShuffleOp::verify() {
  // shuffle_c5
  if (failed(checkForm(*this)))
    return failure();
  // shuffle_c1
  int64_t bytes = getLogicalCodes().getType().getDimSize(1);
  if (ShapedType::isDynamic(bytes) || bytes < 16 || bytes % 16 || bytes > 32768)
    return emitOpError("expected rows of 'logical_codes' of a multiple of 16 "
                       "bytes from 16 to 32768, got ")
           << getLogicalCodes().getType();
  if (failed(checkDim(*this, "logical_scales", getLogicalScales().getType(), 1,
                      "K/32", getK() / 32)))
    return failure();
  if (failed(checkRows(*this)) || failed(checkBytes(*this)))
    return failure();
  // shuffle_c4
  return checkGlobal(*this, {{"codes", getCodes(), /*wide=*/true},
                             {"scales", getScales()},
                             {"logical_codes", getLogicalCodes(), true},
                             {"logical_scales", getLogicalScales()}});
}
