// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Grid expressions: values, precedence and everything that is refused.
#include "moe/CodeObject/Grid.h"

#include "gtest/gtest.h"

using namespace moe::codeobject;

namespace {

const GridVariables variables{/*tokens=*/16, /*n=*/2880, /*k=*/512,
                              /*numBlocks=*/130};

int64_t valueOf(llvm::StringRef text) {
  llvm::Expected<int64_t> value = evaluateGridExpression(text, variables);
  if (value)
    return *value;
  ADD_FAILURE() << llvm::toString(value.takeError());
  return -1;
}

std::string errorOf(llvm::StringRef text) {
  llvm::Expected<int64_t> value = evaluateGridExpression(text, variables);
  if (!value)
    return llvm::toString(value.takeError());
  ADD_FAILURE() << text.str() << " evaluates to " << *value;
  return "";
}

TEST(Grid, Variables) {
  EXPECT_EQ(valueOf("tokens"), 16);
  EXPECT_EQ(valueOf("n"), 2880);
  EXPECT_EQ(valueOf("k"), 512);
  EXPECT_EQ(valueOf(" num_blocks "), 130);
}

TEST(Grid, MultiplicationBindsTighterAndSubtractionGoesLeft) {
  EXPECT_EQ(valueOf("2 + 3 * 4"), 14);
  EXPECT_EQ(valueOf("10 - 3 - 2"), 5);
  EXPECT_EQ(valueOf("(2 + 3) * 4 / 3"), 6);
}

TEST(Grid, Calls) {
  EXPECT_EQ(valueOf("ceildiv(n,128)"), 23);
  EXPECT_EQ(valueOf("ceildiv(2880,2880)"), 1);
  EXPECT_EQ(valueOf("min(num_blocks, tokens*4) * ceildiv(n, 256)"), 768);
}

TEST(Grid, RefusesWhatDoesNotParse) {
  EXPECT_NE(errorOf("").find("expected a number"), std::string::npos);
  EXPECT_NE(errorOf("n m").find("unexpected 'm'"), std::string::npos);
  EXPECT_NE(errorOf("rows").find("got 'rows'"), std::string::npos);
  EXPECT_NE(errorOf("ceildiv(n").find("expected ','"), std::string::npos);
  EXPECT_NE(errorOf("(n").find("expected ')'"), std::string::npos);
  EXPECT_NE(errorOf(std::string(1000, '(')).find("nested"), std::string::npos);
}

TEST(Grid, RefusesDivisionByZeroAndOverflow) {
  EXPECT_NE(errorOf("n/(k-512)").find("got 2880 by 0"), std::string::npos);
  EXPECT_NE(errorOf("9223372036854775807+1").find("64 bits"),
            std::string::npos);
}

TEST(Grid, LimitsOfHip) {
  auto grid = evaluateGrid({"n", "num_blocks", "1"}, variables);
  ASSERT_TRUE(static_cast<bool>(grid));
  EXPECT_EQ((*grid)[0], 2880u);
  EXPECT_EQ((*grid)[1], 130u);
  auto tall = evaluateGrid({"1", "65536", "1"}, variables);
  ASSERT_FALSE(static_cast<bool>(tall));
  EXPECT_EQ(llvm::toString(tall.takeError()),
            "grid y = 65536: expected 0 to 65535 workgroups, got 65536");
}

TEST(Grid, ThreePartsAreNeeded) {
  auto two = parseGrid("n;1");
  ASSERT_FALSE(static_cast<bool>(two));
  EXPECT_NE(llvm::toString(two.takeError()).find("got 2"), std::string::npos);
}

} // namespace
