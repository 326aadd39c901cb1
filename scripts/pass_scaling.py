#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the time of each pass of --moe-to-rocdl grows with the size of a kernel.

pass_scaling.py [--bin DIR] [--chip CHIP] [--sizes N,N,...] [--shape SHAPE]...

Kernels of N ops of the same problem: one behind the other (ops), each in a branch
inside the one before (nesting), each in a loop inside the one before (loops), each in
a basic block of its own (blocks). Prints the milliseconds of each pass for each N, and
the exponent of N between the first and the last: 1 is linear. A benchmark: it judges
nothing. Passes below a millisecond are left out.
"""

import argparse
import math
import os
import re
import subprocess
import sys

SHAPES = ("ops", "nesting", "loops", "blocks")


def run(command, text=None):
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True)


def base_kernel(bin_dir):
    """The text around one op, and the op."""
    text = run([os.path.join(bin_dir, "moe-compile"), "--kernel", "gemm2", "--model-dim", "512",
                "--inter-dim", "512", "--experts", "4", "--topk", "2", "--tile", "16x64x128",
                "--emit", "mlir"]).stdout
    match = re.search(r"^ *moe\.grouped_gemm.*?(?=^ *gpu\.return)", text, re.S | re.M)
    if not match:
        sys.exit("pass_scaling.py: moe-compile printed no moe.grouped_gemm")
    return text[:match.start()], match.group(), text[match.end():]


def constants():
    return """
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %limit = arith.constant 7 : i32
      %flag = arith.cmpi ult, %{tokens}, %limit : i32
"""


def body(shape, op, n, tokens):
    head = constants().replace("%{tokens}", tokens)
    if shape == "ops":
        return head + op * n
    if shape == "nesting":
        return head + f"scf.if %flag {{\n{op}" * n + "}\n" * n
    if shape == "loops":
        start = "".join(f"scf.for %i{i} = %zero to %one step %one {{\n{op}" for i in range(n))
        return head + start + "}\n" * n
    blocks = "".join(f"cf.cond_br %flag, ^b{i}, ^e{i}\n^b{i}:\n{op}cf.br ^e{i}\n^e{i}:\n"
                     for i in range(n))
    return head + blocks


def measure(bin_dir, chip, text):
    """Pass to seconds, its runs added up."""
    report = run([os.path.join(bin_dir, "moe-opt"), f"--moe-to-rocdl=chip={chip}", "--mlir-timing",
                  "--mlir-timing-display=list", "-o", os.devnull], text).stderr
    times: dict[str, float] = {}
    for seconds, name in re.findall(r"^\s*([\d.]+) \(\s*[\d.]+%\)\s+(\S.*)$", report, re.M):
        times[name] = times.get(name, 0) + float(seconds)
    if not times:
        sys.exit("pass_scaling.py: moe-opt printed no times")
    return times


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", default=os.path.join(here, "..", "build", "bin"))
    parser.add_argument("--chip", default="gfx950")
    parser.add_argument("--sizes", default="4,8,16,32",
                        type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--shape", action="append", choices=SHAPES)
    options = parser.parse_args()
    before, op, behind = base_kernel(options.bin)
    tokens = re.findall(r"tokens\((%\w+)\)", op)[0]
    for shape in options.shape or SHAPES:
        rows = [measure(options.bin, options.chip,
                        before + body(shape, op, n, tokens) + behind) for n in options.sizes]
        print(f"{shape}, milliseconds for " + ", ".join(map(str, options.sizes)) + " ops")
        for name in sorted(rows[-1], key=rows[-1].get, reverse=True):
            values = [row.get(name, 0) * 1e3 for row in rows]
            if values[-1] < 1 or name in ("root", "Total", "Rest"):
                continue
            growth = "-"
            if values[0] > 0:
                growth = f"{math.log(values[-1] / values[0], options.sizes[-1] / options.sizes[0]):.2f}"
            print(f"  {name:44}" + "".join(f"{value:10.1f}" for value in values) + f"  {growth}")


if __name__ == "__main__":
    main()
