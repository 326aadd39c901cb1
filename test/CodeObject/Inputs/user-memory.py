# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""user-memory.py CHIP

Compiles and runs the kernels of user-memory.mlir, one a file, and compares what
they write.
"""

import math
import subprocess
import sys

from kernel_launch import launch

CHIP = sys.argv[1]


def run(kernel, threads, arguments, outputs):
    """outputs: what argument number n must hold afterwards."""
    source = f"{kernel}.scf.mlir"
    subprocess.run(["moe-opt", f"{kernel}.mlir", "--convert-vector-to-scf", "-o", source],
                   check=True)
    got = launch(kernel, source, CHIP, threads, arguments)
    for number, expected in outputs.items():
        if list(got[number]) != expected:
            sys.exit(f"{kernel}: expected argument {number} to be {expected}, "
                     f"got {list(got[number])}")


X = [float(i) for i in range(48)]

masks = X[:5] + [-1.0] * 3 + X[8:13] + [-1.0] * 3 + X[:8] + X[:5] + [-1.0] * 11
run("masks", 1, [("f", X), ("f", [0.0] * 48)], {1: masks + [0.0] * 8})

rows, columns, stride = 2, 3, 2
copied = [0.0] * 48
for i in range(rows):
    for j in range(columns):
        copied[(1 + 2 * i) * 8 + 2 + j] = X[(rows + i) * 8 + columns + stride * j]
copied[0] = X[rows * 8 + columns]
run("copies", 1, [("f", X), ("f", [0.0] * 48), ("f", [0.0] * 8), ("q", [rows, columns, stride])],
    {1: copied, 2: X[28:32] + X[36:40]})

own = [float(i) for i in range(64)]
run("stack", 64, [("f", own), ("f", [0.0] * 64)],
    {1: [(i + i % 8) + (i + i % 8) ** 2.0 for i in range(64)]})

run("transfers", 1, [("f", X), ("f", [0.0] * 15)],
    {1: X[37:40] + [-1.0] * 2 + X[45:48] + [-1.0] * 7})

V = [-2.5, -0.5, 0.0, 0.25, 1.0, 3.75, 10.5, -20.0]
down = [float(math.floor(v)) for v in V]
powers = [2.0 ** v for v in down]
run("maths", 1, [("f", V), ("f", [0.0] * 48)],
    {1: down + [float(math.ceil(v)) for v in V] + powers + down + [1 / p for p in powers] + powers})
