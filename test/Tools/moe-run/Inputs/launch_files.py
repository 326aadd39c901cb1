# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""launch_files.py DIR: launch files around DIR/add.hsaco, some good, some with
one thing wrong, and the little arrays they name."""

import json
import os
import sys

import numpy as np

folder = sys.argv[1]
x = np.arange(128, dtype=np.int32)
x.tofile(os.path.join(folder, "x.bin"))
(x + 1000).astype(np.float32).tofile(os.path.join(folder, "y.ref.bin"))
wrong = (x + 1000).astype(np.float32)
wrong[[5, 77]] += [1, 40]
wrong.tofile(os.path.join(folder, "wrong.ref.bin"))


def write(name, args=None, **changes):
    launch = {
        "code_object": "add.hsaco", "kernel": "add",
        "grid": [2, 1, 1], "block": [64, 1, 1],
        "args": args or [
            {"name": "x", "kind": "buffer", "file": "x.bin"},
            {"name": "y", "kind": "buffer", "size": 512, "fill": 255,
             "out": name + ".y.bin"},
            {"name": "n", "kind": "i32", "value": 1000}],
        "expect": {"arg": "y", "dtype": "i32", "file": "y.ref.bin",
                   "file_dtype": "f32"},
    }
    launch.update(changes)
    launch = {key: value for key, value in launch.items() if value is not None}
    launch["args"] = [{key: value for key, value in arg.items() if value is not None}
                      for arg in launch["args"]]
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
        json.dump(launch, f)


buffers = [{"name": "x", "kind": "buffer", "file": "x.bin"},
           {"name": "y", "kind": "buffer", "size": 512, "out": "never.bin"}]
number = {"kind": "i32", "value": 1000}
write("good")
write("half", grid=[1, 1, 1])
write("wrong", expect={"arg": "y", "dtype": "i32", "file": "wrong.ref.bin",
                       "file_dtype": "f32", "atol": 2})
write("fewer", args=buffers, expect=None)
write("more", args=[*buffers, number, number], expect=None)
write("width", args=[*buffers, {"kind": "i64", "value": 1000}], expect=None)
write("bounds", args=[*buffers, number], grid=[3, 1, 1], expect=None)
write("kernel", args=[*buffers, number], kernel="sub", expect=None)
write("block", args=[*buffers, number], block=[128, 1, 1], expect=None)
write("empty", args=[*buffers, number], grid=[0, 1, 1], expect=None)
write("items", args=[*buffers, number], grid=[1 << 26, 1, 1], expect=None)
write("twice", args=[buffers[0], {**buffers[1], "name": "x", "offset": 8}, number], expect=None)
write("overwritten", args=[{**buffers[0], "out": "never.bin"}, buffers[1], number], expect=None)
# The same file by another name.
write("spelled", args=[{**buffers[0], "out": "never.bin"}, {**buffers[1], "out": "./never.bin"},
                       number], expect=None)
write("plus", args=[{**buffers[0], "plus": 4}, {**buffers[1], "out": None}, number], expect=None)
write("unplaced", args=[buffers[0], {**buffers[1], "out": None}, number], expect=None,
      buffers=[{"name": "z", "kind": "buffer", "size": 8, "offset": 3}])
unnamed = [{key: value for key, value in buffer.items() if key not in ("name", "out")}
           for buffer in buffers]
write("unnamed", args=[*unnamed, number], expect={"arg": "", "dtype": "i32", "file": "y.ref.bin"})
write("of", args=[unnamed[0], {"kind": "buffer", "of": ""}, number], expect=None)
write("apart", args=[{**buffers[0], "pointers": [{"offset": at, "buffer": "y"} for at in (8, 4)]},
                     buffers[1], number], expect=None)
write("nul-code", code_object="add.hsaco\0zz", expect=None)
write("nul-file", args=[{**buffers[0], "file": "x.bin\0zz"}, buffers[1], number], expect=None)
write("nul-out", args=[buffers[0], {**buffers[1], "out": "never.bin\0zz"}, number], expect=None)
write("nul-expect", args=[*buffers, number],
      expect={"arg": "y", "dtype": "i32", "file": "y.ref.bin\0zz", "file_dtype": "f32"})
write("nochip", chip="", expect=None)
write("otherchip", chip="gfx942", expect=None)
with open(os.path.join(folder, "good.json"), encoding="utf-8") as f:
    text = f.read()
with open(os.path.join(folder, "key.json"), "w", encoding="utf-8") as f:
    f.write(text.replace('"block"', '"grid": [1, 1, 1], "block"'))
