// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between the product and the output: moe.reduce_groups and moe.activate.
// docs/Numerics.md has the formulas and their errors.

#include "EarlyLoads.h"
#include "LaneBuilder.h"
#include "RowPlaces.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// f32 formulas on vectors
//===----------------------------------------------------------------------===//

namespace {
/// Elementwise f32 arithmetic on vectors of one type.
struct Arithmetic {
  LaneBuilder &b;
  VectorType type;

  Value splat(Value scalar) {
    return vector::BroadcastOp::create(b, type, scalar);
  }
  Value constant(float value) {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, x); }
  Value exp(Value x) { return math::ExpOp::create(b, x); }
  /// NaN in either gives NaN.
  Value min(Value x, Value y) { return arith::MinimumFOp::create(b, x, y); }
  Value max(Value x, Value y) { return arith::MaximumFOp::create(b, x, y); }

  Value sigmoid(Value x) {
    Value one = constant(1.0f);
    return div(one, add(one, exp(neg(x))));
  }

  /// tanh: 1 - 2/(e^2|x| + 1) with the sign of x, and near zero, where that
  /// would cancel, an odd polynomial (the coefficients of Cephes' tanhf).
  Value tanh(Value x) {
    Value magnitude = math::AbsFOp::create(b, x);
    Value one = constant(1.0f), two = constant(2.0f);
    Value grown = exp(mul(two, magnitude));
    Value far = sub(one, div(two, add(grown, one)));
    far = math::CopySignOp::create(b, far, x);
    Value square = mul(x, x);
    Value sum = constant(-5.70498872745e-3f);
    for (float coefficient : {2.06390887954e-2f, -5.37397155531e-2f,
                              1.33314422036e-1f, -3.33332819422e-1f})
      sum = add(mul(sum, square), constant(coefficient));
    Value near = add(mul(mul(sum, square), x), x);
    Value isNear = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                         magnitude, constant(0.625f));
    return arith::SelectOp::create(b, isNear, near, far);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// moe.activate
//===----------------------------------------------------------------------===//

namespace {
struct ActivateLowering : OpConversionPattern<ActivateOp> {
  using OpConversionPattern::OpConversionPattern;

  /// The bias of this lane's column in each block; block 2*j is gate, block
  /// 2*j + 1 is up. Unspecified past the last column.
  static SmallVector<Value> loadBias(LaneBuilder &b, ActivateOp op,
                                     OneToNOpAdaptor adaptor) {
    SmallVector<Value> biases;
    if (!op.getBias())
      return biases;
    Value bias = adaptor.getBias().front(),
          expert = adaptor.getExpert().front(), n = adaptor.getN().front();
    int64_t columns = op.getBias().getType().getDimSize(1);
    VectorType acc = op.getAcc().getType();
    int64_t tileRows = acc.getDimSize(0) * getAccumulatorFragment(acc).rows;
    buildEarly(b, op, tileRows, Request::LastStep, {bias, expert, n}, [&] {
      RowPlaces rows(b, getRowOrder(op.getGate(), columns),
                     getAccumulatorFragment(op.getAcc().getType()),
                     /*gated=*/true, n);
      BiasRow source(b, bias, expert, columns);
      for (int64_t nb = 0; nb < op.getAcc().getType().getDimSize(1); ++nb) {
        Value block = rows.blockOf(nb), row = rows.laneRow();
        if (Value own = rows.laneBlock())
          block = b.add(block, own);
        if (Value first = rows.rowOf(nb))
          row = b.add(row, first);
        biases.push_back(
            source.load(b, b.add(b.mul(block, RowPlaces::kBlock), row)));
      }
    });
    return biases;
  }

  static Value activate(Arithmetic f, ActivateOp op, Value g, Value u) {
    Value limit = f.splat(op.getParam("limit"));
    g = f.min(g, limit);
    u = f.max(f.min(u, limit), f.neg(limit));
    switch (op.getActivation()) {
    case Activation::Silu:
      return f.mul(f.mul(g, f.sigmoid(g)), u);
    case Activation::Swiglu: {
      Value alpha = f.splat(op.getParam("alpha"));
      Value gate = f.mul(g, f.sigmoid(f.mul(alpha, g)));
      return f.mul(gate, f.add(u, f.constant(1.0f)));
    }
    case Activation::Situv2: {
      Value beta = f.splat(op.getParam("beta"));
      Value linearBeta = f.splat(op.getParam("linear_beta"));
      Value gate = f.mul(f.mul(beta, f.tanh(f.div(g, beta))), f.sigmoid(g));
      return f.mul(gate, f.mul(linearBeta, f.tanh(f.div(u, linearBeta))));
    }
    case Activation::None:
      break;
    }
    llvm_unreachable("the verifier refuses none");
  }

  LogicalResult
  matchAndRewrite(ActivateOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    VectorType type = op.getResult().getType();
    Arithmetic f{b, VectorType::get({4}, b.getF32Type())};
    SmallVector<Value> acc =
        splitQuads(b, op.getAcc().getType(), adaptor.getAcc());
    int64_t nBlocks = type.getDimSize(1);
    int64_t rowQuads = acc.size() / (2 * nBlocks);
    SmallVector<Value> biases = loadBias(b, op, adaptor);
    SmallVector<Value> results(rowQuads * nBlocks);
    for (int64_t nb = 0; nb < nBlocks; ++nb) {
      Value gateBias, upBias;
      if (op.getBias()) {
        gateBias = f.splat(biases[2 * nb]);
        upBias = f.splat(biases[2 * nb + 1]);
      }
      for (int64_t quad = 0; quad < rowQuads; ++quad) {
        Value g = acc[(quad * nBlocks + nb) * 2];
        Value u = acc[(quad * nBlocks + nb) * 2 + 1];
        if (gateBias) {
          g = f.add(g, gateBias);
          u = f.add(u, upBias);
        }
        results[quad * nBlocks + nb] = activate(f, op, g, u);
      }
    }
    rewriter.replaceOpWithMultiple(op, {joinQuads(b, type, results)});
    return success();
  }
};

//===----------------------------------------------------------------------===//
// moe.reduce_groups
//===----------------------------------------------------------------------===//

struct ReduceGroupsLowering : OpConversionPattern<ReduceGroupsOp> {
  using OpConversionPattern::OpConversionPattern;

  /// The byte of its buffer where a lane's part of register `reg` begins. Even
  /// registers are in the first buffer, odd ones in the second; a register
  /// takes 1024 bytes of a wave, 16 of each lane.
  static Value place(LaneBuilder &b, Value slot, int64_t accumulators,
                     int64_t reg) {
    int64_t perBuffer = (accumulators + 1) / 2;
    Value first = b.mul(b.add(b.mul(slot, perBuffer), b.index(reg / 2)), 1024);
    return b.add(first, b.mul(b.lane(), 16));
  }

  LogicalResult
  matchAndRewrite(ReduceGroupsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LaneBuilder b(op.getLoc(), rewriter);
    int64_t groups = op.getGroups();
    int64_t wavesPerGroup = op.getThreads() / 64 / groups;
    VectorType type = op.getAcc().getType();
    SmallVector<Value> acc = splitQuads(b, type, adaptor.getAcc());
    Value buffers[] = {adaptor.getBuffer0().front(),
                       adaptor.getBuffer1().front()};
    auto four = VectorType::get({4}, b.getF32Type());
    auto bytes = VectorType::get({16}, b.getI8Type());
    Value wave = b.wave();
    Value group = b.div(wave, wavesPerGroup);
    int64_t count = acc.size();
    // Other waves may still read the last A tile.
    amdgpu::LDSBarrierOp::create(b);
    Value isFirst = b.lessU(group, b.index(1));
    auto ifOp = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(ifOp.elseBlock());
      // Slot 0 is the first wave of group 1.
      Value slot = arith::SubIOp::create(b, wave, b.index(wavesPerGroup));
      for (int64_t reg = 0; reg < count; ++reg)
        vector::StoreOp::create(
            b, vector::BitCastOp::create(b, bytes, acc[reg]), buffers[reg % 2],
            ValueRange{place(b, slot, count, reg)},
            /*nontemporal=*/false, llvm::MaybeAlign(16));
    }
    amdgpu::LDSBarrierOp::create(b);
    // All waves add what they read; only the sums of the first group are used.
    Value waveInGroup = b.rem(wave, wavesPerGroup);
    for (int64_t other = 1; other < groups; ++other) {
      Value slot = b.add(waveInGroup, b.index((other - 1) * wavesPerGroup));
      for (int64_t reg = 0; reg < count; ++reg) {
        Value part = vector::LoadOp::create(
            b, bytes, buffers[reg % 2], ValueRange{place(b, slot, count, reg)},
            /*nontemporal=*/false, llvm::MaybeAlign(16));
        acc[reg] = arith::AddFOp::create(
            b, acc[reg], vector::BitCastOp::create(b, four, part));
      }
    }
    rewriter.replaceOpWithMultiple(op, {joinQuads(b, type, acc)});
    return success();
  }
};
} // namespace

void moe::populateEpiloguePatterns(const TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<ActivateLowering, ReduceGroupsLowering>(converter,
                                                       patterns.getContext());
}
