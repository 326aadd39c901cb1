# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A host program in Python: ctypes_host.py LIBRARY CODE CHIP

Calls what host.c does not, and what HIP 6 has beside HIP 5. Needs no header.
"""

import ctypes
import sys

from hipcalls import (DEVICE_TO_HOST, HOST_TO_DEVICE, INVALID_CONFIGURATION,
                      INVALID_HANDLE, INVALID_PITCH, INVALID_VALUE, NOT_SUPPORTED, allocate,
                      call, expect, finish, hip)

UNITS = {"gfx942": 304, "gfx950": 256}


def properties(chip):
    data = ctypes.create_string_buffer(1472)
    call("hipGetDevicePropertiesR0600", data, 0)
    expect("units", UNITS[chip], int.from_bytes(data[388:392], "little"))
    expect("arch", f"{chip}:sramecc+:xnack-".encode(), data.raw[1160:].split(b"\0")[0])
    version = ctypes.c_int()
    call("hipRuntimeGetVersion", ctypes.byref(version))
    expect("version", 502, version.value // 100000)
    expect("name", b"hipErrorNotSupported", hip.hipGetErrorName(NOT_SUPPORTED))
    expect("unknown", b"hipErrorUnknown", hip.hipGetErrorName(12345))


def rows():
    pitch, pointer = ctypes.c_size_t(), ctypes.c_void_p()
    call("hipMallocPitch", ctypes.byref(pointer), ctypes.byref(pitch), 100, 3)
    expect("pitch", 128, pitch.value)
    source = bytes(range(240))
    call("hipMemcpy2D", pointer, pitch, source, 80, 70, 3, HOST_TO_DEVICE)
    target = ctypes.create_string_buffer(3 * 70)
    call("hipMemcpy2D", target, 70, pointer, pitch, 70, 3, DEVICE_TO_HOST)
    expect("rows", b"".join(source[80 * i:80 * i + 70] for i in range(3)), target.raw)
    call("hipMemset2D", pointer, pitch, 7, 2, 2)
    call("hipMemcpy2D", target, 70, pointer, pitch, 70, 3, DEVICE_TO_HOST)
    expect("set", [7, 7, 2, 7, 7, 162], [target.raw[i] for i in (0, 1, 2, 70, 71, 142)])
    call("hipMemcpy2D", target, 60, pointer, pitch, 70, 3, DEVICE_TO_HOST, status=INVALID_PITCH)
    call("hipMemcpy2D", target, 70, pointer, pitch, 70, 4, DEVICE_TO_HOST, status=INVALID_VALUE)
    # Rows so far apart that their extent wraps around 2^64.
    call("hipMemcpy2D", target, 70, pointer, 1 << 63, 70, 3, DEVICE_TO_HOST,
         status=INVALID_VALUE)
    call("hipMemset2D", pointer, 1 << 63, 7, 2, 3, status=INVALID_VALUE)
    call("hipHostRegister", target, (1 << 64) - 1, 0, status=INVALID_VALUE)
    call("hipFree", pointer)


def pointers():
    pointer = allocate(1000)
    base, size = ctypes.c_void_p(), ctypes.c_size_t()
    inside = ctypes.c_void_p(pointer.value + 999)
    call("hipMemGetAddressRange", ctypes.byref(base), ctypes.byref(size), inside)
    expect("range", (pointer.value, 1000), (base.value, size.value))
    start = ctypes.c_void_p()
    call("hipPointerGetAttribute", ctypes.byref(start), 11, inside)
    expect("start", pointer.value, start.value)
    outside = ctypes.c_void_p(pointer.value + 1000)
    call("hipPointerGetAttribute", ctypes.byref(start), 11, outside, status=INVALID_VALUE)
    call("hipFreeAsync", pointer, None)
    call("hipDeviceSynchronize")
    call("hipFree", pointer, status=INVALID_VALUE)
    empty = allocate(0)
    expect("no bytes", None, empty.value)
    call("hipFree", empty)


def launches(code):
    module, function = ctypes.c_void_p(), ctypes.c_void_p()
    call("hipModuleLoadDataEx", ctypes.byref(module), code, 0, None, None)
    call("hipModuleGetFunction", ctypes.byref(function), module, b"reverse")
    blocks = ctypes.c_int(-1)
    for lds, most in ((0, True), ((1 << 64) - 1, False)):
        call("hipModuleOccupancyMaxActiveBlocksPerMultiprocessor", ctypes.byref(blocks), function, 256, lds)
        expect("blocks", most, blocks.value > 0)
    count, factor = 512, ctypes.c_float(2)
    numbers = (ctypes.c_float * count)(*range(count))
    source = allocate(4 * count, "hipHostMalloc", 0)
    target = allocate(4 * count, "hipMallocManaged", 1)
    ctypes.memmove(source, numbers, 4 * count)
    params = (ctypes.c_void_p * 3)(*(ctypes.addressof(a) for a in (target, source, factor)))
    # The grid of this one counts work items; both names of it.
    mangled = "_Z24hipExtModuleLaunchKernelP18ihipModuleSymbol_tjjjjjjmP12ihipStream_tPPvS4_P11ihipEvent_tS6_j"
    start, stop, time = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_float()
    call("hipEventCreate", ctypes.byref(start))
    call("hipEventCreate", ctypes.byref(stop))
    for name in ("hipExtModuleLaunchKernel", mangled):
        ctypes.memset(target, 0, 4 * count)
        call(name, function, count, 1, 1, 256, 1, 1, 0, None, params, None, start, stop, 0)
        call("hipEventSynchronize", stop)
        got = (ctypes.c_float * count).from_address(target.value)
        want = [2.0 * (i // 256 * 256 + 255 - i % 256) for i in range(count)]
        expect(name, want, list(got))
        call("hipEventElapsedTime", ctypes.byref(time), start, stop)
        expect("time", True, time.value > 0)
    call("hipExtModuleLaunchKernel", function, count - 1, 1, 1, 256, 1, 1, 0, None, params, None, None, None, 0,
         status=INVALID_CONFIGURATION)
    call("hipModuleLaunchKernel", function, 1 << 24, 1, 1, 256, 1, 1, 0, None, params, None,
         status=INVALID_CONFIGURATION)
    seen = []
    callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(seen.append)
    call("hipLaunchHostFunc", None, callback, ctypes.c_void_p(5))
    call("hipStreamSynchronize", None)
    expect("host function", [5], seen)
    call("hipEventElapsedTime", ctypes.byref(time), start, ctypes.c_void_p(64), status=INVALID_HANDLE)
    call("hipStreamBeginCapture", None, 0, status=NOT_SUPPORTED)
    call("hipModuleUnload", module)


properties(sys.argv[3])
rows()
pointers()
with open(sys.argv[2], "rb") as file:
    launches(file.read())
finish()
