//===- IRFuzzer.cpp - IR of others through whole pipelines ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer's entry: its bytes are MLIR text or bytecode. What parses and
// verifies goes through --moe-to-launches and --moe-to-binary for both chips. A
// diagnostic is fine, a crash or a hang is a bug. Nothing is instrumented, so
// changes follow the tokens of the text: numbers, lines and words. At the end
// it says how many inputs came how far.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "moe/InitAll.h"
#include "moe/Pipelines/Pipelines.h"
#include "llvm/ADT/StringExtras.h"
#include <cstdio>
#include <cstring>
#include <random>

using namespace mlir;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

static MLIRContext &context() {
  static auto *made = [] {
    DialectRegistry registry;
    moe::registerAllDialects(registry);
    auto *context = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    context->getDiagEngine().registerHandler(
        [](Diagnostic &) { return success(); });
    return context;
  }();
  return *made;
}

/// How far the inputs came.
static struct Counts {
  unsigned inputs = 0, verified = 0, compiled = 0;
  ~Counts() {
    std::fprintf(stderr,
                 "%u inputs, %u verified, %u code objects of two chips\n",
                 inputs, verified, compiled);
  }
} counts;

static void compile(ModuleOp module, const char *chip) {
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager passes(&context());
  moe::LaunchPipelineOptions launches;
  launches.chip = chip;
  moe::buildMoEToLaunchesPipeline(passes, launches);
  moe::BinaryPipelineOptions binary;
  binary.chip = chip;
  moe::buildMoEToBinaryPipeline(passes, binary);
  counts.compiled += succeeded(passes.run(*copy));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&context()), "input");
  ++counts.inputs;
  if (!module)
    return 0;
  ++counts.verified;
  for (const char *chip : {"gfx950", "gfx942"})
    compile(*module, chip);
  return 0;
}

//===----------------------------------------------------------------------===//
// Changes
//===----------------------------------------------------------------------===//

namespace {
class Mutator {
public:
  Mutator(llvm::StringRef text, unsigned seed) : text(text), random(seed) {
    for (size_t at = 0; at < text.size();) {
      size_t end = at + 1;
      if (isWord(text[at]))
        while (end < text.size() && isWord(text[end]))
          ++end;
      tokens.push_back(text.slice(at, end));
      at = end;
    }
  }

  std::string run() {
    if (tokens.empty())
      return text.str();
    switch (below(4)) {
    case 0:
      return changeNumber();
    case 1:
      return changeLines();
    default:
      return changeWord();
    }
  }

private:
  static bool isWord(char c) {
    return llvm::isAlnum(c) || c == '_' || c == '%' || c == '@' || c == '#';
  }
  size_t below(size_t count) { return random() % count; }

  std::string join() const {
    std::string all;
    for (llvm::StringRef token : tokens)
      all += token;
    return all;
  }

  /// A token of the text that `wanted` accepts, or the number of tokens.
  size_t find(llvm::function_ref<bool(llvm::StringRef)> wanted) {
    for (int tries = 0; tries < 64; ++tries)
      if (size_t i = below(tokens.size()); wanted(tokens[i]))
        return i;
    return tokens.size();
  }

  std::string changeNumber() {
    size_t i = find([](llvm::StringRef t) { return llvm::isDigit(t[0]); });
    if (i == tokens.size())
      return changeWord();
    // "2880x" of a shape is a number and what follows.
    llvm::StringRef digits = tokens[i].take_while(llvm::isDigit);
    int64_t value = 0;
    (void)digits.getAsInteger(10, value);
    static const int64_t limits[] = {
        0,     1,          -1,         31,         32,        255,
        65536, 2147483647, 2147483648, 4294967296, INT64_MAX, INT64_MIN};
    int64_t changed[] = {value * 2, value / 2, value + 1, value - 1,
                         limits[below(std::size(limits))]};
    number = std::to_string(changed[below(std::size(changed))]) +
             tokens[i].drop_front(digits.size()).str();
    tokens[i] = number;
    return join();
  }

  std::string changeLines() {
    llvm::SmallVector<llvm::StringRef> lines;
    text.split(lines, '\n');
    size_t i = below(lines.size()), j = below(lines.size());
    switch (below(3)) {
    case 0:
      lines.erase(lines.begin() + i);
      break;
    case 1:
      std::swap(lines[i], lines[j]);
      break;
    case 2:
      lines.insert(lines.begin() + i, lines[j]);
      break;
    }
    return llvm::join(lines, "\n");
  }

  /// A word becomes another one of the same kind, or goes.
  std::string changeWord() {
    size_t i = find([](llvm::StringRef t) { return isWord(t[0]); });
    if (i == tokens.size())
      return text.str();
    char sigil = tokens[i][0];
    size_t j = find([&](llvm::StringRef t) {
      return t != tokens[i] &&
             (llvm::isAlpha(sigil) ? llvm::isAlpha(t[0]) : t[0] == sigil);
    });
    tokens[i] = j == tokens.size() || below(8) == 0 ? "" : tokens[j];
    return join();
  }

  llvm::StringRef text;
  std::minstd_rand random;
  std::vector<llvm::StringRef> tokens;
  std::string number;
};
} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t most, unsigned seed) {
  // MLIR 22's bytecode reader trusts its input: damaged bytecode crashes it.
  if (size > 4 && !std::memcmp(data, "ML\xefR", 4))
    return size;
  // Now and then as bytes, for the parser.
  if (seed % 16 == 0)
    return LLVMFuzzerMutate(data, size, most);
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  std::string changed = Mutator(text, seed / 16).run();
  size_t length = std::min(changed.size(), most);
  std::memcpy(data, changed.data(), length);
  return length;
}
