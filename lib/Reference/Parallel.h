//===- Parallel.h - loops over host threads -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function: chunks of a range handed out to threads. Which thread takes
// which chunk never changes a result here.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_REFERENCE_PARALLEL_H
#define MOE_LIB_REFERENCE_PARALLEL_H

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace moe::reference {

/// Calls body(begin, end) for consecutive chunks that cover [0, count).
template <typename Body>
void forEachChunk(int64_t count, int64_t chunk, unsigned threads,
                  const Body &body) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t begin; (begin = next.fetch_add(chunk)) < count;)
      body(begin, std::min(begin + chunk, count));
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back(work);
  work();
  for (std::thread &thread : others)
    thread.join();
}

} // namespace moe::reference

#endif // MOE_LIB_REFERENCE_PARALLEL_H
