// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a file of shapes.
#include "Driver/Tune/Shapes.h"
#include "Driver/Options/Flags.h"
#include "Files/Files.h"
#include "Files/ParseJSON.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Schedule/ScheduleTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

using namespace llvm;
using namespace moe::driver;

static Error bad(StringRef path, const Twine &message) {
  return createStringError("shapes '" + path + "': " + message);
}

/// Ascending, each once, below 2^24.
static Error checkTokens(std::vector<int64_t> &tokens) {
  llvm::sort(tokens);
  tokens.erase(llvm::unique(tokens), tokens.end());
  if (tokens.empty() || tokens.front() < 1 || tokens.back() >= 1 << 24)
    return createStringError("expected tokens from 1 to 16777215");
  return Error::success();
}

static Expected<std::vector<int64_t>> parseTokens(StringRef list) {
  std::vector<int64_t> tokens;
  for (StringRef entry : split(list, ',')) {
    Expected<int64_t> number = parseInteger(entry);
    if (!number)
      return usageError("--tune-tokens: " + toString(number.takeError()));
    tokens.push_back(*number);
  }
  if (Error error = checkTokens(tokens))
    return usageError("--tune-tokens: " + toString(std::move(error)));
  return tokens;
}

/// The file's list of numbers of tokens.
static Expected<std::vector<int64_t>> readTokens(StringRef path,
                                                 const json::Object &root) {
  const json::Array *list = root.getArray("tune_tokens");
  if (!list)
    return bad(path, "expected an array \"tune_tokens\", or --tune-tokens");
  std::vector<int64_t> tokens;
  for (const json::Value &value : *list)
    tokens.push_back(value.getAsInteger().value_or(0));
  if (Error error = checkTokens(tokens))
    return bad(path, "tune_tokens: " + toString(std::move(error)));
  return tokens;
}

/// Name and dimensions of one shape.
static Error readShape(StringRef path, const json::Object *object,
                       StageShape &shape) {
  std::optional<StringRef> name =
      object ? object->getString("name") : std::nullopt;
  if (!name)
    return bad(path, "expected shapes that are objects with a \"name\"");
  shape.model = name->str();
  KernelOptions &o = shape.options;
  for (auto [key, target] :
       {std::pair<StringRef, int64_t *>("model_dim", &o.modelDim),
        {"inter_dim", &o.interDim},
        {"experts", &o.experts},
        {"topk", &o.topk}}) {
    std::optional<int64_t> value = object->getInteger(key);
    if (!value || *value < 1 ||
        *value > std::numeric_limits<int32_t>::max() / 2)
      return bad(path, "'" + *name +
                           "': expected a number from 1 to 1073741823 for '" +
                           key + "'");
    *target = *value;
  }
  return Error::success();
}

/// Whether the stages of the two are the same product.
static bool isSame(const KernelOptions &a, const KernelOptions &b) {
  return moe::TableShape::keyOf(productOf(a)) ==
         moe::TableShape::keyOf(productOf(b));
}

Expected<std::vector<StageShape>>
moe::driver::readShapes(StringRef path, StringRef only, StringRef tokens) {
  Expected<std::string> text = files::readText(path, 1 << 20);
  if (!text)
    return text.takeError();
  Expected<json::Value> value = moe::files::parseJSON(*text);
  if (!value)
    return bad(path, toString(value.takeError()));
  const json::Object *root = value->getAsObject();
  const json::Array *list = root ? root->getArray("shapes") : nullptr;
  if (!list)
    return bad(path, "expected an object with an array \"shapes\"");
  Expected<std::vector<int64_t>> numbers =
      tokens.empty() ? readTokens(path, *root) : parseTokens(tokens);
  if (!numbers)
    return numbers.takeError();
  Regex pattern(only.empty() ? "." : only);
  if (std::string why; !pattern.isValid(why))
    return usageError("--tune-only: " + why + ": '" + only + "'");
  std::vector<StageShape> shapes;
  for (const json::Value &entry : *list) {
    StageShape shape;
    if (Error error = readShape(path, entry.getAsObject(), shape))
      return std::move(error);
    if (!pattern.match(shape.model))
      continue;
    shape.tokens = *numbers;
    for (KernelKind kernel : {KernelKind::Gemm1, KernelKind::Gemm2}) {
      shape.options.kernel = kernel;
      if (none_of(shapes, [&](const StageShape &other) {
            return isSame(other.options, shape.options);
          }))
        shapes.push_back(shape);
    }
  }
  if (shapes.empty())
    return usageError("--tune-only: expected a name of a shape in '" + path +
                      "' that matches '" + only + "'");
  return shapes;
}
