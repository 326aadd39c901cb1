//===- RunFiles.h - files of the runner -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole files in and out, and the part of NumPy's .npy format the runner needs.
// Every reader refuses what it does not understand with an error that names the
// file.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNFILES_H
#define MOE_LIB_DRIVER_RUN_RUNFILES_H

#include "Files/HostBuffer.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace moe::driver {
using moe::HostBuffer;

/// A string error (exit code 1).
llvm::Error failure(const llvm::Twine &message);

/// A regular file that is open for reading. It is read and not mapped, so that
/// one that is truncated meanwhile is an error.
class InputFile {
public:
  static llvm::Expected<InputFile> open(llvm::StringRef path);
  ~InputFile();
  InputFile(InputFile &&other) noexcept;
  InputFile &operator=(InputFile &&) = delete;

  /// When it was opened.
  uint64_t size() const { return bytes; }
  uint64_t left() const { return bytes - done; }
  /// The next bytes, all of them.
  llvm::Error read(llvm::MutableArrayRef<uint8_t> into);
  /// So many of the next bytes, in memory of their own. Error: the machine does
  /// not have so much.
  llvm::Expected<HostBuffer> read(uint64_t count);

private:
  InputFile(std::string path, int file) : path(std::move(path)), file(file) {}
  std::string path;
  int file;
  uint64_t bytes = 0, done = 0;
};

/// Nothing that a kernel needs besides its tensors is larger.
constexpr uint64_t mostCodeBytes = uint64_t(1) << 30;
constexpr uint64_t mostJSONBytes = uint64_t(64) << 20;

/// The whole file, which must not be larger than `most`.
llvm::Expected<HostBuffer> readFile(llvm::StringRef path,
                                    uint64_t most = UINT64_MAX);

/// A path for comparing: absolute and without "." in it.
std::string placeOf(llvm::StringRef path);

/// The element types that occur; bfloat16 travels as U16.
enum class DType { U8, U16, I32, I64, F16, F32 };
const char *toString(DType type); ///< NumPy's name: "uint8", "float32", ...
int64_t byteWidth(DType type);

/// An array in C order.
struct NpyArray {
  DType type = DType::U8;
  std::vector<int64_t> shape;
  HostBuffer data;
  int64_t elements() const;
};

/// "[2, 3]".
std::string shapeString(llvm::ArrayRef<int64_t> shape);

/// "uint8, float16 or float32", where uint16 stands for the bits of bf16.
std::string namesOf(llvm::ArrayRef<DType> types);

/// Reads a .npy file (format versions 1, 2, 3) whose element type is one of
/// `types`. `check` sees type and shape before the data is read. Errors: not
/// one, truncated, longer than its shape says, Fortran order, big endian,
/// another type, that of `check`.
llvm::Expected<NpyArray>
readNpy(llvm::StringRef path, llvm::ArrayRef<DType> types,
        llvm::function_ref<llvm::Error(const NpyArray &)> check = nullptr);

/// The same without the data, of which only the size is checked.
llvm::Expected<NpyArray>
describeNpy(llvm::StringRef path, llvm::ArrayRef<DType> types,
            llvm::function_ref<llvm::Error(const NpyArray &)> check = nullptr);

/// Writes a .npy file of version 1.0, whole or not at all.
llvm::Error writeNpy(llvm::StringRef path, DType type,
                     llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<uint8_t> data);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNFILES_H
