# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what count_instructions.py --json says against bounds.

check_instructions.py FILE
"""

import json
import pathlib
import sys

# By chip, tile and flags: instructions of one 16x16x32, instructions before the
# first load of weights, VGPRs that leave two waves a SIMD or more.
BOUNDS = {
    ("gfx942", "16x128x256"): (22.45, 51, 168),
    ("gfx942", "32x128x256"): (12.3, 55, 168),
    ("gfx942", "64x128x128"): (7.45, 57, 128),
    ("gfx942", "64x256x128"): (6.61, 58, 256),
    ("gfx942", "128x128x128"): (5.0, 61, 256),
    ("gfx942", "16x128x256:--gate=separated"): (22.6, 55, 128),
    ("gfx942", "16x128x256:--gate=interleaved"): (22.45, 53, 128),
    ("gfx942", "16x128x256:--gate=rows"): (22.5, 56, 128),
    ("gfx950", "16x128x256"): (7.0, 50, 128),
    ("gfx950", "16x256x256"): (6.35, 51, 168),
    ("gfx950", "32x128x256"): (4.3, 55, 128),
    ("gfx950", "32x256x256"): (3.53, 56, 256),
    ("gfx950", "64x256x128"): (2.25, 60, 256),
    ("gfx950", "128x256x128"): (1.61, 64, 256),
    ("gfx950", "128x256x128:--waves=8"): (1.95, 59, 168),
    ("gfx950", "16x128x256:--gate=separated"): (7.1, 53, 128),
    ("gfx950", "16x128x256:--gate=interleaved"): (7.0, 53, 128),
    ("gfx950", "16x128x256:--gate=rows"): (7.05, 54, 128),
}


def check(kernel):
    """What is wrong with a kernel, or None."""
    key = (kernel["chip"], kernel["name"].removeprefix("ours "))
    insts, before, vgpr = BOUNDS[key]
    for what, most in [("insts", insts), ("before_weights", before), ("vgpr", vgpr),
                       ("spills", 0), ("scratch", 0), ("barriers", 2)]:
        if kernel[what] > most:
            return f"{key}: expected {what} to be at most {most}, got {kernel[what]}"
    # Without LDS DMA the activations of a tile, which come first, are waited for
    # to be stored; the loads behind them stay in flight where registers allow.
    if kernel["chip"] == "gfx950" and kernel["drains"]:
        return f"{key}: expected no wait for all loads in the loop, got {kernel['drains']}"
    return None


def main():
    kernels = json.loads(pathlib.Path(sys.argv[1]).read_text())["kernels"]
    wrong = [message for message in map(check, kernels) if message]
    if wrong:
        sys.exit("\n".join(wrong))
    if len(kernels) != len(BOUNDS):
        sys.exit(f"expected {len(BOUNDS)} kernels, got {len(kernels)}")
    print(f"{len(kernels)} kernels within their bounds")


if __name__ == "__main__":
    main()
