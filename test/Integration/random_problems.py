# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""random_problems.py [--count N] [--schedules M] [--seed S] [--chip C] [--jobs N]:
random shapes, routings and configurations of `moe-run` gemm1, gemm2 and layer. With
--schedules each problem runs that often, every time with other flags of those that
change how it is computed and not what. A failure is made smaller, value by value, as
long as it stays one, and printed as the command line that repeats it."""

import argparse
import concurrent.futures
import random
import subprocess
import sys


def often(common, *rare):
    """`common` three times for each of the others; order as given."""
    return [value for value in common for _ in range(3)] + list(rare)


def dims(*blocks):
    return [32 * i for i in blocks]


# An odd number of blocks of 16 rows; what kernels get padded.
ODD_BLOCKS = [16, 48, 80, 112, 272]
PADDED = [2, 30, 90, 150, 360]


# Flag -> values, simplest first: a failure is reduced towards the left. A value
# that is there several times is drawn as often.
CHOICES = {
    "command": ["gemm2", "gemm1", "layer"],
    "--chip": ["gfx950", "gfx942"],
    "--tokens": often([1, 2, 3, 7, 15, 16, 17, 31, 33], 64, 65, 100, 130, 257, 270, 0),
    "--experts": often([1, 2, 3, 5], 8, 17, 64),
    "--topk": often([1, 2, 3], 4, 5, 6),
    "--model-dim": often(dims(1, 2, 3, 4, 5, 7, 8, 9), *dims(10, 13, 17, 24, 33), *PADDED),
    "--inter-dim": often(dims(1, 2, 3, 4, 5, 7, 8, 9), *dims(11, 12, 16, 17, 18, 23, 24,
                                                           25, 28, 33, 48, 90), *ODD_BLOCKS, *PADDED),
    "--experts-global": often([None], 2, 4, 9, 70),
    "--local-tokens": often([None, None], 0, 1, 5, 29),
    "--out-type": ["f32", "bf16", "f16"],
    "--routing": ["uniform", "one-expert", "skewed", "round-robin"],
    "--values": often([None], "special"),
    "--tile": often([None] * 8 + ["16x64x128", "16x128x128", "16x128x256", "32x64x256",
                                  "32x128x128"],
                    "16x256x256", "32x128x256", "32x256x128", "64x64x128", "64x128x256",
                    "64x256x128", "64x256x256", "128x128x128", "128x128x256",
                    "128x256x128", "16x128x768", "16x256x512", "32x64x512"),
    "--k-batch": [None, 2, 3, 5],
    "--k-wave": [None, 2, 4],
    "--waves": often([None], 1, 2, 8),
    "--xcd": [None, 3, 8],
    "--group-m": [None, 2, 4],
    "--act": [None, "silu", "swiglu", "situv2"],
    "--gate": [None, "interleaved", "rows"],
    "--alpha": often([None], 0.5, 2),
    "--limit": often([None], 1.5, "inf"),
    "--beta": often([None], 3),
    "--linear-beta": often([None], 7),
    "--doweight": [False, True],
    "--no-accumulate": [False, True],
    "--reduce": [False, True],
    "--no-weight": [False, True],
    "--bias": [False, True],
    "--cache": [None, "default", "nt"],
    "--sort": often([None, "off"], "on"),
    "--waves-per-eu": often([None], 1, 2),
    # On top of the columns, padded as moe-run pads them.
    "--x-stride": often([None, None], 8, 64),
    "--out-stride": often([None, None], 8, 40),
    "--order-seed": [None, 1, 2, 3],
    "--seed": [0, 1, 2, 3, 4, 5, 6, 7],
}


STAGE1 = ("--act", "--gate", "--doweight", "--alpha", "--limit", "--beta", "--linear-beta")
# The activation that has a number.
PARAMETERS = {"--alpha": "swiglu", "--beta": "situv2", "--linear-beta": "situv2"}
STAGE2 = ("--no-accumulate", "--no-weight", "--reduce")
SCHEDULE = ("--tile", "--k-batch", "--k-wave", "--waves", "--xcd", "--group-m", "--cache",
            "--waves-per-eu", "--sort")
LDS = {"gfx950": 160 * 1024, "gfx942": 64 * 1024}


def is_given(value):
    return value is not None and value is not False


def given(problem, flags):
    return any(is_given(problem[flag]) for flag in flags)


def tile_is_possible(problem):
    """The rules of docs/KernelABI.md for a tile that was asked for; one that is
    chosen has 128 along K where the slices ask for it."""
    stage1 = problem["command"] != "gemm2"
    batch, wave = problem["--k-batch"] or 1, problem["--k-wave"] or 1
    chosen = problem["--tile"] is None
    m, n, k = map(int, (problem["--tile"] or "16x128x128").split("x"))
    depths = {"gemm1": ["--model-dim"], "gemm2": ["--inter-dim"],
              "layer": ["--model-dim", "--inter-dim"]}[problem["command"]]
    tiles = min(-(-problem[depth] // k) for depth in depths)
    if batch > tiles or wave > tiles // batch or (problem["--waves"] or 4) % wave:
        return False
    across = (problem["--waves"] or 4) // wave
    columns = n // across
    lists = 8 * m * (problem["--waves"] or 4) if problem["--sort"] == "off" else 0
    return chosen or (n % ((32 if stage1 else 16) * across) == 0
                      and (columns == 16 or columns % 32 == 0)
                      and n <= 64 * across * wave and m * k // 8 % (64 * across) == 0
                      and 4 * m * max(k, n) * wave + lists <= LDS[problem["--chip"]])


def sensible(problem):
    """Not refused, and a fraction of a second."""
    command = problem["command"]
    if command == "gemm1" and given(problem, STAGE2):
        return False
    if command == "gemm2" and given(problem, STAGE1):
        return False
    if problem["--k-batch"] and problem["--no-accumulate"]:
        return False
    if problem["--reduce"] and (command != "gemm2" or not problem["--no-accumulate"]):
        return False
    experts = problem["--experts-global"] or problem["--experts"]
    if experts < max(problem["--experts"], problem["--topk"]):
        return False
    if (problem["--local-tokens"] or 0) > problem["--tokens"]:
        return False
    # Rows with their padding: every active expert fills blocks of tile_m.
    pairs = problem["--tokens"] * problem["--topk"]
    tile_m = int((problem["--tile"] or "32x").split("x")[0])
    rows = pairs + min(pairs, problem["--experts"]) * tile_m
    return (tile_is_possible(problem)
            and rows * problem["--model-dim"] * problem["--inter-dim"] <= 2e7)


def columns(problem, flag):
    """Of x or of the output."""
    of_x = flag == "--x-stride"
    hidden = of_x if problem["command"] == "gemm1" else not of_x
    if problem["command"] == "layer" or hidden:
        return -(-problem["--model-dim"] // 32) * 32
    multiple = 16 if problem["command"] == "gemm1" else 32
    return -(-problem["--inter-dim"] // multiple) * multiple


def arguments(problem):
    args = [problem["command"], "--threads", "1"]
    for flag, value in problem.items():
        if flag == "command":
            continue
        if flag in ("--x-stride", "--out-stride") and value:
            args += [flag, str(columns(problem, flag) + value)]
        elif value is True:
            args.append(flag)
        elif is_given(value):
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


def shrink(problem, fails, choices, sensible):
    """The same failure with every value as simple as it goes."""
    again = True
    while again:
        again = False
        for flag, values in choices.items():
            simpler = values[:values.index(problem[flag])]
            for value in dict.fromkeys(simpler):
                smaller = {**problem, flag: value}
                if sensible(smaller) and fails(smaller):
                    problem, again = smaller, True
                    break
    return problem


def draw(rng, fixed):
    others = {"gemm1": STAGE2, "gemm2": STAGE1, "layer": ["--reduce"]}
    while True:
        problem = {flag: rng.choice(values) for flag, values in CHOICES.items()}
        problem.update(fixed)
        for flag in others[problem["command"]]:
            problem[flag] = CHOICES[flag][0]
        for flag, act in PARAMETERS.items():
            if problem["--act"] != act:
                problem[flag] = None
        # Half of what is drawn has no split of K, which most tiles forbid.
        if rng.random() < 0.5:
            problem["--k-batch"] = problem["--k-wave"] = None
        if sensible(problem):
            return problem


def schedules(rng, problem, count):
    """The problem and count - 1 others that differ from it, and from each other, in
    their schedule alone."""
    found = [problem]
    while len(found) < count:
        other = {**problem, **{flag: rng.choice(CHOICES[flag]) for flag in SCHEDULE}}
        if other not in found and sensible(other):
            found.append(other)
    return found


def run_all(options, problems, choices, sensible):
    """Runs them; the first failure is made small, printed and ends the program."""
    def fails(problem):
        return failure(problem, options.program, options.sanitize)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for problem, found in zip(problems, pool.map(fails, problems)):
            if found is None:
                continue
            pool.shutdown(wait=False, cancel_futures=True)
            small = shrink(problem, fails, choices, sensible)
            print(f"{options.program} {' '.join(arguments(small))} "
                  f"--sanitize {options.sanitize}")
            print(fails(small) or found)
            sys.exit(1)
    print("all right")


def make_parser(count):
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sanitize", default="all")
    parser.add_argument("--program", default="moe-run")
    parser.add_argument("--chip", choices=CHOICES["--chip"])
    parser.add_argument("--jobs", type=int, default=1)
    return parser


def main():
    parser = make_parser(300)
    parser.add_argument("--schedules", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"{options.count} problems of seed {options.seed}"
          + f", {options.schedules} schedules each" * (options.schedules > 1), flush=True)
    fixed = {"--chip": options.chip} if options.chip else {}
    problems = [schedule for _ in range(options.count)
                for schedule in schedules(rng, draw(rng, fixed), options.schedules)]
    run_all(options, problems, CHOICES, sensible)


if __name__ == "__main__":
    main()
