// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Command lines: what is accepted, what is refused, and the exit codes.
#include "Driver/Options/Flags.h"
#include "Driver/Options/KernelFlags.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace moe::driver;

namespace {

struct Example : testing::Test {
  Example() {
    flags.integer("count", "a number", count, 1);
    flags.integer("seed", "any number", seed);
    flags.toggle("quiet", "no value", quiet);
    flags.number("factor", "a float", factor);
    flags.limit("limit", "a float or inf", limit, 0);
    flags.string("o", "FILE", "a text", output);
    flags.choice<int>("mode", "one of two", mode, {{"one", 1}, {"two", 2}});
    flags.positional("INPUT", "the input", input);
  }

  /// The message of the error, or "" when the arguments are good.
  std::string parse(std::vector<const char *> args) {
    return llvm::toString(flags.parse(args));
  }

  FlagSet flags{"example", "An example."};
  int64_t count = 7;
  uint64_t seed = 0;
  bool quiet = false;
  std::optional<float> factor, limit;
  std::string output, input;
  int mode = 0;
};

TEST_F(Example, BothSpellingsOfAValue) {
  EXPECT_EQ(parse({"--count", "3", "--mode=two", "-o", "f", "in"}), "");
  EXPECT_EQ(count, 3);
  EXPECT_EQ(mode, 2);
  EXPECT_EQ(output, "f");
  EXPECT_EQ(input, "in");
  EXPECT_TRUE(flags.given("count"));
  EXPECT_FALSE(flags.given("quiet"));
}

TEST_F(Example, DefaultsStay) {
  EXPECT_EQ(parse({}), "");
  EXPECT_EQ(count, 7);
  EXPECT_FALSE(limit.has_value());
}

TEST_F(Example, Numbers) {
  EXPECT_EQ(parse({"--seed", "18446744073709551615", "--limit", "inf"}), "");
  EXPECT_EQ(seed, UINT64_MAX);
  EXPECT_TRUE(std::isinf(limit.value_or(0)));
}

TEST_F(Example, InfinityIsALimitOnly) {
  EXPECT_EQ(parse({"--factor", "-3.4e38"}), "");
  EXPECT_EQ(factor, -3.4e38f);
  auto refusal = [](const char *name, const char *text) {
    std::optional<float> value;
    FlagSet flags{"example", "An example."};
    flags.number("factor", "a float", value);
    flags.limit("limit", "a float or inf", value, 0);
    return llvm::toString(flags.parse({name, text}));
  };
  for (const char *text : {"inf", "-inf", "nan", "1e39", "-1e300"})
    EXPECT_EQ(refusal("--factor", text),
              "--factor: expected a number that is finite in float32, got " +
                  std::string(text));
  EXPECT_EQ(refusal("--limit", "nan"), "--limit: expected a number, got nan");
  EXPECT_EQ(refusal("--limit", "-1"), "--limit: expected at least 0, got -1");
}

TEST_F(Example, Refused) {
  EXPECT_EQ(parse({"--other"}), "unknown flag '--other' (--help lists them)");
  EXPECT_EQ(parse({"-count", "3"}),
            "unknown flag '-count', did you mean --count? (--help lists them)");
  EXPECT_EQ(parse({"--o", "3"}),
            "unknown flag '--o', did you mean -o? (--help lists them)");
  EXPECT_EQ(parse({"--count", "0"}), "--count: expected at least 1, got 0");
  EXPECT_EQ(parse({"--mode"}), "flag '--mode' expects a value (one|two)");
  EXPECT_EQ(parse({"a", "b"}), "unexpected argument 'b'");
}

TEST_F(Example, ParseErrorsNameTheFlag) {
  EXPECT_EQ(parse({"--count=3x"}), "--count: expected an integer, got '3x'");
  EXPECT_EQ(parse({"--limit="}), "--limit: expected a number, got ''");
  EXPECT_EQ(parse({"--factor=a"}), "--factor: expected a number, got 'a'");
  EXPECT_EQ(parse({"--seed=-1"}),
            "--seed: expected an integer of at least 0, got '-1'");
  EXPECT_EQ(parse({"--mode=three"}), "--mode: expected one|two, got 'three'");
  EXPECT_EQ(parse({"--quiet=1"}), "flag '--quiet' takes no value, got '1'");
}

TEST_F(Example, AnEmptyTextIsNotAsIfTheFlagWereNotThere) {
  EXPECT_EQ(parse({"-o", ""}), "-o: expected FILE, got ''");
  EXPECT_EQ(parse({""}), "expected INPUT, got ''");
}

TEST_F(Example, TwiceIsRefused) {
  EXPECT_EQ(parse({"--quiet", "--quiet"}), "flag '--quiet' is given twice");
}

TEST_F(Example, HelpListsEveryFlag) {
  EXPECT_EQ(parse({"--bad", "--help"}), "");
  EXPECT_TRUE(flags.helpRequested());
  std::string text;
  llvm::raw_string_ostream os(text);
  flags.printHelp(os);
  for (const std::string &name : flags.names())
    EXPECT_NE(text.find("-" + name + " "), std::string::npos) << name;
}

TEST(ReportError, ExitCodes) {
  std::string text;
  llvm::raw_string_ostream os(text);
  EXPECT_EQ(reportError(llvm::Error::success(), "tool", os), 0);
  EXPECT_EQ(reportError(usageError("wrong"), "tool", os), 2);
  EXPECT_EQ(reportError(llvm::createStringError("bad"), "tool", os), 1);
  EXPECT_EQ(text, "tool: error: wrong\ntool: error: bad\n");
}

TEST(ReportError, DiagnosticsWithALocationStayAsTheyAre) {
  std::string text;
  llvm::raw_string_ostream os(text);
  reportError(llvm::createStringError("a.mlir:3:5: error: bad\nhere"), "tool",
              os);
  EXPECT_EQ(text, "a.mlir:3:5: error: bad\nhere\n");
}

} // namespace
