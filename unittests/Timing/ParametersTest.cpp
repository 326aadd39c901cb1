//===- ParametersTest.cpp - parameter files -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The built-in files, and what is refused.
//
//===----------------------------------------------------------------------===//

#include "moe/Timing/Parameters.h"

#include "llvm/Support/JSON.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace moe::timing;

static std::string errorOf(Expected<Parameters> parameters) {
  return parameters ? "none" : toString(parameters.takeError());
}

/// All keys with value 1.
static json::Object allKeys() {
  json::Object keys;
#define PARAMETER(key, meaning)                                                \
  keys[#key] = json::Object{{"value", 1}, {"source", "a test"}};
#include "moe/Timing/Parameters.def"
  return keys;
}
static std::string fileOf(json::Object keys) {
  std::string text;
  raw_string_ostream(text) << json::Value(
      json::Object{{"chip", "gfx950"},
                   {"calibrated", false},
                   {"parameters", std::move(keys)}});
  return text;
}

TEST(Parameters, BuiltIn) {
  Parameters p = cantFail(builtInParameters("gfx950"));
  EXPECT_TRUE(p.calibrated);
  EXPECT_EQ(p.cus, 256);
  EXPECT_EQ(p.name, "gfx950");
  EXPECT_FALSE(cantFail(builtInParameters("gfx942")).calibrated);
  EXPECT_NE(errorOf(builtInParameters("gfx90a")).find("got 'gfx90a'"),
            std::string::npos);
}

TEST(Parameters, WholeFile) {
  EXPECT_EQ(cantFail(parseParameters(fileOf(allKeys()), "f")).hbm_tbs, 1);
}

TEST(Parameters, Refused) {
  json::Object keys = allKeys();
  keys.erase("cus");
  EXPECT_NE(errorOf(parseParameters(fileOf(std::move(keys)), "f"))
                .find("expected 'cus'"),
            std::string::npos);
  keys = allKeys();
  keys["speed"] = json::Object{{"value", 1}, {"source", ""}};
  EXPECT_EQ(errorOf(parseParameters(fileOf(std::move(keys)), "f")),
            "timing parameters 'f': expected no key 'speed'");
  keys = allKeys();
  keys["cus"] = json::Object{{"value", 0}, {"source", ""}};
  EXPECT_NE(errorOf(parseParameters(fileOf(std::move(keys)), "f"))
                .find("'cus': expected a number above 0, got 0"),
            std::string::npos);
  keys = allKeys();
  keys["cus"] = json::Object{{"value", 3}};
  EXPECT_NE(errorOf(parseParameters(fileOf(std::move(keys)), "f"))
                .find("expected its \"source\""),
            std::string::npos);
  for (double wrong : {0.5, 1.5, 1e12}) {
    keys = allKeys();
    keys["cus"] = json::Object{{"value", wrong}, {"source", ""}};
    EXPECT_NE(errorOf(parseParameters(fileOf(std::move(keys)), "f"))
                  .find("'cus': expected a whole number up to 4096, got"),
              std::string::npos);
  }
  keys = allKeys();
  keys["xcds"] = json::Object{{"value", 2}, {"source", ""}};
  EXPECT_EQ(errorOf(parseParameters(fileOf(std::move(keys)), "f")),
            "timing parameters 'f': expected 'cus' to be a multiple of the 2 "
            "'xcds', got 1");
  EXPECT_NE(errorOf(parseParameters("[", "f")).find("'f'"), std::string::npos);
  EXPECT_NE(errorOf(parseParameters("[]", "f")).find("expected an object"),
            std::string::npos);
}
