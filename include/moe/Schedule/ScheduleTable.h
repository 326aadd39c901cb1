// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules that a search with the timing model found best, as data: one JSON
// file a chip (lib/Schedule/Tables), which `moe-compile --tune` writes and the
// choice of a schedule reads. Not here: the search, and whether an entry suits
// an op.

#ifndef MOE_SCHEDULE_SCHEDULETABLE_H
#define MOE_SCHEDULE_SCHEDULETABLE_H

#include "moe/Schedule/Schedule.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace moe {

/// The schedule for one number of tokens. Its cache policy, xcd and k_batch are
/// not the table's: the timing model does not tell policies apart and does not
/// see every workgroup, and slices of K cost exactness.
struct TableEntry {
  int64_t tokens = 0;
  Schedule schedule;
  double us = 0;     ///< modelled
  double ruleUs = 0; ///< modelled, of the schedule that the rules choose
};

/// What a product has to have in common with one of the table.
struct TableShape {
  bool gateUp = false;
  int64_t rows = 0, k = 0, experts = 0, topk = 0;
  std::vector<TableEntry> entries; ///< by tokens, ascending

  /// All of it, in the order of a table.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, bool>;
  Key key() const { return {rows, k, experts, topk, gateUp}; }
  static Key keyOf(const Product &p) {
    return {p.rows, p.k, p.experts, p.topk, p.gateUp};
  }
  /// The entry of exactly so many tokens, or null.
  const TableEntry *find(int64_t tokens) const;
};

struct ScheduleTable {
  std::string name; ///< of the file, or "gfx950" for the built-in one
  std::string chip;
  bool calibrated = false; ///< the timing model is, for this chip
  /// A hash of the timing model's parameters.
  std::string parameters;
  std::vector<TableShape> shapes;

  bool empty() const { return shapes.empty(); }
  /// The shape of the product, or null.
  const TableShape *find(const Product &product) const;
  /// The entry for a number of tokens: the nearest one by ratio, up to a ratio
  /// of the square root of two; or null.
  static const TableEntry *nearest(const TableShape &shape, int64_t tokens);
};

/// Reads the text of a table. Errors: no JSON, a key that is missing or
/// unknown, a schedule that is not possible by itself, the same shape or number
/// of tokens twice.
llvm::Expected<ScheduleTable> parseScheduleTable(llvm::StringRef text,
                                                 llvm::StringRef name);

/// The same table as text, an entry a line.
std::string printScheduleTable(const ScheduleTable &table);

/// The table that an option names: "" is the built-in one of the chip, "none"
/// an empty one, all else a file. Error: it cannot be read, or it is another
/// chip's.
llvm::Expected<ScheduleTable> loadScheduleTable(llvm::StringRef option,
                                                llvm::StringRef chip);

/// The built-in one; empty where there is none for the chip.
const ScheduleTable &builtInScheduleTable(llvm::StringRef chip);

} // namespace moe

#endif // MOE_SCHEDULE_SCHEDULETABLE_H
