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


def inline(page, pattern):
    """The formula in backticks that the pattern finds."""
    found = re.search(pattern, page, re.S)
    if not found:
        sys.exit(f"expected a formula for {pattern} in the page")
    return compile(" ".join(found.group(1).split()).replace("/", "//"), pattern, "eval")


def check_numbering(page):
    """Every tile and slice has one workgroup, whatever the numbers."""
    remap = inline(page, r"the number becomes `([^`]*)`")
    first = inline(page, r"With first = ([^,]*), size")
    block, tile = inline(page, r"b = (first \+[^,]*), t"), inline(page, r", t = (place / size)\.")
    cases = 0
    for tiles_n, blocks, dies, group in itertools.product((1, 3, 4), (1, 5, 7, 16),
                                                          (1, 2, 3, 8), (1, 2, 4)):
        total = tiles_n * blocks
        numbers = [eval(remap, {"g": g, "X": dies, "each": total // dies,
                                "rest": total % dies, "min": min}) for g in range(total)]
        seen = set()
        for g in numbers:
            names = {"g": g, "tiles_n": tiles_n, "G": group}
            names["first"] = eval(first, names)
            names["size"] = min(blocks - names["first"], group)
            names["place"] = g % (tiles_n * group)
            seen.add((eval(block, names), eval(tile, names)))
        if seen != set(itertools.product(range(blocks), range(tiles_n))):
            sys.exit(f"{tiles_n} x {blocks}, xcd {dies}, group_m {group}: not every tile")
        cases += 1
    runs = [inline(page, r"slice i starts at tile `([^`]*)`"),
            inline(page, r"group i starts at tile `([^`]*)`")]
    for tiles, parts, last in itertools.product(range(1, 30), range(1, 6), (0, 1)):
        if parts > tiles:
            continue
        run = [eval(runs[last], {"i": i, "T": tiles, "P": parts, "min": min, "max": max})
               for i in range(parts + 1)]
        sizes = [b - a for a, b in zip(run, run[1:])]
        ordered = sorted(sizes, reverse=not last)
        uneven = abs(sizes[0] - sizes[-1]) > 1
        if run[0] != 0 or run[-1] != tiles or sizes != ordered or uneven:
            sys.exit(f"{tiles} tiles in {parts} parts: got starts {run}")
        cases += 1
    print(f"numbering: {cases} cases agree")


def main():
    # Outside of code a product is written 2\*n.
    page = pathlib.Path(sys.argv[1]).read_text().replace("\\*", "*")
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
    check_numbering(page)


if __name__ == "__main__":
    main()
