//===- LaunchTest.cpp - launch files, good and bad ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a launch file turns into, what is refused, and what the comparison with
// a reference accepts. No kernel runs here.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Launch.h"
#include "Files/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace moe::driver;

namespace {
class Launch : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("moe-launch", dir));
    write("k.hsaco", "elf");
    write("four.bin", "abcd");
  }
  void TearDown() override { sys::fs::remove_directories(dir); }

  std::string path(StringRef name) const {
    SmallString<128> full(dir);
    sys::path::append(full, name);
    return full.str().str();
  }
  void write(StringRef name, StringRef contents) const {
    cantFail(
        moe::files::writeFile(path(name), {arrayRefFromStringRef(contents)}));
  }
  template <typename T>
  void writeArray(StringRef name, std::vector<T> values) const {
    write(name, StringRef(reinterpret_cast<const char *>(values.data()),
                          values.size() * sizeof(T)));
  }
  /// A launch file around `rest`, which starts with a comma or is empty.
  Expected<LaunchFile> read(StringRef rest) const {
    write("l.json", ("{\"code_object\": \"k.hsaco\", \"kernel\": \"k\", "
                     "\"grid\": [3, 2, 1], \"block\": [256, 1, 1]" +
                     rest + "}")
                        .str());
    return readLaunchFile(path("l.json"));
  }
  Expected<LaunchFile> readArg(StringRef arg) const {
    return read((", \"args\": [" + arg + "]").str());
  }
  std::string refusal(Expected<LaunchFile> file) const {
    return file ? "accepted" : toString(file.takeError());
  }
  static bool contains(const std::string &text, StringRef part) {
    return StringRef(text).contains(part);
  }

  SmallString<128> dir;
};
} // namespace

TEST_F(Launch, ReadsGridBlockAndBuffers) {
  LaunchFile file = cantFail(read(R"(, "dynamic_lds": 64, "args": [
        {"name": "a", "kind": "buffer", "file": "four.bin", "size": 6,
         "out": "a.out"},
        {"kind": "buffer", "size": 3, "fill": 7},
        {"kind": "buffer", "file": "four.bin", "size": 6, "fill": 255}])"));
  EXPECT_EQ(file.grid, (std::array<uint32_t, 3>{3, 2, 1}));
  EXPECT_EQ(file.block[0], 256u);
  EXPECT_EQ(file.dynamicLds, 64u);
  ASSERT_EQ(file.args.size(), 3u);
  EXPECT_EQ(file.args[0].out, path("a.out"));
  EXPECT_EQ(std::memcmp(file.args[0].buffer.data(), "abcd\0\0", 6), 0);
  EXPECT_EQ(std::memcmp(file.args[1].buffer.data(), "\7\7\7", 3), 0);
  EXPECT_EQ(file.args[2].buffer.data()[5], 255);
  EXPECT_TRUE(file.warnings.empty());
}

TEST_F(Launch, ScalarsHaveTheirWidthAndLittleEndianBytes) {
  LaunchFile file = cantFail(
      readArg(R"({"kind": "u8", "value": 255}, {"kind": "i32", "value": -2},
        {"kind": "u32", "value": 4294967295},
        {"kind": "i64", "value": -9223372036854775808},
        {"kind": "u64", "value": 18446744073709551615},
        {"kind": "f32", "value": 1}, {"kind": "f64", "value": -2.5},
        {"kind": "f32", "value": "-inf"}, {"kind": "f32", "value": "nan"})"));
  auto bytes = [&](size_t i) { return file.args[i].value; };
  EXPECT_EQ(bytes(0), (std::vector<uint8_t>{255}));
  EXPECT_EQ(bytes(1), (std::vector<uint8_t>{254, 255, 255, 255}));
  EXPECT_EQ(bytes(2), std::vector<uint8_t>(4, 255));
  EXPECT_EQ(bytes(3), (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0x80}));
  EXPECT_EQ(bytes(4), std::vector<uint8_t>(8, 255));
  EXPECT_EQ(bytes(5), (std::vector<uint8_t>{0, 0, 0x80, 0x3F}));
  EXPECT_EQ(bytes(6), (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 4, 0xC0}));
  EXPECT_EQ(bytes(7), (std::vector<uint8_t>{0, 0, 0x80, 0xFF}));
  EXPECT_EQ(bytes(8)[3], 0x7F);
}

TEST_F(Launch, ScalarsThatDoNotFitAreRefused) {
  EXPECT_TRUE(contains(refusal(readArg(R"({"kind": "u8", "value": 256})")),
                       "args[0]: expected a value from 0 to 255 for u8, got "
                       "256"));
  EXPECT_NE(refusal(readArg(R"({"kind": "u8", "value": -1})")), "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "i32", "value": 2147483648})")),
            "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "u32", "value": -1})")), "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "i32", "value": 1.5})")), "accepted");
  EXPECT_NE(
      refusal(readArg(R"({"kind": "i64", "value": 18446744073709551615})")),
      "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "f32", "value": 1e39})")), "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "f32", "value": "x"})")), "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "i32"})")), "accepted");
  EXPECT_TRUE(contains(refusal(readArg(R"({"kind": "i16", "value": 1})")),
                       "got 'i16'"));
}

TEST_F(Launch, BadBuffersAreRefused) {
  EXPECT_TRUE(contains(
      refusal(readArg(R"({"kind": "buffer", "file": "four.bin", "size": 3})")),
      "at least the contents' 4 bytes, got 3"));
  EXPECT_TRUE(contains(refusal(readArg(R"({"kind": "buffer"})")), "got none"));
  EXPECT_TRUE(
      contains(refusal(readArg(R"({"kind": "buffer", "file": "none"})")),
               "cannot read"));
  EXPECT_NE(refusal(readArg(R"({"kind": "buffer", "size": -1})")), "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "buffer", "size": 4, "fill": 256})")),
            "accepted");
  EXPECT_NE(refusal(readArg(R"({"kind": "buffer", "size": 1e18})")),
            "accepted");
}

TEST_F(Launch, BadFilesAreRefused) {
  EXPECT_TRUE(contains(refusal(read(", ")), "malformed JSON"));
  write("l.json", "[1]");
  EXPECT_TRUE(contains(refusal(readLaunchFile(path("l.json"))),
                       "expected a JSON object"));
  write("l.json", "{}");
  EXPECT_TRUE(contains(refusal(readLaunchFile(path("l.json"))), "'kernel'"));
  write("l.json",
        R"({"code_object": "k.hsaco", "kernel": "k", "grid": [1, 1],
            "block": [1, 1, 1]})");
  EXPECT_TRUE(contains(refusal(readLaunchFile(path("l.json"))),
                       "'grid': expected [x, y, z], got [1,1]"));
  EXPECT_TRUE(contains(refusal(read(R"(, "args": 3)")), "'args'"));
}

TEST_F(Launch, UnknownKeysAreWarnedAbout) {
  LaunchFile file = cantFail(read(R"(, "dynamic_LDS": 3)"));
  ASSERT_EQ(file.warnings.size(), 1u);
  EXPECT_TRUE(contains(file.warnings[0], "'dynamic_LDS'"));
}

TEST_F(Launch, ExpectComparesWithBothTolerances) {
  writeArray<float>("y.bin", {100, 1, 0, -INFINITY});
  writeArray<double>("ref.bin", {101, 1.5, 0.25, -INFINITY});
  auto wrong = [&](StringRef tolerance) {
    LaunchFile file = cantFail(
        read((R"(, "args": [{"name": "y", "kind": "buffer", "file": "y.bin"}],
                "expect": {"arg": "y", "dtype": "f32", "file": "ref.bin",
                           "file_dtype": "f64")" +
              tolerance + "}")
                 .str()));
    return compareExpected(file).wrong;
  };
  EXPECT_EQ(wrong(R"(, "atol": 1)"), 0u);
  EXPECT_EQ(wrong(R"(, "rtol": 0.01, "atol": 0.3)"), 1u); // 1 and 1.5
  EXPECT_EQ(wrong(R"(, "rtol": 0.5)"), 1u);               // 0 and 0.25
  EXPECT_EQ(wrong(""), 3u);
}

TEST_F(Launch, NaNMatchesNothingAndTheWorstIsNamed) {
  writeArray<float>("y.bin", {1, NAN, 9});
  writeArray<float>("ref.bin", {1, NAN, 2});
  LaunchFile file = cantFail(
      read(R"(, "args": [{"name": "y", "kind": "buffer", "file": "y.bin"}],
              "expect": {"arg": "y", "dtype": "f32", "file": "ref.bin",
                         "atol": 1})"));
  ExpectResult result = compareExpected(file);
  EXPECT_EQ(result.wrong, 2u);
  EXPECT_EQ(result.worst, 1u);
  EXPECT_EQ(result.maxError, 7);
}

TEST_F(Launch, LargeIntegersAreComparedAsIntegers) {
  int64_t big = int64_t(1) << 60;
  writeArray<int64_t>("y.bin", {big, big + 1});
  writeArray<int64_t>("ref.bin", {big, big});
  LaunchFile file = cantFail(
      read(R"(, "args": [{"name": "y", "kind": "buffer", "file": "y.bin"}],
              "expect": {"arg": "y", "dtype": "i64", "file": "ref.bin"})"));
  EXPECT_EQ(compareExpected(file).wrong, 1u);
}

TEST_F(Launch, ExpectOfAnotherLengthIsRefused) {
  writeArray<float>("ref.bin", {1, 2});
  EXPECT_TRUE(contains(
      refusal(read(
          R"(, "args": [{"name": "y", "kind": "buffer", "size": 4}],
              "expect": {"arg": "y", "dtype": "f32", "file": "ref.bin"})")),
      "expected a reference of as many elements as buffer 'y' (4 bytes of 4), "
      "got 8 bytes of 4"));
  EXPECT_TRUE(
      contains(refusal(read(
                   R"(, "args": [{"name": "y", "kind": "buffer", "size": 8}],
              "expect": {"arg": "z", "dtype": "f32", "file": "ref.bin"})")),
               "got 'z'"));
}

TEST_F(Launch, OutputsAreWrittenWhereAsked) {
  LaunchFile file = cantFail(
      readArg(R"({"kind": "buffer", "file": "four.bin", "out": "sub.bin"})"));
  file.args[0].buffer.data()[0] = 'z';
  cantFail(writeOutputs(file));
  HostBuffer back = cantFail(readFile(path("sub.bin")));
  EXPECT_EQ(std::memcmp(back.data(), "zbcd", 4), 0);
}
