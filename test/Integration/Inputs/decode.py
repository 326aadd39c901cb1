# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""decode.py CHIP DIR: every scale byte with every code through a whole kernel, by
`moe-run gemm2`, against 2^(byte - 127) times the table of E2M1, bit by bit.

Row n of the weights has scale byte n. Token t picks one K by a one-hot row of x,
so out[t, n] is one decoded weight. Where a decoded weight is not finite the other
products would be NaN: bytes from 253 on get rows of one code each, and rows of x
of ones."""

import os
import subprocess
import sys

import numpy as np

CHIP, DIR = sys.argv[1], sys.argv[2]
TABLE = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
VALUES = np.concatenate([TABLE, -TABLE])


def run(name, x, codes, scale):
    """out[t, n] = sum over k of x[t, k] * decoded[n, k], as f32."""
    path = os.path.join(DIR, name)
    os.makedirs(path)
    tokens = len(x)
    arrays = {
        "x": (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16),
        "w": (codes[None, :, 0::2] | codes[None, :, 1::2] << 4).astype(np.uint8),
        "scale": scale[None].astype(np.uint8),
        "topk_ids": np.zeros((tokens, 1), np.int32),
        "topk_weights": np.ones((tokens, 1), np.float32),
    }
    for key, array in arrays.items():
        np.save(os.path.join(path, key + ".npy"), array)
    out = os.path.join(path, "out.npy")
    subprocess.run(["moe-run", "gemm2", "--data", path, "--out", out, "--chip", CHIP,
                    "--tile", "16x128x128", "--out-type", "f32", "--no-accumulate",
                    "--no-weight", "--sanitize", "all"],
                   check=True, stdout=subprocess.DEVNULL)
    return np.load(out)


# Finite: 16 codes twice, a scale byte each row, three rows twice to fill 256.
scale = np.minimum(np.arange(256), 252)
codes = np.tile(np.arange(32) % 16, (256, 1))
got = run("finite", np.eye(32), codes, scale[:, None])
want = VALUES[np.arange(32) % 16][:, None] * 2.0 ** (scale - 127.0)[None]
assert (got == want.astype(np.float32)).all(), np.argwhere(got != want)[:5]

# Row n = 32 * i + 16 * j + code for bytes 253, 254, 255.
n = np.arange(96)
codes = np.tile((n % 16)[:, None], (1, 32))
scale = np.array([253, 254, 255])[n // 32]
got = run("overflow", np.ones((1, 32)), codes, scale[:, None])[0]
with np.errstate(over="ignore"):
    want = (32 * VALUES[n % 16] * 2.0 ** (scale - 127.0)).astype(np.float32)
want[scale == 255] = np.nan
assert (np.isnan(want) == np.isnan(got)).all(), (want, got)
assert ((want == got) | np.isnan(want)).all(), (want, got)
print("all bytes, all codes")
