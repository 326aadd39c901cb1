//===- HostBuffer.cpp - memory of the host --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Allocation by calloc, which leaves large blocks to the system, in large pages
// where it has them.
//
//===----------------------------------------------------------------------===//

#include "Files/HostBuffer.h"

#include <limits>

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

using namespace llvm;
using namespace moe;

/// Asks for large pages. Lanes that load from many rows of a matrix miss the
/// TLB in small ones, and each of these is a fault of its own at first.
static void adviseLargePages([[maybe_unused]] uint8_t *memory,
                             [[maybe_unused]] uint64_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr uint64_t least = uint64_t(4) << 20;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t before = -reinterpret_cast<uintptr_t>(memory) % page;
  // Without them it is as it was.
  if (bytes >= least + before)
    (void)madvise(memory + before, (bytes - before) / page * page,
                  MADV_HUGEPAGE);
#endif
}

Expected<HostBuffer> HostBuffer::allocate(uint64_t bytes) {
  HostBuffer buffer;
  // calloc takes large blocks from the system, which are zero without a touch.
  if (bytes <= std::numeric_limits<ptrdiff_t>::max())
    buffer.memory.reset(
        static_cast<uint8_t *>(std::calloc(bytes ? bytes : 1, 1)));
  if (!buffer.memory)
    return createStringError(inconvertibleErrorCode(),
                             "cannot allocate " + Twine(bytes) + " bytes");
  buffer.length = static_cast<size_t>(bytes);
  adviseLargePages(buffer.data(), bytes);
  return buffer;
}

HostBuffer HostBuffer::view(const void *data, uint64_t bytes) {
  HostBuffer buffer;
  buffer.length = static_cast<size_t>(bytes);
  // What only reads gets it as a const object.
  buffer.memory = std::unique_ptr<uint8_t[], Free>(
      static_cast<uint8_t *>(const_cast<void *>(data)),
      Free{/*borrowed=*/true});
  return buffer;
}
