#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MGPUSim's code objects for gfx942 against NumPy, for whoever has them.

check_mgpusim.py FOLDER [--moe-run PROGRAM] [--only WORD]

FOLDER is a checkout of https://github.com/sarchlab/mgpusim. Its OpenCL benchmarks come as
relocatable code objects that AMD's compiler made (kernels_gfx942.hsaco and others); each
kernel of the list runs in the emulator under all sanitizers, with data whose results are
exact in f32, and is compared with what NumPy says its source computes. Exit code 1: a
result differs, or a run ends in an error or a report.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

BENCH = pathlib.Path("amd/benchmarks")
F32, I32, U32 = np.float32, np.int32, np.uint32


class Kernel:
    """Launches one kernel of an object; arrays among the arguments are buffers, which
    change in place."""

    def __init__(self, moe_run, path, name):
        self.moe_run, self.path, self.name = moe_run, path, name

    def __call__(self, threads, *arguments, block=(64, 1, 1)):
        grid = [(int(count) + size - 1) // size for count, size in
                zip((*np.atleast_1d(threads), 1, 1), block)]
        with tempfile.TemporaryDirectory() as place:
            folder, listed = pathlib.Path(place), []
            for number, value in enumerate(arguments):
                entry = {"name": f"a{number}"}
                if isinstance(value, np.ndarray) and value.ndim:
                    np.ascontiguousarray(value).tofile(folder / f"{number}.bin")
                    entry |= {"kind": "buffer", "file": f"{number}.bin", "out": f"{number}.bin"}
                elif isinstance(value, tuple):  # uint2, two of 32 bits
                    entry |= {"kind": "bytes", "hex": np.array(value, U32).tobytes().hex()}
                else:
                    entry |= {"kind": "f32" if isinstance(value, float) else "i32",
                              "value": value}
                listed.append(entry)
            launch = {"code_object": str(self.path), "chip": "gfx942", "kernel": self.name,
                      "grid": grid, "block": list(block), "args": listed}
            (folder / "launch.json").write_text(json.dumps(launch))
            run = subprocess.run([self.moe_run, "launch", folder / "launch.json", "--sanitize",
                                  "all"], capture_output=True, text=True, check=False)
            if run.returncode:
                raise RuntimeError(run.stderr.strip() or run.stdout.strip())
            for number, value in enumerate(arguments):
                if isinstance(value, np.ndarray) and value.ndim:
                    value[...] = np.fromfile(folder / f"{number}.bin", value.dtype).reshape(
                        value.shape)


def small(rng, *shape):
    """Integers as f32: sums and products of them are exact."""
    return rng.integers(-8, 9, shape).astype(F32)


def fir(run, rng):
    data, taps, history, out = small(rng, 200), small(rng, 16), small(rng, 17), np.zeros(192, F32)
    run(192, out, taps, data, history, 16)
    return out, np.array([sum(taps[i] * (data[t - i] if t >= i else history[16 - (i - t)])
                              for i in range(16)) for t in range(192)], F32)


def bitonic_sort(run, rng):
    values = rng.integers(0, 1 << 32, 256, np.uint64).astype(U32)
    want = np.sort(values)
    for stage in range(8):
        for step in range(stage + 1):
            run(128, values, stage, step, 1)
    return values, want


def walsh(run, rng):
    values = small(rng, 256)
    matrix = np.ones((1, 1))
    while len(matrix) < 256:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    want = (matrix @ values).astype(F32)
    for bit in range(8):
        run(128, values, 1 << bit)
    return values, want


def floyd(run, rng):
    distance = rng.integers(1, 100, (16, 16)).astype(U32)
    np.fill_diagonal(distance, 0)
    want, path = distance.astype(np.int64), np.zeros((16, 16), U32)
    for node in range(16):
        want = np.minimum(want, want[:, node:node + 1] + want[node:node + 1])
        run((16, 16), distance, path, 16, node, block=(16, 4, 1))
    return distance, want.astype(U32)


def convolution(run, rng):
    image = rng.integers(0, 50, (18, 34)).astype(U32)
    mask, out = small(rng, 3, 3), np.zeros((16, 32), I32)
    run(512, image, mask, out, 32, 16, 3, 3, 34)
    want = sum(mask[j, i] * image[j:j + 16, i:i + 32].astype(np.float64)
               for j in range(3) for i in range(3))
    return out, np.trunc(want + 0.5).astype(I32)


def relu(run, rng):
    values, out = small(rng, 100), np.full(128, 7, F32)
    run(128, 100, values, out)
    return out, np.concatenate([np.maximum(values, 0), np.full(28, 7)]).astype(F32)


def kmeans(run, rng):
    points, centres, out = small(rng, 4, 100), small(rng, 5, 4), np.zeros(100, I32)
    run(100, points, centres, out, 100, 5, 4, 0, 0)
    distance = ((points.T[:, None] - centres[None]) ** 2).sum(axis=2)
    return out, distance.argmin(axis=1).astype(I32)


def kmeans_swap(run, rng):
    points, out = small(rng, 100, 4), np.zeros((4, 100), F32)
    run(100, points, out, 100, 4)
    return out, points.T


def product_rows(run, rng):
    matrix, vector, out = small(rng, 60, 40), small(rng, 40), small(rng, 60)
    start = out.copy()
    run(60, matrix, vector, out, 60, 40)
    return out, (matrix @ vector + (start if "atax" in run.name else 0)).astype(F32)


def product_columns(run, rng):
    matrix, vector, out = small(rng, 60, 40), small(rng, 60), small(rng, 40)
    start = out.copy()
    arguments = (out, vector) if "atax" in run.name else (vector, out)
    run(40, matrix, *arguments, 60, 40)
    return out, (vector @ matrix + (start if "atax" in run.name else 0)).astype(F32)


def sparse_rows(run, rng):
    counts = rng.integers(0, 9, 70)
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(I32)
    values, vector = small(rng, ends[-1]), small(rng, 50)
    columns, out = rng.integers(0, 50, ends[-1]).astype(I32), np.zeros(70, F32)
    run(70, values, vector, columns, ends, 70, out)
    return out, np.array([(values[a:b] * vector[columns[a:b]]).sum()
                          for a, b in zip(ends, ends[1:])], F32)


def entropy(run, rng):
    values, label = (2.0 ** rng.integers(-3, 4, (8, 16))).astype(F32), rng.integers(
        0, 16, 8).astype(I32)
    out, here = np.zeros((8, 16), F32), np.arange(16) == label[:, None]
    run(128, out, values, label, 8, 16)
    if run.name.startswith("softmax"):
        return out, np.where(here, values - 1, values)
    return out, np.where(here, -1 / values, 0).astype(F32)


def pooling(run, rng):
    images, out = small(rng, 2, 4, 8, 8), np.zeros((2, 4, 4, 4), F32)
    split = images.reshape(2, 4, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(2, 4, 4, 4, 4)
    shape = (2, 4, 8, 8, 4, 4, 2, 2, 2, 2, 0, 0)
    if run.name == "AvgPoolForward":
        run(128, 128, images, *shape, out)
        return out, split.sum(axis=-1) / 4
    run(128, 128, images, *shape, out, np.zeros(128, I32))
    return out, np.maximum(split.max(axis=-1), -1)


def columns_of_images(run, rng):
    images, out = small(rng, 2, 3, 6, 6), np.zeros((27, 2 * 16), F32)
    run(32, images, out, (6, 6), (3, 3), (1, 1), (0, 0), (1, 1), 3, 2)
    want = np.stack([[images[b, c, y + j, x + i] for b in range(2) for y in range(4)
                      for x in range(4)] for c in range(3) for j in range(3) for i in range(3)])
    return out, want.astype(F32)


def gemm(run, rng):
    a, b, c, d = small(rng, 32, 24), small(rng, 24, 48), small(rng, 32, 48), np.zeros((32, 48),
                                                                                     F32)
    run((48, 32), 32, 48, 24, 2.0, 3.0, a, b, c, d, block=(16, 16, 1))
    return d, 2 * (a @ b) + 3 * c


def repeat(run, rng):
    values, out = small(rng, 40), np.zeros(128, F32)
    run(128, out, values, 40, 128)
    return out, np.resize(values, 128)


def transpose(run, rng):
    values, out = small(rng, 4, 8, 4), np.zeros((4, 4, 8), F32)
    order = np.array([2, 0, 1], I32)
    run(128, values, out, np.array(values.shape, I32), np.array(out.shape, I32), order,
        np.zeros(384, I32), np.zeros(384, I32), 3)
    return out, values.transpose(2, 0, 1)


def divide(run, rng):
    values, sums, out = small(rng, 8, 16), (2.0 ** np.arange(8)).astype(F32), np.zeros((8, 16),
                                                                                      F32)
    run(128, values, out, sums, 128, 8)
    return out, values / sums[:, None]


KERNELS = [
    ("heteromark/fir/kernels", "FIR", fir),
    ("heteromark/kmeans/kernels", "kmeans_kernel_compute", kmeans),
    ("heteromark/kmeans/kernels", "kmeans_kernel_swap", kmeans_swap),
    ("amdappsdk/bitonicsort/kernels", "BitonicSort", bitonic_sort),
    ("amdappsdk/fastwalshtransform/kernels", "fastWalshTransform", walsh),
    ("amdappsdk/floydwarshall/kernels", "floydWarshallPass", floyd),
    ("amdappsdk/simpleconvolution/kernels", "simpleNonSeparableConvolution", convolution),
    ("dnn/layer_benchmarks/relu/kernels", "ReLUForward", relu),
    ("polybench/atax/kernels", "atax_kernel1", product_rows),
    ("polybench/atax/kernels", "atax_kernel2", product_columns),
    ("polybench/bicg/kernels", "bicgKernel1", product_rows),
    ("polybench/bicg/kernels", "bicgKernel2", product_columns),
    ("shoc/spmv/kernels", "spmv_csr_scalar_kernel", sparse_rows),
    ("dnn/gputensor/cross_entropy", "cross_entropy_derivative", entropy),
    ("dnn/gputensor/cross_entropy", "softmax_cross_entropy_derivative", entropy),
    ("dnn/gputensor/avgpooling", "AvgPoolForward", pooling),
    ("dnn/gputensor/maxpooling", "MaxPoolForward", pooling),
    ("dnn/gputensor/im2col", "im2col", columns_of_images),
    ("dnn/gputensor/gemm", "gemm", gemm),
    ("dnn/gputensor/repeat", "repeat", repeat),
    ("dnn/gputensor/operator", "transpose_tensor", transpose),
    ("dnn/gputensor/operator", "softmax_div", divide),
]


def main():
    parser = argparse.ArgumentParser(description="MGPUSim's gfx942 objects against NumPy")
    parser.add_argument("folder", type=pathlib.Path)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--moe-run", default=str(root / "build/bin/moe-run"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    right = tried = 0
    for path, name, check in KERNELS:
        if options.only not in f"{path} {name}":
            continue
        kernel = Kernel(options.moe_run,
                        (options.folder / BENCH / f"{path}_gfx942.hsaco").resolve(), name)
        tried += 1
        try:
            got, want = check(kernel, np.random.default_rng(tried))
            wrong = int((got != want).sum())
            text = f"{wrong} of {got.size} elements differ"
        except RuntimeError as error:
            wrong, text = 1, str(error)
        right += wrong == 0
        print(f"{path} {name}: {text}", flush=True)
    print(f"{right} of {tried} kernels right")
    return 0 if right == tried else 1


if __name__ == "__main__":
    sys.exit(main())
