// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.subgroup_reduce reduces over the lanes that are active. DPP moves and
// permutes read those that are not as well, so in a wave that may have such
// lanes the moves are made in strict whole-wave mode, from values in which
// LLVM has set them to the neutral element.

#include "LaneOps.h"
#include "WaveUniformity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace moe;

using Kind = gpu::AllReduceOperation;

//===----------------------------------------------------------------------===//
// What is not lowered
//===----------------------------------------------------------------------===//

static LogicalResult checkReduce(gpu::SubgroupReduceOp op, unsigned waveLanes) {
  Type element = getElementTypeOrSelf(op.getType());
  bool known = isa<IntegerType>(element)
                   ? element.getIntOrFloatBitWidth() <= 64
                   : element.isF16() || element.isBF16() || element.isF32() ||
                         element.isF64();
  if (!known)
    return op.emitOpError("expected values of f16, bf16, f32, f64 or an "
                          "integer type of at most 64 bits, got ")
           << op.getType();
  uint64_t size = op.getClusterSize().value_or(1);
  uint64_t lanes = size * op.getClusterStride();
  if (lanes > waveLanes)
    return op.emitOpError("expected clusters within the ")
           << waveLanes << " lanes of a wave, got size * stride = " << lanes;
  return success();
}

/// Values move between lanes in pieces of 32 bits.
static LogicalResult checkMoved(Operation *op, Type type) {
  int64_t bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (auto vector = dyn_cast<VectorType>(type))
    bits *= vector.getNumElements();
  if (bits <= 32 || bits % 32 == 0)
    return success();
  return op->emitOpError("expected a value of at most 32 bits or a multiple of "
                         "32, got ")
         << type << " of " << bits << " bits";
}

static LogicalResult checkShuffle(gpu::ShuffleOp op) {
  std::optional<int64_t> width = getConstantIntValue(op.getWidth());
  if (!width || *width > 0)
    return checkMoved(op, op.getValue().getType());
  return op.emitOpError("expected a width of at least 1 lane, got ") << *width;
}

static LogicalResult checkRotate(gpu::RotateOp op, unsigned waveLanes) {
  if (op.getWidth() <= waveLanes)
    return checkMoved(op, op.getValue().getType());
  return op.emitOpError("expected a width of at most the ")
         << waveLanes << " lanes of a wave, got " << op.getWidth();
}

LogicalResult moe::checkLaneOps(gpu::GPUModuleOp module, unsigned waveLanes) {
  WalkResult result = module.walk([&](Operation *op) -> WalkResult {
    if (auto reduce = dyn_cast<gpu::SubgroupReduceOp>(op))
      return checkReduce(reduce, waveLanes);
    if (auto shuffle = dyn_cast<gpu::ShuffleOp>(op))
      return checkShuffle(shuffle);
    if (auto rotate = dyn_cast<gpu::RotateOp>(op))
      return checkRotate(rotate, waveLanes);
    if (isa<gpu::AllReduceOp>(op))
      return op->emitOpError("expected gpu.subgroup_reduce and memory of the "
                             "workgroup between its waves, got a reduction "
                             "that is not lowered");
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Whole waves
//===----------------------------------------------------------------------===//

/// The threads of a workgroup of the kernel around `op`, or none if that is not
/// known, as in a function that kernels call.
static std::optional<uint64_t> getBlockThreads(Operation *op) {
  auto func = op->getParentOfType<gpu::GPUFuncOp>();
  if (!func || !func.isKernel() || !func.getKnownBlockSizeAttr())
    return std::nullopt;
  uint64_t threads = 1;
  for (int32_t size : func.getKnownBlockSizeAttr().asArrayRef())
    threads *= size;
  return threads;
}

/// The neutral element: the value of a lane that does not change the result.
static TypedAttr getNeutral(Kind kind, Type type) {
  if (auto floats = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floats.getFloatSemantics();
    auto get = [&] {
      switch (kind) {
      case Kind::ADD:
        return APFloat::getZero(semantics, /*Negative=*/true);
      case Kind::MUL:
        return APFloat(semantics, 1);
      case Kind::MINIMUMF:
        return APFloat::getInf(semantics);
      case Kind::MAXIMUMF:
        return APFloat::getInf(semantics, /*Negative=*/true);
      default: // of two numbers the one that is
        return APFloat::getQNaN(semantics);
      }
    };
    return FloatAttr::get(type, get());
  }
  unsigned bits = type.getIntOrFloatBitWidth();
  auto get = [&] {
    switch (kind) {
    case Kind::MUL:
      return APInt(bits, 1);
    case Kind::MINUI:
    case Kind::AND:
      return APInt::getAllOnes(bits);
    case Kind::MINSI:
      return APInt::getSignedMaxValue(bits);
    case Kind::MAXSI:
      return APInt::getSignedMinValue(bits);
    default: // add, or, xor, maxui
      return APInt::getZero(bits);
    }
  };
  return IntegerAttr::get(type, get());
}

namespace {
/// One gpu.subgroup_reduce.
class ReductionBuilder : public ImplicitLocOpBuilder {
public:
  ReductionBuilder(gpu::SubgroupReduceOp op, bool allActive)
      : ImplicitLocOpBuilder(op.getLoc(), op), op(op), allActive(allActive),
        threads(getBlockThreads(op)) {}

  void run();

private:
  Value reduceScalar(Value value);
  Value reduceWide(Value value);
  Value reduceActive(Value value);
  Value callOfBits(StringRef name, ArrayRef<Value> operands);

  gpu::SubgroupReduceOp op;
  bool allActive;                  ///< all lanes of the wave
  std::optional<uint64_t> threads; ///< of a workgroup
};
} // namespace

/// An intrinsic of the bits of values, 32 or 64 of them.
Value ReductionBuilder::callOfBits(StringRef name, ArrayRef<Value> operands) {
  Type type = operands.front().getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Type bits = getIntegerType(width);
  Type wide = getIntegerType(std::max(width, 32u));
  SmallVector<Value> arguments;
  for (Value value : operands) {
    if (type != bits)
      value = arith::BitcastOp::create(*this, bits, value);
    if (wide != bits)
      value = arith::ExtUIOp::create(*this, wide, value);
    arguments.push_back(value);
  }
  Value result =
      LLVM::CallIntrinsicOp::create(*this, wide, getStringAttr(name), arguments)
          .getResult(0);
  if (wide != bits)
    result = arith::TruncIOp::create(*this, bits, result);
  return type == bits ? result : arith::BitcastOp::create(*this, type, result);
}

/// The reduction over the lanes of the wave that are there and active. In
/// workgroups of one thread LLVM takes the value of a lane for that of all.
Value ReductionBuilder::reduceActive(Value value) {
  if (threads == 1)
    return value;
  Value neutral =
      arith::ConstantOp::create(*this, getNeutral(op.getOp(), value.getType()));
  Value all = callOfBits("llvm.amdgcn.set.inactive", {value, neutral});
  all =
      gpu::SubgroupReduceOp::create(*this, all, op.getOp(), op.getUniform(),
                                    op.getClusterSize(), op.getClusterStride());
  all = callOfBits("llvm.amdgcn.strict.wwm", {all});
  if (threads)
    return all;
  Value one = arith::ConstantIntOp::create(*this, 1, 64);
  Value yes = arith::ConstantIntOp::create(*this, 1, 1);
  Value active =
      LLVM::CallIntrinsicOp::create(*this, getI64Type(),
                                    getStringAttr("llvm.amdgcn.ballot"), yes)
          .getResult(0);
  Value others = arith::AndIOp::create(
      *this, active, arith::SubIOp::create(*this, active, one));
  Value zero = arith::ConstantIntOp::create(*this, 0, 64);
  Value alone =
      arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, others, zero);
  return arith::SelectOp::create(*this, alone, value, all);
}

/// The reduction of a value whose type instructions can move between lanes.
Value ReductionBuilder::reduceWide(Value value) {
  if (!allActive)
    return reduceActive(value);
  return gpu::SubgroupReduceOp::create(*this, value, op.getOp(),
                                       op.getUniform(), op.getClusterSize(),
                                       op.getClusterStride());
}

/// Narrow integers are extended: any extension gives sums and products the same
/// low bits, and minima and maxima are extended by their own signedness.
Value ReductionBuilder::reduceScalar(Value value) {
  auto type = dyn_cast<IntegerType>(value.getType());
  if (!type || type.getWidth() == 32 || type.getWidth() == 64)
    return reduceWide(value);
  Type wide = getIntegerType(type.getWidth() < 32 ? 32 : 64);
  bool isSigned = op.getOp() == Kind::MINSI || op.getOp() == Kind::MAXSI;
  Value extended = isSigned
                       ? arith::ExtSIOp::create(*this, wide, value).getResult()
                       : arith::ExtUIOp::create(*this, wide, value).getResult();
  return arith::TruncIOp::create(*this, type, reduceWide(extended));
}

void ReductionBuilder::run() {
  Value result;
  if (auto type = dyn_cast<VectorType>(op.getType())) {
    SmallVector<Value> elements;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      elements.push_back(
          reduceScalar(vector::ExtractOp::create(*this, op.getValue(), i)));
    result = vector::FromElementsOp::create(*this, type, elements);
  } else {
    result = reduceScalar(op.getValue());
  }
  op.replaceAllUsesWith(result);
  op.erase();
}

void moe::prepareReductions(gpu::GPUModuleOp module, unsigned waveLanes) {
  WaveUniformity uniformity;
  SmallVector<std::pair<gpu::SubgroupReduceOp, bool>> found;
  module.walk([&](gpu::SubgroupReduceOp op) {
    bool wholeWaves = getBlockThreads(op).value_or(1) % waveLanes == 0;
    found.push_back(
        {op, wholeWaves && (op.getUniform() || uniformity.isReachedByAll(op))});
  });
  for (auto [op, allActive] : found)
    ReductionBuilder(op, allActive).run();
}
