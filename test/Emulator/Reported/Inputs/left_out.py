# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""left_out.py OBJECT: launches of `sum` without its last value, and with all
arguments in one piece."""

import json
import sys

buffers = [{"name": name, "kind": "buffer", "size": 64} for name in ("x", "y", "out")]
pointers = [{"offset": 8 * i, "buffer": buffer["name"]} for i, buffer in enumerate(buffers)]
files = {
    "value.json": {"args": buffers},
    "blob.json": {"args": [{"kind": "bytes", "offset": 0, "hex": "00" * 28, "pointers": pointers}],
                  "buffers": buffers},
}
for name, text in files.items():
    with open(name, "w", encoding="utf-8") as file:
        json.dump({"code_object": sys.argv[1], "kernel": "sum", "grid": [1, 1, 1],
                   "block": [16, 1, 1], **text}, file)
