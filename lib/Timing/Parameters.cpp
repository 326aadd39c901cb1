//===- Parameters.cpp - reading parameter files ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// JSON to numbers, and the built-in files.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Parameters.h"
#include "Files/Files.h"
#include "Files/ParseJSON.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace llvm;
using namespace moe::timing;

namespace {
struct Key {
  const char *name;
  double Parameters::*member;
  bool orZero = false;
  double most = 0; ///< of a count; 0 = it is none
};
const Key keys[] = {
#define PARAMETER(key, meaning) {#key, &Parameters::key},
#define OR_ZERO(key, meaning) {#key, &Parameters::key, /*orZero=*/true},
#define COUNT(key, most, meaning) {#key, &Parameters::key, false, most},
#include "moe/Timing/Parameters.def"
};

struct BuiltIn {
  const char *chip, *text;
};
/// Made from lib/Timing/Parameters by CMake.
const BuiltIn builtIns[] = {
#include "BuiltInParameters.inc"
};
} // namespace

static Error bad(StringRef name, const Twine &message) {
  return createStringError("timing parameters '" + name + "': " + message);
}

static Error readKey(const json::Object &object, const Key &key,
                     Parameters &parameters) {
  const json::Object *entry = object.getObject(key.name);
  std::optional<double> value =
      entry ? entry->getNumber("value") : std::nullopt;
  if (!value)
    return bad(parameters.name, Twine("expected '") + key.name +
                                    "': {\"value\": NUMBER, \"source\": "
                                    "TEXT}");
  if (!(*value > 0 || (key.orZero && *value == 0)) || *value > 1e12)
    return bad(parameters.name, Twine("'") + key.name +
                                    "': expected a number above 0" +
                                    (key.orZero ? " or 0" : "") + ", got " +
                                    std::to_string(*value));
  if (key.most && (*value > key.most || *value != std::floor(*value)))
    return bad(parameters.name, Twine("'") + key.name +
                                    "': expected a whole number up to " +
                                    Twine(int64_t(key.most)) + ", got " +
                                    std::to_string(*value));
  if (!entry->getString("source"))
    return bad(parameters.name,
               Twine("'") + key.name + "': expected its \"source\"");
  parameters.*key.member = *value;
  return Error::success();
}

Expected<Parameters> moe::timing::parseParameters(StringRef text,
                                                  StringRef name) {
  Expected<json::Value> value = moe::files::parseJSON(text);
  if (!value)
    return bad(name, toString(value.takeError()));
  Parameters parameters;
  parameters.name = name.str();
  const json::Object *root = value->getAsObject();
  const json::Object *numbers = root ? root->getObject("parameters") : nullptr;
  std::optional<StringRef> chip = root ? root->getString("chip") : std::nullopt;
  std::optional<bool> calibrated =
      root ? root->getBoolean("calibrated") : std::nullopt;
  if (!numbers || !chip || !calibrated)
    return bad(name, "expected an object with \"chip\", \"calibrated\" and "
                     "\"parameters\"");
  parameters.chip = chip->str();
  parameters.calibrated = *calibrated;
  for (const Key &key : keys)
    if (Error error = readKey(*numbers, key, parameters))
      return std::move(error);
  if (std::fmod(parameters.cus, parameters.xcds) != 0)
    return bad(name, "expected 'cus' to be a multiple of the " +
                         Twine(int64_t(parameters.xcds)) + " 'xcds', got " +
                         Twine(int64_t(parameters.cus)));
  for (const auto &[key, entry] : *numbers) {
    (void)entry;
    StringRef given = key;
    if (none_of(keys, [&](const Key &known) { return given == known.name; }))
      return bad(name, "expected no key '" + given + "'");
  }
  return parameters;
}

Expected<Parameters> moe::timing::builtInParameters(StringRef chip) {
  for (const BuiltIn &file : builtIns)
    if (chip == file.chip)
      return parseParameters(file.text, chip);
  return createStringError("expected a chip with timing parameters, gfx942 or "
                           "gfx950, got '" +
                           chip + "'; --time-model=FILE takes other ones");
}

Expected<Parameters> moe::timing::loadParameters(StringRef path,
                                                 StringRef chip) {
  if (path.empty())
    return builtInParameters(chip);
  Expected<std::string> text = moe::files::readText(path, 1 << 20);
  if (!text)
    return text.takeError();
  Expected<Parameters> parameters = parseParameters(*text, path);
  if (parameters && parameters->chip != chip)
    return bad(path, "expected those of " + chip + ", got those of " +
                         parameters->chip);
  return parameters;
}
