# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a kernel of spin.cl and compares what it leaves with what it must."""
import json
import os
import struct
import subprocess
import sys

WANT = {
    "grid_barrier": lambda n: [g * 100 + l for g in range(n) for l in range(64)]
    + [(g + 1) % n * 100 + l for g in range(n) for l in range(64)],
    "chain": lambda n: [n - g + l for g in range(n) for l in range(64)] + [0] * (64 * n),
    "lock": lambda n: [g + 1 if l == 0 else 0 for g in range(n) for l in range(64)] + [0] * (64 * n),
    "forever": lambda n: [],
}


def main():
    moe_run, code_object, kernel, groups, out = sys.argv[1:6]
    n = int(groups)
    launch = {"code_object": os.path.abspath(code_object), "kernel": kernel, "grid": [n, 1, 1], "block": [64, 1, 1], "dynamic_lds": 0,
              "args": [{"name": "flag", "kind": "buffer", "size": 4 * n + 4, "fill": 0},
                       {"name": "out", "kind": "buffer", "size": 512 * n, "fill": 0, "out": os.path.abspath(out + ".bin")},
                       {"name": "groups", "kind": "i32", "value": n}]}
    with open(out + ".json", "w") as f:
        json.dump(launch, f)
    done = subprocess.run([moe_run, "launch", out + ".json"] + sys.argv[6:], stderr=subprocess.PIPE, text=True)
    sys.stdout.write(done.stderr)
    if done.returncode:
        sys.exit(done.returncode)
    with open(out + ".bin", "rb") as f:
        got = struct.unpack(f"<{128 * n}i", f.read())
    if list(got) != WANT[kernel](n):
        sys.exit("wrong: " + str([(k, g, w) for k, (g, w) in enumerate(zip(got, WANT[kernel](n))) if g != w][:5]))
    print(kernel, "right")


if __name__ == "__main__":
    main()
