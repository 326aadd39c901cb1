// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables of schedules: text, look-up, the built-in files.

#include "moe/Schedule/ScheduleTable.h"
#include "Files/Files.h"
#include "Files/ParseJSON.h"
#include "moe/Schedule/CheckSchedule.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <map>

using namespace llvm;
using namespace moe;

/// Of a table's file.
static constexpr uint64_t kMostBytes = 4 << 20;

namespace {
struct BuiltIn {
  const char *chip, *text;
};
/// Made from lib/Schedule/Tables by CMake.
const BuiltIn builtIns[] = {
#include "BuiltInTables.inc"
};

/// Reads one file; errors name it.
class Reader {
public:
  explicit Reader(StringRef name) { table.name = name.str(); }
  Expected<ScheduleTable> read(StringRef text);

private:
  Error bad(const Twine &message) const {
    return createStringError("schedule table '" + table.name + "': " + message);
  }
  Error checkKeys(const json::Object &object, const Twine &where,
                  ArrayRef<StringRef> known) const;
  Error integer(const json::Object &object, const Twine &where, StringRef key,
                std::optional<int64_t> otherwise, int64_t &value) const;
  Error readShape(const json::Value &value, TableShape &shape);
  Error readEntry(const json::Value &value, TableShape &shape);

  ScheduleTable table;
};
} // namespace

Error Reader::checkKeys(const json::Object &object, const Twine &where,
                        ArrayRef<StringRef> known) const {
  for (const auto &[key, value] : object) {
    (void)value;
    if (!is_contained(known, StringRef(key)))
      return bad(where + "expected no key '" + StringRef(key) + "'");
  }
  return Error::success();
}

/// A number from 1 up, or 0 where that is meant by `otherwise`.
Error Reader::integer(const json::Object &object, const Twine &where,
                      StringRef key, std::optional<int64_t> otherwise,
                      int64_t &value) const {
  const json::Value *given = object.get(key);
  if (!given && otherwise) {
    value = *otherwise;
    return Error::success();
  }
  std::optional<int64_t> number = given ? given->getAsInteger() : std::nullopt;
  if (!number || *number < 1 || *number >= int64_t(1) << 32)
    return bad(where + "'" + key + "': expected a number from 1 to 4294967295");
  value = *number;
  return Error::success();
}

Error Reader::readEntry(const json::Value &value, TableShape &shape) {
  std::string where = formatv("shapes[{0}].entries[{1}]: ", table.shapes.size(),
                              shape.entries.size());
  const json::Object *object = value.getAsObject();
  if (!object)
    return bad(where + "expected an object");
  if (Error error = checkKeys(
          *object, where,
          {"tokens", "tile", "waves", "k_wave", "group_m", "us", "rule_us"}))
    return error;
  TableEntry entry;
  Schedule &s = entry.schedule;
  for (auto [key, otherwise, target] :
       {std::tuple<StringRef, std::optional<int64_t>, int64_t *>(
            "tokens", std::nullopt, &entry.tokens),
        {"waves", 4, &s.waves},
        {"k_wave", 1, &s.kWave},
        {"group_m", 1, &s.groupM}})
    if (Error error = integer(*object, where, key, otherwise, *target))
      return error;
  std::optional<StringRef> given = object->getString("tile");
  if (!given)
    return bad(where + "'tile': expected a string MxNxK, got " +
               (object->get("tile") ? "another kind of value" : "none"));
  StringRef tile = *given;
  auto [m, rest] = tile.split('x');
  auto [n, k] = rest.split('x');
  if (m.getAsInteger(10, s.tileM) || n.getAsInteger(10, s.tileN) ||
      k.getAsInteger(10, s.tileK))
    return bad(where + "'tile': expected MxNxK, got '" + tile + "'");
  if (std::string refusal = refusalOf(s); !refusal.empty())
    return bad(where + refusal);
  std::optional<double> us = object->getNumber("us");
  std::optional<double> ruleUs = object->getNumber("rule_us");
  if (!us || !ruleUs || !(*us > 0) || !(*ruleUs > 0))
    return bad(where + "'us', 'rule_us': expected numbers above 0");
  entry.us = *us;
  entry.ruleUs = *ruleUs;
  if (!shape.entries.empty() && shape.entries.back().tokens >= entry.tokens)
    return bad(where + "'tokens': expected more than the " +
               Twine(shape.entries.back().tokens) +
               " of the entry before, got " + Twine(entry.tokens));
  shape.entries.push_back(entry);
  return Error::success();
}

Error Reader::readShape(const json::Value &value, TableShape &shape) {
  std::string where = formatv("shapes[{0}]: ", table.shapes.size());
  const json::Object *object = value.getAsObject();
  if (!object)
    return bad(where + "expected an object");
  if (Error error = checkKeys(
          *object, where, {"stage", "n", "k", "experts", "topk", "entries"}))
    return error;
  StringRef stage = object->getString("stage").value_or("");
  if (stage != "gemm1" && stage != "gemm2")
    return bad(where + "'stage': expected gemm1 or gemm2, got '" + stage + "'");
  shape.gateUp = stage == "gemm1";
  for (auto [key, target] : {std::pair<StringRef, int64_t *>("n", &shape.rows),
                             {"k", &shape.k},
                             {"experts", &shape.experts},
                             {"topk", &shape.topk}})
    if (Error error = integer(*object, where, key, std::nullopt, *target))
      return error;
  const json::Array *entries = object->getArray("entries");
  if (!entries)
    return bad(where + "'entries': expected an array");
  for (const json::Value &entry : *entries)
    if (Error error = readEntry(entry, shape))
      return error;
  if (any_of(table.shapes, [&](const TableShape &other) {
        return other.key() == shape.key();
      }))
    return bad(where + "expected each shape once");
  return Error::success();
}

Expected<ScheduleTable> Reader::read(StringRef text) {
  Expected<json::Value> value = moe::files::parseJSON(text);
  if (!value)
    return bad(toString(value.takeError()));
  const json::Object *root = value->getAsObject();
  const json::Array *shapes = root ? root->getArray("shapes") : nullptr;
  std::optional<StringRef> chip, parameters;
  std::optional<bool> calibrated;
  if (root) {
    chip = root->getString("chip");
    parameters = root->getString("parameters");
    calibrated = root->getBoolean("calibrated");
  }
  if (!shapes || !chip || !parameters || !calibrated)
    return bad("expected an object with \"chip\", \"calibrated\", "
               "\"parameters\" and \"shapes\"");
  if (Error error =
          checkKeys(*root, "", {"chip", "calibrated", "parameters", "shapes"}))
    return std::move(error);
  table.chip = chip->str();
  table.parameters = parameters->str();
  table.calibrated = *calibrated;
  for (const json::Value &entry : *shapes) {
    TableShape shape;
    if (Error error = readShape(entry, shape))
      return std::move(error);
    table.shapes.push_back(std::move(shape));
  }
  return std::move(table);
}

Expected<ScheduleTable> moe::parseScheduleTable(StringRef text,
                                                StringRef name) {
  return Reader(name).read(text);
}

static void printEntry(const TableEntry &entry, raw_ostream &os) {
  const Schedule &s = entry.schedule;
  os << formatv("    {{\"tokens\": {0}, \"tile\": \"{1}x{2}x{3}\"",
                entry.tokens, s.tileM, s.tileN, s.tileK);
  for (auto [key, value, otherwise] : {std::tuple("waves", s.waves, 4),
                                       {"k_wave", s.kWave, 1},
                                       {"group_m", s.groupM, 1}})
    if (value != otherwise)
      os << formatv(", \"{0}\": {1}", key, value);
  os << formatv(", \"us\": {0:F2}, \"rule_us\": {1:F2}}", entry.us,
                entry.ruleUs);
}

std::string moe::printScheduleTable(const ScheduleTable &table) {
  std::string text;
  raw_string_ostream os(text);
  os << formatv("{{\n \"chip\": \"{0}\",\n \"calibrated\": {1},\n "
                "\"parameters\": \"{2}\",\n \"shapes\": [",
                table.chip, table.calibrated ? "true" : "false",
                table.parameters);
  ListSeparator betweenShapes(",");
  for (const TableShape &shape : table.shapes) {
    os << betweenShapes
       << formatv("\n  {{\"stage\": \"{0}\", \"n\": {1}, \"k\": {2}, "
                  "\"experts\": {3}, \"topk\": {4}, \"entries\": [",
                  shape.gateUp ? "gemm1" : "gemm2", shape.rows, shape.k,
                  shape.experts, shape.topk);
    ListSeparator betweenEntries(",");
    for (const TableEntry &entry : shape.entries) {
      os << betweenEntries << '\n';
      printEntry(entry, os);
    }
    os << "]}";
  }
  os << "]\n}\n";
  return text;
}

const TableEntry *TableShape::find(int64_t tokens) const {
  auto found = find_if(
      entries, [&](const TableEntry &entry) { return entry.tokens == tokens; });
  return found == entries.end() ? nullptr : &*found;
}

const TableShape *ScheduleTable::find(const Product &product) const {
  auto found = find_if(shapes, [&](const TableShape &shape) {
    return shape.key() == TableShape::keyOf(product);
  });
  return found == shapes.end() ? nullptr : &*found;
}

const TableEntry *ScheduleTable::nearest(const TableShape &shape,
                                         int64_t tokens) {
  auto distance = [&](const TableEntry &entry) {
    return std::abs(
        std::log2(double(std::max<int64_t>(1, tokens)) / double(entry.tokens)));
  };
  const TableEntry *best = nullptr;
  for (const TableEntry &entry : shape.entries)
    if (distance(entry) <= 0.5 && (!best || distance(entry) < distance(*best)))
      best = &entry;
  return best;
}

const ScheduleTable &moe::builtInScheduleTable(StringRef chip) {
  static const std::map<std::string, ScheduleTable> tables = [] {
    std::map<std::string, ScheduleTable> made;
    for (const BuiltIn &file : builtIns)
      made[file.chip] = cantFail(parseScheduleTable(file.text, file.chip));
    return made;
  }();
  static const ScheduleTable none;
  auto found = tables.find(chip.str());
  return found == tables.end() ? none : found->second;
}

Expected<ScheduleTable> moe::loadScheduleTable(StringRef option,
                                               StringRef chip) {
  if (option == "none")
    return ScheduleTable();
  if (option.empty())
    return builtInScheduleTable(chip);
  Expected<std::string> text = files::readText(option, kMostBytes);
  if (!text)
    return text.takeError();
  Expected<ScheduleTable> table = parseScheduleTable(*text, option);
  if (table && table->chip != chip)
    return createStringError("schedule table '" + option +
                             "': expected that of " + chip + ", got that of " +
                             table->chip);
  return table;
}
