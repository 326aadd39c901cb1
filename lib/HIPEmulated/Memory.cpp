//===- Memory.cpp - the emulated device's memory --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Allocations are placed far apart while there is room for that, so that an
// access past the end of one never lands in another, and addresses come back
// late, so that one through a freed pointer is seen.
//
//===----------------------------------------------------------------------===//

#include "Memory.h"
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

using namespace moe::hip;

/// The emulator tells what may be written in slots of 64 GiB (Machine.h): an
/// allocation in a slot of its own is checked the most exactly.
static constexpr unsigned slotBits = 36;
static constexpr uint64_t firstSlot = 64, slotCount = 1200;
static constexpr uint64_t lead = 1 << 20, pageBytes = 4096, guard = 1 << 16;

void *DeviceMemory::mapPages(uint64_t bytes) {
  const int protection = PROT_READ | PROT_WRITE;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  uint64_t slots = ((bytes + 2 * lead) >> slotBits) + 1;
  for (unsigned attempt = 0; attempt < slotCount; ++attempt) {
    if (nextSlot + slots > slotCount)
      nextSlot = 0;
    uint64_t base = ((firstSlot + nextSlot) << slotBits) + lead;
    bool free = isFree(base - lead, slots << slotBits);
    nextSlot += free ? slots : 1;
    if (!free)
      continue;
    void *wanted = reinterpret_cast<void *>(base);
    void *pages =
        mmap(wanted, bytes, protection, flags | MAP_FIXED_NOREPLACE, -1, 0);
    if (pages == wanted)
      return pages;
    if (pages != MAP_FAILED) // a kernel that does not know the flag
      munmap(pages, bytes);
  }
  // Many allocations: anywhere, with a distance to the next one.
  void *pages = mmap(nullptr, bytes + 2 * guard, protection, flags, -1, 0);
  if (pages == MAP_FAILED)
    return nullptr;
  auto *begin = static_cast<char *>(pages);
  munmap(begin, guard);
  munmap(begin + guard + bytes, guard);
  return begin + guard;
}

bool DeviceMemory::isFree(uint64_t base, uint64_t size) const {
  auto next = allocations.lower_bound(base);
  if (next != allocations.end() && next->first < base + size)
    return false;
  return next == allocations.begin() ||
         std::prev(next)->second.base + std::prev(next)->second.size <= base;
}

Status DeviceMemory::allocate(uint64_t size, MemoryKind kind, unsigned flags,
                              void **pointer) {
  if (!pointer)
    return hipErrorInvalidValue;
  *pointer = nullptr;
  if (!size)
    return hipSuccess;
  std::lock_guard<std::mutex> lock(mutex);
  if (size > capacity - usedBytes)
    return hipErrorOutOfMemory;
  uint64_t bytes = (size + pageBytes - 1) / pageBytes * pageBytes;
  void *pages = mapPages(bytes);
  if (!pages)
    return hipErrorOutOfMemory;
  Allocation made;
  made.base = made.mappedBase = reinterpret_cast<uint64_t>(pages);
  made.size = size;
  made.mappedSize = bytes;
  made.kind = kind;
  made.flags = flags;
  made.id = nextId++;
  made.name = "allocation " + std::to_string(made.id);
  usedBytes += size;
  freed.erase(made.base);
  allocations.emplace(made.base, std::move(made));
  *pointer = pages;
  return hipSuccess;
}

std::map<uint64_t, Allocation>::iterator
DeviceMemory::owned(const void *pointer, MemoryKind kind, MemoryKind orKind) {
  auto it = allocations.find(reinterpret_cast<uint64_t>(pointer));
  bool isOwned = it != allocations.end() && !it->second.leaving &&
                 (it->second.kind == kind || it->second.kind == orKind);
  return isOwned ? it : allocations.end();
}

Status DeviceMemory::release(void *pointer, MemoryKind kind,
                             MemoryKind orKind) {
  if (!pointer)
    return hipSuccess;
  std::lock_guard<std::mutex> lock(mutex);
  auto it = owned(pointer, kind, orKind);
  if (it == allocations.end())
    return hipErrorInvalidValue;
  erase(it);
  return hipSuccess;
}

void DeviceMemory::erase(std::map<uint64_t, Allocation>::iterator it) {
  const Allocation &gone = it->second;
  munmap(reinterpret_cast<void *>(gone.mappedBase), gone.mappedSize);
  usedBytes -= gone.size;
  freed[gone.base] = gone.name;
  allocations.erase(it);
}

Status DeviceMemory::retire(void *pointer) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = owned(pointer, MemoryKind::Device, MemoryKind::Device);
  if (it == allocations.end())
    return hipErrorInvalidValue;
  it->second.leaving = true;
  freed[it->first] = it->second.name;
  return hipSuccess;
}

void DeviceMemory::unmap(void *pointer) {
  std::lock_guard<std::mutex> lock(mutex);
  erase(allocations.find(reinterpret_cast<uint64_t>(pointer)));
}

Status DeviceMemory::add(void *pointer, uint64_t size, MemoryKind kind,
                         unsigned flags, std::string name) {
  if (!pointer || !size ||
      size > UINT64_MAX - reinterpret_cast<uint64_t>(pointer))
    return hipErrorInvalidValue;
  std::lock_guard<std::mutex> lock(mutex);
  Allocation made;
  made.base = reinterpret_cast<uint64_t>(pointer);
  made.size = size;
  made.kind = kind;
  made.flags = flags;
  if (!isFree(made.base, size))
    return hipErrorHostMemoryAlreadyRegistered;
  made.id = nextId++;
  made.name = name.empty() ? "registered memory " + std::to_string(made.id)
                           : std::move(name);
  allocations.emplace(made.base, std::move(made));
  return hipSuccess;
}

Status DeviceMemory::remove(void *pointer, MemoryKind kind) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = allocations.find(reinterpret_cast<uint64_t>(pointer));
  if (it == allocations.end() || it->second.kind != kind)
    return hipErrorHostMemoryNotRegistered;
  allocations.erase(it);
  return hipSuccess;
}

std::map<uint64_t, Allocation>::const_iterator
DeviceMemory::holder(uint64_t address) const {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return allocations.end();
  auto it = std::prev(next);
  bool holds = !it->second.leaving && address - it->first < it->second.size;
  return holds ? it : allocations.end();
}

std::optional<Allocation> DeviceMemory::find(const void *pointer) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = holder(reinterpret_cast<uint64_t>(pointer));
  if (it == allocations.end())
    return std::nullopt;
  return it->second;
}

std::string DeviceMemory::describe(const void *pointer) const {
  if (!pointer)
    return "a null pointer";
  std::lock_guard<std::mutex> lock(mutex);
  uint64_t address = reinterpret_cast<uint64_t>(pointer);
  if (auto it = holder(address); it != allocations.end())
    return "'" + it->second.name + "' (" + std::to_string(it->second.size) +
           " bytes) at byte " + std::to_string(address - it->first);
  if (auto it = freed.find(address); it != freed.end())
    return "'" + it->second + "', which was freed before";
  return "memory that HIP did not allocate and does not know";
}

bool DeviceMemory::covers(const void *pointer, uint64_t size) const {
  std::lock_guard<std::mutex> lock(mutex);
  uint64_t address = reinterpret_cast<uint64_t>(pointer);
  auto it = holder(address);
  return it != allocations.end() &&
         size <= it->second.size - (address - it->first);
}

std::vector<moe::emulator::Mapping> DeviceMemory::mappings() const {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<emulator::Mapping> all;
  all.reserve(allocations.size());
  for (const auto &[base, allocation] : allocations)
    all.push_back({base,
                   {reinterpret_cast<uint8_t *>(base), allocation.size},
                   allocation.name});
  return all;
}

uint64_t DeviceMemory::used() const {
  std::lock_guard<std::mutex> lock(mutex);
  return usedBytes;
}
