// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the levels of a JSON text before LLVM's parser sees it.
#include "Files/ParseJSON.h"
#include "Files/CLocale.h"

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

Expected<json::Value> moe::files::parseJSON(StringRef text) {
  if (int64_t levels = nesting(text); levels > 64)
    return createStringError("expected at most 64 levels of brackets, got " +
                             Twine(levels));
  CLocale locale;
  return json::parse(text);
}
