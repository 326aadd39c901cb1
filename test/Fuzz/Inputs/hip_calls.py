# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""hip_calls.py LIBRARY CODE_OBJECT CALLS SEED: HIP's functions in a random order, on
handles and device pointers that are good, freed, null or never were any. Every call
returns an error code of HIP; a crash or a hang is a bug. Memory of the host is good:
what a program does there is its own business, as with HIP."""

import ctypes
import pathlib
import random
import sys

library, code, calls, seed = sys.argv[1:]
hip = ctypes.CDLL(library)
rng = random.Random(int(seed))
image = pathlib.Path(code).read_bytes()
HOST = 4096
host = (ctypes.c_char * HOST)()
pools = {kind: [0, 0x123456] for kind in ("device", "stream", "event", "module", "function")}


def handle(kind):
    return ctypes.c_void_p(rng.choice(pools[kind]))


def device():
    return ctypes.c_void_p(rng.choice(pools["device"]) + rng.choice([0, 0, 0, 4, 400, 2**40]))


def size():
    return ctypes.c_size_t(rng.choice([0, 1, 4, 64, 400, HOST]))


def make(kind, function, *arguments):
    target = ctypes.c_void_p()
    status = function(ctypes.byref(target), *arguments)
    if status == 0 and target.value:
        pools[kind].append(target.value)
    return status


def load():
    """A good code object from memory, whose length only its headers say, or a damaged
    one from a file."""
    if rng.random() < 0.5:
        return make("module", hip.hipModuleLoadData, image)
    data = bytearray(image)
    for _ in range(rng.choice([0, 1, 20])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path = pathlib.Path("damaged.hsaco")
    path.write_bytes(data[:rng.choice([len(data), len(data), 100, 0])])
    return make("module", hip.hipModuleLoad, bytes(path))


def launch():
    values = [device() for _ in range(8)]
    params = (ctypes.c_void_p * 8)(*(ctypes.addressof(value) for value in values))
    grid = [ctypes.c_uint(rng.choice([0, 1, 2])) for _ in range(3)]
    block = [ctypes.c_uint(rng.choice([1, 64, 256, 5000])), ctypes.c_uint(1), ctypes.c_uint(1)]
    return hip.hipModuleLaunchKernel(handle("function"), *grid, *block,
                                     ctypes.c_uint(rng.choice([0, 0, 64, 2**20])),
                                     handle("stream"), params, None)


def copy():
    kind = rng.randrange(6)
    target, source = rng.choice([(device(), host), (host, device()), (device(), device())])
    if kind in (0, 4):  # to host, or by what the pointers are: both sides could be it
        target = source = host
    elif kind == 1:
        source = host
    elif kind == 2:
        target = host
    elif kind == 3:
        target, source = device(), device()
    bytes_ = size()
    if rng.random() < 0.5:
        return hip.hipMemcpy(target, source, bytes_, kind)
    return hip.hipMemcpyAsync(target, source, bytes_, kind, handle("stream"))


ACTIONS = [
    lambda: make("device", hip.hipMalloc, size()),
    lambda: make("device", hip.hipMallocAsync, size(), handle("stream")),
    lambda: make("device", hip.hipHostMalloc, size(), 0),
    lambda: make("stream", hip.hipStreamCreate),
    lambda: make("event", hip.hipEventCreate),
    lambda: make("function", hip.hipModuleGetFunction, handle("module"),
                 rng.choice([b"reverse", b"overrun", b"follow", b"", b"nothing"])),
    load, launch, launch, copy, copy, copy,
    lambda: hip.hipFree(device()),
    lambda: hip.hipFreeAsync(device(), handle("stream")),
    lambda: hip.hipHostFree(device()),
    lambda: hip.hipMemset(device(), rng.randrange(256), size()),
    lambda: hip.hipMemsetAsync(device(), 1, size(), handle("stream")),
    lambda: hip.hipStreamSynchronize(handle("stream")),
    lambda: hip.hipStreamDestroy(handle("stream")),
    lambda: hip.hipStreamWaitEvent(handle("stream"), handle("event"), 0),
    lambda: hip.hipEventRecord(handle("event"), handle("stream")),
    lambda: hip.hipEventSynchronize(handle("event")),
    lambda: hip.hipEventElapsedTime(ctypes.byref(ctypes.c_float()), handle("event"),
                                    handle("event")),
    lambda: hip.hipEventDestroy(handle("event")),
    lambda: hip.hipModuleUnload(handle("module")),
    lambda: hip.hipDeviceSynchronize(),
    lambda: hip.hipDeviceReset(),
    lambda: hip.hipSetDevice(rng.choice([0, 0, 1, -1])),
    lambda: hip.hipPointerGetAttributes((ctypes.c_char * 256)(), device()),
    lambda: hip.hipMemGetAddressRange(ctypes.byref(ctypes.c_void_p()),
                                      ctypes.byref(ctypes.c_size_t()), device()),
]
hip.hipGetErrorName.restype = ctypes.c_char_p
statuses = {}
for number in range(int(calls)):
    status = rng.choice(ACTIONS)()
    statuses[status] = statuses.get(status, 0) + 1
for status in statuses:
    name = hip.hipGetErrorName(status)
    assert name.startswith(b"hip") and name != b"hipErrorUnknown", (status, name)
print(f"{calls} calls, {statuses.get(0, 0)} good, {len(statuses)} kinds of answer")
