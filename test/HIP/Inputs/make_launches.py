# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes launch files of kernels.cl, their inputs and references: FOLDER"""

import array
import json
import pathlib
import sys

BLOCK, BLOCKS = 256, 4
COUNT = BLOCK * BLOCKS


def main():
    folder = pathlib.Path(sys.argv[1])

    def write(name, floats):
        (folder / name).write_bytes(array.array("f", floats).tobytes())

    def launch(name, **changes):
        content = {
            "code_object": "k.hsaco", "kernel": "reverse", "grid": [BLOCKS, 1, 1],
            "block": [BLOCK, 1, 1],
            "args": [{"name": "out", "kind": "buffer", "size": 4 * COUNT, "out": "full.out.bin"},
                     {"name": "in", "kind": "buffer", "file": "in.bin"},
                     {"kind": "f32", "value": 2}],
        }
        content.update(changes)
        (folder / name).write_text(json.dumps(content))
        return content

    write("in.bin", range(COUNT))
    good = [2 * (i // BLOCK * BLOCK + BLOCK - 1 - i % BLOCK) for i in range(COUNT)]
    write("good.bin", good)
    write("wrong.bin", [good[0] + 1] + good[1:])
    expect = {"arg": "out", "dtype": "f32"}
    full = launch("full.json", expect={**expect, "file": "good.bin"})
    launch("wrong.json", expect={**expect, "file": "wrong.bin"})
    launch("half.json", grid=[BLOCKS // 2, 1, 1])
    launch("racy.json", code_object="racy.hsaco")
    launch("kernel.json", kernel="other")
    launch("arguments.json", args=full["args"] + [{"kind": "i32", "value": 1}])
    (folder / "one.bin").write_bytes(array.array("i", [64 + 5]).tobytes())
    (folder / "five.bin").write_bytes(array.array("i", [5]).tobytes())
    launch("add.json", kernel="add", grid=[1, 1, 1], block=[64, 1, 1],
           args=[{"name": "sum", "kind": "buffer", "file": "five.bin"}],
           expect={"arg": "sum", "dtype": "i32", "file": "one.bin"})


main()
