# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Launch files and buffers for the kernel of waits.test, in the current folder.

make_launch.py KERNEL NAME...: NAME.json launches NAME.hsaco
"""

import json
import sys

import numpy as np

SIZE_K, SIZE_N, EXPERTS, TOKENS = 2560, 128, 2, 16


def main():
    rng = np.random.default_rng(1)
    arrays = {
        "x": rng.integers(0x3F00, 0x3FFF, (TOKENS, SIZE_K), dtype=np.uint16),
        "w": rng.integers(0, 256, EXPERTS * SIZE_N * SIZE_K // 2, dtype=np.uint8),
        "scale": rng.integers(120, 130, EXPERTS * SIZE_N * SIZE_K // 32, dtype=np.uint8),
        "ids": np.arange(TOKENS, dtype=np.int32),
        "experts": np.zeros(1, np.int32),
        "weights": np.ones(TOKENS, np.float32),
        "num_valid": np.array([TOKENS, TOKENS], np.int32),
    }
    arguments = [{"name": "out", "kind": "buffer", "size": TOKENS * SIZE_N * 2, "fill": 0}]
    for name, array in arrays.items():
        array.tofile(name + ".bin")
        arguments.append({"name": name, "kind": "buffer", "file": name + ".bin"})
    arguments.append({"name": "bias", "kind": "buffer", "size": 16, "fill": 0})
    arguments += [{"kind": "i32", "value": value} for value in (TOKENS, SIZE_N, SIZE_K, 1)]
    for name in sys.argv[2:]:
        with open(name + ".json", "w") as file:
            json.dump({"code_object": name + ".hsaco", "kernel": sys.argv[1],
                       "grid": [1, 1, 1], "block": [256, 1, 1], "args": arguments}, file)


if __name__ == "__main__":
    main()
