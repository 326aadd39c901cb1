# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kernel_object.py CHIP DIR: what a kernel has to have besides right numbers, seen in
the code object and in its run, not in the IR: the cache policy on the loads of weights
and on no other, syncs that leave those loads in flight, A reads without bank
conflicts."""

import json
import os
import re
import subprocess
import sys

CHIP, DIR = sys.argv[1], sys.argv[2]
SHAPE = ["--model-dim", "256", "--inter-dim", "1024", "--experts", "2", "--topk", "1"]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def instructions(stage, tile, cache):
    """The kernel's instructions in the order of the code."""
    path = os.path.join(DIR, f"{stage}-{tile}-{cache}.hsaco")
    run("moe-compile", "--kernel", stage, "--chip", CHIP, *SHAPE, "--tile", tile,
        "--cache", cache, "-o", path)
    text = run("llvm-objdump", "-d", "--no-show-raw-insn", path)
    lines = (line.split("//")[0].strip() for line in text.splitlines() if "//" in line)
    return [line for line in lines if re.match(r"[a-z]+_", line)]


def check_cache(stage, tile):
    """Weights are what 16 bytes a lane are loaded of, but for A without LDS DMA, which
    stores what it loads to LDS."""
    policy = {}
    for cache in ("default", "nt"):
        loads = [i for i in instructions(stage, tile, cache) if i.startswith("buffer_load_dword")]
        policy[cache] = [bool(re.search(r"\bnt\b", i)) for i in loads]
        kinds = {i.split()[0] for i, nt in zip(loads, policy[cache]) if nt}
        assert kinds == ({"buffer_load_dwordx4"} if cache == "nt" else set()), (cache, kinds)
    assert len(policy["nt"]) == len(policy["default"])
    count = sum(policy["nt"])
    assert 0 < count < len(policy["nt"]), (count, len(policy["nt"]))


def check_waits(stage, tile):
    """With LDS DMA a sync waits for the tile and not for the weights behind it, but
    for the first, whose weights are requested before the rows are known. (That it waits
    for enough is the race sanitizer's to see, in the other tests.)"""
    code = instructions(stage, tile, "default")
    in_flight = []
    for at, instruction in enumerate(code):
        others = (i for i in reversed(code[:at]) if not i.startswith("s_waitcnt"))
        if instruction.startswith("s_barrier") and next(others) != instruction:
            waits = [int(n) for before in code[max(0, at - 3):at]
                     for n in re.findall(r"s_waitcnt .*vmcnt\((\d+)\)", before)]
            in_flight += waits[-1:]
    assert len(in_flight) > 1 and min(in_flight[1:]) >= 2, in_flight


def check_conflicts(stage, tile):
    """Of the reads of A none; of those that turn the output's tile, a few."""
    result = json.loads(run("moe-run", stage, "--chip", CHIP, *SHAPE, "--tile", tile,
                            "--tokens", "64", "--stats", "--json", "--threads", "1"))
    stats = result["stats"]
    assert stats["lds"] > 1000, stats
    assert stats["lds_bank_conflicts"] <= stats["lds"], stats


for kernel in (("gemm2", "32x128x256"), ("gemm1", "32x128x128"), ("gemm2", "64x128x128")):
    check_cache(*kernel)
    check_conflicts(*kernel)
    if CHIP == "gfx950":
        check_waits(*kernel)
print("as it should be")
