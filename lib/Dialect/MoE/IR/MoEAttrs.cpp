// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The preshuffled layouts as affine maps (docs/Layouts.md, sections "Weights"
// and "Scales") and the verifiers of the dialect's attributes. The labels C1,
// C2, ... are those of MoEAttrs.td.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Schedule/CheckSchedule.h"

#include "mlir/IR/AffineMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// PreshuffleAttr
//===----------------------------------------------------------------------===//

AffineMap PreshuffleAttr::getAffineMap() const {
  MLIRContext *ctx = getContext();
  SmallVector<AffineExpr> results;
  for (const layout::Digit &digit : getPlaces().getDigits()) {
    AffineExpr value = getAffineDimExpr(static_cast<unsigned>(digit.axis), ctx)
                           .floorDiv(digit.divisor);
    results.push_back(digit.modulus ? value % digit.modulus : value);
  }
  return AffineMap::get(3, 0, results, ctx);
}

const layout::Preshuffle &PreshuffleAttr::getPlaces() const {
  return getRole() == ShuffleRole::Weight
             ? layout::Preshuffle::weights(layout::kMXFP4)
             : layout::Preshuffle::scales(layout::kMXFP4);
}

layout::RowOrder moe::getRowOrder(GateLayout gate, int64_t rows) {
  switch (gate) {
  case GateLayout::None:
    return layout::RowOrder::get(layout::GateOrder::None, rows);
  case GateLayout::Separated:
    return layout::RowOrder::get(layout::GateOrder::Separated, rows);
  case GateLayout::Interleaved:
    return layout::RowOrder::get(layout::GateOrder::Interleaved, rows);
  case GateLayout::Rows:
    return layout::RowOrder::get(layout::GateOrder::Rows, rows);
  }
  llvm_unreachable("covered switch");
}

bool PreshuffleAttr::isIdentity() const { return false; }

LogicalResult PreshuffleAttr::verifyLayout(
    ArrayRef<int64_t> shape,
    llvm::function_ref<InFlightDiagnostic()> emitError) const {
  // preshuffle_c1
  if (shape.size() != 3)
    return emitError() << "expected rank 3 in a preshuffled layout, got "
                       << shape.size();
  for (int64_t size : shape)
    if (ShapedType::isDynamic(size))
      return emitError()
             << "expected a static shape in a preshuffled layout, got '?'";
  // preshuffle_c2, preshuffle_c3
  int64_t rowMultiple = getPlaces().getRowMultiple();
  if (shape[1] % rowMultiple != 0)
    return emitError() << "expected rows of preshuffled "
                       << stringifyShuffleRole(getRole())
                       << "s to be a multiple of " << rowMultiple << ", got "
                       << shape[1];
  int64_t kMultiple = getPlaces().getKMultiple();
  if (shape[2] % kMultiple != 0)
    return emitError() << "expected K of preshuffled "
                       << stringifyShuffleRole(getRole())
                       << "s to be a multiple of " << kMultiple << ", got "
                       << shape[2];
  // preshuffle_c4
  if (!getPlaces().getByteSize({shape[0], shape[1], shape[2]}))
    return emitError() << "expected fewer than 2^63 bytes of preshuffled "
                       << stringifyShuffleRole(getRole()) << "s, got "
                       << shape[0] << " x " << shape[1] << " x " << shape[2]
                       << " elements";
  return success();
}

int64_t PreshuffleAttr::getByteSize(ArrayRef<int64_t> shape) const {
  return *getPlaces().getByteSize({shape[0], shape[1], shape[2]});
}

LogicalResult PreshuffleAttr::verifyEncoding(
    ArrayRef<int64_t> shape, Type,
    llvm::function_ref<InFlightDiagnostic()> emitError) const {
  return verifyLayout(shape, emitError);
}

/// #weight, #scale, #weight_separated and so on.
OpAsmAliasResult PreshuffleAttr::getAlias(raw_ostream &os) const {
  os << stringifyShuffleRole(getRole());
  if (getGate() != GateLayout::None)
    os << '_' << stringifyGateLayout(getGate());
  return OpAsmAliasResult::OverridableAlias;
}

PreshuffleAttr moe::getPreshuffle(Type type) {
  if (auto memref = dyn_cast<MemRefType>(type))
    return dyn_cast<PreshuffleAttr>(memref.getLayout());
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return dyn_cast_or_null<PreshuffleAttr>(tensor.getEncoding());
  return {};
}

//===----------------------------------------------------------------------===//
// ScheduleAttr
//===----------------------------------------------------------------------===//

ScheduleAttr ScheduleAttr::get(MLIRContext *context, const Schedule &s) {
  return get(context, s.tileM, s.tileN, s.tileK, s.waves, s.kBatch, s.kWave,
             s.nonTemporal ? CachePolicy::NonTemporal : CachePolicy::Default,
             s.xcd, s.groupM, s.wavesPerEu);
}

ScheduleAttr
ScheduleAttr::getChecked(llvm::function_ref<InFlightDiagnostic()> emitError,
                         MLIRContext *context, const Schedule &s) {
  return getChecked(
      emitError, context, s.tileM, s.tileN, s.tileK, s.waves, s.kBatch, s.kWave,
      s.nonTemporal ? CachePolicy::NonTemporal : CachePolicy::Default, s.xcd,
      s.groupM, s.wavesPerEu);
}

Schedule ScheduleAttr::toStruct() const {
  Schedule s;
  s.tileM = getTileM();
  s.tileN = getTileN();
  s.tileK = getTileK();
  s.waves = getWaves();
  s.kBatch = getKBatch();
  s.kWave = getKWave();
  s.nonTemporal = getCache() == CachePolicy::NonTemporal;
  s.xcd = getXcd();
  s.groupM = getGroupM();
  s.wavesPerEu = getWavesPerEu();
  return s;
}

LogicalResult
ScheduleAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     int64_t tileM, int64_t tileN, int64_t tileK, int64_t waves,
                     int64_t kBatch, int64_t kWave, CachePolicy cache,
                     int64_t xcd, int64_t groupM, int64_t wavesPerEu) {
  Schedule s{tileM, tileN, tileK, waves,  kBatch,
             kWave, false, xcd,   groupM, wavesPerEu};
  std::string refusal = refusalOf(s);
  if (!refusal.empty())
    return emitError() << refusal;
  return success();
}
