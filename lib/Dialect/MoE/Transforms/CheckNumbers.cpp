// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of other dialects that MLIR and LLVM 22 accept and compute wrong, or
// crash on. What can be computed rightly by other ops is the task of
// -moe-exact-user-code.

#include "CheckNumbers.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/AMDGPU/Utils/Chipset.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace moe;

/// The instruction is chosen without its rounding mode.
static LogicalResult checkTruncation(arith::TruncFOp op) {
  std::optional<arith::RoundingMode> mode = op.getRoundingmode();
  if (!mode || *mode == arith::RoundingMode::to_nearest_even)
    return success();
  return op.emitOpError("expected rounding to_nearest_even, got ")
         << arith::stringifyRoundingMode(*mode)
         << ": the back end has no other";
}

/// By way of f64 (-moe-exact-user-code), which does not hold more bits.
static LogicalResult checkToBF16(Operation *op) {
  constexpr unsigned most = 53;
  Type from = getElementTypeOrSelf(op->getOperand(0).getType());
  if (!getElementTypeOrSelf(op->getResult(0).getType()).isBF16() ||
      from.getIntOrFloatBitWidth() <= most)
    return success();
  return op->emitOpError("expected an integer of at most ")
         << most << " bits to make bf16 of, got " << from
         << ": a wider one is rounded twice; write the conversion to f32 and "
            "arith.truncf if that is meant";
}

static LogicalResult checkFma(math::FmaOp op) {
  if (!getElementTypeOrSelf(op.getType()).isBF16())
    return success();
  return op.emitOpError("expected f16, f32 or f64, got bf16: the back end "
                        "rounds to f32 and again; write math.fma of f32 and "
                        "arith.truncf if that is meant");
}

/// The conversion takes numbers and vectors of rank 1 apart, and crashes on
/// others.
static LogicalResult checkBroadcast(gpu::SubgroupBroadcastOp op) {
  Type type = op.getType();
  auto vector = dyn_cast<VectorType>(type);
  if (type.isIntOrIndexOrFloat() || (vector && vector.getRank() == 1))
    return success();
  return op.emitOpError("expected a number or a vector of rank 1, got ")
         << type;
}

LogicalResult moe::checkNumbers(Operation *op) {
  if (auto truncation = dyn_cast<arith::TruncFOp>(op))
    return checkTruncation(truncation);
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op))
    return checkToBF16(op);
  if (auto fma = dyn_cast<math::FmaOp>(op))
    return checkFma(fma);
  if (auto broadcast = dyn_cast<gpu::SubgroupBroadcastOp>(op))
    return checkBroadcast(broadcast);
  return success();
}

/// Packed conversions to the 8-bit types of the other chips crash.
LogicalResult moe::checkNumbers(Operation *op, const Chip &chip) {
  if (!isa<amdgpu::PackedTrunc2xFp8Op, amdgpu::PackedStochRoundFp8Op>(op))
    return success();
  FailureOr<amdgpu::Chipset> chipset = amdgpu::Chipset::parse(chip.name);
  if (failed(chipset))
    return success();
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  const bool ocp = amdgpu::hasOcpFp8(*chipset);
  if (ocp ? isa<Float8E4M3FNType, Float8E5M2Type>(type)
          : isa<Float8E4M3FNUZType, Float8E5M2FNUZType>(type))
    return success();
  return op->emitOpError("expected ")
         << (ocp ? "f8E4M3FN or f8E5M2" : "f8E4M3FNUZ or f8E5M2FNUZ") << " on "
         << chip.name << ", got " << type;
}
