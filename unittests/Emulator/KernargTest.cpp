//===- KernargTest.cpp - Arguments that refer to others -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What placeArguments, which both executors call, refuses of arguments that
// lead to the buffers of others. Places and sizes are tested by launch files.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Emulator.h"
#include "moe/Emulator/KernelImage.h"

#include "gtest/gtest.h"

using namespace moe::emulator;

namespace {
/// Kernel k(pointer, 8 bytes by value) with a buffer and a number.
struct Kernarg : testing::Test {
  Kernarg() {
    kernel.name = "k";
    kernel.args = {{"p", "global_buffer", 0, 8}, {"n", "by_value", 8, 8}};
    kernel.kernargSize = 16;
    launch.args = {Arg::buffer(bytes), Arg::scalar(uint64_t(0))};
  }
  std::string error() {
    auto places = placeArguments(kernel, launch);
    return places ? "" : toString(places.takeError());
  }
  std::vector<uint8_t> bytes = std::vector<uint8_t>(12);
  KernelInfo kernel;
  Launch launch;
};
} // namespace

TEST_F(Kernarg, AcceptsPointersThatFit) {
  launch.args[0].pointers = {{4, 0, 8}};
  launch.args[1].pointers = {{0, 0, 0}};
  EXPECT_EQ(error(), "");
}

TEST_F(Kernarg, RefusesAPointerOutsideItsBytes) {
  launch.args[0].pointers = {{5, 0, 0}};
  EXPECT_EQ(error(), "kernel 'k': argument 0: a pointer at byte 5 does not fit "
                     "its 12 bytes");
  launch.args[0].pointers.clear();
  launch.args[1].pointers = {{~uint64_t(0), 0, 0}};
  EXPECT_EQ(error(), "kernel 'k': argument 1: a pointer at byte "
                     "18446744073709551615 does not fit its 8 bytes");
}

TEST_F(Kernarg, RefusesAPointerToWhatIsNoBuffer) {
  for (size_t other : {1, 2}) {
    launch.args[0].pointers = {{0, other, 0}};
    EXPECT_EQ(error(), "kernel 'k': argument 0: expected a pointer to a "
                       "buffer, got one to argument " +
                           std::to_string(other));
  }
}

TEST_F(Kernarg, RefusesAPartOfWhatHasNoBufferOfItsOwn) {
  for (size_t other : {0, 1, 7}) {
    launch.args[0].sameAs = other;
    EXPECT_EQ(error(), "kernel 'k': argument 0: expected the number of an "
                       "argument with a buffer of its own, got " +
                           std::to_string(other));
  }
}

TEST_F(Kernarg, SaysHowToPassSeveralArgumentsAsOne) {
  kernel.args = {{"p", "global_buffer", 0, 8},
                 {"m", "by_value", 8, 4},
                 {"n", "by_value", 12, 4},
                 {"k", "by_value", 16, 4}};
  kernel.kernargSize = 20;
  EXPECT_EQ(error(), "kernel 'k': argument 1: expected 4 bytes, got 8; bytes "
                     "for several arguments need an offset");
  launch.args[1].place = Arg::Place::Offset;
  launch.args[1].offset = 8;
  auto places = placeArguments(kernel, launch);
  ASSERT_TRUE(bool(places)) << toString(places.takeError());
  EXPECT_EQ(missingArguments(kernel, launch, *places),
            "kernel 'k': expected 4 arguments, got 3; zero is passed for 'k'; "
            "bytes with an offset pass all arguments that they cover, here "
            "those from byte 8 to 15 of 20");
}
