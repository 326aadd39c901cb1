# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The byte formulas of docs/Layouts.md against a second definition: the padded
row-major tensor reshaped and transposed, element by element.

check_layouts.py DOC
"""

import itertools
import pathlib
import re
import sys

import numpy as np


def formula(page, name):
    found = re.search(rf"^{re.escape(name)} *= (.+)$", page, re.M)
    if not found:
        sys.exit(f"expected a formula '{name}' in the page")
    return compile(found.group(1).replace("/", "//"), name, "eval")


def check(name, wanted, place):
    """`wanted` maps an element to where it stands, `place` is the page's value."""
    for element, position in wanted.items():
        got = place(*element)
        if got != position:
            sys.exit(f"{name}{element}: expected byte {position}, got {got}")
    print(f"{name}: {len(wanted)} elements agree")


def positions(shape, split, order):
    """Where element i of a tensor of `shape` ends up after it is split into
    `split` and transposed by `order`."""
    size = int(np.prod(shape))
    moved = np.arange(size).reshape(split).transpose(order).reshape(-1)
    place = np.empty(size, dtype=np.int64)
    place[moved] = np.arange(size)
    return place.reshape(shape)


def main():
    page = pathlib.Path(sys.argv[1]).read_text()
    experts, rows = 2, 64
    size_k = 288
    padded = 384
    weight = formula(page, "byte(e, n, k)")
    # Nibble pairs: [e, n, Kp/2] bytes, a run of 16 bytes is 32 K.
    place = positions((experts, rows, padded // 2),
                      (experts, rows // 16, 16, padded // 128, 4, 16), (0, 1, 3, 4, 2, 5))
    wanted = {(e, n, k): place[e, n, k // 2] for e, n, k in
              itertools.product(range(experts), range(rows), range(size_k))}
    check("weight", wanted, lambda e, n, k: eval(
        weight, {"r": e * rows + n, "k": k, "Kp": padded}))

    scales = 16  # 9 blocks of 32, rounded up to 8
    dword, byte = formula(page, "dword(e, n, s)"), formula(page, "byte in it")
    place = positions((experts, rows, scales),
                      (experts, rows // 32, 2, 16, scales // 8, 2, 4), (0, 1, 4, 6, 3, 5, 2))
    wanted = {(e, n, s): place[e, n, s] for e, n, s in
              itertools.product(range(experts), range(rows), range(size_k // 32))}
    names = lambda e, n, s: {"r": e * rows + n, "s": s, "Ks": scales}
    check("scale", wanted, lambda e, n, s: 4 * eval(dword, names(e, n, s))
          + eval(byte, names(e, n, s)))


if __name__ == "__main__":
    main()
