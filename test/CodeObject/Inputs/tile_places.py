# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operands and launch files of tile-places.mlir, in the current folder."""

import array
import json
import random

r = random.Random(1)
open("w.bin", "wb").write(bytes(r.randrange(256) for _ in range(192 * 64)))
open("s.bin", "wb").write(bytes(r.randrange(110, 140) for _ in range(192 * 8)))
array.array("i", [1] * 64).tofile(open("ones.bin", "wb"))
array.array("i", [row if row < 14 else 99 for row in range(16)]).tofile(open("ids.bin", "wb"))
array.array("f", [0.0] * 16).tofile(open("weights.bin", "wb"))
array.array("f", [float(row < 14 and column >= 32) for row in range(20) for column in range(64)]).tofile(
    open("right.bin", "wb"))


def launch(name, args, threads, result, dtype):
    expect = {"arg": "out", "dtype": dtype, "file": result, "file_dtype": dtype, "rtol": 0, "atol": 0}
    json.dump({"code_object": name + ".hsaco", "kernel": "kernel", "grid": [1, 1, 1], "block": [threads, 1, 1],
               "args": args, "expect": expect}, open(name + ".json", "w"))


def buffer(file):
    return {"kind": "buffer", "file": file}


def out(size):
    return {"name": "out", "kind": "buffer", "size": size, "out": "out.bin"}


launch("scales", [buffer("w.bin"), buffer("s.bin"), out(256)], 64, "ones.bin", "i32")
launch("own", [buffer("w.bin"), out(256)], 64, "ones.bin", "i32")
launch("scatter", [out(20 * 64 * 4), buffer("ids.bin"), buffer("weights.bin")], 128, "right.bin", "f32")
