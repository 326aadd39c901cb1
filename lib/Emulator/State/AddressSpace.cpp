//===- AddressSpace.cpp - the emulated global address space ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where buffers are mapped, what is at an address, and buffers made of pages.
// Instructions that use them are in Memory.
//
//===----------------------------------------------------------------------===//

#include "State/Machine.h"
#include "moe/Emulator/PageSource.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

using namespace llvm;

namespace moe::emulator {

uint64_t Memory::map(Region region) {
  uint64_t count = ((region.size + 2 * lead) >> slotBits) + 1;
  auto isFree = [&](uint64_t first) {
    return std::all_of(slots.begin() + first, slots.begin() + first + count,
                       [](const Region *region) { return !region; });
  };
  while (nextSlot + count <= slots.size() && !isFree(nextSlot))
    ++nextSlot;
  if (nextSlot + count > slots.size())
    return 0;
  region.base = (nextSlot << slotBits) + lead;
  auto *kept = new Region(std::move(region));
  regions.push_back(kept);
  for (uint64_t i = 0; i < count; ++i)
    slots[nextSlot + i] = kept;
  nextSlot += count;
  return kept->base;
}

Region Memory::crowded;

bool Memory::mapAt(std::vector<Region> list) {
  const uint64_t spaceEnd = uint64_t(slots.size()) << slotBits;
  uint64_t end = 1; // no region at the null pointer
  for (Region &region : list) {
    if (region.base < end || region.base >= spaceEnd ||
        region.size > spaceEnd - region.base)
      return false;
    end = region.base + std::max<uint64_t>(region.size, 1);
    auto *kept = new Region(std::move(region));
    regions.push_back(kept);
    given.push_back(kept);
    for (uint64_t slot = kept->base >> slotBits; slot <= (end - 1) >> slotBits;
         ++slot) {
      if (slot == 1)
        return false;
      slots[slot] = slots[slot] ? &crowded : kept;
    }
  }
  return true;
}

const Region *Memory::nearest(uint64_t address) const {
  auto after = std::upper_bound(
      given.begin(), given.end(), address,
      [](uint64_t at, const Region *region) { return at < region->base; });
  if (after == given.begin())
    return *after;
  const Region *before = *(after - 1);
  uint64_t end = before->base + before->size;
  bool nearer = after != given.end() && address >= end &&
                (*after)->base - address < address - end;
  return nearer ? *after : before;
}

uint8_t *Memory::findPage(const Region &region, uint64_t offset,
                          uint64_t bytes) const {
  uint64_t inPage = offset % PageSource::pageBytes;
  if (!region.pages || inPage + bytes > PageSource::pageBytes)
    return nullptr;
  uint8_t *page = region.pages->page(offset / PageSource::pageBytes);
  return page ? page + inPage : nullptr;
}

/// An access that crosses pages; false when it is not mapped.
bool Memory::slowCopy(uint64_t address, void *target, const void *source,
                      unsigned bytes) const {
  const Region *region = regionOf(address);
  if (!region || !region->pages || (source && region->readOnly))
    return false;
  for (unsigned i = 0; i < bytes; ++i) {
    uint8_t *host = find(address + i, 1);
    if (!host)
      return false;
    if (target)
      static_cast<uint8_t *>(target)[i] = *host;
    else
      *host = static_cast<const uint8_t *>(source)[i];
  }
  return true;
}

std::string Memory::describe(uint64_t address, unsigned bytes) const {
  const Region *region = regionOf(address);
  if (!region)
    return address < (1u << 20) ? "near the null pointer"
                                : "nothing is mapped there";
  std::string buffer =
      "'" + region->name + "' (" + std::to_string(region->size) + " bytes)";
  if (address < region->base)
    return std::to_string(region->base - address) + " bytes before " + buffer;
  uint64_t offset = address - region->base;
  if (offset + bytes > region->size)
    return "offset " + std::to_string(offset) + " is past the end of " + buffer;
  return region->readOnly
             ? buffer + " is read-only"
             : "offset " + std::to_string(offset) + " of " + buffer;
}

//===----------------------------------------------------------------------===//
// Buffers made of pages
//===----------------------------------------------------------------------===//

PageSource::~PageSource() = default;

struct SparsePages::Impl {
  uint64_t size;
  std::mutex mutex;
  std::vector<std::atomic<uint8_t *>> pages;
  std::vector<std::unique_ptr<uint8_t[]>> storage;
  Impl(uint64_t size) : size(size), pages((size + pageBytes - 1) / pageBytes) {}
};

SparsePages::SparsePages(uint64_t size) : impl(new Impl(size)) {}
SparsePages::~SparsePages() = default;

uint8_t *SparsePages::page(uint64_t index) {
  if (index >= impl->pages.size())
    return nullptr;
  uint8_t *page = impl->pages[index].load(std::memory_order_acquire);
  if (page)
    return page;
  std::lock_guard<std::mutex> lock(impl->mutex);
  page = impl->pages[index].load(std::memory_order_relaxed);
  if (!page) {
    impl->storage.emplace_back(new uint8_t[pageBytes]());
    page = impl->storage.back().get();
    impl->pages[index].store(page, std::memory_order_release);
  }
  return page;
}

uint64_t SparsePages::touchedBytes() const {
  std::lock_guard<std::mutex> lock(impl->mutex);
  return impl->storage.size() * pageBytes;
}

void SparsePages::write(uint64_t offset, ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    uint64_t inPage = offset % pageBytes;
    size_t count = std::min<uint64_t>(bytes.size(), pageBytes - inPage);
    uint8_t *target = page(offset / pageBytes);
    if (!target)
      return;
    memcpy(target + inPage, bytes.data(), count);
    bytes = bytes.drop_front(count);
    offset += count;
  }
}

void SparsePages::read(uint64_t offset, MutableArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    uint64_t inPage = offset % pageBytes;
    size_t count = std::min<uint64_t>(bytes.size(), pageBytes - inPage);
    uint64_t index = offset / pageBytes;
    const uint8_t *source =
        index < impl->pages.size() ? impl->pages[index].load() : nullptr;
    if (source)
      memcpy(bytes.data(), source + inPage, count);
    else
      memset(bytes.data(), 0, count);
    bytes = bytes.drop_front(count);
    offset += count;
  }
}

} // namespace moe::emulator
