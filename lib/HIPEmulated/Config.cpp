//===- Config.cpp - what the file behind MOE_HIP_CONFIG says --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the JSON, strictly: a misspelt key would silently switch a sanitizer
// off.
//
//===----------------------------------------------------------------------===//

#include "Config.h"
#include "Files/Files.h"
#include "Files/ParseJSON.h"
#include "moe/Emulator/Emulator.h"
#include "llvm/Support/Path.h"
#include <cstdlib>

using namespace llvm;
using namespace moe::hip;

/// The text of a JSON value, cut, for messages.
static std::string describe(const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  return text.size() > 40 ? text.substr(0, 37) + "..." : text;
}

static Error readKey(StringRef key, const json::Value &value, StringRef folder,
                     Config &config) {
  auto bad = [&](const Twine &expected) {
    return createStringError("'" + key + "': expected " + expected + ", got " +
                             describe(value));
  };
  std::optional<StringRef> text = value.getAsString();
  if (key == "chip") {
    if (!text || !moe::emulator::findChip(*text))
      return bad("\"gfx942\" or \"gfx950\"");
    config.chip = text->str();
  } else if (key == "sanitize") {
    if (!text)
      return bad("a list like \"wait,race\", \"all\" or \"none\"");
    Expected<uint32_t> bits = moe::emulator::parseSanitizers(*text);
    if (!bits)
      return createStringError("'sanitize': " + toString(bits.takeError()));
    config.sanitizers = *bits;
  } else if (key == "threads") {
    std::optional<int64_t> count = value.getAsInteger();
    if (!count || *count < 0 || *count > 4096)
      return bad("a number from 0 to 4096");
    config.threads = unsigned(*count);
  } else if (key == "interleave") {
    if (!text)
      return bad("\"barrier\", \"lockstep\" or \"random\"");
    Expected<moe::emulator::Interleave> how =
        moe::emulator::parseInterleave(*text);
    if (!how)
      return createStringError("'interleave': " + toString(how.takeError()));
    config.interleave = *how;
  } else if (key == "order_seed") {
    std::optional<uint64_t> seed = value.getAsUINT64();
    if (!seed)
      return bad("a number of at least 0");
    config.orderSeed = *seed;
  } else if (key == "mute") {
    if (!text)
      return bad("a list of rules like \"race,hazard\"");
    Expected<std::vector<std::string>> rules = moe::emulator::parseRules(*text);
    if (!rules)
      return createStringError("'mute': " + toString(rules.takeError()));
    config.mute = std::move(*rules);
  } else if (key == "report") {
    if (!text || text->empty())
      return bad("a path");
    SmallString<256> path(folder);
    if (sys::path::is_absolute(*text))
      path = *text;
    else
      sys::path::append(path, *text);
    config.report = path.str().str();
  } else {
    return createStringError(
        "expected the keys chip, sanitize, mute, interleave, order_seed, "
        "threads and report, got '" +
        key + "'");
  }
  return Error::success();
}

static Expected<Config> parse(StringRef contents, StringRef folder) {
  Expected<json::Value> root = moe::files::parseJSON(contents);
  if (!root)
    return createStringError("malformed JSON: " + toString(root.takeError()));
  const json::Object *object = root->getAsObject();
  if (!object)
    return createStringError("expected a JSON object, got " + describe(*root));
  Config config;
  for (const auto &entry : *object)
    if (Error error = readKey(entry.first, entry.second, folder, config))
      return std::move(error);
  if (config.chip.empty())
    return createStringError(
        "expected a \"chip\", \"gfx942\" or \"gfx950\", got none");
  return config;
}

Expected<Config> moe::hip::readConfig(bool chipOptional) {
  const char *path = std::getenv("MOE_HIP_CONFIG");
  if (!path || !*path) {
    if (chipOptional)
      return Config();
    return createStringError(
        "expected MOE_HIP_CONFIG to name a JSON file like {\"chip\": "
        "\"gfx950\", \"sanitize\": \"wait,race\"}, got nothing");
  }
  Expected<std::string> text = moe::files::readText(path, 1 << 20);
  if (!text)
    return createStringError("MOE_HIP_CONFIG: " + toString(text.takeError()));
  Expected<Config> config = parse(*text, sys::path::parent_path(path));
  if (!config)
    return createStringError("'" + StringRef(path) +
                             "': " + toString(config.takeError()));
  return config;
}
