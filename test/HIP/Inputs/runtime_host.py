# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions of the GPU runtime that no lowered program of the tests calls:
runtime_host.py LIBRARY CODE [REFUSAL]

Without REFUSAL what they do; with one a call that ends the process.
"""

import ctypes
import pathlib
import sys
import threading

runtime = ctypes.CDLL(sys.argv[1])
for name in ("ModuleLoad", "ModuleGetFunction", "StreamCreate", "EventCreate", "MemAlloc"):
    getattr(runtime, f"mgpu{name}").restype = ctypes.c_void_p
NULL, COUNT, HOST = None, 8, ctypes.create_string_buffer(4)
size_t, pointer_t, wide = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int64


def call(name, *arguments):
    """Numbers are as wide as the widest parameter, which a narrower one takes."""
    arguments = [wide(a) if isinstance(a, int) else a for a in arguments]
    result = getattr(runtime, f"mgpu{name}")(*arguments)
    return pointer_t(result) if getattr(runtime, f"mgpu{name}").restype is pointer_t else None


def expect(what, want, got):
    if want != got:
        sys.exit(f"{what}: expected {want}, got {got}")


def function():
    module = call("ModuleLoad", pathlib.Path(sys.argv[2]).read_bytes(), 0)
    return module, call("ModuleGetFunction", module, b"add")


def launch(kernel, total, stream, grid=(1, 1, 1), lds=0):
    params = (pointer_t * 1)(ctypes.addressof(total))
    call("LaunchKernel", kernel, *grid, 64, 1, 1, lds, stream, params, NULL, 1)


def number(kind, pointer, place=0):
    """An element of shared memory: its address is the host's too."""
    return kind.from_address(pointer.value + place * ctypes.sizeof(kind)).value


def order():
    """A stream waits for an event that is recorded behind what holds another one back."""
    module, add = function()
    total = call("MemAlloc", 4, NULL, True)
    first, second, event = call("StreamCreate"), call("StreamCreate"), call("EventCreate")
    gate, seen = threading.Event(), []

    @ctypes.CFUNCTYPE(None, pointer_t)
    def hold(_):
        seen.append(gate.wait(60))

    hip = ctypes.CDLL(str(pathlib.Path(sys.argv[1]).parent / "libamdhip64_emulated.so"))
    expect("held", 0, hip.hipLaunchHostFunc(first, hold, NULL))
    call("Memset32", total, 100, 1, first)
    call("EventRecord", event, first)
    call("StreamWaitEvent", second, event)
    launch(add, total, second, grid=(2, 1, 1))
    expect("before", 0, number(ctypes.c_int, total))
    gate.set()
    call("EventSynchronize", event)
    expect("held back", [True], seen)
    call("StreamSynchronize", second)
    expect("sum", 100 + 128, number(ctypes.c_int, total))
    call("EventDestroy", event)
    for stream in (first, second):
        call("StreamDestroy", stream)
    call("ModuleUnload", module)
    call("MemFree", total, NULL)


def memory():
    call("SetDefaultDevice", 0)
    stream = call("StreamCreate")
    shared, plain = call("MemAlloc", 2 * COUNT, NULL, True), call("MemAlloc", 2 * COUNT, NULL, False)
    call("Memset16", plain, 0x1234, COUNT, stream)
    call("Memset16", pointer_t(plain.value + 2), 0xfedc, 3, stream)
    call("Memcpy", shared, plain, 2 * COUNT, stream)
    call("StreamSynchronize", stream)
    expect("halves", [0x1234] + [0xfedc] * 3 + [0x1234] * 4,
           [number(ctypes.c_uint16, shared, i) for i in range(COUNT)])
    for pointer in (shared, plain):
        call("MemFree", pointer, NULL)
    # No bytes are no memory, shared with the host or not.
    for is_shared in (False, True):
        expect("nothing", None, call("MemAlloc", 0, NULL, is_shared).value)
    call("MemFree", NULL, NULL)
    # Memory of the host, plain and as a memref of two by three with rows of four.
    host = (ctypes.c_uint16 * COUNT)()
    call("MemHostRegister", host, 2 * COUNT)
    call("Memset16", host, 7, COUNT, stream)
    call("StreamSynchronize", stream)
    call("MemHostUnregister", host)
    expect("registered", [7] * COUNT, list(host))
    memref = (wide * 7)(ctypes.addressof(host), ctypes.addressof(host), 1, 2, 3, 4, 1)
    call("MemHostRegisterMemRef", 2, memref, 2)
    call("Memset16", ctypes.byref(host, 2), 9, 7, stream)
    call("StreamSynchronize", stream)
    call("MemHostUnregisterMemRef", 2, memref, 2)
    expect("memref", [7] + [9] * 7, list(host))
    call("StreamDestroy", stream)


def strides(stride):
    memref = (wide * 5)(4096, 4096, 0, 2, stride)
    call("MemHostRegisterMemRef", 1, memref, 4)


REFUSALS = {
    "jit": lambda: call("ModuleLoadJIT", b"", 2, 0),
    "grid": lambda: launch(function()[1], pointer_t(), NULL, grid=(-1, 1, 1)),
    "huge": lambda: launch(function()[1], pointer_t(), NULL, grid=(1, 1 << 31, 1)),
    "lds": lambda: launch(function()[1], pointer_t(), NULL, lds=-4),
    "strides": lambda: strides(-3),
    "copy": lambda: call("Memcpy", HOST, b"abcd", 4, NULL),
    "device": lambda: call("SetDefaultDevice", 1),
    "event": lambda: call("EventRecord", pointer_t(0x123456), NULL),
    "kernel": lambda: call("ModuleGetFunction", function()[0], b"none"),
    "memory": lambda: call("MemAlloc", 1 << 50, NULL, False),
    "twice": lambda: [call("MemHostRegister", HOST, 4) for _ in range(2)],
}

if len(sys.argv) > 3:
    REFUSALS[sys.argv[3]]()
    sys.exit("expected the process to end")
order()
memory()
print("good")
