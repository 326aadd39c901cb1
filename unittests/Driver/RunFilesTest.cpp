//===- RunFilesTest.cpp - .npy files, good and bad ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Round trips, a file whose bytes are written out by hand, and every way in
// which a file can be refused.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunFiles.h"
#include "Files/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace moe::driver;

static const DType allTypes[] = {DType::U8,  DType::U16, DType::I32,
                                 DType::I64, DType::F16, DType::F32};

namespace {
class RunFiles : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("moe-run-files", dir));
  }
  void TearDown() override { sys::fs::remove_directories(dir); }

  std::string path(StringRef name) const {
    SmallString<128> full(dir);
    sys::path::append(full, name);
    return full.str().str();
  }
  /// Writes a file and returns what reading it as .npy says.
  std::string refusal(StringRef contents) const {
    cantFail(moe::files::writeFile(path("bad.npy"),
                                   {arrayRefFromStringRef(contents)}));
    Expected<NpyArray> array = readNpy(path("bad.npy"), allTypes);
    return array ? "accepted" : toString(array.takeError());
  }
  /// A version 1 file with this header and so many bytes of data.
  static std::string npy(StringRef header, size_t bytes) {
    std::string file("\x93NUMPY\x01\x00", 8);
    file += static_cast<char>(header.size());
    file += '\0';
    return file + header.str() + std::string(bytes, 'x');
  }
  static bool contains(const std::string &text, StringRef part) {
    return StringRef(text).contains(part);
  }

  SmallString<128> dir;
};
} // namespace

TEST_F(RunFiles, RoundTripOfEveryType) {
  std::vector<uint8_t> bytes(48);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = uint8_t(i);
  for (DType type : allTypes) {
    std::vector<int64_t> shape = {2, 3};
    ArrayRef data = ArrayRef(bytes).take_front(size_t(6 * byteWidth(type)));
    cantFail(writeNpy(path("a.npy"), type, shape, data));
    Expected<NpyArray> array = readNpy(path("a.npy"), type);
    ASSERT_TRUE(bool(array)) << toString(array.takeError());
    EXPECT_EQ(array->type, type);
    EXPECT_EQ(array->shape, shape);
    EXPECT_TRUE(array->data.bytes() == data);
  }
}

TEST_F(RunFiles, HeaderIsAlignedAndAsNumPyWritesIt) {
  uint8_t data[3] = {1, 2, 3};
  cantFail(writeNpy(path("a.npy"), DType::U8, {3}, data));
  HostBuffer file = cantFail(readFile(path("a.npy")));
  ASSERT_EQ(file.size(), 128u + 3);
  StringRef text(file.as<char>(), file.size());
  EXPECT_TRUE(text.starts_with(StringRef("\x93NUMPY\x01\x00v\x00", 10)));
  EXPECT_TRUE(text.drop_front(10).starts_with(
      "{'descr': '|u1', 'fortran_order': False, 'shape': (3, ), }  "));
  EXPECT_EQ(text[127], '\n');
}

TEST_F(RunFiles, ScalarsEmptyArraysAndVersion2AreRead) {
  std::string scalar =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4);
  EXPECT_EQ(refusal(scalar), "accepted");
  EXPECT_EQ(
      refusal(
          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7)}", 0)),
      "accepted");
  std::string header = "{'shape': (2,), 'fortran_order': False, "
                       "\"descr\": '<u1'}\n";
  std::string file("\x93NUMPY\x02\x00", 8);
  file += static_cast<char>(header.size());
  file += std::string("\0\0\0", 3) + header + "ab";
  EXPECT_EQ(refusal(file), "accepted");
}

TEST_F(RunFiles, BadFilesAreRefusedWithTheReason) {
  std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
  EXPECT_TRUE(contains(refusal(""), "expected a .npy file"));
  EXPECT_TRUE(contains(refusal("PK\x03\x04 zip archive"), "a .npy file"));
  EXPECT_TRUE(contains(refusal(npy(good, 7)),
                       "expected 8 bytes for float32 [2], got 7"));
  EXPECT_TRUE(contains(refusal(npy(good, 9)), "got 9"));
  std::string cut = npy(good, 8);
  cut.resize(30);
  EXPECT_TRUE(contains(refusal(cut), "truncated .npy header"));
  EXPECT_TRUE(contains(
      refusal(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", 8)),
      "got Fortran order"));
  EXPECT_TRUE(contains(
      refusal(
          npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", 8)),
      "float16 or float32, little endian, got element type '>f4'"));
  EXPECT_TRUE(contains(
      refusal(
          npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 16)),
      "got element type '|O'"));
  EXPECT_TRUE(
      contains(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                           "'shape': (2,)}",
                           8)),
               "structured"));
  EXPECT_TRUE(contains(refusal(npy("{'descr': '<f4', 'shape': (2,)}", 8)),
                       "expected the keys"));
  EXPECT_TRUE(contains(
      refusal(
          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8)),
      "expected a size"));
  EXPECT_TRUE(
      contains(refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': "
                           "(4294967296, 4294967296)}",
                           8)),
               "too large"));
  EXPECT_TRUE(contains(refusal(npy("{'descr': '<f4', 'fortran_order", 8)),
                       "malformed .npy header"));
}

TEST_F(RunFiles, EveryPrefixOfAGoodFileIsRefused) {
  std::string good =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8);
  ASSERT_EQ(refusal(good), "accepted");
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(refusal(StringRef(good).take_front(length)), "accepted");
}

TEST_F(RunFiles, MissingFilesAndFoldersAreNamed) {
  Expected<HostBuffer> missing = readFile(path("missing"));
  ASSERT_FALSE(bool(missing));
  EXPECT_TRUE(contains(toString(missing.takeError()), path("missing")));
  Expected<HostBuffer> folder = readFile(dir);
  ASSERT_FALSE(bool(folder));
  consumeError(folder.takeError());
  EXPECT_TRUE(
      contains(toString(moe::files::writeFile(path("no/such/folder"), {})),
               "cannot write"));
}

TEST_F(RunFiles, AllocationIsZeroAndCanFail) {
  HostBuffer buffer = cantFail(HostBuffer::allocate(1 << 20));
  for (uint8_t byte : buffer.bytes())
    ASSERT_EQ(byte, 0);
  Expected<HostBuffer> huge = HostBuffer::allocate(uint64_t(1) << 62);
  ASSERT_FALSE(bool(huge));
  EXPECT_TRUE(contains(toString(huge.takeError()), "cannot allocate"));
}

TEST_F(RunFiles, OnlyTheTypesThatACallerTakesAreNamed) {
  cantFail(writeNpy(path("a.npy"), DType::F32, {1}, {0, 0, 0, 0}));
  Expected<NpyArray> array = readNpy(path("a.npy"), {DType::U16});
  ASSERT_FALSE(bool(array));
  EXPECT_EQ(toString(array.takeError()),
            "'" + path("a.npy") +
                "': expected uint16 (the bits of bf16), got float32");
  EXPECT_EQ(namesOf({DType::U8, DType::F16, DType::F32}),
            "uint8, float16 or float32");
}
