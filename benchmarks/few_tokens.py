#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Blocks of few tokens, sorted and unsorted: what each kernel takes beyond its launch.

few_tokens.py --build DIR [--chip CHIP] [--only REGEX] [--tokens 1,2,4,8]

Runs `moe-run block --time-model` with --sort on and off for the shapes of
shapes.json, in the emulator, compared with the reference, and prints the table of
docs/Performance.md, "Few tokens": times are modelled (docs/Timing.md), microseconds
without the part of each launch that an empty kernel takes. Fails if a run does, or
if one without sorting is not the faster one at up to 4 tokens.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ["sort", "gemm1", "gemm2", "sort + both", "gemm1, unsorted",
           "gemm2, unsorted", "both, unsorted", "saved"]


def run_block(build, shape, tokens, chip, sort):
    act = "situv2" if "Kimi-K3" in shape["name"] else "silu"
    command = [build / "bin" / "moe-run", "block", "--model-dim", shape["model_dim"],
               "--inter-dim", shape["inter_dim"], "--experts", shape["experts"],
               "--topk", shape["topk"], "--act", act,
               "--gate", "interleaved", "--renormalize", "--tokens", tokens,
               "--chip", chip, "--sort", sort, "--time-model", "--json"]
    result = subprocess.run([*map(str, command)], capture_output=True, text=True,
                            check=False)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stderr}")
    report = json.loads(result.stdout)
    times = {"launches": report["launches"]}
    for launch in report["modelled"]["launches"]:
        kernel = re.findall("^moe_(route|sort|gemm1|gemm2)", launch["kernel"])[0]
        times[kernel] = launch["us"] - launch["launch_us"]
    return times


def row(name, tokens, on, off):
    """The table's line, and whether less is taken without sorting."""
    sorted_sum = on["sort"] + on["gemm1"] + on["gemm2"]
    unsorted_sum = off["gemm1"] + off["gemm2"]
    assert off["launches"] == on["launches"] - 1
    numbers = [on["sort"], on["gemm1"], on["gemm2"], sorted_sum, off["gemm1"],
               off["gemm2"], unsorted_sum, sorted_sum - unsorted_sum]
    cells = [name, str(tokens), *(f"{number:.2f}" for number in numbers)]
    print("| " + " | ".join(cells) + " |", flush=True)
    return unsorted_sum < sorted_sum


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--chip", default="gfx950")
    parser.add_argument("--only", default="^(GPT-OSS 2880|DeepSeek-R1 TP2|Kimi-K2 TP4|Kimi-K3 TP2)$")
    parser.add_argument("--tokens", default="1,2,4,8")
    args = parser.parse_args()
    shapes = json.loads((HERE / "shapes.json").read_text())["shapes"]
    print("| shape | tokens | " + " | ".join(COLUMNS) + " |")
    print("|---" * (2 + len(COLUMNS)) + "|")
    slower = []
    for shape in shapes:
        if not re.search(args.only, shape["name"]):
            continue
        for tokens in map(int, args.tokens.split(",")):
            on, off = (run_block(args.build, shape, tokens, args.chip, sort)
                       for sort in ("on", "off"))
            if not row(shape["name"], tokens, on, off) and tokens <= 4:
                slower.append(f"{shape['name']}, {tokens} tokens")
    if slower:
        sys.exit("expected less time without sorting, got more for " + "; ".join(slower))


if __name__ == "__main__":
    main()
