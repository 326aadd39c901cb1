//===- Queue.h - what the device does, in order -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streams and the one thread that does their work beside the host's: first come
// first served over all streams. That keeps the order every stream asks for,
// that of the default stream among the others, and of an event that was
// recorded before it is waited for; and the result does not depend on timing.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_HIPEMULATED_QUEUE_H
#define MOE_LIB_HIPEMULATED_QUEUE_H

#include "moe/HIP/Abi.h"
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

namespace moe::hip {

struct Stream {
  unsigned flags = 0;
  int priority = 0;
  uint64_t last = 0; ///< number of its last job, 0 = none yet
  /// What a job ended with and no synchronising call has returned yet.
  Status pending = hipSuccess;
};

/// Guarded by the queue, like Stream.
struct Event {
  unsigned flags = 0;
  uint64_t recordedBy = 0;  ///< number of the job that records it, 0 = none
  Stream *stream = nullptr; ///< where, if that still exists
  uint64_t stamp = 0;       ///< wave instructions of the device until then
};

/// Thread-safe.
class Queue {
public:
  /// What a job does; its status is what the stream's next synchronisation
  /// returns.
  using Job = std::function<Status()>;

  Queue();
  /// The stream of a handle: null and the legacy and per-thread handles are the
  /// default stream. Null if there is no such stream.
  Stream *stream(Stream *handle);
  Stream *create(unsigned flags, int priority);
  Status destroy(Stream *handle);

  /// Appends a job and returns at once.
  void submit(Stream &stream, Job job);
  /// The same for a job that belongs to an event.
  void record(Stream &stream, Event &event, std::function<uint64_t()> stamp);
  /// Waits for all jobs of a stream; returns and forgets what failed there.
  Status wait(Stream &stream);
  /// The same for all streams.
  Status waitAll();
  /// hipErrorNotReady, or what wait() would return.
  Status query(Stream &stream);
  Status query(const Event &event);
  bool isDone(const Event &event);
  /// Waits for an event; returns what failed in its stream until now.
  Status wait(const Event &event);
  /// The same, leaving what failed for another call to return.
  void waitUntilDone(const Event &event);
  /// A copy, read at once.
  Event read(const Event &event);
  /// Before the process exits: does what is still to be done.
  void drain();

private:
  struct Entry {
    Stream *stream;
    uint64_t number;
    Job job;
  };
  void work();
  void start();
  uint64_t append(Stream &stream, Job job);
  Status take(Stream &stream);

  std::mutex mutex;
  std::condition_variable added, finished;
  std::deque<Entry> entries;
  std::set<Stream *> streams;
  Stream defaultStream;
  uint64_t lastNumber = 0, doneNumber = 0;
  bool started = false;
  std::thread::id worker;
};

} // namespace moe::hip

#endif // MOE_LIB_HIPEMULATED_QUEUE_H
