# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""quantize_data.py make|check DIR: bf16 weights, and whether codes and scales are
what OCP Microscaling Formats v1.0 makes of them, by NumPy alone."""

import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[2])
VALUES = np.array([0, .5, 1, 1.5, 2, 3, 4, 6])
if sys.argv[1] == "make":
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((2, 64, 96)) * np.exp2(rng.integers(-60, 60, (2, 64, 1)))).astype(np.float32)
    x[0, 0, :32] = 0
    x[0, 1, :32] = np.repeat(VALUES, 4) * np.tile([1, -1], 16)
    x[0, 2, :32] = np.tile([.25, .75, 1.25, 1.75, 2.5, 3.5, 5, 6], 4)  # midpoints
    np.save(folder / "x.npy", (x.view(np.uint32) >> 16).astype(np.uint16))
    sys.exit()
bits = np.load(folder / "x.npy").astype(np.uint32) << 16
blocks = bits.view(np.float32).astype(np.float64).reshape(-1, 32)
largest = np.abs(blocks).max(axis=1)
exponent = np.floor(np.log2(np.where(largest == 0, 1, largest)))
scales = np.where(largest == 0, 0, np.clip(exponent - 2 + 127, 0, 254)).astype(np.uint8)
np.testing.assert_array_equal(np.load(folder / "scales.npy"), scales)
ratio = blocks / np.exp2(scales.astype(np.float64) - 127)[:, None]
distance = np.abs(np.abs(ratio)[..., None] - VALUES)
nearest = distance == distance.min(axis=-1, keepdims=True)
# Of two that are as near the even code.
code = np.where(nearest.sum(axis=-1) == 1, nearest.argmax(axis=-1),
                (nearest * (np.arange(8) % 2 == 0)).argmax(axis=-1))
code |= np.where(np.signbit(ratio), 8, 0)
np.testing.assert_array_equal(np.load(folder / "codes.npy"),
                              (code[:, ::2] | code[:, 1::2] << 4).astype(np.uint8).ravel())
