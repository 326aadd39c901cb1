//===- OutputFile.cpp - what a tool writes --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

using Pieces = ArrayRef<ArrayRef<uint8_t>>;

/// What the stream could not write, which it then forgets.
static std::error_code flush(raw_fd_ostream &os) {
  os.flush();
  std::error_code code = os.error();
  os.clear_error();
  return code;
}

static Error writeTo(int file, Pieces pieces) {
  raw_fd_ostream os(file, /*shouldClose=*/false);
  for (ArrayRef<uint8_t> piece : pieces)
    os.write(reinterpret_cast<const char *>(piece.data()), piece.size());
  return errorCodeToError(flush(os));
}

static Error writeInPlace(StringRef path, Pieces pieces) {
  int file = -1;
  if (std::error_code code = sys::fs::openFileForWrite(path, file))
    return errorCodeToError(code);
  Error error = writeTo(file, pieces);
  sys::fs::file_t handle = sys::fs::convertFDToNativeFile(file);
  sys::fs::closeFile(handle);
  return error;
}

static Error writeBeside(StringRef name, Pieces pieces) {
  SmallString<256> path;
  if (sys::fs::real_path(name, path) || path.empty())
    path = name;
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) &&
      status.type() != sys::fs::file_type::regular_file)
    return writeInPlace(path, pieces);
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!file)
    return file.takeError();
  if (Error error = writeTo(file->FD, pieces)) {
    consumeError(file->discard());
    return error;
  }
  return file->keep(path);
}

Error moe::driver::writeFile(StringRef path, Pieces pieces) {
  if (Error error = writeBeside(path, pieces))
    return createStringError("cannot write '" + path +
                             "': " + toString(std::move(error)));
  return Error::success();
}

Error moe::driver::flushStandardOutput() {
  if (std::error_code code = flush(outs()))
    return createStringError("cannot write to standard output: " +
                             code.message());
  return Error::success();
}
