// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to the compiler: finished code objects in a folder, by key. What a
// code object depends on is the caller's to say, but for this build itself.
#ifndef MOE_LIB_DRIVER_COMPILE_OBJECTCACHE_H
#define MOE_LIB_DRIVER_COMPILE_OBJECTCACHE_H

#include "moe/Driver/Compile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace moe::driver {

/// What became of a request.
struct CacheUse {
  bool hit = false;    ///< nothing was made
  std::string warning; ///< why what was made is not stored
};

/// The code object of `parts`, the texts that it depends on, out of the cache,
/// else what `make` makes, which is then stored. A file that is damaged counts
/// as none. What cannot be stored is returned all the same, with a warning.
/// Error: that of `make`, or a folder that cannot be made.
llvm::Expected<std::vector<uint8_t>>
getCached(const CompileCache &cache, llvm::ArrayRef<llvm::StringRef> parts,
          llvm::function_ref<llvm::Expected<std::vector<uint8_t>>()> make,
          CacheUse &use);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_OBJECTCACHE_H
