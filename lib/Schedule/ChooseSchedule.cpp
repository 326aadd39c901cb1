// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules of docs/Configurations.md, axis by axis, and when an entry of a
// table is taken instead of what they choose.

#include "moe/Schedule/ChooseSchedule.h"
#include "moe/Schedule/CheckSchedule.h"
#include "moe/Target/Chip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace moe;
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

double moe::expectedRowsPerExpert(int64_t tokens, int64_t topk,
                                  int64_t experts) {
  double active = double(experts) * activeShare(tokens, topk, experts);
  return double(tokens) * double(topk) / std::max(1.0, active);
}

namespace {
class Chooser {
public:
  Chooser(const Product &product, const Workload &workload, const Chip &chip,
          const Schedule &given, const FixedAxes &fixed)
      : p(product), s(given), tokens(workload.tokens), chip(chip),
        fixed(fixed) {
    int64_t global = std::max(workload.globalExperts, p.experts);
    result.rowsPerExpert = expectedRowsPerExpert(tokens, p.topk, global);
    result.activeExperts =
        double(p.experts) * activeShare(tokens, p.topk, global);
  }

  ChosenSchedule choose() {
    s.tileM = 16;
    s.tileN = 128;
    s.tileK = 128;
    chooseM();
    chooseWaves();
    chooseN();
    chooseK();
    fitLds();
    say("tile_m", s.tileM, reasonM);
    say("waves", s.waves, reasonWaves);
    say("tile_n", s.tileN, reasonN);
    say("tile_k", s.tileK, reasonK);
    chooseKBatch();
    say("k_wave", s.kWave, reasonKWave);
    chooseOrder();
    chooseCache();
    result.schedule = s;
    return std::move(result);
  }

private:
  int64_t tilesK(int64_t tileK) const { return divideCeil(p.k, tileK); }
  /// M blocks of an active expert; its rows are a rounded mean.
  double blocksOfExpert() const {
    double rows = result.rowsPerExpert - 1e-6;
    return std::max(1.0, std::ceil(rows / double(s.tileM)));
  }
  double blocksInUse() const { return result.activeExperts * blocksOfExpert(); }
  /// Workgroups with work for a width of tiles.
  double workgroups(int64_t tileN) const {
    return blocksInUse() * double(divideCeil(p.rows, tileN));
  }
  /// The least width: 16 columns a wave, 16 pairs in stage 1.
  int64_t leastN(int64_t kWave) const {
    int64_t columns = p.gateUp ? 32 : 16;
    return columns * std::max<int64_t>(1, s.waves / kWave);
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

  Product p;
  Schedule s;
  int64_t tokens;
  const Chip &chip;
  FixedAxes fixed;
  std::string reasonM, reasonWaves, reasonN, reasonK, reasonKWave;
  ChosenSchedule result;
};
} // namespace

/// With software decode 32 rows leave registers for three waves a SIMD and 64
/// for two; on that chip two buffers of 128 rows fill the LDS.
void Chooser::chooseM() {
  struct Row {
    int64_t rows, tileM;
  };
  static constexpr Row converts[] = {{16, 16}, {48, 32}, {200, 64}};
  static constexpr Row decodes[] = {{16, 16}, {200, 32}};
  llvm::ArrayRef<Row> table = converts;
  s.tileM = 128;
  if (!chip.hasScaledFp4Convert) {
    table = decodes;
    s.tileM = 64;
  }
  reasonM = "200 rows an active expert or more";
  for (const Row &row : table)
    if (result.rowsPerExpert < double(row.rows)) {
      s.tileM = row.tileM;
      reasonM = formatv("fewer than {0} rows an active expert", row.rows);
      break;
    }
  if (p.blockRows > 0 && s.tileM > p.blockRows) {
    s.tileM = p.blockRows;
    reasonM = formatv("the routing has blocks of {0} rows", p.blockRows);
  }
}

/// Four, each of which multiplies all rows of a tile by columns of its own.
/// With more of them each fragment of A is read from LDS more often.
void Chooser::chooseWaves() {
  reasonWaves = "as given";
  if (fixed.waves)
    return;
  s.waves = 4;
  reasonWaves = "the usual number";
}

/// K groups inside the workgroup shorten the walk along K where too few
/// workgroups have work to keep every compute unit loading.
void Chooser::chooseKWave() {
  if (fixed.kWave) {
    reasonKWave = "as given";
    return;
  }
  double groups = workgroups(64);
  int64_t tiles = tilesK(256) / s.kBatch;
  s.kWave = 1;
  if (s.tileM > 16 || s.waves != 4)
    reasonKWave = "tile_m is above 16 or waves is not 4";
  else if (groups >= 2 * kFill)
    reasonKWave = formatv("{0:F0} workgroups of 64 columns are enough", groups);
  else if (tiles < 4)
    reasonKWave = formatv("only {0} K tiles of 256", tiles);
  else {
    s.kWave = groups < kFill && tiles >= 8 ? 4 : 2;
    reasonKWave = formatv("{0:F0} workgroups of 64 columns are few, {1} K "
                          "tiles of 256",
                          std::ceil(groups), tiles);
    if (s.kWave == 4 && !fixed.waves) {
      s.waves = 8;
      reasonWaves = "two waves in each of 4 K groups";
    }
  }
}

void Chooser::chooseN() {
  chooseKWave();
  int64_t least = leastN(s.kWave);
  int64_t wavesInN = std::max<int64_t>(1, s.waves / s.kWave);
  bool wide = s.tileM >= 64 || (s.tileM == 32 && p.rows % 256 == 0);
  // 64 columns a wave are what its registers hold.
  int64_t most = std::min<int64_t>(wide ? 256 : 128, 64 * wavesInN);
  s.tileN = most;
  reasonN = "the usual width";
  if (most == 256)
    reasonN = s.tileM == 32
                  ? "N is a multiple of it: half as many reads of A"
                  : "tile_m of 64 and more: each LDS read of A serves 64 "
                    "columns of a wave";
  if (s.kWave > 1)
    reasonN = formatv("at most 64 columns a wave, waves in N: {0}", wavesInN);
  auto narrow = [&](int64_t width, std::string reason) {
    s.tileN = width;
    reasonN = std::move(reason);
  };
  int64_t width = s.tileN;
  while (width / 2 >= std::max<int64_t>(64, least) && p.rows <= width / 2)
    width /= 2;
  if (width != s.tileN)
    narrow(width, formatv("N is {0}", p.rows));
  // At tile_m 16 two workgroups a compute unit: they wait for memory.
  double wanted = s.tileM == 16 ? 2 * kFill : kFill;
  double atMost = workgroups(s.tileN);
  width = s.tileN;
  while (width / 2 >= std::max<int64_t>(64, least) &&
         workgroups(width) < wanted)
    width /= 2;
  if (width != s.tileN)
    narrow(width, formatv("{0} would make {1:F0} workgroups, fewer than {2:F0}",
                          s.tileN, std::ceil(atMost), wanted));
  if (s.tileN < least || s.tileN % least)
    narrow(llvm::alignTo(s.tileN, least),
           formatv("the least for {0} waves in N",
                   std::max<int64_t>(1, s.waves / s.kWave)));
}

void Chooser::chooseK() {
  int64_t groups = s.kBatch * s.kWave;
  s.tileK = 128;
  if (s.tileM >= 32)
    reasonK = formatv("tile_m {0}: 256 would take the registers of another "
                      "wave",
                      s.tileM);
  else if (p.k < 512)
    reasonK = formatv("K is {0}, below 512", p.k);
  else if (tilesK(256) < groups)
    reasonK = formatv("{0} slices of K", groups);
  else {
    s.tileK = 256;
    reasonK = "K is at least 512: half as many barriers as with 128";
  }
  int64_t threads = 64 * s.waves / s.kWave;
  while (s.tileM * s.tileK / 8 % threads != 0) {
    bool longer = p.blockRows > 0 || tilesK(2 * s.tileK) >= groups;
    (longer ? s.tileK : s.tileM) *= 2;
    (longer ? reasonK : reasonM) =
        formatv("{0} threads move 16 bytes each", threads);
  }
}

/// Axes that the user fixed can ask for more than a chip has.
void Chooser::fitLds() {
  auto tooMuch = [&] { return ldsBytes(p, s) > chip.ldsBytes; };
  std::string reason = formatv("what fits {0} bytes of LDS with k_wave {1}",
                               chip.ldsBytes, s.kWave);
  while (tooMuch() && s.tileK > 128) {
    s.tileK /= 2;
    reasonK = reason;
  }
  while (tooMuch() && s.tileN / 2 >= leastN(s.kWave) && s.tileN > 64) {
    s.tileN /= 2;
    reasonN = reason;
  }
  while (tooMuch() && s.tileM > 16) {
    s.tileM /= 2;
    reasonM = reason;
  }
}

void Chooser::chooseKBatch() {
  std::string reason = "as given";
  if (!fixed.kBatch) {
    double groups = workgroups(s.tileN);
    int64_t tiles = tilesK(s.tileK) / (2 * s.kWave);
    int64_t slices = std::min<int64_t>(
        {4, tiles, int64_t(std::ceil(2 * kFill / std::max(1.0, groups)))});
    s.kBatch = 1;
    if (p.gateUp)
      reason = "stage 1 would need another kernel to finish";
    else if (!p.accumulate)
      reason = "plain stores cannot be added";
    else if (p.outBytes != 4)
      reason = formatv("each slice would be rounded to {0}", p.outType);
    else if (groups >= kFill)
      reason = formatv("{0:F0} workgroups are enough", groups);
    else if (slices < 2)
      reason = "too few K tiles for slices";
    else {
      s.kBatch = slices;
      reason = formatv("{0:F0} workgroups are fewer than {1}",
                       std::ceil(groups), kFill);
    }
  }
  say("k_batch", s.kBatch, reason);
}

/// The order of workgroups: only where nearly all of them have work, as those
/// without are the last ones and one XCD would get them all.
void Chooser::chooseOrder() {
  double pairs = double(tokens) * double(p.topk);
  double used = blocksInUse();
  double all = p.unsorted
                   ? pairs
                   : std::ceil((pairs + double(p.experts) * double(s.tileM) -
                                double(p.topk)) /
                               double(s.tileM));
  std::string reason = "as given";
  if (!fixed.xcd) {
    bool full = used >= 0.9 * all && workgroups(s.tileN) >= kFill;
    s.xcd = full ? kXcds : 1;
    reason = full ? "nearly all M blocks are in use"
                  : "empty M blocks would all fall to the last XCDs";
    if (!full && used >= 0.9 * all)
      reason = "too few workgroups to share out";
  }
  say("xcd", s.xcd, reason);

  reason = "as given";
  if (!fixed.groupM) {
    double blocks = blocksOfExpert();
    s.groupM = blocks >= 8 ? 8 : blocks >= 4 ? 4 : blocks >= 2 ? 2 : 1;
    reason = formatv("{0:F0} M block{1} of an expert share{2} its weights",
                     blocks, blocks == 1 ? "" : "s", blocks == 1 ? "s" : "");
    if (blocks == 1)
      reason = "an expert has one M block";
  }
  say("group_m", s.groupM, reason);
}

void Chooser::chooseCache() {
  std::string reason = "as given";
  if (!fixed.cache) {
    bool stream = tokens > 16 && tokens < 2048;
    s.nonTemporal = stream;
    reason = stream        ? "17 to 2047 tokens: weights are read once"
             : tokens < 17 ? "at most 16 tokens"
                           : "at least 2048 tokens: M blocks share weights";
  }
  result.axes.push_back({"cache", s.nonTemporal ? "nt" : "default", reason});
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

/// The schedule of an entry; what a table does not say is as the rules chose.
static Schedule completed(const TableEntry &entry, const Schedule &byRule) {
  Schedule s = entry.schedule;
  s.kBatch = byRule.kBatch;
  s.xcd = byRule.xcd;
  s.nonTemporal = byRule.nonTemporal;
  s.wavesPerEu = byRule.wavesPerEu;
  return s;
}

/// The axis that was given with another value than the schedule has, or null.
static const char *otherThanGiven(const Schedule &s, const Schedule &given,
                                  const FixedAxes &fixed) {
  if (fixed.waves && s.waves != given.waves)
    return "waves";
  if (fixed.kWave && s.kWave != given.kWave)
    return "k_wave";
  // Slices change how many workgroups there are.
  if (fixed.kBatch && given.kBatch != 1)
    return "k_batch";
  if (fixed.groupM && s.groupM != given.groupM)
    return "group_m";
  return nullptr;
}

/// The value that a table's entry has for an axis, of those that it has.
static std::optional<int64_t> valueOf(const Schedule &s, llvm::StringRef axis) {
  return llvm::StringSwitch<std::optional<int64_t>>(axis)
      .Case("tile_m", s.tileM)
      .Case("tile_n", s.tileN)
      .Case("tile_k", s.tileK)
      .Case("waves", s.waves)
      .Case("k_wave", s.kWave)
      .Case("group_m", s.groupM)
      .Default(std::nullopt);
}

/// Takes the values of `s` over. An axis that changes has the table as reason;
/// so have the others then, since the reasons of the rules name one another.
static void takeOver(const Schedule &s, ChosenSchedule &chosen) {
  auto stays = [&](const AxisChoice &axis) {
    std::optional<int64_t> value = valueOf(s, axis.axis);
    return !value || axis.value == std::to_string(*value);
  };
  if (!llvm::all_of(chosen.axes, stays))
    for (AxisChoice &axis : chosen.axes) {
      std::optional<int64_t> value = valueOf(s, axis.axis);
      if (!value)
        continue;
      if (!stays(axis))
        axis.reason = formatv("the table; {0} by the rules", axis.value);
      else if (axis.reason != "as given")
        axis.reason = "the table and the rules";
      axis.value = std::to_string(*value);
    }
  chosen.schedule = s;
}

/// Replaces what the rules chose by the table's entry, or says why not.
static std::string chooseByTable(const ScheduleTable &table, const Product &p,
                                 const Workload &workload, const Chip &chip,
                                 const Schedule &given, const FixedAxes &fixed,
                                 ChosenSchedule &chosen) {
  std::string name = formatv("table of {0}", table.name);
  const TableShape *shape = table.find(p);
  if (!shape)
    return formatv("the rules: the {0} does not have this shape", name);
  if (p.unsorted)
    return formatv("the rules: the {0} is for sorted lists", name);
  if (workload.globalExperts > p.experts)
    return formatv("the rules: the {0} is for experts that are all local",
                   name);
  const TableEntry *entry = ScheduleTable::nearest(*shape, workload.tokens);
  if (!entry)
    return formatv("the rules: the {0} has no entry near {1} tokens", name,
                   workload.tokens);
  Schedule s = completed(*entry, chosen.schedule);
  if (const char *axis = otherThanGiven(s, given, fixed))
    return formatv("the rules: {0} is given, and the {1} has another one", axis,
                   name);
  if (std::string refusal = refusalOn(chip, p, s); !refusal.empty())
    return formatv("the rules: the schedule of the {0} is not possible here: "
                   "{1}",
                   name, refusal);
  takeOver(s, chosen);
  return formatv("the {0}, entry of {1} token{2}: {3:F2} us modelled{4}, "
                 "{5:F2} us by the rules",
                 name, entry->tokens, entry->tokens == 1 ? "" : "s", entry->us,
                 table.calibrated ? "" : ", uncalibrated", entry->ruleUs);
}

ChosenSchedule moe::chooseSchedule(const Product &product,
                                   const Workload &workload, const Chip &chip,
                                   const Schedule &given,
                                   const FixedAxes &fixed,
                                   const ScheduleTable &table) {
  ChosenSchedule chosen =
      Chooser(product, workload, chip, given, fixed).choose();
  if (!table.empty())
    chosen.source =
        chooseByTable(table, product, workload, chip, given, fixed, chosen);
  return chosen;
}

SortChoice moe::chooseSort(int64_t tokens, bool splitsStage1) {
  if (splitsStage1)
    return {true, "the kernel that finishes stage 1 reads sorted lists"};
  if (tokens > kUnsortedTokens)
    return {true, formatv("more than {0} tokens", kUnsortedTokens)};
  return {false, formatv("at most {0} tokens: the workgroups find their rows "
                         "themselves, a launch is saved",
                         kUnsortedTokens)};
}
