//===- Launch.h - launch files: any code object with given buffers --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JSON that says which kernel of which code object runs with which grid,
// buffers and scalars, and what its output is compared with. docs/Runner.md
// describes the format. Not here: flags and printing (the subcommand), and
// executing (Executor).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_LAUNCH_H
#define MOE_LIB_DRIVER_RUN_LAUNCH_H

#include "Driver/Run/RunFiles.h"
#include "moe/Executor/Executor.h"

namespace moe::driver {

/// Element types of a comparison.
enum class CompareType { BF16, F16, F32, F64, U8, I8, I32, U32, I64 };
/// In bytes.
int64_t compareWidth(CompareType type);

/// One explicit argument; a buffer has its contents, a scalar its bytes.
struct LaunchArg {
  std::string name;
  bool isBuffer = false;
  HostBuffer buffer;
  std::string file; ///< path of the contents, or empty
  std::string out;  ///< path to write the buffer to afterwards, or empty
  std::vector<uint8_t> value;
  executor::Argument::Place place = executor::Argument::Place::Position;
  uint64_t offset = 0; ///< in the kernarg segment, for Place::Offset
  /// A buffer that is another one's from byte `plus` on, by its name.
  std::string of;
  uint64_t plus = 0;
  /// Addresses inside the bytes, by the name of a buffer.
  struct Pointer {
    uint64_t at = 0;
    std::string buffer;
    uint64_t plus = 0;
  };
  std::vector<Pointer> pointers;
};

/// `|y - ref| <= atol + rtol*|ref|` for each element of one buffer.
struct LaunchExpect {
  size_t arg = 0;
  CompareType type = CompareType::F32, fileType = CompareType::F32;
  HostBuffer reference;
  std::string file;
  double rtol = 0, atol = 0;
};

struct LaunchFile {
  HostBuffer codeObject; ///< linked
  std::string chip;      ///< to run an object on that is for both, or empty
  std::string kernel;
  std::array<uint32_t, 3> grid, block;
  uint32_t dynamicLds = 0;
  std::vector<LaunchArg> args;
  std::optional<LaunchExpect> expect;
  /// Keys that mean nothing here.
  std::vector<std::string> warnings;

  /// As an executor takes it; refers to this object's memory.
  executor::Launch request();
};

/// Reads a launch file and every file it names (relative to it). Errors name
/// the file and the place in it.
llvm::Expected<LaunchFile> readLaunchFile(llvm::StringRef path);

struct ExpectResult {
  uint64_t compared = 0, wrong = 0;
  double maxError = 0; ///< of finite pairs
  uint64_t worst = 0;  ///< index of the element furthest outside (or nearest)
  double worstValue = 0, worstExpected = 0;
  bool pass() const { return wrong == 0; }
};

/// Compares after a run. A NaN matches nothing, an infinity only itself.
ExpectResult compareExpected(const LaunchFile &launch);

/// Writes every buffer that has an `out`.
llvm::Error writeOutputs(const LaunchFile &launch);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_LAUNCH_H
