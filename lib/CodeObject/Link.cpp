// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lld as a library: one relocatable object in, one shared object out, both in
// memory. The input is an anonymous file, the output a pipe; nothing is written
// to a directory and nothing is left behind when the process is killed.
#include "moe/CodeObject/CodeObject.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

// lld calls cl::ResetAllOptionOccurrences(), which sets every option of the
// process back to its default, the printing flags of moe-opt among them. The
// build's copy of lld calls this instead (CMakeLists.txt), which does nothing,
// since no -mllvm option is ever passed to lld.
extern "C" void moe_lld_keeps_options() {}

namespace moe::codeobject {
namespace {

/// A file descriptor that closes itself.
class Descriptor {
public:
  explicit Descriptor(int fd = -1) : fd(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() { reset(); }
  void reset(int next = -1) {
    if (fd >= 0)
      ::close(fd);
    fd = next;
  }
  int get() const { return fd; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }

private:
  int fd;
};

llvm::Error systemError(const llvm::Twine &what) {
  return llvm::createStringError("cannot link: " + what + ": " +
                                 std::strerror(errno));
}

llvm::Error writeAll(int fd, llvm::ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("write to an anonymous file");
    bytes = bytes.drop_front(count);
  }
  return llvm::Error::success();
}

/// Reads until the last writer has closed its end.
void readAll(int fd, std::vector<uint8_t> &bytes) {
  uint8_t buffer[65536];
  for (;;) {
    ssize_t count = ::read(fd, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return;
    bytes.insert(bytes.end(), buffer, buffer + count);
  }
}

/// lld keeps its state in globals: one link at a time, and none after a link
/// that says so.
std::mutex linkMutex;
bool linkerUsable = true;

} // namespace

llvm::Expected<std::vector<uint8_t>> link(llvm::ArrayRef<uint8_t> object) {
  std::lock_guard<std::mutex> lock(linkMutex);
  if (!linkerUsable)
    return llvm::createStringError(
        "cannot link: an earlier failure has left the linker unusable in this "
        "process");
  Descriptor input(::memfd_create("moe-object", MFD_CLOEXEC));
  if (input.get() < 0)
    return systemError("memfd_create");
  if (llvm::Error error = writeAll(input.get(), object))
    return std::move(error);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC))
    return systemError("pipe");
  Descriptor readEnd(ends[0]), writeEnd(ends[1]);
  std::string in = input.path(), out = writeEnd.path();
  if (::access(in.c_str(), R_OK))
    return systemError("/proc is needed and cannot be read");

  std::vector<uint8_t> linked;
  std::thread reader([&] { readAll(readEnd.get(), linked); });
  std::string messages;
  llvm::raw_string_ostream os(messages);
  const char *args[] = {"ld.lld", "-shared",   "--no-undefined", "--threads=1",
                        "-o",     out.c_str(), in.c_str()};
  lld::Result result =
      lld::lldMain(args, os, os, {{lld::Gnu, &lld::elf::link}});
  linkerUsable = result.canRunAgain;
  writeEnd.reset();
  reader.join();
  if (result.retCode != 0)
    return llvm::createStringError("cannot link: " +
                                   llvm::StringRef(messages).trim());
  if (linked.empty())
    return llvm::createStringError("cannot link: the linker wrote nothing");
  return linked;
}

} // namespace moe::codeobject
