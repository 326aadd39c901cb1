// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of -moe-expand-kernel: moe.route. A wave has a token. Lane l holds the
// experts l, l + 64, ... of it; what is chosen is a maximum over the wave, and
// slot s of the result is in lane s.

#include "ExpandBuilder.h"
#include "ExpandKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

/// Larger than the number of any expert or group.
static constexpr int64_t kNone = 1 << 20;

namespace {
/// f32 arithmetic and what a whole wave computes.
class WaveBuilder : public ExpandBuilder {
public:
  using ExpandBuilder::ExpandBuilder;

  Value f32(double value) {
    return arith::ConstantOp::create(*this, getF32FloatAttr(float(value)));
  }
  Value lowest() { return f32(-std::numeric_limits<double>::infinity()); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(*this, predicate, x, y);
  }
  Value greater(Value x, Value y) {
    return compare(arith::CmpFPredicate::OGT, x, y);
  }
  Value same(Value x, Value y) {
    return compare(arith::CmpFPredicate::OEQ, x, y);
  }
  Value max(Value x, Value y) { return arith::MaxNumFOp::create(*this, x, y); }
  Value addF(Value x, Value y) { return arith::AddFOp::create(*this, x, y); }
  Value subF(Value x, Value y) { return arith::SubFOp::create(*this, x, y); }
  Value divF(Value x, Value y) { return arith::DivFOp::create(*this, x, y); }
  Value exp(Value x) { return math::ExpOp::create(*this, x); }
  Value isFinite(Value x) {
    return compare(arith::CmpFPredicate::OLT, math::AbsFOp::create(*this, x),
                   f32(std::numeric_limits<double>::infinity()));
  }
  Value isNot(Value x) {
    Value yes = arith::ConstantOp::create(*this, getBoolAttr(true));
    return arith::XOrIOp::create(*this, x, yes);
  }

  /// Over all lanes, the same in all of them.
  Value reduce(Value x, gpu::AllReduceOperation operation) {
    return gpu::SubgroupReduceOp::create(*this, x, operation, /*uniform=*/true);
  }
  Value waveMax(Value x) { return reduce(x, gpu::AllReduceOperation::MAXNUMF); }
  Value waveSum(Value x) { return reduce(x, gpu::AllReduceOperation::ADD); }
  Value waveFirst(Value x) { return reduce(x, gpu::AllReduceOperation::MINUI); }

  Value loadF32(Value memory, ValueRange indices) {
    Value value = memref::LoadOp::create(*this, memory, indices);
    if (value.getType().isF32())
      return value;
    return arith::ExtFOp::create(*this, getF32Type(), value);
  }
};

/// Expands one op.
class RouteExpander {
public:
  explicit RouteExpander(RouteOp op)
      : op(op), b(op), experts(op.getE()), topk(op.getTopk()) {}

  void run();

private:
  void loadLogits();
  Value sigmoid(Value logit);
  void sumSoftmax();
  void addCorrection();
  Value laneMax(ArrayRef<Value> keys);
  Value firstEqual(ArrayRef<Value> keys, Value best);
  Value scoreGroups();
  void keepBestGroups();
  Value choose();
  Value weigh(Value expert);

  RouteOp op;
  WaveBuilder b;
  int64_t experts, topk;
  Value lane, token;            ///< i32 and index
  SmallVector<Value> ids;       ///< i32, the lane's experts
  SmallVector<Value> logits;    ///< of them; -inf: cannot be chosen
  SmallVector<Value> keys;      ///< what they are compared by
  Value logitMax, softmaxTotal; ///< of all experts of the token
};
} // namespace

void RouteExpander::loadLogits() {
  for (int64_t first = 0; first < experts; first += kLanes) {
    Value id = b.add(lane, b.i32(first)), from = id, exists;
    if (first + kLanes > experts) {
      exists = b.less(id, b.i32(experts));
      from = b.select(exists, id, b.i32(experts - 1));
    }
    Value logit = b.loadF32(op.getLogits(), {token, b.toIndex(from)});
    Value usable = b.isFinite(logit);
    if (exists)
      usable = b.both(usable, exists);
    ids.push_back(id);
    logits.push_back(b.select(usable, logit, b.lowest()));
  }
  keys = logits;
}

Value RouteExpander::sigmoid(Value logit) {
  Value one = b.f32(1);
  Value negated = arith::NegFOp::create(b, logit);
  return b.divF(one, b.addF(one, b.exp(negated)));
}

/// Without an expert that can be chosen all exponents are NaN, and not used.
void RouteExpander::sumSoftmax() {
  logitMax = b.waveMax(laneMax(logits));
  Value sum;
  for (Value logit : logits) {
    Value term = b.exp(b.subF(logit, logitMax));
    sum = sum ? b.addF(sum, term) : term;
  }
  softmaxTotal = b.waveSum(sum);
}

void RouteExpander::addCorrection() {
  for (auto [id, logit, key] : llvm::zip(ids, logits, keys)) {
    Value from = arith::MinUIOp::create(b, id, b.i32(experts - 1));
    Value correction = b.loadF32(op.getCorrection(), b.toIndex(from));
    Value score = op.getScore() == Score::Sigmoid
                      ? sigmoid(logit)
                      : b.divF(b.exp(b.subF(logit, logitMax)), softmaxTotal);
    Value usable = b.both(b.isFinite(correction), b.greater(logit, b.lowest()));
    key = b.select(usable, b.addF(score, correction), b.lowest());
  }
}

Value RouteExpander::laneMax(ArrayRef<Value> values) {
  Value best = values.front();
  for (Value value : values.drop_front())
    best = b.max(best, value);
  return best;
}

/// The lowest expert of the wave whose key is `best`; kNone if that is -inf.
Value RouteExpander::firstEqual(ArrayRef<Value> values, Value best) {
  Value first = b.i32(kNone);
  for (size_t i = values.size(); i-- > 0;)
    first = b.select(b.same(values[i], best), ids[i], first);
  Value found = b.waveFirst(first);
  return b.select(b.greater(best, b.lowest()), found, b.i32(kNone));
}

/// Lane g: the score of group g.
Value RouteExpander::scoreGroups() {
  int64_t groups = op.getGroups(), each = experts / groups;
  auto body = [&](Value i, ValueRange scores) -> SmallVector<Value> {
    Value group = b.toI32(i);
    SmallVector<Value> own;
    for (auto [id, key] : llvm::zip(ids, keys)) {
      Value its = arith::DivUIOp::create(b, id, b.i32(each));
      own.push_back(b.select(b.equal(its, group), key, b.lowest()));
    }
    Value score = b.waveMax(laneMax(own));
    if (op.getCorrection()) {
      Value best = firstEqual(own, score);
      for (auto [id, key] : llvm::zip(ids, own))
        key = b.select(b.equal(id, best), b.lowest(), key);
      score = b.addF(score, b.waveMax(laneMax(own)));
    }
    return {b.select(b.equal(lane, group), score, scores[0])};
  };
  return b.loop(b.index(0), b.index(groups), 1, b.lowest(), body)[0];
}

/// Experts of other groups than the best ones cannot be chosen.
void RouteExpander::keepBestGroups() {
  int64_t groups = op.getGroups(), each = experts / groups;
  Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
  // The scores left, whether the lane's group is chosen, and which experts'.
  SmallVector<Value> init = {scoreGroups(), no};
  init.append(keys.size(), no);
  auto body = [&](Value, ValueRange values) {
    Value score = values[0], chosen = values[1];
    Value candidate = b.both(b.same(score, b.waveMax(score)), b.isNot(chosen));
    candidate = b.both(candidate, b.less(lane, b.i32(groups)));
    Value group = b.waveFirst(b.select(candidate, lane, b.i32(kNone)));
    Value isThis = b.equal(lane, group);
    SmallVector<Value> next = {b.select(isThis, b.lowest(), score),
                               arith::OrIOp::create(b, chosen, isThis)};
    for (auto [id, kept] : llvm::zip(ids, values.drop_front(2))) {
      Value its = arith::DivUIOp::create(b, id, b.i32(each));
      next.push_back(arith::OrIOp::create(b, kept, b.equal(its, group)));
    }
    return next;
  };
  SmallVector<Value> last =
      b.loop(b.index(0), b.index(op.getBestGroups()), 1, init, body);
  for (auto [key, kept] : llvm::zip(keys, ArrayRef(last).drop_front(2)))
    key = b.select(kept, key, b.lowest());
}

/// Lane s: the expert of slot s, kNone if there is none.
Value RouteExpander::choose() {
  SmallVector<Value> init = {b.i32(kNone)};
  init.append(keys);
  auto body = [&](Value slot, ValueRange values) {
    SmallVector<Value> left(values.drop_front());
    Value expert = firstEqual(left, b.waveMax(laneMax(left)));
    SmallVector<Value> next = {
        b.select(b.equal(lane, b.toI32(slot)), expert, values[0])};
    for (auto [id, key] : llvm::zip(ids, left))
      next.push_back(b.select(b.equal(id, expert), b.lowest(), key));
    return next;
  };
  return b.loop(b.index(0), b.index(topk), 1, init, body)[0];
}

/// Lane s: the weight of slot s, 0 if it has no expert.
Value RouteExpander::weigh(Value expert) {
  Value exists = b.less(expert, b.i32(experts)), zero = b.f32(0);
  Value from = b.select(exists, expert, b.i32(0));
  Value logit = b.loadF32(op.getLogits(), {token, b.toIndex(from)});
  logit = b.select(exists, logit, b.lowest());
  bool renormalize = op.getRenormalize();
  Value weight;
  if (op.getScore() == Score::Softmax) {
    Value top = renormalize ? b.waveMax(logit) : logitMax;
    weight = b.exp(b.subF(logit, top));
    if (!renormalize)
      weight = b.divF(weight, softmaxTotal);
  } else if (!renormalize) {
    weight = sigmoid(logit);
  } else {
    // sigmoid(l) = exp(l) / (1 + exp(l)) for l < 0, here divided by exp(shift),
    // which the sum is too: where all scores are tiny, they do not vanish.
    Value top = b.waveMax(logit);
    Value tiny = b.compare(arith::CmpFPredicate::OLT, top, b.f32(-30));
    Value shift = b.select(tiny, top, zero);
    Value magnitude = math::AbsFOp::create(b, logit);
    Value small = b.exp(arith::NegFOp::create(b, magnitude));
    Value negative = b.compare(arith::CmpFPredicate::OLT, logit, zero);
    Value numerator = b.select(negative, b.exp(b.subF(logit, shift)), b.f32(1));
    weight = b.divF(numerator, b.addF(b.f32(1), small));
  }
  if (renormalize) {
    weight = b.select(exists, weight, zero);
    weight = b.divF(weight, b.waveSum(weight));
  }
  if (float scale = op.getScale().convertToFloat(); scale != 1)
    weight = arith::MulFOp::create(b, weight, b.f32(scale));
  return b.select(exists, weight, zero);
}

void RouteExpander::run() {
  Value thread = b.toI32(b.thread());
  lane = arith::RemUIOp::create(b, thread, b.i32(kLanes));
  Value wave = arith::DivUIOp::create(b, b.thread(), b.index(kLanes));
  token = b.add(b.mul(b.block(), RouteOp::kTokens), wave);
  b.enterIf(b.less(token, b.toIndex(op.getTokens())));
  loadLogits();
  bool needsTotal = op.getScore() == Score::Softmax &&
                    (op.getCorrection() || !op.getRenormalize());
  if (needsTotal)
    sumSoftmax();
  if (op.getCorrection())
    addCorrection();
  if (op.getGroups() > 1)
    keepBestGroups();
  Value expert = choose();
  Value weight = weigh(expert);
  Value id = b.select(b.less(expert, b.i32(experts)), expert, b.i32(-1));
  if (op.getShared()) {
    // The slots behind those that were chosen, whose lanes have no expert yet.
    Value chosen = b.less(lane, b.i32(topk));
    id = b.select(chosen, id, b.add(lane, b.i32(experts - topk)));
    weight =
        b.select(chosen, weight, b.f32(op.getSharedWeight().convertToFloat()));
  }
  b.enterIf(b.less(lane, b.i32(op.getSlots())));
  Value slot = b.toIndex(lane);
  memref::StoreOp::create(b, id, op.getIds(), ValueRange{token, slot});
  memref::StoreOp::create(b, weight, op.getWeights(), ValueRange{token, slot});
  op.erase();
}

std::string moe::gridOf(RouteOp op) {
  return "ceildiv(tokens," + std::to_string(RouteOp::kTokens) + ")";
}

LogicalResult moe::expandRoute(RouteOp op) {
  if (failed(prepareKernelFunction(op, RouteOp::kThreads, gridOf(op))))
    return failure();
  RouteExpander(op).run();
  return success();
}
