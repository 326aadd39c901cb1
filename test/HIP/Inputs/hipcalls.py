# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the host programs in Python share: HIP's functions of the library that is the
first argument, by name, with the status that each has to return."""

import ctypes
import sys

SUCCESS, INVALID_VALUE, OUT_OF_MEMORY, INVALID_CONFIGURATION, INVALID_PITCH = 0, 1, 2, 9, 12
INVALID_SYMBOL, INVALID_DEVICE_FUNCTION, NO_DEVICE, INVALID_DEVICE = 13, 98, 100, 101
INVALID_IMAGE, INVALID_CONTEXT, NO_BINARY, UNSUPPORTED_LIMIT = 200, 201, 209, 215
CONTEXT_IN_USE, FILE_NOT_FOUND, INVALID_HANDLE, NOT_FOUND, NOT_READY = 216, 301, 400, 500, 600
LAUNCH_FAILURE, NOT_SUPPORTED = 719, 801
HOST_TO_DEVICE, DEVICE_TO_HOST, DEFAULT = 1, 2, 4

hip = ctypes.CDLL(sys.argv[1])
hip.hipGetErrorName.restype = hip.hipGetErrorString.restype = ctypes.c_char_p
failed = []


def expect(what, want, got):
    if want != got:
        failed.append(f"{what}: expected {want}, got {got}")


def call(name, *arguments, status=SUCCESS):
    arguments = [ctypes.c_size_t(a) if isinstance(a, int) else a for a in arguments]
    expect(name, status, getattr(hip, name)(*arguments))


def ask(name, *arguments, kind=ctypes.c_int):
    """What a function stores behind its first argument."""
    value = kind()
    call(name, ctypes.byref(value), *arguments)
    return value.value


def make(name, *arguments):
    """A handle or pointer that a function stores behind its first argument."""
    return ctypes.c_void_p(ask(name, *arguments, kind=ctypes.c_void_p))


def allocate(size, kind="hipMalloc", *more):
    return make(kind, size, *more)


def finish():
    print("\n".join(failed) if failed else "good", flush=True)
    sys.exit(bool(failed))
