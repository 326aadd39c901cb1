# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""crowd.py FOLDER: 64 threads of one process compile and launch at once.

Each compiles its kernel from flags and from IR, half of them with the folder of
finished code objects that all share, and launches it; bytes and results are those of a
process that does one thing at a time. The signal handlers of the host stay its own.
"""

import signal
import sys
import threading

import numpy as np
from conftest import Layer

import moe

THREADS = 64
SHAPE = {"model_dim": 128, "inter_dim": 96, "experts": 6, "topk": 2}
# Sums in a fixed order, so that results are the same bytes.
KINDS = [{"chip": chip, "tile": f"16x{tile_n}x128", "accumulate": False, **SHAPE}
         for chip in ("gfx942", "gfx950") for tile_n in (64, 128)]


def compile_one(number):
    return moe.compile("gemm2", **KINDS[number % len(KINDS)])


def launch_one(kernel, tensors):
    routing = moe.moe_sorting(tensors.ids, tensors.weights, 6, 16)
    out = np.zeros((16, 128), np.uint16)
    kernel.launch(out, tensors.a2, moe.shuffle_weight_a16w4(tensors.w2),
                  moe.shuffle_scale_a16w4(tensors.scale2), routing.sorted_token_ids,
                  routing.expert_ids, routing.sorted_weights, routing.num_valid_ids, None,
                  8, 128, 96, len(routing.expert_ids), tokens=8, threads=1)
    return out.tobytes()


def crowd(work):
    """What each of the threads returns; they begin together."""
    results, start = [None] * THREADS, threading.Barrier(THREADS)

    def run(number):
        start.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def handlers():
    """As the system has them, where signal.getsignal() tells what Python thinks.
    Signals above 31 are the C library's own."""
    with open("/proc/self/status", encoding="ascii") as file:
        masks = [line.split() for line in file if line.startswith(("SigCgt", "SigIgn"))]
    return [(name, hex(int(mask, 16) & 0x7fffffff)) for name, mask in masks]


def main():
    tensors = Layer()
    before, python = handlers(), signal.getsignal(signal.SIGINT)
    alone = [compile_one(number) for number in range(len(KINDS))]
    results = [launch_one(kernel, tensors) for kernel in alone]
    assert any(results[0])

    def work(number):
        kernel = compile_one(number)
        again = moe.compile(source=kernel.mlir, chip=kernel.chip)
        return kernel.code, again.code, launch_one(kernel, tensors)

    for cache in (None, sys.argv[1]):
        moe.set_compile_cache(cache)
        for number, got in enumerate(crowd(work)):
            kind = number % len(KINDS)
            assert got == (alone[kind].code, alone[kind].code, results[kind]), number
    assert handlers() == before, (handlers(), before)
    assert signal.getsignal(signal.SIGINT) is python
    print(f"{THREADS} threads, {len(set(k.code for k in alone))} kernels: the same bytes")


main()
