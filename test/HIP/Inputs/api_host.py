# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What HIP's functions answer: api_host.py LIBRARY WHAT [CHIP [CODE]]

The answers are those of HIP's documentation, one function a subject. Work of the device is
held back by a host function that waits, so what is not ready yet is not by chance.
"""

import ctypes
import pathlib
import sys
import threading
import time

from hipcalls import (CONTEXT_IN_USE, DEFAULT, DEVICE_TO_HOST, FILE_NOT_FOUND, HOST_TO_DEVICE,
                      INVALID_CONFIGURATION, INVALID_CONTEXT,
                      INVALID_DEVICE, INVALID_DEVICE_FUNCTION,
                      INVALID_HANDLE, INVALID_IMAGE, INVALID_SYMBOL,
                      INVALID_VALUE, LAUNCH_FAILURE, NO_BINARY, NO_DEVICE,
                      NOT_FOUND, NOT_READY, NOT_SUPPORTED, SUCCESS,
                      UNSUPPORTED_LIMIT, allocate, ask, call, expect,
                      finish, hip, make)

what, *more = sys.argv[2:]
NULL = None
UNKNOWN = ctypes.c_void_p(0x123456)
size_t, pointer_t = ctypes.c_size_t, ctypes.c_void_p

# Of each chip: compute units, GiB, engine and memory clock in MHz, minor version, LDS.
FACTS = {"gfx942": (304, 192, 2100, 1300, 4, 65536), "gfx950": (256, 288, 2400, 2000, 5, 163840)}


def at(pointer, offset):
    return pointer_t(pointer.value + offset)


def out():
    """Room for a result that must not be looked at."""
    return ctypes.create_string_buffer(64)


def errors():
    for number, name, text in ((0, b"hipSuccess", b"no error"),
                               (1, b"hipErrorInvalidValue", b"invalid argument"),
                               (719, b"hipErrorLaunchFailure",
                                b"the kernel failed, or a sanitizer reported it"),
                               (12345, b"hipErrorUnknown", b"unknown error")):
        expect(f"name {number}", name, hip.hipGetErrorName(number))
        expect(f"text {number}", text, hip.hipGetErrorString(number))
    # The last error stays until it is asked for, and looking does not count.
    call("hipSetDevice", 7, status=INVALID_DEVICE)
    call("hipSetDevice", 0)
    for function in ("hipPeekAtLastError", "hipPeekAtLastError", "hipGetLastError"):
        call(function, status=INVALID_DEVICE)
    call("hipPeekAtLastError", status=SUCCESS)
    call("hipGetLastError", status=SUCCESS)


def device(chip):
    units, gib, engine, memory, minor, lds = FACTS[chip]
    attributes = {  # by their numbers
        0: 1, 5: engine * 1000, 6: 0, 7: 0, 10: 0, 11: 0, 16: 0, 17: 0, 18: 0, 19: 4 << 20, 23: 9,
        26: 1024, 55: 1024, 56: 1024, 59: 8192, 60: memory * 1000, 61: minor, 63: units, 65: 0,
        66: 0, 67: 1, 68: 0, 69: 0, 74: lds, 75: lds, 76: lds, 80: 0, 87: 64, 88: 0, 10002: lds,
        10012: 0, 10013: 0, 10014: 0, 10015: units, 10016: 1, 10017: 100000
    }
    for number, value in attributes.items():
        expect(f"attribute {number}", value, ask("hipDeviceGetAttribute", number, 0))
    for arguments, status in (((out(), 999, 0), INVALID_VALUE), ((NULL, 87, 0), INVALID_VALUE),
                              ((out(), 87, 1), INVALID_DEVICE)):
        call("hipDeviceGetAttribute", *arguments, status=status)
    expect("device", 0, ask("hipGetDevice"))
    expect("handle", 0, ask("hipDeviceGet", 0))
    expect("memory", gib << 30, ask("hipDeviceTotalMem", 0, kind=size_t))
    expect("driver", ask("hipRuntimeGetVersion"), ask("hipDriverGetVersion"))
    major, small = ctypes.c_int(), ctypes.c_int()
    call("hipDeviceComputeCapability", ctypes.byref(major), ctypes.byref(small), 0)
    expect("capability", (9, minor), (major.value, small.value))
    text = ctypes.create_string_buffer(b"*" * 64, 64)
    call("hipDeviceGetUuid", text, 0)
    expect("uuid", b"moe-emulated-GPU*", text.raw[:17])
    call("hipDeviceGetPCIBusId", text, 13, 0)
    expect("bus", b"0000:01:00.0\0", text.raw[:13])
    call("hipDeviceGetPCIBusId", text, 12, 0, status=INVALID_VALUE)
    for name in (b"0000:01:00.0", b"0000:01:00", b"0:1:0.0"):
        expect(name, 0, ask("hipDeviceGetByPCIBusId", name))
    for name in (b"0000:02:00.0", b"0001:01:00.0", b"0000:01:00.1", b"01", b"", NULL):
        call("hipDeviceGetByPCIBusId", out(), name, status=INVALID_VALUE)
    expect("chosen", 0, ask("hipChooseDevice", ctypes.create_string_buffer(1472)))
    call("hipChooseDevice", out(), NULL, status=INVALID_VALUE)
    for name, arguments in (("hipGetDevice", ()), ("hipDeviceTotalMem", (0, )),
                            ("hipDeviceComputeCapability", (NULL, 0)), ("hipDeviceGetUuid", (0, )),
                            ("hipDeviceGetPCIBusId", (13, 0)), ("hipDriverGetVersion", ())):
        call(name, NULL, *arguments, status=INVALID_VALUE)
    call("hipDeviceGet", out(), 1, status=INVALID_DEVICE)


def settings():
    """What a program sets is what it reads; what is no setting is refused."""
    least, greatest = ctypes.c_int(), ctypes.c_int()
    call("hipDeviceGetStreamPriorityRange", ctypes.byref(least), ctypes.byref(greatest))
    expect("priorities", (1, -1), (least.value, greatest.value))
    call("hipDeviceGetStreamPriorityRange", NULL, NULL)
    for flags, told in ((4, 4), (1 | 8, 1), (2, 2), (0, 0)):
        call("hipSetDeviceFlags", flags)
        expect(f"flags {flags}", told, ask("hipGetDeviceFlags"))
    for flags in (3, 7, 32, 1 << 31):
        call("hipSetDeviceFlags", flags, status=INVALID_VALUE)
    for subject, number, least, most in (("CacheConfig", 0, 0, 3), ("SharedMemConfig", 1, 0, 2)):
        for setting in (least, most):
            call(f"hipDeviceSet{subject}", setting)
        call(f"hipDeviceSet{subject}", most + 1, status=INVALID_VALUE)
        call(f"hipDeviceSet{subject}", -1, status=INVALID_VALUE)
        expect(subject, number, ask(f"hipDeviceGet{subject}"))
        call(f"hipDeviceGet{subject}", NULL, status=INVALID_VALUE)
    call("hipGetDeviceFlags", NULL, status=INVALID_VALUE)
    call("hipDeviceGetLimit", out(), 2, status=UNSUPPORTED_LIMIT)
    call("hipDeviceGetLimit", NULL, 2, status=INVALID_VALUE)
    # There is no other device, and none is its own peer.
    expect("peer", 0, ask("hipDeviceCanAccessPeer", 0, 0))
    call("hipDeviceCanAccessPeer", NULL, 0, 0, status=INVALID_VALUE)
    for pair in ((0, 1), (1, 0), (1, 1), (0, -1)):
        call("hipDeviceCanAccessPeer", out(), *pair, status=INVALID_DEVICE)
    for peer in (0, 1):
        call("hipDeviceEnablePeerAccess", peer, 0, status=INVALID_DEVICE)
        call("hipDeviceDisablePeerAccess", peer, status=INVALID_DEVICE)
    call("hipDeviceEnablePeerAccess", 0, 1, status=INVALID_VALUE)


def contexts():
    """A thread's stack of contexts, all the same one."""
    call("hipCtxPopCurrent", out(), status=INVALID_CONTEXT)
    context = make("hipCtxCreate", 4, 0)
    expect("flags", 4, ask("hipCtxGetFlags"))
    expect("current", context.value, make("hipCtxGetCurrent").value)
    call("hipCtxPushCurrent", context)
    for _ in range(2):
        expect("popped", context.value, make("hipCtxPopCurrent").value)
    call("hipCtxPopCurrent", NULL, status=INVALID_CONTEXT)
    for setting, good in ((context, True), (context, True), (NULL, False)):
        call("hipCtxSetCurrent", setting)  # in place of what was current
        call("hipCtxPopCurrent", NULL, status=SUCCESS if good else INVALID_CONTEXT)
        if good:
            call("hipCtxPushCurrent", context)
    call("hipCtxPushCurrent", context)
    call("hipCtxDestroy", context)
    call("hipCtxPopCurrent", NULL, status=INVALID_CONTEXT)
    for function in ("hipCtxPushCurrent", "hipCtxSetCurrent"):
        call(function, UNKNOWN, status=INVALID_CONTEXT)
    call("hipCtxPushCurrent", NULL, status=INVALID_CONTEXT)
    for none in (UNKNOWN, NULL):
        call("hipCtxDestroy", none, status=INVALID_VALUE)
    call("hipCtxCreate", out(), 0, 1, status=INVALID_DEVICE)
    call("hipCtxCreate", NULL, 0, 0, status=INVALID_VALUE)
    call("hipCtxCreate", out(), 3, 0, status=INVALID_VALUE)
    expect("device", 0, ask("hipCtxGetDevice"))
    version = ctypes.c_int()
    call("hipCtxGetApiVersion", context, ctypes.byref(version))
    expect("version", 4, version.value)
    call("hipCtxGetApiVersion", UNKNOWN, ctypes.byref(version), status=INVALID_CONTEXT)
    call("hipCtxSynchronize")
    primary()


def primary():
    context = make("hipDevicePrimaryCtxRetain", 0)
    expect("primary", context.value, make("hipCtxGetCurrent").value)
    call("hipCtxPopCurrent", NULL, status=INVALID_CONTEXT)
    flags, active = ctypes.c_uint(), ctypes.c_int()
    call("hipSetDeviceFlags", 2)
    call("hipDevicePrimaryCtxGetState", 0, ctypes.byref(flags), ctypes.byref(active))
    expect("state", (2, 1), (flags.value, active.value))
    call("hipDevicePrimaryCtxGetState", 0, NULL, NULL)
    call("hipDevicePrimaryCtxSetFlags", 0, 4, status=CONTEXT_IN_USE)
    call("hipDevicePrimaryCtxRelease", 0)
    call("hipDevicePrimaryCtxReset", 0)
    call("hipDevicePrimaryCtxRetain", NULL, 0, status=INVALID_VALUE)
    call("hipDevicePrimaryCtxRetain", out(), 1, status=INVALID_DEVICE)
    call("hipDevicePrimaryCtxSetFlags", 1, 4, status=INVALID_DEVICE)
    call("hipDevicePrimaryCtxGetState", 1, NULL, NULL, status=INVALID_DEVICE)
    for function in ("Release", "Reset"):
        call(f"hipDevicePrimaryCtx{function}", 1, status=INVALID_DEVICE)


COHERENT, NOT_COHERENT = 1 << 30, 1 << 31


def allocations():
    for name, flags in (("hipExtMallocWithFlags", 1), ("hipHostAlloc", COHERENT),
                        ("hipHostMalloc", NOT_COHERENT), ("hipMallocManaged", 2)):
        pointer = allocate(64, name, flags)
        start = make("hipPointerGetAttribute", 11, at(pointer, 63))
        expect(name, pointer.value, start.value)
        isHost = "Host" in name
        if isHost:
            told = ctypes.c_uint()
            call("hipHostGetFlags", ctypes.byref(told), pointer)
            expect(f"{name} flags", flags, told.value)
        call("hipHostFree" if isHost else "hipFree", pointer)
    for name in ("hipMallocHost", "hipMemAllocHost"):
        call("hipFreeHost", allocate(64, name))
    for name, size, flags in (("hipExtMallocWithFlags", 64, 5), ("hipExtMallocWithFlags", 64, 2),
                              ("hipHostMalloc", 64, COHERENT | NOT_COHERENT),
                              ("hipHostAlloc", 64, COHERENT | NOT_COHERENT),
                              ("hipMallocManaged", 64, 0), ("hipMallocManaged", 64, 4),
                              ("hipMallocManaged", 0, 1)):
        call(name, out(), size, flags, status=INVALID_VALUE)
    call("hipFree", allocate(8, "hipExtMallocWithFlags", 2))
    pitch, pointer = size_t(), pointer_t()
    call("hipMemAllocPitch", ctypes.byref(pointer), ctypes.byref(pitch), 130, 2, 4)
    expect("pitch", 256, pitch.value)
    expect("rows", 512, ask("hipPointerGetAttribute", 12, pointer, kind=size_t))
    call("hipFree", pointer)


def pointers():
    ordinary = allocate(100)
    pinned, managed = allocate(100, "hipHostMalloc", 0), allocate(100, "hipMallocManaged", 1)
    host = ctypes.create_string_buffer(100)
    registered = pointer_t(ctypes.addressof(host))
    call("hipHostRegister", registered, 100, 2)
    ids = set()
    for name, base, kind, isHost, isManaged in (("ordinary", ordinary, 1, False, 0),
                                                ("pinned", pinned, 0, True, 0),
                                                ("managed", managed, 1, True, 1),
                                                ("registered", registered, 0, True, 0)):
        inside = at(base, 7)
        for number, value, room in ((2, kind, ctypes.c_int), (3, inside.value, pointer_t),
                                    (8, isManaged, ctypes.c_byte), (9, 0, ctypes.c_int),
                                    (11, base.value, pointer_t), (12, 100, size_t),
                                    (13, 1, ctypes.c_byte)):
            got = ask("hipPointerGetAttribute", number, inside, kind=room)
            expect(f"{name}: attribute {number}", value, got)
        call("hipPointerGetAttribute", out(), 4, inside,
             status=SUCCESS if isHost else INVALID_VALUE)
        if isHost:
            expect(name, inside.value, make("hipPointerGetAttribute", 4, inside).value)
        ids.add(ask("hipPointerGetAttribute", 7, inside))
        call("hipMemPtrGetInfo", inside, ctypes.byref(got := size_t()))
        expect(f"{name}: size", 100, got.value)
    expect("identities", 4, len(ids))
    for number, status in ((1, NOT_SUPPORTED), (5, NOT_SUPPORTED), (17, NOT_SUPPORTED),
                           (0, INVALID_VALUE), (18, INVALID_VALUE)):
        call("hipPointerGetAttribute", out(), number, ordinary, status=status)
    told = ctypes.c_uint()
    call("hipHostGetFlags", ctypes.byref(told), at(registered, 99))
    expect("registered: flags", 2, told.value)
    expect("device's", pinned.value + 9, make("hipHostGetDevicePointer", at(pinned, 9), 0).value)
    call("hipHostGetDevicePointer", out(), pinned, 1, status=INVALID_VALUE)
    for none in (ordinary, UNKNOWN, NULL):
        call("hipHostGetDevicePointer", out(), none, 0, status=INVALID_VALUE)
        call("hipHostGetFlags", out(), none, status=INVALID_VALUE)
    call("hipMemPtrGetInfo", ordinary, NULL, status=INVALID_VALUE)
    call("hipMemPtrGetInfo", UNKNOWN, out(), status=INVALID_VALUE)
    call("hipHostUnregister", registered)
    hints(managed)


def hints(managed):
    for advice in (1, 2, 3, 4, 5, 6, 100, 101):
        call("hipMemAdvise", managed, 100, advice, -1)
    call("hipMemAdvise", managed, 100, 1, 5)  # about no place
    call("hipMemAdvise", managed, 100, 3, 5, status=INVALID_DEVICE)
    for arguments in ((managed, 100, 0, 0), (managed, 100, 7, 0), (managed, 0, 1, 0),
                      (managed, 101, 1, 0), (UNKNOWN, 1, 1, 0), (NULL, 1, 1, 0)):
        call("hipMemAdvise", *arguments, status=INVALID_VALUE)
    for place in (0, -1):
        call("hipMemPrefetchAsync", at(managed, 40), 60, place, NULL)
    call("hipMemPrefetchAsync", managed, 100, 1, NULL, status=INVALID_DEVICE)
    call("hipMemPrefetchAsync", managed, 100, 0, UNKNOWN, status=INVALID_HANDLE)
    for arguments in ((at(managed, 40), 61), (managed, 0), (UNKNOWN, 1)):
        call("hipMemPrefetchAsync", *arguments, 0, NULL, status=INVALID_VALUE)


def copies():
    """Around through all copies: what comes back is what went."""
    data = bytes(range(64))
    back, stream = ctypes.create_string_buffer(64), make("hipStreamCreate")
    a, b = allocate(64), allocate(64)
    synchronous = ((("hipMemcpyHtoD", a, data, 64), ("hipMemcpyDtoD", b, a, 64),
                    ("hipMemcpyDtoH", back, b, 64)),
                   (("hipMemcpyWithStream", a, data, 64, HOST_TO_DEVICE, stream),
                    ("hipMemcpyPeer", b, 0, a, 0, 64), ("hipMemcpyDtoH", back, b, 64)))
    streamed = ((("hipMemcpyHtoDAsync", a, data, 64, stream),
                 ("hipMemcpyDtoDAsync", b, a, 64, stream),
                 ("hipMemcpyDtoHAsync", back, b, 64, stream)),
                (("hipMemcpy2DAsync", a, 16, data, 16, 16, 4, HOST_TO_DEVICE, stream),
                 ("hipMemcpyPeerAsync", b, 0, a, 0, 64, stream),
                 ("hipMemcpy2DAsync", back, 16, b, 16, 16, 4, DEVICE_TO_HOST, stream)))
    for steps in synchronous + streamed:
        call("hipMemset", a, 0, 64)
        call("hipMemset", b, 0, 64)
        ctypes.memset(back, 0, 64)
        for step in steps:
            call(*step)
        call("hipStreamSynchronize", stream)
        expect(steps[1][0], data, back.raw)
    for devices in ((0, 1), (1, 0)):
        call("hipMemcpyPeer", b, devices[0], a, devices[1], 64, status=INVALID_DEVICE)
        call("hipMemcpyPeerAsync", b, devices[0], a, devices[1], 64, stream,
             status=INVALID_DEVICE)
    call("hipMemcpyPeer", b, 0, a, 0, 65, status=INVALID_VALUE)
    call("hipFreeAsync", at(a, 4), stream, status=INVALID_VALUE)
    sets(a, stream)


def sets(target, stream):
    """`count` counts elements of a byte, two and four."""
    for name, value, size in (("hipMemsetD8", 0xa5, 1), ("hipMemsetD16", 0xa55a, 2),
                              ("hipMemsetD32", 0xa55a3cc3, 4)):
        for asynchronous in (False, True):
            call("hipMemset", target, 0, 64)
            suffix, more = ("Async", (stream, )) if asynchronous else ("", ())
            call(name + suffix, at(target, 8), value, 5, *more)
            call("hipStreamSynchronize", stream)
            back = ctypes.create_string_buffer(64)
            call("hipMemcpy", back, target, 64, DEVICE_TO_HOST)
            want = bytes(8) + value.to_bytes(size, "little") * 5
            expect(name + suffix, want + bytes(64 - len(want)), back.raw)
            call(name + suffix, at(target, 8), value, 56 // size + 1, *more, status=INVALID_VALUE)
            if size > 1:
                call(name + suffix, target, value, (1 << 64) // size, *more, status=INVALID_VALUE)
    call("hipMemset2DAsync", target, 16, 7, 3, 2, stream)
    back = ctypes.create_string_buffer(64)
    call("hipMemcpy", back, target, 64, DEVICE_TO_HOST)
    expect("rows", ([7] * 3, [7] * 3, True),
           (list(back.raw[:3]), list(back.raw[16:19]), 7 not in back.raw[3:16] + back.raw[19:]))


class Held:
    """A stream whose work waits until it is released."""
    prototype = ctypes.CFUNCTYPE(None, pointer_t)

    def __init__(self, stream):
        self.gate = threading.Event()
        self.callback = self.prototype(lambda _: self.gate.wait(60))
        call("hipLaunchHostFunc", stream, self.callback, NULL)

    def release(self):
        self.gate.set()


def freed():
    """What the queue frees is gone for calls from hipFreeAsync on, however far the queue
    is; what was called before still uses it."""
    stream, target = make("hipStreamCreate"), allocate(64)
    back = ctypes.create_string_buffer(64)
    held = Held(stream)
    call("hipMemsetAsync", target, 7, 64, stream)
    call("hipFreeAsync", target, stream)
    call("hipMemsetAsync", target, 8, 64, stream, status=INVALID_VALUE)
    call("hipMemcpyDtoHAsync", back, target, 64, stream, status=INVALID_VALUE)
    call("hipMemset2DAsync", target, 16, 7, 3, 2, stream, status=INVALID_VALUE)
    call("hipMemGetAddressRange", out(), NULL, target, status=NOT_FOUND)
    call("hipFreeAsync", target, stream, status=INVALID_VALUE)
    held.release()
    call("hipStreamSynchronize", stream)
    call("hipFree", target, status=INVALID_VALUE)


def streams():
    stream = make("hipStreamCreateWithFlags", 1)
    expect("flags", 1, streamFact(stream, "Flags", ctypes.c_uint))
    expect("default: flags", 0, streamFact(NULL, "Flags", ctypes.c_uint))
    for asked, got in ((-1, -1), (0, 0), (1, 1), (-100, -1), (100, 1)):
        made = make("hipStreamCreateWithPriority", 0, asked)
        expect(f"priority {asked}", got, streamFact(made, "Priority", ctypes.c_int))
        call("hipStreamDestroy", made)
        call("hipStreamDestroy", made, status=INVALID_HANDLE)
    for name in ("Flags", "Priority"):
        call(f"hipStreamGet{name}", stream, NULL, status=INVALID_VALUE)
        call(f"hipStreamGet{name}", UNKNOWN, out(), status=INVALID_HANDLE)
    call("hipStreamCreateWithFlags", out(), 2, status=INVALID_VALUE)
    call("hipStreamCreate", NULL, status=INVALID_VALUE)
    mask = (ctypes.c_uint32 * 2)(3, 0)
    call("hipStreamDestroy", make("hipExtStreamCreateWithCUMask", 2, mask))
    call("hipExtStreamCreateWithCUMask", out(), 0, mask, status=INVALID_VALUE)
    call("hipExtStreamCreateWithCUMask", out(), 2, NULL, status=INVALID_VALUE)
    expect("device", (0, 0, -1), tuple(hip.hipGetStreamDeviceId(s)
                                       for s in (NULL, stream, UNKNOWN)))
    for function in ("hipLaunchHostFunc", "hipStreamAddCallback"):
        call(function, stream, NULL, NULL, 0, status=INVALID_VALUE)
    waiting(stream)


def streamFact(stream, name, kind):
    value = kind()
    call(f"hipStreamGet{name}", stream, ctypes.byref(value))
    return value.value


def waiting(stream):
    """What is not done yet is said not to be ready, which is no error."""
    before, after = make("hipEventCreate"), make("hipEventCreate")
    elapsed = ctypes.c_float()
    call("hipEventQuery", before)
    call("hipEventElapsedTime", ctypes.byref(elapsed), before, after, status=INVALID_HANDLE)
    call("hipGetLastError", status=INVALID_HANDLE)
    call("hipEventRecord", before, stream)
    held = Held(stream)
    call("hipEventRecord", after, stream)
    other = make("hipStreamCreate")
    call("hipStreamWaitEvent", other, after, 0)
    call("hipEventSynchronize", before)
    call("hipEventQuery", before)
    for function, handle in (("hipStreamQuery", stream), ("hipEventQuery", after)):
        call(function, handle, status=NOT_READY)
    call("hipEventElapsedTime", ctypes.byref(elapsed), before, after, status=NOT_READY)
    call("hipPeekAtLastError", status=SUCCESS)
    held.release()
    call("hipStreamSynchronize", other)
    call("hipStreamSynchronize", stream)
    for function, handle in (("hipStreamQuery", stream), ("hipEventQuery", after)):
        call(function, handle)
    call("hipEventElapsedTime", ctypes.byref(elapsed), before, after)
    expect("elapsed", 0.0, elapsed.value)
    call("hipEventElapsedTime", NULL, before, after, status=INVALID_VALUE)
    call("hipStreamWaitEvent", UNKNOWN, after, 0, status=INVALID_HANDLE)
    call("hipEventRecord", after, UNKNOWN, status=INVALID_HANDLE)
    for function in ("hipStreamQuery", "hipEventQuery", "hipEventDestroy"):
        call(function, UNKNOWN, status=INVALID_HANDLE)
    for flags in (0, 1, 3, 1 << 29, 1 << 30, 1 << 31, 4 | 2):
        call("hipEventDestroy", make("hipEventCreateWithFlags", flags))
    for flags in (8, 4, 3 << 30, 1 << 16):
        call("hipEventCreateWithFlags", out(), flags, status=INVALID_VALUE)
    call("hipEventCreate", NULL, status=INVALID_VALUE)


def load(code, *names):
    module = make("hipModuleLoadData", pathlib.Path(code).read_bytes())
    return module, *(make("hipModuleGetFunction", module, name) for name in names)


def functions(chip, code):
    module, reverse, add = load(code, b"reverse", b"add")
    lds, version = FACTS[chip][5], 90 + FACTS[chip][4]
    facts = [ask("hipFuncGetAttribute", number, reverse) for number in range(10)]
    registers = facts[4]
    expect("registers", True, 0 < registers <= 256)
    expect("attributes", [256, 1024, 0, 0, registers, version, version, 0, lds - 1024, 0], facts)
    room = (ctypes.c_int * 16)(*[-1] * 16)  # hipFuncAttributes, of 56 bytes
    call("hipFuncGetAttributes", room, reverse)
    expect("all", [version, 0, 0, 0, 0, 0, lds - 1024, 256, registers, 0, version],
           list(room[:11]))
    expect("LDS", [1024, 0, -1, -1], list(room[12:]))
    for number, handle, status in ((-1, reverse, INVALID_VALUE), (10, reverse, INVALID_VALUE),
                                   (0, UNKNOWN, INVALID_HANDLE)):
        call("hipFuncGetAttribute", out(), number, handle, status=status)
    call("hipFuncGetAttributes", NULL, reverse, status=INVALID_VALUE)
    for number, value, status in ((8, lds - 1024, SUCCESS), (8, lds - 1023, INVALID_VALUE),
                                  (8, -1, INVALID_VALUE), (9, 50, SUCCESS), (9, 101, INVALID_VALUE),
                                  (7, 0, INVALID_VALUE)):
        call("hipFuncSetAttribute", reverse, number, value, status=status)
    for name, most in (("hipFuncSetCacheConfig", 3), ("hipFuncSetSharedMemConfig", 2)):
        call(name, reverse, most)
        call(name, reverse, most + 1, status=INVALID_VALUE)
    for none in (NULL, UNKNOWN):
        call("hipFuncGetAttributes", room, none, status=INVALID_DEVICE_FUNCTION)
        call("hipFuncSetAttribute", none, 8, 0, status=INVALID_DEVICE_FUNCTION)
        call("hipFuncSetCacheConfig", none, 0, status=INVALID_DEVICE_FUNCTION)
        call("hipFuncSetSharedMemConfig", none, 0, status=INVALID_DEVICE_FUNCTION)
    occupancy(reverse)
    launches(add)
    call("hipModuleUnload", module)


def occupancy(kernel):
    blocks = "hipModuleOccupancyMaxActiveBlocksPerMultiprocessor"
    for lds in (0, 32768):
        plain = ask(blocks, kernel, 256, lds)
        expect("resident", plain, ask(blocks + "WithFlags", kernel, 256, lds, 0))
        expect("some", True, plain > 0)
    call(blocks, out(), kernel, 0, 0, status=INVALID_VALUE)
    sizes = []
    for name, flags in (("", ()), ("WithFlags", (0, ))):
        grid, block = ctypes.c_int(), ctypes.c_int()
        call("hipModuleOccupancyMaxPotentialBlockSize" + name, ctypes.byref(grid),
             ctypes.byref(block), kernel, 0, 128, *flags)
        sizes.append((grid.value, block.value))
    expect("of at most 128", sizes[0], sizes[1])
    expect("block", 128, sizes[0][1])


def launches(add):
    """Two names of the launch whose grid counts work items; arguments that are none."""
    total = allocate(4)
    params = (pointer_t * 1)(ctypes.addressof(total))
    mangled = ("_Z24hipHccModuleLaunchKernelP18ihipModuleSymbol_tjjjjjjmP12ihipStream_tPPvS4_"
               "P11ihipEvent_tS6_")
    for count, name in enumerate(("hipHccModuleLaunchKernel", mangled), 1):
        call(name, add, 128, 1, 1, 64, 1, 1, 0, NULL, params, NULL, NULL, NULL)
        sum_ = ctypes.c_int()
        call("hipMemcpy", ctypes.byref(sum_), total, 4, DEFAULT)
        expect(name, 128 * count, sum_.value)
    call("hipHccModuleLaunchKernel", add, 100, 1, 1, 64, 1, 1, 0, NULL, params, NULL, NULL, NULL,
         status=INVALID_CONFIGURATION)
    buffer, size, end = pointer_t(1), pointer_t(2), pointer_t(3)
    eight = size_t(8)
    place = ctypes.cast(ctypes.byref(eight), pointer_t)
    for extra in ((pointer_t(9), place, end), (buffer, total, end), (size, place, end)):
        call("hipModuleLaunchKernel", add, 1, 1, 1, 64, 1, 1, 0, NULL, NULL,
             (pointer_t * len(extra))(*extra), status=INVALID_VALUE)
    empty = (pointer_t * 1)(None)
    call("hipModuleLaunchKernel", add, 1, 1, 1, 64, 1, 1, 0, NULL, empty, NULL,
         status=INVALID_VALUE)
    call("hipFree", total)


def linked(code):
    """A program with its code in it, as the compiler registers it."""
    hip.__getattr__("__hipRegisterFatBinary").restype = pointer_t
    image = ctypes.create_string_buffer(pathlib.Path(code).read_bytes())
    wrapper = (ctypes.c_uint64 * 3)(1 << 32 | 0x48495046, ctypes.addressof(image), 0)
    binary = pointer_t(getattr(hip, "__hipRegisterFatBinary")(wrapper))
    symbols = ctypes.create_string_buffer(16)
    counter, add = (pointer_t(ctypes.addressof(symbols) + place) for place in (0, 8))
    register = getattr(hip, "__hipRegisterVar")
    register(binary, counter, b"counter", b"counter", 0, size_t(4), 0, 0)
    getattr(hip, "__hipRegisterFunction")(binary, add, b"add", b"add", 0, *[NULL] * 5)
    expect("size", 4, ask("hipGetSymbolSize", counter, kind=size_t))
    address = make("hipGetSymbolAddress", counter)
    number, stream = ctypes.c_int(), make("hipStreamCreate")
    call("hipMemcpyFromSymbolAsync", ctypes.byref(number), counter, 4, 0, DEVICE_TO_HOST, stream)
    expect("at first", 40, number.value)
    number.value = 77
    call("hipMemcpyToSymbolAsync", counter, ctypes.byref(number), 4, 0, HOST_TO_DEVICE, stream)
    call("hipStreamSynchronize", stream)
    back = ctypes.c_int()
    call("hipMemcpy", ctypes.byref(back), address, 4, DEVICE_TO_HOST)
    expect("then", 77, back.value)
    for name, first, second in (("hipMemcpyToSymbolAsync", counter, out()),
                                ("hipMemcpyFromSymbolAsync", out(), counter)):
        for bytes_, offset in ((5, 0), (4, 1), (1, 1 << 63)):
            call(name, first, second, bytes_, offset, DEFAULT, stream, status=INVALID_VALUE)
    call("hipMemcpyFromSymbolAsync", out(), UNKNOWN, 4, 0, DEVICE_TO_HOST, stream,
         status=INVALID_SYMBOL)
    for name in ("hipGetSymbolAddress", "hipGetSymbolSize"):
        call(name, out(), UNKNOWN, status=INVALID_SYMBOL)
        call(name, NULL, counter, status=INVALID_VALUE)
    call("hipFuncSetCacheConfig", add, 1)
    call("hipFuncGetAttributes", (ctypes.c_int * 16)(), add)
    call("hipFuncSetCacheConfig", counter, 1, status=INVALID_DEVICE_FUNCTION)
    call("__hipPopCallConfiguration", *[out()] * 4, status=52)
    # What is no fat binary is said once, and has nothing.
    wrong = (ctypes.c_uint64 * 3)(5, ctypes.addressof(image), 0)
    none = pointer_t(getattr(hip, "__hipRegisterFatBinary")(wrong))
    register(none, at(counter, 1), b"counter", b"counter", 0, size_t(4), 0, 0)
    call("hipGetSymbolAddress", out(), at(counter, 1), status=INVALID_VALUE)
    getattr(hip, "__hipUnregisterFatBinary")(binary)
    call("hipGetSymbolAddress", out(), counter, status=INVALID_SYMBOL)


def settled(function, handle):
    """What a query answers when there is nothing to wait for any more."""
    deadline = time.monotonic() + 60
    while (status := getattr(hip, function)(handle)) == NOT_READY:
        if time.monotonic() > deadline:
            return "never ready"
    return status


def findings(racy):
    """A program that only asks whether an event or a stream is done learns what failed."""
    _, reverse, overrun = load(racy, b"reverse", b"overrun")
    stream, event = make("hipStreamCreate"), make("hipEventCreate")
    source, target = allocate(1024), allocate(1024)
    params = (pointer_t * 3)(*(ctypes.addressof(a) for a in (target, source, ctypes.c_float(1))))
    for function, handle in (("hipEventQuery", event), ("hipStreamQuery", stream)):
        call("hipModuleLaunchKernel", reverse, 1, 1, 1, 256, 1, 1, 0, stream, params, NULL)
        call("hipEventRecord", event, stream)
        # A sanitizer's finding is said once, a kernel that failed until the reset.
        expect(f"finding: {function}", LAUNCH_FAILURE, settled(function, handle))
        call(function, handle)
    count = ctypes.c_int(1 << 20)
    params = (pointer_t * 2)(ctypes.addressof(target), ctypes.addressof(count))
    call("hipModuleLaunchKernel", overrun, 1, 1, 1, 1, 1, 1, 0, stream, params, NULL)
    call("hipEventRecord", event, stream)
    for function, handle in (("hipEventQuery", event), ("hipStreamQuery", stream)) * 2:
        expect(f"failure: {function}", LAUNCH_FAILURE, settled(function, handle))
    call("hipDeviceReset")
    call("hipEventQuery", event)
    call("hipStreamQuery", stream)


def damaged(code):
    """Code that cannot be taken, with the reason in the report."""
    module = out()
    call("hipModuleLoad", module, b"none.hsaco", status=FILE_NOT_FOUND)
    call("hipModuleLoad", module, NULL, status=INVALID_VALUE)
    call("hipModuleLoadData", module, b"CCOB" + bytes(64), status=NO_BINARY)
    good = bytearray(pathlib.Path(code).read_bytes())
    section = int.from_bytes(good[40:48], "little")
    while int.from_bytes(good[section + 4:section + 8], "little") != 11:  # dynamic symbols
        section += 64
    first = int.from_bytes(good[section + 24:section + 32], "little") + 24
    good[first:first + 4] = b"\xff" * 4
    call("hipModuleLoadData", module, bytes(good), status=INVALID_IMAGE)


def chipless(bundle):
    """No chip is known until the first code says it, which a bundle does not."""
    hip.moeHipChipFromCode()
    free, total = size_t(), size_t()
    call("hipMalloc", out(), 1 << 20)
    call("hipMemGetInfo", ctypes.byref(free), ctypes.byref(total))
    expect("room", (288 << 30, 1 << 20), (total.value, total.value - free.value))
    call("hipMemGetInfo", NULL, out(), status=INVALID_VALUE)
    call("hipDeviceTotalMem", out(), 0, status=INVALID_DEVICE)
    call("hipModuleLoadData", out(), pathlib.Path(bundle).read_bytes(), status=INVALID_IMAGE)


def reports(path):
    """The file of the reports is gone: what would be in it is on stderr."""
    call("hipInit", 0)
    pathlib.Path(path).unlink()
    pathlib.Path(path).mkdir()
    call("hipFree", UNKNOWN, status=INVALID_VALUE)


def nothing():
    """Without a device every function that is about one says so."""
    for name, arguments in (("hipInit", (0, )), ("hipGetDevice", (out(), )),
                            ("hipSetDeviceFlags", (0, )), ("hipGetDeviceFlags", (out(), )),
                            ("hipDeviceGetCacheConfig", (out(), )),
                            ("hipDeviceGetSharedMemConfig", (out(), )),
                            ("hipDeviceGetLimit", (out(), 2)),
                            ("hipDeviceCanAccessPeer", (out(), 0, 0)),
                            ("hipDeviceEnablePeerAccess", (0, 0)), ("hipCtxGetFlags", (out(), )),
                            ("hipDeviceGetStreamPriorityRange", (out(), out())),
                            ("hipCtxGetApiVersion", (NULL, out())), ("hipCtxPopCurrent", (out(), )),
                            ("hipCtxCreate", (out(), 0, 0)), ("hipStreamCreate", (out(), )),
                            ("hipMalloc", (out(), 4)), ("hipEventCreate", (out(), )),
                            ("hipDevicePrimaryCtxGetState", (0, NULL, NULL)),
                            ("hipFuncGetAttributes", (out(), UNKNOWN))):
        call(name, *arguments, status=NO_DEVICE)
    count = ctypes.c_int(5)
    call("hipGetDeviceCount", ctypes.byref(count), status=NO_DEVICE)
    expect("devices", 0, count.value)
    expect("stream", -1, hip.hipGetStreamDeviceId(NULL))


globals()[what](*more)
finish()
