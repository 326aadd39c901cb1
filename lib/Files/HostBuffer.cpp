//===- HostBuffer.cpp - memory of the host --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Allocation by calloc, which leaves large blocks to the system.
//
//===----------------------------------------------------------------------===//

#include "Files/HostBuffer.h"

#include <limits>

using namespace llvm;
using namespace moe;

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
