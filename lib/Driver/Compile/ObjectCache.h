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

/// The code object of `parts`, the texts that it depends on, out of the cache,
/// else what `make` makes, which is then stored. A file that is damaged counts
/// as none. `hit` says which it was. Error: that of `make`, or a folder that
/// cannot be used.
llvm::Expected<std::vector<uint8_t>>
getCached(const CompileCache &cache, llvm::ArrayRef<llvm::StringRef> parts,
          llvm::function_ref<llvm::Expected<std::vector<uint8_t>>()> make,
          bool &hit);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_OBJECTCACHE_H
