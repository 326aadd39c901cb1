// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of the host that may be large and is mostly zero: buffers of the
// runner, images of code objects.
#ifndef MOE_LIB_FILES_HOSTBUFFER_H
#define MOE_LIB_FILES_HOSTBUFFER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdlib>
#include <memory>

namespace moe {

/// Zero-filled host memory; pages exist once they are written.
class HostBuffer {
public:
  HostBuffer() = default;
  /// Error: the memory cannot be had.
  static llvm::Expected<HostBuffer> allocate(uint64_t bytes);
  /// Memory of somebody else, who keeps it for as long as this object lives.
  static HostBuffer view(const void *data, uint64_t bytes);

  uint8_t *data() { return memory.get(); }
  const uint8_t *data() const { return memory.get(); }
  uint64_t size() const { return length; }
  bool empty() const { return length == 0; }
  template <typename T>
  T *as() {
    return reinterpret_cast<T *>(data());
  }
  template <typename T>
  const T *as() const {
    return reinterpret_cast<const T *>(data());
  }
  llvm::MutableArrayRef<uint8_t> bytes() { return {data(), length}; }
  llvm::ArrayRef<uint8_t> bytes() const { return {data(), length}; }

private:
  struct Free {
    bool borrowed; // value-initialised by unique_ptr: false
    void operator()(uint8_t *memory) const {
      if (!borrowed)
        std::free(memory);
    }
  };
  std::unique_ptr<uint8_t[], Free> memory;
  size_t length = 0;
};

} // namespace moe

#endif // MOE_LIB_FILES_HOSTBUFFER_H
