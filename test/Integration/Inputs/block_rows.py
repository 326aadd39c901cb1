# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two blocks with the same experts for moe-run block --data, the second with
three of the first one's tokens; and whether their outputs have the same bits.

    block_rows.py write ALL FEW
    block_rows.py compare ALL.npy FEW.npy
"""
import pathlib
import sys

import numpy as np

T, E, H, I = 64, 5, 288, 320
TOKENS = [7, 41, 63]


def write(every, few):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((T, H)).astype(np.float32).view(np.uint32) >> 16
    tensors = {"x": x.astype(np.uint16),
               "logits": rng.standard_normal((T, E)).astype(np.float32),
               "w13": rng.integers(0, 256, (E, 2 * I, H // 2), np.uint8),
               "scale13": rng.integers(117, 125, (E, 2 * I, H // 32), np.uint8),
               "w2": rng.integers(0, 256, (E, H, I // 2), np.uint8),
               "scale2": rng.integers(117, 125, (E, H, I // 32), np.uint8)}
    for folder, rows in ((every, slice(None)), (few, TOKENS)):
        folder.mkdir()
        for name, values in tensors.items():
            np.save(folder / f"{name}.npy", values[rows] if name in ("x", "logits") else values)


def compare(every, few):
    a, b = np.load(every), np.load(few)
    a = a[TOKENS] if len(b) == len(TOKENS) else a
    different = int((a != b).sum())
    print(f"{different} of {b.size} elements differ")
    sys.exit(different != 0)


if __name__ == "__main__":
    {"write": write, "compare": compare}[sys.argv[1]](*map(pathlib.Path, sys.argv[2:]))
