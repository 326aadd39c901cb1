# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loads libmoe.so beside another LLVM whose symbols are global, compiles, and has
the other LLVM parse a module.

beside_llvm.py LIBMOE LIBLLVM before|after
"""

import ctypes
import sys


def parse_module(llvm):
    """A module through the C API of the other LLVM; returns its target."""
    llvm.LLVMModuleCreateWithName.restype = ctypes.c_void_p
    llvm.LLVMModuleCreateWithName.argtypes = [ctypes.c_char_p]
    llvm.LLVMSetTarget.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    llvm.LLVMGetTarget.argtypes = [ctypes.c_void_p]
    llvm.LLVMGetTarget.restype = ctypes.c_char_p
    module = llvm.LLVMModuleCreateWithName(b"other")
    llvm.LLVMSetTarget(module, b"x86_64-linux-gnu")
    return llvm.LLVMGetTarget(module).decode()


def compile_kernel(moe):
    config, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    size = ctypes.c_size_t()
    moe.moeGetLastError.restype = ctypes.c_char_p
    moe.moeKernelGetCode.restype = ctypes.c_void_p
    calls = [moe.moeConfigCreate(ctypes.byref(config))]
    for name, value in [("kernel", "gemm2"), ("model-dim", "256"),
                        ("inter-dim", "256"), ("experts", "4"), ("topk", "2"),
                        ("tile", "16x128x256")]:
        calls.append(moe.moeConfigSet(config, name.encode(), value.encode()))
    calls.append(moe.moeCompile(config, b"gfx950", ctypes.byref(kernel)))
    if any(calls):
        raise SystemExit(moe.moeGetLastError().decode())
    moe.moeKernelGetCode(kernel, ctypes.byref(size))
    return size.value


def main():
    libmoe, libllvm, order = sys.argv[1:]
    # RTLD_GLOBAL: what libmoe.so left open would be taken from there.
    load = {"moe": lambda: ctypes.CDLL(libmoe),
            "llvm": lambda: ctypes.CDLL(libllvm, mode=ctypes.RTLD_GLOBAL)}
    names = ["llvm", "moe"] if order == "before" else ["moe", "llvm"]
    libraries = {name: load[name]() for name in names}
    first = compile_kernel(libraries["moe"])
    target = parse_module(libraries["llvm"])
    second = compile_kernel(libraries["moe"])
    print(f"other LLVM {order}: {target}, "
          f"{'equal' if first == second and first > 1000 else 'different'} sizes")


main()
