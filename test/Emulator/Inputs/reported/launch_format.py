# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# launch_format.py OBJECT [CHIP | mistakes]: launches the kernels of
# launch_format.cl in every way that a launch file knows, or prints exit code and
# message of files with one mistake each. LAUNCH_FLAGS: flags of moe-run launch.
import json
import os
import struct
import subprocess
import sys

LANES = 16
X, Y = [3 * i for i in range(LANES)], [100 + i for i in range(LANES)]


def raw(numbers):
    return struct.pack(f"<{len(numbers)}i", *numbers).hex()


def launch(kernel, args, buffers=(), chip="", name="run.json"):
    text = {"code_object": sys.argv[1], "kernel": kernel, "grid": [1, 1, 1], "block": [LANES, 1, 1],
            "args": args, "buffers": list(buffers)}
    if chip:
        text["chip"] = chip
    json.dump(text, open(name, "w"))
    return subprocess.run(["moe-run", "launch", name, *os.environ.get("LAUNCH_FLAGS", "").split()],
                          capture_output=True, text=True)


def check(what, kernel, args, expected, buffers=(), size=4 * LANES):
    done = launch(kernel, args, buffers, "".join(sys.argv[2:]))
    got = list(struct.unpack(f"<{size // 4}i", open("out.bin", "rb").read())) if done.returncode == 0 else done.stderr
    print(f"{what}: {'right' if got == expected else got}")


def good():
    x = {"name": "x", "kind": "buffer", "hex": raw(X)}
    y = {"name": "y", "kind": "buffer", "hex": raw(Y)}
    out = {"name": "out", "kind": "buffer", "size": 4 * LANES, "out": "out.bin"}
    n = {"name": "n", "kind": "i32", "value": LANES}
    both = [a + b for a, b in zip(X, Y)]
    nameless = [{k: v for k, v in arg.items() if k != "name"} for arg in (x, y, out, n)]
    check("position", "sum", nameless, both)
    check("names, the rest zero", "sum", [out, y, x], [-1] * LANES)
    check("offsets", "sum", [{**n, "name": "count", "offset": 24}, {**out, "offset": 16},
                             {**x, "name": "first", "offset": 0}, {**y, "offset": 8}], both)
    pointers = [{"offset": 0, "buffer": "x"}, {"offset": 8, "buffer": "y"}, {"offset": 16, "buffer": "o"}]
    blob = {"kind": "bytes", "offset": 0, "hex": "00" * 24 + struct.pack("<i", 9).hex(), "pointers": pointers}
    check("one blob with pointers", "sum", [blob], both[:9] + [-1] * (LANES - 9), [x, y, {**out, "name": "o"}])
    table = {"name": "p", "kind": "buffer", "size": 16, "pointers": [
        {"offset": 8, "buffer": "y"}, {"offset": 0, "buffer": "x", "plus": 4}]}
    longer = {**x, "hex": raw([7] + X)}
    check("pointers inside a buffer", "table", [table, out], both, [longer, y])
    # y is the second half of the buffer of x, and out overwrites the first.
    shared = {"name": "x", "kind": "buffer", "hex": raw(X + Y), "out": "out.bin"}
    check("shared and from the middle", "sum",
          [shared, {"name": "y", "kind": "buffer", "of": "x", "plus": 4 * LANES},
           {"name": "out", "kind": "buffer", "of": "x"}, n], both + Y, size=8 * LANES)


def mistakes():
    x = {"name": "x", "kind": "buffer", "size": 64}

    def show(*args, **more):
        done = launch("sum", list(args), name="bad.json", **more)
        print(f"{done.returncode}: {done.stderr.strip()}")

    show({"kind": "bytes", "hex": "123"})
    show({"kind": "bytes"})
    show({"kind": "bytes", "hex": "00" * 8, "pointers": [{"offset": 1, "buffer": "x"}]})
    show({"kind": "bytes", "hex": "00" * 8, "pointers": [{"offset": 0, "buffer": "nobody"}]})
    show(x, {"name": "y", "kind": "buffer", "of": "x", "plus": -4})
    show(x, {"name": "y", "kind": "buffer", "of": "x", "plus": 65})
    show(x, {"name": "y", "kind": "buffer", "of": "x", "size": 4})
    show({**x, "name": "z"})
    show(x, {**x, "name": "again", "offset": 0})
    show({"kind": "i33"})
    show({**x, "name": "n"})
    show({"kind": "buffer", "size": 4, "offset": 4096})
    show(buffers=[{"kind": "buffer", "size": 4}])
    show(x, chip="gfx942")


mistakes() if sys.argv[2:] == ["mistakes"] else good()
