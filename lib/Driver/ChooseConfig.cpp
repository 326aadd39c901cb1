//===- ChooseConfig.cpp - a configuration for a shape ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of docs/Configurations.md, axis by axis.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Flags.h"
#include "moe/Target/Chip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace moe;
using namespace moe::driver;
using llvm::divideCeil;
using llvm::formatv;

/// Workgroups that keep every compute unit of a large device busy (256 on
/// MI355X, 304 on MI300X), and the XCDs of both.
static constexpr int64_t kFill = 256;
static constexpr int64_t kXcds = 8;

static double activeShare(int64_t tokens, int64_t topk, int64_t experts) {
  double share = std::min(1.0, double(topk) / double(experts));
  return 1 - std::pow(1 - share, double(tokens));
}

double moe::driver::expectedRowsPerExpert(int64_t tokens, int64_t topk,
                                          int64_t experts) {
  double active = double(experts) * activeShare(tokens, topk, experts);
  return double(tokens) * double(topk) / std::max(1.0, active);
}

FixedAxes moe::driver::fixedAxes(const FlagSet &flags) {
  FixedAxes fixed;
  fixed.waves = flags.given("waves");
  fixed.kBatch = flags.given("k-batch");
  fixed.kWave = flags.given("k-wave");
  fixed.cache = flags.given("cache");
  fixed.xcd = flags.given("xcd");
  fixed.groupM = flags.given("group-m");
  return fixed;
}

int64_t moe::driver::ldsBytesOf(const KernelOptions &o) {
  const TileShape &tile = *o.tile;
  int64_t aTiles = o.kWave * tile.m * tile.k * 2;
  bool halved = o.kernel == KernelKind::Gemm1 && o.kBatch == 1;
  int64_t shuffle = o.outType == OutType::F32 || o.leavesRawSums()
                        ? 0
                        : tile.m * tile.n / (halved ? 2 : 1);
  int64_t wavesInN = std::max<int64_t>(1, o.waves / o.kWave);
  int64_t accumulators = tile.m / 16 * (tile.n / (16 * wavesInN));
  int64_t sums = (o.kWave - 1) * wavesInN * ((accumulators + 1) / 2) * 1024;
  return 2 * std::max({aTiles, shuffle, sums});
}

namespace {
class Chooser {
public:
  Chooser(const KernelOptions &options, const Workload &workload,
          const Chip &chip, const FixedAxes &fixed)
      : o(options), tokens(workload.tokens), chip(chip), fixed(fixed) {
    result.options = options;
    int64_t global = std::max(workload.globalExperts, options.experts);
    result.rowsPerExpert = expectedRowsPerExpert(tokens, options.topk, global);
    result.activeExperts =
        double(options.experts) * activeShare(tokens, options.topk, global);
  }

  Configuration choose() {
    tile = TileShape{16, 128, 128};
    chooseM();
    chooseWaves();
    chooseN();
    chooseK();
    fitLds();
    o.tile = tile;
    say("tile_m", tile.m, reasonM);
    say("waves", o.waves, reasonWaves);
    say("tile_n", tile.n, reasonN);
    say("tile_k", tile.k, reasonK);
    chooseKBatch();
    say("k_wave", o.kWave, reasonKWave);
    chooseOrder();
    chooseCache();
    result.options = o;
    result.ldsBytes = ldsBytesOf(o);
    return std::move(result);
  }

private:
  bool wideRegisters() const { return chip.hasScaledFp4Convert; }
  int64_t tilesK(int64_t tileK) const { return divideCeil(o.k(), tileK); }
  /// M blocks of an active expert; its rows are a rounded mean.
  double blocksOfExpert() const {
    double rows = result.rowsPerExpert - 1e-6;
    return std::max(1.0, std::ceil(rows / double(tile.m)));
  }
  double blocksInUse() const { return result.activeExperts * blocksOfExpert(); }
  /// Workgroups with work for a width of tiles.
  double workgroups(int64_t tileN) const {
    return blocksInUse() * double(divideCeil(o.n(), tileN));
  }
  /// The least width: 16 columns a wave, 16 pairs in stage 1.
  int64_t leastN(int64_t kWave) const {
    int64_t columns = o.kernel == KernelKind::Gemm1 ? 32 : 16;
    return columns * std::max<int64_t>(1, o.waves / kWave);
  }

  void say(const char *axis, int64_t value, const std::string &reason) {
    result.axes.push_back({axis, std::to_string(value), reason});
  }
  void chooseM();
  void chooseWaves();
  void chooseN();
  void chooseK();
  void chooseKWave();
  void chooseKBatch();
  void fitLds();
  void chooseOrder();
  void chooseCache();

  KernelOptions o;
  int64_t tokens;
  const Chip &chip;
  FixedAxes fixed;
  TileShape tile;
  std::string reasonM, reasonWaves, reasonN, reasonK, reasonKWave;
  Configuration result;
};
} // namespace

void Chooser::chooseM() {
  struct Row {
    int64_t rows, tileM;
  };
  static constexpr Row table[] = {{16, 16}, {48, 32}, {200, 64}};
  tile.m = 128;
  reasonM = "200 rows an active expert or more";
  for (const Row &row : table)
    if (result.rowsPerExpert < double(row.rows)) {
      tile.m = row.tileM;
      reasonM = formatv("fewer than {0} rows an active expert", row.rows);
      break;
    }
}

/// Eight waves share the accumulators of a tile that four would fill a register
/// file with.
void Chooser::chooseWaves() {
  reasonWaves = "as given";
  if (fixed.waves)
    return;
  bool eight = tile.m == 128 && wideRegisters() && !fixed.kWave && o.n() > 128;
  o.waves = eight ? 8 : 4;
  reasonWaves = eight ? "tile_m 128: two waves a SIMD hold its accumulators"
                      : "the usual number";
}

/// K groups inside the workgroup shorten the walk along K where a few rows
/// leave nothing else to do in parallel.
void Chooser::chooseKWave() {
  if (fixed.kWave) {
    reasonKWave = "as given";
    return;
  }
  int64_t tiles = tilesK(128) / o.kBatch;
  o.kWave = 1;
  if (tokens > 8 || tile.m > 16 || o.waves != 4)
    reasonKWave = tokens > 8 ? "more than 8 tokens"
                             : "tile_m is above 16 or waves is not 4";
  else if (tiles < 4)
    reasonKWave = formatv("only {0} K tiles of 128", tiles);
  else {
    o.kWave = tiles >= 8 ? 4 : 2;
    reasonKWave = formatv("at most 8 tokens, {0} K tiles of 128", tiles);
  }
}

void Chooser::chooseN() {
  chooseKWave();
  int64_t least = leastN(o.kWave);
  // What the registers of a wave hold: software decode needs more of them.
  bool many = tile.m >= 64 && !wideRegisters();
  int64_t wavesInN = std::max<int64_t>(1, o.waves / o.kWave);
  int64_t most =
      std::min<int64_t>(tile.m >= 64 ? 256 : 128, (many ? 32 : 64) * wavesInN);
  tile.n = most;
  reasonN = "the usual width";
  if (most == 256)
    reasonN = "tile_m of 64 and more: each LDS read of A serves 64 columns of "
              "a wave";
  if (o.kWave > 1)
    reasonN = formatv("at most 64 columns a wave, waves in N: {0}", wavesInN);
  if (many)
    reasonN = formatv("the widest without spills at tile_m {0} on {1}", tile.m,
                      chip.name);
  auto narrow = [&](int64_t width, std::string reason) {
    tile.n = width;
    reasonN = std::move(reason);
  };
  int64_t width = tile.n;
  while (width / 2 >= std::max<int64_t>(64, least) && o.n() <= width / 2)
    width /= 2;
  if (width != tile.n)
    narrow(width, formatv("N is {0}", o.n()));
  // At tile_m 16 two workgroups a compute unit: they wait for memory.
  double wanted = tile.m == 16 ? 2 * kFill : kFill;
  double wide = workgroups(tile.n);
  width = tile.n;
  while (width / 2 >= std::max<int64_t>(64, least) &&
         workgroups(width) < wanted)
    width /= 2;
  if (width != tile.n)
    narrow(width, formatv("{0} would make {1:F0} workgroups, fewer than {2}",
                          tile.n, std::ceil(wide), wanted));
  if (tile.n < least || tile.n % least)
    narrow(llvm::alignTo(tile.n, least),
           formatv("the least for {0} waves in N",
                   std::max<int64_t>(1, o.waves / o.kWave)));
}

void Chooser::chooseK() {
  int64_t groups = o.kBatch * o.kWave;
  tile.k = 128;
  if (tile.m >= 64)
    reasonK = formatv("tile_m {0}: 256 would take the registers of a second "
                      "wave",
                      tile.m);
  else if (o.k() < 512)
    reasonK = formatv("K is {0}, below 512", o.k());
  else if (o.kWave > 1)
    reasonK =
        formatv("each of {0} K groups has A tiles of its own in LDS", o.kWave);
  else if (tilesK(256) < groups)
    reasonK = formatv("{0} slices of K", groups);
  else {
    tile.k = 256;
    reasonK = "K is at least 512: half as many barriers as with 128";
  }
  int64_t threads = 64 * o.waves / o.kWave;
  while (tile.m * tile.k / 8 % threads != 0) {
    bool longer = tilesK(2 * tile.k) >= groups;
    (longer ? tile.k : tile.m) *= 2;
    (longer ? reasonK : reasonM) =
        formatv("{0} threads move 16 bytes each", threads);
  }
}

/// Axes that the user fixed can ask for more than a chip has.
void Chooser::fitLds() {
  o.tile = tile;
  auto tooMuch = [&] { return ldsBytesOf(o) > chip.ldsBytes; };
  std::string reason = formatv("what fits {0} bytes of LDS with k_wave {1}",
                               chip.ldsBytes, o.kWave);
  while (tooMuch() && o.tile->k > 128) {
    o.tile->k /= 2;
    reasonK = reason;
  }
  while (tooMuch() && o.tile->n / 2 >= leastN(o.kWave) && o.tile->n > 64) {
    o.tile->n /= 2;
    reasonN = reason;
  }
  while (tooMuch() && o.tile->m > 16) {
    o.tile->m /= 2;
    reasonM = reason;
  }
  tile = *o.tile;
}

void Chooser::chooseKBatch() {
  std::string reason = "as given";
  if (!fixed.kBatch) {
    double groups = workgroups(tile.n);
    int64_t tiles = tilesK(tile.k) / (2 * o.kWave);
    int64_t slices = std::min<int64_t>(
        {4, tiles, int64_t(std::ceil(2 * kFill / std::max(1.0, groups)))});
    o.kBatch = 1;
    if (o.kernel == KernelKind::Gemm1)
      reason = "stage 1 would need another kernel to finish";
    else if (!o.accumulate)
      reason = "plain stores cannot be added";
    else if (o.outType != OutType::F32)
      reason = formatv("each slice would be rounded to {0}",
                       driver::toString(o.outType));
    else if (groups >= kFill)
      reason = formatv("{0:F0} workgroups are enough", groups);
    else if (slices < 2)
      reason = "too few K tiles for slices";
    else {
      o.kBatch = slices;
      reason = formatv("{0:F0} workgroups are fewer than {1}",
                       std::ceil(groups), kFill);
    }
  }
  say("k_batch", o.kBatch, reason);
}

/// The order of workgroups: only where nearly all of them have work, as those
/// without are the last ones and one XCD would get them all.
void Chooser::chooseOrder() {
  double pairs = double(tokens) * double(o.topk);
  double used = blocksInUse();
  double all =
      std::ceil((pairs + double(o.experts) * double(tile.m) - double(o.topk)) /
                double(tile.m));
  std::string reason = "as given";
  if (!fixed.xcd) {
    bool full = used >= 0.9 * all && workgroups(tile.n) >= kFill;
    o.xcd = full ? kXcds : 1;
    reason = full ? "nearly all M blocks are in use"
                  : "empty M blocks would all fall to the last XCDs";
    if (!full && used >= 0.9 * all)
      reason = "too few workgroups to share out";
  }
  say("xcd", o.xcd, reason);

  reason = "as given";
  if (!fixed.groupM) {
    double blocks = blocksOfExpert();
    o.groupM = blocks >= 8 ? 8 : blocks >= 4 ? 4 : blocks >= 2 ? 2 : 1;
    reason = formatv("{0:F0} M block{1} of an expert share{2} its weights",
                     blocks, blocks == 1 ? "" : "s", blocks == 1 ? "s" : "");
    if (blocks == 1)
      reason = "an expert has one M block";
  }
  say("group_m", o.groupM, reason);
}

void Chooser::chooseCache() {
  std::string reason = "as given";
  if (!fixed.cache) {
    bool stream = tokens > 16 && tokens < 2048;
    o.cache = stream ? CachePolicy::NonTemporal : CachePolicy::Default;
    reason = stream        ? "17 to 2047 tokens: weights are read once"
             : tokens < 17 ? "at most 16 tokens"
                           : "at least 2048 tokens: M blocks share weights";
  }
  result.axes.push_back({"cache", driver::toString(o.cache), reason});
}

/// A tile that was given: nothing is chosen.
static Configuration asGiven(const KernelOptions &o) {
  Configuration result;
  result.options = o;
  result.ldsBytes = ldsBytesOf(o);
  auto say = [&](const char *axis, int64_t value) {
    result.axes.push_back({axis, std::to_string(value), "as given"});
  };
  say("tile_m", o.tile->m);
  say("tile_n", o.tile->n);
  say("tile_k", o.tile->k);
  const char *reason = "nothing is chosen for a given tile";
  for (auto [axis, value] :
       {std::pair<const char *, int64_t>("k_batch", o.kBatch),
        {"k_wave", o.kWave},
        {"xcd", o.xcd},
        {"group_m", o.groupM}})
    result.axes.push_back({axis, std::to_string(value), reason});
  result.axes.push_back({"cache", driver::toString(o.cache), reason});
  return result;
}

Configuration moe::driver::chooseConfig(const KernelOptions &options,
                                        const Workload &workload,
                                        const Chip &chip,
                                        const FixedAxes &fixed) {
  if (options.tile)
    return asGiven(options);
  // Waves that the verifier refuses whatever the tile: it shall say so.
  auto isOneOf = [](int64_t value, std::initializer_list<int64_t> values) {
    return llvm::is_contained(values, value);
  };
  if (!isOneOf(options.waves, {1, 2, 4, 8}) ||
      !isOneOf(options.kWave, {1, 2, 4}) || options.waves % options.kWave) {
    KernelOptions refused = options;
    refused.tile = TileShape{16, 128, 128};
    return asGiven(refused);
  }
  return Chooser(options, workload, chip, fixed).choose();
}

std::string moe::driver::explainConfig(const Configuration &c,
                                       const Workload &workload,
                                       const Chip &chip) {
  const KernelOptions &o = c.options;
  std::string text =
      formatv("configuration of {0} on {1}: H {2}, I {3}, {4} experts, top "
              "{5}, {6}{7}\n",
              driver::toString(o.kernel), chip.name, o.modelDim, o.interDim,
              o.experts, o.topk, driver::toString(o.outType),
              !o.usesAtomics() ? "" : ", accumulating");
  if (c.rowsPerExpert > 0)
    text += formatv("  {0,-10} {1:F1} of {2} experts active, {3:F1} rows each, "
                    "if {4} token{5} choose uniformly\n",
                    "expected", c.activeExperts, o.experts, c.rowsPerExpert,
                    workload.tokens, workload.tokens == 1 ? "" : "s");
  for (const AxisChoice &axis : c.axes)
    text +=
        formatv("  {0,-8} {1,-8} {2}\n", axis.axis, axis.value, axis.reason);
  text += formatv("  {0,-8} {1,-8} of {2} bytes on {3}\n", "lds", c.ldsBytes,
                  chip.ldsBytes, chip.name);
  return text;
}
