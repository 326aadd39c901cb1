// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's file cache does the work: it writes to a file of another name and
// renames it, so that readers never see half a file, and prunes the oldest
// files in the face of other processes that do the same. A file begins with the
// hash of the rest of it.
#include "Driver/Compile/ObjectCache.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Caching.h"
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

/// What a file of the cache holds; empty where it is damaged.
std::vector<uint8_t> unpack(StringRef file) {
  ArrayRef<uint8_t> bytes = llvm::arrayRefFromStringRef(file);
  if (bytes.size() < sizeof(Hash))
    return {};
  ArrayRef<uint8_t> elf = bytes.drop_front(sizeof(Hash));
  if (ArrayRef<uint8_t>(llvm::SHA256::hash(elf)) !=
      bytes.take_front(sizeof(Hash)))
    return {};
  return elf.vec();
}

Error folderError(const CompileCache &cache, Error error) {
  return llvm::createStringError("cannot use the cache folder '" +
                                 cache.folder +
                                 "': " + llvm::toString(std::move(error)));
}

void prune(const CompileCache &cache) {
  llvm::CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::seconds(0);
  policy.MaxSizePercentageOfAvailableSpace = 0;
  policy.MaxSizeBytes = cache.megabytes << 20;
  llvm::pruneCache(cache.folder, policy);
}

} // namespace

Expected<std::vector<uint8_t>>
getCached(const CompileCache &cache, ArrayRef<StringRef> parts,
          llvm::function_ref<Expected<std::vector<uint8_t>>()> make,
          bool &hit) {
  std::vector<uint8_t> found;
  auto files = llvm::localCache("moe", "moe", cache.folder,
                                [&](unsigned, const llvm::Twine &,
                                    std::unique_ptr<llvm::MemoryBuffer> file) {
                                  found = unpack(file->getBuffer());
                                });
  if (!files)
    return folderError(cache, files.takeError());
  std::string key = makeKey(parts);
  auto addStream = (*files)(0, key, "");
  if (!addStream)
    return folderError(cache, addStream.takeError());
  hit = !*addStream && !found.empty();
  if (hit)
    return found;
  if (!*addStream) { // damaged
    llvm::SmallString<128> path(cache.folder);
    llvm::sys::path::append(path, "llvmcache-" + key);
    llvm::sys::fs::remove(path);
    addStream = (*files)(0, key, "");
    if (!addStream)
      return folderError(cache, addStream.takeError());
  }
  auto made = make();
  if (!made || !*addStream) // another process was faster
    return made;
  auto stream = (*addStream)(0, "");
  if (!stream)
    return folderError(cache, stream.takeError());
  Hash hash = llvm::SHA256::hash(*made);
  *(*stream)->OS << llvm::toStringRef(hash) << llvm::toStringRef(*made);
  if (Error error = (*stream)->commit())
    return folderError(cache, std::move(error));
  prune(cache);
  return made;
}

} // namespace moe::driver
