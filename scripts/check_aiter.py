#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Launches AMD's public hand-written code objects in the emulator and compares
# what they compute with NumPy: check_aiter.py HSA_FOLDER, where the folder is
# `hsa` of a checkout of github.com/ROCm/aiter. One line a kernel, on each chip and
# with each order of the waves. The objects are no part of this repository; their
# arguments and layouts are in aiter_kernels.py.
#
# Exit code 0: all right, but for objects that aiter_kernels.py lists as wrong
# themselves and of which the sanitizers say so. 1: a kernel is wrong, or refused,
# or right with some orders only and the sanitizers do not say why. 2: a bad command
# line.
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    sys.exit("check_aiter.py: error: expected NumPy (apt-get install python3-numpy)")

import aiter_kernels

ORDERS = ("barrier", "lockstep", "random")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parse():
    parser = argparse.ArgumentParser(description="AMD's hand-written kernels in the emulator")
    parser.add_argument("hsa", help="the folder hsa of ROCm/aiter")
    parser.add_argument("--moe-run", default=os.path.join(ROOT, "build", "bin", "moe-run"))
    parser.add_argument("--filter", default="", help="regular expression on 'chip kind object'")
    parser.add_argument("--orders", default=",".join(ORDERS), help="of the waves [barrier,lockstep,random]")
    parser.add_argument("--summary", action="store_true", help="end with a table of the kinds, for docs/Emulator.md")
    parser.add_argument("--keep", help="a folder for the launch files, kept")
    parser.add_argument("--list", action="store_true", help="print the table's kernels, launch none")
    args = parser.parse_args()
    args.orders = args.orders.split(",")
    for order in args.orders:
        if order not in ORDERS:
            parser.error(f"--orders: expected {', '.join(ORDERS)}, got '{order}'")
    if not os.path.isdir(args.hsa):
        parser.error(f"expected a folder, got '{args.hsa}'")
    return args


def kernarg_bytes(moe_run, path):
    done = subprocess.run([moe_run, "info", path, "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["kernels"][0]["kernarg_bytes"]


def write_launch(folder, path, case, size):
    """The launch file and its buffers. The host wrapper serves kernels of several ages:
    what lies past the segment of `size` bytes of this one does not reach it."""
    args = []
    for name, offset, value in case.args:
        if offset >= size:
            continue
        if not isinstance(value, np.ndarray):
            kind, number = value
            args.append({"name": name, "kind": kind, "offset": offset, "value": number})
            continue
        entry = {"name": name, "kind": "buffer", "offset": offset, "file": f"{name}.bin"}
        value.tofile(os.path.join(folder, f"{name}.bin"))
        if name == case.output:
            entry["out"] = f"{name}.out.bin"
        args.append(entry)
    text = {"code_object": os.path.abspath(path), "kernel": case.kernel, "grid": case.grid,
            "block": [case.threads, 1, 1], "args": args}
    name = os.path.join(folder, "launch.json")
    with open(name, "w") as file:
        json.dump(text, file, indent=1)
    return name


def run(args, path, case, folder, order, sanitize=None):
    """Whether the result is right, the largest error over its limit, the time and a message."""
    name = write_launch(folder, path, case, kernarg_bytes(args.moe_run, path))
    out = os.path.join(folder, f"{case.output}.out.bin")
    if os.path.exists(out):
        os.remove(out)
    command = [args.moe_run, "launch", name, "--interleave", order, "--json", "--threads", "1"]
    if sanitize:
        command += ["--sanitize", sanitize]
    done = subprocess.run(command, capture_output=True, text=True)
    if not os.path.exists(out):
        return False, float("inf"), 0, done.stderr.strip().split("\n")[-1]
    report = json.loads(done.stdout)
    excess = case.compare(np.fromfile(out, dtype=np.uint8))
    return excess <= 1, excess, report["seconds"], "\n".join(report["reports"])


def why_different(args, path, case, folder):
    """The races and missing waits of a kernel whose result depends on the order."""
    reports = []
    for order in args.orders:
        text = run(args, path, case, folder, order, "race,wait")[3]
        reports += [line for line in text.split("\n") if re.match(r"(race|wait)\b", line)]
    return reports


def check(args, chip, kind, path, case, folder):
    name = os.path.basename(path)[:-3]
    defect = aiter_kernels.DEFECTIVE.get((chip, name))
    results = [run(args, path, case, folder, order) for order in args.orders]
    right = [ok for ok, _, _, _ in results]
    seconds = sum(result[2] for result in results)
    verdict, good = "right", True
    if not all(right):
        messages = [text for ok, _, _, text in results if not ok and text]
        reports = why_different(args, path, case, folder) if any(right) or defect else []
        good = bool(reports)
        if messages:
            verdict = "refused: " + messages[0]
        elif not any(right):
            verdict = f"wrong, {max(result[1] for result in results):.3g} times the limit"
            if defect:
                verdict += f"; the object: {defect}: " + (reports[0] if reports else "no report says so")
        else:
            verdict = "right with " + ", ".join(o for o, ok in zip(args.orders, right) if ok) + " only: "
            verdict += reports[0] if reports else "no race and no missing wait is reported"
    print(f"{chip} {kind}, {name}: {case.shape}: {verdict} ({seconds:.1f} s)", flush=True)
    return "right" if all(right) else "explained" if good else "wrong"


def main():
    args = parse()
    counts: dict[tuple[str, str], list[str]] = {}
    for chip, kind, path, make in aiter_kernels.table(args.hsa):
        if not re.search(args.filter, f"{chip} {kind} {os.path.basename(path)}"):
            continue
        results = counts.setdefault((kind, chip), [])
        if args.list:
            results.append("right")
            print(chip, kind, os.path.basename(path))
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = scratch
            if args.keep:
                folder = os.path.join(args.keep, f"{chip}-{os.path.basename(path)[:-3]}")
                os.makedirs(folder, exist_ok=True)
            results.append(check(args, chip, kind, path, make(), folder))
    every = [result for results in counts.values() for result in results]
    if not every:
        sys.exit(f"check_aiter.py: error: no kernel of the table in '{args.hsa}' matches '{args.filter}'")
    if args.summary:
        print("\n| kind | chip | kernels | right with " + ", ".join(args.orders) + " | wrong with some or all: a race or a missing wait is reported |")
        print("|---|---|---|---|---|")
        for (kind, chip), results in sorted(counts.items()):
            print(f"| {kind} | {chip} | {len(results)} | {results.count('right')} | {results.count('explained')} |")
    print(f"{len(every)} kernels, {every.count('wrong')} not right", file=sys.stderr)
    return 1 if "wrong" in every else 0


if __name__ == "__main__":
    sys.exit(main())
