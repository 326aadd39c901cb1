// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file appears under its name when it is whole, so that readers never see
// half of one, and begins with the hash of the rest of it. LLVM prunes the
// oldest files in the face of other processes that do the same. Its
// llvm::localCache is not used: it ends the process where a disk is full and
// takes over the signal handlers of the host.
#include "Driver/Compile/ObjectCache.h"
#include "Files/Files.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include <dlfcn.h>

using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace moe::driver {
namespace {

using Hash = std::array<uint8_t, 32>;

/// The file that holds this code, a tool or a library, with its size and time:
/// another build of the compiler does not take this one's code objects.
std::string describeBuild() {
  Dl_info info;
  llvm::sys::fs::file_status status;
  if (!dladdr(reinterpret_cast<void *>(&describeBuild), &info) ||
      llvm::sys::fs::status(info.dli_fname, status))
    return "";
  auto time = status.getLastModificationTime().time_since_epoch().count();
  return (llvm::Twine(info.dli_fname) + " " + llvm::Twine(status.getSize()) +
          " " + llvm::Twine(time))
      .str();
}

std::string makeKey(ArrayRef<StringRef> parts) {
  llvm::SHA256 hash;
  static const std::string build = describeBuild();
  auto add = [&](StringRef part) {
    hash.update(llvm::utostr(part.size()));
    hash.update(":");
    hash.update(part);
  };
  add("code object 1");
  add(build);
  add(LLVM_VERSION_STRING);
  for (StringRef part : parts)
    add(part);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

/// More is no code object of this compiler.
constexpr uint64_t mostFileBytes = uint64_t(1) << 30;

/// What a file of the cache holds; empty where there is none or it is damaged.
/// Reading counts as use.
std::vector<uint8_t> readEntry(StringRef path) {
  auto file =
      llvm::sys::fs::openNativeFileForRead(path, llvm::sys::fs::OF_UpdateAtime);
  if (!file) {
    llvm::consumeError(file.takeError());
    return {};
  }
  llvm::scope_exit close([&] { llvm::sys::fs::closeFile(*file); });
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(*file, status) || status.getSize() > mostFileBytes)
    return {};
  // Not mapped: another process may truncate it.
  auto buffer = llvm::MemoryBuffer::getOpenFile(
      *file, path, status.getSize(), /*RequiresNullTerminator=*/false,
      /*IsVolatile=*/true);
  if (!buffer || (*buffer)->getBufferSize() < sizeof(Hash))
    return {};
  ArrayRef<uint8_t> bytes = llvm::arrayRefFromStringRef((*buffer)->getBuffer());
  ArrayRef<uint8_t> elf = bytes.drop_front(sizeof(Hash));
  if (ArrayRef<uint8_t>(llvm::SHA256::hash(elf)) !=
      bytes.take_front(sizeof(Hash)))
    return {};
  return elf.vec();
}

void prune(const CompileCache &cache) {
  llvm::CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::seconds(0);
  policy.MaxSizePercentageOfAvailableSpace = 0;
  policy.MaxSizeBytes = std::min(cache.megabytes, UINT64_MAX >> 20) << 20;
  llvm::pruneCache(cache.folder, policy);
}

} // namespace

Expected<std::vector<uint8_t>>
getCached(const CompileCache &cache, ArrayRef<StringRef> parts,
          llvm::function_ref<Expected<std::vector<uint8_t>>()> make,
          CacheUse &use) {
  if (std::error_code code = llvm::sys::fs::create_directories(cache.folder))
    return llvm::createStringError("cannot use the cache folder '" +
                                   cache.folder + "': " + code.message());
  // LLVM prunes files of this prefix.
  llvm::SmallString<128> path(cache.folder);
  llvm::sys::path::append(path, "llvmcache-" + makeKey(parts));
  std::vector<uint8_t> found = readEntry(path);
  use.hit = !found.empty();
  if (use.hit)
    return found;
  auto made = make();
  if (!made)
    return made;
  Hash hash = llvm::SHA256::hash(*made);
  if (Error error = files::writeFile(path, {hash, *made}))
    use.warning = "the kernel is not kept: " + llvm::toString(std::move(error));
  else
    prune(cache);
  return made;
}

} // namespace moe::driver
