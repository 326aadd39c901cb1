// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounds from bytes and products, and the steps of the search.
#include "Driver/Tune/Candidates.h"
#include "moe/Schedule/CheckSchedule.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace moe;
using namespace moe::driver;

/// Of a weight with its part of a block's scale.
static constexpr double kWeightBytes = 0.5 + 1.0 / 32;
/// Bandwidth of the last-level cache as a multiple of the memory's: 17.2 and 8
/// TB/s on paper.
static constexpr double kCacheToMemory = 17.2 / 8;

TunedProduct::TunedProduct(const Product &product, int64_t tokens,
                           const Chip &chip)
    : product(product), workload{tokens, 0}, chip(chip),
      byRule(chooseSchedule(product, workload, chip)) {}

double TunedProduct::leastMicroseconds(const Schedule &s) const {
  double blocksOfExpert =
      std::max(1.0, std::ceil((byRule.rowsPerExpert - 1e-6) / double(s.tileM)));
  double blocks = byRule.activeExperts * blocksOfExpert;
  double expertBytes = double(product.rows) * double(product.k) * kWeightBytes;
  double memory = byRule.activeExperts * expertBytes;
  double together = std::min(blocksOfExpert, double(s.groupM));
  double cache = blocks / together * expertBytes / kCacheToMemory;
  double products = blocks * double(s.tileM) *
                    double(llvm::alignTo(product.rows, s.tileN)) *
                    double(llvm::alignTo(product.k, s.tileK));
  // A matrix instruction with mfma16K of K and 16 x 16 results takes 16 clk.
  double perClk =
      double(chip.computeUnits * chip.simds) * 16 * double(chip.mfma16K);
  return std::max(std::max(memory, cache) / double(chip.gigabytesPerSecond) /
                      1000,
                  products / perClk / double(chip.megahertz));
}

/// The value doubled and halved.
static void stepAxis(int64_t Schedule::*axis, const Schedule &from,
                     std::vector<Schedule> &steps) {
  for (bool up : {true, false}) {
    Schedule s = from;
    s.*axis = up ? s.*axis * 2 : s.*axis / 2;
    steps.push_back(s);
  }
}

/// Two axes doubled and halved together, and one against the other.
static void stepTwo(int64_t Schedule::*one, int64_t Schedule::*other,
                    const Schedule &from, std::vector<Schedule> &steps) {
  for (bool up : {true, false})
    for (bool same : {true, false}) {
      Schedule s = from;
      s.*one = up ? s.*one * 2 : s.*one / 2;
      s.*other = up == same ? s.*other * 2 : s.*other / 2;
      steps.push_back(s);
    }
}

std::vector<Schedule> TunedProduct::neighbours(const Schedule &from) const {
  std::vector<Schedule> steps;
  for (auto axis : {&Schedule::tileN, &Schedule::tileM, &Schedule::kWave,
                    &Schedule::waves, &Schedule::tileK})
    stepAxis(axis, from, steps);
  stepTwo(&Schedule::waves, &Schedule::kWave, from, steps);
  stepTwo(&Schedule::waves, &Schedule::tileN, from, steps);
  stepTwo(&Schedule::tileM, &Schedule::tileN, from, steps);
  if (byRule.rowsPerExpert > double(from.tileM))
    stepAxis(&Schedule::groupM, from, steps);
  std::vector<Schedule> possible;
  for (const Schedule &s : steps)
    if (s.groupM <= 16 && s.tileK <= 512 && refusalOn(chip, product, s).empty())
      possible.push_back(s);
  return possible;
}
