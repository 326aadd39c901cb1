// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading of what fits in memory many times over: IR, JSON.
#include "Files/Files.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>

using namespace llvm;

Expected<std::string> moe::files::readText(StringRef path, uint64_t most) {
  auto cannot = [&](Error error) {
    return createStringError("cannot read '" + path +
                             "': " + toString(std::move(error)));
  };
  const bool standard = path == "-";
  Expected<sys::fs::file_t> file =
      standard ? sys::fs::getStdinHandle()
               : sys::fs::openNativeFileForRead(path, sys::fs::OF_None);
  if (!file)
    return cannot(file.takeError());
  llvm::scope_exit close([&] {
    if (!standard)
      sys::fs::closeFile(*file);
  });
  sys::fs::file_status status;
  if (!sys::fs::status(*file, status) && status.getSize() > most)
    return createStringError("'" + path + "': expected at most " + Twine(most) +
                             " bytes, got " + Twine(status.getSize()));
  std::string text;
  for (uint64_t done = 0;;) {
    // A byte more than expected shows that there are more.
    text.resize(std::min<uint64_t>(most + 1, done + (uint64_t(1) << 20)));
    Expected<size_t> got = sys::fs::readNativeFile(
        *file, MutableArrayRef<char>(&text[0], text.size()).drop_front(done));
    if (!got)
      return cannot(got.takeError());
    done += *got;
    if (*got == 0) {
      text.resize(done);
      return text;
    }
    if (done > most)
      return createStringError("'" + path + "': expected at most " +
                               Twine(most) + " bytes, got more");
  }
}
