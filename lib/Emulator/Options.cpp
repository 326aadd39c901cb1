//===- Options.cpp - options, counters and sparse memory ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The small parts of the emulator's public interface: names of sanitizers,
// adding up counters, buffers made of pages. Nothing here runs a kernel.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Emulator.h"

#include "llvm/ADT/SmallVector.h"

#include <atomic>
#include <cstring>
#include <mutex>

using namespace llvm;
using namespace moe::emulator;

Expected<uint32_t> moe::emulator::parseSanitizers(StringRef list) {
  static const std::pair<StringRef, uint32_t> names[] = {
      {"wait", SanitizeWait},     {"race", SanitizeRace},
      {"uninit", SanitizeUninit}, {"bounds", SanitizeBounds},
      {"exec", SanitizeExec},     {"hazard", SanitizeHazard},
      {"all", SanitizeAll},       {"none", SanitizeNone}};
  uint32_t bits = 0;
  SmallVector<StringRef, 8> parts;
  list.split(parts, ',');
  for (StringRef part : parts) {
    auto *it = find_if(names, [&](auto &entry) { return entry.first == part; });
    if (it == std::end(names))
      return createStringError(inconvertibleErrorCode(),
                               "unknown sanitizer '" + part +
                                   "', expected wait, race, uninit, bounds, "
                                   "exec, hazard, all or none");
    bits |= it->second;
  }
  return bits;
}

void Stats::add(const Stats &other) {
  static uint64_t Stats::*const fields[] = {&Stats::instructions,
                                            &Stats::workgroups,
                                            &Stats::waves,
                                            &Stats::valu,
                                            &Stats::trans,
                                            &Stats::cvt,
                                            &Stats::mfma,
                                            &Stats::salu,
                                            &Stats::smem,
                                            &Stats::vmem,
                                            &Stats::flat,
                                            &Stats::lds,
                                            &Stats::waitcnt,
                                            &Stats::barrier,
                                            &Stats::branch,
                                            &Stats::nop,
                                            &Stats::other,
                                            &Stats::globalBytesRead,
                                            &Stats::globalBytesWritten,
                                            &Stats::globalAtomics,
                                            &Stats::ldsBytesRead,
                                            &Stats::ldsBytesWritten,
                                            &Stats::ldsBankConflicts};
  for (auto field : fields)
    this->*field += other.*field;
}

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
