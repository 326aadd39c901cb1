// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that appear whole or not at all, and standard output.
#include "Files/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <csignal>
#include <mutex>
#include <set>
#include <vector>

using namespace llvm;

using Pieces = ArrayRef<ArrayRef<uint8_t>>;

/// Whether this process has a ToolProcess.
static std::atomic<bool> isTool{false};

namespace {
struct Inputs {
  std::mutex mutex;
  std::set<sys::fs::UniqueID> files;
};
} // namespace

static Inputs &inputs() {
  static auto *inputs = new Inputs;
  return *inputs;
}

void moe::files::protectInput(StringRef path) {
  sys::fs::UniqueID id;
  if (!isTool || sys::fs::getUniqueID(path, id))
    return;
  std::lock_guard<std::mutex> lock(inputs().mutex);
  inputs().files.insert(id);
}

Error moe::files::checkOutput(StringRef path) {
  sys::fs::UniqueID id;
  std::lock_guard<std::mutex> lock(inputs().mutex);
  // A device or a pipe is not replaced.
  if (inputs().files.empty() || !sys::fs::is_regular_file(path) ||
      sys::fs::getUniqueID(path, id) || !inputs().files.count(id))
    return Error::success();
  return createStringError("cannot write '" + path + "': it is an input");
}

moe::files::ToolProcess::ToolProcess(int &argc, char **&argv) {
  std::vector<int> ignored;
#ifdef SIGXFSZ
  ignored.push_back(SIGXFSZ);
  for (int number : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction action;
    if (!sigaction(number, nullptr, &action) && action.sa_handler == SIG_IGN)
      ignored.push_back(number);
  }
#endif
  init.emplace(argc, argv);
  for (int number : ignored)
    std::signal(number, SIG_IGN);
  isTool = true;
}

moe::files::HeldSignals::HeldSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
}

moe::files::HeldSignals::~HeldSignals() {
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// What the stream could not write, which it then forgets.
static std::error_code flush(raw_fd_ostream &os) {
  os.flush();
  std::error_code code = os.error();
  os.clear_error();
  return code;
}

/// Writes and closes. Some file systems say at the end only that they are full.
static Error writeTo(int file, Pieces pieces) {
  std::error_code code;
  {
    raw_fd_ostream os(file, /*shouldClose=*/false, /*unbuffered=*/true);
    for (ArrayRef<uint8_t> piece : pieces)
      if (!os.has_error())
        os.write(reinterpret_cast<const char *>(piece.data()), piece.size());
    code = flush(os);
  }
  std::error_code closed = sys::Process::SafelyCloseFileDescriptor(file);
  return errorCodeToError(code ? code : closed);
}

static Error writeInPlace(StringRef path, Pieces pieces) {
  int file = -1;
  if (std::error_code code = sys::fs::openFileForWrite(path, file))
    return errorCodeToError(code);
  return writeTo(file, pieces);
}

static Error writeBeside(StringRef name, Pieces pieces) {
  SmallString<256> path, partial;
  if (sys::fs::real_path(name, path) || path.empty())
    path = name;
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) &&
      status.type() != sys::fs::file_type::regular_file)
    return writeInPlace(path, pieces);
  int file = -1;
  const bool removes = isTool;
  {
    moe::files::HeldSignals held;
    if (std::error_code code =
            sys::fs::createUniqueFile(path + ".%%%%%%.tmp", file, partial))
      return errorCodeToError(code);
    if (removes)
      sys::RemoveFileOnSignal(partial);
  }
  Error error = writeTo(file, pieces);
  if (!error)
    error = errorCodeToError(sys::fs::rename(partial, path));
  if (error)
    sys::fs::remove(partial);
  if (removes)
    sys::DontRemoveFileOnSignal(partial);
  return error;
}

Error moe::files::writeFile(StringRef path, Pieces pieces) {
  if (Error error = checkOutput(path))
    return error;
  if (Error error = writeBeside(path, pieces))
    return createStringError("cannot write '" + path +
                             "': " + toString(std::move(error)));
  return Error::success();
}

Error moe::files::flushStandardOutput() {
  if (std::error_code code = flush(outs()))
    return createStringError("cannot write to standard output: " +
                             code.message());
  return Error::success();
}
