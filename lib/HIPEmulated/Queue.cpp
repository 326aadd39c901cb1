//===- Queue.cpp - what the device does, in order -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thread starts with the first job and never ends: the process ends it. A
// program that exits without waiting is waited for, so that what the
// sanitizers found of its last launch is not lost. A forked child has no such
// thread, and nothing of its own to wait for.
//
//===----------------------------------------------------------------------===//

#include "Queue.h"
#include <cstdlib>
#include <pthread.h>

using namespace moe::hip;

Queue::Queue() { streams.insert(&defaultStream); }

Stream *Queue::stream(Stream *handle) {
  // hipStreamLegacy is 1, hipStreamPerThread is 2.
  if (reinterpret_cast<uintptr_t>(handle) <= 2)
    return &defaultStream;
  std::lock_guard<std::mutex> lock(mutex);
  return streams.count(handle) ? handle : nullptr;
}

Stream *Queue::create(unsigned flags, int priority) {
  auto *made = new Stream;
  made->flags = flags;
  made->priority = priority;
  std::lock_guard<std::mutex> lock(mutex);
  streams.insert(made);
  return made;
}

Status Queue::destroy(Stream *handle) {
  std::unique_lock<std::mutex> lock(mutex);
  if (handle == &defaultStream || !streams.count(handle))
    return hipErrorInvalidHandle;
  finished.wait(lock, [&] { return doneNumber >= handle->last; });
  Status status = take(*handle);
  streams.erase(handle);
  delete handle;
  return status;
}

static Queue *drainedAtExit = nullptr;

void Queue::start() {
  started = true;
  drainedAtExit = this;
  std::thread thread([this] { work(); });
  worker = thread.get_id();
  thread.detach();
  std::atexit([] {
    if (drainedAtExit)
      drainedAtExit->drain();
  });
  pthread_atfork(nullptr, nullptr, [] { drainedAtExit = nullptr; });
}

void Queue::drain() {
  // A callback on the worker may be what ends the process.
  if (std::this_thread::get_id() != worker)
    waitAll();
}

void Queue::work() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    added.wait(lock, [&] { return !entries.empty(); });
    Entry entry = std::move(entries.front());
    entries.pop_front();
    lock.unlock();
    Status status = entry.job();
    entry.job = nullptr; // what it held goes before anybody is told
    lock.lock();
    if (status != hipSuccess && entry.stream->pending == hipSuccess)
      entry.stream->pending = status;
    doneNumber = entry.number;
    finished.notify_all();
  }
}

uint64_t Queue::append(Stream &stream, Job job) {
  if (!started)
    start();
  stream.last = ++lastNumber;
  entries.push_back({&stream, lastNumber, std::move(job)});
  added.notify_one();
  return lastNumber;
}

void Queue::submit(Stream &stream, Job job) {
  std::lock_guard<std::mutex> lock(mutex);
  append(stream, std::move(job));
}

void Queue::record(Stream &stream, Event &event,
                   std::function<uint64_t()> stamp) {
  std::lock_guard<std::mutex> lock(mutex);
  event.stream = &stream;
  event.recordedBy = append(stream, [this, &event, stamp = std::move(stamp)] {
    uint64_t now = stamp();
    std::lock_guard<std::mutex> lock(mutex);
    event.stamp = now;
    return hipSuccess;
  });
}

/// With the lock held.
Status Queue::take(Stream &stream) {
  Status status = stream.pending;
  stream.pending = hipSuccess;
  return status;
}

Status Queue::wait(Stream &stream) {
  std::unique_lock<std::mutex> lock(mutex);
  // Stream 0 waits for the others as they wait for it.
  uint64_t until = &stream == &defaultStream ? lastNumber : stream.last;
  finished.wait(lock, [&] { return doneNumber >= until; });
  return take(stream);
}

Status Queue::waitAll() {
  std::unique_lock<std::mutex> lock(mutex);
  uint64_t until = lastNumber;
  finished.wait(lock, [&] { return doneNumber >= until; });
  Status status = hipSuccess;
  for (Stream *stream : streams)
    if (Status failed = take(*stream); failed != hipSuccess)
      status = failed;
  return status;
}

Status Queue::query(Stream &stream) {
  std::lock_guard<std::mutex> lock(mutex);
  return doneNumber < stream.last ? hipErrorNotReady : take(stream);
}

bool Queue::isDone(const Event &event) {
  std::lock_guard<std::mutex> lock(mutex);
  return doneNumber >= event.recordedBy;
}

Status Queue::query(const Event &event) {
  std::lock_guard<std::mutex> lock(mutex);
  if (doneNumber < event.recordedBy)
    return hipErrorNotReady;
  return streams.count(event.stream) ? take(*event.stream) : hipSuccess;
}

Status Queue::wait(const Event &event) {
  std::unique_lock<std::mutex> lock(mutex);
  uint64_t until = event.recordedBy;
  finished.wait(lock, [&] { return doneNumber >= until; });
  return streams.count(event.stream) ? take(*event.stream) : hipSuccess;
}

void Queue::waitUntilDone(const Event &event) {
  std::unique_lock<std::mutex> lock(mutex);
  uint64_t until = event.recordedBy;
  finished.wait(lock, [&] { return doneNumber >= until; });
}

Event Queue::read(const Event &event) {
  std::lock_guard<std::mutex> lock(mutex);
  return event;
}
