// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A recursive-descent evaluator of grid expressions, with 64-bit overflow
// checked at every step.
#include "moe/CodeObject/Grid.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

namespace moe::codeobject {
namespace {

/// expression := term (('+'|'-') term)*
/// term       := factor (('*'|'/') factor)*
/// factor     := number | variable | '(' expression ')'
///             | ('ceildiv'|'min') '(' expression ',' expression ')'
class Evaluator {
public:
  Evaluator(StringRef text, const GridVariables &variables)
      : whole(text), rest(text), variables(variables) {}

  Expected<int64_t> run() {
    Expected<int64_t> value = expression();
    if (value && !(rest = rest.ltrim()).empty())
      return fail("unexpected '" + rest + "'");
    return value;
  }

private:
  llvm::Error fail(const Twine &why) const {
    return llvm::createStringError("grid expression '" + whole + "': " + why);
  }

  bool take(char c) {
    rest = rest.ltrim();
    return rest.consume_front(StringRef(&c, 1));
  }

  Expected<int64_t> apply(char op, int64_t a, int64_t b) const {
    int64_t result;
    if (op == '/' || op == 'c') {
      if (b <= 0 || a < 0)
        return fail("expected a division of a number >= 0 by one > 0, got " +
                    Twine(a) + " by " + Twine(b));
      return op == '/' ? a / b : a / b + (a % b != 0);
    }
    if (op == 'm')
      return std::min(a, b);
    bool overflow = op == '+'   ? llvm::AddOverflow(a, b, result)
                    : op == '-' ? llvm::SubOverflow(a, b, result)
                                : llvm::MulOverflow(a, b, result);
    if (overflow)
      return fail("a value does not fit in 64 bits");
    return result;
  }

  /// A run of `parse` operands joined by the operators `first` and `second`.
  Expected<int64_t> chain(char first, char second,
                          Expected<int64_t> (Evaluator::*parse)()) {
    Expected<int64_t> left = (this->*parse)();
    while (left) {
      char op = take(first) ? first : take(second) ? second : 0;
      if (!op)
        break;
      Expected<int64_t> right = (this->*parse)();
      if (!right)
        return right;
      left = apply(op, *left, *right);
    }
    return left;
  }

  Expected<int64_t> expression() {
    if (++depth > 64)
      return fail("expected at most 64 nested expressions");
    Expected<int64_t> value = chain('+', '-', &Evaluator::term);
    --depth;
    return value;
  }
  Expected<int64_t> term() { return chain('*', '/', &Evaluator::factor); }

  Expected<int64_t> call(char op) {
    if (!take('('))
      return fail("expected '(' at '" + rest + "'");
    Expected<int64_t> left = expression();
    if (!left)
      return left;
    if (!take(','))
      return fail("expected ',' at '" + rest + "'");
    Expected<int64_t> right = expression();
    if (!right)
      return right;
    if (!take(')'))
      return fail("expected ')' at '" + rest + "'");
    return apply(op, *left, *right);
  }

  Expected<int64_t> factor() {
    if (take('(')) {
      Expected<int64_t> value = expression();
      if (value && !take(')'))
        return fail("expected ')' at '" + rest + "'");
      return value;
    }
    rest = rest.ltrim();
    StringRef word =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (word.empty())
      return fail("expected a number, variable or '(' at '" + rest + "'");
    rest = rest.drop_front(word.size());
    int64_t number;
    if (llvm::isDigit(word.front())) {
      if (word.getAsInteger(10, number))
        return fail("expected a decimal number, got '" + word + "'");
      return number;
    }
    if (word == "ceildiv")
      return call('c');
    if (word == "min")
      return call('m');
    const std::pair<StringRef, int64_t> known[] = {
        {"tokens", variables.tokens},
        {"n", variables.n},
        {"k", variables.k},
        {"num_blocks", variables.numBlocks}};
    for (const auto &[name, value] : known)
      if (word == name)
        return value;
    return fail("expected one of tokens, n, k, num_blocks, got '" + word + "'");
  }

  StringRef whole, rest;
  GridVariables variables;
  unsigned depth = 0;
};

} // namespace

Expected<int64_t> evaluateGridExpression(StringRef expression,
                                         const GridVariables &variables) {
  return Evaluator(expression, variables).run();
}

Expected<GridExpressions> parseGrid(StringRef text) {
  llvm::SmallVector<StringRef, 3> parts;
  text.split(parts, ';');
  if (parts.size() != 3)
    return llvm::createStringError(
        "expected a grid of 3 expressions separated by ';', got " +
        Twine(parts.size()) + " in '" + text + "'");
  GridExpressions grid;
  for (size_t i = 0; i < 3; ++i) {
    grid[i] = parts[i].trim().str();
    Expected<int64_t> value = evaluateGridExpression(grid[i], {1, 1, 1, 1});
    if (!value)
      return value.takeError();
  }
  return grid;
}

Expected<std::array<uint32_t, 3>> evaluateGrid(const GridExpressions &grid,
                                               const GridVariables &variables) {
  static const int64_t limits[3] = {INT32_MAX, 65535, 65535};
  std::array<uint32_t, 3> result;
  for (size_t i = 0; i < 3; ++i) {
    Expected<int64_t> value = evaluateGridExpression(grid[i], variables);
    if (!value)
      return value.takeError();
    if (*value < 0 || *value > limits[i])
      return llvm::createStringError(
          "grid " + Twine("xyz"[i]) + " = " + grid[i] + ": expected 0 to " +
          Twine(limits[i]) + " workgroups, got " + Twine(*value));
    result[i] = static_cast<uint32_t>(*value);
  }
  return result;
}

} // namespace moe::codeobject
