//===- ApiStream.cpp - streams and events ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// HIP's functions about order and time. Between two events lie the modelled
// times of the launches that ended meanwhile (Device.cpp), and nothing else.
//
//===----------------------------------------------------------------------===//

#include "Api.h"
#include <algorithm>

using namespace moe::hip;

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

MOE_HIP_API hipStreamCreateWithPriority(Stream **stream, unsigned flags,
                                        int priority) {
  return call([&](Device &device) -> Status {
    if (!stream || flags > 1)
      return hipErrorInvalidValue;
    *stream = device.queue.create(
        flags, std::clamp(priority, greatestPriority, leastPriority));
    return hipSuccess;
  });
}
MOE_HIP_API hipStreamCreateWithFlags(Stream **stream, unsigned flags) {
  return hipStreamCreateWithPriority(stream, flags, 0);
}
MOE_HIP_API hipStreamCreate(Stream **stream) {
  return hipStreamCreateWithPriority(stream, 0, 0);
}
/// Which compute units a stream may use is of no effect here.
MOE_HIP_API hipExtStreamCreateWithCUMask(Stream **stream, uint32_t words,
                                         const uint32_t *mask) {
  return words && mask ? hipStreamCreate(stream) : finish(hipErrorInvalidValue);
}
MOE_HIP_API hipStreamDestroy(Stream *handle) {
  return call([&](Device &device) {
    return afterWait(device, device.queue.destroy(handle));
  });
}
MOE_HIP_API hipStreamSynchronize(Stream *handle) {
  return callOn(handle, [](Device &device, Stream &stream) {
    Status status = device.queue.wait(stream);
    return afterWait(device, status);
  });
}
MOE_HIP_API hipStreamQuery(Stream *handle) {
  return callOn(handle, [](Device &device, Stream &stream) {
    return afterWait(device, device.queue.query(stream));
  });
}
MOE_HIP_API hipStreamGetFlags(Stream *handle, unsigned *flags) {
  return callOn(handle, [&](Device &, Stream &stream) -> Status {
    if (!flags)
      return hipErrorInvalidValue;
    *flags = stream.flags;
    return hipSuccess;
  });
}
MOE_HIP_API hipStreamGetPriority(Stream *handle, int *priority) {
  return callOn(handle, [&](Device &, Stream &stream) -> Status {
    if (!priority)
      return hipErrorInvalidValue;
    *priority = stream.priority;
    return hipSuccess;
  });
}
extern "C" __attribute__((visibility("default"))) int
hipGetStreamDeviceId(Stream *handle) {
  Device &device = Device::get();
  return device.ready() == hipSuccess && device.queue.stream(handle) ? 0 : -1;
}

MOE_HIP_API hipLaunchHostFunc(Stream *handle, void (*function)(void *),
                              void *data) {
  return callOn(handle, [&](Device &device, Stream &stream) -> Status {
    if (!function)
      return hipErrorInvalidValue;
    device.queue.submit(stream, [=] {
      function(data);
      return hipSuccess;
    });
    return hipSuccess;
  });
}
MOE_HIP_API hipStreamAddCallback(Stream *handle,
                                 void (*callback)(Stream *, int, void *),
                                 void *data, unsigned flags) {
  return callOn(handle, [&](Device &device, Stream &stream) -> Status {
    if (!callback || flags)
      return hipErrorInvalidValue;
    device.queue.submit(stream, [=, &device] {
      callback(handle, device.failure(), data);
      return hipSuccess;
    });
    return hipSuccess;
  });
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

namespace {
/// Handles of events that exist.
struct EventTable {
  std::mutex mutex;
  std::set<Event *> events;
  bool contains(Event *event) {
    std::lock_guard<std::mutex> lock(mutex);
    return events.count(event);
  }
};
} // namespace

static EventTable &table() {
  static auto *events = new EventTable; // outlives the device's thread
  return *events;
}

static constexpr unsigned disableTiming = 2;

/// At most one of those that say whose memory a release reaches, and an event
/// of several processes has no time.
static bool areEventFlags(unsigned flags) {
  const unsigned blockingSync = 1, interprocess = 4;
  const unsigned releases = flags & 0xe0000000u;
  return !(flags & ~(blockingSync | disableTiming | interprocess | releases)) &&
         !(releases & (releases - 1)) &&
         (!(flags & interprocess) || (flags & disableTiming));
}

/// Calls `body(device, event)` if there is such an event.
template <typename Body>
static int ofEvent(Event *event, Body body) {
  return call([&](Device &device) -> Status {
    return table().contains(event) ? body(device, *event)
                                   : hipErrorInvalidHandle;
  });
}

MOE_HIP_API hipEventCreateWithFlags(Event **event, unsigned flags) {
  return call([&](Device &) -> Status {
    if (!event || !areEventFlags(flags))
      return hipErrorInvalidValue;
    auto *made = new Event;
    made->flags = flags;
    std::lock_guard<std::mutex> lock(table().mutex);
    table().events.insert(made);
    *event = made;
    return hipSuccess;
  });
}
MOE_HIP_API hipEventCreate(Event **event) {
  return hipEventCreateWithFlags(event, 0);
}
MOE_HIP_API hipEventDestroy(Event *event) {
  return ofEvent(event, [&](Device &device, Event &) {
    device.queue.waitUntilDone(*event);
    std::lock_guard<std::mutex> lock(table().mutex);
    table().events.erase(event);
    delete event;
    return hipSuccess;
  });
}
MOE_HIP_API hipEventRecord(Event *event, Stream *handle) {
  return ofEvent(event, [&](Device &device, Event &event) -> Status {
    Stream *stream = device.queue.stream(handle);
    if (!stream)
      return hipErrorInvalidHandle;
    if (!(event.flags & disableTiming))
      device.takeTimes();
    device.queue.record(*stream, event,
                        [&device] { return device.nanoseconds(); });
    return hipSuccess;
  });
}
MOE_HIP_API hipEventSynchronize(Event *event) {
  return ofEvent(event, [](Device &device, Event &event) {
    Status status = device.queue.wait(event);
    return afterWait(device, status);
  });
}
MOE_HIP_API hipEventQuery(Event *event) {
  return ofEvent(event, [](Device &device, Event &event) {
    return afterWait(device, device.queue.query(event));
  });
}
MOE_HIP_API hipEventElapsedTime(float *milliseconds, Event *start,
                                Event *stop) {
  return ofEvent(start, [&](Device &device, Event &first) -> Status {
    if (!table().contains(stop))
      return hipErrorInvalidHandle;
    if (!milliseconds)
      return hipErrorInvalidValue;
    Event from = device.queue.read(first), to = device.queue.read(*stop);
    if (!from.recordedBy || !to.recordedBy ||
        ((from.flags | to.flags) & disableTiming))
      return hipErrorInvalidHandle;
    if (!device.queue.isDone(first) || !device.queue.isDone(*stop))
      return hipErrorNotReady;
    *milliseconds = float((double(to.stamp) - double(from.stamp)) * 1e-6);
    return hipSuccess;
  });
}
MOE_HIP_API hipStreamWaitEvent(Stream *handle, Event *event, unsigned) {
  // The device works in the order of the calls: what the event stands for was
  // called for before.
  return ofEvent(event, [&](Device &device, Event &) {
    return device.queue.stream(handle) ? hipSuccess : hipErrorInvalidHandle;
  });
}

// Built with a default stream for each thread: here the one default stream.
MOE_HIP_ALIAS(hipStreamGetFlags_spt, hipStreamGetFlags);
MOE_HIP_ALIAS(hipStreamGetPriority_spt, hipStreamGetPriority);
MOE_HIP_ALIAS(hipStreamQuery_spt, hipStreamQuery);
MOE_HIP_ALIAS(hipStreamSynchronize_spt, hipStreamSynchronize);
MOE_HIP_ALIAS(hipStreamWaitEvent_spt, hipStreamWaitEvent);
