// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The preshuffled layouts as affine maps (docs/Layouts.md, sections "Weights"
// and "Scales") and the verifiers of the dialect's attributes. The labels C1,
// C2, ... are those of MoEAttrs.td.

#include "moe/Dialect/MoE/IR/MoE.h"

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

//===----------------------------------------------------------------------===//
// ConfigAttr
//===----------------------------------------------------------------------===//

/// config_c5: the axes that only need to be in a range.
static LogicalResult
verifyRanges(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t kBatch,
             int64_t kWave, int64_t xcd, int64_t groupM, int64_t wavesPerEu) {
  if (kWave != 1 && kWave != 2 && kWave != 4)
    return emitError() << "expected k_wave to be 1, 2 or 4, got " << kWave;
  if (kBatch < 1)
    return emitError() << "expected k_batch to be at least 1, got " << kBatch;
  // With these the numbers of workgroups stay within 32 bits.
  for (auto [name, value, most] :
       {std::tuple("xcd", xcd, 64), std::tuple("group_m", groupM, 128)})
    if (value < 1 || value > most)
      return emitError() << "expected " << name << " to be from 1 to " << most
                         << ", got " << value;
  if (wavesPerEu < 0 || wavesPerEu > 8)
    return emitError() << "expected waves_per_eu to be from 0 to 8, got "
                       << wavesPerEu;
  return success();
}

LogicalResult ConfigAttr::verify(
    llvm::function_ref<InFlightDiagnostic()> emitError, int64_t tileM,
    int64_t tileN, int64_t tileK, int64_t waves, int64_t kBatch, int64_t kWave,
    bool accumulate, bool routingWeight, CachePolicy cache, int64_t xcd,
    int64_t groupM, int64_t wavesPerEu, Stage stage, Activation activation) {
  // config_c1
  if (tileM != 16 && tileM != 32 && tileM != 64 && tileM != 128)
    return emitError() << "expected tile_m to be 16, 32, 64 or 128, got "
                       << tileM;
  // config_c2
  if (tileK < 128 || tileK % 128 != 0)
    return emitError() << "expected tile_k to be a positive multiple of 128 "
                          "(a block of preshuffled weights), got "
                       << tileK;
  if (failed(verifyRanges(emitError, kBatch, kWave, xcd, groupM, wavesPerEu)))
    return failure();
  // config_c3
  if (waves != 1 && waves != 2 && waves != 4 && waves != 8)
    return emitError() << "expected waves to be 1, 2, 4 or 8, got " << waves;
  if (waves % kWave != 0)
    return emitError() << "expected waves to be a multiple of k_wave = "
                       << kWave << ", got " << waves;
  // config_c4
  int64_t multiple = 16 * (waves / kWave);
  if (tileN < multiple || tileN % multiple != 0)
    return emitError() << "expected tile_n to be a positive multiple of "
                       << multiple << " (16 columns x " << waves / kWave
                       << " waves in N), got " << tileN;
  int64_t waveN = 16 * (tileN / multiple);
  if (waveN != 16 && waveN % 32 != 0)
    return emitError() << "expected 16 columns a wave or a multiple of 32, got "
                       << waveN << " of tile_n = " << tileN;
  // config_c8
  int64_t chunks = tileM * tileK / 8, threads = 64 * waves / kWave;
  if (chunks % threads != 0)
    return emitError() << "expected the " << chunks << " chunks of 16 bytes of "
                       << tileM << " x " << tileK
                       << " activations to be a multiple of the threads that "
                          "move them, 64 x waves / k_wave, got "
                       << threads;
  // config_c6
  if (kBatch > 1 && !accumulate)
    return emitError() << "expected accumulate with k_batch = " << kBatch
                       << ": slices of K can only be added, got plain stores";
  // config_c7
  if (activation != Activation::None && stage != Stage::GateUp)
    return emitError() << "expected no activation in stage "
                       << stringifyStage(stage) << ", got "
                       << stringifyActivation(activation);
  return success();
}
