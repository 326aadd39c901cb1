//===- PageSource.h - buffers that are not one host array -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory behind a buffer, page by page, for buffers of many GiB of which a run
// touches little.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_PAGESOURCE_H
#define MOE_EMULATOR_PAGESOURCE_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <memory>

namespace moe::emulator {

/// Memory behind a buffer that is not one contiguous host array: the emulator
/// asks for the pages it touches. Implementations must be safe to call from
/// several threads and must return the same pointer for a page every time.
class PageSource {
public:
  static constexpr uint64_t pageBytes = 1 << 16;
  virtual ~PageSource();
  /// Host memory of page \p index (bytes index*pageBytes ...), pageBytes long.
  /// Null means that the page cannot be had; the access is then an error.
  virtual uint8_t *page(uint64_t index) = 0;
};

/// A PageSource that makes zero-filled pages on first touch: for buffers of
/// many GiB of which a run touches little.
class SparsePages : public PageSource {
public:
  explicit SparsePages(uint64_t size);
  ~SparsePages() override;
  uint8_t *page(uint64_t index) override;
  /// Bytes of the pages that exist.
  uint64_t touchedBytes() const;
  /// Copies between the host and the buffer; creates the pages it writes.
  void write(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);
  void read(uint64_t offset, llvm::MutableArrayRef<uint8_t> bytes);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace moe::emulator

#endif // MOE_EMULATOR_PAGESOURCE_H
