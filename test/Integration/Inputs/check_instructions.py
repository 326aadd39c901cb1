# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what count_instructions.py --json says against bounds.

check_instructions.py FILE
"""

import json
import pathlib
import sys

# Instructions of one 16x16x32, by chip, tile and flags.
BOUNDS = {
    ("gfx942", "16x128x256"): 22.6,
    ("gfx942", "32x128x256"): 12.6,
    ("gfx942", "64x128x128"): 7.7,
    ("gfx942", "64x256x128"): 6.7,
    ("gfx942", "128x128x128"): 5.1,
    ("gfx950", "16x256x256"): 6.6,
    ("gfx950", "32x256x256"): 3.8,
    ("gfx950", "64x256x128"): 2.5,
    ("gfx950", "128x256x128"): 1.8,
    ("gfx950", "128x256x128:--waves=8"): 2.1,
}


def main():
    kernels = json.loads(pathlib.Path(sys.argv[1]).read_text())["kernels"]
    for kernel in kernels:
        key = (kernel["chip"], kernel["name"].removeprefix("ours "))
        if kernel["insts"] > BOUNDS[key]:
            sys.exit(f"{key}: expected at most {BOUNDS[key]} instructions, got {kernel['insts']:.2f}")
        if kernel["spills"] or kernel["scratch"]:
            sys.exit(f"{key}: expected no spills and no scratch, got {kernel['spills']} and "
                     f"{kernel['scratch']}")
    if len(kernels) != len(BOUNDS):
        sys.exit(f"expected {len(BOUNDS)} kernels, got {len(kernels)}")
    print(f"{len(kernels)} kernels within their bounds")


if __name__ == "__main__":
    main()
