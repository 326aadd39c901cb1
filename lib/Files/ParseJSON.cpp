// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the levels of a JSON text before LLVM's parser sees it, and looks for
// keys that an object has twice, of which the parser would keep the last.
#include "Files/ParseJSON.h"
#include "Files/CLocale.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/BinaryFormat/ELF.h"

#include <optional>

using namespace llvm;

/// Levels of brackets and braces in `text`, strings apart.
static int64_t nesting(StringRef text) {
  int64_t depth = 0, deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && (text[i] == '[' || text[i] == '{'))
      deepest = std::max(deepest, ++depth);
    else if (!quoted && (text[i] == ']' || text[i] == '}'))
      --depth;
  }
  return deepest;
}

/// The first key that one object of a valid text has twice, as it is written.
static std::optional<StringRef> keyTwice(StringRef text) {
  SmallVector<StringSet<>, 8> open; // one for each bracket and brace
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{')
      open.emplace_back();
    else if (text[i] == ']' || text[i] == '}')
      open.pop_back();
    if (text[i] != '"')
      continue;
    size_t begin = ++i;
    for (; text[i] != '"'; ++i)
      i += text[i] == '\\';
    StringRef key = text.slice(begin, i);
    if (text.drop_front(i + 1).ltrim().starts_with(":") &&
        !open.back().insert(key).second)
      return key;
  }
  return std::nullopt;
}

Expected<json::Value> moe::files::parseJSON(StringRef text) {
  if (text.starts_with(ELF::ElfMagic))
    return createStringError("expected text, got a code object");
  if (int64_t levels = nesting(text); levels > 64)
    return createStringError("expected at most 64 levels of brackets, got " +
                             Twine(levels));
  CLocale locale;
  Expected<json::Value> value = json::parse(text);
  if (value)
    if (std::optional<StringRef> key = keyTwice(text))
      return createStringError("the key '" + *key + "' occurs twice");
  return value;
}
