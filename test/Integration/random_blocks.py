# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""random_blocks.py [--count N] [--seed S] [--chip C] [--jobs N]: random routers, logits,
expert maps, local tokens, shared experts, modes and shapes of `moe-run block`. A failure
is made smaller, value by value, and printed as the command line that repeats it."""

import random

from random_problems import is_given, make_parser, often, run_all

# Flag -> values, simplest first: a failure is reduced towards the left.
CHOICES = {
    "command": ["block"],
    "--chip": ["gfx950", "gfx942"],
    "--tokens": often([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33], 0, 63, 64, 65, 130, 257, 520, 1100),
    "--experts": often([1, 2, 3, 5, 8, 12], 16, 64, 65, 129, 300),
    "--topk": often([1, 2, 3, 4], 6, 8, 10, 16, 32),
    "--model-dim": [32, 64, 96, 128, 160, 288, 90],
    "--inter-dim": [32, 64, 96, 160, 48, 30],
    "--experts-global": often([None, None], 4, 16, 40, 128, 1024),
    "--local-tokens": often([None, None, None], 0, 1, 6, 40),
    "--score": ["softmax", "sigmoid"],
    "--logits": ["random", "ties", "special", "equal", "one-expert"],
    "--logits-type": ["f32", "bf16"],
    "--renormalize": [False, True],
    "--correction": [False, True],
    "--route-scale": often([None], 0.5, 2.5),
    "--n-group": often([None], 2, 3, 4, 8),
    "--topk-group": [None, 1, 2, 4],
    "--shared-experts": often([None, None], 1, 2),
    "--shared-weight": often([None], 0.25, 3),
    "--act": ["silu", "swiglu", "situv2"],
    "--gate": [None, "interleaved", "rows"],
    "--bias": [False, True],
    "--doweight": [False, True],
    "--out-type": ["f32", "bf16", "f16"],
    "--deterministic": [False, True],
    "--sort": often([None], "on", "off"),
    "--no-accumulate": [False, True],
    "--order-seed": [None, 1, 2, 3],
    "--interleave": [None, "lockstep", "random"],
    "--seed": [0, 1, 2, 3, 4, 5, 6, 7],
}


def sensible(problem):
    """Not refused, and a second at most."""
    experts = problem["--experts-global"] or problem["--experts"]
    groups, best = problem["--n-group"] or 1, problem["--topk-group"] or 1
    if experts < problem["--experts"] or experts > 1024 or experts % groups or best > groups:
        return False
    each = experts // groups
    if problem["--topk"] > best * each or (groups > 1 and problem["--correction"] and each < 2):
        return False
    slots = problem["--topk"] + (problem["--shared-experts"] or 0)
    if slots > 32 or (is_given(problem["--shared-weight"]) and not problem["--shared-experts"]):
        return False
    if (problem["--local-tokens"] or 0) > problem["--tokens"]:
        return False
    pairs = problem["--tokens"] * slots
    rows = pairs + min(pairs, problem["--experts"]) * 32
    return rows * problem["--model-dim"] * problem["--inter-dim"] <= 4e7 and pairs * experts <= 4e6


def draw(rng, fixed):
    while True:
        problem = {flag: rng.choice(values) for flag, values in CHOICES.items()}
        problem.update(fixed)
        if sensible(problem):
            return problem


def main():
    options = make_parser(100).parse_args()
    rng = random.Random(options.seed)
    print(f"{options.count} blocks of seed {options.seed}", flush=True)
    fixed = {"--chip": options.chip} if options.chip else {}
    run_all(options, [draw(rng, fixed) for _ in range(options.count)], CHOICES, sensible)


if __name__ == "__main__":
    main()
