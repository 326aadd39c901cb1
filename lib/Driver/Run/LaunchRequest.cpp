//===- LaunchRequest.cpp - from a launch file to a run and back -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The request to an executor, the comparison of a buffer with its reference,
// and the buffers that are written to files. The file's format is in
// Launch.cpp.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Launch.h"
#include "Files/Files.h"
#include "moe/Reference/Scalars.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace llvm;
using namespace moe::driver;

int64_t moe::driver::compareWidth(CompareType type) {
  switch (type) {
  case CompareType::U8:
  case CompareType::I8:
    return 1;
  case CompareType::BF16:
  case CompareType::F16:
    return 2;
  case CompareType::F32:
  case CompareType::I32:
  case CompareType::U32:
    return 4;
  case CompareType::F64:
  case CompareType::I64:
    break;
  }
  return 8;
}

moe::executor::Launch LaunchFile::request() {
  using moe::executor::Argument;
  moe::executor::Launch launch;
  launch.elf = codeObject.bytes();
  launch.chip = chip;
  launch.kernel = kernel;
  launch.grid = grid;
  launch.block = block;
  launch.dynamicLds = dynamicLds;
  auto numberOf = [&](StringRef name) {
    for (size_t i = 0; i < args.size(); ++i)
      if (args[i].isBuffer && args[i].of.empty() && args[i].name == name)
        return i;
    return args.size(); // the reader has looked
  };
  for (LaunchArg &arg : args) {
    Argument made;
    if (arg.isBuffer)
      made = Argument::buffer(arg.name, arg.buffer.bytes());
    made.name = arg.name;
    made.value = arg.value;
    made.place = arg.place;
    made.offset = arg.offset;
    if (!arg.of.empty()) {
      made.sameAs = numberOf(arg.of);
      made.plus = arg.plus;
    }
    for (const LaunchArg::Pointer &pointer : arg.pointers)
      made.pointers.push_back(
          {pointer.at, numberOf(pointer.buffer), pointer.plus});
    launch.args.push_back(std::move(made));
  }
  return launch;
}

template <typename T>
static T loadAs(const uint8_t *data, uint64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

static double element(CompareType type, const uint8_t *data, uint64_t index) {
  using moe::reference::FloatType;
  switch (type) {
  case CompareType::BF16:
    return moe::reference::loadFloat(FloatType::BF16, data, int64_t(index));
  case CompareType::F16:
    return moe::reference::loadFloat(FloatType::F16, data, int64_t(index));
  case CompareType::F32:
    return loadAs<float>(data, index);
  case CompareType::F64:
    return loadAs<double>(data, index);
  case CompareType::U8:
    return data[index];
  case CompareType::I8:
    return static_cast<int8_t>(data[index]);
  case CompareType::I32:
    return loadAs<int32_t>(data, index);
  case CompareType::U32:
    return loadAs<uint32_t>(data, index);
  case CompareType::I64:
    break;
  }
  return double(loadAs<int64_t>(data, index));
}

ExpectResult moe::driver::compareExpected(const LaunchFile &launch) {
  ExpectResult result;
  const LaunchExpect &expect = *launch.expect;
  const uint8_t *out = launch.args[expect.arg].buffer.data();
  const uint8_t *refs = expect.reference.data();
  result.compared =
      launch.args[expect.arg].buffer.size() / compareWidth(expect.type);
  // Doubles hold every type but the largest 64-bit integers exactly: those are
  // compared as integers first.
  bool integers =
      expect.type == CompareType::I64 && expect.fileType == CompareType::I64;
  double worst = -1;
  for (uint64_t i = 0; i < result.compared; ++i) {
    double y = element(expect.type, out, i);
    double ref = element(expect.fileType, refs, i);
    double error = y == ref ? 0 : std::fabs(y - ref);
    if (integers && error == 0)
      error = std::fabs(double(static_cast<__int128>(loadAs<int64_t>(out, i)) -
                               loadAs<int64_t>(refs, i)));
    double limit = expect.atol + expect.rtol * std::fabs(ref);
    bool good = y == ref
                    ? error <= limit || error == 0
                    : std::isfinite(y) && std::isfinite(ref) && error <= limit;
    double excess = std::isfinite(error)
                        ? error / (limit > 0 ? limit : 1e-300)
                        : std::numeric_limits<double>::infinity();
    if (std::isfinite(error))
      result.maxError = std::max(result.maxError, error);
    if (!good)
      ++result.wrong;
    if (excess > worst) {
      worst = excess;
      result.worst = i;
      result.worstValue = y;
      result.worstExpected = ref;
    }
  }
  return result;
}

Error moe::driver::writeOutputs(const LaunchFile &launch) {
  for (const LaunchArg &arg : launch.args)
    if (!arg.out.empty())
      if (Error error = files::writeFile(arg.out, {arg.buffer.bytes()}))
        return error;
  return Error::success();
}
