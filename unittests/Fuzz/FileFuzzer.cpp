//===- FileFuzzer.cpp - hostile launch files, arrays, parameters, tables --===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer's entry: the first byte says what the rest is. The readers take the
// name of a file, which is one in memory here. Errors are fine, anything else
// is a bug. The corpus is made by test/Fuzz/Inputs/file_corpus.py.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Launch.h"
#include "Driver/Run/RunFiles.h"
#include "Driver/Tune/Shapes.h"
#include "moe/Schedule/ScheduleTable.h"
#include "moe/Timing/Parameters.h"
#include <sys/mman.h>
#include <unistd.h>

using namespace moe::driver;

namespace {
/// A file without a name, by the path of its descriptor.
class MemoryFile {
public:
  MemoryFile() : fd(memfd_create("input", 0)) {
    path = "/proc/self/fd/" + std::to_string(fd);
  }
  void set(const uint8_t *data, size_t size) {
    if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != ssize_t(size))
      abort();
  }
  std::string path;

private:
  int fd;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size)
    return 0;
  static auto *file = new MemoryFile;
  file->set(data + 1, size - 1);
  switch (data[0] % 5) {
  case 0:
    llvm::consumeError(readLaunchFile(file->path).takeError());
    break;
  case 1:
    llvm::consumeError(
        readNpy(file->path, {DType::U8, DType::F32}).takeError());
    break;
  case 2:
    llvm::consumeError(
        moe::timing::loadParameters(file->path, "gfx950").takeError());
    break;
  case 3:
    if (llvm::Expected<moe::ScheduleTable> table =
            moe::loadScheduleTable(file->path, "gfx950"))
      moe::printScheduleTable(*table);
    else
      llvm::consumeError(table.takeError());
    break;
  case 4:
    llvm::consumeError(readShapes(file->path, "", "").takeError());
    break;
  }
  return 0;
}
