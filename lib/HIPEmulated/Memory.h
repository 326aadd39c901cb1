//===- Memory.h - the emulated device's memory ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of everything a kernel may reach: what was allocated, and what host
// memory was registered. A device pointer is the address of the host bytes
// behind it, so pointers inside structures and in memory mean the same on both
// sides. Not here: when copies happen (Queue.h).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_HIPEMULATED_MEMORY_H
#define MOE_LIB_HIPEMULATED_MEMORY_H

#include "moe/Emulator/Emulator.h"
#include "moe/HIP/Abi.h"
#include <map>
#include <mutex>
#include <optional>

namespace moe::hip {

enum class MemoryKind {
  Device,
  Host,       ///< hipHostMalloc
  Managed,    ///< hipMallocManaged
  Registered, ///< hipHostRegister
  Variable    ///< of a loaded code object
};

struct Allocation {
  uint64_t base = 0, size = 0; ///< as asked for, in bytes
  MemoryKind kind = MemoryKind::Device;
  unsigned flags = 0;
  uint64_t id = 0; ///< never used twice
  std::string name;
  uint64_t mappedBase = 0, mappedSize = 0; ///< of the host's pages, or 0
  bool leaving = false; ///< only work of the queue still knows it
};

/// Thread-safe.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t capacity) : capacity(capacity) {}

  /// Zero-filled memory, 4 KiB aligned at least. No bytes: a null pointer.
  Status allocate(uint64_t size, MemoryKind kind, unsigned flags,
                  void **pointer);
  /// Frees what allocate gave, of one of two kinds.
  Status release(void *pointer, MemoryKind kind, MemoryKind orKind);
  /// Takes back what allocate gave of kind Device: no call knows it any more.
  /// Work that the queue has already may use it until `unmap`.
  Status retire(void *pointer);
  void unmap(void *pointer);
  /// Makes host memory reachable; overlapping what is reachable is an error.
  Status add(void *pointer, uint64_t size, MemoryKind kind, unsigned flags,
             std::string name);
  Status remove(void *pointer, MemoryKind kind);

  /// The allocation that holds an address.
  std::optional<Allocation> find(const void *pointer) const;
  /// What lies at an address, in words: "'allocation 2' (400 bytes) at byte 8",
  /// a freed allocation, or memory that HIP does not know.
  std::string describe(const void *pointer) const;
  /// Whether all bytes lie in one allocation.
  bool covers(const void *pointer, uint64_t size) const;
  /// Everything, as a launch takes it, and what has not left yet.
  std::vector<emulator::Mapping> mappings() const;
  uint64_t total() const { return capacity; }
  uint64_t used() const;

private:
  void *mapPages(uint64_t bytes);
  std::map<uint64_t, Allocation>::const_iterator holder(uint64_t address) const;
  bool isFree(uint64_t base, uint64_t size) const;
  /// What allocate gave, of one of two kinds, and no call has taken back; or
  /// the end.
  std::map<uint64_t, Allocation>::iterator
  owned(const void *pointer, MemoryKind kind, MemoryKind orKind);
  void erase(std::map<uint64_t, Allocation>::iterator it);

  const uint64_t capacity;
  mutable std::mutex mutex;
  std::map<uint64_t, Allocation> allocations; ///< by base
  std::map<uint64_t, std::string> freed; ///< base of what was freed -> name
  uint64_t usedBytes = 0, nextId = 1, nextSlot = 0;
};

} // namespace moe::hip

#endif // MOE_LIB_HIPEMULATED_MEMORY_H
