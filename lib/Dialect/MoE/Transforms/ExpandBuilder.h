// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the transforms: a builder at the place of a kernel-level op, with
// short names for the arithmetic that expansions are made of.

#ifndef MOE_LIB_DIALECT_MOE_TRANSFORMS_EXPANDBUILDER_H
#define MOE_LIB_DIALECT_MOE_TRANSFORMS_EXPANDBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe {

/// Lanes of a wave of the chips that the expansions are made for.
constexpr int64_t kLanes = 64;

class ExpandBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;

  explicit ExpandBuilder(mlir::Operation *op)
      : ImplicitLocOpBuilder(op->getLoc(), op) {}

  Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(*this, value);
  }
  Value i32(int64_t value) {
    return mlir::arith::ConstantOp::create(*this, getI32IntegerAttr(value));
  }
  Value toIndex(Value value) {
    return mlir::arith::IndexCastUIOp::create(*this, getIndexType(), value);
  }
  Value toI32(Value value) {
    return mlir::arith::IndexCastUIOp::create(*this, getI32Type(), value);
  }
  Value add(Value x, Value y) {
    return mlir::arith::AddIOp::create(*this, x, y);
  }
  Value mul(Value x, int64_t y) {
    return mlir::arith::MulIOp::create(*this, x, index(y));
  }
  Value less(Value x, Value y) {
    return mlir::arith::CmpIOp::create(*this, mlir::arith::CmpIPredicate::ult,
                                       x, y);
  }
  Value equal(Value x, Value y) {
    return mlir::arith::CmpIOp::create(*this, mlir::arith::CmpIPredicate::eq, x,
                                       y);
  }
  Value both(Value x, Value y) {
    return mlir::arith::AndIOp::create(*this, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return mlir::arith::SelectOp::create(*this, condition, x, y);
  }
  Value thread() {
    return mlir::gpu::ThreadIdOp::create(*this, mlir::gpu::Dimension::x);
  }
  Value block() {
    return mlir::gpu::BlockIdOp::create(*this, mlir::gpu::Dimension::x);
  }
  /// What follows is executed only where `condition` holds.
  void enterIf(Value condition) {
    auto ifOp =
        mlir::scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
    setInsertionPointToStart(ifOp.thenBlock());
  }
  /// The same for what `body` builds only.
  void when(Value condition, llvm::function_ref<void()> body) {
    OpBuilder::InsertionGuard guard(*this);
    enterIf(condition);
    body();
  }
  /// A loop over `from`, `from` + step, ... below `to`; `body` maps the
  /// counter and the current values to the next ones. Returns the last ones.
  /// The lower bound is never above the upper one: upstream's
  /// -scf-for-loop-peeling would run such a loop once.
  llvm::SmallVector<Value>
  loop(Value from, Value to, int64_t step, llvm::ArrayRef<Value> init,
       llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>
           body) {
    if (!mlir::isZeroInteger(from))
      from = mlir::arith::MinUIOp::create(*this, from, to);
    auto forOp = mlir::scf::ForOp::create(*this, from, to, index(step), init);
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(forOp.getBody());
    llvm::SmallVector<Value> next =
        body(forOp.getInductionVar(), forOp.getRegionIterArgs());
    // Without values the builder has made the terminator already.
    if (!init.empty())
      mlir::scf::YieldOp::create(*this, next);
    return llvm::SmallVector<Value>(forOp.getResults());
  }
};

} // namespace moe

#endif // MOE_LIB_DIALECT_MOE_TRANSFORMS_EXPANDBUILDER_H
