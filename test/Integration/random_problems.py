# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""random_problems.py [--count N] [--seed S]: random shapes, routings and
configurations of `moe-run` gemm1, gemm2 and layer on both chips. A failure is
made smaller, value by value, as long as it stays one, and printed as the command
line that repeats it."""

import argparse
import random
import subprocess
import sys

# Flag -> values, simplest first: a failure is reduced towards the left.
CHOICES = {
    "command": ["gemm2", "gemm1", "layer"],
    "--chip": ["gfx950", "gfx942"],
    "--tokens": [1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 65, 100, 130, 257, 270],
    "--experts": [1, 2, 3, 5, 8, 17, 64],
    "--topk": [1, 2, 3, 4, 5, 6],
    "--model-dim": [32 * i for i in (1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 17, 24, 33)],
    "--inter-dim": [32 * i for i in (1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 16, 17, 18,
                                     23, 24, 25, 33, 48, 90)],
    "--out-type": ["f32", "bf16", "f16"],
    "--routing": ["uniform", "one-expert", "skewed", "round-robin"],
    "--tile": [None, "16x64x128", "16x128x128", "16x128x256", "16x256x256",
               "32x64x256", "32x128x128", "32x128x256", "32x256x128",
               "64x64x128", "64x128x256", "64x256x128", "64x256x256",
               "128x128x128", "128x128x256", "128x256x128"],
    "--k-batch": [None, 2, 3, 5],
    "--k-wave": [None, 2, 4],
    "--xcd": [None, 3, 8],
    "--group-m": [None, 2, 4],
    "--act": [None, "silu", "swiglu", "situv2"],
    "--gate": [None, "interleaved"],
    "--doweight": [False, True],
    "--no-accumulate": [False, True],
    "--no-weight": [False, True],
    "--bias": [False, True],
    "--cache": [None, "nt"],
    "--waves-per-eu": [None, 1, 2, 4],
    "--order-seed": [None, 1, 2, 3],
    "--seed": [0, 1, 2, 3, 4, 5, 6, 7],
}


STAGE1 = ("--act", "--gate", "--doweight")
STAGE2 = ("--no-accumulate", "--no-weight")
LDS = {"gfx950": 160 * 1024, "gfx942": 64 * 1024}


def given(problem, flags):
    return any(problem[flag] not in (None, False) for flag in flags)


def tile_is_possible(problem):
    """The rules of docs/KernelABI.md for a tile that was asked for."""
    stage1 = problem["command"] != "gemm2"
    batch, wave = problem["--k-batch"] or 1, problem["--k-wave"] or 1
    if problem["--tile"] is None:
        return batch == wave == 1
    m, n, k = map(int, problem["--tile"].split("x"))
    depths = {"gemm1": ["--model-dim"], "gemm2": ["--inter-dim"],
              "layer": ["--model-dim", "--inter-dim"]}[problem["command"]]
    tiles = min(-(-problem[depth] // k) for depth in depths)
    return (n % ((32 if stage1 else 16) * (4 // wave)) == 0
            and batch <= tiles and wave <= tiles // batch
            and 4 * m * max(k, n) * wave <= LDS[problem["--chip"]])


def sensible(problem):
    """Not refused, and a matter of seconds."""
    command = problem["command"]
    if command == "gemm1" and given(problem, STAGE2):
        return False
    if command == "gemm2" and given(problem, STAGE1):
        return False
    if problem["--k-batch"] and (command != "gemm2" or problem["--no-accumulate"]):
        return False
    # Rows with their padding: every active expert fills blocks of tile_m.
    pairs = problem["--tokens"] * problem["--topk"]
    tile_m = int((problem["--tile"] or "32x").split("x")[0])
    rows = pairs + min(pairs, problem["--experts"]) * tile_m
    return (tile_is_possible(problem)
            and problem["--topk"] <= problem["--experts"]
            and rows * problem["--model-dim"] * problem["--inter-dim"] <= 4e7)


def arguments(problem):
    args = [problem["command"], "--threads", "1"]
    for flag, value in problem.items():
        if flag == "command":
            continue
        if value is True:
            args.append(flag)
        elif value not in (None, False):
            args += [flag, str(value)]
    return args


def failure(problem, program, sanitize):
    """What went wrong, or None."""
    try:
        done = subprocess.run([program, *arguments(problem), "--sanitize", sanitize],
                              capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return "no end after 120 s"
    return f"exit code {done.returncode}: {done.stderr.strip()}" if done.returncode else None


def shrink(problem, fails):
    """The same failure with every value as simple as it goes."""
    again = True
    while again:
        again = False
        for flag, values in CHOICES.items():
            for value in values[:values.index(problem[flag])]:
                smaller = {**problem, flag: value}
                if sensible(smaller) and fails(smaller):
                    problem, again = smaller, True
                    break
    return problem


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sanitize", default="none")
    parser.add_argument("--program", default="moe-run")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"{options.count} problems of seed {options.seed}")
    done = 0
    while done < options.count:
        problem = {flag: rng.choice(values) for flag, values in CHOICES.items()}
        if not sensible(problem):
            continue
        done += 1
        problem_failure = failure(problem, options.program, options.sanitize)
        if problem_failure is None:
            continue
        small = shrink(problem, lambda p: failure(p, options.program, options.sanitize))
        print(f"{options.program} {' '.join(arguments(small))} --sanitize {options.sanitize}")
        print(failure(small, options.program, options.sanitize) or problem_failure)
        sys.exit(1)
    print("all right")


if __name__ == "__main__":
    main()
